"""Reading and atomic writing of a study's JSON and Parquet files, and the error they raise.

May import: the standard library, numpy, pandas, pyarrow.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

TYPES = {
    "protocol": pa.string(),
    "fold": pa.int64(),
    "seed": pa.int64(),
    "model": pa.string(),
    "condition": pa.string(),
    "clip": pa.string(),
    "class": pa.string(),
    "group": pa.int64(),
    "probabilities": pa.list_(pa.float32()),
    "epoch": pa.int64(),
    "loss": pa.float64(),
    "accuracy": pa.float64(),
    "val_loss": pa.float64(),
    "val_accuracy": pa.float64(),
    "seconds": pa.float64(),
}
PIECE = 1 << 20  # bytes that are read at a time


class StudyError(ValueError):
    """A study folder that cannot be used.

    Attributes:
        file: str. The file at fault, as the person would find it.
        field: str or None. The field or column at fault, such as `dataset.classes`.
    """

    def __init__(self, file: Path | str, field: str | None, problem: str, advice: str = "") -> None:
        self.file = str(file)
        self.field = field
        where = f"{self.file}: field '{field}'" if field else self.file
        super().__init__(f"{where}: {problem}." + (f" {advice}" if advice else ""))


def write_atomic(path: Path, write: Callable[[Path], object]) -> None:
    """Lets `write` fill a temporary file beside `path`, then puts it in `path`'s place.

    A reader sees the old file or the whole new one; a kill leaves at most a `*.tmp` behind.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f"{path.name}.", suffix=".tmp", dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        write(temporary)
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.chmod(0o644)  # mkstemp makes it readable by its owner only
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_json(path: Path, obj: Any) -> None:
    """Writes `obj` as JSON (UTF-8, indented by 1), atomically.

    Raises:
        ValueError: `obj` holds NaN or an infinity, which JSON has no word for.
    """
    text = json.dumps(obj, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    write_atomic(Path(path), lambda temporary: temporary.write_text(text, encoding="utf-8"))


def write_parquet(path: Path, df: pd.DataFrame) -> None:
    """Writes a table of predictions or history, atomically.

    Args:
        path: Path. The file to make or replace.
        df: DataFrame. Known columns get the types of `TYPES`; the index is not kept.
    """
    columns = [pa.array(df[name].tolist(), TYPES.get(name)) for name in df.columns]
    write_table(path, pa.table(dict(zip(df.columns, columns, strict=True))))


def write_table(path: Path, table: pa.Table) -> None:
    """Writes an Arrow table as `write_parquet` does; its columns have their types already."""
    # Words repeat, so they go into dictionaries; probabilities never do, but the bytes of their
    # exponents are alike when they stand together: 48 bytes a row of 15 classes instead of 84.
    split = [f"{name}.list.element" for name in table.column_names if name == "probabilities"]
    words = [name for name in table.column_names if name != "probabilities"]
    write_atomic(
        Path(path),
        lambda temporary: pq.write_table(
            table,
            temporary,
            compression="zstd",
            use_dictionary=words,
            use_byte_stream_split=split,
        ),
    )


def read_json(path: Path, kind: type = dict) -> Any:
    """Reads a JSON file.

    Args:
        path: Path. The file.
        kind: type. What it must hold: dict or list.

    Raises:
        StudyError: the file is missing, not JSON, or holds something else.
    """
    try:
        obj = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise StudyError(path, None, "missing", ADVICE.get(path.name, "")) from error
    except (OSError, ValueError, RecursionError) as error:
        raise StudyError(
            path, None, f"cannot be read as JSON ({error})", "Restore it or make it again."
        ) from error
    if not isinstance(obj, kind):
        raise StudyError(
            path, None, f"holds no JSON {kind.__name__}", "Restore it or make it again."
        )
    return obj


def read_table(
    path: Path, columns: Sequence[str], filled: Mapping[str, str] | None = None
) -> pa.Table:
    """Reads a Parquet table and checks that the named columns are there with their types.

    Args:
        path: Path. The file.
        columns: names; others in the file are ignored.
        filled: column -> what its rows hold where a file of an older version lacks it.

    Returns:
        pyarrow.Table with exactly `columns`, cast to the types of `TYPES`, without nulls in keys.

    Raises:
        StudyError: the file is missing or unreadable, or a column is missing or of a wrong type.
    """
    if not path.is_file():
        raise StudyError(path, None, "missing", ADVICE.get(path.name, ""))
    try:
        # Piece by piece: a file that is read whole is held beside the table that it makes.
        with pq.ParquetFile(path, buffer_size=PIECE) as file:
            names = file.schema_arrow.names
            table = file.read(columns=[name for name in columns if name in names])
    except (OSError, pa.ArrowException) as error:
        raise StudyError(
            path, None, f"cannot be read as Parquet ({error})", "Delete it and make it again."
        ) from error
    arrays = {}
    for name in columns:
        if name in (filled or {}) and name not in table.column_names:
            text = pa.array([(filled or {})[name]], TYPES[name])
            arrays[name] = pa.chunked_array([text.take(pa.array([0] * table.num_rows))])
            continue
        if name not in table.column_names:
            raise StudyError(
                path, name, "column missing", f"Expected the columns {', '.join(columns)}."
            )
        column = table.column(name)
        if TYPES[name] in (pa.int64(), pa.string()) and column.null_count:
            raise StudyError(path, name, f"{column.null_count} rows have no value", "Fill them.")
        try:
            arrays[name] = column.cast(TYPES[name])
        except pa.ArrowException as error:
            raise StudyError(
                path, name, f"is of type {column.type}, expected {TYPES[name]}", "Write it so."
            ) from error
    return pa.table(arrays)


ADVICE = {
    "study.json": "A study folder holds study.json; give the folder that "
    "`python -m training train … --study DIR` made.",
    "predictions.parquet": "Finish the training with `python -m training train`, "
    "or restore the file.",
    "metrics.json": "Make it again with `python -m training evaluate DIR`.",
    "cost.json": "Restore the file, or close the study again with `python -m training train`.",
}
