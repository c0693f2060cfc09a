"""The study that a server shows from the Hub: always something, at once, and never a long wait.

What an address means is asked in the background; while that lasts, and where it fails, what an
earlier answer left is taken. May import: the standard library, huggingface_hub, .address, .fetch,
hvc_core.storage.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from hvc_core.hub import fetch
from hvc_core.hub.address import Address
from hvc_core.storage import StudyError, write_atomic

PATIENCE_S, WITH_OLDER_S = 6.0, 1.0  # the first visitor's, once; where there is something to show
FRESH_S, RETRY_S = 600.0, 120.0  # when a branch or tag is asked about again, and after a failure
LOST_S = 1_800.0  # a job that takes so long is given up
LEFT_S = 86_400.0  # after which parts of a fetch are nobody's
COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True)
class Standing:
    """What there is to show.

    Attributes:
        folder: Path or None. The study; None where the Hub never gave it.
        commit: str or None. Of the repository.
        note: str. One line for a person where it is not what was asked for; else empty.
    """

    folder: Path | None
    commit: str | None
    note: str = ""


@dataclass
class _Job:
    """One asking of the Hub, in the background."""

    begun: float
    patience: float  # what the visitors of its first moments wait
    ended: float = 0.0
    done: threading.Event = field(default_factory=threading.Event)
    standing: Standing | None = None  # what came of it; None: nothing yet, or a failure
    why: str = "is still being fetched from the Hub"


_jobs: dict[Address, _Job] = {}
_last: dict[Address, Standing] = {}
_sound: set[Path] = (
    set()
)  # states that this process found whole; a disk is not doubted at each look
_lock = threading.Lock()


def stand(named: Address) -> Standing:
    """What to show for an address, now.

    The first call waits for the Hub, PATIENCE_S at most; later ones do not wait.
    """
    job = _job(named)
    if named not in _last:
        job.done.wait(max(0.0, job.begun + job.patience - time.monotonic()))
    if job.standing is not None:
        _last[named] = job.standing
    if named in _last and (job.standing is not None or not job.done.is_set()):
        return _last[named]
    older = _last.get(named) or _older(named)
    if older is None:
        return Standing(
            None, None, f"{named} {job.why}; the study that came with the app is shown."
        )
    return Standing(
        older.folder,
        older.commit,
        f"{named} {job.why}; its state at {str(older.commit)[:12]}, fetched before, is shown.",
    )


def forget() -> None:
    """Knows nothing any more; what was downloaded stays."""
    with _lock:
        _jobs.clear()
        _last.clear()
        _sound.clear()


def _job(named: Address) -> _Job:
    """The job that is running or whose answer still holds; else one that begins now."""
    with _lock:
        job, now = _jobs.get(named), time.monotonic()
        if job is not None:
            holds = FRESH_S if job.standing else RETRY_S
            pinned = job.standing is not None and COMMIT.fullmatch(named.revision)
            running = not job.done.is_set() and now - job.begun < LOST_S
            if pinned or running or (job.done.is_set() and now - job.ended < holds):
                return job
        again = job is not None  # who came first has waited for all
        patience = 0.0 if again else WITH_OLDER_S if _older(named) else PATIENCE_S
        job = _jobs[named] = _Job(now, patience)
        threading.Thread(target=_ask, args=(named, job), daemon=True).start()
        return job


def _ask(named: Address, job: _Job) -> None:
    try:
        pinned = COMMIT.fullmatch(named.revision) and _whole(_place(named, named.revision))
        commit = named.revision if pinned else fetch.commit_of(named)
        folder = _place(named, commit)
        if not _whole(folder):
            shutil.rmtree(folder, ignore_errors=True)
            fetch.fetch(named, commit, folder)
            _sound.add(folder)
        before = _older(named)
        write_atomic(_note(named), lambda file: file.write_text(commit, encoding="utf-8"))
        job.standing = Standing(folder, commit)
        _prune(named, {commit, before.commit if before else None})
    except StudyError as error:
        job.why = str(error).removeprefix(f"{error.file}: ").rstrip(".")
    except Exception as error:  # whatever a network and a server can do
        job.why = f"cannot be had from the Hub now ({fetch.failure(error)})"
    finally:
        job.ended = time.monotonic()
        job.done.set()


def _prune(named: Address, keep: set[str | None]) -> None:
    """Removes the states of a repository that no address names, but for those to keep."""
    home = _home(named)
    notes = {file.read_text(encoding="utf-8").strip() for file in home.glob("is-*")}
    for folder in home.iterdir():
        if COMMIT.fullmatch(folder.name) and folder.name not in keep | notes:
            shutil.rmtree(folder, ignore_errors=True)
    # What a stopped fetch left of a commit that nobody asks for any more; a young one may go on
    for left in (*home.glob(".*.part"), *home.glob(".*.lock")):
        with contextlib.suppress(FileNotFoundError):
            if time.time() - left.stat().st_mtime > LEFT_S:
                shutil.rmtree(left) if left.is_dir() else left.unlink()


def _whole(folder: Path) -> bool:
    """Whether a state is there, undamaged: looked at once in a process."""
    if folder not in _sound and folder.is_dir() and fetch.is_whole(folder):
        _sound.add(folder)
    return folder in _sound


def _home(named: Address) -> Path:
    from huggingface_hub import constants

    return Path(constants.HF_HOME) / "hvc-own" / named.repo.replace("/", "--")


def _place(named: Address, commit: str) -> Path:
    return _home(named) / commit


def _note(named: Address) -> Path:
    """The file that says which commit an address last was."""
    return _home(named) / f"is-{named.revision.replace('/', '--')}"


def _older(named: Address) -> Standing | None:
    """What an earlier process left."""
    try:
        commit = _note(named).read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        return None
    folder = _place(named, commit)
    return Standing(folder, commit) if COMMIT.fullmatch(commit) and _whole(folder) else None
