"""Augmentation: all frames alike, within bounds, by chance that can be repeated.

May import: numpy, pytest, hypothesis, hvc_core.augment, .frames, .recipe.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hvc_core.augment import augment, clean
from hvc_core.frames import PHASES
from hvc_core.recipe import Augment

NOTHING = Augment(flip=False, shift=False)
ALL = Augment(flip=True, zoom=0.35, stretch=0.3, shift=True, light=0.3)
CLIP = np.random.default_rng(0).integers(0, 256, (20 * PHASES, 12, 16, 3), np.uint8)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def still(height: int = 24, width: int = 32) -> np.ndarray:
    """A clip whose frames are all the same smooth picture."""
    y, x = np.mgrid[:height, :width]
    image = np.stack([4 * x, 5 * y, 60 + 2 * x + 2 * y], axis=-1).astype(np.uint8)
    return np.repeat(image[None], 20 * PHASES, axis=0)


def test_clean_is_the_middle_phase():
    np.testing.assert_array_equal(clean(CLIP), CLIP[1::3])
    assert clean(CLIP).shape == (20, 12, 16, 3)


def test_nothing_asked_for_changes_nothing():
    np.testing.assert_array_equal(augment(CLIP, rng(), NOTHING), clean(CLIP))


@given(
    st.integers(0, 2**32),
    st.builds(
        Augment,
        flip=st.booleans(),
        zoom=st.floats(0, 0.5),
        stretch=st.floats(0, 0.5),
        shift=st.booleans(),
        light=st.floats(0, 1),
    ),
)
@settings(max_examples=40)
def test_shape_dtype_and_chance(seed, how):
    before = CLIP.copy()
    one, two = augment(CLIP, rng(seed), how), augment(CLIP, rng(seed), how)
    assert one.shape == (20, 12, 16, 3)
    assert one.dtype == np.uint8
    assert one.flags.c_contiguous
    np.testing.assert_array_equal(one, two)
    np.testing.assert_array_equal(CLIP, before)  # the cache's row is not written to


@pytest.mark.parametrize(
    "how",
    [
        ALL,
        Augment(flip=True, shift=False),
        Augment(flip=False, shift=False, zoom=0.5),
        Augment(flip=False, shift=False, stretch=0.5),
        Augment(flip=False, shift=False, light=1.0),
    ],
)
def test_all_frames_change_alike(how):
    for seed in range(8):
        view = augment(still(), rng(seed), how)
        assert (view == view[:1]).all()


def test_shift_takes_a_whole_phase():
    seen = set()
    for seed in range(40):
        view = augment(CLIP, rng(seed), Augment(flip=False, shift=True))
        found = [p for p in range(PHASES) if (view == CLIP[p::PHASES]).all()]
        assert len(found) == 1
        seen.add(found[0])
    assert seen == set(range(PHASES))


def test_flip_mirrors_about_half_of_the_clips():
    flipped = 0
    for seed in range(200):
        view = augment(CLIP, rng(seed), Augment(flip=True, shift=False))
        if (view == clean(CLIP)[:, :, ::-1]).all():
            flipped += 1
        else:
            np.testing.assert_array_equal(view, clean(CLIP))
    assert 70 <= flipped <= 130


def test_zoom_shows_a_part_and_never_more_than_the_frame():
    """On a picture that is linear in x and y a crop keeps it linear, with less of a slope."""
    how, clip = Augment(flip=False, shift=False, zoom=0.5), still()
    slopes = []
    for seed in range(60):
        red = augment(clip, rng(seed), how)[0, :, :, 0].astype(float)
        slopes.append((red[12, -2] - red[12, 1]) / 29)
        assert red.min() >= clip[0, :, :, 0].min()
        assert red.max() <= clip[0, :, :, 0].max()
    assert 4 * 0.5 - 0.2 <= min(slopes) < 2.6
    assert 3.4 < max(slopes) <= 4.1  # 4 grey levels a pixel in the whole frame


def test_stretch_changes_the_aspect_only_so_far():
    how, clip = Augment(flip=False, shift=False, zoom=0.3, stretch=0.3), still()
    ratios = []
    for seed in range(60):
        image = augment(clip, rng(seed), how)[0].astype(float)
        across = (image[12, -2, 0] - image[12, 1, 0]) / 29 / 4
        down = (image[-2, 16, 1] - image[1, 16, 1]) / 21 / 5
        ratios.append(across / down)
    assert 0.7 < min(ratios) < 0.95
    assert 1.05 < max(ratios) < 1.4


def test_light_changes_the_mean_within_bounds_and_keeps_places():
    grey = np.full((20 * PHASES, 12, 16, 3), 120, np.uint8)
    means = [
        augment(grey, rng(seed), Augment(flip=False, shift=False, light=0.3)).mean()
        for seed in range(60)
    ]
    assert 120 * 0.7 - 1 <= min(means) < 110
    assert 130 < max(means) <= 120 * 1.3


def test_light_may_take_the_colour_but_not_swap_it():
    red = np.zeros((20 * PHASES, 4, 4, 3), np.uint8)
    red[..., 0] = 200
    red[:, :2] //= 2
    for seed in range(30):
        view = augment(red, rng(seed), Augment(flip=False, shift=False, light=0.9)).astype(int)
        assert (view[..., 0] >= view[..., 1]).all()
        np.testing.assert_array_equal(view[..., 1], view[..., 2])
