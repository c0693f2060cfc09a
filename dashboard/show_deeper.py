"""How Try a clip draws what is asked beyond the answer: along the clip, and where the models look.

May import: streamlit, dashboard, hvc_core.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from dashboard import deeper, player, show_clip, state
from dashboard.answering import Answered, ClipError
from hvc_core.timeline import WINDOW

Progress = Callable[[int, int], object]


def along(view: state.View, answered: Answered) -> None:
    """What both models say window by window, under a player; asked when the visitor says so."""
    st.header("Along the clip")
    st.caption(
        f"The answers above are to the whole clip. Here each model answers for one window of it "
        f"after another, {WINDOW:.0f} s each or more in a long clip: the stronger the colour the "
        "surer, striped where the two disagree. A click or an arrow key in a strip seeks."
    )
    found = deeper.kept_timeline(answered)
    if found is None and st.button("Ask along the clip", icon=":material/timeline:"):
        _run(
            "Asking both models window by window …",
            lambda progress: deeper.ask_along(view, answered, progress),
        )
    if found is not None:
        player.player(found.film, found.timeline, f"The clip {answered.clip.name}", "player")
        if found.shown < found.timeline.seconds:
            st.caption(
                f"The film shows the first {found.shown:.0f} s, since a whole one would be large; "
                "the strips tell of all of the clip."
            )


def where(view: state.View, answered: Answered) -> None:
    """Where both models look, by covering parts of the clip; asked when the visitor says so."""
    st.header("Where do they look?")
    st.caption(
        "Both models are asked alike: a part of the clip is covered with its mean colour, and "
        "what the answer's probability loses is what the model needs that part for. Both on one "
        "scale. It tells where a model looks, not why."
    )
    looked = deeper.kept_look(answered)
    if looked is None and st.button("Cover parts and ask again", icon=":material/visibility:"):
        _run(
            "Covering one part after another …",
            lambda progress: deeper.ask_where(view, answered, progress),
        )
    if looked is not None:
        show_clip.look(answered, looked)


def _run(words: str, ask: Callable[[Progress], Any]) -> None:
    """Runs what takes seconds, with a bar and a way to stop it, then draws the page again."""
    bar = st.progress(0.0, words)
    st.button("Stop", icon=":material/stop:", key=f"stop {words}")  # any click ends a run
    try:
        ask(lambda done, total: bar.progress(done / total, words))
    except ClipError as error:
        st.error(str(error), icon=":material/error:")
    else:
        st.rerun()
