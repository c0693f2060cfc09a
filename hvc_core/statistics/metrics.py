"""Predictions to metrics: confusion, accuracy, precision, recall and F1, equal to scikit-learn's.

Pure functions. May import: numpy, pandas, .bootstrap, .counts (never
scikit-learn: the dashboard uses this module).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from hvc_core.statistics import bootstrap
from hvc_core.statistics.counts import Scores, answers, confusion, scores

__all__ = ["Scores", "answers", "cell_metrics", "confusion", "derive", "differences", "per_class"]

SCHEMA_VERSION = 1
TOLERANCE = 1e-9


def per_class(matrix: np.ndarray) -> Scores:
    """Precision, recall, F1 and support of each class of a confusion matrix.

    Args:
        matrix: array (C, C). Counts, rows true, columns answered.

    Returns:
        Scores with arrays (C,); 0 where a score's divisor is 0.
    """
    return scores(np.diagonal(matrix), matrix.sum(axis=1), matrix.sum(axis=0))


def cell_metrics(df: pd.DataFrame, classes: list[str]) -> dict[str, Any]:
    """The metrics of one model under one protocol with one seed, its folds together.

    Args:
        df: DataFrame of predictions, one row a clip; all of one model, protocol and seed.
        classes: list of C names, in the order of `probabilities`.

    Returns:
        dict: model, protocol, seed, clips, accuracy, precision_macro, recall_macro, f1_macro (means
        over all C classes, 0 to 1), accuracy_ci [low, high] (95 %, source videos resampled),
        per_class {class: {precision, recall, f1, support}}, confusion (C lists of C counts).

    Raises:
        ValueError: `df` is empty or of more than one model, protocol or seed.
    """
    keys = df[["model", "protocol", "seed"]].drop_duplicates()
    if len(keys) != 1:
        raise ValueError(f"expected one model, protocol and seed; found {len(keys)}")
    model, protocol, seed = keys.iloc[0]
    matrix = confusion(df, classes)
    found = per_class(matrix)
    return {
        "model": str(model),
        "protocol": str(protocol),
        "seed": int(seed),
        "clips": len(df),
        "accuracy": float(np.trace(matrix) / matrix.sum()),
        "precision_macro": float(found.precision.mean()),
        "recall_macro": float(found.recall.mean()),
        "f1_macro": float(found.f1.mean()),
        "accuracy_ci": list(bootstrap.accuracy_interval(df, classes)),
        "per_class": {
            name: {
                "precision": float(found.precision[i]),
                "recall": float(found.recall[i]),
                "f1": float(found.f1[i]),
                "support": int(found.support[i]),
            }
            for i, name in enumerate(classes)
        },
        "confusion": matrix.tolist(),
    }


def derive(predictions: pd.DataFrame, classes: list[str]) -> dict[str, Any]:
    """The whole of metrics.json: a cell per (protocol, model, seed), sorted so.

    Args:
        predictions: DataFrame of a study's predictions.
        classes: list of C names, in the order of `probabilities`.
    """
    grouped = predictions.groupby(["protocol", "model", "seed"], sort=True)
    return {
        "schema_version": SCHEMA_VERSION,
        "cells": [cell_metrics(df, classes) for _, df in grouped],
    }


def differences(stored: dict[str, Any], derived: dict[str, Any]) -> list[str]:
    """How two metrics.json differ, numbers within 1e-9 being equal.

    Cells are matched by model, protocol and seed, and named by their place in `stored`.

    Returns:
        one line a difference, such as `cells[2].per_class.Punch.f1: stored 0.91, derived 0.93`.
    """
    lines: list[str] = []
    found: dict[tuple, int] = {}
    for i, cell in enumerate(stored["cells"]):
        key = _key(cell)
        if key in found:
            lines.append(f"cells[{i}]: repeats cells[{found[key]}]")
        found.setdefault(key, i)
    wanted = {_key(cell): cell for cell in derived["cells"]}
    for key, i in found.items():
        if key in wanted:
            lines += _differ(f"cells[{i}]", stored["cells"][i], wanted[key])
        else:
            lines.append(f"cells[{i}]: stored {_words(key)}, which has no predictions")
    lines += [f"cells: stored nothing of {_words(key)}" for key in wanted if key not in found]
    rest = [{k: v for k, v in whole.items() if k != "cells"} for whole in (stored, derived)]
    return _differ("", *rest) + lines


def _key(cell: dict[str, Any]) -> tuple:
    return cell["model"], cell["protocol"], cell["seed"]


def _words(key: tuple) -> str:
    return f"model {key[0]}, protocol {key[1]}, seed {key[2]}"


def _differ(at: str, stored: Any, derived: Any) -> list[str]:
    if isinstance(stored, dict) and isinstance(derived, dict):
        lines = []
        for name in [*stored, *(k for k in derived if k not in stored)]:
            path = f"{at}.{name}" if at else name
            if name not in derived:
                lines.append(f"{path}: stored, but not derived")
            elif name not in stored:
                lines.append(f"{path}: derived, but not stored")
            else:
                lines += _differ(path, stored[name], derived[name])
        return lines
    if isinstance(stored, list) and isinstance(derived, list) and len(stored) == len(derived):
        pairs = zip(stored, derived, strict=True)
        return [line for i, (a, b) in enumerate(pairs) for line in _differ(f"{at}[{i}]", a, b)]
    both_numbers = isinstance(stored, int | float) and isinstance(derived, int | float)
    if both_numbers and abs(stored - derived) <= TOLERANCE:
        return []
    return [] if stored == derived else [f"{at}: stored {stored!r:.80}, derived {derived!r:.80}"]
