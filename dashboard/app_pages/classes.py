"""Classes: F1 of every class for both models, with intervals, sortable by the gap."""

from __future__ import annotations

import streamlit as st

from dashboard import charts, numbers, show, state

view = state.view()
st.title("Classes")
st.caption(f"F1 is the balance of precision and recall for one class. {show.basis(view)}")
table = numbers.classes(view)
if table is None:
    show.no_predictions(view)
    st.stop()

ORDERS = {
    "Widest gap": lambda t: t.reindex(t["gap"].abs().sort_values(ascending=False).index),
    f"{view.titles[1]} ahead": lambda t: t.sort_values("gap", ascending=False),
    f"{view.titles[0]} ahead": lambda t: t.sort_values("gap"),
    "Worst class": lambda t: t.reindex(t[["a", "b"]].min(axis=1).sort_values().index),
    "Name": lambda t: t.sort_values("class"),
}
order = st.segmented_control(
    "Sort by", list(ORDERS), default="Widest gap", required=True, key="order"
)
table = ORDERS[order](table).reset_index(drop=True)
show.chart(charts.class_f1(view.titles, table), "classes", tabled=False)
show.table(charts.class_f1(view.titles, table).table, "F1 of each class for both models")
st.caption(
    "Gap: B minus A, in points. Intervals: 95 %, from resampling source videos; a class with few "
    "source videos has a wide one. An interval of one point means that all of a class's source "
    "videos came out alike, not that the next one must."
)
