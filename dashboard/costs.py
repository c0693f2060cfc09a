"""The costs of a study's models: read from cost.json, put into words and a table.

May import: the standard library, pandas, dashboard.state, hvc_core.study.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd

from dashboard import state
from hvc_core.study import Study


def count(value: float | None) -> str:
    """A whole number with thin groups: 177050 -> '177,050'; None -> 'not measured'."""
    return "not measured" if _absent(value) else f"{value:,.0f}"


def amount(value: float | None, unit: str = "") -> str:
    """A number short enough for a card: 1_234_567 -> '1.23 M'; None -> a dash."""
    if value is None or _absent(value):
        return "–"
    for step, letter in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= step:
            return f"{value / step:.3g} {letter}{unit}"
    return f"{value:.3g} {unit}".rstrip()


def _absent(value: float | None) -> bool:
    return value is None or not math.isfinite(value)


def cost(study: Study, model: str) -> dict[str, Any]:
    """A model's entry of cost.json, empty where nothing was measured."""
    entry = study.cost["models"].get(model)
    return entry if isinstance(entry, dict) else {}


def part(entry: dict[str, Any], *path: str) -> float | None:
    """A number of cost.json by its path; None where it was not measured."""
    value: Any = entry
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def parameters(study: Study, model: str) -> float | None:
    """A model's parameters: as measured, else as study.json states them."""
    measured = part(cost(study, model), "parameters", "total")
    return study.models[model].get("parameters") if measured is None else measured


def milliseconds(value: float | None) -> str:
    """A time as a person reads it: 8.123 -> '8.1 ms'; None -> 'not measured'."""
    if value is None or _absent(value):
        return "not measured"
    return f"{value:.1f} ms" if value < 100 else f"{value:,.0f} ms"


def cost_table(study: Study, names: Sequence[str]) -> pd.DataFrame:
    """Every cost of the named models, one row a model; nothing where it was not measured."""
    columns = {
        "Parameters": ("parameters", "total"),
        "in the body": ("parameters", "body"),
        "in the head": ("parameters", "head"),
        "Multiply-adds a clip": ("multiply_adds_per_clip",),
        "Weights, MB": ("weights_bytes",),
        "Peak memory, MB": ("peak_memory_bytes",),
        "Latency, median, ms": ("latency_ms", "p50"),
        "Latency, 95th percentile, ms": ("latency_ms", "p95"),
        "Training, ms a clip": ("training", "seconds_per_clip"),
        "Preparing, ms a clip": ("training", "prepare_seconds_per_clip"),
    }
    rows = pd.DataFrame({"Model": [state.title(study, name) for name in names]})
    for column, path in columns.items():
        found = [part(cost(study, name), *path) for name in names]
        if path == ("parameters", "total"):
            found = [parameters(study, name) for name in names]
        step = 1e6 if column.endswith("MB") else 1e-3 if path[0] == "training" else 1
        values = pd.Series([math.nan if v is None else v / step for v in found], dtype=float)
        whole = path[0] in ("parameters", "multiply_adds_per_clip")
        rows[column] = values.astype("Int64") if whole else values
    return rows


def runtime_table(study: Study, names: Sequence[str]) -> pd.DataFrame:
    """Latency and peak memory of every model by runtime; empty where only one was measured."""
    rows = []
    for name in names:
        entry = cost(study, name)
        for way in [entry, *(entry.get("other_runtimes") or [])]:
            how = way.get("latency_ms")
            if not how:
                continue
            rows.append(
                {
                    "Model": state.title(study, name),
                    "Runtime": how.get("runtime"),
                    "Threads": how.get("threads"),
                    "Latency, median, ms": how.get("p50"),
                    "Latency, 95th percentile, ms": how.get("p95"),
                    "Peak memory, MB": (way.get("peak_memory_bytes") or math.nan) / 1e6,
                    "Used by this app": "yes" if way is entry else "no",
                }
            )
    made = pd.DataFrame(rows)
    return made if len(made) and made["Runtime"].nunique() > 1 else made.iloc[:0]


def machine(of: Any) -> str:
    """A machine as a study describes it, in one line; empty where it does not."""
    if isinstance(of, dict):
        return ", ".join(f"{key}: {value}" for key, value in of.items())
    return str(of or "")


def measured_on(study: Study) -> str:
    """Where and how the costs were measured, in one line."""
    where = machine(study.cost.get("machine"))
    measured = [how for name in study.models if (how := cost(study, name).get("latency_ms"))]
    if measured:
        threads = " or ".join(sorted({str(how.get("threads")) for how in measured}))
        where += (
            f"; latency with {measured[0].get('runtime')}, {threads} thread(s) a model, over "
            f"{measured[0].get('runs')} runs of one clip"
        )
    return f"Measured on {where}." if where else "The study does not say where it was measured."


def _on_one_thread(entry: dict[str, Any]) -> float | None:
    """Median milliseconds a clip in the app's runtime with one thread: as served, or beside it."""
    served = entry.get("latency_ms") or {}
    for way in [entry, *(entry.get("other_runtimes") or [])]:
        how = way.get("latency_ms") or {}
        if how.get("threads") == 1 and how.get("runtime") == served.get("runtime"):
            return how.get("p50")
    return None


def ratios(view: state.View) -> str:
    """One sentence: how many times the cost of A the cost of B is, where both are known."""
    study = view.study
    measured = [cost(study, name) for name in view.pair]
    known: dict[str, list[float | None]] = {
        "parameters": [parameters(study, name) for name in view.pair],
        "multiply-adds": [part(c, "multiply_adds_per_clip") for c in measured],
        "time a clip (one thread each)": [_on_one_thread(c) for c in measured],
        "peak memory": [part(c, "peak_memory_bytes") for c in measured],
    }
    said = [f"{b / a:.3g} × the {what}" for what, (a, b) in known.items() if a and b]
    if not said:
        return f"{view.titles[0]} and {view.titles[1]} have no cost that both were measured for."
    return f"Against {view.titles[0]}, {view.titles[1]} takes **{', '.join(said)}**."
