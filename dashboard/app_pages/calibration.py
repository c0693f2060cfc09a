"""Calibration: how far to trust a model's own probabilities, and whether it knows its limits."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from dashboard import charts, evidence, show, state
from hvc_core.statistics import calibration

view = state.view()
show.heading(
    view, "Calibration", "Whether a model is as often right as it says it is.",
    "predictions", "validation", "unseen", both=True,
    under=list(dict.fromkeys([view.protocol, evidence.asked_under(view, "unseen").protocol])),
)  # fmt: skip

RAW, SCALED = "As they come", "Temperature scaled"
kind = st.segmented_control(
    "Probabilities", [RAW, SCALED], default=RAW, required=True, key="probabilities"
)
found = [evidence.sureness(view, name, kind == SCALED) for name in view.pair]
if None in found:
    st.info(
        "Temperatures are fitted on validation clips, and this study holds no answers to those for "
        "both models. `python -m training train` keeps them of the cells that it trains.",
        title="Not scaled",
        icon=":material/hourglass_empty:",
    )
    found = [evidence.sureness(view, name, False) for name in view.pair]
both = [one for one in found if one is not None]

left, right = st.columns(2)
with left:
    show.chart(charts.reliability(view.titles, (both[0].bins, both[1].bins)), "reliability")
with right:
    show.chart(charts.coverage(view.titles, (both[0].curve, both[1].curve)), "coverage")

MEASURES = (
    ("Says on average", lambda s: charts.percent(s.confidence)),
    ("Is right in", lambda s: charts.percent(s.accuracy)),
    ("ECE: mean gap between the two, bin by bin", lambda s: charts.percent(s.ece)),
    ("Brier score, 0 to 2, smaller is better", lambda s: f"{s.brier:.3f}"),
    ("Negative log-likelihood in nats, smaller is better", lambda s: f"{s.nll:.3f}"),
    ("Area under the risk-coverage curve, smaller is better", lambda s: f"{s.aurc:.3f}"),
)
rows = [
    {
        "Measure": label,
        **{f"{show.DOT[i]} {view.titles[i]}": tell(one.summary) for i, one in enumerate(both)},
    }
    for label, tell in MEASURES
]
if any(one.unseen for one in both):
    rows.append(
        {
            "Measure": "Knows that a clip is none of its classes (AUROC, 50 % is chance)",
            **{
                f"{show.DOT[i]} {view.titles[i]}": f"{charts.percent(one.unseen.mean)} "
                f"({charts.interval(one.unseen)})"
                if one.unseen
                else "–"
                for i, one in enumerate(both)
            },
        }
    )
st.table(pd.DataFrame(rows), hide_index=True, alt="Measures of calibration of both models")
st.caption(
    f"Reliability in {calibration.BINS} bins of equal width; measures are means over seeds. "
    "Temperature scaling divides the logits by one number a cell, fitted on its validation clips "
    "only; it moves no answer. The two curves and ECE are of all folds together, where a fold too "
    "sure and one too modest cancel; the Brier score and the log-likelihood hide nothing so: where "
    "the latter grows, the temperature harms."
    + (
        " AUROC: how often a clip of the study's classes gets a surer answer than one of another "
        f"class, on clips of {view.study.unseen['class'].nunique()} other classes, asked of the "
        f"models of protocol {evidence.asked_under(view, 'unseen').protocol}."
        if len(view.study.unseen)
        else ""
    )
)
