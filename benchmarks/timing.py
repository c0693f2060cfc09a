"""Takes two ways' times in turns, so that what else the machine does falls on both.

May import: the standard library.
"""

from __future__ import annotations

import time
from collections.abc import Callable


def seconds(work: Callable[[], object]) -> float:
    """How long `work` takes, in seconds."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def in_turns(
    ours: Callable[[], float], common: Callable[[], float], repeats: int
) -> tuple[list[float], list[float]]:
    """Measures ours, common, ours, common ...

    Args:
        ours, common: each measures once and returns its figure; both are warm already.
        repeats: int. Figures of each.

    Returns:
        (ours, common). Lists of `repeats` figures; those of one index were taken one after the
        other.
    """
    pairs = [(ours(), common()) for _ in range(repeats)]
    return [a for a, _ in pairs], [b for _, b in pairs]
