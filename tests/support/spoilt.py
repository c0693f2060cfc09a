"""Study folders that tests spoil on purpose, and what must be said of them.

May import: pandas, pytest, hvc_core.study.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from hvc_core import study
from hvc_core.study import StudyError


def edit(file: Path, change: Callable[[Any], Any]) -> None:
    obj = json.loads(file.read_text())
    file.write_text(json.dumps(change(obj) or obj))


def rows(folder: Path, change: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    file = folder / "predictions.parquet"
    study.write_parquet(file, change(pd.read_parquet(file)))


def same(values: list[float], count: int) -> pd.Series:
    """The same probabilities for `count` rows."""
    return pd.Series([values] * count, dtype=object)


def refused(folder: Path, file: str, field: str | None, words: str) -> StudyError:
    """Reads the study, and checks that the error names the file, the field and the trouble."""
    with pytest.raises(StudyError, match=words) as caught:
        study.read(folder)
    error = caught.value
    assert error.file == str(folder / file)
    assert error.field == field
    assert str(error).startswith(str(folder / file))
    assert field is None or f"'{field}'" in str(error)
    assert str(error).count(". ") >= 1, "says what to do"
    return error
