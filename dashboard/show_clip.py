"""How Try a clip draws an answer: agreement, doubts, and the frames that the models saw.

May import: the standard library, pandas, streamlit, dashboard, hvc_core.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st
from PIL import Image

from dashboard import charts, sheets, show, state
from dashboard.answering import Answered
from dashboard.deeper import Looked
from dashboard.show import DOT
from dashboard.trust import Trust, unsure
from hvc_core.classify import Answer
from hvc_core.fingerprints import Twin


def rendered_label(stem: str) -> str:
    """The words on a rendered clip's button: rendered_swing -> 'Rendered clip: swing'."""
    what = stem.removeprefix("rendered_").replace("_", " ").strip()
    return f"Rendered clip: {what}" if what else "Rendered clip"


def doubts(answer: Answer, known: list[Trust | None]) -> None:
    """Says so where a model is less sure than of nearly all clips that show one of its classes."""
    found = unsure(answer, known)
    if not found:
        return
    words = []
    for title, how in found:
        words.append(f"{title} is less sure than usual: under {charts.percent(how.floor, 0)}.")
        if how.caught is not None and how.lost is not None:
            words.append(
                f"Of clips that show none of its classes {charts.percent(how.caught, 0)} lie "
                f"there, of others {charts.percent(how.lost, 0)}."
            )
    telling = all(how.tells for _, how in found) and len(found) == len(answer.models)
    st.warning(
        " ".join(words),
        title="Perhaps none of these actions" if telling else "Not sure",
        icon=":material/help:",
    )


def nearness(twins: Sequence[Twin], tested: set[int]) -> None:
    """Says so where a clip is nearly one of the study's, or holds one, and if it was trained on."""
    if not twins:
        return
    trained = [twin for twin in twins if twin.group not in tested]
    told = trained or twins  # a film may hold several: what was trained on matters most
    names = ", ".join(twin.clip for twin in told[:3])
    if len(told) > 3:
        names += f" and {len(told) - 3} more"
    if trained:
        said = (
            "The models trained on that source video, or chose their settings by it: their answer "
            "says little about other clips."
        )
    else:
        said = "The models did not train on that source video: it is one that they were tested on."
    st.warning(
        f"It is nearly {names}, or holds it ({charts.percent(told[0].similarity, 0)} of the frames "
        f"of one are in the other). {said}",
        title="This is a clip of the study",
        icon=":material/content_copy:",
    )


def downloads(view: state.View, name: str, answer: Answer, known: list[Trust | None]) -> None:
    """The answer as JSON and as CSV, with what it was scaled by."""
    rows = pd.DataFrame(
        {"class": answer.classes}
        | {one.model: one.probabilities.astype(float) for one in answer.models}
    )
    whole = {
        "clip": name,
        "study": view.study.name,
        "revision": view.revision,
        "frames_decoded": answer.frames.decoded,
        "frame_seconds": [round(float(s), 3) for s in answer.frames.seconds],
        "notes": list(answer.notes),
        "models": {
            one.model: {
                "title": one.title,
                "answer": answer.classes[one.top],
                "temperature": how.temperature if how else None,
                "milliseconds": round(one.milliseconds, 1),
                "probabilities": dict(
                    zip(answer.classes, one.probabilities.astype(float).tolist(), strict=True)
                ),
            }
            for one, how in zip(answer.models, known, strict=True)
        },
    }
    stem = Path(name).stem
    with st.container(horizontal=True):
        for label, content, ending, kind in (
            ("Answer as JSON", json.dumps(whole, indent=1), "json", "application/json"),
            ("Answer as CSV", rows.to_csv(index=False), "csv", "text/csv"),
        ):
            st.download_button(
                label, content, f"{stem}.{ending}", kind, icon=":material/download:",
                on_click="ignore",
            )  # fmt: skip


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


def look(answered: Answered, found: list[Looked]) -> None:
    """Where each model looks: tiles over the middle frame, and stretches of time."""
    times = answered.answer.frames.seconds
    # One scale for both models in time, and one in space: a tile is far less than a stretch.
    most = max(0.01, *(float(np.abs(one.in_time).max()) for one in found))
    most_tile = max(0.01, *(float(np.abs(one.in_space).max()) for one in found))
    for slot, (column, one) in enumerate(zip(st.columns(2), found, strict=True)):
        images = sheets.frames_of(answered.sheets[one.size], one.size)
        seconds = [float(part.mean()) for part in np.array_split(times, len(one.in_time))]
        with column.container(border=True, height="stretch"):
            st.markdown(f"{DOT[slot]} **{one.title}**: {one.said}")
            st.caption(
                f"The strongest colour of the two pictures is {100 * most_tile:.1f} points lost."
            )
            row, tile = divmod(int(one.in_space.argmax()), one.in_space.shape[1])
            st.image(
                covered(images[len(images) // 2], one.in_space / most_tile, slot),
                width="stretch",
                alt=f"The middle frame; {one.title} loses most, "
                f"{100 * one.in_space.max():.0f} points, without tile {tile + 1} from the left, "
                f"{row + 1} from the top",
            )
            show.chart(
                charts.stretches(one.title, one.in_time, np.array(seconds), slot, 100 * most),
                f"look-{slot}",
            )


def covered(frame: np.ndarray, weight: np.ndarray, slot: int) -> np.ndarray:
    """A frame whose tiles are coloured the more, the more the answer needs them.

    Args:
        frame: uint8 array (H, W, 3).
        weight: float array (rows, columns), -1 to 1; under 0 is left as it is.
        slot: 0 for model A, 1 for model B.

    Returns:
        uint8 array (384, 512, 3).
    """
    wide = np.asarray(Image.fromarray(frame).resize((512, 384), Image.Resampling.BICUBIC), float)
    grey = wide.mean(axis=2, keepdims=True).repeat(3, axis=2)
    strength = np.clip(weight, 0, 1).repeat(-(-384 // weight.shape[0]), 0)[:384]
    strength = strength.repeat(-(-512 // weight.shape[1]), 1)[:, :512, None] * 0.75
    return (grey * (1 - strength) + np.array(charts.rgb(charts.COLORS[slot])) * strength).astype(
        np.uint8
    )


def frames(view: state.View, answered: Answered) -> None:
    """The frames that each model saw, in its own size."""
    seconds = answered.answer.frames.seconds
    st.header("What they saw")
    st.caption(
        f"{len(seconds)} frames, one from the middle of each of as many equal stretches, from "
        f"{seconds[0]:.2f} to {seconds[-1]:.2f} s, squashed to each model's size."
    )
    sizes: dict[tuple[int, int], list[str]] = {}
    for slot, one in enumerate(answered.answer.models):
        size = view.study.models.get(one.model, {}).get("input", {})
        key = (size.get("height"), size.get("width"))
        sizes.setdefault(key, []).append(f"{DOT[slot]} {one.title}")
    shown = {size: who for size, who in sizes.items() if size in answered.sheets}
    columns = st.columns(2)
    for column, ((height, width), who) in zip(columns, shown.items(), strict=False):
        column.image(
            answered.sheets[height, width],
            width="stretch",
            caption=f"{' and '.join(who)}: {width} × {height} pixels",
            alt=f"{len(seconds)} frames of the clip in order",
        )
