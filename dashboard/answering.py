"""A visitor's clip on its way to both answers: where it comes from, who answers, what is kept.

What a visitor uploads or records stays in that visitor's session: one answer at a time, replaced by
the next good one. Nothing of it is shared or written down.
May import: streamlit, hvc_core, dashboard.line, .sheets, .state, .uploads.
"""

from __future__ import annotations

import dataclasses
import hashlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import streamlit as st

from dashboard import line, sheets, state, uploads
from hvc_core import apart, audit, classify, clips, fingerprints, memory, study, video

ENDINGS = ("mp4", "avi", "mov", "mkv", "webm", "gif")
RENDERED, EXAMPLE, UPLOAD, RECORDING = "rendered", "example", "upload", "recording"
_log = logging.getLogger(__name__)


class ClipError(ValueError):
    """A clip that got no answer; the message is for the visitor."""


@dataclass(frozen=True)
class Clip:
    """A clip somebody wants an answer for.

    Attributes:
        name: str. Its file name.
        content: bytes. The whole file.
        origin: str. RENDERED, EXAMPLE, UPLOAD or RECORDING.
    """

    name: str
    content: bytes
    origin: str

    @cached_property
    def digest(self) -> str:
        """What names the content: SHA-256 in hex."""
        return hashlib.sha256(self.content).hexdigest()


@dataclass(frozen=True)
class Answered:
    """A clip with both models' answers.

    Attributes:
        clip: the clip.
        key: tuple. The clip's digest, the study's revision and the models: what it answers.
        answer: what the models said. Without its frames, which are in `sheets`.
        sheets: dict. (height, width) -> bytes. What the models saw, in every size that one of them
            wants: a sheet of frames.
        twins: the study's clips that it is nearly one of, or holds, the nearest first.
    """

    clip: Clip
    key: tuple[str, ...]
    answer: classify.Answer
    sheets: dict[tuple[int, int], bytes]
    twins: tuple[fingerprints.Twin, ...]


def rendered() -> list[Path]:
    """The clips that the project rendered itself and that ship with the app."""
    return sorted(state.ASSETS.glob("rendered_*.mp4"))


def examples(view: state.View) -> list[Path]:
    """The clips that the study lists as examples; a study need not have any."""
    return study.example_clips(view.study)


def load(path: Path, origin: str) -> Clip:
    """Reads a clip that lies beside the app or the study.

    Raises:
        ClipError: the file cannot be read.
    """
    try:
        return Clip(path.name, path.read_bytes(), origin)
    except OSError as error:
        raise ClipError(f"{path.name}: cannot be read ({error.strerror or error}).") from error


def keep_recording(name: str, content: bytes) -> None:
    """Keeps what the visitor's camera recorded, until the next recording or `forget`."""
    st.session_state["recording"] = Clip(name, content, RECORDING)


def recording() -> Clip | None:
    """The visitor's last recording."""
    found: Clip | None = st.session_state.get("recording")
    return found


def true_class(clip: Clip, classes: list[str]) -> str | None:
    """The class that an example's UCF50 name tells, if it is one of the study's."""
    if clip.origin != EXAMPLE:
        return None
    try:
        found = clips.parse_name(Path(clip.name)).class_name
    except clips.DataError:
        return None
    return found if found in classes else None


@contextmanager
def explained(view: state.View, clip: Clip) -> Iterator[None]:
    """Turns whatever goes wrong with a clip into a ClipError, whose words are for the visitor."""
    try:
        yield
    except video.VideoError as error:
        raise ClipError(f"{clip.name}: {sentence(error)}") from error
    except study.StudyError as error:
        # Where on the server the study lies is no visitor's business.
        raise ClipError(str(error).replace(f"{view.study.folder}/", "")) from error
    except Exception as error:
        _log.exception("no answer for a clip of %d bytes", len(clip.content))
        raise ClipError(
            f"{clip.name}: something went wrong while decoding or answering "
            f"({type(error).__name__}). Other clips still work; the server's log has the details."
        ) from error


def answer(view: state.View, clip: Clip) -> Answered:
    """Both models' answers for a clip, kept; the kept ones where nothing has changed.

    Raises:
        ClipError: no answer; the message says what is wrong with the clip, or with the models.
    """
    kept = last(view)
    if kept is not None and kept.key[0] == clip.digest:
        return dataclasses.replace(kept, clip=clip)
    with explained(view, clip):
        models = models_of(view)
        with line.turn():
            found = classify.classify(models, clip.content, uploads.limits(), [audit.SIZE], apart)
        known = _fingerprints(str(view.study.folder), view.revision)
        images = found.frames.images
        twins = fingerprints.near(images[audit.SIZE], known) if known else []
        sizes = {model.size for model in models.models}
        # A visit is kept for a while after it was left, so it holds pictures: a third of the frames
        seen = {size: sheets.sheet(images[size]) for size in sizes}
        found = dataclasses.replace(found, frames=dataclasses.replace(found.frames, images={}))
        del images
        memory.give_back()
    key = (clip.digest, view.revision, *view.pair)
    st.session_state["answered"] = answered = Answered(clip, key, found, seen, tuple(twins))
    return answered


def last(view: state.View | None = None) -> Answered | None:
    """The visitor's last good answer; with a view, only one by its study and its pair."""
    found: Answered | None = st.session_state.get("answered")
    if found is None or view is None or found.key[1:] == (view.revision, *view.pair):
        return found
    return None


def forget() -> None:
    """Drops the visitor's last answer and its clip."""
    for key in ("answered", "preview", "timeline", "looked", "recording"):
        st.session_state.pop(key, None)


def preview(clip: Clip) -> bytes | None:
    """An MP4 of the clip that every browser plays; None where none can be made."""
    kept = st.session_state.get("preview")
    if kept is not None and kept[0] == clip.digest:
        return kept[1]
    try:
        with line.turn():
            made: bytes | None = apart.preview(clip.content, limits=uploads.limits())
    except Exception:
        _log.exception("no preview of a clip of %d bytes", len(clip.content))
        made = None
    st.session_state["preview"] = (clip.digest, made)
    return made


def servable(view: state.View) -> list[str]:
    """The study's models whose weights it holds: those that a clip can be put to."""
    return classify.servable(view.study.folder)


def models_of(view: state.View) -> classify.Models:
    """The pair's models; each is opened once, whatever it is paired with."""
    found = [_opened(str(view.study.folder), view.revision, name) for name in view.pair]
    return dataclasses.replace(found[0], models=tuple(one.models[0] for one in found))


@st.cache_resource(max_entries=4, show_spinner="Opening the models …")
def _opened(folder: str, revision: str, name: str) -> classify.Models:
    return classify.open_models(Path(folder), [name])


@st.cache_resource(max_entries=2, show_spinner=False)
def _fingerprints(folder: str, revision: str) -> fingerprints.Fingerprints | None:
    try:
        return fingerprints.read(Path(folder))
    except study.StudyError:
        _log.exception("no clip is told to be near one of the study")
        return None


def sentence(error: Exception) -> str:
    """An error's words, ended by a full stop."""
    text = str(error).strip()
    return text if text.endswith((".", "!", "?")) else f"{text}."
