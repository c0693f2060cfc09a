"""Two models on the same clips: who is right where the other is not, and whether that is chance.

McNemar's test takes clips for independent. They are not (`bootstrap` says why), so it is one of
four things that have to agree before a winner is named, and per class a test that flips whole
source videos stands in its place.

Pure functions. May import: numpy, pandas, .bootstrap, .counts, .matching, .significance, .spread,
.stats.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from hvc_core.statistics import stats
from hvc_core.statistics.bootstrap import bootstrap_weights, known_intervals, strata
from hvc_core.statistics.counts import PerSource, answers, per_source, sources
from hvc_core.statistics.matching import matched, of_both
from hvc_core.statistics.significance import McNemar, flip_test, holm, mcnemar
from hvc_core.statistics.spread import share_by_class

RULE = (
    "A beats B where four things agree: the 95 % interval of the difference in accuracy, "
    "resampling source videos, does not hold 0; nor does that in macro F1, on the same side; the "
    "test that flips the two models within whole source videos has p under 0.05; and so has "
    "McNemar's mid-p for every seed, on that side. Otherwise one cannot tell."
)
ALPHA = 0.05

SeedTest = tuple[int, int, McNemar]  # seed of a, seed of b, test


@dataclass(frozen=True)
class Decision:
    """Which of two models is better by RULE, and why.

    Attributes:
        winner: str or None. None: one cannot tell.
        shown: int. How many of the things asked show a difference, on whichever side.
        accuracy: Estimate, -1 to 1. Accuracy of a minus that of b.
        f1: Estimate, -1 to 1. The same of macro F1.
        flipped: float, 0 to 1. The p of `flips`.
        tests: list of (seed of a, seed of b, McNemar).
        reasons: tuple of str. Sentences for a person, one for each thing that was asked.
        found: Difference. Where accuracy and f1 are from: clips, source videos, seeds.
    """

    winner: str | None
    shown: int
    accuracy: stats.Estimate
    f1: stats.Estimate
    flipped: float
    tests: list[SeedTest]
    reasons: tuple[str, ...]
    found: stats.Difference


def by_seed(
    predictions: pd.DataFrame, a: str, b: str, protocol: str, classes: list[str]
) -> list[SeedTest]:
    """McNemar's test of a against b for each pair of seeds, folds together.

    Equal seeds are paired; a seed that only one model has is left out. Where the models have no
    seed in common, theirs are paired in order, as far as both have one.

    Args:
        predictions: DataFrame. A study's predictions.
        a: str. A model.
        b: str. Another.
        protocol: str.
        classes: list of C names, in the order of `probabilities`.

    Returns:
        list of (seed of a, seed of b, McNemar) on the clips that both predicted; no entry for a
        pair of seeds without such a clip.
    """
    same = _same_clips(*of_both(predictions, a, b, protocol), classes)
    return _tests(same) if same else []


@dataclass(frozen=True)
class _SameClips:
    """Two models on the same clips, pair of seeds by pair of seeds.

    Attributes:
        seeds: list of P pairs (seed of a, seed of b).
        ends: int array (P - 1,). Where the rows of the next pair begin.
        number: int array (N,). The class of each row.
        right_a: bool array (N,). Whether a got the row's clip right.
        right_b: bool array (N,).
        rows: DataFrame of a's rows.
        index: MultiIndex of the V source videos.
        a: PerSource of these rows of a.
        b: PerSource of those of b.
        whole: bool. Whether no row of either model is left out.
    """

    seeds: list[tuple[int, int]]
    ends: np.ndarray
    number: np.ndarray
    right_a: np.ndarray
    right_b: np.ndarray
    rows: pd.DataFrame
    index: pd.MultiIndex
    a: PerSource
    b: PerSource
    whole: bool


def _same_clips(of_a: pd.DataFrame, of_b: pd.DataFrame, classes: list[str]) -> _SameClips | None:
    """None where no clip has a prediction of both."""
    pairs = matched(of_a, of_b)
    if not pairs:
        return None
    in_a, in_b = (np.concatenate([pair[i] for pair in pairs]) for i in (2, 3))
    whole = len(in_a) == len(of_a) and len(in_b) == len(of_b)
    if not whole:
        of_a, of_b = of_a.iloc[in_a], of_b.iloc[in_b]
        in_a = in_b = np.arange(len(of_a))
    (true, said_a), (true_b, said_b) = (answers(df, classes) for df in (of_a, of_b))
    index = sources(of_a, classes)
    return _SameClips(
        seeds=[(seed_a, seed_b) for seed_a, seed_b, _, _ in pairs],
        ends=np.cumsum([len(at) for _, _, at, _ in pairs])[:-1],
        number=true[in_a],
        right_a=(true == said_a)[in_a],
        right_b=(true_b == said_b)[in_b],
        rows=of_a,
        index=index,
        a=per_source(of_a, classes, index),
        b=per_source(of_b, classes, index),
        whole=whole,
    )


def _tests(same: _SameClips) -> list[SeedTest]:
    rights = (np.split(right, same.ends) for right in (same.right_a, same.right_b))
    return [(*seeds, mcnemar(*of)) for seeds, *of in zip(same.seeds, *rights, strict=True)]


def flips(predictions: pd.DataFrame, a: str, b: str, protocol: str, classes: list[str]) -> float:
    """`flip_test` of a against b over all source videos, the seeds that `by_seed` pairs together.

    Returns:
        float, over 0 to 1; NaN where no clip has a prediction of both.
    """
    same = _same_clips(*of_both(predictions, a, b, protocol), classes)
    return _flips(same) if same else float("nan")


def _flips(same: _SameClips) -> float:
    return flip_test((same.a.hits - same.b.hits).sum(axis=0).astype(np.int64))


def per_class(
    predictions: pd.DataFrame, a: str, b: str, protocol: str, classes: list[str]
) -> pd.DataFrame:
    """Recall of two models class by class: the difference b - a, its interval and tests.

    Note the sign: `decide` and `stats.difference` say a - b.

    Args:
        predictions: DataFrame. A study's predictions.
        a: str. A model.
        b: str. Another.
        protocol: str.
        classes: list of C names, in the order of `probabilities`.

    Returns:
        DataFrame, one row a class in the order of `classes`, means over the seeds that `by_seed`
        pairs, on the clips that both models predicted: `class`; `clips` (int, different clips);
        `sources` (int, source videos); `a_recall`, `b_recall`; `difference` (b - a); `low`,
        `high` (its 95 % interval, source videos resampled); `p` (`flip_test` of the class's source
        videos); `p_holm` (the same, adjusted for as many tests as classes have clips); `mcnemar`
        (mid-p of the first pair of seeds, which takes clips for independent). NaN in a class
        without clips; `low` and `high` also with one source video, which cannot be resampled.
    """
    same = _same_clips(*of_both(predictions, a, b, protocol), classes)
    columns = "class clips sources a_recall b_recall difference low high p p_holm mcnemar".split()
    empty = [(name, 0, 0, *[np.nan] * 8) for name in classes]
    if same is None:
        return pd.DataFrame(empty, columns=columns)
    weights = bootstrap_weights(strata(same.index))
    (recall_a, drawn_a), (recall_b, drawn_b) = (
        share_by_class(of, weights) for of in (same.a, same.b)
    )
    ends = known_intervals((drawn_b - drawn_a).T)
    lead = (same.b.hits - same.a.hits).sum(axis=0).astype(np.int64)  # S times the mean over seeds
    films = np.bincount(same.a.number, minlength=len(classes))
    clips = same.rows.groupby("class")["clip"].nunique()
    of_first, first_a, first_b = (
        np.split(of, same.ends)[0] for of in (same.number, same.right_a, same.right_b)
    )
    rows = []
    for i, name in enumerate(classes):
        if not films[i]:
            rows.append(empty[i])
            continue
        recalls = float(recall_a[i]), float(recall_b[i]), float(recall_b[i] - recall_a[i])
        low, high = ends[i] if films[i] > 1 else (np.nan, np.nan)
        here = of_first == i
        test = mcnemar(first_a[here], first_b[here]).mid_p if here.any() else np.nan
        p = flip_test(lead[same.a.number == i])
        rows.append((name, int(clips[name]), int(films[i]), *recalls, low, high, p, np.nan, test))
    table = pd.DataFrame(rows, columns=columns)
    held = table["p"].notna()
    table.loc[held, "p_holm"] = holm(table.loc[held, "p"].to_numpy())
    return table


def told_apart(of_a: pd.DataFrame, of_b: pd.DataFrame, classes: list[str]) -> bool:
    """Whether `decide_of` names a winner: the cheap questions first.

    Args:
        of_a: DataFrame of one model's rows under one protocol.
        of_b: DataFrame of another's.
        classes: list of C names, in the order of `probabilities`.
    """
    same = _same_clips(of_a, of_b, classes)
    if same is None:
        return False
    tests = _tests(same)
    if any(test.mid_p >= ALPHA for *_, test in tests):
        return False
    flipped = _flips(same)
    if flipped >= ALPHA:
        return False
    if same.whole:
        lead = stats.leads(same.a, same.b, same.index, ("accuracy", "f1_macro"))
        accuracy, f1_macro, sources = lead["accuracy"], lead["f1_macro"], len(same.index)
    else:
        found = _difference(same, of_a, of_b, "a", "b", "", classes)
        accuracy, f1_macro, sources = found.accuracy, found.f1_macro, found.sources
    sides = set(_sides(tests, flipped, accuracy, f1_macro, sources))
    return sides in ({1}, {-1})


def _difference(
    same: _SameClips,
    of_a: pd.DataFrame,
    of_b: pd.DataFrame,
    a: str,
    b: str,
    protocol: str,
    classes: list[str],
) -> stats.Difference:
    if not same.whole:
        return stats.difference_between(of_a, of_b, a, b, protocol, classes)
    # Those that hold the same clips are the comparable ones, too.
    clips = int(same.rows["clip"].nunique())
    return stats.difference_of(same.a, same.b, same.index, clips, a, b, protocol)


def decide(
    predictions: pd.DataFrame,
    a: str,
    b: str,
    protocol: str,
    classes: list[str],
    titles: Mapping[str, str] | None = None,
) -> Decision:
    """Which of two models is better by RULE.

    Fewer than `stats.MIN_SOURCES` source videos decide nothing.

    Args:
        predictions: DataFrame. A study's predictions.
        a: str. A model.
        b: str. Another.
        protocol: str.
        classes: list of C names, in the order of `probabilities`.
        titles: names of the models for the reasons; the models' own where left out.

    Raises:
        ValueError: no clip has a prediction of both under the protocol.
    """
    return decide_of(*of_both(predictions, a, b, protocol), a, b, protocol, classes, titles)


def decide_of(
    of_a: pd.DataFrame,
    of_b: pd.DataFrame,
    a: str,
    b: str,
    protocol: str,
    classes: list[str],
    titles: Mapping[str, str] | None = None,
) -> Decision:
    """What `decide` does, of rows that are already those of a and of b under the protocol."""
    same = _same_clips(of_a, of_b, classes)
    if same is None:
        raise ValueError(f"no clip has a prediction of both {a} and {b} under {protocol}")
    found = _difference(same, of_a, of_b, a, b, protocol, classes)
    return _decided(_tests(same), _flips(same), found, titles or {})


def _decided(
    tests: list[SeedTest], flipped: float, found: stats.Difference, titles: Mapping[str, str]
) -> Decision:
    a, b = found.a, found.b
    names = {name: titles.get(name, name) for name in (a, b)}
    numbers = _sides(tests, flipped, found.accuracy, found.f1_macro, found.sources)
    sides = [{1: a, -1: b, 0: None}[number] for number in numbers]
    reasons = []
    for side, what, value in zip(
        sides, ("Accuracy", "Macro F1"), (found.accuracy, found.f1_macro), strict=False
    ):
        reasons.append(
            f"{what}: {names[a]} minus {names[b]} is {100 * value.mean:+.1f} points, 95 % interval "
            f"{100 * value.lo:+.1f} to {100 * value.hi:+.1f}, "
            + ("which holds 0." if side is None else f"all on the side of {names[side]}.")
        )
    reasons.append(
        f"Both models flipped within whole source videos: p {_p(flipped)}, "
        + (f"on the side of {names[sides[2]]}." if sides[2] else "which may be chance.")
    )
    for side, (seed_a, seed_b, test) in zip(sides[3:], tests, strict=False):
        seed = f"seed {seed_a}" if seed_a == seed_b else f"seeds {seed_a} and {seed_b}"
        reasons.append(
            f"McNemar's test, {seed}: only {names[a]} is right on {test.a_only} clips, only "
            f"{names[b]} on {test.b_only}; mid-p {_p(test.mid_p)}, "
            + (f"on the side of {names[side]}." if side else "which may be chance.")
        )
    if found.sources < stats.MIN_SOURCES:
        reasons.append(
            f"{found.sources} source videos are too few, {stats.MIN_SOURCES} or more are needed."
        )
    winner = sides[0] if len(set(sides)) == 1 else None
    shown = sum(side is not None for side in sides)
    return Decision(
        winner, shown, found.accuracy, found.f1_macro, flipped, tests, tuple(reasons), found
    )


def _sides(
    tests: list[SeedTest],
    flipped: float,
    accuracy: stats.Estimate,
    f1_macro: stats.Estimate,
    sources: int,
) -> list[int]:
    """Whom each question of RULE finds better: 1 is a, -1 is b, 0 nobody.

    Accuracy, macro F1, the flips, each seed's test; and one more 0 of too few source videos.
    """
    sides = [int(value.lo > 0) - int(value.hi < 0) for value in (accuracy, f1_macro)]
    sides.append((1 if accuracy.mean > 0 else -1) if flipped < ALPHA else 0)
    for *_, test in tests:
        sides.append((1 if test.a_only > test.b_only else -1) if test.mid_p < ALPHA else 0)
    return [*sides, 0] if sources < stats.MIN_SOURCES else sides


def _p(value: float) -> str:
    return f"{value:.3f}" if value >= 0.001 else "below 0.001"
