"""How the pair is put side by side: in a sentence, as two cards, as a table of all figures.

May import: pandas, streamlit, dashboard, hvc_core.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from dashboard import charts, costs, numbers, show, state
from hvc_core.splits import GROUPED
from hvc_core.statistics.stats import Estimate, Summary


def in_a_hundred(view: state.View, found: Sequence[Summary | None]) -> str:
    """The pair's accuracy for somebody who reads no other number; empty without both."""
    a, b = found
    if a is None or b is None:
        return ""
    of = (
        "clips of source videos that they did not train on"
        if view.protocol in GROUPED
        else "test clips"
    )
    each = [round(100 * one.accuracy.mean) for one in (a, b)]
    return f"Of 100 {of}, {view.titles[0]} names {each[0]} rightly and {view.titles[1]} {each[1]}."


def card(view: state.View, model: str, slot: int) -> None:
    """One model of the pair: what it is, its accuracy, and what it costs."""
    entry = view.study.models[model]
    found = numbers.summary(view, model)
    st.markdown(f"## {show.DOT[slot]} {state.title(view.study, model)}")
    body = f", on {entry['backbone']}" if entry.get("backbone") else ""
    start = "pretrained" if entry["pretrained"] else "trained from scratch"
    size = entry["input"]
    st.caption(
        f"{state.architecture(view.study, model)}{body}, {start}; {size['frames']} frames of "
        f"{size['width']} × {size['height']}"
    )
    measured = costs.cost(view.study, model)
    with st.grid(2, min_column_width=130, gap="small"):
        for key, label in (("accuracy", "Accuracy"), ("f1_macro", "Macro F1")):
            if found is None:
                st.metric(label, "–", delta="no predictions", delta_color="off", delta_arrow="off")
                continue
            estimate = getattr(found, key)
            show.metric(
                label,
                estimate,
                help="In small: the 95 % interval. Of such intervals 95 of 100 hold the figure "
                "that all films of these classes would give. By training: "
                + ", ".join(charts.percent(v) for v in getattr(found, f"{key}_by_seed")),
            )
    with st.grid(3, min_column_width=112, gap="small"):
        st.metric("Parameters", costs.amount(costs.parameters(view.study, model)))
        st.metric(
            "Multiply-adds",
            costs.amount(costs.part(measured, "multiply_adds_per_clip")),
            help="For one clip of 20 frames. A dash: not measured.",
        )
        latency = costs.part(measured, "latency_ms", "p50")
        st.metric(
            "Latency",
            "–" if latency is None else costs.milliseconds(latency),
            help="Half of the clips take less, on "
            f"{costs.part(measured, 'latency_ms', 'threads') or '–'} thread(s), as the app runs "
            "it; the Cost page has the machine, and every model on the same threads.",
        )


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
        row |= {f"{show.DOT[i]} {view.titles[i]}": value for i, value in enumerate(values)}
        row["B − A, points"] = gap or "–"
        for i, model in enumerate(theirs):
            row[f"Seed study: {model['title']}"] = seed[i] if seed else "–"
        rows.append(row)

    for key, label in charts.METRICS.items():
        gap = getattr(difference, key) if difference else None
        add(
            label,
            [_with_interval(getattr(one, key)) if one else "no predictions" for one in (a, b)],
            "" if gap is None else _points(gap),
            [f"{model['accuracy_percent']:.2f} %" for model in theirs] if key == "accuracy" else (),
        )
    study = view.study
    measured = [costs.cost(study, model) for model in view.pair]
    add("Parameters", [costs.count(costs.parameters(study, model)) for model in view.pair])
    add(
        "Multiply-adds a clip",
        [costs.count(costs.part(c, "multiply_adds_per_clip")) for c in measured],
    )
    add(
        "Median latency a clip",
        [costs.milliseconds(costs.part(c, "latency_ms", "p50")) for c in measured],
    )
    return pd.DataFrame(rows)


def _with_interval(estimate: Estimate) -> str:
    return f"**{charts.percent(estimate.mean)}** ({_ends(estimate)})"


def _points(estimate: Estimate) -> str:
    return f"**{100 * estimate.mean:+.1f}** ({_ends(estimate, '+.1f')})"


def _ends(estimate: Estimate, form: str = ".1f") -> str:
    """An interval that does not break over two lines."""
    return f"{100 * estimate.lo:{form}} to {100 * estimate.hi:{form}}".replace(" ", "\u00a0")
