"""Scores with their uncertainty, and paired differences of two models.

How intervals are drawn, and what they do and do not cover: `bootstrap`.

Pure functions. May import: numpy, pandas, .bootstrap, .counts, .kept, .matching.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from hvc_core.statistics.bootstrap import bootstrap_weights, interval, intervals, strata
from hvc_core.statistics.counts import per_source, scores, sources
from hvc_core.statistics.kept import Kept, Values, digest
from hvc_core.statistics.matching import comparable

# With fewer films than this a resampling interval says nothing about other films.
MIN_SOURCES = 5
# The scores of a model as a whole
SCORES = ("accuracy", "precision_macro", "recall_macro", "f1_macro")


@dataclass(frozen=True)
class Estimate:
    """A number and its 95 % interval.

    Attributes:
        mean: float. The mean over seeds of the value on all clips (not of the replicates).
        lo: float. Lower end of the interval.
        hi: float. Upper end.
    """

    mean: float
    lo: float
    hi: float


@dataclass(frozen=True)
class Summary:
    """One model under one protocol.

    Attributes:
        model: str.
        protocol: str.
        seeds: tuple of int.
        clips: int. Different clips predicted.
        sources: int. Source videos that they come from.
        accuracy: Estimate, 0 to 1; so are the three macro means over all classes.
        precision_macro: Estimate.
        recall_macro: Estimate.
        f1_macro: Estimate.
        f1: dict of class to Estimate.
        recall: dict of class to Estimate.
        precision: dict of class to Estimate.
        accuracy_by_seed: tuple of float, in the order of `seeds`.
        f1_macro_by_seed: tuple of float, in the order of `seeds`.
    """

    model: str
    protocol: str
    seeds: tuple[int, ...]
    clips: int
    sources: int
    accuracy: Estimate
    precision_macro: Estimate
    recall_macro: Estimate
    f1_macro: Estimate
    f1: dict[str, Estimate]
    recall: dict[str, Estimate]
    precision: dict[str, Estimate]
    accuracy_by_seed: tuple[float, ...]
    f1_macro_by_seed: tuple[float, ...]


@dataclass(frozen=True)
class Difference:
    """Model a minus model b, on the clips that both predicted.

    Attributes:
        a: str. A model.
        b: str. Another.
        protocol: str.
        accuracy: Estimate, -1 to 1. Positive where `a` is better; so are the three macro means.
        precision_macro: Estimate.
        recall_macro: Estimate.
        f1_macro: Estimate.
        clips: int. Clips that both predicted.
        sources: int. Source videos that they come from.
        seeds: (int, int). How many seeds of a and of b are in it.
    """

    a: str
    b: str
    protocol: str
    accuracy: Estimate
    precision_macro: Estimate
    recall_macro: Estimate
    f1_macro: Estimate
    clips: int
    sources: int
    seeds: tuple[int, int]


def summary(predictions: pd.DataFrame, model: str, protocol: str, classes: list[str]) -> Summary:
    """A model's scores under a protocol: means over its seeds, with intervals.

    Args:
        predictions: DataFrame. A study's predictions.
        model: str.
        protocol: str.
        classes: list of C names, in the order of `probabilities`.

    Raises:
        ValueError: the model has no predictions under the protocol.
    """
    rows = predictions[predictions["protocol"] == protocol]
    own = rows[rows["model"] == model]
    if not len(own):
        raise ValueError(f"{model} has no predictions under protocol {protocol}")
    index = sources(own, classes)
    seeds, found = _found(own, classes, index)
    point = _points(found)
    drawn = _replicates(found, index)
    macro = {name: drawn[name] for name in SCORES}
    KEPT.of(digest(strata(index), found), lambda: macro)  # a difference will ask for them
    by_class = {
        k: dict(zip(classes, _estimates(point[k].mean(0), drawn[k].T), strict=True))
        for k in ("f1", "recall", "precision")
    }
    return Summary(
        model=model,
        protocol=protocol,
        seeds=seeds,
        clips=int(own["clip"].nunique()),
        sources=len(index),
        **{name: _estimate(point[name].mean(), drawn[name]) for name in SCORES},
        f1=by_class["f1"],
        recall=by_class["recall"],
        precision=by_class["precision"],
        accuracy_by_seed=tuple(point["accuracy"].tolist()),
        f1_macro_by_seed=tuple(point["f1_macro"].tolist()),
    )


def difference(
    predictions: pd.DataFrame, a: str, b: str, protocol: str, classes: list[str]
) -> Difference:
    """Model a minus model b, paired: on the same clips, the same resampled source videos.

    Means over all seeds of each where all have the same clips, else over the seeds that both have
    (`matching.comparable`).

    Raises:
        ValueError: no clip has a prediction of both under the protocol.
    """
    of_a, of_b = comparable(predictions, a, b, protocol)
    if not len(of_a):
        raise ValueError(f"no clip has a prediction of both {a} and {b} under {protocol}")
    index = sources(of_a, classes)
    (seeds_a, point_a, drawn_a), (seeds_b, point_b, drawn_b) = (
        _resample(df, classes, index) for df in (of_a, of_b)
    )
    return Difference(
        a=a,
        b=b,
        protocol=protocol,
        clips=int(of_a["clip"].nunique()),
        sources=len(index),
        seeds=(len(seeds_a), len(seeds_b)),
        **{
            name: _estimate(
                point_a[name].mean() - point_b[name].mean(), drawn_a[name] - drawn_b[name]
            )
            for name in SCORES
        },
    )


KEPT = Kept()  # of any study: the key holds all that they follow from


def _resample(
    df: pd.DataFrame, classes: list[str], index: pd.MultiIndex
) -> tuple[tuple[int, ...], Values, Values]:
    """SCORES of one model's rows, on all its clips and resampled.

    Returns:
        the S seeds; the point values (S,), and of classes (S, C); the R replicates of SCORES,
        means over seeds, (R,).
    """
    seeds, found = _found(df, classes, index)

    def draw() -> Values:
        drawn = _replicates(found, index)
        return {name: drawn[name] for name in SCORES}

    return seeds, _points(found), KEPT.of(digest(strata(index), found), draw)


def _found(
    df: pd.DataFrame, classes: list[str], index: pd.MultiIndex
) -> tuple[tuple[int, ...], list[np.ndarray]]:
    """The S seeds of one model's rows, sorted, and the counts (V, 3, C) of each."""
    seeds = tuple(sorted(int(seed) for seed in df["seed"].unique()))
    return seeds, [per_source(df[df["seed"] == seed], classes, index) for seed in seeds]


def _present(counts: np.ndarray) -> int:
    """How many classes have a clip in counts (V, 3, C)."""
    return int((counts[:, 1].sum(axis=0) > 0).sum())


def _points(found: list[np.ndarray]) -> Values:
    """Every score of each seed's counts (V, 3, C), on all its clips: (S,) or (S, C)."""
    points = [_values(counts.sum(axis=0)[None], _present(counts)) for counts in found]
    return {name: np.concatenate([p[name] for p in points]) for name in points[0]}


def _replicates(found: list[np.ndarray], index: pd.MultiIndex) -> Values:
    """Every score of each seed's counts (V, 3, C), resampled: means over seeds, (R,) or (R, C)."""
    weights = bootstrap_weights(strata(index))
    total: Values = {}
    for counts in found:
        drawn = (weights @ counts.reshape(len(index), -1)).reshape(len(weights), *counts.shape[1:])
        for name, value in _values(drawn, _present(counts)).items():
            total[name] = total[name] + value if name in total else value
    return {name: value / len(found) for name, value in total.items()}


def _values(counts: np.ndarray, present: int) -> Values:
    """All scores of counts (R, 3, C), where `present` classes have a clip before resampling."""
    found = scores(counts[:, 0], counts[:, 1], counts[:, 2])
    clips = counts[:, 1].sum(axis=1, dtype=np.float64)
    # A replicate may draw no film of a class. Scoring that class 0 would push the macro means
    # down for no fault of the model, so they are taken over the classes that were drawn.
    held = counts[:, 1] > 0
    drawn = np.maximum(held.sum(axis=1), 1)
    share = present / counts.shape[2] / drawn

    def macro(values: np.ndarray) -> np.ndarray:
        return (values * held).sum(axis=1) * share

    return {
        "accuracy": counts[:, 0].sum(axis=1, dtype=np.float64) / np.maximum(clips, 1),
        "precision_macro": macro(found.precision),
        "recall_macro": macro(found.recall),
        "f1_macro": macro(found.f1),
        "f1": np.where(held, found.f1, np.nan),  # not drawn: no score, see `_estimates`
        "recall": np.where(held, found.recall, np.nan),
        "precision": np.where(held, found.precision, np.nan),
    }


def _estimate(mean: float, replicates: np.ndarray) -> Estimate:
    return Estimate(float(mean), *interval(replicates))


def _estimates(means: np.ndarray, replicates: np.ndarray) -> list[Estimate]:
    """One estimate a row of (C, R) replicates; those that did not draw the class do not count."""
    drawn = ~np.isnan(replicates)
    whole = drawn.all(axis=1)
    # A class without any clip scores 0 on all clips too, as scikit-learn has it.
    found = [Estimate(0.0, 0.0, 0.0)] * len(means)
    for i, ends in zip(np.flatnonzero(whole), intervals(replicates[whole]), strict=True):
        found[i] = Estimate(float(means[i]), *ends)
    for i in np.flatnonzero(drawn.any(axis=1) & ~whole):
        found[i] = _estimate(means[i], replicates[i][drawn[i]])
    return found
