"""A study's JSON files: every field that is missing, wrong or of another study is named.

May import: pytest, hvc_core.study, tests.support.studies, .spoilt.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from hvc_core import study
from tests.support.spoilt import edit, refused
from tests.support.studies import make_study


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_study(tmp_path / "study", models=2, classes=4, seeds=2)


@pytest.mark.parametrize("name", ["study.json", "metrics.json", "cost.json"])
@pytest.mark.parametrize("version", [0, 3, "1", None, True])
def test_a_wrong_schema_version(folder: Path, name: str, version: object) -> None:
    edit(folder / name, lambda obj: obj | {"schema_version": version})
    refused(folder, name, "schema_version", "reads 1 and 2|expected int")


@pytest.mark.parametrize(
    "path",
    [
        "name",
        "title",
        "created",
        "recipe",
        "environment",
        "code_commit",
        "dataset",
        "dataset.name",
        "dataset.fingerprint",
        "dataset.clips",
        "dataset.classes",
        "protocols",
        "protocols.holdout.description",
        "protocols.holdout.folds",
        "protocols.holdout.seeds",
        "models",
        "models.lrcn.title",
        "models.lrcn.architecture",
        "models.lrcn.backbone",
        "models.lrcn.pretrained",
        "models.lrcn.parameters",
        "models.lrcn.input",
        "models.lrcn.input.frames",
        "models.lrcn.input.height",
        "models.lrcn.input.width",
    ],
)
def test_a_missing_or_wrong_field_of_study_json(folder: Path, path: str) -> None:
    *parents, last = path.split(".")
    file = folder / "study.json"
    whole = file.read_text()
    for wrong in (None, 1.5):
        obj = json.loads(whole)
        inner = obj
        for parent in parents:
            inner = inner[parent]
        if wrong is None:
            del inner[last]
        else:
            inner[last] = wrong
        file.write_text(json.dumps(obj))
        refused(folder, "study.json", path, "missing" if wrong is None else "expected")


@pytest.mark.parametrize(
    ("path", "value", "field", "words"),
    [
        ("dataset.classes", ["Punch"], "dataset.classes", "two or more"),
        ("dataset.classes", ["Punch", "Punch"], "dataset.classes", "Punch twice"),
        ("dataset.classes", ["Punch", 3], "dataset.classes", "two or more names"),
        ("protocols", {}, "protocols", "is empty"),
        ("models", {}, "models", "is empty"),
        ("models", {"lrcn": []}, "models.lrcn", "no object"),
        ("protocols.holdout.folds", 0, "protocols.holdout.folds", "1 or more"),
        ("protocols.holdout.seeds", [], "protocols.holdout.seeds", "whole numbers"),
        ("protocols.holdout.seeds", [1.5], "protocols.holdout.seeds", "whole numbers"),
        ("headline", ["lrcn"], "headline", "two different"),
        ("headline", ["lrcn", "lrcn"], "headline", "two different"),
        ("headline", ["lrcn", "other"], "headline", "Choose from convlstm, lrcn"),
        ("headline", [["lrcn"], "lrcn"], "headline", "two different"),
    ],
)
def test_a_nonsensical_study_json(
    folder: Path, path: str, value: object, field: str, words: str
) -> None:
    def change(obj: dict) -> None:
        *parents, last = path.split(".")
        inner = obj
        for parent in parents:
            inner = inner[parent]
        inner[last] = value

    edit(folder / "study.json", change)
    refused(folder, "study.json", field, words)


def test_the_headline_can_be_chosen(folder: Path) -> None:
    edit(folder / "study.json", lambda obj: obj | {"headline": ["lrcn", "convlstm"]})
    assert study.read(folder).headline == ("lrcn", "convlstm")


def test_one_model_is_compared_with_itself(tmp_path: Path) -> None:
    assert study.read(make_study(tmp_path, models=1)).headline == ("convlstm", "convlstm")


def test_a_class_list_that_differs_in_metrics(folder: Path) -> None:
    def rename(obj: dict) -> None:
        cell = obj["cells"][1]["per_class"]
        cell["Dance"] = cell.pop("Diving")

    def reorder(obj: dict) -> None:
        cell = obj["cells"][1]
        cell["per_class"] = dict(reversed(cell["per_class"].items()))

    file = folder / "metrics.json"
    whole = file.read_text()
    edit(file, rename)
    error = refused(folder, "metrics.json", "cells[1].per_class", "differs from study.json's")
    assert "Dance" in str(error) and "Diving" in str(error)
    file.write_text(whole)
    edit(file, reorder)
    refused(folder, "metrics.json", "cells[1].per_class", "another order")


def test_a_class_list_that_differs_in_a_model_folder(folder: Path) -> None:
    labels = folder / "models" / "lrcn" / "labels.json"
    labels.write_text(json.dumps(["Basketball", "Diving", "Drumming", "HorseRace"]))
    study.read(folder)
    labels.write_text(json.dumps(["Basketball", "Diving", "Drumming"]))
    refused(folder, "models/lrcn/labels.json", "labels", "missing here: HorseRace")
    labels.unlink()
    file = folder / "models" / "lrcn" / "preprocessing.json"
    edit(file, lambda obj: obj | {"classes": ["Other", "Diving", "Drumming", "HorseRace"]})
    refused(folder, "models/lrcn/preprocessing.json", "classes", "unknown there: Other")


def test_a_model_folder_with_another_input(folder: Path) -> None:
    file = folder / "models" / "lrcn" / "preprocessing.json"
    edit(file, lambda obj: obj | {"height": 7})
    refused(folder, "models/lrcn/preprocessing.json", "height", r"is 7, but .* is 96")


@pytest.mark.parametrize(
    ("key", "value", "field"),
    [
        ("model", "other", "cells[0].model"),
        ("protocol", "other", "cells[0].protocol"),
        ("accuracy", 1.2, "cells[0].accuracy"),
        ("accuracy", None, "cells[0].accuracy"),
        ("accuracy_ci", [0.1], "cells[0].accuracy_ci"),
        ("accuracy_ci", [0.1, "x"], "cells[0].accuracy_ci[1]"),
        ("confusion", [[1, 2], [3, 4]], "cells[0].confusion"),
        ("confusion", [[0.5] * 4] * 4, "cells[0].confusion"),
    ],
)
def test_malformed_metrics(folder: Path, key: str, value: object, field: str) -> None:
    edit(folder / "metrics.json", lambda obj: obj["cells"][0].update({key: value}))
    refused(folder, "metrics.json", field, "unknown|expected")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (lambda m: m.update(other={}), "models"),
        (lambda m: m.update(lrcn=[]), "models.lrcn"),
        (lambda m: m["lrcn"].update(weights_bytes=-1), "models.lrcn.weights_bytes"),
        (lambda m: m["lrcn"].update(latency_ms=3), "models.lrcn.latency_ms"),
        (lambda m: m["lrcn"]["latency_ms"].update(p95="fast"), "models.lrcn.latency_ms.p95"),
    ],
)
def test_malformed_cost(folder: Path, change: Callable[[dict], None], field: str) -> None:
    edit(folder / "cost.json", lambda obj: change(obj["models"]))
    refused(folder, "cost.json", field, "unknown|expected|no object")


def test_what_was_not_measured_is_null(folder: Path) -> None:
    def change(obj: dict) -> None:
        obj["models"] = {"convlstm": None, "lrcn": {"latency_ms": None, "weights_bytes": None}}

    edit(folder / "cost.json", change)
    assert study.read(folder).cost["models"]["convlstm"] is None


def test_a_broken_audit_names_its_field(folder: Path) -> None:
    pair = {"a": "v_A_g01_c01", "b": "v_A_g02_c01", "similarity": 0.9, "identical": False}
    audit = {"schema_version": 1, "method": "m", "clips": 2, "pairs": [pair]}
    study.write_json(folder / "audit.json", audit)
    assert study.read(folder).audit == audit
    study.write_json(folder / "audit.json", audit | {"pairs": [pair | {"similarity": 2}]})
    refused(folder, "audit.json", "pairs[0].similarity", "expected a number from 0 to 1")
