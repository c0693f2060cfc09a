"""Which way is up: phones store a clip lying on its side, and a matrix that turns it.

May import: the standard library, numpy, PyAV.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import av
import numpy as np


class Turn(NamedTuple):
    """How a stored picture becomes upright: swap its axes, then mirror along x, along y."""

    swap: bool = False
    flip_x: bool = False
    flip_y: bool = False

    @property
    def degrees(self) -> int:
        """Degrees clockwise from stored to displayed: 0, 90, 180 or 270; a mirror is left out."""
        if self.swap:
            return 90 if self.flip_x else 270
        return 180 if self.flip_y else 0

    def apply(self, image: np.ndarray) -> np.ndarray:
        """Turns an image (height, width, 3) upright."""
        if self.swap:
            image = image.swapaxes(0, 1)
        return image[:: -1 if self.flip_y else 1, :: -1 if self.flip_x else 1]


UPRIGHT = Turn()
_QUARTERS = (UPRIGHT, Turn(True, True, False), Turn(False, True, True), Turn(True, False, True))


def turn_of(frame: av.VideoFrame) -> Turn:
    """Reads the display matrix that phones write; the nearest quarter turn, mirrored or not."""
    # In PyAV a frame and its side data hold each other, until Python's cycle collector comes by:
    # of a tiny copy that is nothing, of every full-size frame it was hundreds of MB.
    tiny = frame.reformat(width=8, height=8, format="rgb24", interpolation="POINT")
    side_data: Any = tiny.side_data  # the stubs call it a dict of other keys
    try:
        data = side_data["DISPLAYMATRIX"]
    except KeyError:
        return UPRIGHT
    except ValueError:  # PyAV refuses the whole list where it does not know one kind in it
        return _QUARTERS[round(-frame.rotation / 90) % 4]
    # A stored point (x, y) is displayed at (a x + c y, b x + d y), up to a shift.
    a, b, _, c, d = np.frombuffer(bytes(data), np.int32)[:5].tolist()
    swap = abs(b) + abs(c) > abs(a) + abs(d)
    return Turn(swap, (c if swap else a) < 0, (b if swap else d) < 0)
