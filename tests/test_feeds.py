"""What a model is fed in training and in use: frames, features of frames and of differences.

May import: numpy, hvc_core.train, hvc_core.models.lrcn.
"""

from __future__ import annotations

import numpy as np
import pytest

from hvc_core.models import lrcn
from hvc_core.train import FeatureFeed

# One value an image: frame t is t squared, so that every difference is another odd number
FRAMES = np.arange(20, dtype=np.float32) ** 2
BOTH = np.concatenate([np.ravel(x) for x in lrcn.streams(FRAMES.reshape(1, 20, 1, 1, 1))])  # (39,)
VIEWS = np.stack([np.stack([BOTH + 1000 * view + 10_000 * row for row in range(3)])
                  for view in range(2)]).reshape(2, 3, 39, 1, 1, 1)  # fmt: skip


def test_in_use_all_frames_and_differences_of_the_clean_view():
    given = FeatureFeed(VIEWS, 5).clean(np.array([2, 0]))
    assert given.dtype == np.float32
    np.testing.assert_array_equal(given, VIEWS[0, [2, 0]])


@pytest.mark.parametrize("count", [2, 5, 10, 20])
def test_a_step_sees_one_of_each_neighbours_and_what_led_there(count):
    feed, rng = FeatureFeed(VIEWS, count), np.random.default_rng(0)
    views, places = set(), set()
    for _ in range(50):
        given = feed.train(np.array([1, 2]), rng)
        assert given.shape == (2, 2 * count - 1, 1, 1, 1)
        for row, x in zip((1, 2), given.reshape(2, -1), strict=True):
            view = int(x[0] - 10_000 * row) // 1000
            seen = x - 10_000 * row - 1000 * view
            frames, motion = np.sqrt(seen[:count]), seen[count:] - lrcn.GRAY
            np.testing.assert_array_equal(frames // (20 // count), np.arange(count))
            np.testing.assert_array_equal(motion, frames[1:] ** 2 - (frames[1:] - 1) ** 2)
            views.add(view)
            places |= set(frames)
    assert views == {0, 1}
    assert places == set(range(20))
