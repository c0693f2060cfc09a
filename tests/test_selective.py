"""Selective accuracy: hand-worked cases, and the definition said otherwise.

May import: numpy, hypothesis, pytest, hvc_core.statistics.selective.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hvc_core.statistics import selective

CONFIDENCE = np.array([0.9, 0.5, 0.8, 0.8, 0.6])
RIGHT = np.array([True, False, True, False, True])


def test_coverage_by_hand() -> None:
    coverage, accuracy = selective.coverage_curve(CONFIDENCE, RIGHT)
    assert coverage.tolist() == [0.2, 0.6, 0.8, 1]  # both 0.8 at once
    assert accuracy.tolist() == pytest.approx([1, 2 / 3, 3 / 4, 3 / 5])
    # Risk among those as sure as each clip: 0, 1/3 for both 0.8, 1/4, 2/5
    assert selective.aurc(CONFIDENCE, RIGHT) == pytest.approx((1 / 3 + 1 / 3 + 1 / 4 + 2 / 5) / 5)


@given(st.lists(st.tuples(st.integers(0, 8), st.booleans()), min_size=1, max_size=40))
def test_selective_accuracy_by_its_definition(rows: list[tuple[int, bool]]) -> None:
    confidence = np.array([c / 8 for c, _ in rows])
    right = np.array([r for _, r in rows])
    risks = [1 - right[confidence >= c].mean() for c in confidence]
    assert selective.aurc(confidence, right) == pytest.approx(np.mean(risks))
    coverage, accuracy = selective.coverage_curve(confidence, right)
    assert coverage[-1] == 1
    assert accuracy[-1] == pytest.approx(right.mean())
    assert (np.diff(coverage) > 0).all()
    for level, share, found in zip(np.unique(confidence)[::-1], coverage, accuracy, strict=True):
        assert share == (confidence >= level).mean()
        assert found == pytest.approx(right[confidence >= level].mean())
    order = np.random.default_rng(0).permutation(len(rows))
    again = selective.coverage_curve(confidence[order], right[order])
    assert (again[0] == coverage).all() and (again[1] == accuracy).all()


def test_selective_accuracy_of_what_cannot_be() -> None:
    with pytest.raises(ValueError, match="expected one confidence a clip"):
        selective.aurc(CONFIDENCE, RIGHT[:2])
    with pytest.raises(ValueError, match="expected one confidence a clip"):
        selective.aurc(np.zeros(0), np.zeros(0, bool))
