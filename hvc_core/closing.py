"""Closing a study: the finished cells' files become its tables, and metrics.json follows.

May import: pandas, hvc_core.cells, .schema, .storage, .study, .tables, .statistics.metrics.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from hvc_core import study
from hvc_core.cells import EXTRAS, cell_files, cell_name, extra_file, history_file, read_files
from hvc_core.schema import SCHEMA_VERSION, read_meta
from hvc_core.statistics import metrics
from hvc_core.storage import StudyError, write_json, write_parquet
from hvc_core.tables import (
    CELL,
    CLEAN,
    KEY,
    PREDICTION_COLUMNS,
    check_clips,
    read_history,
    read_predictions,
)


def close(folder: Path) -> study.Study:
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
    renewed = predictions[CELL].drop_duplicates()
    table, history_table = folder / "predictions.parquet", folder / "history.parquet"
    if files or not table.exists():
        if table.exists():
            predictions = _merge(read_predictions(table, meta), predictions, CELL)
        if history_table.exists():
            history = _merge(read_history(history_table, meta), history, CELL)
        if not len(predictions):
            raise StudyError(folder / "cells", None, "no finished cell", "Train one first.")
        check_clips(predictions, table)
        write_parquet(history_table, history.sort_values([*CELL, "epoch"]))
        write_parquet(table, predictions.sort_values(KEY))
    extras = _close_extras(folder, meta, renewed)
    predictions = read_predictions(table, meta)
    clean = predictions[predictions["condition"] == CLEAN]
    write_json(folder / "metrics.json", metrics.derive(clean, meta["dataset"]["classes"]))
    if not (folder / "cost.json").exists():
        models = dict.fromkeys(meta["models"])
        cost = {"schema_version": SCHEMA_VERSION, "machine": {}, "models": models}
        write_json(folder / "cost.json", cost)
    closed = study.read(folder)
    for file in files:
        history_file(file).unlink(missing_ok=True)
        file.unlink(missing_ok=True)
    for file in extras:
        file.unlink(missing_ok=True)
    return closed


def _close_extras(folder: Path, meta: dict[str, Any], renewed: pd.DataFrame) -> list[Path]:
    """Merges what finished cells answered besides; of a cell trained anew the old rows go.

    Args:
        renewed: DataFrame. CELL, the cells whose predictions were merged just now.

    Returns:
        the files that the tables hold now.
    """
    done: list[Path] = []
    known = read_predictions(folder / "predictions.parquet", meta)
    finished = known.loc[known["condition"] == CLEAN, CELL].drop_duplicates()
    for extra in EXTRAS:
        table = folder / ("predictions.parquet" if extra == "conditions" else f"{extra}.parquet")
        unseen = extra == "unseen"
        files = [extra_file(folder, cell_name(*key), extra) for key in finished.to_numpy().tolist()]
        files = [file for file in files if file.exists()]
        rows = known if extra == "conditions" else pd.DataFrame(columns=PREDICTION_COLUMNS)
        if extra != "conditions" and table.exists():
            rows = _without(read_predictions(table, meta, unseen), renewed, CELL)
        for file in files:
            rows = _merge(rows, read_predictions(file, meta, unseen), [*CELL, "condition"])
        if len(rows):
            write_parquet(table, rows.sort_values(KEY))
        else:
            table.unlink(missing_ok=True)
        done += files
    return done


def _merge(old: pd.DataFrame, new: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """`new` and those rows of `old` whose whole `by` is not in `new`: never two of one mixed."""
    if not len(new):
        return old
    kept = _without(old, new, by)
    return pd.concat([kept, new], ignore_index=True) if len(kept) else new


def _without(df: pd.DataFrame, gone: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """The rows of `df` whose `by` is not in `gone`."""
    keys = pd.MultiIndex.from_frame(gone[by].drop_duplicates())
    return df[~pd.MultiIndex.from_frame(df[by]).isin(keys)]
