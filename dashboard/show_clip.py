"""How Try a clip draws an answer: agreement and the frames that the models saw.

May import: streamlit, dashboard, hvc_core.
"""

from __future__ import annotations

import streamlit as st

from dashboard import answering, charts, state
from dashboard.show import DOT
from hvc_core.classify import Answer


def rendered_label(stem: str) -> str:
    """The words on a rendered clip's button: rendered_swing -> 'Rendered clip: swing'."""
    what = stem.removeprefix("rendered_").replace("_", " ").strip()
    return f"Rendered clip: {what}" if what else "Rendered clip"


def agreement(answer: Answer, true: str | None) -> None:
    """Whether both models say the same, and whether that is right where the truth is known."""
    said = [answer.classes[int(one.probabilities.argmax())] for one in answer.models]
    sure = [charts.percent(float(one.probabilities.max()), 0) for one in answer.models]
    truth = f" The clip's own name says {true}." if true else ""
    words = ", ".join(
        f"{one.title} is {p} sure" for one, p in zip(answer.models, sure, strict=True)
    )
    if answer.agree:
        st.success(f"{words}.{truth}", title=f"Both say {said[0]}", icon=":material/handshake:")
    else:
        each = " and ".join(
            f"{one.title} {word}" for one, word in zip(answer.models, said, strict=True)
        )
        st.warning(f"{words}.{truth}", title=f"They disagree: {each}", icon=":material/call_split:")


def frames(view: state.View, answer: Answer) -> None:
    """The frames that each model saw, in its own size."""
    seconds = answer.frames.seconds
    st.subheader("What they saw")
    st.caption(
        f"{len(seconds)} frames, one from the middle of each of as many equal stretches, from "
        f"{seconds[0]:.2f} to {seconds[-1]:.2f} s, squashed to each model's size."
    )
    sizes: dict[tuple[int, int], list[str]] = {}
    for slot, one in enumerate(answer.models):
        size = view.study.models.get(one.model, {}).get("input", {})
        key = (size.get("height"), size.get("width"))
        sizes.setdefault(key, []).append(f"{DOT[slot]} {one.title}")
    shown = {size: who for size, who in sizes.items() if size in answer.frames.images}
    columns = st.columns(2)
    for column, ((height, width), who) in zip(columns, shown.items(), strict=False):
        column.image(
            answering.sheet(answer.frames.images[height, width]),
            width="stretch",
            caption=f"{' and '.join(who)}: {width} × {height} pixels",
            alt=f"{len(seconds)} frames of the clip in order",
        )
