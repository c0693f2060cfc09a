"""Selective accuracy: how right a model is on the clips of which it is surest.

Each function takes `confidence`, float array (N,), a clip's greatest probability, and `right`, bool
array (N,), and raises a ValueError where they do not fit each other or hold no clip.

Pure functions. May import: numpy.
"""

from __future__ import annotations

import numpy as np


def coverage_curve(confidence: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Accuracy if only the clips of which the model is surest were answered (Geifman and El-Yaniv
    2017, NeurIPS, "Selective classification for deep neural networks"; risk is 1 - accuracy).

    Returns:
        two float64 arrays (K,), K the number of different confidences, the surest first: coverage,
        rising to 1, and the accuracy of what it covers. Equal confidences are one point.
    """
    of, hit = np.asarray(confidence, np.float64), np.asarray(right, bool)
    if of.shape != hit.shape or of.ndim != 1 or not len(of):
        raise ValueError(f"expected one confidence a clip, found {of.shape} for {hit.shape}")
    order = np.argsort(-of, kind="stable")
    last = np.append(np.diff(of[order]) != 0, True)
    covered = np.flatnonzero(last) + 1
    return covered / len(of), np.cumsum(hit[order])[last] / covered


def aurc(confidence: np.ndarray, right: np.ndarray) -> float:
    """Area under the risk-coverage curve of Geifman and El-Yaniv 2017: the mean, over clips, of the
    share of wrong ones among those at least as sure (named AURC in Geifman, Uziel and El-Yaniv
    2019, ICLR, section 2).

    Returns:
        float, 0 (no clip wrong) to 1. Two models of unequal accuracy differ in it for that alone.
    """
    covered, accuracy = coverage_curve(confidence, right)
    return float((np.diff(covered, prepend=0) * (1 - accuracy)).sum())
