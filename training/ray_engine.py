"""`train --engine ray`: the cells that a study lacks, handed to a Ray cluster, a process each.

The study's folder is the meeting place, as on one machine: states and finished cells lie there, so
a cell whose process or machine dies goes on elsewhere from its last finished epoch. May import:
the standard library, tqdm, hvc_core, training; Ray by `load` only, for it is not required.
"""

from __future__ import annotations

import contextlib
import dataclasses
import importlib
import logging
import os
import pickle
import re
import socket
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from hvc_core import frames, splits
from hvc_core.recipe import Cell, Settings
from training.ray_task import TELL_SECONDS, EngineError, Job, load, machine

if TYPE_CHECKING:
    from hvc_core.train import Data, Report

ROOT = Path(__file__).resolve().parents[1]
RETRIES = 3  # times that a cell is begun again because its process or machine died
STORE_BYTES = 100 * 2**20  # of a Ray of our own; no more than the index passes through it
# A core each, and no accelerator: cells side by side would want the same one.
ENVIRONMENT = {
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "TF_CPP_MIN_LOG_LEVEL": "2",
    "CUDA_VISIBLE_DEVICES": "-1",
}

# -- the cluster -------------------------------------------------------------------------------


@contextlib.contextmanager
def connected(address: str | None) -> Iterator[None]:
    """Ray, joined at an address or started on this machine; left or stopped at the end.

    Raises:
        EngineError: Ray is not installed, or there is no cluster to join.
    """
    ray = load()
    if address:
        _check_answers(address)
    own = {} if address else {"include_dashboard": False, "object_store_memory": STORE_BYTES}
    quiet = {"log_to_driver": False, "logging_level": logging.ERROR}
    try:
        try:
            ray.init(address=address or "local", **quiet, **own)
        except (OSError, RuntimeError, ValueError) as error:  # a refusal's kinds share no class
            where = f"--address {address}: no cluster to join" if address else "Ray did not start"
            raise EngineError(f"{where}: {_first_line(error)}") from error
        yield
    finally:
        ray.shutdown()


def _check_answers(address: str) -> None:
    """Raises EngineError where nothing answers; Ray itself would try for minutes."""
    if address.startswith("ray://"):
        raise EngineError(
            f"--address {address}: give HOST:PORT, from a machine that is part of the cluster"
        )
    match = re.fullmatch(r"(.+):(\d+)", address)
    if match is None:
        return  # auto
    try:
        socket.create_connection((match[1].strip("[]"), int(match[2])), timeout=10).close()
    except (OSError, OverflowError) as error:
        raise EngineError(
            f"--address {address}: nothing answers there ({error}); `ray start --head` starts a "
            "cluster and says its address"
        ) from None


# -- the cells ---------------------------------------------------------------------------------


def train_cells(
    models: Mapping[str, Settings],
    cells: list[Cell],
    data: Data,
    folder: Path,
    reporter: Callable[[tqdm, str], Report],
) -> None:
    """Trains cells on the cluster that is joined, with a live bar for each that runs.

    Args:
        models: model -> Settings, of all the cells.
        cells: list of Cell. In the order in which they are begun.
        data: Data. The clips, decoded on this machine.
        folder: Path. The study.
        reporter: (bar, what it is of) -> what shows the reports of one cell.

    Raises:
        EngineError: cells failed, each with its reason on standard error; or a machine cannot
            take part.
    """
    ray = load()
    here = folder.absolute() / "cells"
    here.mkdir(exist_ok=True)
    handle, sign = tempfile.mkstemp(prefix="ray.", suffix=".tmp", dir=here)
    os.close(handle)
    paths = (dataclasses.replace(clip, path=clip.path.absolute()) for clip in data.index.clips)
    job = Job(
        models=tuple(models.items()),
        index=dataclasses.replace(data.index, clips=tuple(paths)),
        near_identical=tuple(data.near_identical),
        folder=here.parent,
        sign=Path(sign),
        machine=machine(),
        cache=frames.root().absolute(),
    )
    cpus = int(ray.cluster_resources().get("CPU", 0))
    print(f"{len(cells)} cells for the {cpus} CPUs of the cluster", file=sys.stderr)
    board = ray.remote(num_cpus=0, max_restarts=-1)(_board()).remote()
    try:
        failed = _hand_out(ray, cells, ray.put(pickle.dumps(job)), board, reporter)
    finally:
        ray.kill(board)
        Path(sign).unlink(missing_ok=True)
    if failed:
        raise EngineError(
            f"{len(failed)} of {len(cells)} cells failed: {', '.join(map(str, failed))}; the same "
            "command tries them again"
        )


def _hand_out(
    ray: Any, cells: list[Cell], job: Any, board: Any, reporter: Callable[[tqdm, str], Report]
) -> list[Cell]:
    """Begins every cell and shows what they report until the last has ended.

    Returns:
        The cells that failed.
    """
    task = ray.remote(num_cpus=1, max_retries=RETRIES)(_task())
    environment = {"env_vars": _environment()}
    where = {c: f"cell {number}/{len(cells)} {c}" for number, c in enumerate(cells, start=1)}
    waiting, running, failed = list(cells), dict[Any, Cell](), list[Cell]()
    bars = dict[Cell, tqdm]()

    def bar_of(cell: Cell) -> tqdm:
        if cell not in bars:
            bars[cell] = tqdm(
                desc=where[cell], unit=" clips", mininterval=1, smoothing=0.05, leave=False
            )
        return bars[cell]

    try:
        while waiting or running:
            for cell in [c for c in waiting if not _comes_of(c, running.values())]:
                waiting.remove(cell)
                begin = task.options(name=str(cell), runtime_env=environment).remote
                running[begin(pickle.dumps(cell), job, board)] = cell
            ended, _ = ray.wait(list(running), num_returns=len(running), timeout=TELL_SECONDS)
            news = _news(ray, board)
            for cell in running.values():
                if str(cell) in news:
                    reporter(bar_of(cell), where[cell])(*pickle.loads(news[str(cell)]))
            for ref in ended:
                cell = running.pop(ref)
                bar, problem = bar_of(cell), _problem(ray, ref)
                last = str(bar)
                bar.close()
                # It scrolls away above the bars of those that go on.
                tqdm.write(f"{cell}: {problem}" if problem else last, file=sys.stderr)
                failed += [cell] if problem else []
    finally:
        for bar in bars.values():
            bar.close()
        for ref in running:  # interrupted; their states stay
            ray.cancel(ref, force=True)
        if running:
            ray.wait(list(running), num_returns=len(running), timeout=10)
    return failed


def _environment() -> dict[str, str]:
    """The variables that a cell's process starts with."""
    path = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    keras = importlib.import_module("keras")
    return {
        **ENVIRONMENT,
        "KERAS_BACKEND": keras.config.backend(),
        "PYTHONPATH": os.pathsep.join(path),
    }


def _comes_of(cell: Cell, running: Iterable[Cell]) -> bool:
    """Whether a cell that runs gives this one's rows too: this one then waits, and takes them."""
    same = splits.SAME.get((cell.protocol, cell.fold))
    return same is not None and Cell(*same, cell.seed, cell.model) in running


def _problem(ray: Any, ref: Any) -> str | None:
    """What went wrong with a cell that has ended, in a line; None for nothing.

    Raises:
        EngineError: its machine cannot take part, which any other cell would meet there too.
        Exception: what the cell met is not for a person to act on.
    """
    try:
        problem = ray.get(ref)
    except ray.exceptions.RayTaskError:
        raise
    except ray.exceptions.RayError as error:
        return (
            f"its process or machine died {RETRIES + 1} times, perhaps for want of memory "
            f"({_first_line(error)})"
        )
    of_machine, text = problem or (False, None)
    if of_machine:
        raise EngineError(text)
    return text


def _news(ray: Any, board: Any) -> dict[str, bytes]:
    """What the cells reported since the last look; nothing while the board is begun anew."""
    try:
        return ray.get(board.news.remote(), timeout=5)
    except ray.exceptions.RayError:
        return {}


# -- what Ray sends to the machines as code: it must not need this program's folder ------------


def _board() -> type:
    """The class of what holds each cell's last report, whichever process it came from."""

    class Board:
        def __init__(self) -> None:
            self.last: dict[str, bytes] = {}

        def tell(self, cell: str, report: bytes) -> None:
            self.last[cell] = report

        def news(self) -> dict[str, bytes]:
            last, self.last = self.last, {}
            return last

    return Board


def _task() -> Callable[[bytes, bytes, Any], tuple[bool, str] | None]:
    """What a process runs for one cell."""

    def task(cell: bytes, job: bytes, board: Any) -> tuple[bool, str] | None:
        try:
            from training import ray_task

            return ray_task.run(cell, job, board)
        except ImportError as error:
            import platform

            return True, (
                f"{platform.node()} lacks what a cell needs ({error}); requirements.txt must be "
                "installed there, and this program's folder reachable under the same path"
            )

    return task


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
