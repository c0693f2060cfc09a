"""What a video file is: opening it safely, decoding it, its facts.

May import: the standard library, numpy, PyAV, hvc_core.headers, .limits and .turns. Used by
hvc_core.video, which is where the rest of the code gets these names from.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from hvc_core.headers import ENDINGS, size_of, why_not_opened
from hvc_core.limits import NO_LIMITS, Limits, VideoError
from hvc_core.turns import UPRIGHT, Turn, turn_of

# Without a list FFmpeg also takes playlists and scripts (concat, HLS, SDP ...), and an uploaded
# one could make the server open its own files or addresses. The sound formats are here so that
# a sound file is told "no video stream" instead of "not a video".
_FORMATS = "mov,mp4,matroska,webm,avi,gif,asf,flv,mpegts,mpeg,ogg,wav,mp3,flac,aac"


@dataclass(frozen=True)
class Probe:
    """What a file says of itself; only its first frame was decoded.

    Attributes:
        container: str. FFmpeg's name of the format: `mov,mp4,m4a,3gp,3g2,mj2`.
        codec: str. `h264`, `mpeg4`, `vp9` ...
        pixels: str. FFmpeg's name of the pixel format: `yuv420p`.
        width, height: int. Pixels, as displayed (a phone's rotation applied).
        rotation: int. 0, 90, 180 or 270 degrees clockwise, from stored to displayed.
        fps: float or None. Frames a second on average, where the file says.
        seconds: float or None. Announced duration.
        frames: int or None. Announced number of frames; often wrong, so nothing counts on it.
    """

    container: str
    codec: str
    pixels: str
    width: int
    height: int
    rotation: int
    fps: float | None
    seconds: float | None
    frames: int | None


@dataclass
class Damage:
    """What went wrong while decoding.

    Attributes:
        lost: int. Packets that did not decode at all.
        marred: int. Frames that decoded with visible damage.
        stopped: bool. Whether the file became unreadable before its end.
    """

    lost: int = 0
    marred: int = 0
    stopped: bool = False

    def __bool__(self) -> bool:
        return bool(self.lost or self.marred or self.stopped)


# The others have no header that says it, and FFmpeg guesses from the bit rate.
_WITH_DURATION = ("mov", "avi", "matroska", "asf")
_THREADS = 4
NO_MEMORY = (MemoryError, BlockingIOError)  # the latter: there is none for one more thread
_PLACEHOLDER = 2**30  # frames in the header of an AVI that was written to a pipe


@dataclass
class Opened:
    """An open file.

    Attributes:
        container: InputContainer. PyAV's.
        stream: VideoStream. The one to decode.
        limits: Limits. What to take on.
        damage: Damage. What has gone wrong so far.
        turn: Turn. Which way is up; known from the first frame on.
    """

    container: InputContainer
    stream: VideoStream
    limits: Limits
    damage: Damage = field(default_factory=Damage)
    turn: Turn = UPRIGHT

    @property
    def base(self) -> float:
        """Seconds a timestamp unit, 0 where unknown."""
        return float(self.stream.time_base or 0)

    @property
    def rate(self) -> float:
        """Frames a second on average; 25 where the file does not say."""
        return float(self.stream.average_rate or 25)

    @property
    def seconds(self) -> float | None:
        """The announced duration of the video stream, where the file states it."""
        if not self.container.format.name.startswith(_WITH_DURATION):
            return None
        if self.stream.frames >= _PLACEHOLDER:
            return None
        if self.stream.duration is not None:
            return self.stream.duration * self.base or None
        if tag := self.stream.metadata.get("DURATION"):  # Matroska: 00:00:05.120000000
            try:
                hours, minutes, seconds = tag.split(":")
                return int(hours) * 3600 + int(minutes) * 60 + float(seconds)
            except ValueError:
                pass
        # Of the whole file, so only where nothing else can be longer than the picture.
        if self.container.duration and not self.container.streams.audio:
            return self.container.duration / av.time_base
        return None

    @property
    def announced(self) -> int:
        """The number of frames that the header promises, 0 where it does not say."""
        frames = self.stream.frames
        # GIF's is a count of what is there, not a promise.
        return 0 if frames >= _PLACEHOLDER or self.container.format.name == "gif" else frames

    def packets(self) -> Iterator[av.Packet]:
        """The video stream's packets, to the end or to where the file breaks."""
        packets = self.container.demux(self.stream)
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except NO_MEMORY:  # PyAV's are FFmpegErrors too: no fault of the file's
                raise
            except av.FFmpegError:
                self.damage.stopped = True
                return
            if packet.size:
                yield packet

    def frames(self) -> Iterator[av.VideoFrame]:
        """Decodes to the end, leaving out what does not decode.

        Raises:
            VideoError: more than the limits really decodes; headers may lie about that.
        """
        count = 0
        for packet in chain(self.packets(), [None]):  # None: what the decoder still holds
            try:
                frames = self.stream.decode(packet)
            except NO_MEMORY:
                raise
            except av.FFmpegError:
                self.damage.lost += packet is not None
                continue
            for frame in frames:
                count += 1
                self.limits.check_frames(count)
                self.limits.check_pixels(frame.width, frame.height)
                self.damage.marred += frame.is_corrupt
                if count == 1:
                    self.turn = turn_of(frame)
                yield frame

    def upright(self, frame: av.VideoFrame, height: int, width: int) -> np.ndarray:
        """A frame as RGB, upright, squashed to the size: uint8 (height, width, 3)."""
        if self.turn.swap:  # scaled lying on its side, then turned: that is cheaper
            height, width = width, height
        small = frame.reformat(width=width, height=height, format="rgb24", interpolation="AREA")
        return self.turn.apply(small.to_ndarray())


@contextmanager
def opened(
    source: Path | bytes, limits: Limits | None = None, steady: bool = False
) -> Iterator[Opened]:
    """Opens a file and checks its size and its frames' size against the limits.

    Not its duration: headers are wrong about that too often, and reading the packets' times,
    which decodes nothing, is quick.

    Args:
        source: Path or bytes. The video file.
        limits: Limits or None. None takes everything on: for files of one's own.
        steady: bool. Decodes frames one after the other: slower, but a damaged file then looks
            the same every time. Whole files always do.

    Raises:
        VideoError: the file is no video, has no video stream, or is over a limit.
    """
    limits = limits or NO_LIMITS
    size = size_of(source)
    if not size:
        raise VideoError("the file is empty (0 bytes); copy or record it again")
    limits.check_bytes(size)
    # "file:" so that no path is taken for an address. The decoder gets the pixel limit too, so
    # that a file whose header understates its size is refused before memory is taken for it.
    pixels = {"max_pixels": str(limits.max_pixels)}
    try:
        container = av.open(
            io.BytesIO(source) if isinstance(source, bytes) else f"file:{source}",
            "r",
            options={"format_whitelist": _FORMATS, **pixels},
        )
    except NO_MEMORY:
        raise
    except (av.FFmpegError, OSError, UnicodeError) as error:
        raise VideoError(why_not_opened(source)) from error
    with container:
        stream = next((s for s in container.streams.video if not _is_cover(s)), None)
        if stream is None:
            raise VideoError(
                "the file has no video stream"
                + (", only sound" if container.streams.audio else "")
                + "; choose one with a picture"
            )
        if stream.codec_context is None:
            raise VideoError(
                f"no decoder for its video stream; save it as H.264 in one of {ENDINGS}"
            )
        limits.check_pixels(stream.codec_context.width, stream.codec_context.height)
        stream.codec_context.options = pixels
        # Each thread holds frames of its own, and more than four hardly gain anything. What two
        # threads patch a damaged picture with depends on which of them came first.
        stream.thread_type = "AUTO"
        stream.thread_count = 1 if steady else min(_THREADS, os.cpu_count() or 1)
        yield Opened(container, stream, limits)


def probe(source: Path | bytes, limits: Limits | None = None) -> Probe:
    """Says what a file is, after making sure that its first frame decodes.

    Args:
        source: Path or bytes. The video file.
        limits: Limits or None. None takes everything on.

    Raises:
        VideoError: the file does not open, is over a limit, or no frame of it decodes.
    """
    with opened(source, limits) as file:
        frame = next(file.frames(), None)
        if frame is None:
            raise no_frame(file.damage)
        turn, stream = file.turn, file.stream
        size = (frame.width, frame.height)
        return Probe(
            container=file.container.format.name,
            codec=stream.codec_context.codec.canonical_name,
            pixels=frame.format.name,
            width=size[turn.swap],
            height=size[not turn.swap],
            rotation=turn.degrees,
            fps=float(stream.average_rate) if stream.average_rate else None,
            seconds=file.seconds,
            frames=file.announced or None,
        )


def no_frame(damage: Damage) -> VideoError:
    """The error for a file in which nothing decodes."""
    if damage.lost or damage.stopped:
        return VideoError(
            "no frame of it decodes: the file is damaged or cut short; copy or record it again"
        )
    return VideoError("the video stream has no frame; record or export the clip again")


def _is_cover(stream: VideoStream) -> bool:
    """Whether a stream is the cover picture of a sound file."""
    return bool(stream.disposition & Disposition.attached_pic)
