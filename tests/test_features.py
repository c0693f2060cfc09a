"""The cache of frozen features: right values, never recomputed, goes on where it was killed.

May import: numpy, pytest, hvc_core.augment, .clips, .features, .frames, .recipe, tests.support.
"""

from __future__ import annotations

import random
import shutil
import zlib

import numpy as np
import pytest

from hvc_core import clips, features
from hvc_core.augment import augment, clean
from hvc_core.recipe import Augment
from tests.support import data

HOW = Augment(zoom=0.3)
CLIPS = tuple(data.unread(classes=2, groups=(1, 2, 3)))
INDEX = clips.Index(CLIPS, data.CLASSES[:2], (), (), "a" * 64)
FRAMES = np.random.default_rng(0).integers(0, 256, (6, 60, 8, 12, 3), np.uint8)
VIEWS = 2


class Stem:
    """Means of 4x4 blocks in place of a net; counts its calls, and may be stopped."""

    def __init__(self, stop=None):
        self.calls, self.stop = 0, stop

    def __call__(self, x):
        if self.calls == self.stop:
            raise KeyboardInterrupt
        self.calls += 1
        assert x.dtype == np.float32
        assert len(x) == 1
        return x.reshape(1, 20, 2, 4, 3, 4, 3).mean((3, 5))


def stem(x):
    return Stem()(x[None].astype(np.float32))[0]


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("HVC_CACHE", str(tmp_path))
    return features.folder(INDEX, "net to block 9", (8, 12), HOW, VIEWS)


def opened(place):
    return features.open_features(place, (20, 2, 3, 3), len(CLIPS), VIEWS)


def fill(kept, rows, augmented, by=None):
    by = by or Stem()
    features.fill(kept, INDEX, FRAMES, by, HOW, np.array(rows), np.array(augmented))
    return by.calls


def test_values_are_the_stem_of_the_clean_and_the_augmented_views(place):
    kept = opened(place)
    assert kept.values.shape == (3, 6, 20, 2, 3, 3)
    assert kept.values.dtype == np.float16
    assert fill(kept, [0, 2, 5], [2]) == 3 + VIEWS
    expected = np.zeros((3, 6), np.uint8)
    expected[0, [0, 2, 5]] = expected[1:, 2] = 1
    np.testing.assert_array_equal(kept.done, expected)
    for row in (0, 2, 5):
        np.testing.assert_array_equal(kept.values[0, row], stem(clean(FRAMES[row])).astype("f2"))
    for view in (1, 2):
        rng = np.random.default_rng((view, zlib.crc32(CLIPS[2].name.encode())))
        seen = stem(augment(FRAMES[2], rng, HOW)).astype("f2")
        np.testing.assert_array_equal(kept.values[view, 2], seen)
    assert (kept.values[1, 2] != kept.values[2, 2]).any()
    assert not kept.values[1, 0].any()


def test_nothing_is_computed_twice_not_even_by_another_process(place):
    assert fill(opened(place), range(6), [0, 1]) == 6 + 4
    assert fill(opened(place), range(6), [0, 1]) == 0
    assert fill(opened(place), range(6), [0, 1, 2]) == 2  # another fold trains on another clip


def test_stopped_half_way_it_goes_on(place):
    with pytest.raises(KeyboardInterrupt):
        fill(opened(place), range(6), range(6), Stem(stop=7))
    kept = opened(place)
    assert kept.done.sum() == 7
    assert fill(kept, range(6), range(6)) == 18 - 7
    fresh = features.open_features(place.with_name("features-b"), (20, 2, 3, 3), 6, VIEWS)
    fill(fresh, range(6), range(6))
    np.testing.assert_array_equal(kept.values, fresh.values)


def test_two_that_fill_at_once_share_the_work(place):
    """As cells on one machine do: what another has done meanwhile is not done again."""
    own, others = Stem(), Stem()

    def slow(x):
        if not own.calls:  # all of it is done by another while this one computes its first
            fill(opened(place), range(6), range(6), others)
        return own(x)

    told = []
    kept, rows = opened(place), np.arange(6)
    features.fill(kept, INDEX, FRAMES, slow, HOW, rows, rows, lambda *done: told.append(done))
    assert (own.calls, others.calls) == (1, 18)
    assert told[-1] == (18, 18)
    assert kept.done.all()
    fresh = features.open_features(place.with_name("features-b"), (20, 2, 3, 3), 6, VIEWS)
    fill(fresh, range(6), range(6))
    np.testing.assert_array_equal(kept.values, fresh.values)


def test_what_lay_in_the_cache_does_not_change_what_is_drawn_after(place):
    """A cell's dropout is seeded by the global generator."""
    drawn = []
    for _ in range(2):  # the cache empty, then filled
        random.seed(7)
        fill(opened(place), range(6), [0])
        features.derive(
            features.open_features(place / "pooled", (20, 3), len(CLIPS), VIEWS),
            opened(place),
            lambda x: x.mean((2, 3)),
        )
        drawn.append(random.random())
    assert drawn[0] == drawn[1] == random.Random(7).random()


def test_progress_counts_what_is_missing(place):
    told = []
    fill(opened(place), [0], [])
    features.fill(
        opened(place), INDEX, FRAMES, Stem(), HOW, np.arange(3), np.array([], int),
        lambda done, total: told.append((done, total)),
    )  # fmt: skip
    assert told == [(1, 2), (2, 2)]


def test_data_stem_size_augmentation_and_views_each_have_a_folder(place):
    other = clips.Index(CLIPS, INDEX.classes, (), (), "b" * 64)
    folders = {
        place,
        features.folder(other, "net to block 9", (8, 12), HOW, VIEWS),
        features.folder(INDEX, "net to block 11", (8, 12), HOW, VIEWS),
        features.folder(INDEX, "net to block 9", (8, 16), HOW, VIEWS),
        features.folder(INDEX, "net to block 9", (8, 12), Augment(zoom=0.2), VIEWS),
        features.folder(INDEX, "net to block 9", (8, 12), HOW, 3),
    }
    assert len(folders) == 6
    assert features.folder(INDEX, "net to block 9", (8, 12), Augment(zoom=0.3), VIEWS) == place
    assert all(f.name.startswith("features-") for f in folders)


@pytest.mark.parametrize("what", ["values.npy", "done.npy", "both"])
def test_it_is_safe_to_delete(place, what):
    """Where the values are gone, what says that they are there must not be believed."""
    kept = opened(place)
    fill(kept, range(6), [0])
    before = np.array(kept.values)
    if what == "both":
        shutil.rmtree(place)
    else:
        (place / what).unlink()
    again = opened(place)
    assert not again.done.any()
    fill(again, range(6), [0])
    np.testing.assert_array_equal(again.values, before)
    assert not list(place.glob("*.tmp"))


def test_opened_by_two_at_once_both_see_the_same_values(place, monkeypatch):
    """The second looked before the first had made the files, and makes its own: too late."""
    first = opened(place)
    fill(first, range(3), [])
    exists = type(place).exists
    monkeypatch.setattr(type(place), "exists", lambda p, **k: p.suffix != ".npy" and exists(p, **k))
    values = place / "values.npy"
    inode = values.stat().st_ino
    monkeypatch.setattr(type(place), "unlink", lambda p, missing_ok=False: None)
    second = opened(place)
    assert values.stat().st_ino == inode
    np.testing.assert_array_equal(second.values, first.values)
