"""The frontier against a brute definition and by hand.

May import: hypothesis, pytest, hvc_core.statistics.frontier.
"""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hvc_core.statistics.frontier import frontier


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        ([], []),
        ([(5, 0.1)], [True]),
        ([(1, 0.4), (2, 0.9), (3, 0.8)], [True, True, False]),
        ([(1, 0.5), (1, 0.6)], [False, True]),  # the same cost
        ([(1, 0.5), (2, 0.5)], [True, False]),  # the same worth
        ([(1, 0.5), (1, 0.5), (2, 0.5)], [True, True, False]),  # twins stand together
    ],
)
def test_by_hand(points, expected):
    assert frontier(points) == expected


number = st.integers(0, 6).map(float)


@given(st.lists(st.tuples(number, number), max_size=8))
def test_it_rises_and_everything_else_lies_under_it(points):
    on = [p for p, efficient in zip(points, frontier(points), strict=True) if efficient]
    walk = sorted(set(on))
    assert all(b[1] > a[1] and b[0] > a[0] for a, b in itertools.pairwise(walk))
    assert all(any(c <= cost and w >= worth for c, w in on) for cost, worth in points)
