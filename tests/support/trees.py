"""Data folders for tests: one folder a class, as UCF50 has them.

May import: the standard library, tests.support.videos.
"""

from __future__ import annotations

from pathlib import Path

from tests.support import videos


def write_clip(path: Path, frames: int = 3) -> Path:
    """A real, tiny video in a folder made for it; the number of frames tells two apart."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return videos.write(path, frames, codec="mpeg4")


def write_bytes(path: Path, content: bytes = b"not a video") -> Path:
    """A file of any content in a folder made for it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path
