"""The leakage meter: how much a random split of the clips flatters a model.

Under `random` nearly every test clip has siblings, cut from the same source video, among the
training clips; under a group protocol none has. The gap between the two accuracies is what a
model owes to having seen the film before.

Pure functions. May import: numpy, pandas, .bootstrap, .counts, .spread, .stats.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from hvc_core.statistics.bootstrap import bootstrap_weights, known_intervals, strata
from hvc_core.statistics.counts import PerSource, per_source, sources
from hvc_core.statistics.spread import share, share_by_class
from hvc_core.statistics.stats import Estimate


@dataclass(frozen=True)
class Meter:
    """One model under a leaky protocol and an honest one.

    Attributes:
        overall: Estimate, -1 to 1. Accuracy under the leaky protocol minus under the honest one.
        leaky: Estimate, 0 to 1. Mean over seeds, each of its own clips.
        honest: Estimate, 0 to 1. Mean over seeds.
    """

    overall: Estimate
    leaky: Estimate
    honest: Estimate


def meter(leaky: pd.DataFrame, honest: pd.DataFrame, classes: list[str]) -> Meter:
    """Accuracy under the leaky protocol minus the honest one, with intervals.

    Each replicate draws source videos once for both protocols: a film that is drawn twice counts
    twice in both. The protocols need not have the same clips, but the numbers are of the classes
    that have clips under both, so that an easy class does not pass for a leak.

    Args:
        leaky: DataFrame. One model's predictions under a protocol: `Study.rows("random", model)`.
        honest: DataFrame. Its predictions under another: `Study.rows("group5", model)`.
        classes: list of C names, in the order of `probabilities`.

    Raises:
        ValueError: there are no predictions under one of the protocols, or no class has clips
            under both.
    """
    found, weights = _counted([leaky, honest], classes)
    number = found[0].number
    both = np.logical_and(*(np.isin(number, number[one.clips.any(axis=0)]) for one in found))
    if not both.any():
        raise ValueError("no class has clips under both protocols")
    (point, drawn), (other, other_drawn) = (
        share(one.hits * both, one.clips * both, weights) for one in found
    )
    gap, of_leaky, of_honest = known_intervals(np.stack([drawn - other_drawn, drawn, other_drawn]))
    return Meter(
        overall=Estimate(point - other, *gap),
        leaky=Estimate(point, *of_leaky),
        honest=Estimate(other, *of_honest),
    )


def by_class(leaky: pd.DataFrame, honest: pd.DataFrame, classes: list[str]) -> pd.DataFrame:
    """What `meter` says, class by class, in recall.

    Returns:
        DataFrame, one row a class, in the order of `classes`: `class`; `leaky`, `honest` (recall,
        float, 0 to 1), `difference` (leaky - honest), `low`, `high` (its 95 % interval);
        `clips_leaky`, `clips_honest` (int, different clips over all seeds). NaN where a protocol
        has no clip of the class; `low` and `high` also where the class has one source video,
        which cannot be resampled.

    Raises:
        ValueError: there are no predictions under one of the protocols.
    """
    own = [leaky, honest]
    found, weights = _counted(own, classes)
    (recall, drawn), (base, base_drawn) = (share_by_class(one, weights) for one in found)
    ends = known_intervals((drawn - base_drawn).T)
    films = np.bincount(found[0].number, minlength=len(classes))
    clips = [df.groupby("class")["clip"].nunique() for df in own]
    table = []
    for i, name in enumerate(classes):
        gap = recall[i] - base[i], *(ends[i] if films[i] > 1 else (np.nan, np.nan))
        table.append((name, recall[i], base[i], *gap, *(int(one.get(name, 0)) for one in clips)))
    columns = "class leaky honest difference low high clips_leaky clips_honest".split()
    return pd.DataFrame(table, columns=columns)


def _counted(own: list[pd.DataFrame], classes: list[str]) -> tuple[list[PerSource], np.ndarray]:
    """The counts under each protocol of all their source videos, and one draw for both."""
    for name, df in zip(("leaky", "honest"), own, strict=True):
        if not len(df):
            raise ValueError(f"there are no predictions under the {name} protocol")
    index = sources(pd.concat([df[["class", "group"]] for df in own]), classes)
    return [per_source(df, classes, index) for df in own], bootstrap_weights(strata(index))
