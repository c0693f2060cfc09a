"""Occlusion finds what a made-up model looks at, and nothing else.

May import: numpy, pytest, hvc_core.saliency.
"""

from __future__ import annotations

import numpy as np
import pytest

from hvc_core import saliency

IMAGES = np.full((20, 48, 64, 3), 100, np.uint8)


def bright(images: np.ndarray) -> np.ndarray:
    """Class 1 is as likely as the part of white pixels in frames 6 and 7, upper left tile."""
    white = (images[6:8, :8, :8] > 200).mean()
    return np.array([1 - white, white])


def clip() -> np.ndarray:
    made = IMAGES.copy()
    made[6:8, :8, :8] = 255
    return made


def test_the_stretch_that_counts_is_found():
    seen: list[tuple[int, int]] = []
    found = saliency.in_time(bright, clip(), 1, progress=lambda *at: seen.append(at))
    assert found.tolist() == [0, 0, 0, 1, 0, 0, 0, 0, 0, 0]
    assert seen[-1] == (10, 10) and len(seen) == 10
    # What speaks for one class speaks against the other.
    assert saliency.in_time(bright, clip(), 0).tolist() == (-found).tolist()


def test_the_tile_that_counts_is_found():
    seen: list[tuple[int, int]] = []
    found = saliency.in_space(bright, clip(), 1, progress=lambda *at: seen.append(at))
    assert found.shape == (6, 8) and found[0, 0] == 1
    assert found.sum() == 1
    assert seen[-1] == (48, 48)


def test_stretches_and_tiles_cover_all_and_leave_the_clip_alone():
    made = clip()
    before = made.copy()
    covered = []

    def note(images: np.ndarray) -> np.ndarray:
        covered.append((images != before).any(axis=-1))
        return np.array([1.0])

    made[:] = before = np.random.default_rng(0).integers(0, 256, made.shape, np.uint8)
    saliency.in_time(note, made, 0, parts=3)
    assert np.stack(covered[1:]).sum(axis=0).max() == 1  # each frame in one stretch
    covered.clear()
    saliency.in_space(note, made, 0, grid=(5, 7))
    assert np.stack(covered[1:]).sum(axis=0).max() == 1
    assert np.stack(covered[1:]).any(axis=0).mean() > 0.99  # a pixel of the mean colour stays
    assert (made == before).all()


def test_a_model_that_ignores_the_clip_looks_nowhere():
    found = saliency.in_space(lambda images: np.array([0.3, 0.7]), clip(), 1)
    assert not found.any()
    assert saliency.in_time(lambda images: np.array([0.3, 0.7]), clip(), 1) == pytest.approx(0)
