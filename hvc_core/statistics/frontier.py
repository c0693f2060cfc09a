"""Which models are worth their cost: those that no other beats at the same cost or less.

Pure. May import: the standard library.
"""

from __future__ import annotations

from collections.abc import Sequence


def frontier(points: Sequence[tuple[float, float]]) -> list[bool]:
    """Which of (cost, worth) are efficient (Pareto): none costs no more and is worth no less.

    Of two points with the same cost and the same worth both are.

    Args:
        points: (cost, worth) pairs of finite floats; less cost and more worth are better.

    Returns:
        list of bool, one a point.

    Example:
        >>> frontier([(1, 0.4), (2, 0.9), (3, 0.8)])
        [True, True, False]
    """
    return [
        not any(c <= cost and w >= worth and (c, w) != (cost, worth) for c, w in points)
        for cost, worth in points
    ]
