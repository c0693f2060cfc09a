"""McNemar, Holm and sign flips: statsmodels and SciPy agree, and so do hand-worked cases.

May import: numpy, hypothesis, pytest, scipy, statsmodels, hvc_core.statistics.significance.
"""

from __future__ import annotations

from itertools import product
from unittest.mock import Mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest, permutation_test
from statsmodels.stats.contingency_tables import mcnemar as reference
from statsmodels.stats.multitest import multipletests

from hvc_core.statistics import significance


def marks(counts: tuple[int, int, int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Right answers of a and b with these a_only, b_only, both, neither."""
    return np.repeat([1, 0, 1, 0], counts) == 1, np.repeat([0, 1, 1, 0], counts) == 1


@given(st.integers(0, 60), st.integers(0, 60), st.integers(0, 9), st.integers(0, 9))
def test_mcnemar(a_only: int, b_only: int, both: int, neither: int) -> None:
    found = significance.mcnemar(*marks((a_only, b_only, both, neither)))
    assert (found.a_only, found.b_only, found.both, found.neither) == (
        (a_only, b_only, both, neither)
    )
    if not a_only + b_only:
        assert (found.exact, found.mid_p) == (1, 1)
        return
    square = [[both, a_only], [b_only, neither]]
    assert found.exact == pytest.approx(reference(square, exact=True).pvalue)
    assert found.exact == pytest.approx(binomtest(a_only, a_only + b_only).pvalue)
    assert found.mid_p <= found.exact <= 1
    swapped = significance.mcnemar(*marks((b_only, a_only, both, neither)))
    assert (swapped.exact, swapped.mid_p) == (found.exact, found.mid_p)


@pytest.mark.parametrize(
    ("a_only", "b_only", "exact", "mid_p"),
    [
        (1, 5, 14 / 64, 8 / 64),  # 2 (1 + 6) / 64; less P(X = 1) = 6 / 64
        (0, 3, 2 / 8, 1 / 8),
        (2, 2, 1, 13 / 16),  # all 16 / 16, less half of P(X = 2) = 6 / 16
        (1, 1, 1, 3 / 4),
        (0, 1, 1, 1 / 2),
        (0, 0, 1, 1),
    ],
)
def test_mcnemar_by_hand(a_only: int, b_only: int, exact: float, mid_p: float) -> None:
    found = significance.mcnemar(*marks((a_only, b_only, 3, 2)))
    assert (found.exact, found.mid_p) == (exact, mid_p)


def test_mcnemar_of_the_paper() -> None:
    # Fagerland, Lydersen and Laake's first example (airway hyper-responsiveness before and after
    # stem cell transplantation, n12 = 1, n21 = 7): exact 0.0703, mid-p 0.0391.
    found = significance.mcnemar(*marks((1, 7, 1, 12)))
    assert (found.exact, found.mid_p) == pytest.approx((0.0703, 0.0391), abs=5e-5)


def test_mcnemar_of_very_many_clips() -> None:
    found = significance.mcnemar(*marks((3000, 3681, 0, 0)))
    assert found.exact == pytest.approx(binomtest(3000, 6681).pvalue, rel=1e-9)
    assert significance.mcnemar(*marks((0, 5000, 0, 0))).mid_p == 0  # smaller than any float


def test_mcnemar_of_other_clips() -> None:
    with pytest.raises(ValueError, match="expected the same clips of both models"):
        significance.mcnemar(np.ones(3, bool), np.ones(2, bool))


@settings(max_examples=15)  # statsmodels takes 0.1 s a call
@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_holm(p: list[float]) -> None:
    found = significance.holm(np.array(p))
    np.testing.assert_allclose(found, multipletests(p, method="holm")[1], atol=1e-12)


def test_holm_by_hand() -> None:
    # 3 x 0.01; then 2 x 0.02 and 0.025, which must not fall below it
    np.testing.assert_allclose(significance.holm(np.array([0.025, 0.01, 0.02])), [0.04, 0.03, 0.04])
    assert significance.holm(np.array([0.7, 0.9])).tolist() == [1, 1]
    assert significance.holm(np.zeros(0)).tolist() == []
    for wrong in (np.nan, -0.1, 1.1):
        with pytest.raises(ValueError, match="expected p-values of 0 to 1"):
            significance.holm(np.array([0.5, wrong]))


@given(st.lists(st.integers(-5, 5), max_size=9))
def test_flips_by_enumeration(of: list[int]) -> None:
    sums = [abs(np.dot(signs, of)) >= abs(sum(of)) for signs in product((1, -1), repeat=len(of))]
    assert significance.flip_test(np.array(of, int)) == pytest.approx(np.mean(sums))


def test_flips_by_hand() -> None:
    assert significance.flip_test(np.array([1, 2, 1, 3, 1])) == 2 / 32  # five films' least
    assert significance.flip_test(np.array([0, 0, 3, -1])) == 1 / 1  # sums 2, 4, -4, -2
    assert significance.flip_test(np.array([2, 2, -1])) == 4 / 8  # of 5, 3, 1, 1
    assert significance.flip_test(np.zeros(4, int)) == 1


@pytest.mark.parametrize("seed", range(3))
def test_flips_are_those_of_scipy(seed: int) -> None:
    rng = np.random.default_rng(seed)

    def total(x: np.ndarray, axis: int) -> np.ndarray:
        return x.sum(axis=axis)

    for size in (9, 14):  # counted; drawn, where SciPy can still count all 2**14
        of = rng.integers(1, 5, size) * rng.choice([-1, 1, 1], size)
        expected = permutation_test(
            (of,), total, permutation_type="samples", n_resamples=2**14, vectorized=True
        ).pvalue
        error = (
            0 if size == 9 else 4 * np.sqrt(expected * (1 - expected) / significance.FLIPS) + 1e-4
        )
        assert significance.flip_test(of) == pytest.approx(expected, abs=error + 1e-12)


def test_drawn_flips_are_never_impossible_and_always_the_same() -> None:
    of = np.arange(1, 26)
    assert significance.flip_test(of) == 1 / (1 + significance.FLIPS)
    mixed = np.random.default_rng(0).permutation(of * np.where(of % 3 == 0, -1, 1))
    assert significance.flip_test(mixed) == significance.flip_test(-np.sort(mixed))


def test_what_no_flip_can_be_is_not_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """288 of 400 films differ one way: just beyond the bound, where all that are drawn agree."""
    of = np.ones(400, np.int64)
    of[:112] = -1  # the sum is 176, of which a flip's standard deviations are 20
    coins = Mock(side_effect=significance.coins)
    monkeypatch.setattr(significance, "coins", coins)
    assert significance.flip_test(of) == 1 / (1 + significance.FLIPS)
    coins.assert_not_called()
    monkeypatch.setattr(significance, "NEVER", 1e-300)
    assert significance.flip_test(of) == 1 / (1 + significance.FLIPS)
    coins.assert_called_once()


@pytest.mark.parametrize("size", [13, 25, 801])
def test_flips_in_parts_are_all_flips_at_once(size: int) -> None:
    of = np.random.default_rng(size).integers(1, 9, size) * np.where(np.arange(size) % 5, -1, 1)
    shape = significance.FLIPS, size
    signs = np.random.RandomState(0).randint(0, 2, shape, dtype=np.int64) * 2 - 1
    extreme = np.abs(signs @ np.sort(np.abs(of))[::-1]) >= abs(of.sum())
    expected = (1 + extreme.sum()) / (1 + significance.FLIPS)
    assert significance.flip_test(of) == expected
