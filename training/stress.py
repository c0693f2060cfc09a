"""`python -m training stress STUDY --data DATA`: put a study's models to spoilt and unknown clips.

May import: the standard library, tqdm, hvc_core, training.bars; the framework only in functions.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from tqdm import tqdm

from hvc_core import clips, closing, recipe, splits, study
from hvc_core.conditions import CLEAN, CONDITIONS
from hvc_core.recipe import Cell, Recipe
from training.bars import shown

PROTOCOL = "holdout"


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Adds the command's words to the command line."""
    parser = subparsers.add_parser(
        "stress",
        help="put a study's models to spoilt clips, and to clips of none of its classes",
        description="Puts the weights of a study's holdout cells to their test clips with the "
        "frames out of order, lost, blurred, compressed and so on (the first seed), and to the "
        "clips of --unseen, which are of none of its classes (every seed), and keeps the answers "
        "in the study. Killed at any moment, the same command goes on.",
    )
    parser.add_argument("study", type=Path, metavar="STUDY", help="the study's folder")
    parser.add_argument("--data", type=Path, required=True, help="the folder with one per class")
    parser.add_argument("--unseen", type=Path, help="the same, of classes that the study lacks")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Asks what was not asked yet, and closes the study; returns 0.

    Raises:
        StudyError, DataError, VideoError: what is wrong and what to do.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    from hvc_core import stress

    meta = study.read_meta(args.study)
    plan = recipe.parse(meta["recipe"])
    index = clips.only(clips.index(args.data, probe=False), meta["dataset"]["classes"])
    if index.fingerprint != meta["dataset"]["fingerprint"]:
        raise study.StudyError(
            args.study / "study.json", "dataset.fingerprint", f"is of other clips than {args.data}"
        )
    cells = with_weights(args.study, plan)
    classes = len(index.classes)
    test = splits.split(index.clips, PROTOCOL, 0, 0).test
    tested = [index.clips[row] for row in test]

    first = [cell for cell in cells if cell.seed == _first_seed(plan, cell.model)]
    done = {cell: asked(args.study, cell) for cell in first}
    todo = [cell for cell in first if not set(CONDITIONS) <= done[cell]]
    groups = stress.opened(todo, plan, classes, args.study)
    for family in dict.fromkeys(condition.family for condition in CONDITIONS.values()):
        names = [c.name for c in CONDITIONS.values() if c.family == family]
        if any(not set(names) <= done[cell] for cell in todo):
            with tqdm(desc=family, unit=" clips", disable=None) as bar:
                rows = stress.ask(groups, tested, names, shown(bar))
            stress.add(args.study, "conditions", rows)

    if args.unseen:
        unknown = clips.index(args.unseen).clips
        todo = [
            cell for cell in cells if not len(study.read_extra(args.study, *_key(cell), "unseen"))
        ]
        if todo:
            groups = stress.opened(todo, plan, classes, args.study)
            with tqdm(desc="unseen", unit=" clips", disable=None) as bar:
                stress.add(args.study, "unseen", stress.ask(groups, unknown, [CLEAN], shown(bar)))
    closing.close(args.study)
    print(f"{args.study}: {len(first)} cells put to {len(CONDITIONS)} conditions")
    return 0


def with_weights(folder: Path, plan: Recipe) -> list[Cell]:
    """The finished holdout cells whose weights are on this machine; the others are spoken of."""
    finished = study.finished_cells(folder)
    cells = [c for c in recipe.cells(plan) if c.protocol == PROTOCOL and _key(c) in finished]
    here = [c for c in cells if (folder / "cells" / f"{c}.weights.npz").exists()]
    for cell in cells:
        if cell not in here:
            print(f"{cell}: its weights are not here, so it is not asked", file=sys.stderr)
    return here


def asked(folder: Path, cell: Cell) -> set[str]:
    """The conditions that a cell has answered already, merged or not."""
    return set(study.read_extra(folder, *_key(cell), "conditions")["condition"])


def _first_seed(plan: Recipe, model: str) -> int:
    return min(plan.protocols[PROTOCOL][model])


def _key(cell: Cell) -> tuple[str, int, int, str]:
    return cell.protocol, cell.fold, cell.seed, cell.model
