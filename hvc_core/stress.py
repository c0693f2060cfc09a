"""Finished cells put to other clips: spoilt ones, and clips of none of their classes.

May import: keras, numpy, pandas and all of hvc_core's data rooms.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from hvc_core import export, models, study
from hvc_core.cells import extra_file
from hvc_core.clips import Clip
from hvc_core.conditions import conditioned
from hvc_core.models import two_stream
from hvc_core.recipe import Cell, Recipe
from hvc_core.train import MOMENTS, predictions

Run = Callable[[np.ndarray], np.ndarray]
Size = tuple[int, int]


@dataclass(frozen=True)
class Group:
    """Cells that look at the same frames through the same untrained part.

    Attributes:
        size: (height, width). Of the frames.
        stem: float32 (1, 20, H, W, 3) -> what `runs` take.
        runs: cell -> from that to float32 (1, classes).
    """

    size: Size
    stem: Run
    runs: dict[Cell, Run]


def opened(cells: Sequence[Cell], plan: Recipe, classes: int, folder: Path) -> list[Group]:
    """Finished cells with their kept weights, ready to answer in ONNX Runtime.

    The pretrained models share all before the first block that is fine-tuned, so that is run once
    for all of them.

    Raises:
        ExportError: a cell's weights are not here, or of another net than the code builds now.
    """
    groups: dict[tuple[Size, int], Group] = {}
    for cell in cells:
        how = plan.models[cell.model]
        kind = models.ARCHITECTURES[how.architecture]
        weights = folder / "cells" / f"{cell}.weights.npz"
        model = export.load_cell(weights, how.architecture, classes, fused=True)
        tail = how.tail if kind.backbone else 0
        if (kind.size, tail) not in groups:
            stem = export.runner(two_stream.stem(model, tail)) if tail else _as_it_is
            groups[kind.size, tail] = Group(kind.size, stem, {})
        part = two_stream.tail(model, tail, MOMENTS) if tail else model
        groups[kind.size, tail].runs[cell] = export.runner(part)
    return list(groups.values())


def _as_it_is(x: np.ndarray) -> np.ndarray:
    return x


def ask(
    groups: Sequence[Group],
    clips: Sequence[Clip],
    conditions: Sequence[str],
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> dict[Cell, pd.DataFrame]:
    """Every cell's answers to every clip under every condition.

    Args:
        groups: from `opened`.
        clips: the clips; their files are decoded.
        conditions: names of `conditions.CONDITIONS`, or `clean`.
        progress: called with (clips done, clips in all).

    Returns:
        cell -> DataFrame with the columns of predictions.

    Raises:
        VideoError: a clip does not decode.
    """
    sizes = sorted({group.size for group in groups})
    answers: dict[tuple[Cell, str], list[np.ndarray]] = {}
    for number, clip in enumerate(clips, start=1):
        given = conditioned(clip.path, sizes, conditions, clip.name)
        for condition, images in given.items():
            for group in groups:
                x = group.stem(images[group.size][None].astype(np.float32))
                for cell, run in group.runs.items():
                    answers.setdefault((cell, condition), []).append(run(x)[0])
        progress(number, len(clips))
    found: dict[Cell, list[pd.DataFrame]] = {}
    for (cell, condition), rows in answers.items():
        made = predictions(cell, clips, np.stack(rows).astype(np.float32), condition)
        found.setdefault(cell, []).append(made)
    return {cell: pd.concat(parts, ignore_index=True) for cell, parts in found.items()}


def add(folder: Path, extra: str, rows: dict[Cell, pd.DataFrame]) -> None:
    """Writes cells' rows beside those of other conditions that were written before."""
    for cell, made in rows.items():
        file = extra_file(folder, str(cell), extra)
        if file.exists():
            before = pd.read_parquet(file)
            made = pd.concat([before[~before["condition"].isin(made["condition"])], made])
        study.write_extra(folder, extra, made)
