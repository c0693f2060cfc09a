"""Replicates that were drawn before: kept by what they follow from, so that no page draws twice.

A page asks for a model's summary, then for its difference from several others, and the draws
behind all of these are the same. May import: the standard library, numpy, .counts.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Sequence
from threading import Lock

import numpy as np

from hvc_core.statistics.counts import PerSource

Values = dict[str, np.ndarray]


class Kept:
    """The values that were asked for last; four scores of 2,000 replicates are 64 kB.

    Args:
        most: int. Of how many keys values are kept.
    """

    def __init__(self, most: int = 256) -> None:
        self._most = most
        self._values: OrderedDict[bytes, Values] = OrderedDict()
        self._lock = Lock()

    def of(self, key: bytes, draw: Callable[[], Values]) -> Values:
        """What is kept under the key; where nothing is, what `draw` gives. Not to be written to."""
        with self._lock:
            known = self._values.get(key)
            if known is not None:
                self._values.move_to_end(key)
                return known
        made = draw()
        for values in made.values():
            values.flags.writeable = False  # every caller gets the same arrays
        with self._lock:
            self._values[key] = made
            while len(self._values) > self._most:
                self._values.popitem(last=False)
        return made

    def clear(self) -> None:
        """Keeps nothing any more."""
        with self._lock:
            self._values.clear()


def digest(strata: Sequence[int], found: PerSource) -> bytes:
    """A key of all that replicates follow from.

    Args:
        strata: V ints, from `bootstrap.strata`.
        found: PerSource of the V source videos. Its counts are whole numbers.
    """
    whole = hashlib.blake2b(np.asarray(strata, np.int64).tobytes(), digest_size=32)
    for one in (found.number, found.hits, found.clips, found.answered):
        whole.update(f"{one.shape}".encode())
        whole.update(one.astype(np.int32).tobytes())
    return whole.digest()
