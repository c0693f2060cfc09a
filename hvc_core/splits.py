"""Protocols: which clip is trained on, validated on and tested in which fold.

Pure functions over an index's clips. May import: numpy, hvc_core.clips.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from hvc_core.clips import Clip

HOLDOUT_GROUPS = (2, 6, 8, 20, 22)  # the test groups of `holdout`; no tuning ever sees them
PROTOCOLS = {
    "holdout": "Groups 2, 6, 8, 20 and 22 are the test set; the other groups train.",
    "group5": (
        "Five folds: the test set of each is five groups, its first that of holdout; every clip "
        "is predicted once, by a model that saw no clip of its group."
    ),
    "logo25": "Leave one group out, UCF50's own protocol: 25 folds, the test set of each a group.",
    "random": (
        "The seed study's way: a quarter of all clips at random is the test set, so that nearly "
        "every test clip has siblings of its group in training. Shown to expose what that hides."
    ),
    "tune": (
        "For choosing settings: the test groups of holdout are left out whole; of the other "
        "groups every fifth is predicted, the rest train."
    ),
}
FOLDS = {"group5": 5, "logo25": 25}  # the others have one
SAME = {("holdout", 0): ("group5", 0), ("group5", 0): ("holdout", 0)}  # the same parts, any seed
GROUPED = frozenset(PROTOCOLS) - {"random"}  # no group in two parts, no twin of a test clip trains

Named = TypeVar("Named", int, str)  # a clip, by its row or its name


class SplitError(ValueError):
    """A protocol or a fold that does not exist, or that these clips cannot fill."""


@dataclass(frozen=True)
class Fold:
    """Rows of the index, each int64 (n,), sorted.

    But for `random`, no source group is in two of them.

    Attributes:
        train: clips that weights are fitted to.
        validation: clips of training groups, for early stopping only.
        test: clips that are predicted and scored.
    """

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray


def folds(protocol: str) -> int:
    """The number of folds of a protocol.

    Raises:
        SplitError: no such protocol.
    """
    if protocol not in PROTOCOLS:
        raise SplitError(f"no protocol {protocol!r}; there are {', '.join(PROTOCOLS)}")
    return FOLDS.get(protocol, 1)


def split(
    clips: Sequence[Clip],
    protocol: str,
    fold: int,
    seed: int,
    twins: Sequence[tuple[int, int]] = (),
) -> Fold:
    """Splits clips: train, validation, test.

    Args:
        clips: the index's clips, in its order.
        protocol: str. One of PROTOCOLS.
        fold: int. 0 to folds(protocol) - 1.
        seed: int. Chooses which fifth of the training groups validates; in `random`, the clips of
            all three parts.
        twins: pairs of rows of near-identical clips. A training or validation clip whose twin
            is in the test set is left out, but for `random`.

    Raises:
        SplitError: no such protocol or fold, or a part is left empty.
    """
    if not 0 <= fold < folds(protocol):
        raise SplitError(f"protocol {protocol!r} has no fold {fold}")
    if protocol == "random":
        parts = _at_random(len(clips), seed)
    else:
        parts = _by_group(np.array([clip.group for clip in clips]), protocol, fold, seed)
        banned = sorted(twins_of(set(parts.test.tolist()), twins))
        parts = Fold(
            np.setdiff1d(parts.train, banned), np.setdiff1d(parts.validation, banned), parts.test
        )
    for name in ("train", "validation", "test"):
        if not len(getattr(parts, name)):
            groups = sorted({clip.group for clip in clips})
            raise SplitError(
                f"protocol {protocol!r} leaves no clip to {name}: the data has {len(clips)} clips "
                f"of groups {groups}; UCF50 has 1 to 25"
            )
    return parts


def twins_of(inside: set[Named], twins: Sequence[tuple[Named, Named]]) -> set[Named]:
    """Clips, as rows or as names, that are near-identical to one of `inside` and not of it.

    Example:
        >>> twins_of({1, 2}, [(1, 2), (3, 2), (3, 4)])
        {3}
    """
    found = {b for a, b in twins if a in inside} | {a for a, b in twins if b in inside}
    return found - inside


def _by_group(groups: np.ndarray, protocol: str, fold: int, seed: int) -> Fold:
    rest = sorted(set(groups.tolist()) - set(HOLDOUT_GROUPS))
    if protocol == "logo25":
        everyone = sorted(set(groups.tolist()))
        tested = {fold + 1}
        rest = [g for g in everyone if g not in tested]
    elif protocol == "tune":
        tested = set(rest[0::5])  # the same for every trial and every model
        rest = [g for g in rest if g not in tested]
    elif fold == 0:  # holdout, or the fold of group5 that is the same
        tested = set(HOLDOUT_GROUPS)
    else:
        tested = set(rest[fold - 1 :: 4])
        rest = sorted(set(groups.tolist()) - tested)
    validated = set(rest[(seed + 2) % 5 :: 5])
    trained = set(rest) - validated
    return Fold(*(np.flatnonzero(np.isin(groups, [*of])) for of in (trained, validated, tested)))


def _at_random(clips: int, seed: int) -> Fold:
    """scikit-learn's `train_test_split(test_size=0.25, random_state=seed)`, as the seed study's
    source calls it; then Keras's `validation_split=0.2`, which takes the last fifth."""
    order = np.random.RandomState(seed).permutation(clips)
    tested = math.ceil(clips / 4)
    trained = tested + int((clips - tested) * 0.8)
    parts = order[tested:trained], order[trained:], order[:tested]
    return Fold(*(np.sort(rows).astype(np.int64) for rows in parts))
