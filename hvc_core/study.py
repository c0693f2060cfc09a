"""The study folder: read it, write cells into it, close it, check it. The only door to a study.

May import: the standard library, numpy, pandas, hvc_core.cells, .schema, .storage, .tables,
.statistics.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from hvc_core.cells import (
    EXTRAS,
    cell_name,
    finished_cells,
    read_cell,
    read_cells,
    read_extra,
    started_models,
    write_cell,
    write_extra,
)
from hvc_core.schema import (
    SCHEMA_VERSION,
    check_audit,
    check_cost,
    check_metrics,
    check_model_folder,
    read_meta,
)
from hvc_core.statistics import counts
from hvc_core.statistics import metrics as metrics_of
from hvc_core.storage import StudyError, read_json, write_json, write_parquet
from hvc_core.tables import (
    CELL,
    CLEAN,
    HISTORY_COLUMNS,
    KEY,
    PREDICTION_COLUMNS,
    read_history,
    read_predictions,
)

__all__ = [
    "CELL",
    "CLEAN",
    "EXTRAS",
    "HISTORY_COLUMNS",
    "KEY",
    "PREDICTION_COLUMNS",
    "SCHEMA_VERSION",
    "Study",
    "StudyError",
    "cell_name",
    "check",
    "derive",
    "example_clips",
    "finished_cells",
    "read",
    "read_cell",
    "read_cells",
    "read_extra",
    "read_meta",
    "started_models",
    "write_cell",
    "write_extra",
    "write_json",
    "write_parquet",
]

MOST_KEPT = 16  # frames of `Study.rows`; of a million predictions one of a model takes 5 MB
CLIP_SUFFIXES = frozenset({".avi", ".mp4", ".mov", ".mkv", ".webm", ".gif"})


@dataclass(frozen=True)
class Study:
    """A closed, valid study.

    Attributes:
        folder: Path. Where it lies.
        meta: dict. study.json as it is.
        predictions: DataFrame. `PREDICTION_COLUMNS`, one row per `KEY`; `probabilities` holds
            float32 arrays (C,) in the order of `classes`. Of the test clips as they are.
        conditions: DataFrame. The same columns: the test clips under other conditions.
        validation: DataFrame. The same columns: the clips that chose a cell's best epoch.
        unseen: DataFrame. The same columns: clips of none of the study's classes.
        history: DataFrame or None. `HISTORY_COLUMNS`.
        metrics: dict. metrics.json as it is.
        cost: dict. cost.json as it is; null is "not measured".
        audit: dict or None. audit.json as it is.
    """

    folder: Path
    meta: dict[str, Any]
    predictions: pd.DataFrame
    conditions: pd.DataFrame
    validation: pd.DataFrame
    unseen: pd.DataFrame
    history: pd.DataFrame | None
    metrics: dict[str, Any]
    cost: dict[str, Any]
    audit: dict[str, Any] | None

    def rows(self, protocol: str, *models: str) -> pd.DataFrame:
        """The predictions of some models under a protocol, in the table's order.

        Of a million rows a page needs a few thousand, and asks for them again and again.

        Args:
            protocol: str.
            models: one or more names; one without predictions there has no row.

        Returns:
            DataFrame with the columns of `predictions`, `counts.OF_CLASS` and `counts.ANSWERED`.
        """
        return self._kept(protocol, *sorted(set(models))).copy(deep=False)

    @cached_property
    def _kept(self) -> Callable[..., pd.DataFrame]:
        """`_taken`, of what was asked for last."""
        return lru_cache(MOST_KEPT)(self._taken)

    def _taken(self, protocol: str, *models: str) -> pd.DataFrame:
        none = np.zeros(0, np.int64)
        places = [self._places.get((protocol, name), none) for name in models]
        for own in places:
            if len(own) and self._answers[0, own[0]] < 0:
                self._answers[:, own] = counts.answers(self.predictions.iloc[own], self.classes)
        at, names = np.sort(np.concatenate(places)), pd.Index(self.classes)
        known = {
            column: pd.Categorical.from_codes(codes, names)
            for column, codes in zip(
                (counts.OF_CLASS, counts.ANSWERED), self._answers[:, at], strict=True
            )
        }
        return self.predictions.iloc[at].assign(**known)

    def has(self, model: str, protocol: str) -> bool:
        """Whether there are predictions of a model under a protocol."""
        return (protocol, model) in self._places

    def clips(self, model: str, protocol: str) -> pd.Index:
        """The different clips that a model has predictions of under a protocol."""
        at = self._places.get((protocol, model), np.zeros(0, np.int64))
        return pd.Index(self.predictions["clip"].iloc[at].unique())

    @cached_property
    def _answers(self) -> np.ndarray:
        """`counts.answers` of each prediction, (2, N); -1 where nobody asked yet."""
        return np.full((2, len(self.predictions)), -1)

    @cached_property
    def _places(self) -> dict[tuple[str, str], np.ndarray]:
        """Where the rows of each protocol and model stand among the predictions."""
        grouped = self.predictions.groupby(["protocol", "model"], sort=False)
        return {(str(key[0]), str(key[1])): np.asarray(at) for key, at in grouped.indices.items()}  # type: ignore[index]

    @property
    def name(self) -> str:
        return self.meta["name"]

    @property
    def title(self) -> str:
        return self.meta["title"]

    @property
    def classes(self) -> list[str]:
        return list(self.meta["dataset"]["classes"])

    @property
    def models(self) -> dict[str, dict[str, Any]]:
        return self.meta["models"]

    @property
    def protocols(self) -> dict[str, dict[str, Any]]:
        return self.meta["protocols"]

    @property
    def headline(self) -> tuple[str, str]:
        """The two models compared first; the only one twice where there is but one."""
        pair = self.meta.get("headline") or [*self.models][:2]
        return pair[0], pair[-1]


def read(folder: Path) -> Study:
    """Reads a closed study and checks all of it except whether the metrics are right.

    Raises:
        StudyError: something is missing or malformed; it names the file and the field.
    """
    folder = Path(folder)
    meta = read_meta(folder)
    predictions = read_predictions(folder / "predictions.parquet", meta)
    clean = (predictions["condition"] == CLEAN).to_numpy()
    table = folder / "history.parquet"
    history = read_history(table, meta) if table.exists() else None
    metrics = read_json(folder / "metrics.json")
    check_metrics(metrics, meta, folder / "metrics.json")
    cost = read_json(folder / "cost.json")
    check_cost(cost, meta, folder / "cost.json")
    for name in meta["models"]:
        check_model_folder(folder / "models" / name, meta)
    audit = read_json(folder / "audit.json") if (folder / "audit.json").exists() else None
    if audit is not None:
        check_audit(audit, folder / "audit.json")
    return Study(
        folder=folder,
        meta=meta,
        predictions=predictions if clean.all() else predictions[clean].reset_index(drop=True),
        conditions=predictions[~clean].reset_index(drop=True),
        validation=_read_extra(folder, "validation", meta),
        unseen=_read_extra(folder, "unseen", meta),
        history=history,
        metrics=metrics,
        cost=cost,
        audit=audit,
    )


def _read_extra(folder: Path, extra: str, meta: dict[str, Any]) -> pd.DataFrame:
    """The study's table of an extra (`validation.parquet`); empty where there is none."""
    file = folder / f"{extra}.parquet"
    if not file.exists():
        return pd.DataFrame(columns=PREDICTION_COLUMNS)
    return read_predictions(file, meta, unseen=extra == "unseen")


def derive(folder: Path) -> dict[str, Any]:
    """What metrics.json should hold, from study.json and predictions.parquet alone.

    Raises:
        StudyError: one of the two is missing or malformed.
    """
    folder = Path(folder)
    meta = read_meta(folder)
    predictions = read_predictions(folder / "predictions.parquet", meta)
    clean = predictions[predictions["condition"] == CLEAN]
    return metrics_of.derive(clean, meta["dataset"]["classes"])


def check(folder: Path) -> list[str]:
    """How metrics.json differs from what the predictions give; empty where it does not.

    Returns:
        one line a difference: `cells[2].accuracy: stored 0.91, derived 0.93`.

    Raises:
        StudyError: study.json, the predictions or metrics.json is missing or malformed.
    """
    folder = Path(folder)
    derived = derive(folder)
    file = folder / "metrics.json"
    stored = read_json(file)
    check_metrics(stored, read_meta(folder), file)
    return metrics_of.differences(stored, derived)


def example_clips(study: Study) -> list[Path]:
    """The clips under `<study>/examples/`, sorted; a study need not have any."""
    return sorted(
        path
        for path in (study.folder / "examples").glob("**/*")
        if path.is_file() and path.suffix.lower() in CLIP_SUFFIXES
    )
