"""The cache of frozen features: what a backbone's untrained part gives for each view of a clip.

View 0 is the clip as the app would feed it; the others are augmented, each fixed by its number
and the clip's name, so that every seed and fold shares them. Filled where it is asked for, and
goes on where it was killed. May import: numpy, hvc_core.frames, hvc_core.augment.
"""

from __future__ import annotations

import dataclasses
import hashlib
import os
import random
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from hvc_core import frames as frame_cache
from hvc_core.augment import augment, clean
from hvc_core.clips import Index
from hvc_core.recipe import Augment


@dataclasses.dataclass(frozen=True)
class Features:
    """The cache's arrays, memory-mapped.

    Attributes:
        values: float16 array (1 + views, clips, T, h, w, C), or (1 + views, clips, T, C) pooled.
        done: uint8 array (1 + views, clips). 1 where `values` is filled.
    """

    values: np.ndarray
    done: np.ndarray


def folder(index: Index, stem: str, size: tuple[int, int], how: Augment, views: int) -> Path:
    """Where the features of one data set, stem, size and augmentation lie."""
    settings = f"{stem} {size} {sorted(dataclasses.asdict(how).items())} {views}"
    digest = hashlib.sha256(settings.encode()).hexdigest()[:12]
    return frame_cache.root() / f"features-{index.fingerprint[:16]}-{digest}"


def open_features(place: Path, shape: tuple[int, ...], clips: int, views: int) -> Features:
    """Opens the cache at `place`, or makes an empty one.

    Args:
        place: Path. From `folder`.
        shape: (T, h, w, C) or (T, C). Features of one clip.
        clips, views: int. Clips of the index; augmented views of each.
    """
    place.mkdir(parents=True, exist_ok=True)
    os.utime(place)
    frame_cache.trim(frame_cache.root(), keep={place})
    if not (place / "values.npy").exists():
        (place / "done.npy").unlink(missing_ok=True)  # what it says is of values that are gone
    arrays = []
    for name, dtype, size in (
        ("values", np.float16, (1 + views, clips, *shape)),
        ("done", np.uint8, (1 + views, clips)),
    ):
        path = place / f"{name}.npy"
        if not path.exists():
            part = path.with_name(f"{name}.{os.getpid()}.tmp")
            np.lib.format.open_memmap(part, "w+", dtype, size).flush()
            try:
                os.link(part, path)  # unlike os.replace it keeps what another process just made
            except FileExistsError:
                pass
            except OSError:  # a file system without hard links
                os.replace(part, path)
            part.unlink(missing_ok=True)
        arrays.append(np.load(path, mmap_mode="r+"))
    return Features(*arrays)


def fill(
    features: Features,
    index: Index,
    frames: np.ndarray,
    stem: Callable[[np.ndarray], np.ndarray],
    how: Augment,
    rows: np.ndarray,
    augmented: np.ndarray,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> None:
    """Computes what is missing: the clean view of `rows`, all views of `augmented`.

    Args:
        features: Features. Filled in place.
        index: Index. The clips.
        frames: uint8 array (clips, 20 * PHASES, H, W, 3). The frame cache.
        stem: float32 (1, 20, H, W, 3) -> float32 (1, T, h, w, C).
        how: Augment. What happens in the augmented views.
        rows, augmented: int64 arrays. Rows of the index.
        progress: called with (clips done, clips to do).
    """
    wanted = [(0, row) for row in rows]
    wanted += [(view, row) for view in range(1, len(features.done)) for row in augmented]
    todo = [(view, row) for view, row in wanted if not features.done[view, row]]
    # Processes of one machine that begin together share the work. Not by the global generator: a
    # cell's seed is drawn from it, and would depend on what lay in the cache.
    random.Random().shuffle(todo)
    for number, (view, row) in enumerate(todo, start=1):
        if not features.done[view, row]:
            if view:
                rng = np.random.default_rng((view, zlib.crc32(index.clips[row].name.encode())))
                x = augment(frames[row], rng, how)
            else:
                x = clean(frames[row])
            features.values[view, row] = stem(x[None].astype(np.float32))[0]
            features.done[view, row] = 1
        progress(number, len(todo))


def derive(
    features: Features,
    source: Features,
    body: Callable[[np.ndarray], np.ndarray],
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> None:
    """Computes from other features what is missing: all that is there of them.

    Args:
        features: Features. Filled in place.
        source: Features. Of the same views and clips.
        body: float32 (1, T, h, w, C) -> float32 (1, T', ...).
        progress: called with (clips done, clips to do).
    """
    todo = np.argwhere(source.done > features.done).tolist()
    random.Random().shuffle(todo)
    for number, (view, row) in enumerate(todo, start=1):
        if not features.done[view, row]:
            features.values[view, row] = body(source.values[view, [row]].astype(np.float32))[0]
            features.done[view, row] = 1
        progress(number, len(todo))
