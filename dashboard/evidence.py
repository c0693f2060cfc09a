"""How sure the study's numbers are: tests, spreads, leaks, calibration, conditions, all kept.

As dashboard.numbers: kept by (folder, revision, what is asked), bounded. May import: streamlit,
numpy, pandas, hvc_core, dashboard.state, .numbers.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import streamlit as st

from dashboard import numbers
from dashboard.state import LOTTERY, SEED_STUDY, View, revision
from hvc_core import findings, splits
from hvc_core.findings import accuracy, stored
from hvc_core.findings.matrix import LIKE_FOR_LIKE, OVER_MEAN
from hvc_core.planned import planned
from hvc_core.statistics import (
    calibration,
    leakage,
    paired,
    robustness,
    selective,
    spread,
    stats,
    temperature,
    unknown,
)
from hvc_core.study import Study

_KEEP = 64
_WAIT = "Resampling the source videos …"


def over_mean(view: View) -> list[tuple[View, stats.Difference]]:
    """The pairs that differ in the LSTM alone, mean pooling as A, with what it adds to each."""
    pairs = [
        replace(view, a=mean, b=lstm)
        for lstm, mean, _ in OVER_MEAN
        if {lstm, mean} <= set(view.study.models)
    ]
    return [(pair, gain) for pair in pairs if (gain := numbers.difference(pair)) is not None]


@st.cache_data(max_entries=_KEEP, show_spinner=_WAIT)
def _class_tests(_study: Study, revision: str, a: str, b: str, protocol: str) -> pd.DataFrame:
    return paired.per_class(_study.rows(protocol, a, b), a, b, protocol, _study.classes)


def class_tests(view: View) -> pd.DataFrame:
    """Recall of the pair class by class, with corrected tests: `paired.per_class`."""
    return _class_tests(view.study, view.revision, view.a, view.b, view.protocol)


@st.cache_data(max_entries=_KEEP, show_spinner=_WAIT)
def _spread(_study: Study, revision: str, model: str, protocol: str) -> spread.Spread | None:
    try:
        return spread.spread(_study.rows(protocol, model), model, protocol, _study.classes)
    except ValueError:
        return None


def spread_of(view: View, model: str) -> spread.Spread | None:
    """What a model's accuracy varies with; None where it has no predictions."""
    return _spread(view.study, view.revision, model, view.protocol)


def _under_both(study: Study, model: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    return study.rows("random", model), study.rows("group5", model)


@st.cache_data(max_entries=_KEEP, show_spinner=_WAIT)
def _meter(_study: Study, revision: str, model: str) -> leakage.Meter | None:
    try:
        return leakage.meter(*_under_both(_study, model), _study.classes)
    except ValueError:
        return None


def meter(view: View, model: str) -> leakage.Meter | None:
    """Accuracy under `random` minus under `group5`; None where a protocol was not run."""
    return _meter(view.study, view.revision, model)


@st.cache_data(max_entries=_KEEP, show_spinner=_WAIT)
def _leak_by_class(_study: Study, revision: str, model: str) -> pd.DataFrame | None:
    try:
        return leakage.by_class(*_under_both(_study, model), _study.classes)
    except ValueError:
        return None


def leak_by_class(view: View, model: str) -> pd.DataFrame | None:
    """The same in recall, class by class: `leakage.by_class`."""
    return _leak_by_class(view.study, view.revision, model)


@st.cache_data(max_entries=_KEEP, show_spinner=False)
def _asked_under(
    _study: Study, revision: str, extra: str, models: tuple[str, ...], protocol: str
) -> str:
    """The protocol itself where all of these models were asked under it, else one that has all."""
    rows = getattr(_study, extra)[["protocol", "model"]].drop_duplicates()
    asked = rows[rows["model"].isin(models)].groupby("protocol", sort=False)["model"].nunique()
    have = asked[asked == len(set(models))].index.tolist()
    return have[0] if have and protocol not in have else protocol


def asked_under(view: View, extra: str) -> View:
    """The view where its two models were put to other clips: few protocols' cells are.

    Args:
        view: View.
        extra: str. `conditions` or `unseen`.

    Returns:
        View. The same, under another protocol where only that one has such rows of both.
    """
    protocol = _asked_under(view.study, view.revision, extra, view.pair, view.protocol)
    return replace(view, protocol=protocol)


@dataclass(frozen=True)
class Sureness:
    """How well a model's probabilities fit what comes out, before or after temperature scaling.

    Attributes:
        summary: Calibration. ECE, Brier, NLL and others, means over seeds.
        bins: DataFrame. `calibration.reliability` of all its answers together.
        curve: (coverage, accuracy) of all its answers together.
        unseen: Estimate or None. AUROC of telling clips of its classes from others by confidence.
    """

    summary: calibration.Calibration
    bins: pd.DataFrame
    curve: tuple[np.ndarray, np.ndarray]
    unseen: stats.Estimate | None


@st.cache_data(max_entries=_KEEP, show_spinner="Weighing how sure the models are …")
def _sureness(
    _study: Study, revision: str, model: str, protocol: str, scaled: bool
) -> Sureness | None:
    rows = _study.rows(protocol, model)
    asked = _asked_under(_study, revision, "unseen", (model,), protocol)
    known, unseen = _study.rows(asked, model), _study.unseen
    unseen = unseen[(unseen["model"] == model) & (unseen["protocol"] == asked)]
    if scaled:
        validation = _study.validation[_study.validation["model"] == model]
        rows, known, unseen = (
            temperature.scaled(df, validation, _study.classes)[0] for df in (rows, known, unseen)
        )
    if not len(rows):
        return None
    values, targets = calibration.arrays(rows, _study.classes)
    top, right = calibration.confidences(rows, _study.classes)
    return Sureness(
        summary=calibration.summary(rows, model, protocol, _study.classes),
        bins=calibration.reliability(values, targets),
        curve=selective.coverage_curve(top, right),
        unseen=unknown.known_from_unknown(known, unseen),
    )


def sureness(view: View, model: str, scaled: bool) -> Sureness | None:
    """A model's calibration; None without predictions, or, scaled, without validation clips."""
    return _sureness(view.study, view.revision, model, view.protocol, scaled)


@st.cache_data(max_entries=_KEEP, show_spinner=_WAIT)
def _conditions(_study: Study, revision: str, model: str, protocol: str) -> pd.DataFrame:
    rows = robustness.rows_of(_study.rows(protocol, model), _study.conditions, model, protocol)
    return robustness.table(rows, _study.classes)


def conditions(view: View, model: str) -> pd.DataFrame:
    """A model's accuracy under each condition: `robustness.table`; empty where none was run."""
    return _conditions(view.study, view.revision, model, view.protocol)


@st.cache_data(max_entries=_KEEP, show_spinner=_WAIT)
def _class_loss(
    _study: Study, revision: str, model: str, protocol: str, condition: str
) -> list[stats.Estimate | None]:
    rows = robustness.rows_of(_study.rows(protocol, model), _study.conditions, model, protocol)
    return robustness.by_class(rows, condition, _study.classes)


def class_loss(view: View, model: str, condition: str) -> list[stats.Estimate | None]:
    """How much of each class's recall a condition takes from a model."""
    return _class_loss(view.study, view.revision, model, view.protocol, condition)


@st.cache_data(max_entries=4, show_spinner=False)
def _left_out(_study: Study, revision: str) -> pd.DataFrame:
    """Training and validation clips that the audit takes from each fold of the study's protocols.

    Which clip is tested where is read from the predictions: a pair counts where one of it is
    tested and the other, of another group, is not.
    """
    found = []
    pairs = [(p["a"], p["b"]) for p in _study.audit["pairs"]] if _study.audit else []
    rows = _study.predictions[["protocol", "fold", "clip"]].drop_duplicates()
    for (protocol, fold), own in rows.groupby(["protocol", "fold"], sort=True):
        if protocol not in splits.GROUPED:
            continue
        tested = set(own["clip"])
        found.append((protocol, fold, len(tested), sorted(splits.twins_of(tested, pairs))))
    return pd.DataFrame(found, columns=["protocol", "fold", "tested", "left_out"])


def left_out(view: View) -> pd.DataFrame:
    """protocol, fold, tested (clips), left_out (list of clips' names): what the audit took."""
    return _left_out(view.study, view.revision)


@st.cache_data(max_entries=4, show_spinner="Putting the findings into words …")
def _findings(_study: Study, revision: str, tickets: str) -> list[findings.Finding]:
    kept = stored.load(_study)
    return stored.derive(_study) if kept is None else kept


def found(view: View) -> list[findings.Finding]:
    """What the study found, in words: as `evaluate` stored them, else derived here."""
    lottery_folder = view.study.folder.parent / LOTTERY.name
    figures = view.study.folder.parent / SEED_STUDY.name
    tickets = f"{revision(lottery_folder)} {figures.stat().st_mtime_ns if figures.exists() else 0}"
    return _findings(view.study, view.revision, tickets)


@st.cache_data(max_entries=4, show_spinner=False)
def _not_run(_study: Study, revision: str) -> pd.DataFrame:
    cells = planned(_study)
    return cells[cells["there"] < cells["asked"]]


def not_run(view: View) -> pd.DataFrame:
    """Protocols and models that lack cells which the recipe asks for: as `planned.planned`."""
    return _not_run(view.study, view.revision)


def like_for_like(view: View) -> str | None:
    """The finding on the families on the same footing, beside a pair that differs in more."""
    if {*view.pair} != {*view.study.headline}:
        return None
    return _like_for_like(view.study, view.revision, view.protocol)


@st.cache_data(max_entries=8, show_spinner=False)
def _like_for_like(_study: Study, revision: str, protocol: str) -> str | None:
    models = {name for *pair, _ in LIKE_FOR_LIKE for name in pair}
    rows = _study.rows(protocol, *models)
    found = accuracy.like_for_like(replace(_study, predictions=rows), protocol)
    return found.claim if found else None
