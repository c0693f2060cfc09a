"""What a visitor asks of a clip beyond its answer: along the clip, and where the models look.

Both take seconds, so they run when asked for, tell how far they are, and end when the visitor does
anything else. May import: streamlit, numpy, hvc_core, dashboard.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import streamlit as st

from dashboard import answering, line, sheets, state, uploads
from dashboard.answering import Answered
from dashboard.trust import Trust, trust
from hvc_core import apart, classify, saliency, timeline

# The film beside the strips is sent to the browser and held for the visit: so small, and no longer
# than so many seconds, or what fits in so many bytes. The models are asked along the whole clip.
HEIGHT, FILM_S, FILM_BYTES = 240, 120.0, 15_000_000


@dataclass(frozen=True)
class Told:
    """What models say along a clip, and the whole clip to play beside it.

    Attributes:
        timeline: Timeline.
        film: bytes. An MP4 that browsers play.
        shown: float. How many seconds of the clip it shows, at most.
    """

    timeline: timeline.Timeline
    film: bytes
    shown: float


def kept_timeline(answered: Answered) -> Told | None:
    """What the models said along the visitor's clip, if it was asked."""
    kept = st.session_state.get("timeline")
    return kept[1] if kept is not None and kept[0] == answered.key else None


def ask_along(view: state.View, answered: Answered, progress: Callable[[int, int], object]) -> Told:
    """What both models say along a clip, window by window; kept for the visitor.

    Raises:
        ClipError: no answer; the message is for the visitor.
    """
    clip = answered.clip
    with answering.explained(view, clip):
        models = answering.models_of(view)
        with line.turn():  # the answers too: until they are there the frames take 30 MB
            frames = timeline.along(models, clip.content, uploads.limits(), apart)
            film, shown = _film(clip.content)
            found = timeline.timeline(models, frames, progress)
            del frames
    scaled = [trust(view, model) for model in view.pair]
    values = [
        values if how is None else how.scaled(values)
        for how, values in zip(scaled, found.probabilities, strict=True)
    ]
    found = dataclasses.replace(found, probabilities=np.stack(values))
    st.session_state["timeline"] = (answered.key, made := Told(found, film, shown))
    return made


def _film(content: bytes) -> tuple[bytes, float]:
    """A film of a clip's beginning, and how many seconds it is of at most."""
    film, seconds = apart.preview(content, HEIGHT, FILM_S, uploads.limits()), FILM_S
    if len(film) > FILM_BYTES:  # busier than films are: as much of it as there is room for
        seconds *= 0.8 * FILM_BYTES / len(film)
        film = apart.preview(content, HEIGHT, seconds, uploads.limits())
    return film, seconds


@dataclass(frozen=True)
class Looked:
    """Where a model looks in a clip: how far its answer's probability falls where it is covered.

    Attributes:
        title: str. The model's.
        size: (height, width) of the frames it saw.
        said: str. Its answer, whose probability is meant.
        in_time: float array (10,), -1 to 1. By stretch of the frames.
        in_space: float array (6, 8), -1 to 1. By tile of every frame.
    """

    title: str
    size: tuple[int, int]
    said: str
    in_time: np.ndarray
    in_space: np.ndarray


def kept_look(answered: Answered) -> list[Looked] | None:
    """Where the models look in the visitor's clip, if it was asked."""
    kept = st.session_state.get("looked")
    return kept[1] if kept is not None and kept[0] == answered.key else None


def ask_where(
    view: state.View, answered: Answered, progress: Callable[[int, int], object]
) -> list[Looked]:
    """Where both models look in a clip, the same way for both; kept for the visitor.

    Raises:
        ClipError: no answer; the message is for the visitor.
    """
    with answering.explained(view, answered.clip):
        found = _look(view, answered, progress)
    st.session_state["looked"] = (answered.key, found)
    return found


def _look(
    view: state.View, answered: Answered, progress: Callable[[int, int], object]
) -> list[Looked]:
    models = answering.models_of(view).models
    classes = answered.answer.classes
    each = saliency.PARTS + saliency.ROWS * saliency.COLUMNS
    found = []
    for number, (model, one) in enumerate(zip(models, answered.answer.models, strict=True)):
        images = sheets.frames_of(answered.sheets[model.size], model.size)

        how = trust(view, model.name)

        def predict(
            frames: np.ndarray, model: classify.Model = model, how: Trust | None = how
        ) -> np.ndarray:
            values = model.probabilities(frames, len(classes))
            return values if how is None else how.scaled(values)

        def tell(done: int, _: int, before: int = number * each) -> None:
            progress(before + done, each * len(models))

        def tell_later(done: int, _: int, before: int = number * each + saliency.PARTS) -> None:
            progress(before + done, each * len(models))

        in_time = saliency.in_time(predict, images, one.top, progress=tell)
        in_space = saliency.in_space(predict, images, one.top, progress=tell_later)
        found.append(Looked(one.title, model.size, classes[one.top], in_time, in_space))
    return found
