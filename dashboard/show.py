"""How the pages draw what they have alike: a chart with its table, a message, a number.

May import: streamlit, pandas, dashboard, hvc_core.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from dashboard import charts, numbers, state
from dashboard.charts import Chart
from hvc_core.stats import Estimate, Summary
from hvc_core.study import StudyError

CONFIG = {"displayModeBar": False, "scrollZoom": False, "responsive": True}
DOT = (":blue-badge[A]", ":orange-badge[B]")


def chart(made: Chart, key: str, tabled: bool = True) -> None:
    """A chart, named for screen readers, and the same numbers as a table one click away."""
    st.plotly_chart(made.figure, key=key, alt=made.alt, config=CONFIG)
    if tabled and len(made.table):
        with st.expander("The same numbers as a table", icon=":material/table:"):
            table(made.table, f"The numbers of the chart {made.figure.layout.title.text}")


def table(rows: pd.DataFrame, alt: str, form: str = "%.1f") -> None:
    """A table that sorts on a click and downloads as CSV."""
    st.dataframe(
        rows,
        hide_index=True,
        alt=alt,
        placeholder="–",
        column_config={
            name: st.column_config.NumberColumn(format=form)
            for name in rows.select_dtypes("float").columns
        },
    )


def broken(error: StudyError) -> None:
    """The message for a study that cannot be shown."""
    st.error(str(error), title="This study cannot be shown", icon=":material/folder_off:")
    st.caption(
        "The app is up and reads the study again on the next click. The study is the folder that "
        "the environment variable HVC_STUDY names, else the one shipped with the code."
    )


def count(value: float | None) -> str:
    """A whole number with thin groups: 177050 -> '177,050'; None -> 'not measured'."""
    return "not measured" if _absent(value) else f"{value:,.0f}"


def amount(value: float | None, unit: str = "") -> str:
    """A number short enough for a card: 1_234_567 -> '1.23 M'; None -> 'not measured'."""
    if value is None or _absent(value):
        return "not measured"
    for step, letter in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= step:
            return f"{value / step:.3g} {letter}{unit}"
    return f"{value:.3g} {unit}".rstrip()


def _absent(value: float | None) -> bool:
    return value is None or not math.isfinite(value)


def basis(view: state.View) -> str:
    """One sentence: which study, classes, clips, seeds and protocol the page speaks of."""
    found = [numbers.summary(view, name) for name in view.pair]
    known = [one for one in found if one is not None]
    study = view.study
    if not known:
        return f"Study {study.name}, {len(study.classes)} classes, protocol {view.protocol}."
    clips = " and ".join(f"{n:,}" for n in dict.fromkeys(one.clips for one in known))
    films = " and ".join(f"{n:,}" for n in dict.fromkeys(one.sources for one in known))
    return (
        f"Study {study.name}: {len(study.classes)} classes, {clips} clips of {films} source "
        f"videos under protocol {view.protocol}, {seeds(found)}."
    )


def seeds(found: Sequence[Summary | None]) -> str:
    """'3 seeds', or '3 and 1 seeds' where the two differ."""
    many = list(dict.fromkeys(len(one.seeds) for one in found if one is not None))
    return " and ".join(map(str, many)) + (" seed" if many == [1] else " seeds")


def no_predictions(view: state.View) -> None:
    """The message where the pair was not trained under the chosen protocol."""
    names = " and ".join(state.title(view.study, name) for name in numbers.missing(view))
    st.info(
        f"{names} has no predictions under protocol {view.protocol}. Choose another protocol or "
        "another model at the top, or train the missing cells with `python -m training train`.",
        title="Nothing to compare here",
        icon=":material/hourglass_empty:",
    )


def cost(study: Any, model: str) -> dict[str, Any]:
    """A model's entry of cost.json, empty where nothing was measured."""
    entry = study.cost["models"].get(model)
    return entry if isinstance(entry, dict) else {}


def part(entry: dict[str, Any], *path: str) -> float | None:
    """A number of cost.json by its path; None where it was not measured."""
    value: Any = entry
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def parameters(study: Any, model: str) -> float | None:
    """A model's parameters: as measured, else as study.json states them."""
    measured = part(cost(study, model), "parameters", "total")
    return study.models[model].get("parameters") if measured is None else measured


def card(view: state.View, model: str, slot: int) -> None:
    """One model of the pair: what it is, its accuracy, and what it costs."""
    entry = view.study.models[model]
    found = numbers.summary(view, model)
    st.markdown(f"#### {DOT[slot]} {state.title(view.study, model)}")
    body = f", on {entry['backbone']}" if entry.get("backbone") else ""
    start = "pretrained" if entry["pretrained"] else "trained from scratch"
    size = entry["input"]
    st.caption(
        f"{entry['architecture']}{body}, {start}; {size['frames']} frames of "
        f"{size['width']} × {size['height']}"
    )
    costs = cost(view.study, model)
    with st.grid(4, min_column_width=120, gap="small"):
        if found is None:
            st.metric("Accuracy", "no predictions")
        else:
            st.metric(
                "Accuracy",
                charts.percent(found.accuracy.mean),
                help=f"95 % interval {charts.interval(found.accuracy)}; by seed: "
                + ", ".join(charts.percent(v) for v in found.accuracy_by_seed),
            )
        st.metric("Parameters", amount(parameters(view.study, model)))
        st.metric(
            "Multiply-adds",
            amount(part(costs, "multiply_adds_per_clip")),
            help="For one clip of 20 frames.",
        )
        st.metric(
            "Latency",
            milliseconds(part(costs, "latency_ms", "p50")),
            help="Half of the clips take less; the machine is named on the Cost page.",
        )


def milliseconds(value: float | None) -> str:
    """A time as a person reads it: 8.123 -> '8.1 ms'; None -> 'not measured'."""
    if value is None or _absent(value):
        return "not measured"
    return f"{value:.1f} ms" if value < 100 else f"{value:,.0f} ms"


def overview_table(
    view: state.View, found: Sequence[Summary | None], published: dict[str, Any]
) -> pd.DataFrame:
    """Every measure and cost of the pair, the difference, and the seed study's own figures."""
    a, b = found
    difference = numbers.difference(view)
    theirs = list(published.get("models", {}).values())
    rows: list[dict[str, str]] = []

    def add(measure: str, values: Sequence[str], gap: str = "", seed: Sequence[str] = ()) -> None:
        row = {"Measure": measure}
        row |= {f"{DOT[i]} {view.titles[i]}": value for i, value in enumerate(values)}
        row["Difference"] = gap
        for i, model in enumerate(theirs):
            row[f"Seed study: {model['title']}"] = seed[i] if seed else "not published"
        rows.append(row)

    for key, label in charts.METRICS.items():
        gap = getattr(difference, key, None) if difference else None
        add(
            label,
            [_with_interval(getattr(one, key)) if one else "no predictions" for one in (a, b)],
            "" if gap is None else _points(gap),
            [
                f"{model['accuracy_percent']:.2f} % (of {published['protocol']['test_clips']} clips)"
                for model in theirs
            ]
            if key == "accuracy"
            else (),
        )
    study = view.study
    costs = [cost(study, model) for model in view.pair]
    add("Parameters", [count(parameters(study, model)) for model in view.pair])
    add("Multiply-adds a clip", [count(part(c, "multiply_adds_per_clip")) for c in costs])
    add("Latency a clip, half below", [milliseconds(part(c, "latency_ms", "p50")) for c in costs])
    return pd.DataFrame(rows)


def _with_interval(estimate: Estimate) -> str:
    return f"**{charts.percent(estimate.mean)}** ({charts.interval(estimate)})"


def _points(estimate: Estimate) -> str:
    return (
        f"{100 * estimate.mean:+.1f} points ({100 * estimate.lo:+.1f} to {100 * estimate.hi:+.1f})"
    )


def cost_table(study: Any, names: Sequence[str]) -> pd.DataFrame:
    """Every cost of the named models, one row a model; nothing where it was not measured."""
    columns = {
        "Parameters": ("parameters", "total"),
        "of them trainable": ("parameters", "trainable"),
        "in the body": ("parameters", "body"),
        "in the head": ("parameters", "head"),
        "Multiply-adds a clip": ("multiply_adds_per_clip",),
        "Weights, bytes": ("weights_bytes",),
        "Peak memory, bytes": ("peak_memory_bytes",),
        "Latency, half below, ms": ("latency_ms", "p50"),
        "Latency, 95 % below, ms": ("latency_ms", "p95"),
    }
    rows = pd.DataFrame({"Model": [state.title(study, name) for name in names]})
    for column, path in columns.items():
        found = [part(cost(study, name), *path) for name in names]
        if path == ("parameters", "total"):
            found = [parameters(study, name) for name in names]
        kind = "float64" if path[0] == "latency_ms" else "Int64"
        rows[column] = pd.array(found, dtype=kind)
    return rows
