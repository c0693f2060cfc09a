"""Makes the test clips: every container and codec, odd shapes, and files broken on purpose.

Each frame carries its own number as three grey bands, one a decimal digit, which survive any
codec and any scaling: `number_of` reads it back. May import: numpy, PyAV.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import numpy as np
from av.audio.stream import AudioStream
from av.packet import Packet
from av.video.stream import VideoStream

_DARK, _STEP = 20, 22
_CLOCK = 1000  # timestamp units a second of clips with a rhythm of their own


def numbered(number: int, height: int = 48, width: int = 96) -> np.ndarray:
    """A frame that shows its number, 0 to 999: uint8 (height, width, 3)."""
    image = np.empty((height, width, 3), np.uint8)
    for band, digit in zip(np.array_split(np.arange(width), 3), f"{number:03d}", strict=True):
        image[:, band] = _DARK + _STEP * int(digit)
    return image


def number_of(image: np.ndarray) -> int:
    """Reads the number that a frame shows."""
    height, width = image.shape[:2]
    row = image[height // 4 : -height // 4].mean(axis=(0, 2))
    levels = [row[round(width * at / 6)] for at in (1, 3, 5)]
    return int("".join(str(round((level - _DARK) / _STEP)) for level in levels))


def numbers_of(images: np.ndarray) -> list[int]:
    """The numbers that frames (N, height, width, 3) show."""
    return [number_of(image) for image in images]


def write(
    path: Path,
    frames: int | Iterable[np.ndarray],
    *,
    codec: str = "libx264",
    pix_fmt: str = "yuv420p",
    rate: int | Fraction = 25,
    times: Sequence[float] | None = None,
    height: int = 48,
    width: int = 96,
    degrees: int = 0,
    hflip: bool = False,
    vflip: bool = False,
    sound: bool = False,
    options: dict[str, str] | None = None,
    movflags: str = "",
    live: bool = False,
) -> Path:
    """Writes a clip.

    Args:
        path: Path. Its ending names the container.
        frames: int or RGB images. A number makes that many numbered frames.
        times: float sequence or None. Seconds at which each frame is shown; None is `rate`.
        degrees: int. Display matrix, counter-clockwise, as a phone writes it.
        hflip, vflip: bool. The display matrix mirrors.
        sound: bool. Adds a silent track of one second.
        movflags: str. Of the MP4 writer, such as `faststart`.
        live: bool. WebM as browsers record it: no duration, no index.
    """
    if isinstance(frames, int):
        frames = [numbered(number, height, width) for number in range(frames)]
    number = -1
    writer = {"movflags": movflags} if movflags else {}
    if live:
        writer = {"live": "1"}
    with av.open(str(path), "w", options=writer) as output:
        stream = cast(VideoStream, output.add_stream(codec, rate=rate, options=options or {}))
        stream.pix_fmt = pix_fmt
        if times is not None:
            stream.codec_context.time_base = Fraction(1, _CLOCK)
        if degrees or hflip or vflip:
            stream.set_display_rotation(degrees, hflip, vflip)
        track = output.add_stream("aac", rate=16_000) if sound else None
        for number, image in enumerate(frames):
            if not number:
                stream.height, stream.width = image.shape[:2]
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            if times is not None:
                frame.pts, frame.time_base = round(times[number] * _CLOCK), Fraction(1, _CLOCK)
            output.mux(stream.encode(frame))
        if number < 0:  # a header that promises a stream, and no frame
            stream.height, stream.width = height, width
            output.start_encoding()
        else:
            output.mux(stream.encode(None))
        if track is not None:
            for packet in _silence(track):
                output.mux(packet)
    return path


def write_sound(path: Path) -> Path:
    """Writes a file with a sound track and no picture."""
    with av.open(str(path), "w") as output:
        for packet in _silence(output.add_stream("aac", rate=16_000)):
            output.mux(packet)
    return path


def cut(path: Path, part: float) -> Path:
    """Cuts a file to its first part (0 to 1), in place."""
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * part)])
    return path


def scratch(path: Path, start: float, stop: float, seed: int = 0) -> Path:
    """Overwrites a part of a file (0 to 1) with noise, in place."""
    data = bytearray(path.read_bytes())
    at, end = int(len(data) * start), int(len(data) * stop)
    data[at:end] = np.random.default_rng(seed).bytes(end - at)
    path.write_bytes(bytes(data))
    return path


def noisy(count: int, height: int = 48, width: int = 96) -> Iterable[np.ndarray]:
    """Numbered frames with a noisy upper edge, so that every one takes many bytes."""
    rng = np.random.default_rng(0)
    for number in range(count):
        image = numbered(number, height, width)
        image[: height // 4] = rng.integers(0, 256, (height // 4, width, 3), np.uint8)
        yield image


def _silence(track: AudioStream) -> Iterable[Packet]:
    for at in range(0, 16_000, 1024):
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        frame.sample_rate, frame.pts, frame.time_base = 16_000, at, Fraction(1, 16_000)
        yield from track.encode(frame)
    yield from track.encode(None)
