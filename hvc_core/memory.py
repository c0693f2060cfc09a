"""Memory that is not needed any more, given back to the system: libraries keep it for later.

On a host with 690 MB that is the difference between staying up and being restarted. May import: the
standard library; pyarrow only where it is loaded already.
"""

from __future__ import annotations

import ctypes
import sys
from functools import lru_cache

# What mallopt calls them, in glibc's malloc.h, and what they are set to. glibc takes 8 arenas a
# core, and Streamlit answers everyone in threads of their own; and it would come to keep blocks of
# up to 32 MB for later. Of 20 visitors at once that is 100 MB of 750. Smaller numbers save no more,
# but the pages that resample fetch all they calculate with anew, and take a third longer.
SETTINGS = {
    -8: 2,  # M_ARENA_MAX
    -3: 1 << 21,  # M_MMAP_THRESHOLD: bytes from which on a block stands alone
    -1: 1 << 23,  # M_TRIM_THRESHOLD: free bytes at the top that are given back
}


def settle() -> None:
    """Has glibc keep little from now on; elsewhere it does nothing."""
    libc = _libc()
    if libc is not None:
        for name, value in SETTINGS.items():
            libc.mallopt(name, value)


def give_back() -> None:
    """Gives back what Arrow and glibc keep for later; takes some milliseconds."""
    if "pyarrow" in sys.modules:
        import pyarrow

        pyarrow.default_memory_pool().release_unused()
    libc = _libc()
    if libc is not None:
        libc.malloc_trim(0)


@lru_cache(maxsize=1)
def _libc() -> ctypes.CDLL | None:
    """The C library where it is glibc, else None."""
    if sys.platform != "linux":
        return None
    try:
        libc = ctypes.CDLL("libc.so.6")
        return libc if hasattr(libc, "malloc_trim") and hasattr(libc, "mallopt") else None
    except OSError:  # musl has another name
        return None
