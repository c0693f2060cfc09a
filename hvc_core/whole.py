"""A whole clip's frames in their stored form: taken out, put back, encoded again.

What happens to a clip in the world happens to what is stored. So a frame is changed there, in
YUV 4:2:0, and then scaled to a model's size as any other: unchanged planes give `video.sample`'s
frames, byte for byte. RGB of the clip's own size, scaled later, does not: swscale goes from the
stored frame to the size in one step, and two steps change 1.3 of 255 levels on average at 64x64,
enough to change an answer of `lrcn-scratch` to 6 of 60 clips.

May import: the standard library, numpy, hvc_core.video.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from hvc_core import video

Size = tuple[int, int]


def chosen(clip: video.Whole, count: int = video.FRAMES) -> np.ndarray:
    """The numbers of the frames that `video.sample` takes: int64 array (count,)."""
    return video.middles(clip.times, clip.end, count)


def images(clip: video.Whole, number: int, sizes: Sequence[Size]) -> list[np.ndarray]:
    """A frame as `video.sample` gives it: a uint8 array (height, width, 3), RGB, for each size."""
    return [clip.upright(clip.frames[number], *size) for size in sizes]


def planes(clip: video.Whole, number: int) -> np.ndarray:
    """A frame's stored form: uint8 array (3 H / 2, W), all of Y, all of U, all of V; not turned.

    YUV 4:2:0 of even height and width, as nearly every clip has it, comes out untouched; other
    pixel formats are converted, and an odd last row or column is squashed in.
    """
    return _stored(clip.frames[number]).to_ndarray()


def images_of(
    changed: np.ndarray, clip: video.Whole, number: int, sizes: Sequence[Size]
) -> list[np.ndarray]:
    """What `images` would give if the frame held these planes instead of its own."""
    # There and back: a frame with memory of its own that still has what swscale goes by, such as
    # where between the pixels the colours lie (PyAV can copy that, but not set it).
    frame = _stored(clip.frames[number]).reformat(format="yuv444p").reformat(format="yuv420p")
    luma = frame.width * frame.height
    parts = np.split(changed.ravel(), [luma, luma * 5 // 4])
    for plane, part in zip(frame.planes, parts, strict=True):
        rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
        rows[: plane.height, : plane.width] = part.reshape(plane.height, plane.width)
    return [clip.upright(frame, *size) for size in sizes]


def reencoded(clip: video.Whole, crf: int) -> video.Whole:
    """The clip after H.264: really encoded, at a constant frame rate, and decoded again.

    Args:
        clip: video.Whole.
        crf: int, 0 to 51. x264's constant rate factor; 51 is the worst there is.

    Returns:
        video.Whole. As many frames, shown when the clip's were.

    Raises:
        VideoError: not as many frames came out as went in.
    """
    count = len(clip.frames)
    rate = Fraction(count / (clip.end - clip.times[0])).limit_denominator(1001)
    every = (planes(clip, number) for number in range(count))
    data = video.h264(every, rate, crf, _stored(clip.frames[0]), "medium")
    again = video.whole(data)
    if len(again.frames) != count:
        raise video.VideoError(f"{count} frames were encoded, {len(again.frames)} decode")
    return replace(clip, frames=again.frames)


def _stored(frame: Any) -> Any:
    """A frame (av.VideoFrame) as YUV 4:2:0 of even size: itself, where it is that already."""
    even = (max(2, side // 2 * 2) for side in (frame.width, frame.height))
    return frame.reformat(*even, format="yuv420p", interpolation="AREA")


# -- stored form and colours ----------------------------------------------------------------------

# ITU-R BT.601, limited range: from Y - 16, U - 128, V - 128 (8 bits) to R, G, B, 0 to 255.
_TO_RGB = np.array(
    [
        [255 / 219, 0, 1.402 * 255 / 224],
        [255 / 219, -0.344136 * 255 / 224, -0.714136 * 255 / 224],
        [255 / 219, 1.772 * 255 / 224, 0],
    ]
)
_ZERO = np.array([16, 128, 128], np.float32)


def to_rgb(planes: np.ndarray) -> np.ndarray:
    """Stored planes as colours, unrounded and unclipped: `to_planes` gives the same bytes back.

    Whatever the clip says of its colours they are read as BT.601 of limited range, as nearly every
    clip is; of others, only how far a condition goes is a little off.

    Args:
        planes: uint8 array (3 H / 2, W). YUV 4:2:0, all of Y, all of U, all of V.

    Returns:
        float32 array (H, W, 3), RGB, 0 to 255; beyond where the planes hold no real colour.
    """
    height, width = planes.shape[0] * 2 // 3, planes.shape[1]
    yuv = np.empty((height, width, 3), np.float32)
    yuv[..., 0] = planes[:height]
    chroma = planes[height:].reshape(2, height // 2, width // 2)
    yuv[..., 1:] = chroma.transpose(1, 2, 0).repeat(2, axis=0).repeat(2, axis=1)
    return (yuv - _ZERO) @ _TO_RGB.T.astype(np.float32)


def to_planes(rgb: np.ndarray) -> np.ndarray:
    """Colours as they are stored, with one colour for four pixels.

    Args:
        rgb: float32 array (H, W, 3), RGB, 0 to 255. H and W even.

    Returns:
        uint8 array (3 H / 2, W). YUV 4:2:0, all of Y, all of U, all of V.
    """
    height, width = rgb.shape[:2]
    yuv = rgb @ np.linalg.inv(_TO_RGB).T.astype(np.float32) + _ZERO
    chroma = yuv[..., 1:].reshape(height // 2, 2, width // 2, 2, 2).mean((1, 3))
    flat = np.concatenate([yuv[..., 0].ravel(), chroma.transpose(2, 0, 1).ravel()])
    return np.clip(np.rint(flat), 0, 255).astype(np.uint8).reshape(height * 3 // 2, width)
