"""A live bar on standard error for work that counts itself: done of all.

May import: the standard library, tqdm.
"""

from __future__ import annotations

from collections.abc import Callable

from tqdm import tqdm


def shown(bar: tqdm) -> Callable[[int, int], None]:
    """What moves the bar: a function of (done, all), as the library reports progress.

    Example:
        >>> with tqdm(desc="reading", unit=" files") as bar:
        ...     clips.index(folder, progress=shown(bar))
    """

    def progress(done: int, total: int) -> None:
        bar.total = total
        bar.update(done - bar.n)

    return progress
