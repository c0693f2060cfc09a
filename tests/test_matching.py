"""Which rows of two models are held against each other: the same clips, seed by seed.

May import: pandas, pytest, hvc_core.statistics.
"""

from __future__ import annotations

import pandas as pd
import pytest

from hvc_core.statistics import stats
from hvc_core.statistics.matching import comparable, matched, of_both

CLASSES = ["A", "B"]


def rows(model: str, seed: int, right: dict[int, str]) -> list[dict]:
    """A row a clip of class A: group -> a 1 or a 0 for each of its clips."""
    return [
        {
            "protocol": "random",
            "fold": 0,
            "seed": seed,
            "model": model,
            "clip": f"v_A_g{group:02}_c{number:02}",
            "class": "A",
            "group": group,
            "probabilities": [0.9, 0.1] if hit == "1" else [0.1, 0.9],
        }
        for group, hits in right.items()
        for number, hit in enumerate(hits)
    ]


def test_a_seed_that_only_one_model_has_is_left_out_where_its_clips_are_others() -> None:
    """Else the mean over its seeds would be of easier clips."""
    many = rows("a", 1, {1: "1100", 2: "10"}) + rows("a", 2, {2: "1111", 3: "11"})
    df = pd.DataFrame(many + rows("b", 1, {1: "1000", 2: "00", 3: "0"}))
    of_a, of_b = comparable(*of_both(df, "a", "b", "random"))
    assert set(of_a["seed"]) == set(of_b["seed"]) == {1}
    found = stats.difference(df, "a", "b", "random", CLASSES)
    assert found.accuracy.mean == pytest.approx(3 / 6 - 1 / 6)
    assert (found.clips, found.sources, found.seeds) == (6, 2, (1, 1))


def test_all_seeds_count_where_all_have_the_same_clips() -> None:
    many = rows("a", 1, {1: "1100"}) + rows("a", 2, {1: "1111"})
    df = pd.DataFrame(many + rows("b", 1, {1: "1000", 2: "11"}))
    of_a, of_b = comparable(*of_both(df, "a", "b", "random"))
    assert set(of_a["seed"]) == {1, 2} and len(of_b) == 4
    found = stats.difference(df, "a", "b", "random", CLASSES)
    assert found.accuracy.mean == pytest.approx((2 / 4 + 4 / 4) / 2 - 1 / 4)
    assert found.seeds == (2, 1)


def test_nothing_in_common() -> None:
    df = pd.DataFrame(rows("a", 1, {1: "11"}) + rows("b", 1, {2: "11"}))
    assert matched(*of_both(df, "a", "b", "random")) == []
    assert not any(len(own) for own in comparable(*of_both(df, "a", "b", "random")))


def test_a_model_that_other_rows_stand_beside_has_the_interval_that_it_has_alone() -> None:
    """Other models' films are not its own: they must not enter its resampling."""
    own = rows("a", 1, {1: "1100", 2: "10", 3: "111"})
    both = pd.DataFrame(own + rows("b", 1, dict.fromkeys(range(1, 9), "10")))
    alone = stats.summary(pd.DataFrame(own), "a", "random", CLASSES)
    assert stats.summary(both, "a", "random", CLASSES) == alone


def test_a_clip_that_is_there_twice_is_not_held_against_another() -> None:
    df = pd.DataFrame(rows("a", 1, {1: "11"}) + rows("a", 1, {1: "1"}) + rows("b", 1, {1: "10"}))
    with pytest.raises(ValueError, match="more than one row in seed 1"):
        matched(*of_both(df, "a", "b", "random"))
