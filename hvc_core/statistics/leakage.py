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
from hvc_core.statistics.counts import PerSource, per_source, rows_where, sources
from hvc_core.statistics.spread import share, share_by_class
from hvc_core.statistics.stats import Estimate


@dataclass(frozen=True)
class Meter:
    """One model under a leaky protocol and an honest one.

    Attributes:
        model: str.
        overall: Estimate, -1 to 1. Accuracy under the leaky protocol minus under the honest one.
        leaky: Estimate, 0 to 1. Mean over seeds, each of its own clips.
        honest: Estimate, 0 to 1. Mean over seeds.
    """

    model: str
    overall: Estimate
    leaky: Estimate
    honest: Estimate


def meter(
    predictions: pd.DataFrame,
    model: str,
    classes: list[str],
    leaky: str = "random",
    honest: str = "group5",
) -> Meter:
    """Accuracy under the leaky protocol minus the honest one, with intervals.

    Each replicate draws source videos once for both protocols: a film that is drawn twice counts
    twice in both. The protocols need not have the same clips, but the numbers are of the classes
    that have clips under both, so that an easy class does not pass for a leak.

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
    found, weights = _counted(_rows(predictions, model, leaky, honest), classes)
    number = found[0].number
    both = np.logical_and(*(np.isin(number, number[one.clips.any(axis=0)]) for one in found))
    if not both.any():
        raise ValueError(f"no class has clips of {model} under both {leaky} and {honest}")
    (point, drawn), (other, other_drawn) = (
        share(one.hits * both, one.clips * both, weights) for one in found
    )
    gap, of_leaky, of_honest = known_intervals(np.stack([drawn - other_drawn, drawn, other_drawn]))
    return Meter(
        model=model,
        overall=Estimate(point - other, *gap),
        leaky=Estimate(point, *of_leaky),
        honest=Estimate(other, *of_honest),
    )


def by_class(
    predictions: pd.DataFrame,
    model: str,
    classes: list[str],
    leaky: str = "random",
    honest: str = "group5",
) -> pd.DataFrame:
    """What `meter` says, class by class, in recall.

    Returns:
        DataFrame, one row a class, in the order of `classes`: `class`; `leaky`, `honest` (recall,
        float, 0 to 1), `difference` (leaky - honest), `low`, `high` (its 95 % interval);
        `clips_leaky`, `clips_honest` (int, different clips over all seeds). NaN where a protocol
        has no clip of the class; `low` and `high` also where the class has one source video,
        which cannot be resampled.

    Raises:
        ValueError: the model has no predictions under one of the protocols.
    """
    own = _rows(predictions, model, leaky, honest)
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


def _rows(predictions: pd.DataFrame, model: str, *protocols: str) -> list[pd.DataFrame]:
    rows = rows_where(predictions, "model", model)
    own = [rows_where(rows, "protocol", protocol) for protocol in protocols]
    for protocol, df in zip(protocols, own, strict=True):
        if not len(df):
            raise ValueError(f"{model} has no predictions under protocol {protocol}")
    return own


def _counted(own: list[pd.DataFrame], classes: list[str]) -> tuple[list[PerSource], np.ndarray]:
    """The counts under each protocol of all their source videos, and one draw for both."""
    index = sources(pd.concat([df[["class", "group"]] for df in own]), classes)
    return [per_source(df, classes, index) for df in own], bootstrap_weights(strata(index))
