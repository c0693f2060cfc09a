"""Confusion: which classes each model takes for which, both matrices on one scale."""

from __future__ import annotations

import streamlit as st

from dashboard import charts, numbers, show, state

view = state.view()
st.title("Confusion")
st.caption(f"Rows are the true class, columns the predicted one. {show.basis(view)}")
if numbers.missing(view):
    show.no_predictions(view)
    st.stop()

SHARE, COUNTS = "Share of the true class", "Counts"
ALL, MOST = "All classes", "The 15 most confused"
with st.container(horizontal=True):
    unit = st.segmented_control(
        "Cells show", [SHARE, COUNTS], default=SHARE, required=True, key="cells"
    )
    classes = view.study.classes
    shown = ALL
    if len(classes) > charts.CELL_TEXT_CLASSES:
        shown = st.segmented_control(
            "Classes", [ALL, MOST], default=ALL, required=True, key="shown"
        )

share = unit == SHARE
matrices = [numbers.matrix(view, name) for name in view.pair]
keep = list(range(len(classes)))
if shown == MOST:
    keep = charts.most_confused(matrices, 15)
top = 100.0 if share else float(max(matrix.max() for matrix in matrices))

for slot, (column, matrix) in enumerate(zip(st.columns(2), matrices, strict=True)):
    with column:
        made = charts.confusion(matrix, classes, view.titles[slot], share, top, keep)
        show.chart(made, f"matrix-{slot}")
show.chart(charts.scale(top, share), "scale", tabled=False)

st.subheader("Every mistake, most frequent first")
for slot, (column, matrix) in enumerate(zip(st.columns(2), matrices, strict=True)):
    with column:
        st.markdown(f"{show.DOT[slot]} {view.titles[slot]}")
        show.table(charts.mistakes(matrix, classes), f"Mistakes of {view.titles[slot]}")
