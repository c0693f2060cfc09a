"""The study that a server shows from the Hub: always something, at once, and never a long wait.

What an address means is asked in the background; while that lasts, and where it fails, what an
earlier answer left is taken. May import: the standard library, huggingface_hub, .address, .fetch,
hvc_core.storage.
"""

from __future__ import annotations

import re
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from hvc_core.hub import fetch
from hvc_core.hub.address import Address
from hvc_core.storage import StudyError, write_atomic

PATIENCE_S = 8.0  # the first visitor's, once
FRESH_S, RETRY_S = 600.0, 60.0  # when a branch or tag is asked about again, and after a failure
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
    done: threading.Event = field(default_factory=threading.Event)
    standing: Standing | None = None  # what came of it; None: nothing yet, or a failure
    why: str = "is still being fetched from the Hub"


_jobs: dict[Address, _Job] = {}
_last: dict[Address, Standing] = {}
_lock = threading.Lock()


def stand(named: Address) -> Standing:
    """What to show for an address, now.

    The first call waits for the Hub, PATIENCE_S at most; later ones do not wait.
    """
    job = _job(named)
    if named not in _last:
        job.done.wait(max(0.0, job.begun + PATIENCE_S - time.monotonic()))
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


def _job(named: Address) -> _Job:
    """The job that is running or whose answer still holds; else one that begins now."""
    with _lock:
        job, now = _jobs.get(named), time.monotonic()
        if job is not None:
            holds = FRESH_S if job.standing else RETRY_S
            pinned = job.standing is not None and COMMIT.fullmatch(named.revision)
            if pinned or not job.done.is_set() or now - job.begun < holds:
                return job
        job = _jobs[named] = _Job(now)
        threading.Thread(target=_ask, args=(named, job), daemon=True).start()
        return job


def _ask(named: Address, job: _Job) -> None:
    try:
        pinned = COMMIT.fullmatch(named.revision) and _place(named, named.revision).is_dir()
        commit = named.revision if pinned else fetch.commit_of(named)
        folder = _place(named, commit)
        if not folder.is_dir():
            fetch.fetch(named, commit, folder)
        write_atomic(_note(named), lambda file: file.write_text(commit, encoding="utf-8"))
        job.standing = Standing(folder, commit)
    except StudyError as error:
        job.why = str(error).removeprefix(f"{error.file}: ").rstrip(".")
    except Exception as error:  # whatever a network and a server can do
        job.why = f"cannot be had from the Hub now ({fetch.failure(error)})"
    finally:
        job.done.set()


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
    note = _note(named)
    if not note.is_file():
        return None
    commit = note.read_text(encoding="utf-8").strip()
    folder = _place(named, commit)
    return Standing(folder, commit) if COMMIT.fullmatch(commit) and folder.is_dir() else None
