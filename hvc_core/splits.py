"""Protocols: which clip is trained on, validated on and tested in which fold.

Pure functions over an index's clips. May import: numpy, hvc_core.clips.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hvc_core.clips import Clip

HOLDOUT_GROUPS = (2, 6, 8, 20, 22)  # the test groups of `holdout`; no tuning ever sees them
PROTOCOLS = {
    "holdout": "Groups 2, 6, 8, 20 and 22 are the test set; the other groups train.",
    "tune": (
        "For choosing settings: the test groups of holdout are left out whole; of the other "
        "groups every fifth is predicted, the rest train."
    ),
}


class SplitError(ValueError):
    """A protocol or a fold that does not exist, or that these clips cannot fill."""


@dataclass(frozen=True)
class Fold:
    """Rows of the index, each int64 (n,), sorted; no source group is in two of them.

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
    return 1


def split(
    clips: Sequence[Clip],
    protocol: str,
    fold: int,
    seed: int,
    twins: Sequence[tuple[int, int]] = (),
) -> Fold:
    """Splits clips by group: train, validation, test.

    Args:
        clips: the index's clips, in its order.
        protocol: str. One of PROTOCOLS.
        fold: int. 0 to folds(protocol) - 1.
        seed: int. Chooses which fifth of the training groups validates.
        twins: pairs of rows of near-identical clips. A training or validation clip whose twin
            is in the test set is left out.

    Raises:
        SplitError: no such protocol or fold, or a part is left empty.
    """
    if not 0 <= fold < folds(protocol):
        raise SplitError(f"protocol {protocol!r} has no fold {fold}")
    groups = np.array([clip.group for clip in clips])
    rest = sorted(set(groups.tolist()) - set(HOLDOUT_GROUPS))
    if protocol == "tune":
        tested = set(rest[0::5])  # the same for every trial and every model
        rest = [g for g in rest if g not in tested]
    else:
        tested = set(HOLDOUT_GROUPS)
    validated = set(rest[(seed + 2) % 5 :: 5])
    test = np.flatnonzero(np.isin(groups, list(tested)))
    banned = _twins_of(set(test.tolist()), twins)
    keep = np.array([row not in banned for row in range(len(clips))])
    validation = np.flatnonzero(np.isin(groups, list(validated)) & keep)
    train = np.flatnonzero(np.isin(groups, [g for g in rest if g not in validated]) & keep)
    for name, rows in (("train", train), ("validation", validation), ("test", test)):
        if not len(rows):
            raise SplitError(
                f"protocol {protocol!r} leaves no clip to {name}: the data has only groups "
                f"{sorted(set(groups.tolist()))}; UCF50 has 1 to 25"
            )
    return Fold(train, validation, test)


def _twins_of(rows: set[int], twins: Sequence[tuple[int, int]]) -> set[int]:
    """Clips outside `rows` that are near-identical to one inside."""
    found = {b for a, b in twins if a in rows} | {a for a, b in twins if b in rows}
    return found - rows


def near_identical(
    thumbnails: np.ndarray, clips: Sequence[Clip], distance: float = 8.0
) -> list[tuple[int, int, float]]:
    """Pairs of clips of one class and different groups whose frames are nearly the same.

    A first audit: mean absolute difference of small gray frames, aligned in time. It finds
    copies and re-encodings, not copies that are cut or shifted in time.

    Args:
        thumbnails: uint8 array (clips, frames, h, w), gray.
        clips: the index's clips, in the same order.
        distance: float, in gray levels of 0 to 255. Pairs nearer than this are returned.

    Returns:
        list of (row, row, distance), rows ascending.
    """
    flat = thumbnails.reshape(len(clips), -1).astype(np.float32)
    found = []
    for class_name in sorted({clip.class_name for clip in clips}):
        rows = [r for r, clip in enumerate(clips) if clip.class_name == class_name]
        for at, a in enumerate(rows):
            others = [b for b in rows[at + 1 :] if clips[b].group != clips[a].group]
            if others:
                gaps = np.abs(flat[others] - flat[a]).mean(axis=1)
                found += [(a, others[i], float(gaps[i])) for i in np.flatnonzero(gaps < distance)]
    return found
