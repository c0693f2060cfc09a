"""The cache of decoded frames: right rows, nothing mixed, nothing half-made, bounded.

May import: numpy, pytest, hvc_core.clips, .frames, .video, tests.support.data.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from hvc_core import clips, frames, video
from tests.support import data

SIZES = [(12, 16), (20, 10)]
ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return data.make(tmp_path_factory.mktemp("data"), groups=(1, 2, 3))


@pytest.fixture(scope="module")
def index(folder):
    return clips.index(folder)


@pytest.fixture(scope="module")
def filled(index, tmp_path_factory):
    """A cache that holds the index in all SIZES, to be copied rather than changed."""
    cache = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HVC_CACHE", str(cache))
        frames.load(index, SIZES)
    return cache


@pytest.fixture
def cache(filled, tmp_path, monkeypatch):
    """A full cache of the test's own."""
    copy = shutil.copytree(filled, tmp_path / "cache")
    monkeypatch.setenv("HVC_CACHE", str(copy))
    return copy


@pytest.fixture
def empty(tmp_path, monkeypatch):
    monkeypatch.setenv("HVC_CACHE", str(tmp_path / "empty"))
    return tmp_path / "empty"


def refuse(*args):
    raise AssertionError("nothing is to be decoded here")


def test_row_i_is_clip_i_and_the_middle_phase_is_what_sample_gives(index, cache, monkeypatch):
    monkeypatch.setattr(frames, "_fill", refuse)
    found = frames.load(index, SIZES)
    assert list(found) == SIZES
    assert len({c.name for c in index.clips}) == 9
    for row, clip in enumerate(index.clips):
        one = video.sample(clip.path, SIZES)
        for size in SIZES:
            middle = found[size][row][frames.PHASES // 2 :: frames.PHASES]
            np.testing.assert_array_equal(middle, one.images[size])
    array = found[SIZES[0]]
    assert array.shape == (9, 60, 12, 16, 3)
    assert array.dtype == np.uint8
    assert isinstance(array, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        array[0] = 0


def test_only_the_size_that_is_missing_is_decoded(index, cache):
    kept = next(cache.glob("*-12x16x*")) / "frames.npy"
    before = kept.stat().st_mtime_ns
    shutil.rmtree(next(cache.glob("*-20x10x*")))
    told = []
    found = frames.load(index, SIZES, lambda done, total: told.append((done, total)))
    assert told == [(n, 9) for n in range(1, 10)]
    assert kept.stat().st_mtime_ns == before
    assert found[20, 10].shape == (9, 60, 20, 10, 3)


@pytest.mark.parametrize("what", ["a size's folder", "a file", "everything"])
def test_it_is_safe_to_delete(index, cache, what):
    held = frames.load(index, SIZES)[12, 16]
    expected = np.array(held)
    if what == "everything":
        shutil.rmtree(cache)
    elif what == "a file":
        (next(cache.glob("*-12x16x*")) / "frames.npy").unlink()
    else:
        shutil.rmtree(next(cache.glob("*-12x16x*")))
    np.testing.assert_array_equal(held, expected)  # who has it open keeps it
    np.testing.assert_array_equal(frames.load(index, SIZES)[12, 16], expected)
    assert not list(cache.glob("*.tmp"))


def test_two_data_sets_never_mix(index, cache, tmp_path):
    """Same names, other clips: another fingerprint, so another folder; the first stays."""
    other = data.make(tmp_path / "other", groups=(1, 2, 3))
    first = index.clips[0].path
    second = index.clips[1].path
    shutil.copy(second, other / first.parent.name / first.name)
    changed = clips.index(other)
    assert [c.name for c in changed.clips] == [c.name for c in index.clips]
    theirs = frames.load(changed, SIZES[:1])[SIZES[0]]
    ours = frames.load(index, SIZES[:1])[SIZES[0]]
    np.testing.assert_array_equal(theirs[0], ours[1])
    assert (theirs[0] != ours[0]).any()
    assert len(list(cache.glob("frames-*-12x16x*"))) == 2


def test_a_clip_that_no_longer_decodes_is_named_and_leaves_nothing(index, empty, tmp_path):
    bad = tmp_path / "v_Punch_g09_c01.mp4"
    bad.write_bytes(index.clips[0].path.read_bytes()[:200])
    broken = clips.Index((*index.clips[:2], clips.parse_name(bad)), index.classes, (), (), "f" * 64)
    with pytest.raises(video.VideoError, match="v_Punch_g09_c01.mp4: "):
        frames.load(broken, SIZES[:1])
    assert not list(empty.iterdir())


def test_an_interrupted_filling_leaves_nothing(index, empty):
    def interrupt(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        frames.load(index, SIZES[:1], interrupt)
    assert not list(empty.iterdir())


def test_killed_half_way_nothing_half_made_is_used(index, folder, empty):
    """kill -9 while clips are decoded: workers end too, and the next call begins anew."""
    code = (
        "import multiprocessing, os, signal, sys\n"
        "from pathlib import Path\n"
        "from hvc_core import clips, frames\n"
        "def kill(done, total):\n"
        "    if done == 2:\n"
        "        print(*(p.pid for p in multiprocessing.active_children()), flush=True)\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "frames.load(clips.index(Path(sys.argv[1])), [(12, 16)], kill)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert done.returncode == -9
    workers = [int(word) for word in done.stdout.split()]
    assert workers
    assert _gone(workers), "workers outlived the process that was killed"
    (left,) = empty.iterdir()
    assert left.suffix == ".tmp"
    array = frames.load(index, [(12, 16)])[12, 16]
    np.testing.assert_array_equal(array[0][1::3], video.sample(index.clips[0].path, [(12, 16)])
                                  .images[12, 16])  # fmt: skip
    assert left.exists()  # for all that anybody knows, it is still being written
    long_ago = time.time() - 2 * frames.STALE_SECONDS
    for path in (left / "frames.npy", left):
        os.utime(path, (long_ago, long_ago))
    frames.load(index, [(12, 16)])
    assert [f.suffix for f in empty.iterdir()] == [""]


def _gone(pids: list[int]) -> bool:
    """Whether all these processes end; waits up to a minute, for a busy machine."""
    for _ in range(600):
        if not any(_runs(pid) for pid in pids):
            return True
        time.sleep(0.1)
    return False


def _runs(pid: int) -> bool:
    """Whether a process runs; one that ended and was not waited for does not."""
    stat = Path(f"/proc/{pid}/stat")
    if Path("/proc/self/stat").exists():
        try:
            return stat.read_text().rpartition(") ")[2][0] != "Z"
        except OSError:
            return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


# -- bounded ---------------------------------------------------------------------------------------


def made(cache: Path, name: str, size: int, age: float) -> Path:
    """A folder of the cache, `size` bytes large, last used `age` seconds ago."""
    folder = cache / name
    folder.mkdir(parents=True)
    (folder / "frames.npy").write_bytes(bytes(size))
    for path in (folder / "frames.npy", folder):
        os.utime(path, (time.time() - age,) * 2)
    return folder


def test_the_least_recently_used_goes_first(tmp_path):
    oldest = made(tmp_path, "frames-a-1x1", 400, age=3000)
    middle = made(tmp_path, "features-b", 400, age=2000)
    newest = made(tmp_path, "frames-c-1x1", 400, age=1000)
    assert frames.trim(tmp_path, limit=1200) == []
    os.utime(oldest)  # used again
    assert frames.trim(tmp_path, limit=1000) == [middle]
    assert {f.name for f in tmp_path.iterdir()} == {oldest.name, newest.name}
    assert frames.trim(tmp_path, limit=0) == [oldest, newest]
    assert not list(tmp_path.iterdir())


def test_what_is_in_use_stays_however_large(tmp_path):
    used = made(tmp_path, "frames-a-1x1", 900, age=3000)
    other = made(tmp_path, "frames-b-1x1", 10, age=1)
    assert frames.trim(tmp_path, keep={used}, limit=100) == []  # the newer one fits by itself
    assert frames.trim(tmp_path, keep={used}, limit=5) == [other]
    assert used.exists()


def test_what_is_not_the_caches_own_is_never_deleted(tmp_path):
    """Somebody may point HVC_CACHE at a folder that holds other things."""
    mine = made(tmp_path, "thesis", 900, age=1e6)
    (tmp_path / "frames-notes.txt").write_text("a file, not a folder")
    assert frames.trim(tmp_path, limit=1) == []
    assert (mine / "frames.npy").exists()
    assert (tmp_path / "frames-notes.txt").exists()


def test_what_another_process_is_making_stays_unless_it_is_stale(tmp_path):
    young = made(tmp_path, "frames-a-1x1.x.tmp", 900, age=10)
    stale = made(tmp_path, "frames-b-1x1.y.tmp", 900, age=2 * frames.STALE_SECONDS)
    busy = made(tmp_path, "frames-c-1x1.z.tmp", 900, age=2 * frames.STALE_SECONDS)
    os.utime(busy / "frames.npy")
    assert frames.trim(tmp_path, limit=1) == [stale]
    assert young.exists()
    assert busy.exists()


def test_load_trims_but_keeps_what_it_returns(index, cache, monkeypatch):
    old = made(cache, "frames-old-1x1", 10, age=1e6)
    monkeypatch.setattr(frames, "trim", lambda c, keep, trim=frames.trim: trim(c, keep, limit=0))
    found = frames.load(index, SIZES)
    assert not old.exists()
    assert all(array.shape[0] == 9 for array in found.values())
    assert len(list(cache.iterdir())) == 2


def test_where_the_cache_is(monkeypatch, tmp_path):
    monkeypatch.setenv("HVC_CACHE", str(tmp_path))
    assert frames.root() == tmp_path
    monkeypatch.delenv("HVC_CACHE")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert frames.root() == tmp_path / "home" / ".cache" / "hvc"
