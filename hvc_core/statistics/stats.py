"""Scores with their uncertainty, and paired differences of two models.

How intervals are drawn, and what they do and do not cover: `bootstrap`.

Pure functions. May import: numpy, pandas, .bootstrap, .counts, .kept, .matching.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from hvc_core.statistics.bootstrap import bootstrap_weights, interval, intervals, strata
from hvc_core.statistics.counts import PerSource, per_source, scores, sources
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
    found = per_source(own, classes, index)
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
        seeds=found.seeds,
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
    found = [per_source(df, classes, index) for df in (of_a, of_b)]
    point_a, point_b = (_points(one) for one in found)
    drawn_a, drawn_b = (_drawn(one, index) for one in found)
    return Difference(
        a=a,
        b=b,
        protocol=protocol,
        clips=int(of_a["clip"].nunique()),
        sources=len(index),
        seeds=(len(found[0].seeds), len(found[1].seeds)),
        **{
            name: _estimate(
                point_a[name].mean() - point_b[name].mean(), drawn_a[name] - drawn_b[name]
            )
            for name in SCORES
        },
    )


KEPT = Kept()  # of any study: the key holds all that they follow from


def _drawn(found: PerSource, index: pd.MultiIndex) -> Values:
    """The R replicates of SCORES, means over seeds, (R,); kept."""

    def draw() -> Values:
        drawn = _replicates(found, index)
        return {name: drawn[name] for name in SCORES}

    return KEPT.of(digest(strata(index), found), draw)


def _points(found: PerSource) -> Values:
    """Every score of each seed on all its clips: (S,) or (S, C)."""
    classes = np.eye(found.answered.shape[2])[found.number]  # (V, C), 1 at the film's own class
    clips = found.clips @ classes
    present = (clips > 0).sum(axis=1)
    return _values(found.hits @ classes, clips, found.answered.sum(axis=1), present)


def _replicates(found: PerSource, index: pd.MultiIndex) -> Values:
    """Every score of each seed, resampled: means over seeds, (R,) or (R, C)."""
    weights = bootstrap_weights(strata(index))
    hits = _by_class(weights, found.hits, found)
    # Most protocols give every seed the same clips.
    alike = (found.clips == found.clips[0]).all()
    clips = found.clips[:1] if alike else found.clips
    support = np.broadcast_to(_by_class(weights, clips, found), hits.shape)
    total: Values = {}
    for seed, answered in enumerate(found.answered):
        present = np.unique(found.number[found.clips[seed] > 0]).size
        values = _values(hits[seed], support[seed], weights @ answered, present)
        for name, value in values.items():
            total[name] = total[name] + value if name in total else value
    return {name: value / len(found.seeds) for name, value in total.items()}


def _by_class(weights: np.ndarray, counts: np.ndarray, found: PerSource) -> np.ndarray:
    """Resampled counts (S, V) of films that are all of one class each: (S, R, C)."""
    drawn = np.zeros((len(counts), len(weights), found.answered.shape[2]))
    # The films of a class stand together: class by class is a fiftieth of the work of 50 classes.
    starts = np.flatnonzero(np.diff(found.number, prepend=-1))
    for low, high in zip(starts, [*starts[1:], counts.shape[1]], strict=True):
        drawn[:, :, found.number[low]] = (weights[:, low:high] @ counts[:, low:high].T).T
    return drawn


def _values(
    hits: np.ndarray, support: np.ndarray, answered: np.ndarray, present: np.ndarray | int
) -> Values:
    """All scores of counts (N, C), where `present` classes have a clip before resampling."""
    found = scores(hits, support, answered)
    clips = support.sum(axis=1)
    # A replicate may draw no film of a class. Scoring that class 0 would push the macro means
    # down for no fault of the model, so they are taken over the classes that were drawn.
    held = support > 0
    drawn = np.maximum(held.sum(axis=1), 1)
    share = present / support.shape[1] / drawn

    def macro(values: np.ndarray) -> np.ndarray:
        return (values * held).sum(axis=1) * share

    return {
        "accuracy": hits.sum(axis=1) / np.maximum(clips, 1),
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
