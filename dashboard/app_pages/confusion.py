"""Confusion: which classes each model takes for which, how the two differ, and the clips behind."""

from __future__ import annotations

import streamlit as st

from dashboard import address, charts, numbers, show, show_clips, state

view = state.view()
show.heading(
    view,
    "Confusion",
    "Rows are the true class, columns the predicted one; a click on a cell lists its clips below.",
    both=True,
)

SHARE, COUNTS = "Share of the true class", "Counts"
ALL, MOST = "All classes", "The 15 most confused"
with st.container(horizontal=True):
    unit = st.segmented_control(
        "Cells show",
        [SHARE, COUNTS],
        required=True,
        **address.kept("cells", SHARE, address.one_of([SHARE, COUNTS])),
    )
    classes = view.study.classes
    shown = ALL
    if len(classes) > charts.CELL_TEXT_CLASSES:
        shown = st.segmented_control(
            "Classes",
            [ALL, MOST],
            required=True,
            **address.kept("shown", ALL, address.one_of([ALL, MOST])),
        )

share = unit == SHARE
matrices = [numbers.matrix(view, name) for name in view.pair]
keep = list(range(len(classes)))
if shown == MOST:
    keep = charts.most_confused(matrices, 15)
top = 100.0 if share else float(max(matrix.max() for matrix in matrices))
theme = show.theme()
EITHER = "either"
SIDES = {"A": view.titles[0], "B": view.titles[1], EITHER: "Either"}


def clicked(key: str, by: str) -> None:
    """Takes a click on a cell as the choice of its two classes."""
    points = st.session_state[key]["selection"]["points"]
    if points:
        true, said, *_ = points[0]["customdata"]
        for key, value, default in (("true", true, None), ("said", said, None), ("by", by, EITHER)):
            address.put(key, value, default)
        st.toast(
            f"{true} answered as {said}: the clips are listed further down.",
            icon=":material/arrow_downward:",
        )


def matrix(made: charts.Chart, key: str, by: str) -> None:
    """A matrix whose cells can be clicked."""
    show.chart(made, key, on_select=lambda: clicked(key, by))


# -- the three matrices ----------------------------------------------------------------------------

for slot, (column, counts) in enumerate(zip(st.columns(2), matrices, strict=True)):
    with column:
        made = charts.confusion(counts, classes, view.titles[slot], share, top, keep, theme)
        matrix(made, f"matrix-{slot}", "AB"[slot])
show.chart(charts.scale(top, share, theme), "scale", tabled=False)
left, right = st.columns(2)
with left:
    made = charts.difference(matrices[0], matrices[1], classes, keep, theme)
    matrix(made, "difference", EITHER)
    st.caption(
        f"Orange: {view.titles[1]} answers so more often, blue: {view.titles[0]}; in points of the "
        "true class's clips. On the diagonal more is better, off it worse."
    )

# -- the clips behind a cell -----------------------------------------------------------------------

with right:
    st.header("The clips behind a cell")
    with st.grid(3, min_column_width=120, gap="small"):
        true = st.selectbox(
            "True class",
            classes,
            index=None,
            placeholder="Click a cell, or choose",
            **address.kept("true", None, address.one_of(classes)),
        )
        said = st.selectbox(
            "Predicted",
            classes,
            index=None,
            placeholder="Any class",
            **address.kept("said", None, address.one_of(classes)),
        )
        by = st.selectbox(
            "By",
            SIDES,
            format_func=SIDES.__getitem__,
            **address.kept("by", EITHER, address.one_of(list(SIDES))),
        )
    rows = numbers.by_clip(view)
    if true is not None:
        rows = rows[rows["class"] == true]
    if said is not None:
        told = [rows[f"{slot}_says"] == said for slot in "ab"]
        rows = rows[told["AB".index(by)] if by != EITHER else told[0] | told[1]]
    rows = rows.reset_index(drop=True)
    at = None
    if true is None and said is None:
        st.caption("Click a cell of a matrix, or choose its classes: here are the clips behind it.")
    elif not len(rows):
        st.caption("No clip is answered so.")
    else:
        st.caption(f"{len(rows):,} answers.")
        at = show_clips.table(view, rows, f"cell-{true}-{said}-{by}-{view.pair}-{view.protocol}")
if at is not None:
    show_clips.clip(view, rows.iloc[at])

st.header("Every mistake, most frequent first")
for slot, (column, counts) in enumerate(zip(st.columns(2), matrices, strict=True)):
    with column:
        st.markdown(f"{show.DOT[slot]} {view.titles[slot]}")
        show.table(charts.mistakes(counts, classes), f"Mistakes of {view.titles[slot]}")
