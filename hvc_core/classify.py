"""A clip in, every model's probabilities out: ONNX Runtime, no TensorFlow, no pandas.

May import: the standard library, numpy, hvc_core.video, .session. hvc_core.study is loaded only to
say what is wrong with a folder: it brings pandas, and serving is to fit into a small host.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from hvc_core import video
from hvc_core.session import open_session

LIMITS = video.Limits()

# The only way of preparing a clip that this code knows; preprocessing.json says what a model wants.
PREPARED = {
    "sampling": "middle of equal time segments",
    "color": "rgb",
    "range": [0, 255],
    "resize": "swscale area",
}
_TYPES: dict[str, type[np.generic]] = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(uint8)": np.uint8,
}
_EXPORT = "Write it again with `python -m training export DIR`."


@dataclass(frozen=True)
class Model:
    """One model, ready to answer.

    Attributes:
        name: str. As in study.json: `lrcn`.
        title: str. For people: `LRCN`.
        size: (height, width) of the frames it wants.
        frames: int. How many it wants.
        file: Path. Its model.onnx.
        session: onnxruntime.InferenceSession.
        input: str. The name of the session's input.
        dtype: numpy dtype of the session's input.
        turn: Lock. One clip at a time: a second one beside it takes as much memory again, and is
            hardly faster where a model has all cores already.
    """

    name: str
    title: str
    size: tuple[int, int]
    frames: int
    file: Path
    session: Any
    input: str
    dtype: type[np.generic]
    turn: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    def probabilities(self, images: np.ndarray, classes: int) -> np.ndarray:
        """Runs the model on one clip.

        Args:
            images: uint8 array (frames, height, width, 3), RGB.
            classes: int. How many probabilities must come out.

        Returns:
            float32 array (classes,), summing to 1.

        Raises:
            StudyError: the model does not run, or what it gives is no set of probabilities.
        """
        clip = images[None].astype(self.dtype)  # (1, T, H, W, 3)
        try:
            with self.turn:
                (out,) = self.session.run(None, {self.input: clip})
        except Exception as error:  # ONNX Runtime's errors share no class of their own
            raise _broken(self.file, None, f"the model does not run ({_short(error)})") from error
        if out.shape != (1, classes):
            raise _broken(self.file, None, f"gives {out.shape[1:]} values for {classes} classes")
        if not np.isfinite(out).all() or abs(float(out.sum()) - 1) > 1e-2 or out.min() < 0:
            raise _broken(self.file, None, "what it gives are no probabilities that sum to 1")
        return out[0].astype(np.float32)


@dataclass(frozen=True)
class Models:
    """The models of a study.

    Attributes:
        classes: list of str, in the order of the probabilities.
        models: tuple of Model, in the order asked for; at least one.
        frames: int. How many frames of a clip they see.
    """

    classes: list[str]
    models: tuple[Model, ...]
    frames: int


@dataclass(frozen=True)
class ModelAnswer:
    """What one model says of a clip.

    Attributes:
        model: str. Its name.
        title: str. Its name for people.
        probabilities: float32 array (classes,), 0 to 1, summing to 1.
        milliseconds: float. From frames to probabilities, while the other models ran too.
    """

    model: str
    title: str
    probabilities: np.ndarray
    milliseconds: float

    @property
    def top(self) -> int:
        """The index of the class it finds likeliest."""
        return int(self.probabilities.argmax())

    def ranked(self, count: int = 5) -> list[tuple[int, float]]:
        """The likeliest classes, likeliest first: (index, probability)."""
        order = np.argsort(-self.probabilities, kind="stable")[:count]
        return [(int(i), float(self.probabilities[i])) for i in order]


@dataclass(frozen=True)
class Answer:
    """What all models say of a clip.

    Attributes:
        classes: list of str, in the order of the probabilities.
        models: list of ModelAnswer, in the order of `Models.models`.
        frames: Sampled. What the models saw, in every size that one of them wants.
        decode_ms: float. From the file to frames.
        notes: tuple of str. What a person should know, such as a file cut short.
        agree: bool. Whether all find the same class likeliest.
    """

    classes: list[str]
    models: list[ModelAnswer]
    frames: video.Sampled
    decode_ms: float
    notes: tuple[str, ...]
    agree: bool


def servable(folder: Path) -> list[str]:
    """The models that a study has weights of, in its order; it may tell about others besides.

    Raises:
        StudyError: study.json cannot be read.
    """
    _, titles = _read_meta(Path(folder))
    return [name for name in titles if (Path(folder) / "models" / name).is_dir()]


def open_models(folder: Path, names: Sequence[str] | None = None) -> Models:
    """Opens a study's models and runs each once, so that what is broken shows here.

    Args:
        folder: Path. The study.
        names: the models wanted; None is all whose weights the study holds, `servable`.

    Raises:
        StudyError: a file is missing or broken, or a name is not in the study; it names the file
            and the field.
    """
    folder = Path(folder)
    classes, titles = _read_meta(folder)
    wanted = (servable(folder) or list(titles)) if names is None else list(names)
    for name in wanted:
        if name not in titles:
            raise _broken(
                folder / "study.json", "models", f"has no '{name}'", f"It has {', '.join(titles)}."
            )
    if not wanted:
        raise _broken(folder / "study.json", "models", "no model asked for", "Name at least one.")
    models = tuple(_open(folder / "models" / name, titles[name]) for name in wanted)
    for model in models:
        if model.frames != models[0].frames:  # one clip is decoded once, for all of them
            raise _broken(
                model.file.with_name("preprocessing.json"),
                "frames",
                f"is {model.frames}, but {models[0].name} wants {models[0].frames}",
                "Models that answer together need the same number.",
            )
        blank = np.zeros((model.frames, *model.size, 3), np.uint8)
        model.probabilities(blank, len(classes))
    return Models(classes, models, models[0].frames)


def classify(
    models: Models,
    source: Path | bytes,
    limits: video.Limits | None = LIMITS,
    also: Sequence[tuple[int, int]] = (),
    decoder: ModuleType = video,
) -> Answer:
    """Puts one clip through all models: decodes it once, then runs them side by side.

    Args:
        models: Models. From `open_models`.
        source: Path or bytes. The video file.
        limits: Limits or None. None takes everything on: for files of one's own.
        also: sizes (height, width) that the answer's frames are wanted in besides the models' own.
        decoder: module. `video`, or `apart` for a stranger's clip.

    Raises:
        VideoError: the clip cannot be used.
        StudyError: a model gives no probabilities.
    """
    start = time.perf_counter()
    sizes = sorted({model.size for model in models.models} | set(also))
    frames = decoder.sample(source, sizes, models.frames, limits)
    decode_ms = 1e3 * (time.perf_counter() - start)

    def answer(model: Model) -> ModelAnswer:
        start = time.perf_counter()
        probabilities = model.probabilities(frames.images[model.size], len(models.classes))
        passed = 1e3 * (time.perf_counter() - start)
        return ModelAnswer(model.name, model.title, probabilities, passed)

    with ThreadPoolExecutor(min(len(models.models), os.cpu_count() or 1)) as pool:
        answers = list(pool.map(answer, models.models))
    agree = len({one.top for one in answers}) == 1
    return Answer(models.classes, answers, frames, decode_ms, frames.notes, agree)


def _open(folder: Path, title: str) -> Model:
    wants = _read_preprocessing(folder / "preprocessing.json")
    file = folder / "model.onnx"
    if not file.is_file():
        raise _broken(file, None, "missing", _EXPORT)
    try:
        session = open_session(file)
    except Exception as error:  # ONNX Runtime's errors share no class of their own
        raise _broken(file, None, f"cannot be opened as an ONNX model ({_short(error)})") from error
    inputs = session.get_inputs()
    if len(inputs) != 1 or inputs[0].type not in _TYPES:
        found = ", ".join(f"{i.name}: {i.type}" for i in inputs)
        raise _broken(file, None, f"wants ({found}), not one tensor of numbers or bytes")
    # Names stand where a dimension is free.
    fixed = [(n, w) for n, w in zip(inputs[0].shape[1:], (*wants, 3), strict=False) if n != w]
    if len(inputs[0].shape) != 5 or any(isinstance(n, int) for n, _ in fixed):
        raise _broken(
            file,
            None,
            f"takes clips of shape {inputs[0].shape}, but preprocessing.json says {[*wants, 3]}",
        )
    count, height, width = wants
    dtype = _TYPES[inputs[0].type]
    return Model(folder.name, title, (height, width), count, file, session, inputs[0].name, dtype)


def _read_preprocessing(file: Path) -> tuple[int, int, int]:
    """Frames, height and width that a model wants; refuses what this code cannot prepare."""
    try:
        said = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise _broken(file, None, "missing", _EXPORT) from error
    except (OSError, ValueError) as error:
        raise _broken(file, None, f"cannot be read as JSON ({error})", _EXPORT) from error
    if not isinstance(said, dict):
        raise _broken(file, None, "holds no JSON object", _EXPORT)
    for key, known in PREPARED.items():
        if said.get(key) != known:
            raise _broken(file, key, f"is {said.get(key)!r}, expected {known!r}", _EXPORT)
    for key in ("frames", "height", "width"):
        if type(said.get(key)) is not int or not 1 <= said[key] <= 4096:
            raise _broken(file, key, f"is {said.get(key)!r}, expected 1 to 4096", _EXPORT)
    return said["frames"], said["height"], said["width"]


def _read_meta(folder: Path) -> tuple[list[str], dict[str, str]]:
    """The classes and each model's title, from study.json."""
    try:
        meta = json.loads((folder / "study.json").read_text(encoding="utf-8"))
        classes = meta["dataset"]["classes"]
        titles = {name: entry["title"] for name, entry in meta["models"].items()}
        if isinstance(classes, list) and len(classes) > 1:
            return classes, titles
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        pass
    from hvc_core import study  # late: see the top

    study.read_meta(folder)  # says what is wrong, and where
    raise _broken(folder / "study.json", None, "cannot be used", "Restore it.")


def _broken(file: Path, field: str | None, problem: str, advice: str = _EXPORT) -> ValueError:
    """A StudyError; made late, see the top."""
    from hvc_core.study import StudyError

    return StudyError(file, field, problem, advice)


def _short(error: Exception) -> str:
    """The first line of an error's message, without the paths that follow."""
    return str(error).strip().split("\n")[0][:200]
