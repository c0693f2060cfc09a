"""Findings: what the study found, in plain sentences, each with its numbers."""

from __future__ import annotations

import streamlit as st

from dashboard import evidence, show, sources, state

view = state.view()
study = view.study
show.heading(
    view,
    "Findings",
    "What this study found, the most important first, each with the numbers behind it and what "
    "would change it. Every sentence is made from the predictions by a rule. They are about the "
    "study as a whole: the choice of models and protocol at the top does not change them, only "
    "what the pages show that they lead to.",
    *sources.TABLES,
    of=False,
    under=list(view.study.protocols),
)

found = evidence.found(view)
if not found:
    st.info(
        "The study has no pair of models with predictions of the same clips.",
        title="Nothing to compare yet",
        icon=":material/hourglass_empty:",
    )
for number, one in enumerate(found, start=1):
    with st.container(border=True):
        st.markdown(f"## {number}. {one.claim}")
        st.markdown(f"*What would change it:* {one.changes}")
        with st.expander("The numbers behind it", icon=":material/calculate:"):
            st.markdown("\n".join(f"- {line}" for line in one.numbers))
        st.page_link(
            f"app_pages/{one.page}.py",
            label="See it whole",
            icon=":material/arrow_forward:",
        )

left = evidence.not_run(view)
st.header("What was not run")
if len(left):
    st.caption(
        "Cells (a protocol's fold, a seed, a model) that the recipe asks for and that this study "
        "does not have. Nothing stands in for them."
    )
    show.table(
        left.assign(model=[state.title(study, name) for name in left["model"]]).rename(
            columns={
                "protocol": "Protocol",
                "model": "Model",
                "asked": "Cells asked for",
                "there": "Cells there",
            }
        ),
        "Cells that the recipe asks for and the study lacks",
    )
else:
    st.caption("Every cell that the recipe asks for was run.")
