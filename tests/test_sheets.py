"""Sheets of frames: in rows, with gaps, and nothing of a frame lost.

May import: numpy, pillow, hypothesis, dashboard.sheets.
"""

from __future__ import annotations

import io

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from dashboard import sheets


def test_frames_stand_in_rows_with_gaps() -> None:
    frames = np.arange(7, dtype=np.uint8)[:, None, None, None] * np.ones((1, 4, 6, 3), np.uint8)
    whole = np.asarray(Image.open(io.BytesIO(sheets.sheet(frames))))
    assert whole.shape == (10, 38, 4)
    assert whole[0, 8, 0] == 1 and whole[6, 8, 0] == 6
    assert whole[4, 0, 3] == 0 and whole[9, 37, 3] == 0  # gaps and the missing frames
    assert whole[9, 13, 3] == 255


@given(st.integers(1, 23), st.integers(1, 9), st.integers(1, 9), st.integers(0, 2**32 - 1))
def test_the_frames_come_back_as_they_were(count: int, height: int, width: int, seed: int) -> None:
    frames = np.random.default_rng(seed).integers(0, 256, (count, height, width, 3), np.uint8)
    back = sheets.frames_of(sheets.sheet(frames), (height, width))
    np.testing.assert_array_equal(back, frames)
