"""The only place that decodes video: probe, evenly spaced frames, a preview for a browser.

How a file is opened is in hvc_core.containers, what its bytes tell in .headers, what is refused in
.limits, the preview in .preview; the rest of the code takes all of it from here.
May import: numpy, PyAV and those four. Knows nothing of models, studies or pages.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from hvc_core.containers import Damage, Probe, no_frame, opened, probe
from hvc_core.headers import is_cut
from hvc_core.limits import Limits, VideoError
from hvc_core.preview import preview

__all__ = [
    "FRAMES",
    "Limits",
    "Probe",
    "Sampled",
    "VideoError",
    "Whole",
    "h264",
    "length",
    "middles",
    "preview",
    "probe",
    "sample",
    "whole",
]

FRAMES = 20  # the seed study's sequence length, and every model's


@dataclass(frozen=True)
class Sampled:
    """The frames taken from one clip.

    Attributes:
        images: dict. (height, width) -> uint8 array (count, height, width, 3), RGB, upright.
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
    source: Path | bytes,
    sizes: Sequence[tuple[int, int]],
    count: int = FRAMES,
    limits: Limits | None = None,
) -> Sampled:
    """Decodes a clip once and keeps `count` evenly spaced frames in every size asked for.

    Full-size frames are dropped as soon as they are scaled, so memory does not grow with the
    clip's length.

    Args:
        source: Path or bytes. The video file.
        sizes: (height, width) pairs. Frames are squashed to them, whatever the clip's shape.
        count: int. Frames to keep; a clip with fewer repeats some.
        limits: Limits or None. None takes everything on: for files of one's own.

    Raises:
        VideoError: the file is no video, is over a limit, or nothing in it decodes.
    """
    plan = _plan(source, limits)
    times = plan.times
    wanted = middles(times, times[-1] + plan.last, count)
    done = _decode(source, sizes, set(wanted.tolist()), limits)
    steady = bool(done.damage)
    if steady:
        done = _decode(source, sizes, set(wanted.tolist()), limits, steady)
    if len(done.times) != len(times):  # packets and frames differ: choose again
        times = done.times
        wanted = middles(times, times[-1] + plan.last, count)
        done = _decode(source, sizes, set(wanted.tolist()), limits, steady)
    stacked = {size: np.stack([kept[i] for i in wanted]) for size, kept in done.images.items()}
    notes = _notes(plan, times, done.damage, count)
    return Sampled(stacked, times[wanted] - times[0], len(times), notes)


def length(source: Path | bytes, limits: Limits | None = None) -> float:
    """How long a clip is shown, in seconds, by its packets; none is decoded.

    Raises:
        VideoError: the file is no video, or is over a limit.
    """
    plan = _plan(source, limits)
    return float(plan.times[-1] - plan.times[0]) + plan.last


@dataclass(frozen=True)
class _Plan:
    """What the packets tell, none of them decoded."""

    times: np.ndarray  # float64 (N,), seconds, increasing
    last: float  # how long the last frame is shown, in seconds
    announced: int  # frames that the header promises, 0 where it does not say
    seconds: float | None  # the duration that the header promises
    cut: bool  # the file ends before it should


@dataclass(frozen=True)
class _Decoded:
    """What one pass over the clip kept."""

    images: dict[tuple[int, int], dict[int, np.ndarray]]  # size -> running number -> RGB
    times: np.ndarray  # float64 (N,), seconds, of every frame that decoded
    damage: Damage


def _plan(source: Path | bytes, limits: Limits | None) -> _Plan:
    """Reads every packet's display time, decoding none."""
    stamps: list[int | None] = []
    hidden, final, duration = 0, None, 0
    with opened(source, limits) as file:
        for packet in file.packets():
            if packet.is_discard:  # before the start of an edited clip: decoded, never shown
                hidden += 1
                continue
            stamp = packet.pts if packet.pts is not None else packet.dts
            stamps.append(stamp)
            file.limits.check_frames(len(stamps))
            if stamp is not None and (final is None or stamp > final):
                final, duration = stamp, packet.duration or 0
        if not stamps:
            raise no_frame(file.damage)
        times = _clean_times(stamps, file.base, file.rate)
        last, own = 1 / file.rate, duration * file.base
        # The last frame's own duration only where it is clearly another: with a constant rate the
        # two are the same, but containers round (Matroska to whole milliseconds).
        if own > 0 and abs(own - last) > last / 4:
            last = own
        file.limits.check_seconds(float(times[-1] - times[0]) + last)
        announced = max(0, file.announced - hidden)
        return _Plan(times, last, announced, file.seconds, is_cut(source))


def _clean_times(stamps: Sequence[int | None], base: float, rate: float) -> np.ndarray:
    """Seconds, strictly increasing; counted at `rate` where stamps are missing or repeat."""
    known = [s for s in stamps if s is not None]
    if len(set(known)) < len(stamps) or not base:
        return np.arange(len(stamps)) / rate
    return np.sort(np.asarray(known, np.float64)) * base


def _decode(
    source: Path | bytes,
    sizes: Sequence[tuple[int, int]],
    wanted: set[int],
    limits: Limits | None,
    steady: bool = False,
) -> _Decoded:
    """Decodes to the end; converts only the frames whose running number is wanted."""
    images: dict[tuple[int, int], dict[int, np.ndarray]] = {(h, w): {} for h, w in sizes}
    stamps: list[int | None] = []
    with opened(source, limits, steady) as file:
        for number, frame in enumerate(file.frames()):
            stamps.append(frame.pts)
            if number in wanted:
                for size, kept in images.items():
                    kept[number] = file.upright(frame, *size)
        if not stamps:
            raise no_frame(file.damage)
        times = _clean_times(stamps, file.base, file.rate)
        file.limits.check_seconds(float(times[-1] - times[0]))
        return _Decoded(images, times, file.damage)


def _notes(plan: _Plan, times: np.ndarray, damage: Damage, count: int) -> tuple[str, ...]:
    """What a person should know of how the frames were come by."""
    notes = []
    decoded = len(times)
    seconds = float(times[-1] - times[0]) + plan.last
    # Headers are often off by a frame or two, and a sound track may end later than the picture.
    short = plan.announced - decoded > max(2, plan.announced // 50)
    if not plan.announced and plan.seconds:
        short = seconds < 0.95 * plan.seconds - 0.3
    if short or plan.cut or damage.stopped:
        of_frames = f" of {plan.announced}" if plan.announced > decoded else ""
        of_seconds = f" of {plan.seconds:.1f}" if plan.seconds else ""
        notes.append(
            f"The file is {'cut short' if plan.cut else 'damaged or cut short'}: "
            f"{decoded}{of_frames} frame(s) decode, {seconds:.1f}{of_seconds} s. "
            "The answer is from these."
        )
    elif damage.lost:
        notes.append(f"{damage.lost} damaged frame(s) could not be decoded and were left out.")
    if damage.marred:
        notes.append(f"{damage.marred} frame(s) are damaged and decode only in part.")
    if decoded == 1:
        notes.append("The clip is a single frame: the models see it without any motion.")
    elif decoded < count:
        notes.append(
            f"The clip has {decoded} frames, fewer than the {count} that the models see: "
            "some are shown to them more than once."
        )
    return tuple(notes)


# -- all frames, for hvc_core.whole ---------------------------------------------------------------


@dataclass(frozen=True)
class Whole:
    """Every frame of a clip, kept as it decoded; what asks for a frame says in which sizes.

    Attributes:
        frames: tuple of av.VideoFrame (N). In the order of display, not turned.
        times: float64 array (N,). Start of each frame's display in seconds, increasing.
        end: float. When the last frame stops being shown, in seconds.
        upright: (frame, height, width) -> uint8 (height, width, 3), RGB: `sample`'s scaler.
    """

    frames: tuple[av.VideoFrame, ...]
    times: np.ndarray
    end: float
    upright: Callable[[av.VideoFrame, int, int], np.ndarray]


def whole(source: Path | bytes, limits: Limits | None = None) -> Whole:
    """Decodes every frame of a clip and keeps them all: for short clips of one's own.

    A frame takes about 2.5 bytes a pixel: 600 of 160x120 take 30 MB.

    Args:
        source: Path or bytes. The video file.
        limits: Limits or None. None takes everything on.

    Raises:
        VideoError: the file is no video, is over a limit, or nothing in it decodes.
    """
    plan = _plan(source, limits)
    clip, damage = _keep(source, plan, limits)
    return _keep(source, plan, limits, steady=True)[0] if damage else clip


def _keep(
    source: Path | bytes, plan: _Plan, limits: Limits | None, steady: bool = False
) -> tuple[Whole, Damage]:
    """Decodes to the end; times and end are those that `sample` chooses by."""
    with opened(source, limits, steady) as file:
        frames = tuple(file.frames())
        if not frames:
            raise no_frame(file.damage)
        times = plan.times
        if len(frames) != len(times):
            times = _clean_times([frame.pts for frame in frames], file.base, file.rate)
        return Whole(frames, times, float(times[-1] + plan.last), file.upright), file.damage


def h264(
    planes: Iterable[np.ndarray], rate: Fraction, crf: int, like: av.VideoFrame, preset: str
) -> bytes:
    """Encodes frames at a constant rate: the same bytes every time, on one machine.

    Args:
        planes: uint8 arrays (3 H / 2, W), YUV 4:2:0, H and W even.
        rate: Fraction. Frames a second.
        crf: int, 0 to 51. x264's constant rate factor: 23 is usual, 51 the worst there is.
        like: av.VideoFrame. Its size, colour space and range are noted in the file.
        preset: str. x264's: `medium`.

    Returns:
        bytes. An MP4 without sound.
    """
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as output:
        # x264's macroblock tree with B-frames reads memory that nobody wrote (seen with the x264 of
        # PyAV 18.1 on real clips: other bytes at each run). Without it, the same bytes.
        options = {"preset": preset, "crf": str(crf), "mbtree": "0"}
        stream = output.add_stream("libx264", rate=rate, options=options)
        stream.width, stream.height, stream.pix_fmt = like.width, like.height, "yuv420p"
        stream.thread_count = 1  # with more, the bytes depend on how many
        stream.codec_context.colorspace = like.colorspace
        stream.codec_context.color_range = like.color_range
        for each in planes:
            output.mux(stream.encode(av.VideoFrame.from_ndarray(each, format="yuv420p")))
        output.mux(stream.encode(None))
    return file.getvalue()
