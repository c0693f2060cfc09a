"""Renders the clip that ships with the app: a drawn figure doing jumping jacks.

Run `python dashboard/assets/render_clip.py` to write rendered_jumping_jack.mp4 beside this file.
It is drawn by the lines below and nothing else: no pixel of any data set is in it, and it is free
of rights. May import: the standard library, numpy, PyAV.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

CLIP = Path(__file__).with_name("rendered_jumping_jack.mp4")
HEIGHT, WIDTH, RATE = 240, 320, 25
JACK = 0.9  # seconds from arms down to arms down
JACKS = 4

_FLOOR = 176  # where the wall meets the floor, pixels from the top
_GROUND = 214  # where the feet land
_SKIN, _HAIR = (226, 172, 138), (62, 42, 32)
_SHIRT, _SHORTS, _SHOES = (204, 62, 54), (38, 52, 96), (242, 242, 238)
_Y, _X = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)

Point = tuple[float, float]


def frames() -> Iterator[np.ndarray]:
    """The clip's frames, in order: uint8 arrays (240, 320, 3), RGB."""
    room = _room()
    for number in range(round(JACKS * JACK * RATE)):
        image = room.copy()
        _figure(image, number / RATE)
        yield np.clip(image, 0, 255).astype(np.uint8)


def render(path: Path = CLIP) -> Path:
    """Writes the clip as an H.264 MP4, atomically."""
    temporary = path.with_suffix(".tmp")
    with av.open(str(temporary), "w", "mp4", options={"movflags": "faststart"}) as output:
        options = {"preset": "veryslow", "crf": "24"}
        stream = output.add_stream("libx264", rate=RATE, options=options)
        stream.height, stream.width, stream.pix_fmt = HEIGHT, WIDTH, "yuv420p"
        output.metadata["title"] = "Rendered figure doing jumping jacks (not a recording)"
        for number, image in enumerate(frames()):
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, RATE)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    os.replace(temporary, path)
    return path


def _room() -> np.ndarray:
    """A gym: a wall with wall bars, a wooden floor, light from the upper left."""
    x, y = _X, _Y
    image = np.empty((HEIGHT, WIDTH, 3), np.float32)
    wall = y < _FLOOR
    image[wall] = (206, 214, 210)
    image[~wall] = (178, 132, 88)
    planks = (x - WIDTH / 2) * 60 / (np.maximum(y - _FLOOR, 0) + 60)  # lines that meet far away
    image[~wall & (planks % 22 < 1)] = (150, 108, 70)
    for left in (26, 244):  # wall bars
        for post in (left, left + 46):
            image[wall & (y > 40) & (x >= post) & (x < post + 4)] = (150, 116, 80)
        bars = wall & (y > 44) & (y % 15 < 3) & (x >= left) & (x < left + 50)
        image[bars] = (172, 136, 96)
    image[wall & (y >= _FLOOR - 7)] = (122, 104, 92)  # skirting board
    light = 1.08 - 0.26 * np.hypot((x - 110) / WIDTH, (y - 40) / HEIGHT)
    return image * light[..., None]


def _figure(image: np.ndarray, seconds: float) -> None:
    """Draws the figure as it is at a moment."""
    turn = 2 * math.pi * seconds / JACK
    spread = 0.5 - 0.5 * math.cos(turn)  # 0: standing, arms down; 1: astride, arms up
    hop = 13 * math.sin(turn) ** 2  # in the air while the legs move
    thigh = math.radians(4 + 20 * spread)
    shin = math.radians(3 + 19 * spread)
    knee_bend = 3 * (1 - math.sin(turn) ** 2)  # soft landings
    sway = 1.5 * math.sin(turn / 4)
    middle = WIDTH / 2 + sway
    hip = _GROUND - hop - 40 * math.cos(thigh) - 40 * math.cos(shin) + knee_bend
    shoulder = hip - 54
    width = 46 + 26 * spread
    _shade(image, (middle, _GROUND + 5), width - hop, 6.5, 0.42 - 0.012 * hop)
    for side in (-1, 1):
        joint = (middle + side * 9, hip)
        knee = _from(joint, side * thigh, 40)
        foot = _from(knee, side * shin, 40 - knee_bend)
        _limb(image, joint, knee, 8.5, 7, _SKIN)
        _limb(image, knee, foot, 6.5, 4.5, _SKIN)
        _limb(image, joint, _from(joint, side * thigh, 24), 10.5, 10, _SHORTS)
        _limb(image, foot, (foot[0] + side * 7, foot[1] + 2), 4.5, 4, _SHOES)
    _limb(image, (middle, shoulder + 2), (middle, hip - 8), 17, 13, _SHIRT)
    _limb(image, (middle - 6, hip + 1), (middle + 6, hip + 1), 10.5, 10.5, _SHORTS)
    _limb(image, (middle, shoulder - 4), (middle, shoulder - 16), 5.5, 5.5, _SKIN)
    # Arms swing sideways from beside the hips to above the head; the hands lag a little.
    swing = math.radians(14 + 146 * spread)
    lag = math.radians(8 + 162 * (0.5 - 0.5 * math.cos(turn - 0.25)))
    for side in (-1, 1):
        joint = (middle + side * 17, shoulder + 1)
        elbow = _from(joint, side * swing, 29)
        hand = _from(elbow, side * lag, 27)
        _limb(image, joint, elbow, 6.5, 5.5, _SKIN)
        _limb(image, elbow, hand, 5, 4, _SKIN)
        _limb(image, hand, _from(hand, side * lag, 4), 5, 4.5, _SKIN)
        _limb(image, joint, _from(joint, side * swing, 12), 8, 7.5, _SHIRT)
    head = (middle, shoulder - 27)
    _limb(image, (head[0], head[1] - 4), (head[0], head[1] - 4), 13.5, 13.5, _HAIR)
    _limb(image, (head[0], head[1] + 1), (head[0], head[1] + 4), 11.5, 9.5, _SKIN)
    for side in (-1, 1):
        eye = (head[0] + side * 4.5, head[1] + 1)
        _limb(image, eye, eye, 1.4, 1.4, _HAIR)
    for x in (-3, -1, 1, 3):
        lip = (head[0] + x, head[1] + 8.5 - 0.12 * x**2)
        _limb(image, lip, lip, 1.1, 1.1, (158, 78, 70))


def _from(start: Point, angle: float, length: float) -> Point:
    """The point that lies `length` away, `angle` (radians) from straight down, to the right."""
    return start[0] + length * math.sin(angle), start[1] + length * math.cos(angle)


def _limb(
    image: np.ndarray, a: Point, b: Point, wide: float, narrow: float, colour: tuple[int, int, int]
) -> None:
    """Draws a capsule from a to b, its radius going from `wide` to `narrow`, lit from the left."""
    reach = max(wide, narrow) + 2
    top, left = (max(0, int(min(p, q) - reach)) for p, q in ((a[1], b[1]), (a[0], b[0])))
    bottom, right = (int(max(p, q) + reach) + 1 for p, q in ((a[1], b[1]), (a[0], b[0])))
    part = (slice(top, bottom), slice(left, right))
    x, y = _X[part] - a[0], _Y[part] - a[1]
    along = (b[0] - a[0], b[1] - a[1])
    square = along[0] ** 2 + along[1] ** 2
    at = np.clip((x * along[0] + y * along[1]) / square, 0, 1) if square else np.zeros_like(x)
    across, down = x - at * along[0], y - at * along[1]
    radius = wide + (narrow - wide) * at
    cover = np.clip(radius - np.hypot(across, down) + 0.5, 0, 1)[..., None]
    light = 1 - 0.2 * np.clip((across + 0.5 * down) / radius, -0.6, 1)[..., None]
    image[part] += cover * (np.array(colour, np.float32) * light - image[part])


def _shade(image: np.ndarray, at: Point, wide: float, high: float, dark: float) -> None:
    """Darkens a soft ellipse: the shadow on the floor."""
    away = ((_X - at[0]) / wide) ** 2 + ((_Y - at[1]) / high) ** 2
    image *= 1 - dark * np.clip(1.3 - away, 0, 1)[..., None]


if __name__ == "__main__":
    print(render())
