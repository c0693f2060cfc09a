"""The verdict on two models in words, by the rule that `paired` writes down.

Pure functions. May import: pandas, .paired, .stats.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from hvc_core.statistics import paired, stats


@dataclass(frozen=True)
class Verdict:
    """Which of two models is better, or that one cannot tell.

    Attributes:
        sentence: str. For a person.
        winner: str or None. None: one cannot tell.
        difference: float or None. Accuracy of a minus that of b; None where nothing is shared.
        interval: (float, float) or None. Its 95 % interval.
    """

    sentence: str
    winner: str | None
    difference: float | None
    interval: tuple[float, float] | None


def verdict(
    predictions: pd.DataFrame,
    a: str,
    b: str,
    protocol: str,
    classes: list[str],
    titles: Mapping[str, str] | None = None,
) -> Verdict:
    """Which of two models is better by `paired.RULE`, in a sentence; else "cannot tell".

    Args:
        predictions: DataFrame. A study's predictions.
        a: str. A model.
        b: str. Another.
        protocol: str.
        classes: list of C names, in the order of `probabilities`.
        titles: names of the models for the sentence; the models' own where left out.
    """
    try:
        decided = paired.decide(predictions, a, b, protocol, classes)
    except ValueError:
        decided = None
    return in_words(decided, a, b, protocol, titles)


def in_words(
    decided: paired.Decision | None,
    a: str,
    b: str,
    protocol: str,
    titles: Mapping[str, str] | None = None,
) -> Verdict:
    """What `paired.decide` found of a and b under the protocol; None where nothing is shared."""
    names = {name: (titles or {}).get(name, name) for name in (a, b)}
    both = f"{names[a]} and {names[b]}"
    if decided is None:
        sentence = f"Cannot tell: no clip was put to both {both} under {protocol}."
        return Verdict(sentence, None, None, None)
    found, delta = decided.found, decided.accuracy
    ends = (delta.lo, delta.hi)
    basis = (
        f"on {found.clips:,} clips of {found.sources} source videos, protocol {protocol}, "
        f"{_seeds(found.seeds)}"
    )
    if found.sources < stats.MIN_SOURCES:
        sentence = (
            f"Cannot tell {both} apart: {found.sources} source videos are too few, "
            f"{stats.MIN_SOURCES} or more are needed ({basis})."
        )
        return Verdict(sentence, None, delta.mean, ends)
    ahead, behind = (a, b) if delta.mean >= 0 else (b, a)
    low, high = ends if ahead == a else (-delta.hi, -delta.lo)
    span = f"95 % interval {100 * low:+.1f} to {100 * high:+.1f}; {basis}"
    points = f"{100 * abs(delta.mean):.1f} points"
    if delta.lo <= 0 <= delta.hi:
        sentence = f"Cannot tell {both} apart: {_tie(names[ahead], points, delta.mean)} ({span})."
        return Verdict(sentence, None, delta.mean, ends)
    if decided.winner is None:
        sentence = (
            f"Cannot tell {both} apart: {names[ahead]} is {points} of accuracy ahead, but macro F1 "
            f"or one of the tests may be chance ({span})."
        )
        return Verdict(sentence, None, delta.mean, ends)
    sentence = f"{names[ahead]} beats {names[behind]} by {points} of accuracy ({span})."
    return Verdict(sentence, ahead, delta.mean, ends)


def _tie(ahead: str, points: str, delta: float) -> str:
    if not delta:
        return "their accuracy is the same"
    return f"{ahead} is {points} of accuracy ahead, within what another choice of films may change"


def _seeds(seeds: tuple[int, int]) -> str:
    if seeds == (1, 1):
        return "one seed each"
    if seeds[0] == seeds[1]:
        return f"means over {seeds[0]} seeds"
    return f"means over {seeds[0]} and {seeds[1]} seeds"
