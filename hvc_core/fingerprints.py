"""A study's clips as perceptual hashes, to tell whether a clip is nearly one of them.

A hash is 64 bits of a frame: enough to find the frame again, and no picture can be made of it.
May import: numpy, pandas, pyarrow, hvc_core.audit, .clips, .storage.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from hvc_core.audit import SHARE, Hashes, hash_frames, similarity
from hvc_core.clips import Clip
from hvc_core.storage import StudyError, write_atomic

FILE = "fingerprints.parquet"
ADVICE = "Make it again with `python -m training audit DATA --study DIR`."
_COLUMNS = {
    "clip": pa.string(),
    "class": pa.string(),
    "group": pa.int64(),
    "hashes": pa.list_(pa.uint64()),
    "plain": pa.list_(pa.bool_()),
}


@dataclass(frozen=True)
class Fingerprints:
    """The hashes of N clips of T frames each.

    Attributes:
        clips: tuple of N names.
        classes: tuple of N classes.
        groups: int64 array (N,).
        hashes: uint64 array (N, T).
        plain: bool array (N, T). Frames too plain to have a hash.
    """

    clips: tuple[str, ...]
    classes: tuple[str, ...]
    groups: np.ndarray
    hashes: np.ndarray
    plain: np.ndarray


@dataclass(frozen=True)
class Twin:
    """The clip of a study that another is nearest to.

    Attributes:
        clip: str. Its name.
        class_name: str.
        group: int.
        similarity: float, 0 to 1. As in the audit.
    """

    clip: str
    class_name: str
    group: int
    similarity: float

    @property
    def near_identical(self) -> bool:
        """Whether the audit would call the two one film."""
        return self.similarity >= SHARE


def write(folder: Path, clips: Sequence[Clip], of: Hashes) -> None:
    """Writes a study's fingerprints, atomically.

    Args:
        folder: Path. The study.
        clips: N clips.
        of: from `audit.hashed`, in the same order.
    """
    columns = (
        [clip.name for clip in clips],
        [clip.class_name for clip in clips],
        [clip.group for clip in clips],
        of[0].tolist(),
        of[1].tolist(),
    )
    arrays = [pa.array(v, t) for v, t in zip(columns, _COLUMNS.values(), strict=True)]
    table = pa.table(dict(zip(_COLUMNS, arrays, strict=True)))
    write_atomic(
        Path(folder) / FILE, lambda temporary: pq.write_table(table, temporary, compression="zstd")
    )


def read(folder: Path) -> Fingerprints | None:
    """A study's fingerprints; None where it has none.

    Raises:
        StudyError: the file is there and is not what it should be.
    """
    file = Path(folder) / FILE
    if not file.is_file():
        return None
    try:
        with pq.ParquetFile(file) as opened:
            table = opened.read(columns=list(_COLUMNS)).cast(pa.schema(_COLUMNS))
        found = table.to_pydict()
        hashes = np.array(found["hashes"], np.uint64)
        plain = np.array(found["plain"], bool)
    except (OSError, ValueError, TypeError, pa.ArrowException) as error:
        said = str(error).splitlines()[0]
        raise StudyError(file, None, f"cannot be read ({said})", ADVICE) from error
    if hashes.ndim != 2 or hashes.shape != plain.shape:
        raise StudyError(file, "hashes", "are not as many for each clip", ADVICE)
    return Fingerprints(
        tuple(found["clip"]),
        tuple(found["class"]),
        np.array(found["group"], np.int64),
        hashes,
        plain,
    )


def near(frames: np.ndarray, of: Fingerprints) -> list[Twin]:
    """The clips of a study that a clip is nearly one of, or holds, the nearest first.

    Args:
        frames: uint8 array (T, 64, 64, 3), RGB: the middles of T equal stretches.
        of: Fingerprints of one clip or more.
    """
    shares = similarity(*hash_frames(frames), of.hashes, of.plain)
    order = np.argsort(-shares, kind="stable")
    found = (
        Twin(of.clips[at], of.classes[at], int(of.groups[at]), float(shares[at])) for at in order
    )
    return list(itertools.takewhile(lambda twin: twin.near_identical, found))
