"""A clip as a small H.264 MP4 that every browser plays: browsers play no .avi, and few .mkv.

May import: the standard library, numpy, PyAV, hvc_core.containers, .headers and
.limits. Use it as
`hvc_core.video.preview`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from hvc_core.containers import Opened, no_frame, opened
from hvc_core.headers import is_cut, size_of
from hvc_core.limits import Limits

_CLOCK = 90_000  # timestamp units a second, the usual for video
_MAX_RATE = 31.0  # frames a second; more is left out: nobody sees it in a preview
_PASS_BYTES = 20_000_000  # a larger file is made smaller, whatever is in it


def preview(
    source: Path | bytes,
    max_height: int = 360,
    max_seconds: float = 30.0,
    limits: Limits | None = None,
) -> bytes:
    """Makes a small silent MP4 of a clip, upright, in its own rhythm.

    A small, unrotated H.264 MP4 is returned as it is. One frame is held at a time.

    Args:
        source: Path or bytes. The video file.
        max_height: int. Pixels; a smaller clip is not enlarged.
        max_seconds: float. What comes after is left out.
        limits: Limits or None. None takes everything on.

    Returns:
        bytes. An MP4 with its index at the front (`video/mp4`).

    Raises:
        VideoError: the file is no video, is over a limit, or nothing in it decodes.
    """
    if _plays_already(source, max_height, max_seconds, limits):
        return source if isinstance(source, bytes) else source.read_bytes()
    # A real file: FFmpeg reads its output again to move the index to the front.
    with tempfile.TemporaryDirectory() as folder, opened(source, limits) as file:
        target = Path(folder) / "preview.mp4"
        with av.open(str(target), "w", options={"movflags": "faststart"}) as output:
            stream = None
            for image, at in _images(file, max_height, max_seconds):
                if stream is None:
                    stream = output.add_stream(
                        "libx264", rate=30, options={"preset": "veryfast", "crf": "25"}
                    )
                    stream.height, stream.width = image.shape[:2]
                    stream.pix_fmt = "yuv420p"
                    stream.codec_context.time_base = Fraction(1, _CLOCK)
                frame = av.VideoFrame.from_ndarray(image, format="rgb24")
                frame.pts, frame.time_base = round(at * _CLOCK), Fraction(1, _CLOCK)
                output.mux(stream.encode(frame))
            if stream is None:
                raise no_frame(file.damage)
            output.mux(stream.encode(None))
        return target.read_bytes()


def _plays_already(
    source: Path | bytes, max_height: int, max_seconds: float, limits: Limits | None
) -> bool:
    """Whether browsers play the file as it is, and it is small enough to send."""
    with opened(source, limits) as file:
        if not file.container.format.name.startswith("mov"):
            return False
        if size_of(source) > _PASS_BYTES or is_cut(source):
            return False
        sound = {s.codec_context and s.codec_context.name for s in file.container.streams.audio}
        if not sound <= {"aac", "mp3"}:  # others are not played, or not everywhere
            return False
        frame = next(file.frames(), None)
        return (
            frame is not None
            and file.stream.codec_context.name == "h264"
            and frame.format.name == "yuv420p"
            and frame.height <= max_height
            and file.turn == (False, False, False)
            and file.seconds is not None
            and file.seconds <= max_seconds
        )


def _images(
    file: Opened, max_height: int, max_seconds: float
) -> Iterator[tuple[np.ndarray, float]]:
    """Upright RGB frames (height, width, 3), all of one even size, and when each is shown."""
    size = None
    start, at = 0.0, -1.0
    image = None
    count = 0
    for count, frame in enumerate(file.frames(), start=1):
        now = frame.pts * file.base if frame.pts is not None and file.base else count / file.rate
        if image is None:
            start = now
        if now - start > max_seconds:
            break
        if now - start < at + 1 / _MAX_RATE and image is not None:
            continue  # also what goes back in time
        at = now - start
        size = size or _size(frame, file, max_height)
        image = np.ascontiguousarray(file.upright(frame, *size))
        yield image, at
    if image is not None and count == 1:  # a still: players need some time to show it for
        yield image, at + 1.0


def _size(frame: av.VideoFrame, file: Opened, max_height: int) -> tuple[int, int]:
    """The preview's (height, width): as displayed, square pixels, even, not enlarged."""
    width, height = frame.width * float(file.stream.sample_aspect_ratio or 1), float(frame.height)
    if file.turn.swap:
        width, height = height, width
    scale = min(1.0, max_height / height, 4 * max_height / width)
    return max(2, round(height * scale / 2) * 2), max(2, round(width * scale / 2) * 2)
