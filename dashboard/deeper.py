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

from dashboard import answering, state
from dashboard.answering import Answered, ClipError
from dashboard.trust import trust
from hvc_core import classify, saliency, study, timeline, video


def kept_timeline(answered: Answered) -> timeline.Timeline | None:
    """What the models said along the visitor's clip, if it was asked."""
    kept = st.session_state.get("timeline")
    return kept[1] if kept is not None and kept[0] == answered.key else None


def ask_along(
    view: state.View, answered: Answered, progress: Callable[[int, int], object]
) -> timeline.Timeline:
    """What both models say along a clip, window by window; kept for the visitor.

    Raises:
        ClipError: no answer; the message is for the visitor.
    """
    clip = answered.clip
    try:
        models = answering.models_of(view)
        with (
            answering.turns()
        ):  # for the decoding alone: others' clips need not wait for the answers
            frames = timeline.along(models, clip.content, video.Limits())
        found = timeline.timeline(models, frames, progress)
    except (video.VideoError, study.StudyError) as error:
        raise ClipError(f"{clip.name}: {answering.sentence(error)}") from error
    scaled = [trust(view, model) for model in view.pair]
    values = [
        values if how is None else np.stack([how.scaled(row) for row in values])
        for how, values in zip(scaled, found.probabilities, strict=True)
    ]
    found = dataclasses.replace(found, probabilities=np.stack(values))
    st.session_state["timeline"] = (answered.key, found)
    return found


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
    """Where both models look in a clip, the same way for both; kept for the visitor."""
    models = answering.models_of(view).models
    classes = answered.answer.classes
    each = saliency.PARTS + saliency.ROWS * saliency.COLUMNS
    found = []
    for number, (model, one) in enumerate(zip(models, answered.answer.models, strict=True)):
        images = answered.answer.frames.images[model.size]

        def predict(frames: np.ndarray, model: classify.Model = model) -> np.ndarray:
            return model.probabilities(frames, len(classes))

        def tell(done: int, _: int, before: int = number * each) -> None:
            progress(before + done, each * len(models))

        def tell_later(done: int, _: int, before: int = number * each + saliency.PARTS) -> None:
            progress(before + done, each * len(models))

        in_time = saliency.in_time(predict, images, one.top, progress=tell)
        in_space = saliency.in_space(predict, images, one.top, progress=tell_later)
        found.append(Looked(one.title, model.size, classes[one.top], in_time, in_space))
    st.session_state["looked"] = (answered.key, found)
    return found
