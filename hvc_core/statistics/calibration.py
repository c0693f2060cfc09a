"""Is a model as often right as it says it is? Reliability, ECE, Brier, NLL, temperature.

The measures take `probabilities`, float array (N, C), 0 to 1, each row summing to 1, and `targets`,
int array (N,), 0 to C-1. Each raises a ValueError where its arrays do not fit each other or hold no
clip. The last functions make them from a predictions table.

Pure functions. May import: numpy, pandas, .bootstrap, .counts, .selective, .spread,
.stats' Estimate.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from hvc_core.statistics.bootstrap import bootstrap_weights, interval, strata
from hvc_core.statistics.counts import answers, sources
from hvc_core.statistics.selective import aurc
from hvc_core.statistics.spread import share
from hvc_core.statistics.stats import Estimate

BINS = 15  # as Guo et al. 2017 have it
SMALLEST = 1e-12  # a probability of 0 has no logarithm
TEMPERATURES = (0.05, 20.0)


@dataclass(frozen=True)
class Calibration:
    """One model under one protocol; every measure is the mean over seeds.

    Attributes:
        model: str.
        protocol: str.
        clips: int. Different clips predicted.
        confidence: float, 0 to 1. Mean confidence; above `accuracy`, the model is too sure.
        accuracy: float, 0 to 1.
        ece: float, 0 to 1.
        brier: float, 0 to 2.
        nll: float, 0 or more, in nats.
        aurc: float, 0 to 1.
    """

    model: str
    protocol: str
    clips: int
    confidence: float
    accuracy: float
    ece: float
    brier: float
    nll: float
    aurc: float


def reliability(probabilities: np.ndarray, targets: np.ndarray, bins: int = BINS) -> pd.DataFrame:
    """The reliability diagram: clips by confidence, in bins of equal width.

    A bin holds its upper end and not its lower, as in Guo et al. 2017, section 2.

    Returns:
        DataFrame of `bins` rows: `lower`, `upper`, `count` (int), `confidence` and `accuracy`
        (means over the bin's clips; NaN in an empty bin).
    """
    values, true = _checked(probabilities, targets)
    edges = np.linspace(0, 1, bins + 1)
    top = values.max(axis=1)
    at = np.searchsorted(edges[1:-1], top, side="left")
    count = np.bincount(at, minlength=bins)
    right = values.argmax(axis=1) == true
    sums = [np.bincount(at, weights=w, minlength=bins) for w in (top, right)]
    confidence, accuracy = (np.where(count, s / np.maximum(count, 1), np.nan) for s in sums)
    return pd.DataFrame(
        {
            "lower": edges[:-1],
            "upper": edges[1:],
            "count": count,
            "confidence": confidence,
            "accuracy": accuracy,
        }
    )


def ece(probabilities: np.ndarray, targets: np.ndarray, bins: int = BINS) -> float:
    """Expected calibration error (Guo et al. 2017, ICML, "On calibration of modern neural
    networks", equation 3): the mean gap between confidence and accuracy, bins weighted by clips.

    On few clips it is above 0 even for a perfectly calibrated model.

    Returns:
        float, 0 to 1.
    """
    table = reliability(probabilities, targets, bins)
    gaps = (table["confidence"] - table["accuracy"]).abs() * table["count"]
    return float(gaps.sum() / table["count"].sum())  # an empty bin's NaN adds nothing


def brier(probabilities: np.ndarray, targets: np.ndarray) -> float:
    """Brier score of C classes (Brier 1950, Mon Weather Rev 78:1-3, equation 2): the squared
    distance to the truth, summed over classes, mean over clips.

    Returns:
        float, 0 to 2; twice what a two-class score over one class only would be.
    """
    values, true = _checked(probabilities, targets)
    return float(((values - np.eye(values.shape[1])[true]) ** 2).sum(axis=1).mean())


def nll(probabilities: np.ndarray, targets: np.ndarray) -> float:
    """Mean negative log likelihood in nats; a probability counts as 1e-12 at least.

    Returns:
        float, 0 to 27.64.
    """
    values, true = _checked(probabilities, targets)
    of_true = values[np.arange(len(true)), true]
    # Above 1 only where float32 rounds so.
    return float(-np.log(np.clip(of_true, SMALLEST, 1)).mean())


def apply_temperature(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """softmax(log p / T): what softmax(logits / T) is, for a softmax forgets the logits' offset.

    T above 1 makes a model less sure, below 1 surer; the answers stay.

    Args:
        probabilities: float array (N, C); a probability counts as 1e-12 at least.
        temperature: float, above 0.

    Returns:
        float64 array (N, C), each row summing to 1.

    Raises:
        ValueError: the temperature is not above 0.
    """
    if not temperature > 0:
        raise ValueError(f"expected a temperature above 0, found {temperature}")
    scaled = np.log(np.maximum(np.asarray(probabilities, np.float64), SMALLEST)) / temperature
    raised = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    return raised / raised.sum(axis=-1, keepdims=True)


def fit_temperature(probabilities: np.ndarray, targets: np.ndarray) -> float:
    """The temperature of least NLL (Guo et al. 2017, section 4.2), 0.05 to 20.

    Fit it on other films than those it is judged on.

    Returns:
        float; an end of the range where the NLL still falls there, 1 where nothing is better.
    """
    values, true = _checked(probabilities, targets)
    logs = np.log(np.maximum(values, SMALLEST))
    rows = np.arange(len(true))

    def loss(log_temperature: float) -> float:
        # Not by `apply_temperature` and `nll`: the latter's floor would make the far ends flat.
        scaled = logs / math.exp(log_temperature)
        scaled -= scaled.max(axis=1, keepdims=True)
        return float((np.log(np.exp(scaled).sum(axis=1)) - scaled[rows, true]).mean())

    # The NLL is convex in 1 / T, so in log T it has a single valley: golden section finds it.
    low, high = (math.log(t) for t in TEMPERATURES)
    golden = (math.sqrt(5) - 1) / 2
    left, right = high - golden * (high - low), low + golden * (high - low)
    at_left, at_right = loss(left), loss(right)
    while high - low > 1e-9:
        if at_left <= at_right:
            high, right, at_right = right, left, at_left
            left = high - golden * (high - low)
            at_left = loss(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + golden * (high - low)
            at_right = loss(right)
    ends = (*map(math.log, TEMPERATURES), (low + high) / 2)
    best = min(ends, key=loss)
    return 1.0 if loss(0.0) <= loss(best) else math.exp(best)


def arrays(df: pd.DataFrame, classes: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities and targets of a predictions table.

    Returns:
        float64 array (N, C); int64 array (N,), 0 to C-1.

    Raises:
        ValueError: a row's class is not in `classes`, or its probabilities are not C values.
    """
    true, _ = answers(df, classes)
    values = df["probabilities"].tolist()
    return np.array(values, np.float64).reshape(-1, len(classes)), true


def confidences(df: pd.DataFrame, classes: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """The confidence of each row, float64 (N,), and whether its answer is right, bool (N,)."""
    return _confident(*arrays(df, classes))


def _confident(values: np.ndarray, true: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return values.max(axis=1), values.argmax(axis=1) == true


def summary(
    predictions: pd.DataFrame, model: str, protocol: str, classes: list[str]
) -> Calibration:
    """A model's calibration under a protocol: each seed by itself, then the mean over seeds.

    Raises:
        ValueError: the model has no predictions under the protocol.
    """
    own = predictions[(predictions["protocol"] == protocol) & (predictions["model"] == model)]
    if not len(own):
        raise ValueError(f"{model} has no predictions under protocol {protocol}")
    found = []
    for _, df in own.groupby("seed"):
        values, true = arrays(df, classes)
        top, right = _confident(values, true)
        measures = [f(values, true) for f in (ece, brier, nll)]
        found.append([top.mean(), right.mean(), *measures, aurc(top, right)])
    means = np.mean(found, axis=0).tolist()
    return Calibration(model, protocol, int(own["clip"].nunique()), *means)


def overconfidence(df: pd.DataFrame, classes: list[str]) -> Estimate:
    """Mean confidence minus accuracy of one model's rows, with its interval over source videos.

    Returns:
        Estimate, -1 to 1: mean over seeds; above 0 the model is too sure.
    """
    index = sources(df, classes)
    sums = []
    for _, own in df.groupby("seed", sort=True):
        values, true = arrays(own, classes)
        top, right = _confident(values, true)
        at = index.get_indexer(pd.MultiIndex.from_arrays([true, own["group"].to_numpy(np.int64)]))
        count = len(index)
        sums.append([np.bincount(at, w, minlength=count) for w in (top - right, np.ones(len(at)))])
    gaps, clips = np.array(sums).transpose(1, 0, 2)
    mean, drawn = share(gaps, clips, bootstrap_weights(strata(index)))
    return Estimate(mean, *interval(drawn[~np.isnan(drawn)]))


def _checked(probabilities: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    values, true = np.asarray(probabilities, np.float64), np.asarray(targets, np.int64)
    if values.ndim != 2 or true.shape != values.shape[:1] or not len(true):
        raise ValueError(
            f"expected probabilities (N, C) and N targets, found {values.shape} and {true.shape}"
        )
    if true.min() < 0 or true.max() >= values.shape[1]:
        raise ValueError(f"expected targets of 0 to {values.shape[1] - 1}")
    return values, true
