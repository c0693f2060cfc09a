"""Uncertainty: laws of the resampling, intervals that hold the truth, differences, verdicts."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hvc_core import study
from hvc_core.statistics import bootstrap, counts, metrics, stats
from hvc_core.statistics import verdict as verdict_of
from hvc_core.statistics.kept import Kept, digest
from tests.support.studies import make_study

CLASSES = ["A", "B", "C"]


def clips(
    rng: np.random.Generator,
    skill: float,
    model: str = "lrcn",
    seed: int = 1,
    groups: int = 6,
    each: int = 3,
) -> pd.DataFrame:
    """Predictions of a model that answers rightly with the probability `skill`."""
    true, group, number = (
        a.ravel() for a in np.meshgrid(range(3), range(1, groups + 1), range(each), indexing="ij")
    )
    right = rng.uniform(size=len(true)) < skill
    answered = np.where(right, true, (true + 1 + rng.integers(0, 2, len(true))) % 3)
    values = np.eye(3, dtype=np.float32)[answered]
    return pd.DataFrame(
        {
            "protocol": "holdout",
            "fold": 0,
            "seed": seed,
            "model": model,
            "clip": [f"{CLASSES[t]}{g}-{n}" for t, g, n in zip(true, group, number, strict=True)],
            "class": [CLASSES[t] for t in true],
            "group": group,
            "probabilities": list(values),
        }
    )


def pair(skill_a: float, skill_b: float, seed: int = 0, seeds: int = 2) -> pd.DataFrame:
    """Predictions of models a and b."""
    rng = np.random.default_rng(seed)
    parts = [
        clips(rng, skill, model, number)
        for model, skill in (("a", skill_a), ("b", skill_b))
        for number in range(1, seeds + 1)
    ]
    return pd.concat(parts, ignore_index=True)


def source_video_confusions(df: pd.DataFrame, classes: list[str]) -> np.ndarray:
    """Confusion counts of each source video (V, C, C): a second way to count, whole matrices."""
    index = counts.sources(df, classes)
    true, answered = counts.answers(df, classes)
    at = index.get_indexer(pd.MultiIndex.from_arrays([true, df["group"].to_numpy(np.int64)]))
    count = len(classes)
    flat = (at * count + true) * count + answered
    return np.bincount(flat, minlength=len(index) * count**2).reshape(-1, count, count)


def test_confusions_of_source_videos_sum_to_the_whole() -> None:
    df = clips(np.random.default_rng(0), 0.6)
    found = source_video_confusions(df, CLASSES)
    assert found.shape == (18, 3, 3)
    assert (found.sum(axis=0) == metrics.confusion(df, CLASSES)).all()
    index = counts.sources(df, CLASSES)
    assert list(index[:2]) == [(0, 1), (0, 2)]
    short = counts.per_source(df, CLASSES, index)
    assert short.seeds == (1,) and list(short.number) == index.get_level_values(0).tolist()
    assert (short.hits[0] == np.diagonal(found, axis1=1, axis2=2).sum(axis=1)).all()
    assert (short.clips[0] == found.sum(axis=(1, 2))).all()
    assert (short.answered[0] == found.sum(axis=1)).all()
    with pytest.raises(ValueError, match="not in the index"):
        counts.per_source(df, CLASSES, index[1:])
    with pytest.raises(ValueError, match="not in the index"):
        counts.per_source(df.assign(group=99), CLASSES, index)


@given(st.lists(st.integers(-1, 4), min_size=1, max_size=20), st.integers(0, 3))
def test_weights_keep_the_size_of_each_stratum(strata: list[int], seed: int) -> None:
    weights = bootstrap.bootstrap_weights(tuple(strata), 50, seed)
    assert weights.shape == (50, len(strata))
    assert (weights >= 0).all()
    for stratum in set(strata):
        held = weights[:, np.array(strata) == stratum]
        assert (held.sum(axis=1) * len(strata) == weights.sum(axis=1) * strata.count(stratum)).all()
    assert (weights == np.rint(weights)).all()
    again = bootstrap.bootstrap_weights.__wrapped__(tuple(strata), 50, seed)
    assert (again == weights).all()


def test_weights_are_these_for_ever() -> None:
    # Stored intervals are compared with derived ones: a changed stream would break every study.
    weights = bootstrap.bootstrap_weights((0, 0, 0, 1, 1), 3, 0)
    expected = [[1.5, 1.5, 0, 2, 0], [1.5, 1.5, 0, 0, 2], [0, 1.5, 1.5, 2, 0]]
    assert (weights / 2).tolist() == expected  # halves, in whole numbers
    with pytest.raises(ValueError, match="read-only"):
        weights[0, 0] = 1


def test_weights_of_films_too_many_for_whole_numbers() -> None:
    strata = [size for size in range(2, 40) for _ in range(size)]
    assert math.lcm(*range(1, 39)) > bootstrap.LARGEST
    weights = bootstrap.bootstrap_weights(tuple(strata), 20)
    np.testing.assert_allclose(weights.sum(axis=1), len(strata))
    assert set(weights[:, :2].ravel()) == {0, 2}


def test_weights_have_the_variance_of_a_mean() -> None:
    # The rescaling's point: with n = 5 the resampled mean varies as much as s**2 / n says.
    values = np.array([1.0, 2, 4, 7, 11])
    weights = bootstrap.bootstrap_weights((0,) * 5, 20000, 0)
    means = weights @ values / weights.sum(axis=1)
    assert means.var() == pytest.approx(values.var(ddof=1) / 5, rel=0.03)


def test_classes_with_one_source_are_resampled_together() -> None:
    index = pd.MultiIndex.from_tuples([(0, 1), (0, 2), (1, 1), (2, 7), (3, 1), (3, 2)])
    assert bootstrap.strata(index) == (0, 0, -1, -1, 3, 3)


def test_interval() -> None:
    assert bootstrap.interval(np.arange(1001) / 1000) == pytest.approx((0.025, 0.975))


@settings(max_examples=25)
@given(st.integers(0, 10**6), st.floats(0, 1))
def test_the_interval_is_around_the_value(seed: int, skill: float) -> None:
    df = clips(np.random.default_rng(seed), skill)
    found = stats.summary(df, "lrcn", "holdout", CLASSES)
    cell = metrics.cell_metrics(df, CLASSES)
    assert found.accuracy.mean == pytest.approx(cell["accuracy"])
    assert (found.accuracy.lo, found.accuracy.hi) == pytest.approx(tuple(cell["accuracy_ci"]))
    for name in ("accuracy", "recall_macro", "f1_macro", "precision_macro"):
        estimate = getattr(found, name)
        assert estimate.mean == pytest.approx(cell[name])
        assert -1e-9 <= estimate.lo <= estimate.hi <= 1 + 1e-9
    assert found.accuracy.lo - 1e-9 <= found.accuracy.mean <= found.accuracy.hi + 1e-9
    for name in CLASSES:
        assert found.f1[name].mean == pytest.approx(cell["per_class"][name]["f1"])
        assert found.recall[name].mean == pytest.approx(cell["per_class"][name]["recall"])


def test_a_summary_is_the_mean_over_seeds() -> None:
    df = pair(0.6, 0.9, seeds=3)
    found = stats.summary(df, "a", "holdout", CLASSES)
    cells = [c for c in metrics.derive(df, CLASSES)["cells"] if c["model"] == "a"]
    assert found.seeds == (1, 2, 3)
    assert found.accuracy_by_seed == pytest.approx([c["accuracy"] for c in cells])
    assert found.f1_macro_by_seed == pytest.approx([c["f1_macro"] for c in cells])
    assert found.f1_macro.mean == pytest.approx(np.mean([c["f1_macro"] for c in cells]))
    assert (found.clips, found.sources) == (54, 18)


def test_resampling_by_hand() -> None:
    df = pair(0.5, 0.5, seeds=2)
    confusions = [
        source_video_confusions(df[(df["model"] == "a") & (df["seed"] == seed)], CLASSES)
        for seed in (1, 2)
    ]
    weights = bootstrap.bootstrap_weights(bootstrap.strata(counts.sources(df, CLASSES)))
    drawn = []
    for row in weights:
        matrices = [np.tensordot(row, found, 1) for found in confusions]
        drawn.append(np.mean([metrics.per_class(matrix).f1.mean() for matrix in matrices]))
    found = stats.summary(df, "a", "holdout", CLASSES).f1_macro
    assert (found.lo, found.hi) == pytest.approx(bootstrap.interval(np.array(drawn)))


def test_the_order_of_rows_says_nothing() -> None:
    df = pair(0.6, 0.7)
    mixed = df.sample(frac=1, random_state=3)
    assert stats.summary(mixed, "a", "holdout", CLASSES) == stats.summary(
        df, "a", "holdout", CLASSES
    )
    assert verdict_of.verdict(mixed, "a", "b", "holdout", CLASSES) == verdict_of.verdict(
        df, "a", "b", "holdout", CLASSES
    )


def test_near_copies_of_a_clip_add_no_certainty() -> None:
    df = clips(np.random.default_rng(0), 0.6, groups=8, each=1)
    copies = pd.concat([df.assign(clip=df["clip"] + f"-{i}") for i in range(9)])
    few, many = (stats.summary(d, "lrcn", "holdout", CLASSES).accuracy for d in (df, copies))
    assert (few.lo, few.hi) == pytest.approx((many.lo, many.hi))


def test_a_class_without_clips_scores_nothing() -> None:
    df = clips(np.random.default_rng(0), 1.0)
    df = df[df["class"] != "C"]
    found = stats.summary(df, "lrcn", "holdout", CLASSES)
    assert found.f1["C"] == stats.Estimate(0, 0, 0)
    assert found.f1_macro.mean == pytest.approx(2 / 3)
    assert (found.f1_macro.lo, found.f1_macro.hi) == pytest.approx((2 / 3, 2 / 3))


def test_one_source_a_class_has_an_interval_still() -> None:
    df = clips(np.random.default_rng(0), 0.6, groups=1, each=4)
    found = stats.summary(df, "lrcn", "holdout", CLASSES)
    assert 0 <= found.accuracy.lo < found.accuracy.hi <= 1
    assert all(0 <= found.f1[name].lo <= found.f1[name].hi <= 1 for name in CLASSES)


def test_no_predictions() -> None:
    with pytest.raises(ValueError, match="lrcn has no predictions under protocol group5"):
        stats.summary(clips(np.random.default_rng(0), 1), "lrcn", "group5", CLASSES)
    with pytest.raises(ValueError, match="no clip has a prediction of both"):
        stats.difference(pair(1, 1), "a", "c", "holdout", CLASSES)


def test_intervals_hold_the_truth() -> None:
    """Simulated holdouts of 12 classes with 5 films each: how often is the truth inside?"""
    rng = np.random.default_rng(7)
    names = [f"C{i}" for i in range(12)]
    skill = rng.uniform(0.4, 0.95, 12)
    taken_for = rng.dirichlet(np.full(12, 0.3), 12)
    taken_for[np.arange(12), np.arange(12)] = 0
    taken_for /= taken_for.sum(axis=1, keepdims=True)

    def draw(groups: int) -> np.ndarray:
        """Counts (V, 3, C) of films whose clips share their film's own difficulty."""
        of = np.repeat(np.arange(12), groups)
        number = rng.integers(3, 8, len(of))
        hits = rng.binomial(number, rng.beta(4 * skill[of], 4 * (1 - skill[of])))
        found = np.zeros((len(of), 3, 12))
        found[:, 2] = rng.multinomial(number - hits, taken_for[of])
        at = np.arange(len(of))
        found[at, 0, of], found[at, 1, of] = hits, number
        found[at, 2, of] += hits
        return found

    def values(counted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        found = counts.scores(counted[:, 0], counted[:, 1], counted[:, 2])
        hits, number = counted[:, 0].sum(axis=1), counted[:, 1].sum(axis=1)
        return hits / number, found.f1.mean(axis=1)

    truth = [float(v[0]) for v in values(draw(20000).sum(axis=0)[None])]
    weights = bootstrap.bootstrap_weights(
        tuple(np.repeat(np.arange(len(names)), 5).tolist()), 500, 0
    )
    held = np.zeros(2)
    for _ in range(400):
        found = draw(5)
        drawn = (weights @ found.reshape(60, -1)).reshape(500, 3, 12)
        for i, replicates in enumerate(values(drawn)):
            low, high = bootstrap.interval(replicates)
            held[i] += low <= truth[i] <= high
    accuracy, f1_macro = held / 400
    assert 0.91 <= accuracy <= 0.98
    assert 0.89 <= f1_macro <= 0.98


# Differences and verdicts


@settings(max_examples=25)
@given(st.integers(0, 10**6), st.floats(0.2, 1), st.floats(0.2, 1))
def test_the_verdict_does_not_depend_on_who_is_named_first(
    seed: int, skill_a: float, skill_b: float
) -> None:
    df = pair(skill_a, skill_b, seed)
    one = verdict_of.verdict(df, "a", "b", "holdout", CLASSES)
    two = verdict_of.verdict(df, "b", "a", "holdout", CLASSES)
    assert one.winner == two.winner
    assert one.difference is not None and two.difference is not None
    assert one.interval is not None and two.interval is not None
    assert one.difference == pytest.approx(-two.difference)
    assert one.interval == pytest.approx((-two.interval[1], -two.interval[0]))
    # The rule asks for more than this interval, never for less.
    assert one.winner is None or not one.interval[0] <= 0 <= one.interval[1]
    assert (one.winner is None) == one.sentence.startswith("Cannot tell")


def test_a_lead_in_accuracy_alone_names_no_winner() -> None:
    """Drawn by hypothesis once: the interval is above 0, McNemar's test of a seed is not sure."""
    df = pair(0.625, 0.4375, 0)
    found = verdict_of.verdict(df, "a", "b", "holdout", CLASSES)
    assert found.winner is None and found.interval is not None and found.interval[0] > 0
    assert "macro F1 or one of the tests may be chance" in found.sentence


def test_a_clear_winner_is_named() -> None:
    found = verdict_of.verdict(
        pair(0.4, 0.95), "a", "b", "holdout", CLASSES, {"a": "ConvLSTM", "b": "LRCN"}
    )
    assert found.winner == "b"
    assert found.difference is not None and found.interval is not None
    low, high = -found.interval[1], -found.interval[0]
    assert found.sentence == (
        f"LRCN beats ConvLSTM by {-100 * found.difference:.1f} points of accuracy (95 % interval "
        f"{100 * low:+.1f} to {100 * high:+.1f}; on 54 clips of 18 source videos, "
        "protocol holdout, means over 2 seeds)."
    )


def test_the_difference_is_paired() -> None:
    # b is wrong where a is and on one clip more of each film: that is the same in every replicate.
    df = pair(1.0, 1.0, seeds=1)
    worse = df["model"].eq("b") & df["clip"].str.endswith("-0")
    turned = [np.roll(p, 1) if w else p for p, w in zip(df["probabilities"], worse, strict=True)]
    hard = df["group"].isin([1, 2])  # whole films that both get wrong, but for that one clip
    turned = [
        np.roll(p, 1) if h and not w else p for p, h, w in zip(turned, hard, worse, strict=True)
    ]
    df = df.assign(probabilities=pd.Series(turned, dtype=object))
    found = stats.difference(df, "a", "b", "holdout", CLASSES)
    alone = stats.summary(df, "a", "holdout", CLASSES).accuracy
    assert found.accuracy.hi - found.accuracy.lo < alone.hi - alone.lo
    assert found.clips == 54 and found.sources == 18 and found.seeds == (1, 1)
    other = stats.summary(df, "b", "holdout", CLASSES)
    own = stats.summary(df, "a", "holdout", CLASSES)
    for name in stats.SCORES:
        gap = getattr(own, name).mean - getattr(other, name).mean
        assert getattr(found, name).mean == pytest.approx(gap)
        assert getattr(found, name).lo <= gap <= getattr(found, name).hi


def test_the_same_answers_cannot_be_told_apart() -> None:
    df = clips(np.random.default_rng(0), 0.7, "a")
    both = pd.concat([df, df.assign(model="b")], ignore_index=True)
    found = verdict_of.verdict(both, "a", "b", "holdout", CLASSES)
    assert (found.winner, found.difference, found.interval) == (None, 0, (0, 0))
    assert found.sentence.startswith("Cannot tell a and b apart: their accuracy is the same")


def test_a_small_lead_cannot_be_told() -> None:
    found = verdict_of.verdict(pair(0.70, 0.74), "a", "b", "holdout", CLASSES)
    assert found.winner is None
    assert "within what another choice of films may change" in found.sentence


def test_only_shared_clips_are_compared() -> None:
    df = pair(0.5, 0.9)
    some = df[~((df["model"] == "b") & (df["group"] > 4))]
    found = stats.difference(some, "a", "b", "holdout", CLASSES)
    assert (found.clips, found.sources) == (36, 12)
    shared = df[df["group"] <= 4]
    assert found == stats.difference(shared, "a", "b", "holdout", CLASSES)


def test_no_verdict_on_nothing_or_on_few_films() -> None:
    df = pair(0.1, 1.0)
    nothing = verdict_of.verdict(df, "a", "c", "holdout", CLASSES)
    assert nothing == verdict_of.Verdict(
        "Cannot tell: no clip was put to both a and c under holdout.", None, None, None
    )
    few = verdict_of.verdict(df[df["group"] == 1], "a", "b", "holdout", CLASSES)
    assert few.winner is None
    assert few.sentence.startswith("Cannot tell a and b apart: 3 source videos are too few")


def test_seeds_may_differ() -> None:
    df = pair(0.4, 0.9, seeds=3)
    df = df[(df["model"] == "a") | (df["seed"] == 1)]
    found = verdict_of.verdict(df, "a", "b", "holdout", CLASSES)
    assert "means over 3 and 1 seeds" in found.sentence


def test_every_model_of_a_large_study_has_a_summary(tmp_path: Path) -> None:
    found = study.read(make_study(tmp_path, models=10, classes=50, seeds=2, onnx=False))
    for model in found.models:
        summary = stats.summary(found.predictions, model, "holdout", found.classes)
        assert list(summary.f1) == found.classes
        assert summary.accuracy.lo < summary.accuracy.mean < summary.accuracy.hi


def test_what_was_drawn_before_is_what_would_be_drawn() -> None:
    rng = np.random.default_rng(3)
    both = pd.concat([clips(rng, 0.7, "a"), clips(rng, 0.5, "b")], ignore_index=True)
    stats.KEPT.clear()
    fresh = stats.difference(both, "a", "b", "holdout", CLASSES)
    stats.KEPT.clear()
    summaries = [stats.summary(both, name, "holdout", CLASSES) for name in ("a", "b")]
    assert stats.difference(both, "a", "b", "holdout", CLASSES) == fresh
    assert [stats.summary(both, name, "holdout", CLASSES) for name in ("a", "b")] == summaries


def test_accuracy_alone_is_that_of_the_summary(tmp_path: Path) -> None:
    made = study.read(make_study(tmp_path, classes=4, protocol=["group5", "random"], onnx=False))
    for protocol in ("group5", "random"):
        rows = made.predictions[made.predictions["protocol"] == protocol]
        for df in (rows, rows.drop(rows.index[::7])):  # seeds of the same clips, and of others
            whole = stats.summary(df, "lrcn", protocol, made.classes)
            found = stats.brief(df, "lrcn", protocol, made.classes)
            assert found.accuracy == whole.accuracy
            recalls = {name: one.mean for name, one in whole.recall.items()}
            assert found.recalls == pytest.approx(recalls)
    with pytest.raises(ValueError, match="none has no predictions under protocol random"):
        stats.brief(made.predictions, "none", "random", made.classes)


def test_half_the_bits_add_up_to_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    df = pair(0.4, 0.8, seeds=2)
    light = stats.summary(df, "a", "holdout", CLASSES)
    monkeypatch.setattr(stats, "whole_unit", lambda strata: None)
    assert stats.summary(df, "a", "holdout", CLASSES) == light


def test_only_so_much_is_kept_and_the_longest_unasked_goes() -> None:
    drawn: list[bytes] = []

    def ask(key: bytes) -> None:
        def draw() -> dict[str, np.ndarray]:
            drawn.append(key)
            return {"accuracy": np.zeros(2)}

        assert kept.of(key, draw)["accuracy"].shape == (2,)

    kept = Kept(most=2)
    for key in (b"a", b"b", b"a", b"c", b"a", b"b"):
        ask(key)
    assert drawn == [b"a", b"b", b"c", b"b"]
    ones = np.ones((2, 4))
    found = counts.PerSource((1, 2), np.array([0, 0, 1, 1]), ones, ones, np.ones((2, 4, 2)))
    keys = {
        digest((0, 0, 1, 1), found),
        digest((0, 0, 0, 0), found),
        digest((0, 0, 1, 1), replace(found, number=np.array([0, 1, 1, 1]))),
        digest((0, 0, 1, 1), replace(found, hits=2 * ones)),
        digest((0, 0, 1, 1), replace(found, hits=2 * ones, clips=2 * ones)),
        digest((0, 0, 1, 1), replace(found, answered=np.ones((2, 4, 1)))),
    }
    assert len(keys) == 6
