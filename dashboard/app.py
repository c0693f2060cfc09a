"""The app's entry point: `streamlit run dashboard/app.py` at the root of the project.

Opens the study, draws what every page has (the pair, the protocol), and runs the page. A study
that cannot be opened is one message on every page; the app stays up and tries again on the
next click.
"""

from __future__ import annotations

import logging
import sys
from pathlib import Path

# `streamlit run` puts this file's folder on the path, not the root: the one place to mend it.
_ROOT = str(Path(__file__).resolve().parent.parent)
if _ROOT not in sys.path:
    sys.path.insert(0, _ROOT)

import streamlit as st  # noqa: E402

from dashboard import address, show, sources, state  # noqa: E402
from hvc_core.study import StudyError  # noqa: E402

_log = logging.getLogger(__name__)

# Before the navigation, which would else fetch the pages' own icons from the network.
st.set_page_config(page_icon=show.icon(), layout="wide")

PAGES = {
    name: st.Page(
        f"app_pages/{name}.py",
        title=heading,
        icon=f":material/{icon}:",
        help=tip,
        default=name == "overview",
    )
    for name, heading, icon, tip in (
        (
            "overview",
            "Overview",
            "balance",
            "Both models side by side: who is better, by how much, how sure, and at what cost.",
        ),
        (
            "findings",
            "Findings",
            "lightbulb",
            "What the study found, in plain sentences, each with the numbers behind it.",
        ),
        (
            "choose",
            "Which one should I take?",
            "rule",
            "Say what matters to you: the model that fits, the evidence, and what would flip it.",
        ),
        (
            "confusion",
            "Confusion",
            "grid_on",
            "Which classes each model takes for which, both matrices on one scale.",
        ),
        (
            "classes",
            "Classes",
            "sort",
            "F1 of every class for both models, with intervals, sortable by the gap.",
        ),
        (
            "clips",
            "Clips",
            "video_library",
            "Every clip with both answers: filter, sort, search, and look at one.",
        ),
        (
            "sure",
            "How sure?",
            "query_stats",
            "The rule behind the verdict, paired tests, and what accuracy varies with.",
        ),
        (
            "leakage",
            "Leakage",
            "water_drop",
            "What a random split flatters each model by, and the copies that the audit found.",
        ),
        (
            "calibration",
            "Calibration",
            "straighten",
            "How far to trust the models' own probabilities, and whether they know their limits.",
        ),
        (
            "conditions",
            "Time and the world",
            "blur_on",
            "Frames out of order, blur, noise, compression: what each model bears.",
        ),
        ("cost", "Cost", "speed", "Parameters, operations, time and memory of every model."),
        (
            "compare",
            "Compare studies",
            "compare",
            "Another study beside this one: what differs, and what can be held against what.",
        ),
        (
            "training",
            "Training",
            "show_chart",
            "How both models learned: accuracy and loss by epoch, training and validation.",
        ),
        (
            "try_a_clip",
            "Try a clip",
            "movie",
            "Put a video of your own through both models at once.",
        ),
        (
            "about",
            "About",
            "info",
            "The data, the protocol, the terms, and the commands that make every number again.",
        ),
    )
}

page = st.navigation(
    {
        "": [PAGES[name] for name in ("overview", "findings", "choose")],
        "The study": [
            PAGES[name] for name in ("confusion", "classes", "clips", "cost", "training")
        ],
        "The evidence": [PAGES[name] for name in ("sure", "leakage", "calibration", "conditions")],
        "Your own clip": [PAGES["try_a_clip"]],
        "Behind it": [PAGES["compare"], PAGES["about"]],
    }
)

if st.runtime.exists():  # a page has no title where this file is run as a mere script
    st.set_page_config(page_title=f"{page.title} · hvc")  # which page a tab holds

state.stand()
if state.note():
    st.caption(f":material/cloud_off: {sources.escaped(state.note())}")
try:
    study, _ = state.open_study()
except StudyError as error:
    st.title(page.title)
    show.broken(error)
except Exception as error:
    _log.exception("the study cannot be read")
    st.title(page.title)
    show.broken(error)
else:
    if len(study.models) < 2 and page.url_path != "about":
        st.title(page.title)
        show.alone(study)
    else:
        if len(study.models) > 1:
            state.select(study)
        address.turn(page.url_path)
        page.run()
