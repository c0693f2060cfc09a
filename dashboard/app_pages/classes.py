"""Classes: F1, recall and precision of each class for both models; and one class whole."""

from __future__ import annotations

import streamlit as st

from dashboard import address, charts, evidence, numbers, show, show_class, state
from hvc_core.statistics import paired

view = state.view()
show.heading(view, "Classes", "Which classes are hard, and for whom.", both=True)

MEASURES = {"F1": "f1", "Recall": "recall", "Precision": "precision"}
ORDERS = {
    "Widest gap": lambda t: t.reindex(t["gap"].abs().sort_values(ascending=False).index),
    f"{view.titles[1]} ahead": lambda t: t.sort_values("gap", ascending=False),
    f"{view.titles[0]} ahead": lambda t: t.sort_values("gap"),
    "Worst class": lambda t: t.reindex(t[["a", "b"]].min(axis=1).sort_values().index),
    "Name": lambda t: t.sort_values("class"),
}
with st.container(horizontal=True):
    measure = st.segmented_control(
        "Measure",
        list(MEASURES),
        required=True,
        **address.kept("measure", "F1", address.one_of(list(MEASURES))),
    )
    order = st.segmented_control(
        "Sort by",
        list(ORDERS),
        required=True,
        **address.kept("order", "Widest gap", address.one_of(list(ORDERS))),
    )
table = numbers.classes(view, MEASURES[measure])
if table is None:
    st.stop()
table = ORDERS[order](table).reset_index(drop=True)
made = charts.class_scores(view.titles, table, measure)
show.chart(made, "classes", tabled=False)

# -- the same numbers, with the corrected test; a row leads to its class ---------------------------

tests = evidence.class_tests(view).set_index("class")["p_holm"].reindex(table["class"])
shown = made.table.assign(**{"p, Holm": [show.p_value(p) for p in tests]})
shown.insert(1, "Clips", table["support"])
names = table["class"].tolist()


choice = address.kept("class", None, address.one_of(view.study.classes))
at = st.session_state["class"]
marked = [names.index(at)] if at in names else []


def chosen() -> None:
    """Takes the row that was clicked as the class to show."""
    rows = st.session_state["class-table"]["selection"]["rows"]
    if rows != marked:  # a table that was just drawn tells of itself, too
        address.put("class", names[rows[0]] if rows else None)


show.mark("class-table", marked)
show.table(shown, f"{measure} of each class for both models", "class-table", chosen)
st.caption(
    f"F1 is the balance of precision (how often the answer is right) and recall (how many of the "
    "class's clips are found). Gap: B minus A, in points. Intervals: 95 %, from resampling source "
    "videos; one of a single point means that all of a class's source videos came out alike, not "
    "that the next one must. p: the difference in recall, whole source videos flipped, Holm's "
    f"correction over all classes; under {paired.ALPHA} it is more than chance."
)

# -- one class -------------------------------------------------------------------------------------

st.header("One class")
name = st.selectbox(
    "Class",
    view.study.classes,
    index=None,
    placeholder="Choose a row above, or a class here",
    **choice,
)
if name is not None:
    show_class.one(view, name)
