"""Compare studies: another study beside this one, with what of the two can be held together."""

from __future__ import annotations

import logging
from pathlib import Path

import streamlit as st

from dashboard import address, charts, comparing, hub, show, sources, state
from dashboard.comparing import Two
from hvc_core.study import Study, StudyError

view = state.view()
show.heading(
    view,
    "Compare studies",
    "The study that this app shows beside another one: one that lies with it, or one on the "
    "Hugging Face Hub.",
    "predictions",
    "cost",
    of=False,
)

# -- which other study -----------------------------------------------------------------------------

places = comparing.beside(view.study)
with st.grid(2, min_column_width=220, gap="small"):  # one at a time: choosing drops the other
    name = st.selectbox(
        "A study beside this one",
        list(places),
        index=None,
        placeholder="Choose one" if places else "There is none",
        **address.kept(
            "with", None, address.one_of(list(places)), then=lambda: address.put("hub", "", "")
        ),
    )
    on_hub = st.text_input(
        "Or one on the Hub",
        placeholder="namespace/name@revision",
        help="A data set repository that holds a study: study.json, predictions.parquet, "
        "metrics.json, cost.json. Without @revision its main branch; Revision below is the commit.",
        **address.kept("hub", "", str, then=lambda: address.put("with", None)),
    )


def other() -> tuple[Study, str] | None:
    """The study that is asked for; says what is wrong where it cannot be had."""
    try:
        if on_hub and on_hub.strip():
            return hub.open_study(on_hub.strip())
        return state.open_folder(places[name]) if name else None
    except StudyError as error:
        # Where on the server a study lies is no visitor's business.
        said = f"{Path(error.file).name}{str(error).removeprefix(error.file)}"
    except Exception as error:
        logging.getLogger(__name__).exception("a study cannot be read")
        said = f"Reading it failed ({type(error).__name__}); see the log."
    st.error(sources.escaped(said), title="That study cannot be shown", icon=":material/cloud_off:")
    return None


opened = other()
if opened is None:
    st.caption("Choose another study to see the two side by side.")
    st.stop()
theirs, revision = opened
same = view.protocol if view.protocol in theirs.protocols else None
protocol = st.selectbox(
    "Protocol of the other",
    list(theirs.protocols),
    help="That of this study is chosen at the top.",
    **address.kept(
        "its_protocol",
        same or state.main_protocol_of(theirs, revision),
        address.one_of(list(theirs.protocols)),
    ),
)
two = Two(view, state.View(theirs, revision, *theirs.headline, protocol))

# -- what they are ---------------------------------------------------------------------------------

st.table(comparing.facts(two), hide_index=True, alt="What each of the two studies is")
if not two.same_data:
    st.info(
        f"{two.shared:,} clips bear the same name in both. No difference is tested: an accuracy on "
        "other classes or other films answers another question. "
        + (
            f"{len(two.classes)} of {len(view.study.classes)} and {len(theirs.classes)} classes "
            "are in both."
            if two.classes
            else "They have no class in common."
        ),
        title="Not the same data, or not the same classes",
        icon=":material/balance:",
    )
elif view.protocol != protocol:
    st.info(
        f"Protocol {view.protocol} here, {protocol} there: the models trained on other clips. A "
        "difference is of the clips that both tested.",
        title="Not the same protocol",
        icon=":material/balance:",
    )

# -- accuracy of every model -----------------------------------------------------------------------

rows = comparing.scores(two)
names = (f"This, {view.protocol}", f"The other, {protocol}")
show.chart(
    charts.dots(
        "Accuracy of every model",
        "accuracy, percent of test clips",
        rows["title"].tolist(),
        [
            charts.Series(names[0], [s.accuracy if s else None for s in rows["ours"]], 0),
            charts.Series(names[1], [s.accuracy if s else None for s in rows["theirs"]], 1),
        ],
        span=(0, 101),
    ),
    "both",
)
gaps = rows[[one is not None for one in rows["paired"]]]
if len(gaps):
    show.chart(
        charts.dots(
            "The other study minus this one",
            "points of accuracy, paired by clip",
            [
                f"{title} ({found.clips:,} clips)"
                for title, found in zip(gaps["title"], gaps["paired"], strict=True)
            ],
            [charts.Series("Difference, 95 % interval", [d.accuracy for d in gaps["paired"]])],
            points=True,
        ),
        "gaps",
    )
    st.caption(
        "Models of the same name on the clips that both studies tested, source videos resampled "
        "alike. Where an interval holds zero one cannot tell. One that does not names no winner by "
        "itself: it is one of the four things that the rule on How sure? asks, and no correction "
        "is made for the number of models."
    )

# -- one model of each, class by class -------------------------------------------------------------

if two.classes:
    st.header("Class by class")
    ours, there = list(view.study.models), list(theirs.models)
    with st.grid(2, min_column_width=220, gap="small"):
        mine = st.selectbox(
            "Model of this study",
            ours,
            format_func=lambda name: state.title(view.study, name),
            **address.kept("mine", view.a, address.one_of(ours)),
        )
        its = st.selectbox(
            "Model of the other",
            there,
            format_func=lambda name: sources.escaped(state.title(theirs, name)),
            **address.kept("its", mine if mine in there else there[0], address.one_of(there)),
        )
    table = comparing.by_class(two, mine, its)
    if table is None:
        st.info("One of the two was not run under its protocol.", icon=":material/hourglass_empty:")
    else:
        titles = (f"This: {state.title(view.study, mine)}", f"Other: {state.title(theirs, its)}")
        show.chart(charts.class_scores(titles, table), "classes-of-both")

st.header("Cost")
show.table(comparing.cost(two), "What the models of both studies cost")
st.caption("Each on its own machine; the Cost page of each study says which.")
