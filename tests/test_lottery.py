"""The seed lottery by hand: under, over and the same as a published figure.

May import: numpy, pandas, pytest, hvc_core.statistics.lottery.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from hvc_core.statistics.lottery import lottery


def seeds(right: list[int], of: int = 4) -> pd.DataFrame:
    """A model's rows under `random`: seed i is right on right[i] of its clips."""
    rows = [
        {
            "protocol": "random", "seed": seed, "model": "m", "class": "A",
            "probabilities": np.array([1, 0] if i < n else [0, 1], np.float32),
        }
        for seed, n in enumerate(right)
        for i in range(of)
    ]  # fmt: skip
    return pd.DataFrame(rows)


@pytest.mark.parametrize(
    ("published", "below", "equal", "words"),
    [
        (0.70, 1, 1, "above 1 of 4 seeds, as 1 of them"),  # within half a clip of 3 of 4
        (0.90, 2, 2, "above 2 of 4 seeds, as 2 of them"),
        (0.30, 0, 0, "below all 4 seeds"),
        (1.30, 4, 0, "above all 4 seeds"),
    ],
)
def test_a_figure_among_four_seeds(published, below, equal, words):
    found = lottery(seeds([2, 3, 4, 4]), "m", published, ["A", "B"])
    assert found.by_seed == {0: 0.5, 1: 0.75, 2: 1.0, 3: 1.0}
    assert (found.below, found.equal, found.words) == (below, equal, words)


def test_other_protocols_and_models_have_no_say():
    mixed = pd.concat(
        [seeds([2]), seeds([4]).assign(protocol="holdout"), seeds([0]).assign(model="o")]
    )
    assert lottery(mixed, "m", 0.5, ["A", "B"]).by_seed == {0: 0.5}
    with pytest.raises(ValueError, match="x has no predictions under protocol random"):
        lottery(mixed, "x", 0.5, ["A", "B"])


def test_what_of_the_spread_the_test_clips_alone_give():
    found = lottery(seeds([2, 3, 4, 4]), "m", 0.5, ["A", "B"])
    assert found.clips == 4
    assert found.deviation == pytest.approx(np.std([0.5, 0.75, 1, 1], ddof=1))
    assert found.of_clips == pytest.approx((0.8125 * 0.1875 / 4) ** 0.5)
    assert np.isnan(lottery(seeds([2]), "m", 0.5, ["A", "B"]).deviation)
