"""What every model says along a clip: the same question for one window after another.

The clip is decoded once, at the pace at which a window holds as many frames as a model wants;
windows are slices of those. May import: the standard library, numpy, hvc_core.video, .classify.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import numpy as np

from hvc_core import video
from hvc_core.classify import LIMITS, Models

WINDOW = 4.0  # seconds: most clips of UCF50 are 3 to 10 s long, and a window is asked as a clip is
STRIDE = 4  # frames from one window to the next: a fifth of 20
MOST = 60  # windows; with 80 ms for each and model, 10 s of work for two models


@dataclass(frozen=True)
class Timeline:
    """Every model's probabilities along a clip.

    Attributes:
        classes: list of C names.
        titles: list of the models' titles, in the order of `probabilities`.
        probabilities: float32 array (M, K, C): each model's, window by window.
        starts: float64 array (K,). When each window begins, seconds from the clip's start.
        ends: float64 array (K,). When it ends.
        seconds: float. How long the clip is.
    """

    classes: list[str]
    titles: list[str]
    probabilities: np.ndarray
    starts: np.ndarray
    ends: np.ndarray
    seconds: float

    @property
    def top(self) -> np.ndarray:
        """The likeliest class of each model and window, int64 (M, K)."""
        return self.probabilities.argmax(axis=2)

    @property
    def agree(self) -> np.ndarray:
        """In which windows all models find the same class likeliest, bool (K,)."""
        return (self.top == self.top[:1]).all(axis=0)


def windows(seconds: float, frames: int) -> tuple[int, np.ndarray]:
    """How many frames to take of a clip, and with which of them each window begins.

    Args:
        seconds: float. The clip's length.
        frames: int. How many a window holds.

    Returns:
        (int, int64 array (K,)); a clip no longer than a window is one window.
    """
    most = frames + STRIDE * (MOST - 1)
    count = int(np.clip(round(frames * seconds / WINDOW), frames, most))
    starts = np.arange(0, count - frames + 1, STRIDE)
    if starts[-1] != count - frames:  # the clip's last moment is in a window too
        starts = np.append(starts, count - frames)
    return count, starts.astype(np.int64)


@dataclass(frozen=True)
class Along:
    """A clip's frames, dense enough for every window.

    Attributes:
        frames: Sampled. In every size that one of the models wants.
        starts: int64 array (K,). With which frame each window begins.
        seconds: float. How long the clip is.
    """

    frames: video.Sampled
    starts: np.ndarray
    seconds: float


def along(
    models: Models,
    source: Path | bytes,
    limits: video.Limits | None = LIMITS,
    decoder: ModuleType = video,
) -> Along:
    """Decodes a clip once for all its windows.

    Args:
        models: Models. From `classify.open_models`.
        source: Path or bytes. The video file.
        limits: Limits or None. None takes everything on: for files of one's own.
        decoder: module. `video`, or `apart` for a stranger's clip.

    Raises:
        VideoError: the clip cannot be used.
    """
    seconds = decoder.length(source, limits)
    count, starts = windows(seconds, models.frames)
    sizes = sorted({model.size for model in models.models})
    return Along(decoder.sample(source, sizes, count, limits), starts, seconds)


def timeline(
    models: Models,
    of: Along,
    progress: Callable[[int, int], object] = lambda done, total: None,
) -> Timeline:
    """Puts a clip through all models window by window.

    Args:
        models: Models. From `classify.open_models`.
        of: from `along`, of the same models.
        progress: called with (answers given, answers in all) over all models; what it raises ends
            the work.

    Raises:
        StudyError: a model gives no probabilities.
    """
    step = of.seconds / (of.starts[-1] + models.frames)
    told = np.zeros((len(models.models), len(of.starts), len(models.classes)), np.float32)
    for k, start in enumerate(of.starts):
        for m, model in enumerate(models.models):
            images = of.frames.images[model.size][start : start + models.frames]  # (T, H, W, 3)
            told[m, k] = model.probabilities(images, len(models.classes))
            progress(k * len(models.models) + m + 1, told.shape[0] * told.shape[1])
    titles = [model.title for model in models.models]
    ends = (of.starts + models.frames) * step
    return Timeline(models.classes, titles, told, of.starts * step, ends, of.seconds)
