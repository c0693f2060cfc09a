"""The process in which strangers' clips are decoded: one job after another, read from a pipe.

Started by hvc_core.apart as `python -m hvc_core.decoder FOLDER`; nothing else imports it but tests.
A job is a line of JSON and the clip's bytes; so is what comes back, without a pickle in either
direction. May import: the standard library, hvc_core.video.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any, BinaryIO

from hvc_core import video

if os.name == "posix":  # Windows has no such limits; the parent's clock holds there too
    import resource

Head = dict[str, Any]
NEAR = 50_000_000  # bytes: one frame of 4K and more; who came so near to a limit has met it


def main(folder: str) -> None:
    """Answers jobs until the pipe ends, which it does when the parent does.

    Args:
        folder: str. Where a preview is while it is made; removed at the end.
    """
    tempfile.tempdir = folder
    try:
        _serve()
    finally:
        shutil.rmtree(folder, ignore_errors=True)  # an app that was killed cannot


def _serve() -> None:
    # What a library prints must not get into the answers.
    asked, told = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    with contextlib.suppress(OSError):  # where memory gets scarce, this is to go before the app
        Path("/proc/self/oom_score_adj").write_text("1000")
    own = _bytes("VmData", "VmStk")
    rest = _bytes("VmSize") - own  # what is shared: libraries
    while (job := read(asked)) is not None:
        head, content = job
        limits = video.Limits(**head["limits"])
        most = own + len(content) + limits.max_memory
        try:
            _hold(limits, most)
            said, made = _done(head, content, limits)
            doubt = any("damaged" in note for note in said.get("notes", ()))
        except video.VideoError as error:
            said, made, doubt = {"refused": str(error)}, b"", True
        except (MemoryError, BlockingIOError):
            said, made, doubt = {"refused": _too_much(limits)}, b"", True
        except Exception as error:
            said, made, doubt = {"broken": type(error).__name__}, b"", True
        if own and _bytes("VmPeak") - rest > most - NEAR:
            # Where it gets no memory FFmpeg often calls the file damaged.
            if doubt:
                said, made = {"refused": _too_much(limits)}, b""
            said["worn"] = True  # the peak stays, and would be held against the next clip
        write(told, said, made)
        del head, content, said, made  # of this visitor nothing is to wait here for the next
        job = None


def _too_much(limits: video.Limits) -> str:
    return (
        f"decoding it takes more than {limits.max_memory / 1e6:g} MB of memory, the limit. "
        "Save it smaller: 1080p or less is more than any model here looks at"
    )


def read(stream: BinaryIO) -> tuple[Head, bytes] | None:
    """The next message: its head, and the bytes that it announces; None at the end.

    Raises:
        ValueError: what comes is no message.
        EOFError: it ends in the middle.
    """
    line = stream.readline(1_000_000)
    if not line:
        return None
    head = json.loads(line)
    content = stream.read(head["bytes"])
    if len(content) != head["bytes"]:
        raise EOFError
    return head, content


def write(stream: BinaryIO, head: Head, content: bytes = b"") -> None:
    """Sends a message."""
    stream.write(json.dumps({**head, "bytes": len(content)}).encode() + b"\n")
    stream.write(content)
    stream.flush()


def _done(head: Head, content: bytes, limits: video.Limits) -> tuple[Head, bytes]:
    """What a job asks for: an answer's head and bytes."""
    if head["job"] == "length":
        return {"seconds": video.length(content, limits)}, b""
    if head["job"] == "preview":
        return {}, video.preview(content, head["height"], head["seconds"], limits)
    sizes = [(height, width) for height, width in head["sizes"]]
    found = video.sample(content, sizes, head["count"], limits)
    said = {
        "seconds": found.seconds.tolist(),
        "decoded": found.decoded,
        "notes": found.notes,
    }
    return said, b"".join(found.images[size].tobytes() for size in sizes)


def _hold(limits: video.Limits, most: int) -> None:
    """Sets what this process may take; the system enforces it, in FFmpeg's code too.

    Args:
        limits: Limits. Those of the job.
        most: int. Bytes of private memory.
    """
    if os.name != "posix":
        return
    with contextlib.suppress(OSError, ValueError, AttributeError):
        _most(resource.RLIMIT_DATA, most)
        _most(resource.RLIMIT_FSIZE, limits.max_bytes)  # of the preview, while it is made
        # The parent's clock ends a job; this ends one whose parent is gone.
        spent = resource.getrusage(resource.RUSAGE_SELF)
        cores = os.cpu_count() or 1
        _most(resource.RLIMIT_CPU, spent.ru_utime + spent.ru_stime + cores * limits.max_work)


def _bytes(*names: str) -> int:
    """The sum of some of this process's memory figures, as Linux counts them; elsewhere 0."""
    status = Path("/proc/self/status")
    if not status.exists():
        return 0
    lines = (line.split() for line in status.read_text().splitlines())
    return sum(1024 * int(line[1]) for line in lines if line[0].rstrip(":") in names)


def _most(kind: int, value: float) -> None:
    hard = resource.getrlimit(kind)[1]
    if math.isfinite(value) and value < 2**62:
        soft = math.ceil(value)
        resource.setrlimit(kind, (soft if hard < 0 else min(soft, hard), hard))


if __name__ == "__main__":
    main(sys.argv[1])
