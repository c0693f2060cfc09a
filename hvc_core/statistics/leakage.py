"""The leakage meter: how much a random split of the clips flatters a model.

Under `random` nearly every test clip has siblings, cut from the same source video, among the
training clips; under a group protocol none has. The gap between the two accuracies is what a
model owes to having seen the film before.

Pure functions. May import: numpy, pandas, .bootstrap, .counts, .spread,
.stats.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from hvc_core.statistics.bootstrap import bootstrap_weights, interval, strata
from hvc_core.statistics.counts import per_source, sources
from hvc_core.statistics.spread import share
from hvc_core.statistics.stats import Estimate


@dataclass(frozen=True)
class Meter:
    """One model under a leaky protocol and an honest one.

    Attributes:
        model: str.
        overall: Estimate, -1 to 1. Accuracy under the leaky protocol minus under the honest one.
        leaky: Estimate, 0 to 1. Mean over seeds, each of its own clips.
        honest: Estimate, 0 to 1. Mean over seeds.
        by_class: DataFrame, one row a class, in the order of `classes`: `class`; `leaky`,
            `honest` (recall, float, 0 to 1), `difference` (leaky - honest), `low`, `high` (its
            95 % interval); `clips_leaky`, `clips_honest` (int, different clips over all seeds).
            NaN where a protocol has no clip of the class; `low` and `high` also where the class
            has one source video, which cannot be resampled.
    """

    model: str
    overall: Estimate
    leaky: Estimate
    honest: Estimate
    by_class: pd.DataFrame


def meter(
    predictions: pd.DataFrame,
    model: str,
    classes: list[str],
    leaky: str = "random",
    honest: str = "group5",
) -> Meter:
    """Accuracy and recall under the leaky protocol minus the honest one, with intervals.

    Each replicate draws source videos once for both protocols: a film that is drawn twice counts
    twice in both. The protocols need not have the same clips, but the three overall numbers are of
    the classes that have clips under both, so that an easy class does not pass for a leak.

    Args:
        predictions: DataFrame. A study's predictions.
        model: str.
        classes: list of C names, in the order of `probabilities`.
        leaky: str. A protocol.
        honest: str. Another.

    Raises:
        ValueError: the model has no predictions under one of the protocols, or no class has clips
            under both.
    """
    rows = predictions[predictions["protocol"].isin([leaky, honest])]
    own = []
    for protocol in (leaky, honest):
        own.append(rows[(rows["model"] == model) & (rows["protocol"] == protocol)])
        if not len(own[-1]):
            raise ValueError(f"{model} has no predictions under protocol {protocol}")
    index = sources(pd.concat(own), classes)
    weights = bootstrap_weights(strata(index))
    counted = [per_source(df, classes, index) for df in own]
    found = [(one.hits, one.clips) for one in counted]
    numbers = index.get_level_values(0).to_numpy()
    in_class = [numbers == i for i in range(len(classes))]
    both = [all(clips[:, of].any() for _, clips in found) for of in in_class]
    if not any(both):
        raise ValueError(f"no class has clips of {model} under both {leaky} and {honest}")

    def shares(of: np.ndarray) -> list[tuple[float, np.ndarray]]:
        return [share(hits[:, of], clips[:, of], weights[:, of]) for hits, clips in found]

    (point, drawn), (other, other_drawn) = shares(np.isin(numbers, np.flatnonzero(both)))
    clips = [df.groupby("class")["clip"].nunique() for df in own]
    table = []
    for name, of in zip(classes, in_class, strict=True):
        (recall, replicates), (base, base_replicates) = shares(of)
        ends = _interval(replicates - base_replicates) if of.sum() > 1 else (np.nan, np.nan)
        numbered = (int(one.get(name, 0)) for one in clips)
        table.append((name, recall, base, recall - base, *ends, *numbered))
    columns = "class leaky honest difference low high clips_leaky clips_honest".split()
    return Meter(
        model=model,
        overall=Estimate(point - other, *_interval(drawn - other_drawn)),
        leaky=Estimate(point, *_interval(drawn)),
        honest=Estimate(other, *_interval(other_drawn)),
        by_class=pd.DataFrame(table, columns=columns),
    )


def _interval(replicates: np.ndarray) -> tuple[float, float]:
    """The 95 % interval of the replicates that hold clips; NaN where none does."""
    held = replicates[~np.isnan(replicates)]
    return interval(held) if len(held) else (np.nan, np.nan)
