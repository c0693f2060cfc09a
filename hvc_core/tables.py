"""The rules of a study's tables: what a row of predictions or of history must be.

May import: numpy, pandas, pyarrow, hvc_core.schema, hvc_core.storage.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from hvc_core.schema import check_known, same_classes, some
from hvc_core.storage import StudyError, read_table

CELL = ["protocol", "fold", "seed", "model"]
CLEAN = "clean"  # the condition of a clip as it is
KEY = [*CELL, "condition", "clip"]
PREDICTION_COLUMNS = [*KEY, "class", "group", "probabilities"]
HISTORY_COLUMNS = [*CELL, "epoch", "loss", "accuracy", "val_loss", "val_accuracy", "seconds"]
SUM_TOLERANCE = 1e-3


def read_predictions(file: Path, meta: dict[str, Any], unseen: bool = False) -> pd.DataFrame:
    """Reads and checks a table of predictions (the study's, or one cell's).

    Args:
        file: Path. The table.
        meta: dict. The study's study.json.
        unseen: bool. Whether its clips are of none of the study's classes.

    Returns:
        DataFrame with `PREDICTION_COLUMNS`; `probabilities` holds float32 arrays (C,).

    Raises:
        StudyError: as the module says.
    """
    table = read_table(file, PREDICTION_COLUMNS, {"condition": CLEAN})
    classes: list[str] = meta["dataset"]["classes"]
    if not table.num_rows:
        raise StudyError(file, None, "has no rows", "Train at least one cell.")
    values = _probabilities(table, len(classes), file)
    df = table.drop_columns(["probabilities"]).to_pandas()
    df["probabilities"] = pd.Series(list(values), dtype=object, index=df.index)
    there = set(df["class"].unique())
    unknown = sorted(there - set(classes))
    if unseen and len(unknown) < len(there):
        known = min(there & set(classes))
        raise StudyError(file, "class", f"{known} is one of the study's own", "Leave it out.")
    if unknown and not unseen:
        same_classes([*classes, *unknown], classes, file, "class")
    for column, known in (("model", meta["models"]), ("protocol", meta["protocols"])):
        check_known(df[column].unique(), known, file, column)
    for protocol, rows in df.groupby("protocol", sort=False):
        entry = meta["protocols"][protocol]
        check_known(rows["seed"].unique(), entry["seeds"], file, "seed", f" in {protocol}")
        check_known(rows["fold"].unique(), range(entry["folds"]), file, "fold", f" in {protocol}")
    twice = df.duplicated(KEY)
    if twice.any():
        key = ", ".join(f"{name} {df.loc[twice.idxmax(), name]}" for name in KEY)
        raise StudyError(
            file,
            "clip",
            f"{int(twice.sum())} rows repeat a key (first: {key})",
            f"There is one row per {', '.join(KEY)}; remove the others.",
        )
    check_clips(df, file)
    return df


def check_clips(df: pd.DataFrame, file: Path) -> None:
    """Raises StudyError where one clip has two classes or two groups."""
    facts = df[["clip", "class", "group"]].drop_duplicates()
    twice = facts[facts.duplicated("clip")]
    if len(twice):
        first = facts[facts["clip"] == twice["clip"].iloc[0]]
        column = "class" if first["class"].nunique() > 1 else "group"
        raise StudyError(
            file,
            column,
            f"clip {first['clip'].iloc[0]} has more than one ({some(first[column].unique())})",
            "Cells of different data sets were mixed; keep those of one.",
        )


def read_history(file: Path, meta: dict[str, Any]) -> pd.DataFrame:
    """Reads and checks a table of training history."""
    df = read_table(file, HISTORY_COLUMNS).to_pandas()
    check_known(df["model"].unique(), meta["models"], file, "model")
    check_known(df["protocol"].unique(), meta["protocols"], file, "protocol")
    if df.duplicated([*CELL, "epoch"]).any():
        raise StudyError(file, "epoch", "rows repeat an epoch of a cell", "Remove the others.")
    return df


def _probabilities(table: pa.Table, count: int, file: Path) -> np.ndarray:
    """The column as float32 (rows, classes), checked."""
    column = table.column("probabilities").combine_chunks()
    lengths = np.diff(column.offsets.to_numpy())
    clips = table.column("clip")
    wrong = np.flatnonzero((lengths != count) | column.is_null().to_numpy(zero_copy_only=False))
    if len(wrong):
        raise StudyError(
            file,
            "probabilities",
            f"{len(wrong)} rows do not have {count} values, one a class "
            f"(first: clip {clips[wrong[0]]} with {lengths[wrong[0]]})",
            "Its class list differs from study.json's; train that cell again.",
        )
    flat = column.flatten().to_numpy(zero_copy_only=False)
    values = flat.astype(np.float32, copy=False).reshape(-1, count)
    with np.errstate(invalid="ignore"):
        sums = values.sum(axis=1, dtype=np.float64)  # finite where every value is
    advice = "Train that cell again."
    for what, found in (
        ("not finite", lambda: ~np.isfinite(sums)),
        ("negative", lambda: (values < 0).any(axis=1) if values.min() < 0 else None),
        ("not summing to 1", lambda: np.abs(sums - 1) > SUM_TOLERANCE),
    ):
        bad = found()
        if bad is not None and bad.any():
            first = clips[int(bad.argmax())]
            raise StudyError(
                file, "probabilities", f"{int(bad.sum())} rows {what} (first: clip {first})", advice
            )
    return values
