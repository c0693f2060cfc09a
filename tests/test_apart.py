"""hvc_core.apart: another process gives the same frames, and what kills it costs one clip alone.

May import: the standard library, numpy, pytest, hvc_core, tests.support.videos.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from hvc_core import apart, video
from tests.support import videos

ROOT = Path(__file__).resolve().parents[1]
SIZES = [(24, 48), (48, 96)]
LIMITS = video.Limits()
linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc, which only Linux has")


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    apart.end()
    yield
    apart.end()


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("clips")
    return videos.write(folder / "clip.avi", 60, codec="mpeg4").read_bytes()


def idle() -> apart._Process:
    """The one process that waits for a clip."""
    apart.warm()
    (process,) = apart._IDLE
    return process


def folder_of(process: int) -> Path:
    """Where a process makes its previews: the last word of its command."""
    return Path(os.fsdecode(Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")[-2]))


def test_it_gives_what_this_process_would(clip: bytes) -> None:
    there, here = (use.sample(clip, SIZES, 20, LIMITS) for use in (apart, video))
    assert list(there.images) == list(here.images)
    for size in SIZES:
        np.testing.assert_array_equal(there.images[size], here.images[size])
    np.testing.assert_array_equal(there.seconds, here.seconds)
    assert (there.decoded, there.notes) == (here.decoded, here.notes)
    assert apart.length(clip, LIMITS) == video.length(clip, LIMITS)
    assert video.sample(apart.preview(clip, limits=LIMITS), SIZES).decoded == 60


def test_a_path_is_read_here_and_the_notes_come_along(tmp_path: Path) -> None:
    path = videos.write(tmp_path / "short.mp4", 3)
    found = apart.sample(path, SIZES)
    assert found.decoded == 3 and "fewer than the 20" in found.notes[0]


@pytest.mark.parametrize("content", [b"", b"no video at all" * 100])
def test_what_is_no_video_is_refused_in_the_same_words(content: bytes) -> None:
    with pytest.raises(video.VideoError) as here:
        video.sample(content, SIZES, limits=LIMITS)
    process = idle()
    with pytest.raises(video.VideoError) as there:
        apart.sample(content, SIZES, limits=LIMITS)
    assert str(there.value) == str(here.value)
    assert idle() is process, "a bad clip does not cost the process"


def test_a_file_over_the_limit_is_not_even_sent(clip: bytes) -> None:
    process = idle()
    with pytest.raises(video.VideoError, match="the limit is"):
        apart.sample(clip, SIZES, limits=dataclasses.replace(LIMITS, max_bytes=len(clip) - 1))
    assert process.jobs == 0


def test_a_decoder_that_hangs_costs_one_clip(clip: bytes) -> None:
    process = idle()
    apart.sample(clip, SIZES)  # it is up
    os.kill(process.pid, signal.SIGSTOP)
    with pytest.raises(video.VideoError, match="more than 0.5 s, which is the limit"):
        apart.sample(clip, SIZES, limits=dataclasses.replace(LIMITS, max_work=0.5))
    assert not process.alive
    assert apart.sample(clip, SIZES).decoded == 60


def test_a_clock_that_strikes_as_the_answer_comes_kills_no_other_clip(
    clip: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = idle()
    struck = threading.Event()
    ask, kill = apart._Process.ask, apart._Process.kill

    def slow_kill(self: apart._Process) -> None:
        struck.set()
        time.sleep(0.3)
        kill(self)

    def late_ask(self: apart._Process, head: dict, content: bytes) -> tuple[dict, bytes]:
        answer = ask(self, head, content)
        assert struck.wait(60)
        return answer

    monkeypatch.setattr(apart._Process, "kill", slow_kill)
    monkeypatch.setattr(apart._Process, "ask", late_ask)
    found = apart.sample(clip, SIZES, limits=dataclasses.replace(LIMITS, max_work=5.0))
    assert found.decoded == 60, "the answer that came stands"
    assert process.pid not in apart.pids()


def test_a_decoder_that_crashes_costs_one_clip(clip: bytes) -> None:
    process = idle()
    apart.sample(clip, SIZES)
    os.kill(process.pid, signal.SIGSTOP)  # so that it dies with the clip in hand
    killer = threading.Timer(0.3, os.kill, (process.pid, signal.SIGSEGV))
    continuer = threading.Timer(0.4, os.kill, (process.pid, signal.SIGCONT))
    for timer in (killer, continuer):
        timer.start()
    with pytest.raises(video.VideoError, match="crashed the decoder .signal 11."):
        apart.sample(clip, SIZES)
    continuer.join()
    assert apart.sample(clip, SIZES).decoded == 60


def test_one_that_died_while_idle_is_no_visitors_business(clip: bytes) -> None:
    process = idle()
    os.kill(process.pid, signal.SIGKILL)
    process._process.wait(10)
    assert apart.sample(clip, SIZES).decoded == 60


@linux
def test_memory_is_held_to_its_limit(tmp_path: Path) -> None:
    large = videos.write(
        tmp_path / "large.mp4", 8, height=1440, width=2560, options={"preset": "ultrafast"}
    ).read_bytes()
    with pytest.raises(video.VideoError, match="more than 20 MB of memory"):
        apart.sample(large, SIZES, limits=dataclasses.replace(LIMITS, max_memory=20_000_000))
    assert apart.sample(large, SIZES).decoded == 8, "the limit of one clip is not that of the next"


@linux
def test_one_clip_s_memory_is_not_held_against_the_next(tmp_path: Path) -> None:
    large = videos.write(
        tmp_path / "large.mp4", 8, height=1440, width=2560, options={"preset": "ultrafast"}
    ).read_bytes()
    for most in range(20, 400, 10):  # to the least in which it can be decoded
        limits = dataclasses.replace(LIMITS, max_memory=most * 1_000_000)
        with contextlib.suppress(video.VideoError):
            apart.sample(large, SIZES, limits=limits)
            break
    with pytest.raises(video.VideoError) as error:
        apart.sample(b"no video" * 60, SIZES, limits=limits)
    assert "memory" not in str(error.value)


@linux
def test_it_gets_no_token_and_works_where_nobody_else_may_look(
    monkeypatch: pytest.MonkeyPatch, clip: bytes
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    process = idle()
    apart.sample(clip, SIZES)
    environment = Path(f"/proc/{process.pid}/environ").read_bytes()
    assert b"hf_secret" not in environment
    folder = folder_of(process.pid)
    assert folder.stat().st_mode & 0o777 == 0o700
    apart.preview(clip)
    assert list(folder.iterdir()) == []
    apart.end()
    assert not folder.exists()


def test_a_process_is_replaced_after_some_clips(
    monkeypatch: pytest.MonkeyPatch, clip: bytes
) -> None:
    monkeypatch.setattr(apart, "JOBS", 2)
    first = idle()
    apart.sample(clip, SIZES)
    assert idle() is first
    apart.sample(clip, SIZES)
    assert not first.alive and idle() is not first


def test_everyone_gets_their_own_frames(tmp_path: Path) -> None:
    """Twenty at once, each with a clip of its own length."""
    clips = [videos.write(tmp_path / f"{n}.mp4", n).read_bytes() for n in range(21, 41)]
    with ThreadPoolExecutor(20) as pool:
        found = list(pool.map(lambda one: apart.sample(one, SIZES), clips))
    for own, there in zip(clips, found, strict=True):
        np.testing.assert_array_equal(
            there.images[SIZES[0]], video.sample(own, SIZES).images[SIZES[0]]
        )
    assert len(apart._IDLE) <= apart.IDLE


@linux
def test_it_does_not_outlive_an_app_that_is_killed() -> None:
    code = (
        "from hvc_core import apart\nimport time\napart.warm()\n"
        "print(apart._IDLE[0].pid, flush=True)\ntime.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE) as app:
        assert app.stdout is not None
        child = int(app.stdout.readline())
        folder = folder_of(child)
        assert folder.is_dir()
        app.kill()
    for _ in range(200):
        stat = Path(f"/proc/{child}/stat")
        if not stat.exists() or " Z " in stat.read_text():
            break
        time.sleep(0.1)
    else:
        os.kill(child, signal.SIGKILL)
        pytest.fail("the decoder goes on without its app")
    assert not folder.exists()
