"""A synthetic study of a million prediction rows: what the app is held to, and no result.

Answers are drawn at random; names of the models are the project's. It has no disturbed, validation
or unseen clips, so the pages of those have little to draw. May import: numpy, pandas, pyarrow,
hvc_core.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from hvc_core import study
from hvc_core.findings import stored
from hvc_core.storage import TYPES, write_table

MODELS = (
    "convlstm", "lrcn", "convlstm-pretrained", "mean", "lrcn-scratch", "mean-scratch",
    "lrcn-frozen", "mean-frozen", "synthetic-9", "synthetic-10",
)  # fmt: skip
FOLDS = {"group5": 5, "holdout": 1, "logo25": 25, "random": 1}
HELD_OUT = (2, 6, 8, 20, 22)  # the groups that `holdout` tests


@dataclass(frozen=True)
class Size:
    """How large a study is.

    Attributes:
        models: int, 2 to 10.
        classes: int, 2 or more.
        groups: int, 22 or more. Source videos of each class; `holdout` tests five.
        clips: int. Of each source video.
        seeds: int.
    """

    models: int = 10
    classes: int = 50
    groups: int = 25
    clips: int = 5
    seeds: int = 5

    @property
    def rows(self) -> int:
        """How many predictions there are: three protocols test every clip."""
        tested = self.classes * self.clips * (3 * self.groups + len(HELD_OUT))
        return self.models * self.seeds * tested


MILLION = Size()
SMALL = Size(models=3, classes=4, clips=1, seeds=2)


def make(folder: Path, size: Size = MILLION) -> Path:
    """Makes a closed, valid study without weights, as `training evaluate` leaves it.

    Args:
        folder: Path. Made if it does not exist.
        size: Size. The same size makes the same study.

    Returns:
        Path. `folder`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    meta = _meta(size)
    study.write_json(folder / "study.json", meta)
    write_table(folder / "predictions.parquet", _predictions(size))
    costs = {name: _cost(number) for number, name in enumerate(meta["models"])}
    cost = {"schema_version": study.SCHEMA_VERSION, "machine": {}, "models": costs}
    study.write_json(folder / "cost.json", cost)
    # What the predictions give is derived as for any study.
    study.write_json(folder / "metrics.json", study.derive(folder))
    of = study.read(folder)
    cells = of.predictions[study.CELL].drop_duplicates()
    study.write_parquet(folder / "history.parquet", _history(cells))
    stored.save(of, stored.derive(of))
    return folder


def _classes(size: Size) -> list[str]:
    return [f"Synthetic{number:02d}" for number in range(size.classes)]


def _predictions(size: Size) -> pa.Table:
    """All rows, in the order of `study.KEY`."""
    rng = np.random.default_rng(0)
    names, models = _classes(size), MODELS[: size.models]
    every = pd.MultiIndex.from_product(
        [range(size.classes), range(1, size.groups + 1), range(1, size.clips + 1)]
    )
    true, group, number = (every.get_level_values(i).to_numpy() for i in range(3))
    clips = [f"v_{names[t]}_g{g:02d}_c{c:02d}" for t, g, c in zip(true, group, number, strict=True)]
    columns: dict[str, list[np.ndarray]] = {
        name: [] for name in ("protocol", "fold", "seed", "model", "clip")
    }
    for p, (protocol, folds) in enumerate(FOLDS.items()):
        tested = np.isin(group, HELD_OUT) if protocol == "holdout" else np.ones(len(true), bool)
        for fold in range(folds):
            of = np.flatnonzero(tested & ((group - 1) % folds == fold))  # clips, by name
            cells = size.seeds * len(models)
            columns["clip"].append(np.tile(of, cells))
            seeds = np.repeat(np.arange(1, size.seeds + 1), len(models) * len(of))
            columns["seed"].append(seeds)
            order = np.argsort(models)
            columns["model"].append(np.tile(np.repeat(order, len(of)), size.seeds))
            columns["protocol"].append(np.full(cells * len(of), p))
            columns["fold"].append(np.full(cells * len(of), fold))
    at = {name: np.concatenate(parts) for name, parts in columns.items()}
    clip = at["clip"]
    values = _answers(rng, true[clip], at["model"], size.classes)
    offsets = np.arange(0, values.size + 1, size.classes, dtype=np.int32)

    def words(which: np.ndarray, known: list[str]) -> pa.Array:
        return pa.array(known, pa.string()).take(pa.array(which))

    return pa.table(
        {
            "protocol": words(at["protocol"], list(FOLDS)),
            "fold": pa.array(at["fold"], TYPES["fold"]),
            "seed": pa.array(at["seed"], TYPES["seed"]),
            "model": words(at["model"], list(models)),
            "condition": words(np.zeros(len(clip), np.int64), ["clean"]),
            "clip": words(clip, clips),
            "class": words(true[clip], names),
            "group": pa.array(group[clip], TYPES["group"]),
            "probabilities": pa.ListArray.from_arrays(offsets, values.ravel()),
        }
    )


def _answers(
    rng: np.random.Generator, true: np.ndarray, model: np.ndarray, classes: int
) -> np.ndarray:
    """Probabilities (N, C), float32; some models are right more often than others."""
    values = rng.standard_normal((len(true), classes), np.float32)
    values[np.arange(len(true)), true] += 2 + 0.4 * (model % 6).astype(np.float32)
    np.exp(values, out=values)
    values /= values.sum(axis=1, keepdims=True)
    return values


def _history(cells: pd.DataFrame, epochs: int = 10) -> pd.DataFrame:
    """Curves of every cell; made up."""
    rows = cells.loc[cells.index.repeat(epochs)].reset_index(drop=True)
    epoch = np.tile(np.arange(1, epochs + 1), len(cells))
    return rows.assign(
        epoch=epoch,
        loss=2.5 / epoch,
        accuracy=1 - 0.9 / epoch,
        val_loss=2.8 / epoch,
        val_accuracy=0.9 - 0.8 / epoch,
        seconds=10.0,
    )


def _meta(size: Size) -> dict[str, Any]:
    return {
        "schema_version": study.SCHEMA_VERSION,
        "name": "synthetic",
        "title": f"Synthetic study of {size.rows:,} rows (random answers)",
        "created": "2026-01-01T00:00:00+00:00",
        "recipe": {"name": "synthetic"},
        "dataset": {
            "name": "synthetic",
            "note": "No clip exists: names and answers are made up.",
            "fingerprint": "0" * 64,
            "clips": size.classes * size.groups * size.clips,
            "classes": _classes(size),
        },
        "protocols": {
            name: {
                "description": f"synthetic {name}",
                "folds": folds,
                "seeds": list(range(1, size.seeds + 1)),
            }
            for name, folds in FOLDS.items()
        },
        "models": {
            name: {
                "title": f"Synthetic {name}",
                "architecture": "synthetic",
                "backbone": None,
                "pretrained": False,
                "parameters": 50_000,
                "input": {"frames": 20, "height": 64, "width": 64},
            }
            for name in MODELS[: size.models]
        },
        "environment": {"python": "", "packages": {}, "machine": "synthetic"},
        "code_commit": None,
    }


def _cost(number: int) -> dict[str, Any]:
    """Made up, and different for each model."""
    total = 50_000 * (number + 1)
    return {
        "parameters": {"total": total, "trainable": total, "body": total - 800, "head": 800},
        "multiply_adds_per_clip": 100_000_000 * (number + 1),
        "weights_bytes": 4 * total,
        "latency_ms": {"p50": 10.0 + number, "p95": 12.0 + number, "runtime": "none", "threads": 1},
        "peak_memory_bytes": 70_000_000,
    }
