"""The rules of a study's JSON files: study, metrics, cost, audit, model folders.

Version 2 added the column `condition` and the tables of validation and unseen clips; version 1 is
read as a study without them.

May import: the standard library, hvc_core.storage.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from hvc_core.storage import StudyError, read_json

SCHEMA_VERSION = 2  # what is written
READS = (1, 2)


def field_of(obj: dict[str, Any], file: Path, at: str, key: str, *types: type) -> Any:
    """`obj[key]`, of one of the given types (`type(None)` allows null).

    Args:
        obj: dict. The object that should hold it.
        file: Path. The file that it was read from, for the message.
        at: str. Where in the file `obj` lies, such as `models.lrcn`; empty for the whole.
        key: str. What is looked for.
        types: the allowed ones.

    Raises:
        StudyError: it is missing or of another type.
    """
    if key in obj:
        value = obj[key]
        wrong_bool = isinstance(value, bool) and bool not in types  # True is an int to isinstance
        if isinstance(value, types) and not wrong_bool:
            return value
    field = f"{at}.{key}" if at else key
    expected = " or ".join("null" if t is type(None) else t.__name__ for t in types)
    if key not in obj:
        raise StudyError(file, field, "missing", f"Add it ({expected}), or make the file again.")
    raise StudyError(
        file, field, f"is {obj[key]!r:.60}, expected {expected}", "Correct or make it again."
    )


def check_version(obj: dict[str, Any], file: Path) -> None:
    """Raises StudyError unless `schema_version` is the one this code reads."""
    found = field_of(obj, file, "", "schema_version", int)
    if found not in READS:
        raise StudyError(
            file,
            "schema_version",
            f"is {found}; this version of hvc reads {' and '.join(map(str, READS))}",
            "Use a matching version of hvc, or make the study again.",
        )


def same_classes(found: Iterable[str], classes: list[str], file: Path, field: str) -> None:
    """Raises StudyError unless `found` is study.json's class list, in its order."""
    found = list(found)
    if found == classes:
        return
    extra = sorted(set(map(str, found)) - set(classes))
    missing = sorted(set(classes) - set(map(str, found)))
    what = "; ".join(
        part
        for part in (
            f"unknown there: {some(extra)}" if extra else "",
            f"missing here: {some(missing)}" if missing else "",
            "" if extra or missing else "same names in another order",
        )
        if part
    )
    raise StudyError(
        file,
        field,
        f"its class list differs from study.json's dataset.classes ({what})",
        "All files of a study must come from the same training; restore the one that does not.",
    )


def read_meta(folder: Path) -> dict[str, Any]:
    """Reads and checks study.json alone: all that a study still in training has to have.

    Raises:
        StudyError: the folder or the file is missing or malformed.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise StudyError(folder, None, "no such folder", "Give the folder that holds study.json.")
    file = folder / "study.json"
    meta = read_json(file)
    check_meta(meta, file)
    return meta


def check_meta(meta: dict[str, Any], file: Path) -> None:
    """Checks study.json."""
    check_version(meta, file)
    none = type(None)
    for key in ("name", "title", "created"):
        field_of(meta, file, "", key, str)
    field_of(meta, file, "", "recipe", dict, str)
    field_of(meta, file, "", "environment", dict)
    field_of(meta, file, "", "code_commit", str, none)
    dataset = field_of(meta, file, "", "dataset", dict)
    field_of(dataset, file, "dataset", "name", str)
    field_of(dataset, file, "dataset", "fingerprint", str)
    field_of(dataset, file, "dataset", "clips", int)
    classes = field_of(dataset, file, "dataset", "classes", list)
    if len(classes) < 2 or not all(isinstance(c, str) and c for c in classes):
        raise StudyError(file, "dataset.classes", "expected two or more names", "Correct it.")
    if len(set(classes)) < len(classes):
        twice = sorted({c for c in classes if classes.count(c) > 1})
        raise StudyError(file, "dataset.classes", f"lists {some(twice)} twice", "Correct it.")
    for name in _names(meta, file, "protocols"):
        at = f"protocols.{name}"
        entry = _entry(meta, file, "protocols", name)
        field_of(entry, file, at, "description", str)
        field_of(entry, file, at, "seeds", list)
        if field_of(entry, file, at, "folds", int) < 1:
            raise StudyError(file, f"{at}.folds", "expected 1 or more", "Correct it.")
        if not entry["seeds"] or not all(type(s) is int for s in entry["seeds"]):
            raise StudyError(file, f"{at}.seeds", "expected a list of whole numbers", "Correct it.")
    for name in _names(meta, file, "models"):
        at = f"models.{name}"
        entry = _entry(meta, file, "models", name)
        field_of(entry, file, at, "title", str)
        field_of(entry, file, at, "architecture", str)
        field_of(entry, file, at, "backbone", str, none)
        field_of(entry, file, at, "pretrained", bool)
        field_of(entry, file, at, "parameters", int, none)
        size = field_of(entry, file, at, "input", dict)
        for key in ("frames", "height", "width"):
            field_of(size, file, f"{at}.input", key, int)
    headline = meta.get("headline")
    if headline is not None and not (
        isinstance(headline, list)
        and len(headline) == 2
        and all(isinstance(name, str) for name in headline)
        and len(set(headline)) == 2
        and set(headline) <= set(meta["models"])
    ):
        raise StudyError(
            file,
            "headline",
            f"is {headline!r:.80}; expected two different names of models",
            f"Choose from {some(meta['models'])}.",
        )


def check_known(
    found: Iterable[Any], known: Iterable[Any], file: Path, field: str, where: str = ""
) -> None:
    """Raises StudyError where `found` holds what study.json does not list."""
    known = list(known)
    unknown = sorted(set(found) - set(known))
    if unknown:
        raise StudyError(
            file,
            field,
            f"unknown {field} {some(unknown)}{where}; study.json lists {some(known)}",
            "Add it to study.json, or remove its rows.",
        )


def check_metrics(metrics: dict[str, Any], meta: dict[str, Any], file: Path) -> None:
    """Checks metrics.json's form (whether its numbers are right is `study.check`'s matter)."""
    check_version(metrics, file)
    classes: list[str] = meta["dataset"]["classes"]
    for i, cell in enumerate(field_of(metrics, file, "", "cells", list)):
        at = f"cells[{i}]"
        if not isinstance(cell, dict):
            raise StudyError(file, at, "is no object", "Make it again with `evaluate`.")
        check_known([field_of(cell, file, at, "model", str)], meta["models"], file, f"{at}.model")
        check_known(
            [field_of(cell, file, at, "protocol", str)], meta["protocols"], file, f"{at}.protocol"
        )
        field_of(cell, file, at, "seed", int)
        field_of(cell, file, at, "clips", int)
        for key in ("accuracy", "precision_macro", "recall_macro", "f1_macro"):
            _fraction(field_of(cell, file, at, key, int, float), file, f"{at}.{key}")
        ci = field_of(cell, file, at, "accuracy_ci", list)
        if len(ci) != 2:
            raise StudyError(file, f"{at}.accuracy_ci", "expected [low, high]", "Make it again.")
        for j, value in enumerate(ci):
            _fraction(value, file, f"{at}.accuracy_ci[{j}]")
        per_class = field_of(cell, file, at, "per_class", dict)
        same_classes(per_class, classes, file, f"{at}.per_class")
        for name in classes:
            entry = field_of(per_class, file, f"{at}.per_class", name, dict)
            for key in ("precision", "recall", "f1"):
                field = f"{at}.per_class.{name}"
                _fraction(field_of(entry, file, field, key, int, float), file, f"{field}.{key}")
            field_of(entry, file, f"{at}.per_class.{name}", "support", int)
        matrix = field_of(cell, file, at, "confusion", list)
        if len(matrix) != len(classes) or not all(
            isinstance(row, list) and len(row) == len(classes) and set(map(type, row)) == {int}
            for row in matrix
        ):
            size = len(classes)
            raise StudyError(
                file,
                f"{at}.confusion",
                f"expected {size} rows of {size} counts, as many as there are classes",
                "Make it again with `python -m training evaluate DIR`.",
            )


AGAIN = "Measure the cost again: `python -m training export DIR`."


def check_cost(cost: dict[str, Any], meta: dict[str, Any], file: Path) -> None:
    """Checks cost.json; null stands for what was not measured."""
    check_version(cost, file)
    field_of(cost, file, "", "machine", dict)
    models = field_of(cost, file, "", "models", dict)
    check_known(models, meta["models"], file, "models")
    none = type(None)
    numbers = (int, float, none)
    for name, entry in models.items():
        at = f"models.{name}"
        if entry is None:
            continue
        if not isinstance(entry, dict):
            raise StudyError(file, at, "is no object", AGAIN)
        if entry.get("parameters") is not None:
            field_of(entry, file, at, "parameters", dict)
        flat = {k: entry.get(k) for k in ("multiply_adds_per_clip", "weights_bytes")}
        keys = ("total", "trainable", "body", "head")
        flat |= {f"parameters.{k}": (entry.get("parameters") or {}).get(k) for k in keys}
        others = entry.get("other_runtimes") or []
        if not isinstance(others, list) or not all(isinstance(one, dict) for one in others):
            raise StudyError(file, f"{at}.other_runtimes", "is no list of objects", AGAIN)
        measured = {"": entry} | {f"other_runtimes[{i}].": one for i, one in enumerate(others)}
        for where, one in measured.items():
            flat[f"{where}peak_memory_bytes"] = one.get("peak_memory_bytes")
            taken = one.get("latency_ms") or {}
            if not isinstance(taken, dict):
                raise StudyError(file, f"{at}.{where}latency_ms", "is no object", AGAIN)
            flat |= {f"{where}latency_ms.{k}": taken.get(k) for k in ("p50", "p95")}
        trains = entry.get("training") or {}
        if not isinstance(trains, dict):
            raise StudyError(file, f"{at}.training", "is no object", AGAIN)
        times = ("seconds_per_clip", "prepare_seconds_per_clip")
        flat |= {f"training.{k}": trains.get(k) for k in times}
        for key, value in flat.items():
            wrong = not isinstance(value, numbers) or isinstance(value, bool)
            if wrong or (value is not None and not (math.isfinite(value) and value >= 0)):
                raise StudyError(
                    file,
                    f"{at}.{key}",
                    f"is {value!r:.40}, expected a number of 0 or more, or null",
                    AGAIN,
                )


def check_audit(found: dict[str, Any], file: Path) -> None:
    """Checks audit.json."""
    check_version(found, file)
    field_of(found, file, "", "method", str)
    field_of(found, file, "", "clips", int)
    for i, pair in enumerate(field_of(found, file, "", "pairs", list)):
        at = f"pairs[{i}]"
        if not isinstance(pair, dict):
            raise StudyError(file, at, "is no object", "Make it again with `train`.")
        for key in ("a", "b"):
            field_of(pair, file, at, key, str)
        _fraction(field_of(pair, file, at, "similarity", int, float), file, f"{at}.similarity")
        field_of(pair, file, at, "identical", bool)


def check_model_folder(folder: Path, meta: dict[str, Any]) -> None:
    """Checks what a model's folder says of its classes and input, where it says it."""
    name = folder.name
    classes: list[str] = meta["dataset"]["classes"]
    labels = folder / "labels.json"
    if labels.exists():
        same_classes(read_json(labels, list), classes, labels, "labels")
    file = folder / "preprocessing.json"
    if not file.exists():
        return
    said = read_json(file)
    if "classes" in said:
        same_classes(field_of(said, file, "", "classes", list), classes, file, "classes")
    expected = meta["models"][name]["input"]
    for key in ("frames", "height", "width"):
        if field_of(said, file, "", key, int) != expected[key]:
            raise StudyError(
                file,
                key,
                f"is {said[key]}, but study.json's models.{name}.input.{key} is {expected[key]}",
                "Export the model again with `python -m training export DIR`.",
            )


def _names(meta: dict[str, Any], file: Path, field: str) -> list[str]:
    names = list(field_of(meta, file, "", field, dict))
    if not names:
        raise StudyError(file, field, "is empty", "List at least one.")
    return names


def _entry(meta: dict[str, Any], file: Path, field: str, name: str) -> dict[str, Any]:
    entry = meta[field][name]
    if not isinstance(entry, dict):
        raise StudyError(file, f"{field}.{name}", "is no object", "Correct it.")
    return entry


def _fraction(value: Any, file: Path, field: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise StudyError(
            file,
            field,
            f"is {value!r:.40}, expected a number from 0 to 1",
            "Make it again with `python -m training evaluate DIR`.",
        )


def some(names: Iterable[Any]) -> str:
    """Up to five names, for a message."""
    names = [str(name) for name in names]
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
