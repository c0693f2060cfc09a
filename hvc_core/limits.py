"""How much of a stranger's video file is taken on, and the error that says why one is not.

May import: the standard library. Used through hvc_core.video.
"""

from __future__ import annotations

from dataclasses import dataclass


class VideoError(ValueError):
    """A clip that cannot be used; the message says what is wrong and what to do."""


@dataclass(frozen=True)
class Limits:
    """How much of a stranger's file to take on.

    Attributes:
        max_bytes: int. File size.
        max_seconds: float. Duration.
        max_pixels: int. Width times height; the default takes 4K and refuses 8K.
        max_frames: int. Frames in all; the default is 600 s at 60 a second.
        max_work: float. Seconds of decoding; kept where that has a process of its own, `apart`.
        max_memory: int. Bytes that decoding may take; kept there too, beside the file itself. H.264
            at 4096 x 2304 with 16 reference frames took 300 to 400 MB on two cores.
    """

    max_bytes: int = 200_000_000
    max_seconds: float = 600.0
    max_pixels: int = 4096 * 2304
    max_frames: int = 36_000
    max_work: float = 120.0
    max_memory: int = 600_000_000

    def check_pixels(self, width: int, height: int) -> None:
        """Raises VideoError for a picture that is too large."""
        if width * height > self.max_pixels:
            raise VideoError(
                f"its frames are {width} x {height} ({width * height / 1e6:.1f} megapixels); the "
                f"limit is {self.max_pixels / 1e6:.1f} megapixels. Save it smaller: 1080p or "
                "less is more than any model here looks at"
            )

    def check_seconds(self, seconds: float) -> None:
        """Raises VideoError for a clip that is too long."""
        if seconds > self.max_seconds:
            raise VideoError(
                f"the clip lasts {seconds:.1f} s; the limit is {self.max_seconds:g} s. "
                "Cut it to the action itself, a few seconds"
            )

    def check_frames(self, frames: int) -> None:
        """Raises VideoError for a clip with too many frames."""
        if frames > self.max_frames:
            raise VideoError(
                f"the clip has more than {self.max_frames} frames, which is the limit. "
                "Cut it to the action itself, a few seconds"
            )

    def check_bytes(self, size: int) -> None:
        """Raises VideoError for a file that is too large."""
        if size > self.max_bytes:
            raise VideoError(
                f"the file has {size / 1e6:.1f} MB; the limit is {self.max_bytes / 1e6:g} MB. "
                "Cut it to the action itself, or save it at a lower resolution"
            )


NO_LIMITS = Limits(2**62, float("inf"), 2**31 - 1, 2**62, float("inf"), 2**62)
