"""Training: how both models learned."""

from __future__ import annotations

import streamlit as st

from dashboard import charts, show, state

view = state.view()
show.heading(
    view,
    "Training",
    "Accuracy and loss by epoch. Thin lines are single cells (one fold, one seed), thick "
    "ones their mean as far as every cell went; validation is a part of the training groups, "
    "never the test. Training figures are of augmented clips, with smoothed targets and for some "
    "models mixed clips, so they can lie below validation's.",
    "history",
    of=False,
)

history = view.study.history
if history is not None:
    history = history[(history["protocol"] == view.protocol) & history["model"].isin(view.pair)]
if history is None or history.empty:
    st.info(
        "This study has no curves for these models under this protocol: history.parquet is "
        "missing or holds none of their rows. Everything else works without it.",
        title="No training history",
        icon=":material/hourglass_empty:",
    )
    st.stop()

for measure in ("accuracy", "loss"):
    show.chart(charts.curves(view.titles, history, view.pair, measure), f"curves-{measure}")

hours = history.groupby("model")["seconds"].sum() / 3600
st.caption(
    "Time spent training: "
    + "; ".join(
        f"{state.title(view.study, name)} {hours.get(name, 0):.1f} hours" for name in view.pair
    )
    + "."
)
