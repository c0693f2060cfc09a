"""Fingerprints: written, read, and the nearest clip found again.

May import: numpy, pyarrow, pytest, hvc_core, tests.support.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hvc_core import audit, clips, fingerprints, video
from hvc_core.storage import StudyError
from tests.support import data


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    return clips.index(data.make(tmp_path_factory.mktemp("data")))


@pytest.fixture(scope="module")
def folder(index, tmp_path_factory):
    made = tmp_path_factory.mktemp("study")
    images = np.stack([
        video.sample(clip.path, [audit.SIZE]).images[audit.SIZE]
        for clip in index.clips
    ])  # fmt: skip
    fingerprints.write(made, index.clips, audit.hashed(images))
    return made


def read(folder: Path) -> fingerprints.Fingerprints:
    found = fingerprints.read(folder)
    assert found is not None
    return found


def sampled(path: Path) -> np.ndarray:
    return video.sample(path, [audit.SIZE]).images[audit.SIZE]


def test_what_is_written_is_read(folder, index):
    found = fingerprints.read(folder)
    assert found is not None
    assert found.clips == tuple(clip.name for clip in index.clips)
    assert found.groups.tolist() == [clip.group for clip in index.clips]
    assert found.hashes.shape == (len(index.clips), video.FRAMES) == found.plain.shape
    assert fingerprints.read(folder.parent) is None


def test_each_clip_finds_itself(folder, index):
    found = read(folder)
    for clip in index.clips[::5]:
        twin = fingerprints.near(sampled(clip.path), found)[0]
        assert (twin.clip, twin.class_name, twin.group) == (clip.name, clip.class_name, clip.group)
        assert twin.similarity == 1 and twin.near_identical


def test_a_film_that_holds_two_clips_is_near_to_both(folder, index):
    found = read(folder)
    first, second = index.clips[0], index.clips[-1]
    film = np.concatenate([sampled(clip.path) for clip in (first, second)])
    assert {first.name, second.name} <= {twin.clip for twin in fingerprints.near(film, found)}


def test_another_film_is_near_to_none(folder):
    found = read(folder)
    noise = np.random.default_rng(0).integers(0, 256, (20, 64, 64, 3), np.uint8)
    assert fingerprints.near(noise, found) == []
    black = np.zeros((20, 64, 64, 3), np.uint8)
    assert fingerprints.near(black, found) == []


def test_a_broken_file_is_named(folder, tmp_path):
    (tmp_path / fingerprints.FILE).write_bytes(b"no table")
    with pytest.raises(StudyError, match="fingerprints.parquet"):
        fingerprints.read(tmp_path)
