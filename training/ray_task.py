"""What a process of a Ray cluster does with one cell: sees that its machine shares the study's
folder and the clips, then trains the cell as it would be trained without Ray.

May import: the standard library, hvc_core, training; Ray by `load` only, for it is not required.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import importlib
import os
import pickle
import platform
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hvc_core import clips, frames
from hvc_core.recipe import Cell, Settings
from training.__main__ import people_errors

if TYPE_CHECKING:
    from hvc_core.audit import Pair
    from hvc_core.train import Data, Report

WANTED = "ray>=2.50,<3"
TELL_SECONDS = 0.5  # between two reports of a cell
SAME_PATH = (
    "the folders of the study, of the data and of this program must be reachable under the same "
    "path on every machine"
)


class EngineError(ValueError):
    """A cluster that cannot be used, or cells that failed there; the message says what to do."""


@dataclass(frozen=True)
class Job:
    """What all tasks of one run share.

    Attributes:
        models: (name, Settings) of every model of the run.
        index: Index. Its paths are absolute.
        near_identical: tuple of Pair. The driver's audit, so that no process repeats it.
        folder: Path. The study, absolute.
        sign: Path. A file that the driver made in the study: a copy of the folder lacks it.
        machine, cache: str, Path. The driver's, as `machine()` and `frames.root()` give them.
    """

    models: tuple[tuple[str, Settings], ...]
    index: clips.Index
    near_identical: tuple[Pair, ...]
    folder: Path
    sign: Path
    machine: str
    cache: Path


def load() -> Any:
    """The package ray.

    Raises:
        EngineError: it is not installed.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is reported to anyone
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # else 2.50 warns about it
    try:
        return importlib.import_module("ray")
    except ModuleNotFoundError as error:
        if error.name != "ray":
            raise
        raise EngineError(
            f'--engine ray needs Ray, which is not installed: pip install "{WANTED}"'
        ) from None


def machine() -> str:
    """This machine's name in the cluster; no two have the same."""
    return f"{platform.node()}-{load().util.get_node_ip_address()}"


def run(packed: bytes, shared: bytes, board: Any) -> tuple[bool, str] | None:
    """Trains one cell in this process.

    Args:
        packed, shared: Cell and Job, pickled.
        board: the actor that is told how far the cell is.

    Returns:
        None when the cell is done; where a person can act, (whether it is about the machine
        rather than the cell, what is wrong).
    """
    from hvc_core import train

    cell: Cell = pickle.loads(packed)
    job: Job = pickle.loads(shared)
    tell = _teller(str(cell), board)
    try:
        _check_study(job)
        _use_own_cache(job.machine, job.cache)
        how, data = dict(job.models)[cell.model], _data(job, tell)
        train.run_cell(cell, how, data, job.folder, tell)
    except people_errors() as error:
        return isinstance(error, EngineError), str(error)
    return None


def _teller(cell: str, board: Any) -> Report:
    """Passes a cell's reports on, but not all: a step may be shorter than a message's way."""
    last = -TELL_SECONDS

    def tell(what: str, p: Any) -> None:
        nonlocal last
        whole = p.clips == p.of_clips if what == "epoch" else p[0] == p[1]
        if whole or time.monotonic() - last >= TELL_SECONDS:
            last = time.monotonic()
            board.tell.remote(cell, pickle.dumps((what, p)))  # the board knows no class of ours

    return tell


# -- is this machine fit? ----------------------------------------------------------------------


def _check_study(job: Job) -> None:
    """Raises EngineError where this machine sees no study, or another, or a copy."""
    if not job.sign.exists():
        raise EngineError(f"{machine()} does not see the study in {job.folder}; {SAME_PATH}")


def _check_clips(job: Job, tell: Report) -> None:
    """Raises EngineError where this machine sees other clips than the driver, or none."""

    def told() -> Iterator[clips.Clip]:
        for number, clip in enumerate(job.index.clips, start=1):
            yield clip
            tell("checking clips", (number, len(job.index.clips)))

    folder = job.index.clips[0].path.parents[1]
    try:
        fingerprint = clips.fingerprint(told())
    except OSError as error:
        raise EngineError(
            f"{machine()} cannot read {error.filename} ({error.strerror}); {SAME_PATH}"
        ) from None
    if fingerprint != job.index.fingerprint:
        raise EngineError(
            f"{machine()} sees other clips in {folder} (fingerprint {fingerprint[:12]}…, this "
            f"run's is {job.index.fingerprint[:12]}…); {SAME_PATH}"
        )


# -- data --------------------------------------------------------------------------------------

_loaded: dict[Job, Data] = {}  # the last job's, for the next cell of this process


def _data(job: Job, tell: Report) -> Data:
    """The clips, checked to be the driver's, from this machine's cache."""
    from hvc_core import train

    if job not in _loaded:
        _loaded.clear()
        _check_clips(job, tell)
        with _alone_on_machine():  # else every process of a new machine would decode everything
            data = train.load(job.index, dict(job.models), lambda *p: tell("decoding", p))
        vars(data)["near_identical"] = list(job.near_identical)  # as if it had looked itself
        _loaded[job] = data
    return _loaded[job]


@functools.cache
def _use_own_cache(of_driver: str, cache: Path) -> None:
    """Gives each machine a cache of its own.

    Processes of one machine may fill the same features, but two machines that map one file over
    a network write whole pages of it, and so over each other's clips.
    """
    own = machine()
    place = cache if own == of_driver else frames.root().absolute() / "machines" / own
    os.environ["HVC_CACHE"] = str(place)


@contextlib.contextmanager
def _alone_on_machine() -> Iterator[None]:
    """Waits until no other process of this user is in here; a killed one is out of it."""
    path = Path(tempfile.gettempdir()) / f"hvc-{os.getuid()}.lock"
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
