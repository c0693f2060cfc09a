"""hvc_core.memory: what was freed goes back to the system.

May import: the standard library, pytest; numpy in a process of its own.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from hvc_core import memory

ROOT = Path(__file__).resolve().parents[1]
GROW = """
import sys
from pathlib import Path
import numpy as np
from hvc_core import memory

def held():
    lines = Path("/proc/self/status").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) / 1000

if sys.argv[1] == "settled":
    memory.settle()
np.ones(2_500_000)  # freed at once: from here on glibc takes such blocks from its heap
parts = [np.ones(375_000) for _ in range(40)]  # 3 MB each
most, last = held(), parts.pop()
del parts  # all but the last, which holds the heap open
print(most - held())
"""


def given_back(how: str) -> float:
    """MB that a process gives back when it frees 117 of 120 MB."""
    done = subprocess.run(
        [sys.executable, "-c", GROW, how], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return float(done.stdout)


@pytest.mark.skipif(memory._libc() is None, reason="glibc is not this system's C library")
def test_what_is_freed_goes_back() -> None:
    assert given_back("settled") > 105 > given_back("as it is")


def test_it_never_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    memory.give_back()
    monkeypatch.setattr(memory, "_libc", lambda: None)
    memory.settle()
    memory.give_back()
