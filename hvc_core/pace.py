"""How fast a model trains on this machine: some steps of its real training, on made-up clips.

Clips of noise do: a step's time does not depend on what is in them. May import: keras, numpy,
hvc_core.train, .fit, .export, .models, .recipe.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import keras
import numpy as np

from hvc_core import export, fit, frames, models, train
from hvc_core.models import two_stream
from hvc_core.recipe import Settings
from hvc_core.video import FRAMES

WARM = 3  # steps before the timed ones: the first compile


class _Enough(Exception):
    """Thrown out of a fit that has been timed."""


def measure(how: Settings, classes: int, steps: int = 10) -> dict[str, Any]:
    """What a clip costs in a model's training as the recipe has it.

    Args:
        how: Settings. The recipe's for the model.
        classes: int. The number of classes to predict.
        steps: int. Timed steps.

    Returns:
        dict. seconds_per_clip: float, the median step's, through `batch` clips at once.
        prepare_seconds_per_clip: float, what the untrained part takes for all views of a clip,
        once before the first epoch of the first cell; 0 where there is none. batch, steps: int.
        runtime: str. threads: int.

    Example:
        >>> measure(plan.models["lrcn"], 15, steps=5)["seconds_per_clip"]
    """
    return {
        "seconds_per_clip": step_seconds(how, classes, steps) / how.batch,
        "prepare_seconds_per_clip": _prepare(how, classes),
        "batch": how.batch,
        "steps": steps,
        "runtime": f"Keras {keras.__version__}, {keras.backend.backend()}",
        "threads": os.cpu_count() or 1,
    }


def step_seconds(how: Settings, classes: int, steps: int) -> float:
    """The median seconds of a training step, with augmentation and all.

    Of a model that is fine-tuned, a step that trains its backbone; of one on a frozen backbone,
    one of its heads.

    Args:
        how: Settings. The recipe's for the model.
        classes: int. The number of classes to predict.
        steps: int. Timed steps, after WARM that are not.
    """
    part = train.trainable(how, classes)
    feed = _feed(how, part)
    ending = dataclasses.replace(how, epochs=max(1, how.epochs))  # a frozen model's heads have some
    moments: list[float] = []

    def stepped(p: fit.Progress) -> None:
        moments.append(time.perf_counter())
        if len(moments) == WARM + steps:
            raise _Enough

    rows = np.tile(np.arange(how.batch), WARM + steps)
    targets = np.arange(how.batch) % classes
    with tempfile.TemporaryDirectory() as aside, contextlib.suppress(_Enough):
        fit.fit(part, feed, targets, rows, rows[:1], ending, 0, Path(aside) / "s.npz", stepped)
    return float(np.median(np.diff(moments[WARM - 1 :])))


def _feed(how: Settings, part: keras.Model) -> fit.Clips:
    """A batch of clips of noise, in the form that training reads them."""
    rng = np.random.default_rng(0)
    kind = models.ARCHITECTURES[how.architecture]
    if kind.backbone is None:
        shape = (how.batch, FRAMES * frames.PHASES, *kind.size, 3)
        return train.FrameFeed(rng.integers(0, 256, shape, np.uint8), how.augment)
    moments = 2 * train.MOMENTS  # and their changes
    shape = (1, how.batch, moments, *part.input_shape[2:])
    values = rng.normal(size=shape).astype(np.float16)
    return train.FeatureFeed(values, min(how.frames, train.MOMENTS))


def _prepare(how: Settings, classes: int, runs: int = 5) -> float:
    """Seconds that the part which is never trained takes for all views of a clip."""
    kind = models.ARCHITECTURES[how.architecture]
    if kind.backbone is None:
        return 0.0
    model = models.build(how.architecture, classes, fused=True)
    first = export.runner(two_stream.stem(model, how.tail))
    parts = [first]
    if not how.epochs:
        parts.append(export.runner(two_stream.body(model, how.tail, train.MOMENTS)))
    clip = np.random.default_rng(0).uniform(0, 255, (1, FRAMES, *kind.size, 3)).astype(np.float32)
    times = []
    for _ in range(runs + 1):
        started, x = time.perf_counter(), clip
        for run in parts:
            x = run(x)
        times.append(time.perf_counter() - started)
    return float(np.median(times[1:])) * (1 + how.views)  # the clip as it is, and augmented
