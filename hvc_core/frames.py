"""The cache of decoded frames: every clip of a data folder decoded once, memory-mapped after.

One folder per (fingerprint, size, frames), so two data sets never mix; safe to delete at any
time; bounded, the least recently used folder goes first. May import: numpy, hvc_core.video.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

from hvc_core import video
from hvc_core.clips import Index

PHASES = 3  # frames kept around each of the 20, so that training can shift a clip in time
LIMIT_BYTES = 60 * 2**30  # UCF50 whole at 120 x 160 and 64 x 64 with PHASES 3 needs 27 GiB


def root() -> Path:
    """`$HVC_CACHE`, else `~/.cache/hvc`."""
    return Path(os.environ.get("HVC_CACHE") or Path.home() / ".cache" / "hvc")


def load(
    index: Index,
    sizes: Sequence[tuple[int, int]],
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> dict[tuple[int, int], np.ndarray]:
    """Gives the frames of every clip in every size, decoding only what is not cached.

    Args:
        index: Index. The clips; row i of each array is index.clips[i].
        sizes: (height, width) pairs.
        progress: called with (clips done, clips in all) while decoding.

    Returns:
        dict. (height, width) -> read-only memory-mapped uint8 array
        (clips, FRAMES * PHASES, height, width, 3), RGB. Frames PHASES // 2 :: PHASES are the
        ones that `video.sample` gives for a single clip.

    Raises:
        VideoError: a clip of the index no longer decodes.
    """
    folder = {s: root() / f"frames-{index.fingerprint[:16]}-{s[0]}x{s[1]}" for s in sizes}
    missing = [s for s in sizes if not (folder[s] / "frames.npy").exists()]
    if missing:
        _fill(index, {s: folder[s] for s in missing}, progress)
    for s in sizes:
        os.utime(folder[s])
    trim(root(), keep=set(folder.values()))
    return {s: np.load(folder[s] / "frames.npy", mmap_mode="r") for s in sizes}


def trim(cache: Path, keep: set[Path] = frozenset(), limit: int = LIMIT_BYTES) -> list[Path]:  # type: ignore[assignment]
    """Deletes the least recently used folders until the cache fits; returns those deleted."""
    folders = sorted(
        (f for f in cache.iterdir() if f.is_dir()), key=lambda f: f.stat().st_mtime, reverse=True
    )
    used, gone = 0, []
    for folder in folders:
        used += sum(f.stat().st_size for f in folder.rglob("*") if f.is_file())
        if used > limit and folder not in keep:
            shutil.rmtree(folder)
            gone.append(folder)
    return gone


def _fill(
    index: Index, folders: dict[tuple[int, int], Path], progress: Callable[[int, int], None]
) -> None:
    """Decodes all clips into new folders that appear only when whole."""
    total, count = len(index.clips), video.FRAMES * PHASES
    parts = {s: f.with_name(f"{f.name}.{os.getpid()}.tmp") for s, f in folders.items()}
    arrays = {}
    for (height, width), part in parts.items():
        part.mkdir(parents=True, exist_ok=True)
        arrays[height, width] = np.lib.format.open_memmap(
            part / "frames.npy", "w+", np.uint8, (total, count, height, width, 3)
        )
    sizes = list(folders)
    try:
        with ProcessPoolExecutor(os.cpu_count()) as pool:
            jobs = pool.map(
                _decode, ((clip.path, sizes, count) for clip in index.clips), chunksize=8
            )
            for row, images in enumerate(jobs):
                for s in sizes:
                    arrays[s][row] = images[s]
                progress(row + 1, total)
        for s, part in parts.items():
            arrays[s].flush()
            if not folders[s].exists():  # another process may have been faster
                os.replace(part, folders[s])
    finally:
        for part in parts.values():
            shutil.rmtree(part, ignore_errors=True)


def _decode(job: tuple[Path, list[tuple[int, int]], int]) -> dict[tuple[int, int], np.ndarray]:
    path, sizes, count = job
    try:
        return video.sample(path, sizes, count).images
    except video.VideoError as error:
        raise video.VideoError(f"{path}: {error}") from None
