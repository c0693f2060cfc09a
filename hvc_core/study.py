"""The study folder: read it, write cells into it, close it, check it. The only door to a study.

May import: the standard library, pandas, hvc_core.cells, .metrics, .schema, .storage, .tables.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from hvc_core import metrics as metrics_of
from hvc_core.cells import (
    cell_files,
    cell_name,
    finished_cells,
    history_file,
    read_cell,
    read_cells,
    read_files,
    started_models,
    write_cell,
)
from hvc_core.schema import (
    SCHEMA_VERSION,
    check_cost,
    check_metrics,
    check_model_folder,
    read_meta,
)
from hvc_core.storage import StudyError, read_json, write_json, write_parquet
from hvc_core.tables import (
    CELL,
    HISTORY_COLUMNS,
    KEY,
    PREDICTION_COLUMNS,
    check_clips,
    read_history,
    read_predictions,
)

__all__ = [
    "CELL",
    "HISTORY_COLUMNS",
    "KEY",
    "PREDICTION_COLUMNS",
    "SCHEMA_VERSION",
    "Study",
    "StudyError",
    "cell_name",
    "check",
    "close",
    "derive",
    "example_clips",
    "finished_cells",
    "read",
    "read_cell",
    "read_cells",
    "read_meta",
    "started_models",
    "write_cell",
    "write_json",
    "write_parquet",
]

CLIP_SUFFIXES = frozenset({".avi", ".mp4", ".mov", ".mkv", ".webm", ".gif"})


@dataclass(frozen=True)
class Study:
    """A closed, valid study.

    Attributes:
        folder: Path. Where it lies.
        meta: dict. study.json as it is.
        predictions: DataFrame. `PREDICTION_COLUMNS`, one row per `KEY`; `probabilities` holds
            float32 arrays (C,) in the order of `classes`.
        history: DataFrame or None. `HISTORY_COLUMNS`.
        metrics: dict. metrics.json as it is.
        cost: dict. cost.json as it is; null is "not measured".
    """

    folder: Path
    meta: dict[str, Any]
    predictions: pd.DataFrame
    history: pd.DataFrame | None
    metrics: dict[str, Any]
    cost: dict[str, Any]

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
    table = folder / "history.parquet"
    history = read_history(table, meta) if table.exists() else None
    metrics = read_json(folder / "metrics.json")
    check_metrics(metrics, meta, folder / "metrics.json")
    cost = read_json(folder / "cost.json")
    check_cost(cost, meta, folder / "cost.json")
    for name in meta["models"]:
        check_model_folder(folder / "models" / name, meta)
    return Study(folder, meta, predictions, history, metrics, cost)


def close(folder: Path) -> Study:
    """Merges the finished cells into the study's tables and derives metrics.json from them.

    A cell's files replace its rows in the tables, if it has any there; all other rows stay. The
    files are removed once the tables hold them. Closing twice changes nothing more, and a kill at
    any moment loses nothing. A study whose cost was never measured gets a cost.json that says so.

    Raises:
        StudyError: there is nothing to merge, or something in the folder is malformed.
    """
    folder = Path(folder)
    meta = read_meta(folder)
    files = cell_files(folder)
    predictions, history = read_files(files, meta)
    table, history_table = folder / "predictions.parquet", folder / "history.parquet"
    if files or not table.exists():
        if table.exists():
            predictions = _merge(read_predictions(table, meta), predictions)
        if history_table.exists():
            history = _merge(read_history(history_table, meta), history)
        if not len(predictions):
            raise StudyError(folder / "cells", None, "no finished cell", "Train one first.")
        check_clips(predictions, table)
        write_parquet(history_table, history.sort_values([*CELL, "epoch"]))
        write_parquet(table, predictions.sort_values(KEY))
    predictions = read_predictions(table, meta)
    write_json(folder / "metrics.json", metrics_of.derive(predictions, meta["dataset"]["classes"]))
    if not (folder / "cost.json").exists():
        models = dict.fromkeys(meta["models"])
        cost = {"schema_version": SCHEMA_VERSION, "machine": {}, "models": models}
        write_json(folder / "cost.json", cost)
    study = read(folder)
    for file in files:
        history_file(file).unlink(missing_ok=True)
        file.unlink(missing_ok=True)
    return study


def derive(folder: Path) -> dict[str, Any]:
    """What metrics.json should hold, from study.json and predictions.parquet alone.

    Raises:
        StudyError: one of the two is missing or malformed.
    """
    folder = Path(folder)
    meta = read_meta(folder)
    predictions = read_predictions(folder / "predictions.parquet", meta)
    return metrics_of.derive(predictions, meta["dataset"]["classes"])


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


def _merge(old: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    """`new` and those rows of `old` whose whole cell is not in `new`: never two of a cell mixed."""
    if not len(new):
        return old
    replaced = pd.MultiIndex.from_frame(new[CELL].drop_duplicates())
    kept = old[~pd.MultiIndex.from_frame(old[CELL]).isin(replaced)]
    return pd.concat([kept, new], ignore_index=True) if len(kept) else new
