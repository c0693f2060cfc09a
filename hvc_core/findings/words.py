"""What a finding is, and how its numbers are said.

May import: the standard library, hvc_core.splits, .stats, .study.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from hvc_core.splits import GROUPED
from hvc_core.statistics.stats import Estimate
from hvc_core.study import Study


@dataclass(frozen=True)
class Finding:
    """One thing that a study found.

    Attributes:
        claim: str. One sentence for a person who reads no other.
        numbers: tuple of str. The numbers behind it, a sentence each.
        changes: str. What would change it.
        page: str. The dashboard's page that shows it whole, by its name in the address.
    """

    claim: str
    numbers: tuple[str, ...]
    changes: str
    page: str


def main_protocol(of: Study) -> str | None:
    """The protocol to speak of: the one by group with the most clips that both headliners have.

    None where no protocol has predictions of both.
    """
    a, b = of.headline
    clips = {}
    for protocol in of.protocols:
        shared = of.clips(a, protocol).intersection(of.clips(b, protocol))
        if len(shared):
            clips[protocol] = (protocol in GROUPED, len(shared))
    return max(clips, key=lambda name: clips[name]) if clips and a != b else None


def title(of: Study, model: str) -> str:
    """A model's name for a reader."""
    return str(of.models[model]["title"])


def percent(of: Estimate | float, digits: int = 1) -> str:
    """0.905 -> '90.5 %'; with its interval where it has one: '90.5 % (88.1 to 92.8)'."""
    if isinstance(of, Estimate):
        low, high = 100 * of.lo, 100 * of.hi
        return f"{percent(of.mean, digits)} ({low:.{digits}f} to {high:.{digits}f})"
    return f"{100 * of:.{digits}f} %"


def points(of: Estimate) -> str:
    """A difference: '+3.2 points (+1.0 to +5.4)'."""
    # Adding 0.0 to a rounded -0.0 takes its sign.
    mean, low, high = (round(100 * value, 1) + 0.0 for value in (of.mean, of.lo, of.hi))
    return f"{mean:+.1f} points ({low:+.1f} to {high:+.1f})"


def listed(parts: Iterable[str]) -> str:
    """'a, b and c'."""
    *most, last = list(parts)
    return f"{', '.join(most)} and {last}" if most else last
