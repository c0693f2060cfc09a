"""How much an accuracy varies: over seeds and folds, apart from over clips and source videos.

Three different questions. Would another start of the training give the same (seeds)? Another part
of the data (folds)? Other films (source videos)? The interval that treats every clip as drawn by
itself (Wilson's) stands beside the one that resamples source videos, to show how much too narrow
it is.

Pure functions. May import: numpy, pandas, .bootstrap, .counts.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from hvc_core.statistics.bootstrap import bootstrap_weights, by_class, interval, strata
from hvc_core.statistics.counts import PerSource, answers, per_source, rows_where, sources

Z = 1.959963984540054  # the normal distribution's 97.5 % point


@dataclass(frozen=True)
class Spread:
    """The accuracy of one model under one protocol, and what it varies with.

    Standard errors, the design effect and both intervals are of the accuracy of one seed, so that
    they compare like with like. The interval of the mean over seeds, shown everywhere else, is
    narrower.

    Attributes:
        model: str.
        protocol: str.
        clips: int. Clips that the first seed predicted.
        accuracy: float, 0 to 1. Mean over seeds.
        by_seed: dict of seed to accuracy, folds together.
        by_fold: dict of fold to accuracy, mean over seeds. Folds have different films: their
            spread is not that of training alone.
        seed_sd: float or None. Sample standard deviation of `by_seed`; None with one seed.
        fold_sd: float or None. The same of `by_fold`.
        source_se: float. Standard error by resampling source videos (root mean square over seeds).
        clip_se: float. sqrt(p (1 - p) / n), p the accuracy and n `clips`: what it would be if
            clips were independent.
        wilson: (float, float). Naive 95 % interval of the first seed's clips, as if independent.
        grouped: (float, float). The same seed's 95 % interval by resampling source videos.
        design_effect: float or None. (source_se / clip_se)**2: how many clips of a film are worth
            as much as one of another film; None where clip_se is 0.
    """

    model: str
    protocol: str
    clips: int
    accuracy: float
    by_seed: dict[int, float]
    by_fold: dict[int, float]
    seed_sd: float | None
    fold_sd: float | None
    source_se: float
    clip_se: float
    wilson: tuple[float, float]
    grouped: tuple[float, float]
    design_effect: float | None

    @property
    def first(self) -> float:
        """The accuracy of the first seed, which both intervals are of."""
        return self.by_seed[min(self.by_seed)]


def spread(predictions: pd.DataFrame, model: str, protocol: str, classes: list[str]) -> Spread:
    """What a model's accuracy under a protocol varies with.

    Args:
        predictions: DataFrame. A study's predictions.
        model: str.
        protocol: str.
        classes: list of C names, in the order of `probabilities`.

    Raises:
        ValueError: the model has no predictions under the protocol.
    """
    own = rows_where(rows_where(predictions, "protocol", protocol), "model", model)
    if not len(own):
        raise ValueError(f"{model} has no predictions under protocol {protocol}")
    index = sources(own, classes)
    weights = bootstrap_weights(strata(index))
    counted = per_source(own, classes, index)
    seeds, hits, clips = counted.seeds, counted.hits, counted.clips
    # Of the mean over seeds it would be smaller than n clips of one seed can be, and under
    # `random`, where every seed has other clips, far smaller: not to be set against clip_se.
    by_draw = [share(h[None], c[None], weights)[1] for h, c in zip(hits, clips, strict=True)]
    source_se = math.sqrt(np.mean([np.nanvar(d, ddof=1) for d in by_draw]))
    by_seed = {s: float(h.sum() / c.sum()) for s, h, c in zip(seeds, hits, clips, strict=True)}
    accuracy, count = float(np.mean(list(by_seed.values()))), int(clips[0].sum())
    clip_se = math.sqrt(accuracy * (1 - accuracy) / count)
    by_fold = _by_fold(own, classes)
    return Spread(
        model=model,
        protocol=protocol,
        clips=count,
        accuracy=accuracy,
        by_seed=by_seed,
        by_fold=by_fold,
        seed_sd=_deviation(by_seed),
        fold_sd=_deviation(by_fold),
        source_se=source_se,
        clip_se=clip_se,
        wilson=wilson(int(hits[0].sum()), count),
        grouped=interval(by_draw[0][~np.isnan(by_draw[0])]),
        design_effect=(source_se / clip_se) ** 2 if clip_se else None,
    )


def wilson(right: int, n: int) -> tuple[float, float]:
    """Wilson's 95 % score interval of a share (Wilson 1927, JASA 22:209-212).

    It takes the n clips for independent, which clips of one film are not.

    Args:
        right: int, 0 to n.
        n: int, 1 or more.

    Returns:
        two floats, 0 to 1.

    Raises:
        ValueError: n is not positive, or `right` is not in 0 to n.
    """
    if n < 1 or not 0 <= right <= n:
        raise ValueError(f"expected 0 to n right of n clips, n 1 or more; found {right} of {n}")
    p = right / n
    centre = p + Z**2 / (2 * n)
    half = Z * math.sqrt(p * (1 - p) / n + Z**2 / (4 * n**2))
    scale = 1 + Z**2 / n
    low, high = (centre - half) / scale, (centre + half) / scale
    # Rounding would leave 0 and 1 by a hair where none or all are right.
    return low if right else 0.0, high if right < n else 1.0


def share(hits: np.ndarray, clips: np.ndarray, weights: np.ndarray) -> tuple[float, np.ndarray]:
    """The mean over seeds of the share of right clips, of all source videos and resampled.

    A seed without any of the clips (`random` may miss a film, or a replicate may draw none that it
    has) does not count in the mean.

    Args:
        hits: float array (S, V). Right clips by seed and source video, from `per_source`.
        clips: float array (S, V). Clips.
        weights: float array (R, V), from `bootstrap_weights`.

    Returns:
        float, NaN without any clip; float64 array (R,), NaN where a replicate holds no clip.
    """
    whole = _mean(hits.sum(axis=1), clips.sum(axis=1))
    return float(whole), _mean(hits @ weights.T, clips @ weights.T)


def share_by_class(found: PerSource, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The `share` of each class: its recall.

    Args:
        found: PerSource of one model.
        weights: float array (R, V), from `bootstrap_weights`.

    Returns:
        float64 arrays (C,) and (R, C), NaN where `share` has it.
    """
    classes = found.answered.shape[2]
    whole, drawn = (
        _mean(
            *(by_class(of, counts, found.number, classes) for counts in (found.hits, found.clips))
        )
        for of in (np.ones((1, len(found.number))), weights)
    )
    return whole[0], drawn


def _mean(hits: np.ndarray, clips: np.ndarray) -> np.ndarray:
    """Means over seeds (...) of the shares of (S, ...) hits and clips."""
    held = clips > 0
    shares = np.divide(hits, clips, out=np.zeros_like(clips), where=held)
    seeds, total = held.sum(axis=0), shares.sum(axis=0)
    return np.divide(total, seeds, out=np.full_like(total, np.nan), where=seeds > 0)


def _by_fold(df: pd.DataFrame, classes: list[str]) -> dict[int, float]:
    true, answered = answers(df, classes)
    right = df[["seed", "fold"]].assign(right=true == answered)
    means = right.groupby(["fold", "seed"])["right"].mean().groupby(level="fold").mean()
    return {int(fold): float(mean) for fold, mean in zip(means.index, means, strict=True)}


def _deviation(values: dict[int, float]) -> float | None:
    """The sample standard deviation; None of fewer than two values."""
    return float(np.std(list(values.values()), ddof=1)) if len(values) > 1 else None
