"""Tests of paired answers: McNemar's, sign flips of whole source videos, Holm's correction.

Pure functions of arrays. May import: numpy.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock

import numpy as np

ENUMERATED = 12  # with so many source videos at most, all 2**n flips are counted
FLIPS = 20_000
NEVER = 1e-12  # a probability that is taken for none
COINS = 1 << 18  # that are drawn at a time: no more than glibc keeps a place for
_LOCK = Lock()


@dataclass(frozen=True)
class McNemar:
    """McNemar's test of two models' right answers on the same clips.

    Attributes:
        a_only: int. Clips that only a got right.
        b_only: int. Clips that only b got right.
        both: int. Clips that both got right.
        neither: int.
        exact: float, 0 to 1. Exact conditional two-sided p.
        mid_p: float, 0 to 1. The same with what was found counted half: less cautious.
    """

    a_only: int
    b_only: int
    both: int
    neither: int
    exact: float
    mid_p: float


def mcnemar(a_right: np.ndarray, b_right: np.ndarray) -> McNemar:
    """McNemar's exact and mid-p test (Fagerland, Lydersen and Laake 2013, BMC Med Res Methodol
    13:91, "exact conditional" and "mid-p" tests).

    With n discordant clips, k the smaller of the two counts and X binomial(n, 1/2), the exact p is
    2 P(X <= k), at most 1. Mid-p counts what was found, and its mirror image, half: it is
    2 P(X <= k) - P(X = k), and 1 - P(X = k) / 2 where the two counts are equal. Both are 1 without
    a discordant clip.

    Args:
        a_right: bool array (N,). Whether a got the clip right.
        b_right: bool array (N,). The same of b, in the same order.

    Raises:
        ValueError: the arrays differ in shape.
    """
    a, b = np.asarray(a_right, bool), np.asarray(b_right, bool)
    if a.shape != b.shape or a.ndim != 1:
        raise ValueError(f"expected the same clips of both models, found {a.shape} and {b.shape}")
    a_only, b_only = int((a & ~b).sum()), int((~a & b).sum())
    exact, mid_p = _binomial(a_only, b_only)
    return McNemar(a_only, b_only, int((a & b).sum()), int((~a & ~b).sum()), exact, mid_p)


def _binomial(a_only: int, b_only: int) -> tuple[float, float]:
    n, k = a_only + b_only, min(a_only, b_only)
    # Whole numbers, and one division at the end: exact for any number of clips, without SciPy.
    ways = below = 1
    for i in range(k):
        ways = ways * (n - i) // (i + 1)
        below += ways
    if a_only == b_only:  # its own mirror image; without any there is nothing to halve
        return 1.0, 1 - ways / 2 ** (n + 1) if n else 1.0
    return 2 * below / 2**n, (2 * below - ways) / 2**n


def holm(p: np.ndarray) -> np.ndarray:
    """Holm's adjusted p-values (Holm 1979, Scand J Stat 6:65-70).

    The i-th smallest of m is multiplied by m - i + 1; none is smaller than one before it, or
    above 1.

    Args:
        p: float array (M,), 0 to 1.

    Returns:
        float64 array (M,), in the order of `p`.

    Raises:
        ValueError: a value is not in 0 to 1.
    """
    p = np.asarray(p, np.float64)
    if not ((p >= 0) & (p <= 1)).all():
        raise ValueError("expected p-values of 0 to 1")
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(stepped, 1)
    return adjusted


def flip_test(differences: np.ndarray) -> float:
    """Two-sided p of a sum of paired differences, by flipping their signs.

    If the models were equals, each source video's difference would as well have had the other
    sign. With at most 12 that are not 0 all flips are counted; else 20,000 are drawn, always the
    same, and the p is (1 + as extreme) / (1 + drawn), for a drawn p must not be 0 (Phipson and
    Smyth 2010, Stat Appl Genet Mol Biol 9:39).

    Args:
        differences: int array (V,). One a source video; whole numbers, so that equals are equal.

    Returns:
        float, over 0 to 1; at least 2 / 2**n of n differences that are not 0, which five source
        videos cannot bring under 0.05.
    """
    of = np.asarray(differences, np.int64)
    # The largest first: the flips that are drawn then do not depend on the order of the films.
    sizes = np.sort(np.abs(of[of != 0]))[::-1]
    seen = abs(int(of.sum()))
    if len(sizes) <= ENUMERATED:
        sums = np.zeros(1, np.int64)
        for size in sizes:
            sums = np.concatenate([sums + size, sums - size])
        return float((np.abs(sums) >= seen).mean())
    # By Hoeffding (1963, J Am Stat Assoc 58:13-30, theorem 2) a flip as extreme has no more than
    # 2 exp(-seen**2 / (2 sum of squares)): where any of all is less likely than NEVER, none is.
    if seen**2 > 2 * float((sizes**2).sum()) * math.log(2 * FLIPS / NEVER):
        return 1 / (1 + FLIPS)
    # Sizes repeat, so that a flip's sum needs only how many coins of each size show heads; and
    # coins are counted where they lie, because all flips of many films are hundreds of megabytes.
    words, before = coins(FLIPS * len(sizes))
    starts = np.arange(FLIPS) * len(sizes)
    values, last = np.unique(-sizes, return_index=True)
    ends = [*last[1:].tolist(), len(sizes)]  # how many are at least as large as each value
    steps = np.diff(values, append=0).tolist()  # from each value down to the next
    first, kept = _heads(words, before, starts), np.zeros(FLIPS, np.int64)
    for end, step in zip(ends, steps, strict=True):
        kept += step * (_heads(words, before, starts + end) - first)
    extreme = int((np.abs(2 * kept - sizes.sum()) >= seen).sum())
    return (1 + extreme) / (1 + FLIPS)


def coins(count: int) -> tuple[np.ndarray, np.ndarray]:
    """The first draws of 0 or 1 of a stream that is always the same, `count` of them or more.

    Returns:
        uint64 array (W,), 64 draws a word, the first in its highest bit; int64 array (W,): how
        many ones there are before each word.
    """
    drawn = stream()
    with _LOCK:
        short = count // COINS + 1 - len(drawn.words) * 64 // COINS  # the end is in a word, too
        if short > 0:
            # What `randint(0, 2, dtype=np.int64)` draws: the last bit of each number.
            parts = (drawn.source.randint(0, 1 << 32, COINS, np.uint32) for _ in range(short))
            bits = (np.packbits(part.astype(np.uint8) & 1) for part in parts)
            more = (packed.view(">u8").astype(np.uint64) for packed in bits)
            drawn.words = np.concatenate([drawn.words, *more])
            ones = np.bitwise_count(drawn.words)
            drawn.before = np.cumsum(ones, dtype=np.int64) - ones
        return drawn.words, drawn.before


@dataclass
class Stream:
    """Where coins come from, and those that were drawn: of 1,250 source videos, 6 MB."""

    source: np.random.RandomState
    words: np.ndarray
    before: np.ndarray


@lru_cache(maxsize=1)
def stream() -> Stream:
    """The one stream, without a coin at first; only `coins` draws from it."""
    # RandomState, because its stream is frozen, see `bootstrap.bootstrap_weights`.
    return Stream(np.random.RandomState(0), np.zeros(0, np.uint64), np.zeros(0, np.int64))


def _heads(words: np.ndarray, before: np.ndarray, at: np.ndarray) -> np.ndarray:
    """How many ones there are among the first `at` draws, int64 (N,)."""
    word, bit = np.divmod(at, 64)
    part = words[word] >> np.uint64(1) >> (63 - bit).astype(np.uint64)  # no shift by 64
    return before[word] + np.bitwise_count(part)
