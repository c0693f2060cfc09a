"""How far to believe a model's answer to a clip of one's own: its temperature, and when to doubt.

Both come from the validation clips of the cell whose weights the study ships, never from tested
ones; kept like all derived numbers. May import: streamlit, numpy, pandas, hvc_core,
dashboard.state.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import streamlit as st

from dashboard.state import View
from hvc_core.classify import Answer
from hvc_core.statistics import calibration, temperature
from hvc_core.study import Study

SHARE = 0.05  # of the validation clips that the floor would turn away


@dataclass(frozen=True)
class Trust:
    """What is known of a shipped model's confidence.

    Attributes:
        temperature: float, above 0. What its logits are divided by.
        floor: float, 0 to 1. Under this confidence lies SHARE of the validation clips.
        caught: float or None, 0 to 1. The share of clips of unknown classes that lie under it;
            None where none was asked.
        lost: float or None, 0 to 1. The share of tested clips of known classes that do.
    """

    temperature: float
    floor: float
    caught: float | None
    lost: float | None

    @property
    def tells(self) -> bool:
        """Whether an answer under the floor speaks for a clip of no known class: it is under it
        at least twice as often."""
        return self.caught is not None and self.lost is not None and self.caught > 2 * self.lost

    def scaled(self, probabilities: np.ndarray) -> np.ndarray:
        """Probabilities (N, C) or (C,) after temperature scaling, float32 of the same shape."""
        rows = np.atleast_2d(probabilities).astype(float)
        values = calibration.apply_temperature(rows, self.temperature)
        return values.reshape(probabilities.shape).astype(np.float32)


def trust(view: View, model: str) -> Trust | None:
    """What is known of a model's confidence; None without answers to its validation clips."""
    return _trust(view.study, view.revision, model)


@st.cache_data(max_entries=32, show_spinner=False)
def _trust(_study: Study, revision: str, model: str) -> Trust | None:
    # The weights that ship are those of the holdout's first seed (hvc_core.export).
    own = _study.validation
    own = own[(own["protocol"] == "holdout") & (own["model"] == model)]
    own = own[own["seed"] == own["seed"].min()]
    if not len(own):
        return None

    def tops(rows: pd.DataFrame) -> np.ndarray:
        """How sure the shipped cell is of the clips of a table, scaled: float array (N,)."""
        scaled, _ = temperature.scaled(rows, own, _study.classes)
        return np.array([values.max() for values in scaled["probabilities"]])

    def under(rows: pd.DataFrame) -> float | None:
        found = tops(rows)
        return float((found < floor).mean()) if len(found) else None

    _, fitted = temperature.scaled(own, own, _study.classes)
    floor = float(np.quantile(tops(own), SHARE))
    shipped = float(fitted["temperature"].iloc[0])
    return Trust(shipped, floor, under(_study.unseen), under(_study.predictions))


def believed(view: View, answer: Answer) -> tuple[Answer, list[Trust | None]]:
    """The answer with each model's probabilities temperature-scaled, where that is known."""
    known = [trust(view, one.model) for one in answer.models]
    models = [
        one if how is None else replace(one, probabilities=how.scaled(one.probabilities))
        for one, how in zip(answer.models, known, strict=True)
    ]
    return replace(answer, models=models), known


def unsure(answer: Answer, known: Sequence[Trust | None]) -> list[tuple[str, Trust]]:
    """The titles of the models that are less sure than of nearly all clips of their classes."""
    return [
        (one.title, how)
        for one, how in zip(answer.models, known, strict=True)
        if how is not None and one.probabilities.max() < how.floor
    ]
