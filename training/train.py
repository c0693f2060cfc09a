"""`python -m training train RECIPE --data DATA --study DIR`: train the cells that a study lacks.

May import: the standard library, tqdm, hvc_core; the framework only once there is a cell to train.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from hvc_core import clips, closing, models, recipe, study
from hvc_core.recipe import Cell, Recipe, RecipeError, Settings
from training.bars import shown
from training.provenance import begin_study

if TYPE_CHECKING:
    from hvc_core.train import Data

KEYS = ("protocol", "fold", "seed", "model")


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Adds the command's words to the command line."""
    parser = subparsers.add_parser(
        "train",
        help="train the cells of a recipe that a study lacks",
        description="Trains every cell (protocol, fold, seed, model) of a recipe that the study "
        "does not have yet. Killed at any moment, the same command goes on from the last "
        "finished epoch. When no cell is missing, the study's tables and metrics are written.",
    )
    parser.add_argument("recipe", type=Path, metavar="RECIPE", help="a TOML file")
    parser.add_argument("--data", type=Path, required=True, help="the folder with one per class")
    parser.add_argument("--study", type=Path, required=True, help="the study's folder")
    parser.add_argument(
        "--only",
        nargs="+",
        default=[],
        metavar="KEY=VALUE",
        help=f"train only these cells; keys are {', '.join(KEYS)}; repeat a key for several",
    )
    parser.add_argument(
        "--close",
        action="store_true",
        help="write the tables and metrics even where cells are missing, so that the study can "
        "be browsed; not while another machine trains into the same folder",
    )
    parser.add_argument("--plan", action="store_true", help="list the missing cells, train none")
    parser.add_argument(
        "--engine",
        choices=("local", "ray"),
        default="local",
        help="local: one cell after another, here; ray: each cell on one CPU of a Ray cluster. "
        "The folders of the study, of the data and of this program must then be reachable under "
        "the same path on every machine (a shared file system), with the same packages installed; "
        "a cell whose machine dies goes on elsewhere from its last finished epoch",
    )
    parser.add_argument(
        "--address",
        metavar="ADDRESS",
        help="the cluster for --engine ray, HOST:PORT as `ray start --head` says it, or auto; this "
        "machine must be part of it. Without it, Ray is started here, with as many CPUs as there "
        "are",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Trains what is missing; returns 0.

    Raises:
        RecipeError, DataError, StudyError: what is wrong and what to do.
    """
    if args.address and args.engine != "ray":
        raise RecipeError("--address: is of use only with --engine ray")
    plan = recipe.read(args.recipe)
    missing = chosen(plan, args.only, study.finished_cells(args.study))
    if args.plan:
        print(as_plan(plan, missing, args.data))
        return 0
    if missing and args.engine == "ray":
        from training import ray_task

        ray_task.load()  # to say now, not after all clips are read, that it is missing
    with tqdm(desc="reading clips", unit=" clips", disable=None, leave=False) as bar:
        index = clips.index(args.data, progress=shown(bar))
    if index.problems:
        print(
            f"{args.data}: {len(index.problems)} files left out; "
            f"`python -m training index {args.data}` says which and why",
            file=sys.stderr,
        )
    index = clips.only(index, plan.classes)
    begin_study(args.study, plan, index, {cell.model for cell in missing})
    if missing:
        train_cells(plan, missing, index, args.study, args.engine, args.address)
    left = chosen(plan, [], study.finished_cells(args.study))
    if left:
        print(f"{args.study}: {len(left)} cells of the recipe are still to be trained")
    if left and not args.close:
        return 0
    closing.close(args.study)
    _tidy(args.study, [cell for cell in recipe.cells(plan) if cell not in left])
    print(f"{args.study}: closed; `python -m training export {args.study}` makes its models")
    return 0


def _tidy(folder: Path, finished: list[Cell]) -> None:
    """Removes what kills left of cells that are finished now: states, half-written files."""
    for cell in finished:
        for pattern in (f"{cell}.state.npz", f"{cell}.heads.state.npz", f"{cell}.*.tmp"):
            for file in (folder / "cells").glob(pattern):
                file.unlink(missing_ok=True)


def chosen(plan: Recipe, only: list[str], finished: set[tuple[str, int, int, str]]) -> list[Cell]:
    """The recipe's cells that are asked for and not finished.

    Args:
        plan: Recipe.
        only: `key=value` words; cells must match one word of each key that is named.
        finished: (protocol, fold, seed, model) of cells that exist.

    Raises:
        RecipeError: a word that is no key=value, or that matches no cell of the recipe.
    """
    wanted: dict[str, set[str]] = {}
    for word in only:
        key, equals, value = word.partition("=")
        if not equals or key not in KEYS:
            raise RecipeError(f"--only {word}: expected KEY=VALUE with a key of {', '.join(KEYS)}")
        wanted.setdefault(key, set()).add(value)
    cells = recipe.cells(plan)
    for key, values in wanted.items():
        known = {str(getattr(cell, key)) for cell in cells}
        if values - known:
            there = ", ".join(sorted(known))
            raise RecipeError(f"--only {key}={min(values - known)}: the recipe has only {there}")
    return [
        cell
        for cell in cells
        if all(str(getattr(cell, key)) in values for key, values in wanted.items())
        and (cell.protocol, cell.fold, cell.seed, cell.model) not in finished
    ]


def train_cells(
    plan: Recipe,
    cells: list[Cell],
    index: clips.Index,
    folder: Path,
    engine: str = "local",
    address: str | None = None,
) -> None:
    """Trains cells, one after another or on a Ray cluster, with live bars on standard error."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # TensorFlow's start-up chatter
    needed = {cell.model: plan.models[cell.model] for cell in cells}
    if engine == "ray":
        from training import ray_engine

        with ray_engine.connected(address):  # first: decoding in vain may take an hour
            data = _decoded(index, needed, folder)
            ray_engine.train_cells(needed, cells, data, folder, reporter)
        return
    from hvc_core import train

    data = _decoded(index, needed, folder)
    for number, cell in enumerate(cells, start=1):
        where = f"cell {number}/{len(cells)} {cell}"
        with tqdm(desc=where, unit=" clips", mininterval=1, smoothing=0.05) as bar:
            train.run_cell(cell, needed[cell.model], data, folder, reporter(bar, where))


def _decoded(index: clips.Index, needed: dict[str, Settings], folder: Path) -> Data:
    """The clips' frames; what the audit finds in them is kept in the study."""
    from hvc_core import audit, fingerprints, train

    with tqdm(desc="decoding", unit=" clips", leave=False) as bar:
        data = train.load(index, needed, shown(bar))
    study.write_json(folder / "audit.json", audit.describe(index.clips, data.near_identical))
    fingerprints.write(folder, index.clips, data.hashes)
    return data


def reporter(bar: tqdm, where: str) -> Callable[[str, Any], None]:
    """What shows one cell's progress: epoch, clips a second, time left at most, accuracies.

    Returns:
        A function that takes the reports of `hvc_core.train.run_cell`.
    """

    def report(what: str, p: Any) -> None:
        if what != "epoch":
            bar.set_description(f"{where} {what}", refresh=False)
            shown(bar)(*p)
            return
        total = p.epochs * p.of_clips
        done = (p.epoch - 1) * p.of_clips + p.clips
        if bar.total != total:  # the first report after features or a resume
            bar.reset(total)
            bar.initial = bar.n = bar.last_print_n = done
        bar.set_description(f"{where} epoch {p.epoch}/{p.epochs}", refresh=False)
        best = f"{p.val_accuracy:.1%}" if p.val_accuracy >= 0 else "-"
        bar.set_postfix_str(f"train {p.accuracy:.1%}, best val {best}", refresh=False)
        bar.update(done - bar.n)

    return report


# -- the plan ----------------------------------------------------------------------------------


def as_plan(plan: Recipe, cells: list[Cell], data: Path) -> str:
    """The cells, a line each, with a time estimate from a few steps on this machine."""
    if not cells:
        return "nothing is missing"
    index = clips.only(clips.index(data, probe=False), plan.classes)
    count, classes = len(index.clips), len(index.classes)
    seconds = {name: _step_seconds(plan.models[name], classes) for name in {c.model for c in cells}}
    lines = [f"{len(cells)} cells to train on {count} clips; each at most:"]
    total = 0.0
    for cell in cells:
        how = plan.models[cell.model]
        # Of 25 groups 5 test and 4 validate: about two thirds of the clips train.
        epochs, steps = how.heads + how.epochs, math.ceil(count * 16 / 25 / how.batch)
        most = epochs * steps * seconds[cell.model]
        total += most
        lines.append(f"  {cell!s:40} {epochs:4} epochs  {most / 60:7.0f} min")
    lines.append(f"in all at most {total / 3600:.1f} h here; early stopping ends most cells sooner")
    if any(models.ARCHITECTURES[plan.models[c.model].architecture].backbone for c in cells):
        lines.append("not counted: decoding and the frozen features, once for all cells")
    return "\n".join(lines)


def _step_seconds(how: Settings, classes: int) -> float:
    """Seconds of a training step, by a few."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    from hvc_core import pace

    seconds = pace.step_seconds(how, classes, steps=2)
    print(f"measured {how.architecture}", file=sys.stderr)
    return seconds
