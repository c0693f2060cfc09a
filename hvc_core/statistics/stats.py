"""Scores with their uncertainty, and paired differences of two models.

How intervals are drawn, and what they do and do not cover: `bootstrap`.

Pure functions. May import: numpy, pandas, .bootstrap, .counts, .kept, .matching, .spread.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from hvc_core.statistics.bootstrap import (
    bootstrap_weights,
    by_class,
    interval,
    known_intervals,
    light_weights,
    strata,
    whole_unit,
)
from hvc_core.statistics.counts import PerSource, per_source, rows_where, score, sources
from hvc_core.statistics.kept import Kept, Values, digest
from hvc_core.statistics.matching import comparable, of_both
from hvc_core.statistics.spread import share_by_class

# With fewer films than this a resampling interval says nothing about other films.
MIN_SOURCES = 5
# The scores of a model as a whole
SCORES = ("accuracy", "precision_macro", "recall_macro", "f1_macro")
ALL = (*SCORES, "f1", "recall", "precision")  # and of each class


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
    own, index = _own(predictions, model, protocol, classes)
    found = per_source(own, classes, index)
    point = _points(found)
    drawn = _replicates(found, index, ALL)
    macro = {name: drawn[name] for name in SCORES}
    KEPT.of(digest(strata(index), found), lambda: macro)  # a difference will ask for them
    each = {
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
        f1=each["f1"],
        recall=each["recall"],
        precision=each["precision"],
        accuracy_by_seed=tuple(point["accuracy"].tolist()),
        f1_macro_by_seed=tuple(point["f1_macro"].tolist()),
    )


@dataclass(frozen=True)
class Brief:
    """What of a summary takes a tenth of its time.

    Attributes:
        accuracy: Estimate, 0 to 1. The summary's.
        recalls: dict of each class that has clips to its recall, the mean over the seeds that
            have clips of it.
    """

    accuracy: Estimate
    recalls: dict[str, float]


def brief(predictions: pd.DataFrame, model: str, protocol: str, classes: list[str]) -> Brief:
    """A model's accuracy and recalls under a protocol.

    Raises:
        ValueError: the model has no predictions under the protocol.
    """
    own, index = _own(predictions, model, protocol, classes)
    found, once = per_source(own, classes, index), np.ones((1, len(index)))
    drawn = _shares(found, bootstrap_weights(strata(index)))
    recalls = share_by_class(found, once)[0].tolist()
    return Brief(
        _estimate(_shares(found, once).mean(), drawn),
        {name: value for name, value in zip(classes, recalls, strict=True) if value == value},
    )


def _shares(found: PerSource, weights: np.ndarray) -> np.ndarray:
    """Means over seeds of the share of right clips, resampled, (R,)."""
    hits, clips = found.hits @ weights.T, found.clips @ weights.T
    return sum(hits / np.maximum(clips, 1)) / len(found.seeds)


def _own(
    predictions: pd.DataFrame, model: str, protocol: str, classes: list[str]
) -> tuple[pd.DataFrame, pd.MultiIndex]:
    """A model's rows under a protocol, and their source videos."""
    own = rows_where(rows_where(predictions, "protocol", protocol), "model", model)
    if not len(own):
        raise ValueError(f"{model} has no predictions under protocol {protocol}")
    return own, sources(own, classes)


def difference(
    predictions: pd.DataFrame, a: str, b: str, protocol: str, classes: list[str]
) -> Difference:
    """Model a minus model b, paired: on the same clips, the same resampled source videos.

    Means over all seeds of each where all have the same clips, else over the seeds that both have
    (`matching.comparable`).

    Raises:
        ValueError: no clip has a prediction of both under the protocol.
    """
    return difference_between(*of_both(predictions, a, b, protocol), a, b, protocol, classes)


def difference_between(
    of_a: pd.DataFrame, of_b: pd.DataFrame, a: str, b: str, protocol: str, classes: list[str]
) -> Difference:
    """The `difference`, of rows that are already those of a and of b under the protocol."""
    of_a, of_b = comparable(of_a, of_b)
    if not len(of_a):
        raise ValueError(f"no clip has a prediction of both {a} and {b} under {protocol}")
    index = sources(of_a, classes)
    found_a, found_b = (per_source(df, classes, index) for df in (of_a, of_b))
    clips = int(of_a["clip"].nunique())
    return difference_of(found_a, found_b, index, clips, a, b, protocol)


def difference_of(
    found_a: PerSource,
    found_b: PerSource,
    index: pd.MultiIndex,
    clips: int,
    a: str,
    b: str,
    protocol: str,
) -> Difference:
    """The `difference` of two models' counts on the same clips.

    Args:
        found_a: PerSource of a.
        found_b: PerSource of b.
        index: MultiIndex of the source videos that both are of.
        clips: int. How many different clips they have.
        a: str.
        b: str.
        protocol: str.
    """
    return Difference(
        a=a,
        b=b,
        protocol=protocol,
        clips=clips,
        sources=len(index),
        seeds=(len(found_a.seeds), len(found_b.seeds)),
        **leads(found_a, found_b, index),
    )


def leads(
    found_a: PerSource, found_b: PerSource, index: pd.MultiIndex, names: tuple[str, ...] = SCORES
) -> dict[str, Estimate]:
    """Some of SCORES of a minus those of b, on the same clips; arguments as of `difference_of`."""
    found = found_a, found_b
    point_a, point_b = (_points(one) for one in found)
    drawn_a, drawn_b = (_drawn(one, index, names) for one in found)
    return {
        name: _estimate(point_a[name].mean() - point_b[name].mean(), drawn_a[name] - drawn_b[name])
        for name in names
    }


KEPT = Kept()  # of any study: the key holds all that they follow from


def _drawn(found: PerSource, index: pd.MultiIndex, names: tuple[str, ...]) -> Values:
    """The R replicates of some of SCORES, means over seeds, (R,); kept."""
    key = digest(strata(index), found) + " ".join(names).encode()
    return KEPT.of(key, lambda: _replicates(found, index, names))


def _points(found: PerSource) -> Values:
    """Every score of each seed on all its clips: (S,) or (S, C)."""
    classes = np.eye(found.answered.shape[2])[found.number]  # (V, C), 1 at the film's own class
    clips = found.clips @ classes
    present = (clips > 0).sum(axis=1)
    return _values(found.hits @ classes, clips, found.answered.sum(axis=1), present, ALL)


def _replicates(found: PerSource, index: pd.MultiIndex, names: tuple[str, ...]) -> Values:
    """Some scores, resampled: means over seeds, (R,) or (R, C)."""
    of, unit = strata(index), whole_unit(strata(index))
    # No sum can be larger: whole numbers under 2**24 add up exactly in half the bits.
    light = unit is not None and found.clips.max() * unit * len(index) < 2**24
    weights = light_weights(of) if light else bootstrap_weights(of)
    hits, clips, answered = (
        counts.astype(weights.dtype) for counts in (found.hits, found.clips, found.answered)
    )
    alike = (clips == clips[0]).all()  # most protocols' seeds have the same clips
    counts = np.concatenate([hits, clips[:1] if alike else clips])
    drawn = by_class(weights, counts, found.number, answered.shape[2])
    hits, support = (
        drawn[: len(hits)],
        np.broadcast_to(drawn[len(hits) :], drawn[: len(hits)].shape),
    )
    total: Values = {}
    for seed in range(len(found.seeds)):
        present = np.unique(found.number[found.clips[seed] > 0]).size
        values = _values(hits[seed], support[seed], weights @ answered[seed], present, names)
        for name, value in values.items():
            total[name] = total[name] + value if name in total else value
    return {name: value / len(found.seeds) for name, value in total.items()}


def _values(
    hits: np.ndarray,
    support: np.ndarray,
    answered: np.ndarray,
    present: np.ndarray | int,
    names: tuple[str, ...],
) -> Values:
    """Some scores of counts (N, C), where `present` classes have a clip before resampling."""
    kinds = {name.removesuffix("_macro") for name in names} - {"accuracy"}
    found = {kind: score(kind, hits, support, answered) for kind in kinds}
    clips = support.sum(axis=1)
    # A replicate may draw no film of a class. Scoring that class 0 would push the macro means
    # down for no fault of the model, so they are taken over the classes that were drawn.
    held = support > 0
    drawn = np.maximum(held.sum(axis=1), 1)
    share = present / support.shape[1] / drawn
    made: Values = {}
    for name in names:
        kind = name.removesuffix("_macro")
        if name == "accuracy":
            made[name] = hits.sum(axis=1) / np.maximum(clips, 1)
        elif name in SCORES:
            made[name] = found[kind].sum(axis=1) * share  # 0 where not held
        else:  # a class that was not drawn has no score, see `_estimates`
            made[name] = np.where(held, found[kind], np.nan)
    return made


def _estimate(mean: float, replicates: np.ndarray) -> Estimate:
    return Estimate(float(mean), *interval(replicates))


def _estimates(means: np.ndarray, replicates: np.ndarray) -> list[Estimate]:
    """One estimate a row of (C, R) replicates; those that did not draw the class do not count."""
    ends = known_intervals(replicates)
    # A class without any clip scores 0 on all clips too, as scikit-learn has it.
    return [
        Estimate(float(mean), low, high) if low == low else Estimate(0.0, 0.0, 0.0)
        for mean, (low, high) in zip(means, ends, strict=True)
    ]
