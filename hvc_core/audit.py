"""The leakage audit: clips of different source videos that show the same film.

Frames are compared by perceptual hash, so a copy that is cut elsewhere, encoded again or shifted
in time is found too. Pure functions of frames, but for the bytes of files. May import: numpy,
imagehash, PIL, hvc_core.clips.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import imagehash
import numpy as np
from PIL import Image

from hvc_core.clips import Clip, file_digest

# Two frames show the same when their hashes differ in so few of 64 bits, and two clips are
# near-identical when that holds for so much of one of them. On UCF50's 15 classes of the shipped
# study shares of 0.3 and 0.4 give the same pairs and 0.2 five more, none of two classes;
# with 10 bits for 8 pairs of two classes appear.
BITS = 8
SHARE = 0.3
# A frame with less contrast (standard deviation of its gray levels) has a hash of noise alone.
CONTRAST = 3.0
# Of the frames that are hashed, whichever models train: all must leave out the same clips
SIZE = (64, 64)
METHOD = (
    f"Perceptual hashes (imagehash.phash, 64 bits) of 20 frames of each clip; a pair is "
    f"near-identical when at least {SHARE:.0%} of one clip's frames differ from some frame of the "
    f"other in at most {BITS} bits."
)


Hashes = tuple[np.ndarray, np.ndarray]  # uint64 (clips, T), bool (clips, T): too plain to have one


@dataclass(frozen=True)
class Pair:
    """Two clips of different source videos that are near-identical.

    Attributes:
        a, b: int. Rows of the index, a < b.
        similarity: float, 0 to 1. The share of one clip's frames that the other shows too; the
            larger of both ways.
        identical: bool. Whether their files are the same, byte for byte.
    """

    a: int
    b: int
    similarity: float
    identical: bool


def hashed(
    frames: np.ndarray, progress: Callable[[int, int], None] = lambda done, total: None
) -> Hashes:
    """Perceptual hashes of every clip's frames: all that `pairs` looks at.

    Args:
        frames: uint8 array (clips, T, H, W, 3), RGB.
        progress: called with (clips hashed, clips in all).

    Returns:
        (uint64 (clips, T), bool (clips, T)), see `hash_frames`.
    """
    hashes, plain = np.zeros(frames.shape[:2], np.uint64), np.zeros(frames.shape[:2], bool)
    for row, images in enumerate(frames):
        hashes[row], plain[row] = hash_frames(images)
        progress(row + 1, len(frames))
    return hashes, plain


def pairs(clips: Sequence[Clip], of: Hashes) -> list[Pair]:
    """Finds the near-identical clips of different source videos (of another group or class).

    Args:
        clips: the index's clips.
        of: from `hashed`, in the same order.

    Returns:
        list of Pair, by rows.
    """
    hashes, plain = of
    source = np.unique([f"{c.class_name} {c.group}" for c in clips], return_inverse=True)[1]
    copies = _copies(clips)
    found = []
    for a in range(len(clips)):
        shares = similarity(hashes[a], plain[a], hashes[a + 1 :], plain[a + 1 :])
        for b in range(a + 1, len(clips)):
            share, same = float(shares[b - a - 1]), (a, b) in copies
            if source[a] != source[b] and (share >= SHARE or same):
                found.append(Pair(a, b, 1.0 if same else share, same))
    return found


def describe(clips: Sequence[Clip], found: Sequence[Pair]) -> dict[str, Any]:
    """The audit as a study keeps it: `audit.json`.

    Returns:
        dict. schema_version, method, clips (count), pairs: list of {a, b (clips' names),
        similarity, identical}.
    """
    return {
        "schema_version": 1,
        "method": METHOD,
        "clips": len(clips),
        "pairs": [
            {
                "a": clips[pair.a].name,
                "b": clips[pair.b].name,
                "similarity": round(pair.similarity, 4),
                "identical": pair.identical,
            }
            for pair in found
        ],
    }


def hash_frames(frames: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Perceptual hashes of a clip's frames.

    Args:
        frames: uint8 array (T, H, W, 3), RGB.

    Returns:
        (uint64 (T,), bool (T,)): the hashes, and which frames are too plain to have one.
    """
    images = [Image.fromarray(frame).convert("L") for frame in frames]
    bits = np.stack([imagehash.phash(image).hash.ravel() for image in images])  # (T, 64)
    plain = np.array([np.asarray(image).std() < CONTRAST for image in images])
    return np.packbits(bits, axis=1).view(np.uint64)[:, 0], plain


def similarity(
    hashes: np.ndarray, plain: np.ndarray, others: np.ndarray, others_plain: np.ndarray
) -> np.ndarray:
    """How much of a clip others show, or of them it shows, whichever is more.

    Args:
        hashes, plain: uint64 (T,), bool (T,). Of one clip, by `hash_frames`.
        others, others_plain: uint64 (N, T), bool (N, T). Of the others.

    Returns:
        float array (N,), 0 to 1.
    """
    near = np.bitwise_count(hashes[None, :, None] ^ others[:, None, :]) <= BITS  # (N, T, T)
    near &= ~plain[None, :, None] & ~others_plain[:, None, :]
    return np.maximum(near.any(axis=2).mean(axis=1), near.any(axis=1).mean(axis=1))


def _copies(clips: Sequence[Clip]) -> set[tuple[int, int]]:
    """Pairs of rows whose files hold the same bytes."""
    sizes: dict[int, list[int]] = defaultdict(list)
    for row, clip in enumerate(clips):
        sizes[clip.path.stat().st_size].append(row)
    digests: dict[str, list[int]] = defaultdict(list)
    for rows in sizes.values():
        for row in rows if len(rows) > 1 else ():
            digests[file_digest(clips[row].path)].append(row)
    return {(a, b) for rows in digests.values() for a in rows for b in rows if a < b}
