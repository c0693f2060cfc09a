"""Does a model know that a clip shows none of its classes?

Pure functions. May import: numpy, pandas, .bootstrap, .stats' Estimate.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
import pandas as pd

from hvc_core.statistics.bootstrap import bootstrap_weights, interval
from hvc_core.statistics.stats import Estimate


def auroc(known: np.ndarray, unknown: np.ndarray) -> float:
    """The probability that a clip of a known class is more confident than one of none; ties half.

    Args:
        known: float array (N,). Confidences of clips of the study's classes.
        unknown: float array (M,). Confidences of clips of other classes.

    Returns:
        float, 0 to 1; 0.5 is no better than chance.

    Raises:
        ValueError: one of them is empty.
    """
    known, unknown = _both(known, unknown)
    return float(_beaten(known, unknown).sum() / (len(known) * len(unknown)))


def auroc_interval(
    known: np.ndarray,
    unknown: np.ndarray,
    known_ids: Sequence[Hashable],
    unknown_ids: Sequence[Hashable],
) -> tuple[float, float]:
    """The 95 % interval of `auroc`, resampling on both sides what was drawn by chance.

    A side with one id stays as it is.

    Args:
        known: float array (N,).
        unknown: float array (M,).
        known_ids: N ids that can be sorted: what each clip belongs to, such as its source video.
        unknown_ids: M ids. An id on both sides names two things.

    Raises:
        ValueError: a side is empty, or has not one id a clip.
    """
    known, unknown = _both(known, unknown)
    if len(known_ids) != len(known) or len(unknown_ids) != len(unknown):
        raise ValueError("expected one id a clip")
    of_known, of_unknown = _numbered(known_ids), _numbered(unknown_ids)
    shape = of_known.max() + 1, of_unknown.max() + 1
    # A replicate weighs whole ids, so the wins between them are all that it needs.
    wins = np.empty(shape)
    for column in range(shape[1]):
        beaten = _beaten(known, unknown[of_unknown == column])
        wins[:, column] = np.bincount(of_known, weights=beaten, minlength=shape[0])
    weights = bootstrap_weights((0,) * shape[0] + (1,) * shape[1])  # one draw, two strata
    left, right = weights[:, : shape[0]], weights[:, shape[0] :]
    pairs = (left @ np.bincount(of_known)) * (right @ np.bincount(of_unknown))
    drawn = ((left @ wins) * right).sum(axis=1) / pairs
    return interval(np.clip(drawn, 0, 1))  # rounding may leave the range by a hair


def known_from_unknown(predictions: pd.DataFrame, unseen: pd.DataFrame) -> Estimate | None:
    """How well confidence tells a model's test clips from clips of no class of it: the AUROC.

    Of the first seed that was put to both kinds. Its interval resamples the source videos of the
    known clips, and of the unknown ones whole classes: which there are is itself chance. Of a
    single unknown class it resamples the source videos.

    Args:
        predictions: DataFrame. One model's rows of a study's predictions under one protocol.
        unseen: DataFrame. The same model's and protocol's rows of its `unseen`.

    Returns:
        Estimate, 0 to 1; None where no seed was put to both.
    """
    both = sorted(set(predictions["seed"]) & set(unseen["seed"]))
    if not both:
        return None
    sides = [df[df["seed"] == both[0]] for df in (predictions, unseen)]
    known, other = (np.array(df["probabilities"].tolist(), np.float64).max(axis=1) for df in sides)
    several = sides[1]["class"].nunique() > 1
    ids = sides[1]["class"].tolist() if several else source_ids(sides[1])
    ends = auroc_interval(known, other, source_ids(sides[0]), ids)
    return Estimate(auroc(known, other), *ends)


def source_ids(df: pd.DataFrame) -> list[tuple[str, int]]:
    """The source video of each row, (class, group), for `auroc_interval`."""
    return [(str(c), int(g)) for c, g in zip(df["class"], df["group"], strict=True)]


def _both(known: np.ndarray, unknown: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    known, unknown = np.asarray(known, np.float64), np.asarray(unknown, np.float64)
    if not len(known) or not len(unknown):
        raise ValueError(f"expected clips on both sides, found {len(known)} and {len(unknown)}")
    return known, unknown


def _beaten(known: np.ndarray, unknown: np.ndarray) -> np.ndarray:
    """How many unknown clips each known one beats, ties half: float64 (N,)."""
    ordered = np.sort(unknown)
    under = np.searchsorted(ordered, known, side="left")
    return (under + np.searchsorted(ordered, known, side="right")) / 2


def _numbered(ids: Sequence[Hashable]) -> np.ndarray:
    # Sorted, so that the order of the clips does not say which source video is drawn.
    number = {name: i for i, name in enumerate(sorted(set(ids)))}  # type: ignore[type-var]
    return np.array([number[name] for name in ids])
