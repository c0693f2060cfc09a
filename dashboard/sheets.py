"""Frames side by side in one picture: what a page shows of a clip, and a third of their memory.

May import: numpy, pillow.
"""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

COLUMNS = 5  # frames in a row
GAP = 2  # transparent pixels between them


def sheet(frames: np.ndarray) -> bytes:
    """Frames in rows, with nothing lost: `frames_of` gives them back.

    Args:
        frames: uint8 array (N, H, W, 3).

    Returns:
        bytes. A PNG, transparent where no frame is.
    """
    count, height, width, _ = frames.shape
    rows = -(-count // COLUMNS)
    shape = (rows * (height + GAP) - GAP, COLUMNS * (width + GAP) - GAP, 4)
    whole = np.zeros(shape, np.uint8)
    for frame, (y, x) in zip(frames, _corners(rows, height, width), strict=False):
        whole[y : y + height, x : x + width, :3] = frame
        whole[y : y + height, x : x + width, 3] = 255
    png = io.BytesIO()
    Image.fromarray(whole).save(png, "PNG", compress_level=1)  # the others: 4 times as long, -12 %
    return png.getvalue()


def frames_of(png: bytes, size: tuple[int, int]) -> np.ndarray:
    """The frames that a sheet was made of.

    Args:
        png: bytes. What `sheet` gave.
        size: (height, width) of a frame.

    Returns:
        uint8 array (N, H, W, 3).
    """
    height, width = size
    with Image.open(io.BytesIO(png)) as image:
        whole = np.asarray(image)
    rows = (len(whole) + GAP) // (height + GAP)
    return np.stack(
        [
            whole[y : y + height, x : x + width, :3]
            for y, x in _corners(rows, height, width)
            if whole[y, x, 3]
        ]
    )


def _corners(rows: int, height: int, width: int) -> list[tuple[int, int]]:
    """The upper left corner of every place, row by row: (y, x)."""
    return [
        (row * (height + GAP), column * (width + GAP))
        for row in range(rows)
        for column in range(COLUMNS)
    ]
