"""The only place that decodes video: probe, evenly spaced frames, a preview for a browser.

May import: numpy, PyAV. Knows nothing of models, studies or pages.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np

FRAMES = 20  # the seed study's sequence length, and every model's


class VideoError(ValueError):
    """A clip that cannot be used; the message says what is wrong and what to do."""


@dataclass(frozen=True)
class Sampled:
    """The frames taken from one clip.

    Attributes:
        images: dict. (height, width) -> uint8 array (count, height, width, 3), RGB.
        seconds: float64 array (count,). When each frame is shown, from the clip's start.
        decoded: int. Frames that really decoded (headers lie).
        notes: tuple of str. What a person should know, such as a truncated file.
    """

    images: dict[tuple[int, int], np.ndarray]
    seconds: np.ndarray
    decoded: int
    notes: tuple[str, ...] = ()


def middles(times: np.ndarray, end: float, count: int) -> np.ndarray:
    """The frame on display in the middle of each of `count` equal time segments.

    With a constant frame rate and N frames this is floor((k + 0.5) * N / count).

    Args:
        times: float64 array (N,). Start of each frame's display in seconds, increasing.
        end: float. When the last frame stops being shown, in seconds.
        count: int. The number of segments.

    Returns:
        int64 array (count,), values 0 to N-1, not decreasing.
    """
    targets = times[0] + (np.arange(count) + 0.5) * (end - times[0]) / count
    # 1 µs of slack: a middle that falls on a frame's start belongs to that frame.
    return np.clip(np.searchsorted(times, targets + 1e-6, side="right") - 1, 0, len(times) - 1)


def sample(
    source: Path | bytes, sizes: Sequence[tuple[int, int]], count: int = FRAMES
) -> Sampled:
    """Decodes a clip once and keeps `count` evenly spaced frames in every size asked for.

    Args:
        source: Path or bytes. The video file.
        sizes: (height, width) pairs.
        count: int. Frames to keep; a clip with fewer repeats some.

    Raises:
        VideoError: the file is no video, or nothing in it decodes.
    """
    times, duration = _packet_times(source)
    wanted = middles(times, times[-1] + duration, count)
    images, seen = _decode(source, sizes, set(wanted.tolist()))
    if len(seen) != len(times):  # packets and frames differ: choose again from what decoded
        times = seen
        wanted = middles(times, times[-1] + duration, count)
        images, _ = _decode(source, sizes, set(wanted.tolist()))
    stacked = {s: np.stack([images[s][i] for i in wanted]) for s in images}
    return Sampled(stacked, times[wanted] - times[0], len(times))


def _open(source: Path | bytes):
    try:
        container = av.open(io.BytesIO(source) if isinstance(source, bytes) else str(source))
    except (av.FFmpegError, OSError) as error:
        raise VideoError(f"not a video that can be read ({error})") from error
    if not container.streams.video:
        container.close()
        raise VideoError("the file has no video stream")
    return container


def _packet_times(source: Path | bytes) -> tuple[np.ndarray, float]:
    """Display times of all packets (sorted, seconds) and one frame's duration, decoding none."""
    with _open(source) as container:
        stream = container.streams.video[0]
        stamps = [
            p.pts if p.pts is not None else p.dts
            for p in container.demux(stream)
            if p.size
        ]
        base = float(stream.time_base or 0)
        rate = float(stream.average_rate or 25)
    return _clean_times(stamps, base, rate), 1 / rate


def _clean_times(stamps: list, base: float, rate: float) -> np.ndarray:
    """Seconds, strictly increasing; counted at `rate` where stamps are missing or repeat."""
    if not stamps:
        raise VideoError("the file has no video frame")
    if any(s is None for s in stamps) or len(set(stamps)) < len(stamps) or not base:
        return np.arange(len(stamps)) / rate
    return np.sort(np.asarray(stamps, np.float64)) * base


def _decode(
    source: Path | bytes, sizes: Sequence[tuple[int, int]], wanted: set[int]
) -> tuple[dict[tuple[int, int], dict[int, np.ndarray]], np.ndarray]:
    """Decodes to the end; converts only the frames whose running number is wanted."""
    images: dict[tuple[int, int], dict[int, np.ndarray]] = {tuple(s): {} for s in sizes}
    stamps = []
    with _open(source) as container:
        stream = container.streams.video[0]
        for number, frame in enumerate(container.decode(stream)):
            stamps.append(frame.pts)
            if number in wanted:
                for height, width in images:
                    small = frame.reformat(
                        width=width, height=height, format="rgb24", interpolation="AREA"
                    )
                    images[height, width][number] = small.to_ndarray()
        base, rate = float(stream.time_base or 0), float(stream.average_rate or 25)
    return images, _clean_times(stamps, base, rate)


def probe(source: Path | bytes) -> None:
    """Raises VideoError unless the file opens and its first frame decodes."""
    with _open(source) as container:
        try:
            next(container.decode(container.streams.video[0]))
        except (av.FFmpegError, StopIteration) as error:
            raise VideoError(f"no frame decodes ({error or 'empty stream'})") from error
