"""Where a model looks: what it loses when a part of the clip is covered, in time or in space.

Occlusion as in Zeiler & Fergus, Visualizing and Understanding Convolutional Networks, ECCV 2014,
section 4.2: cover a part with grey, ask again, and note how far the answer's probability falls.
The same for every model: it needs nothing but answers. Pure functions of a model's answers. May
import: numpy.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

PARTS = 10  # of the clip's 20 frames: two at a time
ROWS, COLUMNS = 6, 8  # of a frame of 4 to 3: square tiles

Predict = Callable[[np.ndarray], np.ndarray]  # (T, H, W, 3) uint8 -> (C,)
Progress = Callable[[int, int], object]


def _quiet(done: int, total: int) -> None:
    """Tells nobody."""


def in_time(
    predict: Predict,
    images: np.ndarray,
    target: int,
    parts: int = PARTS,
    progress: Progress = _quiet,
) -> np.ndarray:
    """How far the probability of a class falls when a stretch of the frames is covered.

    Args:
        predict: what the model says of frames.
        images: uint8 array (T, H, W, 3). The frames that the model saw.
        target: int. The class.
        parts: int. How many stretches; each frame is in one.
        progress: called with (stretches asked, stretches in all).

    Returns:
        float array (parts,), -1 to 1; above 0 the stretch speaks for the class.
    """
    stretches = np.array_split(np.arange(len(images)), parts)
    return _losses(predict, images, target, [(part,) for part in stretches], progress)


def in_space(
    predict: Predict,
    images: np.ndarray,
    target: int,
    grid: tuple[int, int] = (ROWS, COLUMNS),
    progress: Progress = _quiet,
) -> np.ndarray:
    """How far the probability of a class falls when a tile of every frame is covered.

    Args:
        predict: what the model says of frames.
        images: uint8 array (T, H, W, 3). The frames that the model saw.
        target: int. The class.
        grid: (rows, columns) of tiles.
        progress: called with (tiles asked, tiles in all).

    Returns:
        float array (rows, columns), -1 to 1; above 0 the tile speaks for the class.
    """
    down, across = (
        [slice(part[0], part[-1] + 1) for part in np.array_split(np.arange(size), count)]
        for size, count in zip(images.shape[1:3], grid, strict=True)
    )
    tiles = [(slice(None), row, column) for row in down for column in across]
    return _losses(predict, images, target, tiles, progress).reshape(grid)


def _losses(
    predict: Predict,
    images: np.ndarray,
    target: int,
    parts: Sequence[tuple[slice | np.ndarray, ...]],
    progress: Progress,
) -> np.ndarray:
    """How far the probability falls with each part of the array covered: float array (N,)."""
    before = predict(images)[target]
    grey = images.reshape(-1, 3).mean(axis=0).astype(np.uint8)  # the mean: it stands out the least
    found = np.zeros(len(parts))
    for i, part in enumerate(parts):
        covered = images.copy()
        covered[part] = grey
        found[i] = before - predict(covered)[target]
        progress(i + 1, len(parts))
    return found
