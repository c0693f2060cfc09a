"""What a file's own bytes tell where FFmpeg stays silent: text, no index, cut short.

May import: the standard library, hvc_core.limits. Used by hvc_core.containers.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import BinaryIO

from hvc_core.limits import VideoError

ENDINGS = ".mp4, .mov, .avi, .mkv, .webm or .gif"

_HEAD = 4096
_MATROSKA = b"\x1a\x45\xdf\xa3"
_BEGINNINGS = (_MATROSKA, b"GIF8", b"\x00\x00\x01\xba")
_BOXES = frozenset({b"moov", b"mdat", b"moof"})
_STREAMED = 2**32 - 1  # the size in an AVI that was written to a pipe, and so never filled in


def size_of(source: Path | bytes) -> int:
    """A file's size in bytes.

    Raises:
        VideoError: there is no such file, or it cannot be read.
    """
    with _open(source) as file:
        return file.seek(0, io.SEEK_END)


def why_not_opened(source: Path | bytes) -> str:
    """What a person should know of a file that FFmpeg does not open."""
    with _open(source) as file:
        head = file.read(_HEAD)
    if _is_text(head):
        return f"the file is text, whatever its name says; choose a video ({ENDINGS})"
    if head[4:8] == b"ftyp" and not has_index(source):
        return (
            "the file is cut short: its index, which MP4 and MOV keep at the end, is missing, so "
            "nothing in it can be decoded. Copy or upload it again, whole"
        )
    avi = head.startswith(b"RIFF") and head[8:12] == b"AVI "  # RIFF is WebP's and WAV's too
    if avi or head.startswith(_BEGINNINGS) or head[4:8] in (b"ftyp", b"moov"):
        return (
            "the file begins like a video, but nothing in it can be read: it is empty inside, "
            "damaged or cut short. Copy or record it again"
        )
    return f"not a video that can be read; choose one of {ENDINGS}"


def has_index(source: Path | bytes) -> bool:
    """Whether an MP4 or MOV has a whole `moov` box, without which nothing in it decodes."""
    size = size_of(source)
    return any(kind == b"moov" and end <= size for kind, end in boxes(source))


def boxes(source: Path | bytes) -> list[tuple[bytes, int]]:
    """The top-level boxes of an MP4 or MOV: (kind, where it ends); stops at what is no box."""
    found = []
    with _open(source) as file:
        size, at = file.seek(0, io.SEEK_END), 0
        while at + 8 <= size:
            file.seek(at)
            length, kind = int.from_bytes(file.read(4), "big"), file.read(4)
            if length == 1:
                length = int.from_bytes(file.read(8), "big")
            elif length == 0:  # to the end of the file
                length = size - at
            if length < 8:
                break
            at += length
            found.append((kind, at))
    return found


def is_cut(source: Path | bytes) -> bool:
    """Whether a file ends before the place that its own header names; False where unknown."""
    with _open(source) as file:
        head = file.read(_HEAD)
        size = file.seek(0, io.SEEK_END)
        file.seek(-min(size, 16), io.SEEK_END)
        tail = file.read()
    if head.startswith(b"RIFF"):
        length = int.from_bytes(head[4:8], "little")
        return length != _STREAMED and length + 8 > size
    if head.startswith(b"GIF8"):
        return b";" not in tail  # its last byte, before any padding
    if head.startswith(_MATROSKA):
        return _matroska_end(head) > size
    if head[4:8] == b"ftyp":
        # Only of boxes that a clip consists of: what follows them may be any program's padding.
        return any(end > size for kind, end in boxes(source) if kind in _BOXES)
    return False


def _matroska_end(head: bytes) -> int:
    """Where the segment ends that follows the EBML header; 0 where it does not say."""
    length, at = _variable(head, 4)
    at += length
    if head[at : at + 4] != b"\x18\x53\x80\x67":
        return 0
    length, begin = _variable(head, at + 4)
    unknown = 2 ** (7 * (begin - at - 4)) - 1
    return 0 if length == unknown else begin + length


def _variable(head: bytes, at: int) -> tuple[int, int]:
    """Reads EBML's number of variable length: (value, where it ends)."""
    first = head[at] if at < len(head) else 0
    width = 9 - first.bit_length()
    value = int.from_bytes(head[at : at + width], "big") & (2 ** (7 * width) - 1)
    return value, at + width


def _is_text(head: bytes) -> bool:
    text = head.decode("utf-8", errors="ignore")
    # A character cut in two at the end of the head is no reason to call it binary.
    return len(text.encode()) >= len(head) - 3 and all(c.isprintable() or c.isspace() for c in text)


def _open(source: Path | bytes) -> BinaryIO:
    if isinstance(source, bytes):
        return io.BytesIO(source)
    try:
        return source.open("rb")
    except OSError as error:
        raise VideoError(f"the file cannot be read ({error.strerror or error})") from error
