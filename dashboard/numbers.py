"""Every number of the pages, derived from the study's predictions and kept.

Each function is kept by (folder, revision, what is asked), bounded; the study itself is passed
beside the key and not hashed. May import: streamlit, numpy, pandas, hvc_core, dashboard.state.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st

from dashboard.state import View, title
from hvc_core.statistics import counts, paired, stats
from hvc_core.statistics import verdict as verdict_of
from hvc_core.statistics.by_clip import by_clip as by_clip_of
from hvc_core.study import Study

_KEEP = 64


def summary(view: View, model: str, protocol: str | None = None) -> stats.Summary | None:
    """A model's scores with intervals under a protocol (the view's); None without predictions."""
    return _summary(view.study, view.revision, model, protocol or view.protocol)


@st.cache_data(max_entries=_KEEP, show_spinner="Resampling the source videos …")
def _summary(_study: Study, revision: str, model: str, protocol: str) -> stats.Summary | None:
    try:
        return stats.summary(_study.rows(protocol, model), model, protocol, _study.classes)
    except ValueError:
        return None


def brief(view: View, model: str, protocol: str | None = None) -> stats.Brief | None:
    """A model's accuracy and recalls under a protocol, where no more of `summary` is needed."""
    return _brief(view.study, view.revision, model, protocol or view.protocol)


@st.cache_data(max_entries=4 * _KEEP, show_spinner="Resampling the source videos …")
def _brief(_study: Study, revision: str, model: str, protocol: str) -> stats.Brief | None:
    try:
        return stats.brief(_study.rows(protocol, model), model, protocol, _study.classes)
    except ValueError:
        return None


def told_apart(view: View) -> bool:
    """Whether `decision` names a winner; no where no clip has an answer of both."""
    return _told_apart(view.study, view.revision, view.a, view.b, view.protocol)


@st.cache_data(max_entries=4 * _KEEP, show_spinner="Resampling the source videos …")
def _told_apart(_study: Study, revision: str, a: str, b: str, protocol: str) -> bool:
    of_a, of_b = _study.rows(protocol, a), _study.rows(protocol, b)
    return paired.told_apart(of_a, of_b, _study.classes)


def decision(view: View) -> paired.Decision | None:
    """Which of the pair is better by paired.RULE; None where no clip has an answer of both."""
    return _decision(view.study, view.revision, view.a, view.b, view.protocol)


@st.cache_data(max_entries=_KEEP, show_spinner="Resampling the source videos …")
def _decision(
    _study: Study, revision: str, a: str, b: str, protocol: str
) -> paired.Decision | None:
    titles = {name: title(_study, name) for name in (a, b)}
    try:
        of_a, of_b = _study.rows(protocol, a), _study.rows(protocol, b)
        return paired.decide_of(of_a, of_b, a, b, protocol, _study.classes, titles)
    except ValueError:
        return None


def verdict(view: View) -> verdict_of.Verdict:
    """Who wins under the view's protocol, or that one cannot tell."""
    titles = {name: str(entry["title"]) for name, entry in view.study.models.items()}
    return verdict_of.in_words(decision(view), view.a, view.b, view.protocol, titles)


def difference(view: View) -> stats.Difference | None:
    """B minus A, paired; None where no clip has a prediction of both."""
    return _difference(view.study, view.revision, view.b, view.a, view.protocol)


@st.cache_data(max_entries=_KEEP, show_spinner="Resampling the source videos …")
def _difference(
    _study: Study, revision: str, a: str, b: str, protocol: str
) -> stats.Difference | None:
    try:
        of_a, of_b = _study.rows(protocol, a), _study.rows(protocol, b)
        return stats.difference_between(of_a, of_b, a, b, protocol, _study.classes)
    except ValueError:
        return None


def matrix(view: View, model: str) -> np.ndarray:
    """A model's confusion counts (C, C) under the view's protocol, its seeds added up."""
    return _matrix(view.study, view.revision, model, view.protocol)


@st.cache_data(max_entries=_KEEP, show_spinner=False)
def _matrix(_study: Study, revision: str, model: str, protocol: str) -> np.ndarray:
    return counts.confusion(_study.rows(protocol, model), _study.classes)


@dataclass(frozen=True)
class Extent:
    """What a model was put to under a protocol.

    Attributes:
        folds: tuple of int. Those that were run, sorted.
        seeds: tuple of int. The same.
        clips: int. Different clips.
        sources: int. Source videos that they come from.
    """

    folds: tuple[int, ...]
    seeds: tuple[int, ...]
    clips: int
    sources: int


def extent(view: View, model: str, protocol: str | None = None) -> Extent | None:
    """What a model was tested on under a protocol (the view's); None without predictions."""
    return _extent(view.study, view.revision, model, protocol or view.protocol)


@st.cache_data(max_entries=4 * _KEEP, show_spinner=False)
def _extent(_study: Study, revision: str, model: str, protocol: str) -> Extent | None:
    own = _study.rows(protocol, model)
    if not len(own):
        return None
    folds, seeds = (tuple(sorted(own[key].unique().tolist())) for key in ("fold", "seed"))
    films = own[["class", "group"]].drop_duplicates()
    return Extent(folds, seeds, int(own["clip"].nunique()), len(films))


def by_clip(view: View) -> pd.DataFrame:
    """Every clip and seed with both models' answers under the view's protocol."""
    return _by_clip(view.study, view.revision, view.a, view.b, view.protocol)


@st.cache_data(max_entries=8, show_spinner="Reading every answer …")
def _by_clip(_study: Study, revision: str, a: str, b: str, protocol: str) -> pd.DataFrame:
    return by_clip_of(_study.rows(protocol, a, b), a, b, protocol, _study.classes)


def classes(view: View, measure: str = "f1") -> pd.DataFrame | None:
    """A measure of each class for both models; None where one has no prediction.

    Args:
        view: the open study.
        measure: `f1`, `recall` or `precision`.

    Returns:
        DataFrame: class, support (clips), a, a_low, a_high, b, b_low, b_high, gap (b - a);
        fractions.
    """
    a, b = summary(view, view.a), summary(view, view.b)
    if a is None or b is None:
        return None
    support = matrix(view, view.a).sum(axis=1) // max(len(a.seeds), 1)
    table = side_by_side(a, b, view.study.classes, measure)
    table.insert(1, "support", support)
    return table


def side_by_side(
    a: stats.Summary, b: stats.Summary, names: list[str], measure: str = "f1"
) -> pd.DataFrame:
    """A measure of some classes for two models: as `classes`, without `support`."""
    table = pd.DataFrame({"class": names})
    for key, found in (("a", a), ("b", b)):
        values = getattr(found, measure)
        table[key] = [values[name].mean for name in names]
        table[f"{key}_low"] = [values[name].lo for name in names]
        table[f"{key}_high"] = [values[name].hi for name in names]
    table["gap"] = table["b"] - table["a"]
    return table


def missing(view: View) -> list[str]:
    """The pair's models that have no prediction under the view's protocol."""
    return [name for name in view.pair if extent(view, name) is None]
