"""AUROC of unknown clips: scikit-learn and SciPy agree, and so do hand-worked cases.

May import: numpy, hypothesis, pytest, scipy, scikit-learn, hvc_core.statistics.unknown.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import mannwhitneyu
from sklearn.metrics import roc_auc_score

from hvc_core.statistics.bootstrap import bootstrap_weights
from hvc_core.statistics.unknown import auroc, auroc_interval, known_from_unknown

SOME = st.lists(st.integers(0, 6), min_size=1, max_size=30)


def clustered(seed: int) -> tuple[np.ndarray, np.ndarray, list, list]:
    rng = np.random.default_rng(seed)
    known, unknown = rng.normal(0.5, 1, 8).repeat(3), rng.normal(0, 1, 5).repeat(4)
    known += rng.normal(0, 0.3, 24)
    return known, unknown, [("A", i // 3) for i in range(24)], [f"film {i // 4}" for i in range(20)]


@given(SOME, SOME)
def test_auroc(known: list[int], unknown: list[int]) -> None:
    found = auroc(np.array(known), np.array(unknown))
    truth = [1] * len(known) + [0] * len(unknown)
    assert found == pytest.approx(roc_auc_score(truth, known + unknown))
    statistic = mannwhitneyu(known, unknown, method="asymptotic").statistic
    assert found == pytest.approx(statistic / (len(known) * len(unknown)))


def test_auroc_by_hand() -> None:
    # 0.9 beats both, 0.5 beats one and ties none, 0.4 ties one
    assert auroc(np.array([0.9, 0.5, 0.4]), np.array([0.6, 0.4])) == 3.5 / 6
    with pytest.raises(ValueError, match="expected clips on both sides, found 0 and 1"):
        auroc(np.zeros(0), np.ones(1))


def test_the_interval_of_auroc_by_copying_clips() -> None:
    known, unknown, films, others = clustered(0)
    weights = bootstrap_weights((0,) * 8 + (1,) * 5)
    # Rescaled weights are whole times 8/7 and 5/4, in units of 1/28: these fall out of the AUROC.
    times = np.rint(weights / np.array([32] * 8 + [35] * 5)).astype(int)
    drawn = [
        auroc(known.repeat(row[:8].repeat(3)), unknown.repeat(row[8:].repeat(4))) for row in times
    ]
    found = auroc_interval(known, unknown, films, others)
    assert found == pytest.approx(tuple(np.quantile(drawn, [0.025, 0.975])))
    assert 0 < found[0] < auroc(known, unknown) < found[1] <= 1
    # What is always more confident stays so, and rounding does not lift it above 1.
    sure = auroc_interval(known + 9, unknown, films, others)
    assert sure == pytest.approx((1, 1)) and max(sure) <= 1


def test_the_interval_of_auroc_keeps_films_together() -> None:
    known, unknown, films, others = clustered(1)
    whole = auroc_interval(known, unknown, films, others)
    clips = auroc_interval(known, unknown, range(24), range(20))
    assert whole[1] - whole[0] > clips[1] - clips[0]
    order = np.random.default_rng(0).permutation(24)
    mixed = auroc_interval(known[order], unknown, [films[i] for i in order], others)
    assert mixed == pytest.approx(whole)
    with pytest.raises(ValueError, match="expected one id a clip"):
        auroc_interval(known, unknown, films[1:], others)
    with pytest.raises(ValueError, match="expected clips on both sides"):
        auroc_interval(known, unknown[:0], films, [])


def answered(values: np.ndarray, classes: list[str], groups: list[int]) -> pd.DataFrame:
    """Rows of one seed whose confidence is `values`, 0.5 to 1."""
    rows = {"seed": 0, "class": classes, "group": groups}
    return pd.DataFrame({**rows, "probabilities": [np.array([v, 1 - v]) for v in values]})


def test_unknown_classes_are_drawn_whole_and_a_single_ones_films() -> None:
    rng = np.random.default_rng(2)
    known, unknown = rng.uniform(0.6, 1, 24), rng.uniform(0.5, 0.9, 12)
    groups, others = [i // 3 for i in range(24)], [i // 2 for i in range(12)]
    names = [f"class {i // 4}" for i in range(12)]
    ours = answered(known, ["A"] * 24, groups)
    films = [("A", g) for g in groups]
    found = known_from_unknown(ours, answered(unknown, names, others))
    assert found is not None and found.mean == auroc(known, unknown)
    assert (found.lo, found.hi) == auroc_interval(known, unknown, films, names)
    found = known_from_unknown(ours, answered(unknown, ["X"] * 12, others))
    assert found is not None
    assert (found.lo, found.hi) == auroc_interval(known, unknown, films, others)
