"""Spread over seeds, folds, clips and films: hand-worked cases, laws, statsmodels."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from hvc_core import study
from hvc_core.statistics import spread, stats
from hvc_core.statistics.bootstrap import bootstrap_weights, strata
from hvc_core.statistics.counts import per_source, sources
from tests.support.studies import make_study

CLASSES = ["A", "B"]


def table(
    rows: list[tuple[int, int, str, int, int, int]], protocol: str = "group5"
) -> pd.DataFrame:
    """Predictions of model m from (fold, seed, class, group, right clips, wrong clips)."""
    found = []
    for fold, seed, name, group, right, wrong in rows:
        for n in range(right + wrong):
            answered = CLASSES.index(name) if n < right else 1 - CLASSES.index(name)
            values = np.eye(2, dtype=np.float32)[answered]
            found.append((protocol, fold, seed, "m", f"{name}{group}-{n}", name, group, values))
    columns = "protocol fold seed model clip class group probabilities".split()
    return pd.DataFrame(found, columns=columns)


def test_by_hand() -> None:
    df = table(
        [  # fold, seed, class, group, right, wrong
            (0, 1, "A", 1, 4, 0),
            (0, 1, "B", 1, 2, 2),
            (1, 1, "A", 2, 1, 3),
            (1, 1, "B", 2, 3, 1),  # seed 1: 10 of 16; fold 0 6 of 8, fold 1 4 of 8
            (0, 2, "A", 1, 4, 0),
            (0, 2, "B", 1, 4, 0),
            (1, 2, "A", 2, 2, 2),
            (1, 2, "B", 2, 4, 0),  # seed 2: 14 of 16; fold 0 8 of 8, fold 1 6 of 8
        ]
    )
    found = spread.spread(df, "m", "group5", CLASSES)
    assert (found.model, found.protocol, found.clips) == ("m", "group5", 16)
    assert found.accuracy == 0.75
    assert found.by_seed == {1: 10 / 16, 2: 14 / 16}
    assert found.by_fold == {0: 14 / 16, 1: 10 / 16}
    assert found.seed_sd == pytest.approx(math.sqrt(2 * 0.125**2))  # n - 1 is 1
    assert found.fold_sd == pytest.approx(math.sqrt(2 * 0.125**2))
    assert found.clip_se == pytest.approx(math.sqrt(0.75 * 0.25 / 16))
    assert found.wilson == spread.wilson(10, 16)
    # Of two films a class, each replicate draws one and counts it twice: of seed 1, A brings 8 or 2
    # and B 4 or 6 of 16; of seed 2, A 8 or 4 and B always 8.
    variance_1 = (3 / 16) ** 2 + (1 / 16) ** 2
    variance_2 = (2 / 16) ** 2
    expected = math.sqrt((variance_1 + variance_2) / 2)
    assert found.source_se == pytest.approx(expected, rel=0.05)
    assert found.design_effect == pytest.approx((found.source_se / found.clip_se) ** 2)
    # The first seed's run from (2 + 4) / 16 to (8 + 6) / 16.
    assert found.grouped == pytest.approx((6 / 16, 14 / 16))


def test_one_seed_and_one_fold_have_no_deviation() -> None:
    df = table([(0, 7, "A", 1, 1, 1), (0, 7, "A", 2, 2, 0), (0, 7, "B", 1, 1, 1)])
    found = spread.spread(df, "m", "group5", CLASSES)
    assert found.seed_sd is None
    assert found.fold_sd is None
    assert (found.by_seed, found.by_fold) == ({7: 4 / 6}, {0: 4 / 6})


def test_all_right_has_no_design_effect() -> None:
    df = table([(0, 1, name, group, 2, 0) for name in CLASSES for group in (1, 2, 3)])
    found = spread.spread(df, "m", "group5", CLASSES)
    assert (found.source_se, found.clip_se, found.design_effect) == (0, 0, None)
    assert found.grouped == (1, 1)


def test_copies_of_films_make_a_design_effect_of_their_number() -> None:
    # Films that are all right or all wrong: k clips of one are worth one clip.
    rng = np.random.default_rng(0)
    right = rng.uniform(size=(2, 100)) < 0.6
    for each in (1, 4):
        rows = [
            (0, 1, name, group, each * int(right[i, group]), each * int(not right[i, group]))
            for i, name in enumerate(CLASSES)
            for group in range(100)
        ]
        found = spread.spread(table(rows), "m", "group5", CLASSES)
        assert found.design_effect == pytest.approx(each, rel=0.1)


def test_another_quarter_of_the_clips_each_seed_is_no_design_effect() -> None:
    # Every clip its own film and every seed other clips: independent, whatever the seeds' number.
    rng = np.random.default_rng(1)
    rows = []
    for seed in range(4):
        for group in range(seed * 60, seed * 60 + 60):
            right = int(rng.uniform() < 0.7)
            rows.append((0, seed, CLASSES[group % 2], group, right, 1 - right))
    found = spread.spread(table(rows, "random"), "m", "random", CLASSES)
    assert found.clips == 60
    assert found.design_effect == pytest.approx(1, rel=0.15)


def test_a_film_may_have_no_clip_in_a_seed() -> None:
    df = table([(0, 1, "A", 1, 1, 0), (0, 1, "A", 2, 0, 3), (0, 2, "A", 2, 1, 1)], "random")
    index = sources(df, CLASSES)
    counted = per_source(df, CLASSES, index)
    hits, clips = counted.hits, counted.clips
    assert counted.seeds == (1, 2)
    assert hits.tolist() == [[1, 0], [0, 1]]
    assert clips.tolist() == [[1, 3], [0, 2]]
    weights = np.array([[2.0, 0], [0, 2], [1, 1], [0, 0]])
    mean, drawn = spread.share(hits, clips, weights)
    assert mean == (1 / 4 + 1 / 2) / 2
    # Film 1 alone: seed 2 has no clip and does not count. No film at all: no accuracy.
    np.testing.assert_allclose(drawn, [1, (0 + 0.5) / 2, mean, np.nan])
    found = spread.spread(df, "m", "random", CLASSES)
    assert found.accuracy == mean
    assert found.grouped == pytest.approx((0, 1))  # seed 1: film 1 or film 2


def test_shares_by_class_are_the_shares_of_each_class() -> None:
    rng = np.random.default_rng(0)
    rows = [
        (0, seed, name, group, *rng.integers(0, 3, 2).tolist())
        for seed in (1, 2)
        for name, films in (("A", 4), ("B", 3))
        for group in range(films)
    ]
    df = table(rows, "random")
    classes = ["A", "none", "B"]
    wider = [np.insert(one, 1, 0) for one in df["probabilities"]]
    df = df.assign(probabilities=pd.Series(wider, dtype=object))
    index = sources(df, classes)
    found, weights = per_source(df, classes, index), bootstrap_weights(strata(index))
    whole, drawn = spread.share_by_class(found, weights)
    for i in (0, 2):
        of = found.number == i
        share, of_class = spread.share(found.hits[:, of], found.clips[:, of], weights[:, of])
        assert whole[i] == share
        np.testing.assert_array_equal(drawn[:, i], of_class)
    assert np.isnan(whole[1]) and np.isnan(drawn[:, 1]).all()


def test_the_interval_is_that_of_the_summary_of_the_first_seed(tmp_path: Path) -> None:
    made = study.read(make_study(tmp_path, classes=4, protocol=["group5", "random"], onnx=False))
    for protocol in ("group5", "random"):
        found = spread.spread(made.predictions, "lrcn", protocol, made.classes)
        known = stats.summary(made.predictions, "lrcn", protocol, made.classes)
        assert found.accuracy == pytest.approx(known.accuracy.mean)
        rows = made.predictions
        one = stats.summary(rows[rows["seed"] == 1], "lrcn", protocol, made.classes).accuracy
        assert found.grouped == pytest.approx((one.lo, one.hi))
        assert tuple(found.by_seed.values()) == pytest.approx(known.accuracy_by_seed)
        assert list(found.by_fold) == list(range(5 if protocol == "group5" else 1))
        mixed = made.predictions.sample(frac=1, random_state=1)
        again = spread.spread(mixed, "lrcn", protocol, made.classes)
        assert again.by_fold == pytest.approx(found.by_fold)
        assert again.grouped == pytest.approx(found.grouped)


def test_the_standard_error_of_one_seed_is_that_of_its_replicates() -> None:
    rng = np.random.default_rng(3)
    rows = [(0, 1, n, g, *rng.integers(1, 5, 2).tolist()) for n in CLASSES for g in range(6)]
    df = table(rows)
    index = sources(df, CLASSES)
    weights = bootstrap_weights(strata(index))
    right = np.array([row[4] for row in rows])
    number = right + [row[5] for row in rows]
    drawn = (weights @ right) / (weights @ number)
    found = spread.spread(df, "m", "group5", CLASSES)
    assert found.source_se == pytest.approx(drawn.std(ddof=1))


@given(st.integers(1, 5000), st.floats(0, 1))
def test_wilson(n: int, part: float) -> None:
    right = round(part * n)
    expected = proportion_confint(right, n, alpha=0.05, method="wilson")
    assert spread.wilson(right, n) == pytest.approx(expected, abs=1e-12)


def test_wilson_by_hand() -> None:
    # 8 of 10: (0.8 + z²/20 ± z sqrt(0.016 + z²/400)) / (1 + z²/10) with z² = 3.8415
    assert spread.wilson(8, 10) == pytest.approx((0.4902, 0.9433), abs=5e-5)
    assert spread.wilson(0, 7)[0] == 0
    assert spread.wilson(7, 7)[1] == 1


@pytest.mark.parametrize(("right", "n"), [(0, 0), (-1, 3), (4, 3)])
def test_wilson_of_impossible_counts(right: int, n: int) -> None:
    with pytest.raises(ValueError, match="expected 0 to n right"):
        spread.wilson(right, n)


def test_no_predictions() -> None:
    with pytest.raises(ValueError, match="m has no predictions under protocol holdout"):
        spread.spread(table([(0, 1, "A", 1, 1, 1)]), "m", "holdout", CLASSES)
