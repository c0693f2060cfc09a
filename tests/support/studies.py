"""A synthetic study for tests: valid, small, the same every time, and named as synthetic.

Its answers are drawn at random and mean nothing. May import: numpy, pandas, onnx, hvc_core.study.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import pandas as pd
from onnx import TensorProto, helper, numpy_helper

from hvc_core import closing, study
from hvc_core.conditions import CONDITIONS

CLASSES = [
    "Basketball",
    "Diving",
    "Drumming",
    "HorseRace",
    "JugglingBalls",
    "JumpRope",
    "JumpingJack",
    "PizzaTossing",
    "PlayingPiano",
    "PlayingViolin",
    "PullUps",
    "PushUps",
    "Punch",
    "Swing",
    "WalkingWithDog",
]
MODELS = {  # name: title, architecture, backbone, (height, width)
    "convlstm": ("ConvLSTM", "convlstm", None, (64, 64)),
    "lrcn": ("LRCN", "lrcn", "efficientnet-lite0", (96, 128)),
    "lrcn-scratch": ("LRCN from scratch", "lrcn", None, (64, 64)),
    "convlstm-pretrained": ("ConvLSTM (pretrained)", "convlstm", "efficientnet-lite0", (96, 128)),
    "mean": ("Mean pooling", "mean", "efficientnet-lite0", (96, 128)),
}
HOLDOUT = (2, 6, 8, 20, 22)
FOLDS = {"holdout": 1, "group5": 5, "logo25": 25, "random": 1}
EPOCHS = 6


def make_study(
    folder: Path,
    models: int = 2,
    classes: int = 15,
    groups: int = 25,
    clips_per_group: int = 1,
    seeds: int = 2,
    protocol: str | Sequence[str] = "holdout",
    onnx: bool = True,
    seed: int = 0,
    evidence: bool = False,
) -> Path:
    """Makes a valid, closed, synthetic study.

    Args:
        folder: Path. Made if it does not exist.
        models: int, 1 or more. The first are `convlstm`, `lrcn`, `lrcn-scratch`.
        classes: int, 2 or more. The first 15 are those of the shipped study.
        groups: int. Source videos of each class; `holdout` predicts five of them.
        clips_per_group: int.
        seeds: int. Seeds 1 to this number.
        protocol: str, or several: holdout, group5, logo25, random.
        onnx: bool. Whether each model gets a tiny real `model.onnx` and `preprocessing.json`.
        seed: int. Of the answers; the same arguments make the same study.
        evidence: bool. Whether it holds an audit, and answers to validation clips, to clips of no
            class of it, and, of the first seed under holdout, to clips under every condition.

    Returns:
        Path. `folder`.
    """
    folder = Path(folder)
    names = [*CLASSES, *(f"Synthetic{i:02d}" for i in range(len(CLASSES), classes))][:classes]
    known = [*MODELS, *(f"model-{i}" for i in range(len(MODELS) + 1, models + 1))][:models]
    protocols = [protocol] if isinstance(protocol, str) else list(protocol)
    meta = _meta(known, names, protocols, seeds, classes * groups * clips_per_group)
    study.write_json(folder / "study.json", meta)
    rng = np.random.default_rng(seed)
    predictions = pd.concat(
        [
            _predictions(rng, name, i, part, names, groups, clips_per_group, number)
            for part in protocols
            for i, name in enumerate(known)
            for number in range(1, seeds + 1)
        ],
        ignore_index=True,
    ).sort_values(study.KEY, ignore_index=True)
    study.write_parquet(folder / "predictions.parquet", predictions)
    study.write_parquet(folder / "history.parquet", _history(rng, predictions))
    study.write_json(folder / "cost.json", _cost(known))
    for i, name in enumerate(known if onnx else []):
        size = meta["models"][name]["input"]
        study.write_json(folder / "models" / name / "preprocessing.json", _preprocessing(size))
        write_tiny_onnx(folder / "models" / name / "model.onnx", size, classes, seed=i)
    if evidence:
        _add_evidence(folder, rng, predictions)
    closing.close(folder)
    return folder


def _add_evidence(folder: Path, rng: np.random.Generator, predictions: pd.DataFrame) -> None:
    clips = sorted(predictions["clip"].unique())
    pairs = [
        {"a": a, "b": b, "similarity": 0.5 + i / 8, "identical": i == 3}
        for i, (a, b) in enumerate(zip(clips[:4], clips[40:44], strict=True))
    ]
    audit = {"schema_version": 1, "method": "synthetic", "clips": len(clips), "pairs": pairs}
    study.write_json(folder / "audit.json", audit)
    for _, rows in predictions.groupby(study.CELL):
        first = rows["protocol"].iloc[0] == "holdout" and rows["seed"].iloc[0] == 1
        if first:
            spoilt = [
                _spoilt(rng, rows.assign(condition=name), condition.strength)
                for name, condition in CONDITIONS.items()
            ]
            study.write_extra(folder, "conditions", pd.concat(spoilt))
            unseen = _spoilt(rng, rows.head(20).assign(**{"class": "Archery"}), 5)
            study.write_extra(folder, "unseen", unseen)
        study.write_extra(folder, "validation", rows.assign(clip=rows["clip"] + "v"))


def _spoilt(rng: np.random.Generator, rows: pd.DataFrame, strength: int) -> pd.DataFrame:
    """Rows whose answers are mixed with chance, the more the stronger."""
    values = np.stack(rows["probabilities"].tolist())
    noise = rng.dirichlet(np.ones(values.shape[1]), len(values))
    share = (strength or 2) / 6
    mixed = list(((1 - share) * values + share * noise).astype(np.float32))
    return rows.assign(probabilities=pd.Series(mixed, dtype=object, index=rows.index))


def write_tiny_onnx(path: Path, size: dict[str, int], classes: int, seed: int = 0) -> None:
    """Writes a real ONNX model with the project's interface: mean colour, one layer, softmax."""
    rng = np.random.default_rng(seed)
    weight = (rng.normal(size=(3, classes)) / 50).astype(np.float32)
    shape: list[str | int | None] = ["batch", size["frames"], size["height"], size["width"], 3]
    graph = helper.make_graph(
        [
            helper.make_node("ReduceMean", ["clip"], ["mean"], axes=[1, 2, 3], keepdims=0),
            helper.make_node("MatMul", ["mean", "weight"], ["logits"]),
            helper.make_node("Softmax", ["logits"], ["probabilities"], axis=1),
        ],
        "synthetic",
        [helper.make_tensor_value_info("clip", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["batch", classes])],
        [numpy_helper.from_array(weight, "weight")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, str(path))


def _preprocessing(size: dict[str, int]) -> dict:
    return {
        **size,
        "sampling": "middle of equal time segments",
        "color": "rgb",
        "range": [0, 255],
        "resize": "swscale area",
    }


def _meta(
    models: list[str], classes: list[str], protocols: list[str], seeds: int, clips: int
) -> dict:
    def entry(name: str) -> dict:
        title, architecture, backbone, (height, width) = MODELS.get(
            name, (f"Synthetic {name}", "synthetic", None, (64, 64))
        )
        return {
            "title": title,
            "architecture": architecture,
            "backbone": backbone,
            "pretrained": backbone is not None,
            "parameters": 50_000 + 1_000 * len(name),
            "input": {"frames": 20, "height": height, "width": width},
        }

    return {
        "schema_version": study.SCHEMA_VERSION,
        "name": "synthetic",
        "title": "Synthetic study (random answers, for tests)",
        "created": "2026-01-01T00:00:00+00:00",
        "recipe": {"name": "synthetic"},
        "dataset": {
            "name": "synthetic",
            "note": "No clip exists: names and answers are made up by a test.",
            "fingerprint": "0" * 64,
            "clips": clips,
            "classes": classes,
        },
        "protocols": {
            name: {
                "description": f"synthetic {name}",
                "folds": FOLDS[name],
                "seeds": list(range(1, seeds + 1)),
            }
            for name in protocols
        },
        "models": {name: entry(name) for name in models},
        "environment": {"python": "3.11", "packages": {}, "machine": "synthetic"},
        "code_commit": None,
    }


def _predictions(
    rng: np.random.Generator,
    model: str,
    number: int,
    protocol: str,
    classes: list[str],
    groups: int,
    clips_per_group: int,
    seed: int,
) -> pd.DataFrame:
    """One model's rows: `lrcn` and later models are given better chances than `convlstm`."""
    kept = [g for g in range(1, groups + 1) if protocol != "holdout" or g in HOLDOUT]
    kept = kept or [1]
    true, group, clip = (
        a.ravel()
        for a in np.meshgrid(
            np.arange(len(classes)), kept, np.arange(1, clips_per_group + 1), indexing="ij"
        )
    )
    folds = FOLDS[protocol]
    logits = rng.normal(size=(len(true), len(classes)))
    logits[np.arange(len(true)), true] += 2.0 + 1.5 * (number % 3)
    values = np.exp(logits)
    values = (values / values.sum(axis=1, keepdims=True)).astype(np.float32)
    return pd.DataFrame(
        {
            "protocol": protocol,
            "fold": (group - 1) % folds,
            "seed": seed,
            "model": model,
            "condition": study.CLEAN,
            "clip": [
                f"v_{classes[t]}_g{g:02d}_c{c:02d}"
                for t, g, c in zip(true, group, clip, strict=True)
            ],
            "class": [classes[t] for t in true],
            "group": group,
            "probabilities": list(values),
        }
    )


def _history(rng: np.random.Generator, predictions: pd.DataFrame) -> pd.DataFrame:
    cells = predictions[study.CELL].drop_duplicates()
    rows = cells.loc[cells.index.repeat(EPOCHS)].reset_index(drop=True)
    epoch = np.tile(np.arange(1, EPOCHS + 1), len(cells))
    noise = rng.uniform(0, 0.05, len(rows))
    return rows.assign(
        epoch=epoch,
        loss=2.5 / epoch + noise,
        accuracy=1 - 0.9 / epoch - noise / 10,
        val_loss=2.8 / epoch + noise,
        val_accuracy=0.9 - 0.8 / epoch - noise / 10,
        seconds=10.0,
    )


def _cost(models: list[str]) -> dict:
    """Made-up costs; the last of three or more models has not been measured."""

    def entry(i: int) -> dict | None:
        if i >= 2 and i == len(models) - 1:
            return None
        total = 50_000 * (i + 1)
        return {
            "parameters": {"total": total, "trainable": total, "body": total - 800, "head": 800},
            "multiply_adds_per_clip": 100_000_000 * (i + 1),
            "weights_bytes": 4 * total,
            "latency_ms": {
                "p50": 10.0 + i,
                "p95": 12.0 + i,
                "runtime": "synthetic",
                "threads": 1,
                "runs": 10,
            },
            "peak_memory_bytes": 70_000_000 if i else None,
            "other_runtimes": [
                {
                    "latency_ms": {
                        "p50": 90.0 + i,
                        "p95": 95.0 + i,
                        "runtime": "synthetic, slower",
                        "threads": 2,
                        "runs": 10,
                    },
                    "peak_memory_bytes": 700_000_000,
                }
            ],
            "training": {
                "seconds_per_clip": 0.02 * (i + 1),
                "prepare_seconds_per_clip": 1.5 * i,
                "batch": 16,
                "steps": 20,
                "runtime": "synthetic",
                "threads": 2,
            },
        }

    return {
        "schema_version": study.SCHEMA_VERSION,
        "machine": {"name": "synthetic"},
        "models": {name: entry(i) for i, name in enumerate(models)},
    }
