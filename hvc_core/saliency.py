"""Where a model looks: what it loses when a part of the clip is covered, in time or in space.

Occlusion as in Zeiler & Fergus, Visualizing and Understanding Convolutional Networks, ECCV 2014,
section 4.2: cover a part with grey, ask again, and note how far the answer's probability falls.
The same for every model: it needs nothing but answers. Pure functions of a model's answers. May
import: numpy.
"""

from __future__ import annotations

from collections.abc import Callable

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
    before = predict(images)[target]
    grey = _grey(images)
    found = np.zeros(parts)
    for i, stretch in enumerate(np.array_split(np.arange(len(images)), parts)):
        covered = images.copy()
        covered[stretch] = grey
        found[i] = before - predict(covered)[target]
        progress(i + 1, parts)
    return found


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
    before = predict(images)[target]
    grey = _grey(images)
    rows, columns = (
        np.array_split(np.arange(size), count)
        for size, count in zip(images.shape[1:3], grid, strict=True)
    )
    found = np.zeros(grid)
    for i, down in enumerate(rows):
        for j, across in enumerate(columns):
            covered = images.copy()
            covered[:, down[0] : down[-1] + 1, across[0] : across[-1] + 1] = grey
            found[i, j] = before - predict(covered)[target]
            progress(i * grid[1] + j + 1, grid[0] * grid[1])
    return found


def _grey(images: np.ndarray) -> np.ndarray:
    """The clip's mean colour, uint8 (3,): it stands out the least."""
    return images.reshape(-1, 3).mean(axis=0).astype(np.uint8)
