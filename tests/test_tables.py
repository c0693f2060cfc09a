"""A study's Parquet tables: columns, keys and probabilities that cannot be are refused.

May import: numpy, pandas, pyarrow, pytest, hvc_core.study, tests.support.studies, .spoilt.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hvc_core import study
from tests.support.spoilt import edit, refused, rows, same
from tests.support.studies import make_study


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_study(tmp_path / "study", models=2, classes=4, seeds=2)


def test_version_1_is_read_as_clips_as_they_are(folder: Path) -> None:
    new = study.read(folder)
    edit(folder / "study.json", lambda obj: obj | {"schema_version": 1})
    rows(folder, lambda df: df.drop(columns="condition"))
    old = study.read(folder)
    pd.testing.assert_frame_equal(old.predictions, new.predictions)
    assert set(old.predictions["condition"]) == {study.CLEAN}
    assert not len(old.conditions) and not len(old.validation) and old.audit is None


NEEDED = [name for name in study.PREDICTION_COLUMNS if name != "condition"]


@pytest.mark.parametrize("column", NEEDED)
def test_a_missing_column_of_predictions(folder: Path, column: str) -> None:
    rows(folder, lambda df: df.drop(columns=column))
    refused(folder, "predictions.parquet", column, "column missing")


@pytest.mark.parametrize("column", study.HISTORY_COLUMNS)
def test_a_missing_column_of_history(folder: Path, column: str) -> None:
    file = folder / "history.parquet"
    study.write_parquet(file, pd.read_parquet(file).drop(columns=column))
    refused(folder, "history.parquet", column, "column missing")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([0.5, 0.5, 0.5, 0.5], "1 rows not summing to 1"),
        ([0.2, 0.2, 0.2, 0.398], "not summing to 1"),
        ([float("nan"), 0.5, 0.5, 0], "not finite"),
        ([float("inf"), 0, 0, 0], "not finite"),
        ([float("inf"), float("-inf"), 0, 0], "not finite"),
        ([-0.5, 0.5, 0.5, 0.5], "negative"),
        ([0.5, 0.5], "do not have 4 values"),
        ([0.2] * 5, "do not have 4 values"),
        (None, "do not have 4 values"),
    ],
)
def test_wrong_probabilities(folder: Path, values: list[float] | None, words: str) -> None:
    def change(df: pd.DataFrame) -> pd.DataFrame:
        column = list(df["probabilities"])
        column[7] = values
        return df.assign(probabilities=pd.Series(column, dtype=object))

    clip = pd.read_parquet(folder / "predictions.parquet")["clip"].iloc[7]
    rows(folder, change)
    error = refused(folder, "predictions.parquet", "probabilities", words)
    assert clip in str(error)


def test_probabilities_may_be_off_by_rounding(folder: Path) -> None:
    rows(folder, lambda df: df.assign(probabilities=same([0.25, 0.25, 0.25, 0.2505], len(df))))
    study.read(folder)


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("model", "transformer", "unknown model transformer; study.json lists convlstm, lrcn"),
        ("protocol", "guess", "unknown protocol guess"),
        ("seed", 9, "unknown seed 9 in holdout"),
        ("fold", 1, "unknown fold 1 in holdout"),
        ("class", "Juggling", "class list differs.*Juggling"),
        ("class", "Diving", "has more than one"),
        ("group", 3, "has more than one"),
    ],
)
def test_an_unknown_value(folder: Path, column: str, value: str | int, words: str) -> None:
    def change(df: pd.DataFrame) -> pd.DataFrame:
        df.loc[0, column] = value
        return df

    rows(folder, change)
    refused(folder, "predictions.parquet", column, words)


def test_a_repeated_key(folder: Path) -> None:
    rows(folder, lambda df: pd.concat([df, df.head(1)]))
    error = refused(folder, "predictions.parquet", "clip", "1 rows repeat a key")
    assert "model convlstm, condition clean, clip v_Basketball_g02_c01" in str(error)


def test_no_rows_and_null_keys_and_wrong_types(folder: Path) -> None:
    file = folder / "predictions.parquet"
    whole = pq.read_table(file)
    pq.write_table(whole.slice(0, 0), file)
    refused(folder, "predictions.parquet", None, "has no rows")
    at = whole.column_names.index("seed")
    nulls = pa.array([None] * whole.num_rows, pa.int64())
    pq.write_table(whole.set_column(at, "seed", nulls), file)
    refused(folder, "predictions.parquet", "seed", "have no value")
    words = pa.array(["one"] * whole.num_rows)
    pq.write_table(whole.set_column(at, "seed", words), file)
    refused(folder, "predictions.parquet", "seed", "is of type string, expected int64")


def test_training_that_diverged_is_kept_as_it_was(folder: Path) -> None:
    file = folder / "history.parquet"
    df = pd.read_parquet(file)
    df.loc[0, "loss"] = float("nan")
    df.loc[1, "val_loss"] = float("inf")
    study.write_parquet(file, df)
    found = study.read(folder).history
    assert found is not None and np.isnan(found["loss"].iloc[0])


def test_probabilities_are_written_small_and_come_back_to_the_bit(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 3, (2000, 15))
    values = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    df = pd.DataFrame({"clip": [f"v_A_g01_c{i}" for i in range(2000)]})
    df["probabilities"] = list(values.astype(np.float32))
    study.write_parquet(tmp_path / "a.parquet", df)
    again = pd.read_parquet(tmp_path / "a.parquet")
    pd.testing.assert_frame_equal(again, df, check_exact=True)
    df.to_parquet(tmp_path / "plain.parquet", compression="zstd")
    small, plain = ((tmp_path / name).stat().st_size for name in ("a.parquet", "plain.parquet"))
    assert small < 0.9 * plain
