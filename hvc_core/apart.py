"""Decoding strangers' clips in a process of its own: `video`'s functions, in safety.

A file that crashes the decoder, makes it hang or makes it take all memory costs that file alone.
The processes stay for the next clip, since starting one takes a third of a second; each has one
clip at a time, and a folder of its own, that nobody else may read, for a preview in the making.
May import: the standard library, numpy, hvc_core.decoder, .video.
"""

from __future__ import annotations

import atexit
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from hvc_core import decoder, video

ROOT = Path(__file__).resolve().parent.parent
JOBS = 100  # of one process: what a decoder leaks goes with it
IDLE = 2  # processes that are kept; each holds about 80 MB
# All that Python needs to start; tokens and keys of the app's are not among it.
_PASSED = (
    "PATH", "HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "PYTHONHOME", "PYTHONPATH",
    "PYTHONUSERBASE", "SYSTEMROOT", "VIRTUAL_ENV",
)  # fmt: skip


def sample(
    source: Path | bytes,
    sizes: Sequence[tuple[int, int]],
    count: int = video.FRAMES,
    limits: video.Limits | None = None,
) -> video.Sampled:
    """What `video.sample` gives, to the bit.

    Raises:
        VideoError: as `video.sample`; or decoding crashed, took too long or too much memory.
        RuntimeError: anything else, no fault of the clip's; the message is for a log.
    """
    limits = limits or video.Limits()
    sizes = list(dict.fromkeys((int(height), int(width)) for height, width in sizes))
    said, content = _ask({"job": "sample", "sizes": sizes, "count": count}, source, limits)
    images, at = {}, 0
    for height, width in sizes:
        end = at + count * height * width * 3
        if end > len(content):
            raise RuntimeError("the decoder sent less than it was asked for")
        frames = np.frombuffer(content, np.uint8, end - at, at)
        images[height, width] = frames.reshape(count, height, width, 3)
        at = end
    seconds = np.asarray(said["seconds"], np.float64)
    return video.Sampled(images, seconds, int(said["decoded"]), tuple(map(str, said["notes"])))


def length(source: Path | bytes, limits: video.Limits | None = None) -> float:
    """What `video.length` gives; raises what `sample` does."""
    return float(_ask({"job": "length"}, source, limits or video.Limits())[0]["seconds"])


def preview(
    source: Path | bytes,
    max_height: int = 360,
    max_seconds: float = 30.0,
    limits: video.Limits | None = None,
) -> bytes:
    """What `video.preview` gives; raises what `sample` does."""
    head = {"job": "preview", "height": max_height, "seconds": max_seconds}
    return _ask(head, source, limits or video.Limits())[1]


def warm() -> None:
    """Starts a process if none is idle, without waiting for it: the next clip need not."""
    with _LOCK:
        if not _IDLE:
            _IDLE.append(_Process())


def pids() -> list[int]:
    """The numbers of the processes that wait for a clip."""
    with _LOCK:
        return [process.pid for process in _IDLE]


# -- the processes -------------------------------------------------------------------------------


class _Process:
    """One decoder with its pipes and its folder."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="hvc-", ignore_cleanup_errors=True)
        env = {name: os.environ[name] for name in _PASSED if name in os.environ}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "hvc_core.decoder", self._folder.name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            env={
                **env,
                # Threads of NumPy's and arenas of malloc's take room that decoding is to have.
                "OPENBLAS_NUM_THREADS": "1",
                "MALLOC_ARENA_MAX": "1",
            },
            start_new_session=True,  # Ctrl+C in the terminal is the app's
        )
        self.jobs = 0

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def ask(self, head: decoder.Head, content: bytes) -> tuple[decoder.Head, bytes]:
        """Sends a job and waits for its answer; OSError, EOFError or ValueError without one."""
        assert self._process.stdin and self._process.stdout
        self.jobs += 1
        decoder.write(self._process.stdin, head, content)  # type: ignore[arg-type]
        answer = decoder.read(self._process.stdout)  # type: ignore[arg-type]
        if answer is None:
            raise EOFError
        return answer

    def kill(self) -> None:
        self._process.kill()

    def end(self) -> int:
        """Ends the process, removes its folder and returns its exit status."""
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            try:
                if pipe:
                    pipe.close()
            except OSError:  # what was not sent yet cannot be sent any more
                pass
        status = self._process.wait()
        self._folder.cleanup()
        return status


_LOCK = threading.Lock()
_IDLE: list[_Process] = []


def _ask(
    head: dict[str, Any], source: Path | bytes, limits: video.Limits
) -> tuple[decoder.Head, bytes]:
    """Has a process do a job; whatever becomes of it, the next job finds one that works."""
    content = source if isinstance(source, bytes) else source.read_bytes()
    limits.check_bytes(len(content))  # before they are sent anywhere
    process = _borrowed()
    late = threading.Event()

    def stop() -> None:
        late.set()
        process.kill()

    clock = threading.Timer(limits.max_work, stop)
    clock.daemon = True
    clock.start()
    try:
        said, made = process.ask({**head, "limits": asdict(limits)}, content)
    except (OSError, EOFError, ValueError) as error:
        status = process.end()
        if late.is_set():
            raise video.VideoError(
                f"decoding it took more than {limits.max_work:g} s, which is the limit. "
                "Cut it to the action itself, or save it at a lower resolution"
            ) from error
        raise video.VideoError(
            f"it crashed the decoder ({_how(status)}), which no whole video does. "
            f"Save it anew, for example as H.264 in an MP4"
        ) from error
    except BaseException:
        process.end()
        raise
    finally:
        clock.cancel()
    clock.join()  # the clock may strike just now: no next clip gets a process that it kills
    if said.get("worn") or late.is_set():
        process.end()
    else:
        _give_back(process)
    if "refused" in said:
        raise video.VideoError(str(said["refused"]))
    if "broken" in said:
        raise RuntimeError(f"the decoder failed with {said['broken']}")
    return said, made


def _borrowed() -> _Process:
    """An idle process, or a new one."""
    while True:
        with _LOCK:
            process = _IDLE.pop() if _IDLE else None
        if process is None:
            return _Process()
        if process.alive:
            return process
        process.end()


def _give_back(process: _Process) -> None:
    with _LOCK:
        if process.jobs < JOBS and len(_IDLE) < IDLE and process.alive:
            _IDLE.append(process)
            return
    process.end()


@atexit.register
def end() -> None:
    """Ends the idle processes."""
    with _LOCK:
        idle, _IDLE[:] = list(_IDLE), []
    for process in idle:
        process.end()


def _how(status: int) -> str:
    return f"signal {-status}" if status < 0 else f"exit status {status}"
