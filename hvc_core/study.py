"""The study folder: read it, write cells into it, close it, check it. The only door to a study.

May import: the standard library, pandas, hvc_core.metrics, .schema, .storage, .tables.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from hvc_core import metrics as metrics_of
from hvc_core.schema import (
    SCHEMA_VERSION,
    check_cost,
    check_meta,
    check_metrics,
    check_model_folder,
)
from hvc_core.storage import StudyError, read_json, read_table, write_json, write_parquet
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
    "read_cells",
    "read_meta",
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


def read_meta(folder: Path) -> dict[str, Any]:
    """Reads and checks study.json alone: all that a study still in training has to have.

    Raises:
        StudyError: the folder or the file is missing or malformed.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise StudyError(folder, None, "no such folder", "Give the folder that holds study.json.")
    file = folder / "study.json"
    meta = read_json(file)
    check_meta(meta, file)
    return meta


def read(folder: Path) -> Study:
    """Reads a closed study and checks all of it except whether the metrics are right.

    Raises:
        StudyError: something is missing or malformed; it names the file and the field.
    """
    folder = Path(folder)
    meta = read_meta(folder)
    predictions = read_predictions(folder / "predictions.parquet", meta)
    history_file = folder / "history.parquet"
    history = read_history(history_file, meta) if history_file.exists() else None
    metrics = read_json(folder / "metrics.json")
    check_metrics(metrics, meta, folder / "metrics.json")
    cost = read_json(folder / "cost.json")
    check_cost(cost, meta, folder / "cost.json")
    for name in meta["models"]:
        check_model_folder(folder / "models" / name, meta)
    return Study(folder, meta, predictions, history, metrics, cost)


def cell_name(protocol: str, fold: int, seed: int, model: str) -> str:
    """A cell's file name without its ending: `holdout-f0-s1-lrcn`."""
    return f"{protocol}-f{fold}-s{seed}-{model}"


def write_cell(folder: Path, predictions: pd.DataFrame, history: pd.DataFrame) -> Path:
    """Writes one finished cell; its predictions come last, so that their file means "finished".

    Args:
        folder: Path. The study.
        predictions: DataFrame. `PREDICTION_COLUMNS`, all rows of one (protocol, fold, seed, model).
        history: DataFrame. `HISTORY_COLUMNS` of the same cell; may be empty.

    Returns:
        Path of the file with the predictions.

    Raises:
        StudyError: the rows are of more than one cell, or a column is missing.
    """
    folder = Path(folder)
    for what, df, columns in (
        ("predictions", predictions, PREDICTION_COLUMNS),
        ("history", history, HISTORY_COLUMNS),
    ):
        missing = [name for name in columns if name not in df.columns]
        if missing:
            raise StudyError(folder / "cells", missing[0], f"column missing in the cell's {what}")
    keys = pd.concat([predictions[CELL], history[CELL]]).drop_duplicates()
    if len(keys) != 1 or not len(predictions):
        raise StudyError(
            folder / "cells", None, f"expected rows of one cell, found {len(keys)} cells"
        )
    name = cell_name(*keys.iloc[0])
    write_parquet(folder / "cells" / f"{name}.history.parquet", history[HISTORY_COLUMNS])
    path = folder / "cells" / f"{name}.parquet"
    write_parquet(path, predictions[PREDICTION_COLUMNS])
    return path


def finished_cells(folder: Path) -> set[tuple[str, int, int, str]]:
    """Every (protocol, fold, seed, model) whose predictions exist, merged already or not.

    Raises:
        StudyError: predictions.parquet or a cell's file is corrupt; it names the file.
    """
    folder = Path(folder)
    files = _cell_files(folder)
    table = folder / "predictions.parquet"
    cells: set[tuple[str, int, int, str]] = set()
    for file in [table, *files] if table.exists() else files:
        keys = read_table(file, CELL).to_pandas().drop_duplicates()
        cells |= {(r[0], int(r[1]), int(r[2]), r[3]) for r in keys.itertuples(index=False)}
    return cells


def read_cells(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Reads the finished cells that are not merged yet.

    Files that are not `*.parquet` (a killed write's `*.tmp`) are passed over, and so is history
    without its predictions: that cell was not finished.

    Returns:
        predictions and history; both empty, with their columns, where there is no cell.

    Raises:
        StudyError: a cell's file is corrupt or breaks the rules; it names the file.
    """
    folder = Path(folder)
    return _read_cells(_cell_files(folder), read_meta(folder))


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
    files = _cell_files(folder)
    predictions, history = _read_cells(files, meta)
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
        file.unlink(missing_ok=True)
        _history_file(file).unlink(missing_ok=True)
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


def _cell_files(folder: Path) -> list[Path]:
    return sorted(
        path
        for path in (folder / "cells").glob("*.parquet")
        if not path.name.endswith(".history.parquet")
    )


def _history_file(file: Path) -> Path:
    return file.with_name(file.name.removesuffix(".parquet") + ".history.parquet")


def _read_cells(files: list[Path], meta: dict[str, Any]) -> tuple[pd.DataFrame, pd.DataFrame]:
    predictions, histories = [], []
    for file in files:
        df = read_predictions(file, meta)
        keys = df[CELL].drop_duplicates()
        if len(keys) != 1 or file.name != cell_name(*keys.iloc[0]) + ".parquet":
            raise StudyError(
                file, None, "its rows are not those of the cell in its name", "Delete the file."
            )
        predictions.append(df)
        if _history_file(file).exists():
            histories.append(read_history(_history_file(file), meta))
    return (
        pd.concat(predictions, ignore_index=True)
        if predictions
        else pd.DataFrame(columns=PREDICTION_COLUMNS),
        pd.concat(histories, ignore_index=True)
        if histories
        else pd.DataFrame(columns=HISTORY_COLUMNS),
    )


def _merge(old: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    """`new` and those rows of `old` whose whole cell is not in `new`: never two of a cell mixed."""
    if not len(new):
        return old
    replaced = pd.MultiIndex.from_frame(new[CELL].drop_duplicates())
    kept = old[~pd.MultiIndex.from_frame(old[CELL]).isin(replaced)]
    return pd.concat([kept, new], ignore_index=True) if len(kept) else new
