"""Resampling of source videos: what every interval in the project is drawn from.

The bootstrap draws source videos ((class, group) pairs), not clips, because the clips of one source
are near-copies of each other: resampling clips would promise too much. It draws within each class,
since a study's classes are chosen and not drawn, and n - 1 of a class's n sources, each counted
n / (n - 1) times as often (Rao and Wu's rescaled bootstrap), because plain resampling of as few
films as five makes intervals a tenth too narrow. (tests/test_stats.py counts, on simulated
holdouts, how often the intervals hold the truth; drawing over all classes at once pushes macro F1
down, and holds it less often.)

One draw serves both models of a difference and all their seeds, so that it is paired. The intervals
say how much the choice of films matters; how much retraining matters shows in the seeds beside
them.

Pure functions. May import: numpy, pandas, .counts.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import pandas as pd

from hvc_core.statistics.counts import per_source, sources

REPLICATES = 2000
LEVEL = 0.95
LARGEST = 2**33  # unit of weights: a million clips then still add up exactly in float64


def strata(index: pd.MultiIndex) -> tuple[int, ...]:
    """In which group of like each source video is resampled: its class.

    Classes with a single source are resampled together, for one alone cannot vary.

    Args:
        index: MultiIndex of V source videos, from `counts.sources`.

    Returns:
        tuple of V ints: class numbers, or -1.
    """
    numbers = index.get_level_values(0).to_numpy()
    alone = np.bincount(numbers)[numbers] == 1
    return tuple(np.where(alone, -1, numbers).tolist())


@lru_cache(maxsize=2)  # the full UCF50's are 20 MB each
def bootstrap_weights(
    strata: tuple[int, ...], replicates: int = REPLICATES, seed: int = 0
) -> np.ndarray:
    """How much each source video counts in each replicate.

    Args:
        strata: tuple of V ints. Sources with the same one stand for each other.
        replicates: int.
        seed: int. The same seed gives the same weights, for ever.

    Returns:
        read-only float64 array (replicates, V), 0 or more; in each row, the weights of a stratum
        sum to its size times a unit, the same of the whole array: a stratum of one always weighs
        the unit. Only shares of weights mean anything. They are whole numbers, so that sums are
        exact and the same on every machine, unless that takes too large a unit (`LARGEST`).
    """
    # RandomState, because its stream is frozen, while Generator's may change between versions of
    # NumPy and stored intervals would then no longer be equal to derived ones.
    rng = np.random.RandomState(seed)
    of = np.asarray(strata)
    strata_of, sizes = np.unique(of, return_counts=True)
    unit = whole_unit(strata) or 1
    weights = np.full((replicates, len(of)), float(unit))
    rows = np.arange(replicates)[:, None]
    for stratum, size in zip(strata_of, sizes.tolist(), strict=True):
        members = np.flatnonzero(of == stratum)
        if size > 1:
            drawn = rng.randint(0, size, (replicates, size - 1), dtype=np.int64)
            times = np.bincount((rows * size + drawn).ravel(), minlength=replicates * size)
            weights[:, members] = times.reshape(replicates, size) * (unit * size / (size - 1))
    weights.flags.writeable = False
    return weights


def whole_unit(strata: tuple[int, ...]) -> int | None:
    """The unit in which all weights are whole numbers; None where it is over `LARGEST`."""
    sizes = np.unique(np.asarray(strata), return_counts=True)[1]
    unit = math.lcm(*(int(size) - 1 for size in sizes if size > 1))
    return unit if unit <= LARGEST else None


@lru_cache(maxsize=2)
def light_weights(strata: tuple[int, ...]) -> np.ndarray:
    """`bootstrap_weights` as float32: in half the time, and exact for sums under 2**24."""
    weights = bootstrap_weights(strata).astype(np.float32)
    weights.flags.writeable = False
    return weights


def by_class(
    weights: np.ndarray, counts: np.ndarray, number: np.ndarray, classes: int
) -> np.ndarray:
    """Resampled counts of each class, where a source video is all of one class.

    Args:
        weights: float array (R, V), from `bootstrap_weights`.
        counts: float array (S, V).
        number: int array (V,), rising, 0 to C-1. The class of each source video.
        classes: int. C.

    Returns:
        float64 array (S, R, C), not to be written to; 0 in a class without source videos.
    """
    if len(counts) > 1 and (counts == counts[0]).all():  # most protocols' seeds have the same clips
        alike = by_class(weights, counts[:1], number, classes)
        return np.broadcast_to(alike, (len(counts), *alike.shape[1:]))
    # The films of a class stand together: class by class is a fiftieth of the work of 50 classes.
    drawn = np.zeros((len(counts), len(weights), classes))
    starts = np.flatnonzero(np.diff(number, prepend=-1))
    for low, high in zip(starts, [*starts[1:], len(number)], strict=True):
        drawn[:, :, number[low]] = (weights[:, low:high] @ counts[:, low:high].T).T
    return drawn


def interval(values: np.ndarray) -> tuple[float, float]:
    """The 95 % percentile interval of bootstrap replicates.

    Args:
        values: float array (R,).
    """
    return intervals(values[None])[0]


def intervals(values: np.ndarray) -> list[tuple[float, float]]:
    """The `interval` of each row.

    Args:
        values: float array (N, R), without NaN.
    """
    tail = (1 - LEVEL) / 2
    ends = np.quantile(values, [tail, 1 - tail], axis=1)
    return [(float(lo), float(hi)) for lo, hi in ends.T]


def known_intervals(values: np.ndarray) -> list[tuple[float, float]]:
    """The `interval` of each row without its NaN; two NaN where a row has nothing else.

    Args:
        values: float array (N, R).
    """
    known = ~np.isnan(values)
    whole = known.all(axis=1)
    found = [(float("nan"), float("nan"))] * len(values)
    for i, ends in zip(np.flatnonzero(whole), intervals(values[whole]), strict=True):
        found[i] = ends
    for i in np.flatnonzero(known.any(axis=1) & ~whole):
        found[i] = interval(values[i][known[i]])
    return found


def accuracy_interval(df: pd.DataFrame, classes: list[str]) -> tuple[float, float]:
    """The accuracy's 95 % interval for one model, protocol and seed; each 0 to 1."""
    index = sources(df, classes)
    found = per_source(df, classes, index)
    weights = bootstrap_weights(strata(index))
    return interval((weights @ found.hits[0]) / (weights @ found.clips[0]))
