"""Cells on disk: one file a finished (protocol, fold, seed, model), until the study is closed.

May import: the standard library, pandas, hvc_core.schema, .storage, .tables.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pandas as pd

from hvc_core.schema import read_meta
from hvc_core.storage import StudyError, read_table, write_parquet
from hvc_core.tables import (
    CELL,
    CLEAN,
    HISTORY_COLUMNS,
    PREDICTION_COLUMNS,
    read_history,
    read_predictions,
)

# What a finished cell's weights were asked besides its test clips, each in a file of its own
EXTRAS = ("conditions", "validation", "unseen")


def cell_name(protocol: str, fold: int, seed: int, model: str) -> str:
    """A cell's file name without its ending: `holdout-f0-s1-lrcn`."""
    return f"{protocol}-f{fold}-s{seed}-{model}"


def write_cell(folder: Path, predictions: pd.DataFrame, history: pd.DataFrame) -> Path:
    """Writes one finished cell; its predictions come last, so that their file means "finished".

    Args:
        folder: Path. The study.
        predictions: DataFrame. `PREDICTION_COLUMNS`, all rows of one (protocol, fold, seed, model);
            without `condition` they are of clips as they are.
        history: DataFrame. `HISTORY_COLUMNS` of the same cell; may be empty.

    Returns:
        Path of the file with the predictions.

    Raises:
        StudyError: the rows are of more than one cell, or a column is missing.
    """
    folder = Path(folder)
    if "condition" not in predictions.columns:
        predictions = predictions.assign(condition=CLEAN)
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


def write_extra(folder: Path, extra: str, rows: pd.DataFrame) -> Path:
    """Writes what one cell's weights answered to other clips than its test clips as they are.

    Args:
        folder: Path. The study.
        extra: str. One of EXTRAS.
        rows: DataFrame. `PREDICTION_COLUMNS`, all of one cell.

    Raises:
        StudyError: the rows are of more than one cell.
    """
    keys = rows[CELL].drop_duplicates()
    if len(keys) != 1:
        raise StudyError(
            Path(folder) / "cells", None, f"expected rows of one cell, found {len(keys)} cells"
        )
    path = extra_file(Path(folder), cell_name(*keys.iloc[0]), extra)
    write_parquet(path, rows[PREDICTION_COLUMNS])
    return path


def extra_file(folder: Path, cell: str, extra: str) -> Path:
    """Where `write_extra` puts a cell's rows: `cells/holdout-f0-s1-lrcn.unseen.parquet`."""
    return Path(folder) / "cells" / f"{cell}.{extra}.parquet"


def finished_cells(folder: Path) -> set[tuple[str, int, int, str]]:
    """Every (protocol, fold, seed, model) whose predictions exist, merged already or not.

    Raises:
        StudyError: predictions.parquet or a cell's file is corrupt; it names the file.
    """
    folder = Path(folder)
    files = cell_files(folder)
    table = folder / "predictions.parquet"
    cells: set[tuple[str, int, int, str]] = set()
    for file in [table, *files] if table.exists() else files:
        keys = read_table(file, CELL).to_pandas().drop_duplicates()
        cells |= {(r[0], int(r[1]), int(r[2]), r[3]) for r in keys.itertuples(index=False)}
    return cells


def started_models(folder: Path) -> set[str]:
    """The models of cells that have an epoch behind them and are not finished."""
    states = (Path(folder) / "cells").glob("*.state.npz")
    name = r".+?-f\d+-s\d+-(.+?)(?:\.heads)?\.state\.npz"
    named = (re.fullmatch(name, path.name) for path in states)
    return {match[1] for match in named if match}


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
    return read_files(cell_files(folder), read_meta(folder))


def read_cell(
    folder: Path, protocol: str, fold: int, seed: int, model: str
) -> tuple[pd.DataFrame, pd.DataFrame] | None:
    """One finished cell's predictions and history, merged already or not; None where there is none.

    Raises:
        StudyError: its file or the study's table is corrupt; it names the file.
    """
    folder, key = Path(folder), (protocol, fold, seed, model)
    file, table = folder / "cells" / f"{cell_name(*key)}.parquet", folder / "predictions.parquet"
    if file.exists():
        return read_files([file], read_meta(folder))
    if not table.exists():
        return None
    meta = read_meta(folder)
    both = [read_predictions(table, meta), read_history(folder / "history.parquet", meta)]
    predictions, history = (df[(df[CELL] == list(key)).all(axis=1)] for df in both)
    predictions = predictions[predictions["condition"] == CLEAN]
    return (predictions, history) if len(predictions) else None


def read_extra(
    folder: Path, protocol: str, fold: int, seed: int, model: str, extra: str
) -> pd.DataFrame:
    """One cell's rows of an extra, merged already or not; maybe none."""
    folder, key = Path(folder), (protocol, fold, seed, model)
    table = "predictions" if extra == "conditions" else extra
    files = extra_file(folder, cell_name(*key), extra), folder / f"{table}.parquet"
    parts = [pd.DataFrame(columns=PREDICTION_COLUMNS)]
    for file in (file for file in files if file.exists()):
        rows = read_predictions(file, read_meta(folder), unseen=extra == "unseen")
        rows = rows[(rows[CELL] == list(key)).all(axis=1)]
        parts.append(rows[rows["condition"] != CLEAN] if extra == "conditions" else rows)
    found = [part for part in parts if len(part)]
    whole = pd.concat(found, ignore_index=True) if found else parts[0]
    return whole.drop_duplicates(["condition", "clip"])  # a file's rows before the table's


def cell_files(folder: Path) -> list[Path]:
    """The files with the predictions of the finished cells of a study, sorted."""
    return sorted(
        path
        for path in (folder / "cells").glob("*.parquet")
        if not path.name.endswith(tuple(f".{part}.parquet" for part in ("history", *EXTRAS)))
    )


def history_file(file: Path) -> Path:
    """Where the history lies of the cell whose predictions are in `file`."""
    return file.with_name(file.name.removesuffix(".parquet") + ".history.parquet")


def read_files(files: list[Path], meta: dict[str, Any]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Reads and checks cells' files; see `read_cells`.

    Args:
        files: Paths from `cell_files`.
        meta: dict. The study's study.json.
    """
    predictions, histories = [], []
    for file in files:
        df = read_predictions(file, meta)
        keys = df[CELL].drop_duplicates()
        if len(keys) != 1 or file.name != cell_name(*keys.iloc[0]) + ".parquet":
            raise StudyError(
                file, None, "its rows are not those of the cell in its name", "Delete the file."
            )
        predictions.append(df)
        if history_file(file).exists():
            histories.append(read_history(history_file(file), meta))
    return (
        pd.concat(predictions, ignore_index=True)
        if predictions
        else pd.DataFrame(columns=PREDICTION_COLUMNS),
        pd.concat(histories, ignore_index=True)
        if histories
        else pd.DataFrame(columns=HISTORY_COLUMNS),
    )
