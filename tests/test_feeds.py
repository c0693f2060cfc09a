"""What a model is fed in training and in use: frames, features of moments and of their changes.

May import: numpy, hvc_core.train, hvc_core.models.two_stream.
"""

from __future__ import annotations

import numpy as np
import pytest

from hvc_core.models import two_stream
from hvc_core.train import FeatureFeed

# One value an image: frame t is t squared, so that every change is another odd number
FRAMES = (np.arange(20, dtype=np.float32) ** 2).reshape(1, 20, 1, 1, 1)
BOTH = np.concatenate(
    [np.asarray(x)[..., 0, 0, 0].ravel() for x in two_stream.streams(FRAMES)]
)  # (20,)
VIEWS = np.stack([np.stack([BOTH + 1000 * view + 10_000 * row for row in range(3)])
                  for view in range(2)]).reshape(2, 3, 20, 1, 1, 1)  # fmt: skip


def test_in_use_all_moments_and_changes_of_the_clean_view():
    given = FeatureFeed(VIEWS, 5).clean(np.array([2, 0]))
    assert given.dtype == np.float32
    np.testing.assert_array_equal(given, VIEWS[0, [2, 0]])


@pytest.mark.parametrize(
    "parts",
    [
        [(0, 5), (5, 10)],
        [(0, 3), (3, 6), (6, 10)],
        [(0, 2), (2, 4), (4, 6), (6, 8), (8, 10)],
        [(moment, moment + 1) for moment in range(10)],
    ],
)
def test_a_step_sees_one_moment_of_each_part_of_the_clip_and_its_change(parts):
    count = len(parts)
    feed, rng = FeatureFeed(VIEWS, count), np.random.default_rng(0)
    views, places = set(), set()
    for _ in range(50):
        given = feed.train(np.array([1, 2]), rng)
        assert given.shape == (2, 2 * count, 1, 1, 1)
        for row, x in zip((1, 2), given.reshape(2, -1), strict=True):
            view = int(x[0] - 10_000 * row) // 1000
            seen = x - 10_000 * row - 1000 * view
            frames, change = np.sqrt(seen[:count]), seen[count:] - two_stream.GRAY
            np.testing.assert_allclose(change, (frames + 1) ** 2 - frames**2, atol=1e-2)
            moments = np.rint(frames / 2).astype(int)
            assert all(low <= m < high for m, (low, high) in zip(moments, parts, strict=True))
            views.add(view)
            places |= set(moments)
    assert views == {0, 1}
    assert places == set(range(10))
