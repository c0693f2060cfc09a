"""One cell = (protocol, fold, seed, model): fit it, predict its test clips, write its rows.

May import: keras, numpy, pandas and all of hvc_core's data rooms. Reads from top to bottom:
data, feeds, run_cell.
"""

from __future__ import annotations

import dataclasses
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd

from hvc_core import audit, export, fit, models, splits, study
from hvc_core import features as feature_cache
from hvc_core import frames as frame_cache
from hvc_core.augment import augment, clean
from hvc_core.clips import Clip, Index
from hvc_core.models import two_stream
from hvc_core.recipe import Augment, Cell, Settings
from hvc_core.video import FRAMES

# What a cell reports: ("features", (done, all)) or ("epoch", fit.Progress)
Report = Callable[[str, Any], None]

MOMENTS = FRAMES // 2  # of the pretrained models: they take frames in pairs

# -- data --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Data:
    """What every cell of a study shares: the index, and its frames in each size, decoded once."""

    index: Index
    frames: dict[tuple[int, int], np.ndarray]

    @cached_property
    def targets(self) -> np.ndarray:
        """int64 (clips,). Class numbers."""
        return np.array([self.index.classes.index(c.class_name) for c in self.index.clips])

    @cached_property
    def hashes(self) -> audit.Hashes:
        """Perceptual hashes of every clip's frames."""
        return audit.hashed(frame_cache.clean(self.frames[audit.SIZE]))

    @cached_property
    def near_identical(self) -> list[audit.Pair]:
        """The audit's pairs: what must not train where the other is tested."""
        return audit.pairs(self.index.clips, self.hashes)


def load(index: Index, settings: dict[str, Settings], progress: Callable[[int, int], None]) -> Data:
    """Decodes (or finds decoded) the frames of every clip for these models."""
    sizes = {audit.SIZE, *(models.ARCHITECTURES[s.architecture].size for s in settings.values())}
    return Data(index, frame_cache.load(index, sorted(sizes), progress))


# -- feeds: what a model is given, by row ------------------------------------------------------


@dataclass(frozen=True)
class FrameFeed:
    """Frames, augmented anew every time: float32 (B, 20, H, W, 3)."""

    frames: np.ndarray
    how: Augment

    def train(self, rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        views = [augment(self.frames[row], rng, self.how) for row in rows]
        return np.stack(views).astype(np.float32)

    def clean(self, rows: np.ndarray) -> np.ndarray:
        return np.stack([clean(self.frames[row]) for row in rows]).astype(np.float32)


@dataclass(frozen=True)
class FeatureFeed:
    """Frozen features of a random view of each clip: float32 (B, 2 * moments, h, w, C)."""

    values: np.ndarray
    moments: int  # that a training step sees, one of each of as many equal parts of the clip

    def train(self, rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        views = rng.integers(len(self.values), size=len(rows))
        of = self.values.shape[2] // 2
        # Temporal segments (Wang et al., ECCV 2016): a clip looks a little different every time.
        edges = np.arange(self.moments + 1) * of // self.moments
        picked = rng.integers(edges[:-1], edges[1:])
        at = np.concatenate([picked, of + picked])  # behind the moments lie their changes
        x = [self.values[view, row][at] for view, row in zip(views, rows, strict=True)]
        return np.stack(x).astype(np.float32)

    def clean(self, rows: np.ndarray) -> np.ndarray:
        return self.values[0, rows].astype(np.float32)


# -- a cell -----------------------------------------------------------------------------------


def run_cell(
    cell: Cell,
    how: Settings,
    data: Data,
    folder: Path,
    progress: Report = lambda what, p: None,
) -> None:
    """Trains one cell, predicts its test clips and writes both into the study, atomically.

    Killed at any moment it can be called again: it goes on from the last finished epoch. Where the
    study has a cell of the same seed and model with the very same training, validation and test
    clips (`splits.SAME`), the training would be the same too, and its rows are taken.

    Args:
        cell: Cell. Which.
        how: Settings. The recipe's for the cell's model.
        data: Data. The clips.
        folder: Path. The study.
        progress: called with ("features", (done, all)) and ("epoch", fit.Progress).
    """
    if _taken(cell, folder):
        return
    keras.utils.set_random_seed(cell.seed)
    pairs = [(pair.a, pair.b) for pair in data.near_identical]
    fold = splits.split(data.index.clips, cell.protocol, cell.fold, cell.seed, pairs)
    state = folder / "cells" / f"{cell}.state.npz"
    of_heads = folder / "cells" / f"{cell}.heads.state.npz"
    size = models.ARCHITECTURES[how.architecture].size
    classes = len(data.index.classes)
    rows = (data.targets, fold.train, fold.validation)

    def epoch_done(p: fit.Progress) -> None:
        progress("epoch", p)

    def heads_done(p: fit.Progress) -> None:
        epoch_done(dataclasses.replace(p, epochs=p.epochs + how.epochs))

    # -- fit -----------------------------------------------------------------------------------
    if models.ARCHITECTURES[how.architecture].backbone is None:
        model = trainable(how, classes)
        feed: fit.Clips = FrameFeed(data.frames[size], how.augment)
        predictor = model
        history = fit.fit(model, feed, *rows, how, cell.seed, state, epoch_done)
    else:
        model = models.build(how.architecture, classes, pretrained=True, fused=True)
        seen = min(how.frames, MOMENTS)
        kept = _features(model, how, data, size, fold, progress)
        heads_alone = dataclasses.replace(how, epochs=how.heads, patience=how.heads)
        if not how.epochs:  # the backbone stays as it is, so what it gives is computed once
            feed = FeatureFeed(_pooled(model, how, data, size, kept, progress).values, seen)
            predictor = two_stream.heads(model, MOMENTS)
            part = two_stream.heads(model, seen, together=False)
            history = fit.fit(
                part, feed, *rows, heads_alone, cell.seed, state, epoch_done, predictor
            )
        else:
            feed = FeatureFeed(kept.values, seen)
            predictor = two_stream.tail(model, how.tail, MOMENTS)
            history = []
            if how.heads:
                part = two_stream.tail(model, how.tail, seen, together=False, heads_only=True)
                history = fit.fit(
                    part, feed, *rows, heads_alone, cell.seed, of_heads, heads_done, predictor
                )
            part = two_stream.tail(model, how.tail, seen, together=False)
            try:
                history = fit.fit(
                    part, feed, *rows, how, cell.seed, state, epoch_done, predictor, before=history
                )
            except fit.FitError:
                of_heads.unlink(missing_ok=True)  # else the changed settings would be refused
                raise

    # -- predict and write -----------------------------------------------------------------------
    def answered(which: np.ndarray) -> pd.DataFrame:
        clips = [data.index.clips[row] for row in which]
        return predictions(cell, clips, fit.predict(predictor, feed, which))

    keep_weights(model, folder / "cells" / f"{cell}.weights.npz")
    study.write_extra(folder, "validation", answered(fold.validation))
    key = dataclasses.asdict(cell)
    past = pd.DataFrame([{**key, **epoch} for epoch in history])
    study.write_cell(folder, answered(fold.test), past)
    state.unlink(missing_ok=True)
    of_heads.unlink(missing_ok=True)


def predictions(
    cell: Cell, clips: Sequence[Clip], probabilities: np.ndarray, condition: str = study.CLEAN
) -> pd.DataFrame:
    """Rows as a study's tables have them, of one cell's answers to clips.

    Args:
        cell: Cell. Whose weights answered.
        clips: the n clips.
        probabilities: float32 array (n, classes).
        condition: str. What was done to the clips.
    """
    return pd.DataFrame(
        {
            **{name: [value] * len(clips) for name, value in dataclasses.asdict(cell).items()},
            "condition": condition,
            "clip": [clip.name for clip in clips],
            "class": [clip.class_name for clip in clips],
            "group": [clip.group for clip in clips],
            "probabilities": list(probabilities),
        }
    )


def _taken(cell: Cell, folder: Path) -> bool:
    """Writes a cell from the finished one that is the same training, if there is one."""
    same = splits.SAME.get((cell.protocol, cell.fold))
    finished = study.read_cell(folder, *same, cell.seed, cell.model) if same else None
    if same is None or finished is None:
        return False
    weights = folder / "cells" / f"{study.cell_name(*same, cell.seed, cell.model)}.weights.npz"
    if weights.exists():
        shutil.copyfile(weights, folder / "cells" / f"{cell}.weights.npz")
    also = study.read_extra(folder, *same, cell.seed, cell.model, "validation")
    predictions, history, validation = (
        rows.assign(protocol=cell.protocol, fold=cell.fold) for rows in (*finished, also)
    )
    if len(validation):
        study.write_extra(folder, "validation", validation)
    study.write_cell(folder, predictions, history)
    return True


def trainable(how: Settings, classes: int) -> keras.Model:
    """What a training step runs: the form that trains fastest, or the part that is fine-tuned."""
    model = models.build(how.architecture, classes, fused=True)
    if models.ARCHITECTURES[how.architecture].backbone is None:
        return model
    seen = min(how.frames, MOMENTS)
    if not how.epochs:
        return two_stream.heads(model, seen, together=False)
    return two_stream.tail(model, how.tail, seen, together=False)


def _features(
    model: keras.Model,
    how: Settings,
    data: Data,
    size: tuple[int, int],
    fold: splits.Fold,
    progress: Report,
) -> feature_cache.Features:
    """The frozen features that a fold needs, computed where they are missing."""
    stem = two_stream.stem(model, how.tail)
    kept = _opened(how, data, size, "", stem.output_shape[1:])
    everything = np.concatenate([fold.train, fold.validation, fold.test])
    feature_cache.fill(
        kept,
        data.index,
        data.frames[size],
        export.runner(stem),
        how.augment,
        everything,
        fold.train,
        lambda done, total: progress("features", (done, total)),
    )
    return kept


def _pooled(
    model: keras.Model,
    how: Settings,
    data: Data,
    size: tuple[int, int],
    kept: feature_cache.Features,
    progress: Report,
) -> feature_cache.Features:
    """What the untouched backbone makes of the features, computed where it is missing."""
    pooled = _opened(how, data, size, ", pooled", (2 * MOMENTS, two_stream.MAPS))
    if (kept.done > pooled.done).any():
        body = export.runner(two_stream.body(model, how.tail, MOMENTS))
        feature_cache.derive(
            pooled, kept, body, lambda done, total: progress("features", (done, total))
        )
    return pooled


def _opened(
    how: Settings, data: Data, size: tuple[int, int], what: str, shape: tuple[int, ...]
) -> feature_cache.Features:
    # The pretrained models share the stem, so they share what it gives.
    what = f"lrcn: moments and changes, x {two_stream.ENLARGE}, to block {how.tail}{what}"
    place = feature_cache.folder(data.index, what, size, how.augment, how.views)
    return feature_cache.open_features(place, shape, len(data.index.clips), how.views)


def keep_weights(model: keras.Model, path: Path) -> None:
    """Writes a model's weights as arrays in order, atomically."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    with part.open("wb") as file:
        np.savez(file, *model.get_weights())
    os.replace(part, path)
