"""The seed lottery: where a published figure lies among many seeds of the same recipe.

Pure functions. May import: numpy, pandas, .counts.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from hvc_core.statistics.counts import answers

# The seed study's name of a model -> ours in a study of its recipe: its source's LRCN trains a
# small CNN from scratch.
PLAYED = {"convlstm": "convlstm", "lrcn": "lrcn-scratch"}
PLAYED_NOTE = (
    "By its abstract the seed study's LRCN had a pretrained CNN; the well-known source of its "
    "recipe has a small one from scratch, as here."
)


@dataclass(frozen=True)
class Lottery:
    """One model's accuracies over seeds, each with a random split of its own.

    Attributes:
        model: str.
        by_seed: dict of seed to accuracy, 0 to 1.
        published: float, 0 to 1. The figure to place.
        below: int. Seeds whose accuracy is under it.
        equal: int. Seeds whose accuracy is the same, to half a test clip.
        clips: int. Test clips of a seed, the mean over seeds.
    """

    model: str
    by_seed: dict[int, float]
    published: float
    below: int
    equal: int
    clips: int

    @property
    def deviation(self) -> float:
        """The standard deviation over seeds, 0 to 1; NaN of one seed."""
        return (
            float(np.std(list(self.by_seed.values()), ddof=1))
            if len(self.by_seed) > 1
            else math.nan
        )

    @property
    def of_clips(self) -> float:
        """What drawing the test clips alone would give of it, sqrt(p (1 - p) / n)."""
        mean = float(np.mean(list(self.by_seed.values())))
        return math.sqrt(mean * (1 - mean) / self.clips)

    @property
    def words(self) -> str:
        """Where it lies, for a person: 'above 9 of 11 seeds'."""
        count, above = len(self.by_seed), len(self.by_seed) - self.below - self.equal
        if not self.below and not self.equal:
            return f"below all {count} seeds"
        if not above and not self.equal:
            return f"above all {count} seeds"
        same = f", as {self.equal} of them" if self.equal else ""
        return f"above {self.below} of {count} seeds{same}"


def lottery(predictions: pd.DataFrame, model: str, published: float, classes: list[str]) -> Lottery:
    """Where a published accuracy lies among a model's seeds under `random`.

    Args:
        predictions: DataFrame of a study's predictions.
        model: str.
        published: float, 0 to 1.
        classes: list of C names, in the order of `probabilities`.

    Raises:
        ValueError: the model has no predictions under `random`.
    """
    rows = predictions[(predictions["protocol"] == "random") & (predictions["model"] == model)]
    if not len(rows):
        raise ValueError(f"{model} has no predictions under protocol random")
    by_seed, below, equal = {}, 0, 0
    for seed, own in rows.groupby("seed"):
        true, answered = answers(own, classes)
        accuracy = float((true == answered).mean())
        by_seed[int(str(seed))] = accuracy
        same = abs(accuracy - published) <= 0.5 / len(own)
        equal += same
        below += not same and accuracy < published
    return Lottery(model, by_seed, published, below, equal, round(len(rows) / len(by_seed)))


def published(seed_study: Mapping[str, Any]) -> dict[str, float]:
    """Our model -> the accuracy that the seed study published, 0 to 1, from its figures' file."""
    figures = seed_study.get("models", {})
    return {
        ours: figures[theirs]["accuracy_percent"] / 100
        for theirs, ours in PLAYED.items()
        if theirs in figures
    }
