"""Clips: every clip with both answers, to filter, sort, search, and look at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from dashboard import address, clip_filter, numbers, show, show_clips, state
from dashboard.clip_filter import ANY, ORDERS, SHOWN, Wanted, narrowed

view = state.view()
show.heading(view, "Clips", "Every tested clip with both models' answers.", both=True)
rows = numbers.by_clip(view)

# -- what is wanted: every choice is in the address ------------------------------------------------

labels = {
    ANY: "All",
    "only A right": f"Only {view.titles[0]} right",
    "only B right": f"Only {view.titles[1]} right",
    "both right": "Both right",
    "both wrong": "Both wrong",
    clip_filter.DISAGREE: "They disagree",
}
counts = rows["outcome"].value_counts()
outcome = st.segmented_control(
    "Answers",
    SHOWN,
    required=True,
    format_func=labels.__getitem__,
    **address.kept("answers", ANY, address.one_of(SHOWN)),
)
classes = view.study.classes
groups = sorted(rows["group"].unique().tolist())


def one_of(label: str, options: Sequence[str | int], key: str) -> Any:
    """One of several, or none: any."""
    choice = address.kept(key, None, address.one_of(options))
    return st.selectbox(label, options, index=None, placeholder="Any", **choice)


with st.grid(4, min_column_width=140, gap="small"):
    true = one_of("True class", classes, "true")
    a_says = one_of(f"{view.titles[0]} says", classes, "a_says")
    b_says = one_of(f"{view.titles[1]} says", classes, "b_says")
    group = one_of("Group", groups, "group")
    order = st.selectbox(
        "Sort by", list(ORDERS), **address.kept("order", "Name", address.one_of(list(ORDERS)))
    )
    words = st.text_input("Name contains", **address.kept("q", "", str))
    sure = st.slider(
        "The surer model's confidence, %",
        0,
        100,
        **address.kept("sure", (0, 100), address.span, "{0[0]}-{0[1]}".format),
    )
wanted = Wanted(outcome, true, a_says, b_says, group, words, (sure[0] / 100, sure[1] / 100), order)
found = narrowed(rows, wanted)
seeds = rows["seed"].nunique()
in_all = (f"{counts.get(name, 0):,} {labels[name][0].lower()}{labels[name][1:]}"
          for name in clip_filter.OUTCOMES)  # fmt: skip
st.caption(
    f"{len(found):,} of {len(rows):,} answers{f', {seeds} seeds' if seeds > 1 else ''}. In all: "
    + ", ".join(in_all)
    + "."
)
if not len(found):
    st.info("No clip is like that. Ask for less.", icon=":material/search_off:")

# -- the clips, and one of them --------------------------------------------------------------------

at = (
    show_clips.table(view, found, f"clips-{hash((wanted, view.pair, view.protocol)):x}")
    if len(found)
    else None
)
one = show_clips.position(rows, show_clips.asked())  # a link may name a clip that is filtered out
if one is None:
    st.caption("Choose a clip in the table to see it, with all that both models say of it.")
    if len(found):  # for the keyboard, which a table is slow for
        st.button(
            "Look at the first clip",
            shortcut="N",
            on_click=show_clips.choose,
            args=((str(found.iloc[0]["clip"]), int(found.iloc[0]["seed"])),),
        )
    st.stop()
if at is not None:
    with st.container(horizontal=True):
        for label, step, shortcut in (("Previous clip", -1, "P"), ("Next clip", 1, "N")):
            to = found.iloc[(at + step) % len(found)]
            st.button(
                label,
                shortcut=shortcut,
                on_click=show_clips.choose,
                args=((str(to["clip"]), int(to["seed"])),),
            )
of = rows.iloc[one]
show_clips.clip(view, of)

st.header("Its siblings: clips of the same source video")
same = rows[
    (rows["class"] == of["class"]) & (rows["group"] == of["group"]) & (rows["seed"] == of["seed"])
]
show_clips.table(view, same.reset_index(drop=True), "siblings", "Clips of the same source video")
