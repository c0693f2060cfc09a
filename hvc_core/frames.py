"""The cache of decoded frames: every clip of a data folder decoded once, memory-mapped after.

One folder per (fingerprint, size, frames), so two data sets never mix; safe to delete at any
time; bounded, the least recently used folder goes first. May import: the standard library,
numpy, hvc_core.video.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Sequence, Set
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

from hvc_core import video
from hvc_core.clips import Index

PHASES = 3  # frames kept around each of the 20, so that training can shift a clip in time
LIMIT_BYTES = 60 * 2**30  # UCF50 whole at 120 x 160 and 64 x 64 with PHASES 3 needs 27 GiB
STALE_SECONDS = 3600  # an unfinished folder that nobody wrote to for so long was left by a kill
OURS = ("frames-*", "features-*")  # nothing else in the cache's folder is ever deleted


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
    kept = video.FRAMES * PHASES
    folder = {s: root() / f"frames-{index.fingerprint[:16]}-{s[0]}x{s[1]}x{kept}" for s in sizes}
    missing = [s for s in sizes if not (folder[s] / "frames.npy").exists()]
    if missing:
        _fill(index, {s: folder[s] for s in missing}, progress)
    for s in sizes:
        os.utime(folder[s])
    trim(root(), keep=set(folder.values()))
    return {s: np.load(folder[s] / "frames.npy", mmap_mode="r") for s in sizes}


def clean(frames: np.ndarray) -> np.ndarray:
    """The frames that `video.sample` gives for single clips: (clips, FRAMES, height, width, 3)."""
    return frames[:, PHASES // 2 :: PHASES]


def trim(cache: Path, keep: Set[Path] = frozenset(), limit: int = LIMIT_BYTES) -> list[Path]:
    """Deletes the least recently used folders until the cache fits, and what kills left behind.

    Args:
        cache: Path. Folders in it that are not the cache's own are left alone.
        keep: Paths. Folders that stay, however large.
        limit: int, bytes. Of all folders together.

    Returns:
        list of Path. The folders deleted.
    """
    found = []
    for folder in (f for pattern in OURS for f in cache.glob(pattern) if f.is_dir()):
        used, changed = _size_and_time(folder)
        found.append((changed, used, folder))
    total, gone = 0, []
    for changed, used, folder in sorted(found, reverse=True):
        if folder.suffix == ".tmp":  # being made by another process, unless that was killed
            unwanted = time.time() - changed > STALE_SECONDS
        else:
            total += used
            unwanted = total > limit and folder not in keep
        if unwanted:
            discard(folder)
            gone.append(folder)
    return gone


def discard(folder: Path) -> None:
    """Deletes a folder of the cache: whole, or not at all, for those who look for it."""
    if not folder.exists():
        return
    doomed = folder
    if folder.suffix != ".tmp":  # a folder that lost one of two files would look like another
        doomed = _new_part(folder)
        with contextlib.suppress(OSError):  # another process was faster
            os.replace(folder, doomed)
    shutil.rmtree(doomed, ignore_errors=True)


def _new_part(folder: Path) -> Path:
    """An empty folder beside `folder` for what is not finished; no two processes get the same."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=f"{folder.name}.", suffix=".tmp", dir=folder.parent))
    part.chmod(0o755)  # mkdtemp lets only its owner in
    return part


def _size_and_time(folder: Path) -> tuple[int, float]:
    """Bytes, and when it was last used or written to (s); others may delete files meanwhile."""
    used, changed = 0, 0.0
    for path in (folder, *folder.rglob("*")):
        with contextlib.suppress(OSError):
            stat = path.stat()
            used += stat.st_size if path.is_file() else 0
            # The files of a finished folder are as old as its making; its own time is its use.
            if path == folder or folder.suffix == ".tmp":
                changed = max(changed, stat.st_mtime)
    return used, changed


def _fill(
    index: Index, folders: dict[tuple[int, int], Path], progress: Callable[[int, int], None]
) -> None:
    """Decodes all clips into new folders that appear only when whole."""
    total, count = len(index.clips), video.FRAMES * PHASES
    parts = {s: _new_part(f) for s, f in folders.items()}
    arrays = {}
    for (height, width), part in parts.items():
        arrays[height, width] = np.lib.format.open_memmap(
            part / "frames.npy", "w+", np.uint8, (total, count, height, width, 3)
        )
    sizes = list(folders)
    # Not forked: the process may have a framework's threads, and a fork copies locks they hold.
    spawned = multiprocessing.get_context("spawn")
    workers = min(os.cpu_count() or 1, total)
    pool = ProcessPoolExecutor(workers, mp_context=spawned, initializer=_leave_with_parent)
    try:
        jobs = pool.map(_decode, ((clip.path, sizes, count) for clip in index.clips), chunksize=8)
        for row, images in enumerate(jobs):
            for s in sizes:
                arrays[s][row] = images[s]
                os.utime(parts[s])  # not stale
            progress(row + 1, total)
        for s, part in parts.items():
            arrays[s].flush()
            _appear(part, folders[s])
    finally:
        pool.shutdown(cancel_futures=True)
        for part in parts.values():
            shutil.rmtree(part, ignore_errors=True)


def _appear(part: Path, folder: Path) -> None:
    """Puts a finished folder in its place, unless another process was faster."""
    done = folder / "frames.npy"
    if done.exists():
        return
    discard(folder)  # it lost its frames
    try:
        os.replace(part, folder)
    except OSError:
        if not done.exists():
            raise


def _leave_with_parent() -> None:
    """Ends a worker when the process that decodes is killed, which a worker would not notice."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all; the parent stops the work
    parent = multiprocessing.parent_process()

    def watch() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _decode(job: tuple[Path, list[tuple[int, int]], int]) -> dict[tuple[int, int], np.ndarray]:
    path, sizes, count = job
    try:
        return video.sample(path, sizes, count).images
    except video.VideoError as error:
        raise video.VideoError(f"{path}: {error}") from None
