"""`python -m training export DIR`: a study's models as Keras weights and ONNX, and their cost.

May import: the standard library, tqdm, hvc_core; the framework only inside functions.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from hvc_core import recipe, study, video
from hvc_core.models import ARCHITECTURES
from hvc_core.recipe import Cell, Settings
from training.provenance import machine

MEASURED = ("latency_ms", "peak_memory_bytes", "other_runtimes", "training")  # of one machine
THREADS = (1, 2)  # of ONNX Runtime; more gain nothing with nets so small
RENDERED = Path(__file__).parent.parent / "dashboard" / "assets" / "rendered_jumping_jack.mp4"


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Adds the command's words to the command line."""
    parser = subparsers.add_parser(
        "export",
        help="write a study's models as Keras weights and ONNX",
        description="Writes models/<name>/ for every model from the weights of its first holdout "
        "seed (never the best one: that would be a choice by the test clips), checks that Keras "
        "and ONNX Runtime answer alike, and measures what each model costs into cost.json.",
    )
    parser.add_argument("study", type=Path, metavar="DIR", help="the study's folder")
    parser.add_argument(
        "--only", nargs="+", metavar="MODEL", help="these models only; the others stay as they are"
    )
    parser.add_argument(
        "--no-weights",
        action="store_true",
        help="count and measure the models, but leave their weights out of the study: for those "
        "that it tells about and that nobody needs to run",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Exports and measures; returns 0.

    Raises:
        StudyError: the study is malformed or has no such model.
        ExportError: weights are missing or another net's, or the two forms answer differently.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    from hvc_core import export

    meta = study.read_meta(args.study)
    plan = recipe.parse(meta["recipe"])
    for name in tqdm(args.only or list(meta["models"]), desc="export", disable=None):
        if name not in meta["models"]:
            raise study.StudyError(args.study / "study.json", "models", f"has no model {name!r}")
        cell = Cell("holdout", 0, min(plan.protocols.get("holdout", {}).get(name, (0,))), name)
        how = plan.models[name]
        trained, built = meta["models"][name]["architecture"], ARCHITECTURES[how.architecture]
        if trained != built.summary:  # weights may fit a net that computes something else
            raise export.ExportError(
                f"{args.study / 'study.json'}: {name} is another net ({trained}) than the code "
                f"builds now ({built.summary}); train its cells again, or check out the commit "
                "that trained them"
            )
        classes = meta["dataset"]["classes"]
        weights = args.study / "cells" / f"{cell}.weights.npz"
        model = export.load_cell(weights, how.architecture, len(classes))
        with tempfile.TemporaryDirectory() as aside:
            folder = (Path(aside) if args.no_weights else args.study / "models") / name
            made = export.write(model, how.architecture, folder, classes, clips_for_parity(model))
            measured = _measured(folder, model, how)
        meta, cost = study.read_meta(args.study), _cost(args.study, meta)  # as they are by now
        meta["models"][name]["parameters"] = made["parameters"]["total"]
        meta["models"][name]["weights_of"] = str(cell)
        cost["models"][name] = {
            "parameters": made["parameters"],
            "weights_bytes": made["weights_bytes"],
            **measured,
        }
        # After each model, so that a kill loses no more than the one being measured.
        study.write_json(args.study / "study.json", meta)
        study.write_json(args.study / "cost.json", cost)
        parity = made["parity"]
        print(
            f"{name}: {made['parameters']['total']:,} parameters, Keras and ONNX differ by at "
            f"most {parity['largest_difference']:.1g} on {parity['clips']} clips"
        )
    return 0


def clips_for_parity(model: Any) -> np.ndarray:
    """The rendered clip and seven of noise, uint8 (8, 20, H, W, 3): they need no data set."""
    size = tuple(model.input_shape[2:4])
    rendered = video.sample(RENDERED, [size]).images[size]
    noise = np.random.default_rng(0).integers(0, 256, (7, *rendered.shape), np.uint8)
    return np.concatenate([rendered[None], noise])


def _cost(folder: Path, meta: dict[str, Any]) -> dict[str, Any]:
    """The stored cost.json, or an empty one; without what another machine measured."""
    models = dict.fromkeys(meta["models"])
    empty = {"schema_version": study.SCHEMA_VERSION, "machine": machine(), "models": models}
    if not (folder / "cost.json").exists():
        return empty
    stored = study.read_json(folder / "cost.json")
    elsewhere = stored["machine"] != empty["machine"]
    for name, entry in stored["models"].items():
        if name in models:
            models[name] = entry
            if entry and elsewhere:
                models[name] = {**entry, **dict.fromkeys(MEASURED)}
    return empty


def _measured(folder: Path, model: Any, how: Settings) -> dict[str, Any]:
    """What a model costs; its multiply-adds counted twice, from the graph and from the layers."""
    from hvc_core import cost, export, latency, layer_cost, pace

    nodes, layers = cost.multiply_adds(folder / "model.onnx"), layer_cost.multiply_adds(model)
    if nodes != layers:
        raise export.ExportError(
            f"{folder.name}: {nodes:,} multiply-adds by the ONNX graph, {layers:,} by the layers; "
            "one of the two counts is wrong, so neither is stored"
        )
    shape, served = model.input_shape[1:], latency.measure(folder, model.input_shape[1:])
    others: list[dict[str, Any]] = [
        {"threads": n} for n in THREADS if n != served["latency_ms"]["threads"]
    ]
    return {
        "multiply_adds_per_clip": nodes,
        **served,
        "other_runtimes": [
            latency.measure(folder, shape, **way) for way in (*others, {"runtime": "keras"})
        ],
        "training": pace.measure(how, model.output_shape[-1]),
    }
