"""Two thousand spoilt files of every container: an answer or a message each, and nothing stuck.

What a stranger uploads goes through hvc_core.apart, as here; some more are uploaded to the real
server. Which file was spoilt how follows from its number alone. May import: the standard library,
numpy, pytest, benchmarks, dashboard, hvc_core, tests.support.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from benchmarks import visitors
from benchmarks.results import BenchmarkError
from dashboard.answering import ENDINGS
from hvc_core import apart, video
from tests.support import videos

COUNT = 2_000  # files, over all containers
UPLOADED = 300  # others, to the server
LIMITS = dataclasses.replace(video.Limits(), max_work=20.0)
CODECS = {  # ending: codec, pixel format
    "mp4": ("libx264", "yuv420p"),
    "mov": ("mjpeg", "yuvj420p"),
    "avi": ("mpeg4", "yuv420p"),
    "mkv": ("libx264", "yuv420p"),
    "webm": ("libvpx", "yuv420p"),
    "gif": ("gif", "gray"),
}


def spoilt(whole: bytes, seed: int) -> bytes:
    """The file with some of its bytes changed, moved, doubled, dropped or made large numbers."""
    rng = np.random.default_rng(seed)
    data = bytearray(whole)
    for _ in range(int(rng.integers(1, 6))):
        # Half of the time near the start, where most containers say what is where.
        reach = min(len(data), 512) if rng.random() < 0.5 else len(data)
        at, size = int(rng.integers(0, max(reach, 1))), int(rng.integers(1, 200))
        match int(rng.integers(0, 7)):
            case 0:
                data[at : at + 1] = bytes([int(rng.integers(0, 256))])
            case 1:
                data[at : at + size] = rng.bytes(size)
            case 2:
                data[at : at + size] = bytes(size)
            case 3:
                del data[at : at + size]
            case 4:
                data[at:at] = data[at : at + size]
            case 5:  # a length, a count or a time that is far too large
                data[at : at + 4] = b"\x7f\xff\xff\xff" if rng.random() < 0.5 else b"\xff" * 4
            case _:
                del data[int(rng.integers(0, len(data) + 1)) :]
    return bytes(data)


def clip(ending: str, folder: Path) -> bytes:
    """A whole file of a container."""
    codec, pix_fmt = CODECS[ending]
    path = videos.write(folder / f"clip.{ending}", videos.noisy(30), codec=codec, pix_fmt=pix_fmt)
    return path.read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize("ending", ENDINGS)
def test_spoilt_files_cost_themselves_alone(ending: str, tmp_path: Path) -> None:
    whole = clip(ending, tmp_path)
    first = ENDINGS.index(ending)
    seeds = range(first, COUNT, len(ENDINGS))

    def ask(seed: int) -> str:
        broken = spoilt(whole, seed)
        try:
            found = apart.sample(broken, [(24, 48)], limits=LIMITS)
        except video.VideoError as error:
            said = str(error)
            return next((word for word in ("crashed", "more than") if word in said), "refused")
        assert found.images[24, 48].shape == (20, 24, 48, 3), seed
        assert np.all(np.diff(found.seconds) >= 0), seed
        if seed % 5 == first % 5:
            try:
                apart.preview(broken, limits=LIMITS)
            except video.VideoError:
                return "answered, no preview"
        return "answered"

    with ThreadPoolExecutor(apart.IDLE) as pool:  # any other error fails the test
        ends = Counter(pool.map(ask, seeds))
    print(ending, dict(ends))
    assert ends.total() == len(seeds)
    assert ends["answered"] and ends["refused"], "files were spoilt too little, or too much"
    again = apart.sample(whole, [(24, 48)], limits=LIMITS)
    assert (again.decoded, again.notes) == (30, ())
    assert all(process.alive for process in apart._IDLE) and len(apart._IDLE) <= apart.IDLE


@pytest.mark.slow
def test_the_server_outlives_spoilt_uploads(made_study: Path, tmp_path: Path) -> None:
    """Every upload ends with both answers or with a message, four visitors at a time."""
    whole = {ending: clip(ending, tmp_path) for ending in ENDINGS}

    with visitors.served(made_study) as (url, _):

        def ask(seed: int) -> str:
            name = f"{seed}.{ENDINGS[seed % len(ENDINGS)]}"
            try:
                visitors.visit(url, name, spoilt(whole[name.split(".")[1]], seed))
            except BenchmarkError as error:
                return str(error).removeprefix(f"{name}: {name}: ")  # the page's own words
            return "answered"

        before = visitors.visit(url, "whole.mp4", whole["mp4"]).said
        with ThreadPoolExecutor(4) as pool:
            said = list(pool.map(ask, range(COUNT, COUNT + UPLOADED)))
        wrong = [one for one in said if "something went wrong" in one or "of 3 parts" in one]
        assert wrong == []
        assert 0 < said.count("answered") < UPLOADED, "files were spoilt too little, or too much"
        assert visitors.visit(url, "whole.mp4", whole["mp4"]).said == before


def test_every_container_that_is_taken_is_spoilt() -> None:
    assert set(CODECS) == set(ENDINGS)
    seeds = [seed for first in range(6) for seed in range(first, COUNT, len(ENDINGS))]
    assert sorted(seeds) == list(range(COUNT))
    assert spoilt(bytes(5000), 7) == spoilt(bytes(5000), 7) != bytes(5000)
