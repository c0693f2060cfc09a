"""Several clips of a visitor's at once: each put to both models, the answers as one table.

Each answer is kept for the visitor as it comes, so a run that was stopped goes on where it was.
Kept are probabilities, not films. May import: pandas, numpy, streamlit, dashboard.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st

from dashboard import answering, show, state, trust
from dashboard.answering import Clip, ClipError

MOST = 50  # clips at once: at 300 ms each a quarter of a minute on one core


@dataclass(frozen=True)
class Told:
    """What came of one clip.

    Attributes:
        probabilities: float arrays (C,) by model, temperature-scaled where that is known; empty
            where there is no answer.
        note: str. Why there is none, or what one should know of it; mostly empty.
    """

    probabilities: dict[str, np.ndarray]
    note: str = ""


Key = tuple[str, ...]


def key_of(view: state.View, clip: Clip) -> Key:
    """What an answer is to: the clip by its content, the study's revision, the models."""
    return (clip.digest, view.revision, *sorted(view.pair))  # A and B may change places


def kept(view: state.View, clips: Sequence[Clip]) -> dict[Key, Told]:
    """The answers there are to these clips by these models; all others are dropped."""
    known: dict[Key, Told] = st.session_state.get("many", {})
    wanted = {key_of(view, clip) for clip in clips}
    st.session_state["many"] = found = {key: one for key, one in known.items() if key in wanted}
    return found


def ask(
    view: state.View, clips: Sequence[Clip], progress: Callable[[int, int, str], object]
) -> None:
    """Puts the clips without an answer to both models, one after the other.

    Args:
        view: the open study.
        clips: the visitor's.
        progress: called before each clip with how many are done, how many there are, its name.
    """
    found = kept(view, clips)
    for done, clip in enumerate(clips):
        key = key_of(view, clip)
        if key in found:
            continue
        progress(done, len(clips), clip.name)
        try:
            asked = answering.answer(view, clip)  # the last is kept, and shown below
            answer, known = trust.believed(view, asked.answer)
            note = " ".join(
                [
                    *(f"Nearly {twin.clip} of the study." for twin in asked.twins[:1]),
                    *(
                        f"{title} is less sure than usual."
                        for title, _ in trust.unsure(answer, known)
                    ),
                    *answer.notes,
                ]
            )
            found[key] = Told({m.model: m.probabilities for m in answer.models}, note)
        except ClipError as error:
            found[key] = Told({}, str(error))


def table(view: state.View, clips: Sequence[Clip], found: dict[Key, Told]) -> pd.DataFrame:
    """One row a clip: what each model says, how sure it is, whether they agree, or what is wrong.

    Returns:
        DataFrame: clip; for each of the pair `says` (str or None) and `sure` (0 to 1, NaN);
        agree (str: yes, no or empty); note (str).
    """
    classes = view.study.classes
    rows = []
    for clip in clips:
        one = found.get(key_of(view, clip))
        row: dict[str, object] = {"clip": clip.name}
        said = []
        for slot, model in zip("ab", view.pair, strict=True):
            values = one.probabilities.get(model) if one else None
            said.append(None if values is None else classes[int(values.argmax())])
            row[f"{slot}_says"] = said[-1]
            row[f"{slot}_sure"] = np.nan if values is None else float(values.max())
        row["agree"] = "" if None in said else "yes" if said[0] == said[1] else "no"
        row["note"] = "not asked yet" if one is None else one.note
        rows.append(row)
    return pd.DataFrame(rows)


def whole(view: state.View, clips: Sequence[Clip], found: dict[Key, Told]) -> pd.DataFrame:
    """One row a clip and model, with the probability of every class; what got no answer has one."""
    rows = []
    for clip in clips:
        one = found.get(key_of(view, clip))
        note = "not asked yet" if one is None else one.note
        if one is None or not one.probabilities:
            rows.append({"clip": clip.name, "note": note})
            continue
        for model, values in one.probabilities.items():
            rows.append(
                {
                    "clip": clip.name,
                    "model": model,
                    "says": view.study.classes[int(values.argmax())],
                    "note": note,
                }
                | dict(zip(view.study.classes, values.astype(float).tolist(), strict=True))
            )
    return pd.DataFrame(rows, columns=["clip", "model", "says", "note", *view.study.classes])


def draw(view: state.View, clips: Sequence[Clip]) -> Clip:
    """Asks about all clips, shows the table, and returns the clip that is chosen in it."""
    st.header(f"Your {len(clips)} clips")
    found = kept(view, clips)
    left = sum(key_of(view, clip) not in found for clip in clips)  # two alike share an answer
    if left and not st.session_state.get("many_stopped"):
        bar = st.progress(0.0, "Asking both models …")
        st.button("Stop", icon=":material/stop:", key="stop-many", on_click=_stop)
        ask(view, clips, lambda done, total, name: bar.progress(done / total, f"Asking: {name}"))
        st.rerun()
    rows = table(view, clips, found)
    shown = pd.DataFrame({"Clip": rows["clip"]})
    for slot, title in zip("ab", view.titles, strict=True):
        shown[f"{title} says"] = rows[f"{slot}_says"]
        shown[f"{title} sure, %"] = 100 * rows[f"{slot}_sure"]
    shown["Agree"], shown["Note"] = rows["agree"], rows["note"]
    alt = "Your clips with both models' answers; choose one to see it below"
    show.table(shown, alt, "many-table", on_select="rerun")
    picked = st.session_state["many-table"]["selection"]["rows"]
    if left:
        st.button(f"Go on with the other {left}", icon=":material/play_arrow:", on_click=resume)
    _downloads(view, whole(view, clips, found), rows)
    # Who adds a clip to others wants to see that one.
    at = picked[0] if picked and picked[0] < len(clips) else len(clips) - 1
    st.caption(f"Below: {clips[at].name}. Choose another in the table.")
    return clips[at]


def as_json(view: state.View, every: pd.DataFrame, rows: pd.DataFrame) -> str:
    """The tables of `whole` and `table` as JSON, one object a clip."""
    clips = []
    for clip, note in rows[["clip", "note"]].itertuples(index=False, name=None):
        own = every[(every["clip"] == clip) & every["model"].notna()].to_dict("records")
        models = {
            one["model"]: {
                "answer": one["says"],
                "probabilities": {name: one[name] for name in view.study.classes},
            }
            for one in own
        }
        clips.append({"clip": clip, "note": note, "models": models})
    said = {"study": view.study.name, "revision": view.revision, "clips": clips}
    return json.dumps(said, indent=1)


def _downloads(view: state.View, every: pd.DataFrame, rows: pd.DataFrame) -> None:
    text = as_json(view, every, rows)
    with st.container(horizontal=True):
        for label, content, name, kind in (
            ("All as JSON", text, "answers.json", "application/json"),
            ("All as CSV", every.to_csv(index=False), "answers.csv", "text/csv"),
        ):
            st.download_button(
                label, content, name, kind, icon=":material/download:", on_click="ignore"
            )


def _stop() -> None:
    st.session_state["many_stopped"] = True


def resume() -> None:
    """Lets the asking go on: the visitor said so, or brought other clips."""
    st.session_state["many_stopped"] = False


def named_apart(clips: Sequence[Clip]) -> list[Clip]:
    """The same clips, those of one name with a number, so that rows can be told apart."""
    taken: set[str] = set()
    found = []
    for clip in clips:
        path, name, number = Path(clip.name), clip.name, 1
        while name in taken:
            number += 1
            name = f"{path.stem} ({number}){path.suffix}"
        taken.add(name)
        found.append(Clip(name, clip.content, clip.origin))
    return found
