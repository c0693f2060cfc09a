"""How good: the four measures, accuracy by protocol, F1 by class.

May import: numpy, pandas, plotly, dashboard.charts.base.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from dashboard.charts.base import (
    COLORS,
    NEUTRAL,
    ROW,
    SYMBOLS,
    Chart,
    interval,
    layout,
    percent,
    whiskers,
)
from hvc_core.statistics.stats import Estimate

METRICS = {
    "accuracy": "Accuracy",
    "precision_macro": "Macro precision",
    "recall_macro": "Macro recall",
    "f1_macro": "Macro F1",
}


def quality(
    titles: tuple[str, str],
    estimates: tuple[Mapping[str, Estimate], Mapping[str, Estimate]],
    seed_study: Sequence[tuple[str, float]] = (),
) -> Chart:
    """Accuracy, macro precision, recall and F1 of two models, each with its 95 % interval.

    Args:
        titles: the two models' names, A first.
        estimates: for each model, METRICS' keys -> Estimate.
        seed_study: (model, accuracy as a fraction) of the seed study, drawn in a row of its own.
    """
    names = list(METRICS.values()) + (["Seed study's accuracy"] if seed_study else [])
    figure = go.Figure()
    for slot, (title, values) in enumerate(zip(titles, estimates, strict=True)):
        chosen = [values[key] for key in METRICS]
        figure.add_trace(
            go.Scatter(
                name=title,
                x=[100 * e.mean for e in chosen],
                y=[row + (0.14 if slot else -0.14) for row in range(len(chosen))],
                error_x=whiskers(chosen),
                mode="markers",
                marker={"color": COLORS[slot], "symbol": SYMBOLS[slot], "size": 12},
                customdata=[
                    [name, interval(e)] for name, e in zip(METRICS.values(), chosen, strict=True)
                ],
                hovertemplate=f"{title}<br>%{{customdata[0]}} %{{x:.1f}} %"
                "<br>95 % interval %{customdata[1]}<extra></extra>",
            )
        )
    if seed_study:
        figure.add_trace(
            go.Scatter(
                name="Seed study, as published",
                x=[100 * value for _, value in seed_study],
                y=[len(METRICS)] * len(seed_study),
                text=[f"{title} {percent(value, 2)}" for title, value in seed_study],
                mode="markers+text",
                # Above and below in turn: the two may lie close together on a narrow screen.
                textposition=[
                    ("top center", "bottom center")[i % 2] for i in range(len(seed_study))
                ],
                cliponaxis=False,
                marker={
                    "color": NEUTRAL,
                    "symbol": "x-thin-open",
                    "size": 11,
                    "line": {"width": 2.5, "color": NEUTRAL},
                },
                hovertemplate="Seed study: %{text}<extra></extra>",
            )
        )
    layout(figure, "Four measures, 95 % intervals", height=ROW * len(names) + 150)
    figure.update_xaxes(
        title="percent of test clips, or of the class mean", ticksuffix=" %", range=[0, 101]
    )
    figure.update_yaxes(
        tickvals=list(range(len(names))),
        ticktext=names,
        range=[len(names) - 0.5, -0.5],
        zeroline=False,
        showgrid=False,
    )
    rows = [
        {
            "Measure": label,
            "Model": title,
            "Value": percent(values[key].mean),
            "95 % interval": interval(values[key]),
        }
        for key, label in METRICS.items()
        for title, values in zip(titles, estimates, strict=True)
    ] + [
        {
            "Measure": "Accuracy, seed study",
            "Model": title,
            "Value": percent(value, 2),
            "95 % interval": "not published",
        }
        for title, value in seed_study
    ]
    best = ", ".join(
        f"{title} {percent(v['accuracy'].mean)} ({interval(v['accuracy'])})"
        for title, v in zip(titles, estimates, strict=True)
    )
    return Chart(figure, f"Accuracy with its 95 % interval: {best}.", pd.DataFrame(rows))


def protocols(
    titles: tuple[str, str], rows: Sequence[tuple[str, tuple[Estimate | None, Estimate | None]]]
) -> Chart:
    """Accuracy of two models under each protocol: how much an easier split flatters.

    Args:
        titles: the two models' names, A first.
        rows: (protocol, (A's accuracy or None, B's accuracy or None)).
    """
    figure = go.Figure()
    table: list[dict[str, str]] = []
    for slot, title in enumerate(titles):
        points = [(i, name, pair[slot]) for i, (name, pair) in enumerate(rows)]
        known = [(i, name, e) for i, name, e in points if e is not None]
        figure.add_trace(
            go.Scatter(
                name=title,
                x=[100 * e.mean for _, _, e in known],
                y=[i + (0.14 if slot else -0.14) for i, _, _ in known],
                error_x=whiskers([e for _, _, e in known]),
                mode="markers",
                marker={"color": COLORS[slot], "symbol": SYMBOLS[slot], "size": 12},
                hovertemplate=f"{title}<br>%{{x:.1f}} %<extra></extra>",
            )
        )
        table += [
            {
                "Protocol": name,
                "Model": title,
                "Accuracy": percent(e.mean),
                "95 % interval": interval(e),
            }
            for _, name, e in known
        ]
    layout(figure, "Accuracy under each protocol", height=ROW * len(rows) + 150)
    figure.update_xaxes(title="accuracy, percent of test clips", ticksuffix=" %", range=[0, 101])
    figure.update_yaxes(
        tickvals=list(range(len(rows))),
        ticktext=[row[0] for row in rows],
        range=[len(rows) - 0.5, -0.5],
        zeroline=False,
        showgrid=False,
    )
    said = "; ".join(f"{r['Model']} under {r['Protocol']} {r['Accuracy']}" for r in table)
    return Chart(figure, f"Accuracy by protocol: {said}.", pd.DataFrame(table))


def class_scores(titles: tuple[str, str], table: pd.DataFrame, measure: str = "F1") -> Chart:
    """A measure of every class for two models, one row a class, with 95 % intervals.

    Args:
        titles: the two models' names, A first.
        table: in the order to draw; columns class, a, a_low, a_high, b, b_low, b_high, gap
            (fractions; gap is b - a).
        measure: str. What is measured, for a person.
    """
    figure = go.Figure()
    rows = np.arange(len(table))
    x: list[float | None] = []
    y: list[float | None] = []
    for row, (a, b) in enumerate(zip(table["a"], table["b"], strict=True)):
        x += [100 * a, 100 * b, None]
        y += [row, row, None]
    figure.add_trace(
        go.Scatter(
            x=x,
            y=y,
            mode="lines",
            line={"color": NEUTRAL, "width": 1.5},
            hoverinfo="skip",
            showlegend=False,
        )
    )
    for slot, (title, key) in enumerate(zip(titles, "ab", strict=True)):
        estimates = [
            Estimate(*v) for v in table[[key, f"{key}_low", f"{key}_high"]].itertuples(index=False)
        ]
        figure.add_trace(
            go.Scatter(
                name=title,
                x=[100 * e.mean for e in estimates],
                y=rows + (0.13 if slot else -0.13),
                error_x=whiskers(estimates, faint=slot),
                mode="markers",
                cliponaxis=False,  # a point at 0 or 100 % is drawn whole
                marker={"color": COLORS[slot], "symbol": SYMBOLS[slot], "size": 9},
                customdata=[
                    [c, interval(e)] for c, e in zip(table["class"], estimates, strict=True)
                ],
                hovertemplate=f"%{{customdata[0]}}<br>{title} %{{x:.1f}} %"
                "<br>95 % interval %{customdata[1]}<extra></extra>",
            )
        )
    layout(figure, f"{measure} of each class, 95 % intervals", height=24 * len(table) + 150)
    # With fifty rows the foot is out of sight: here the legend goes under the title, on a phone in
    # two lines.
    figure.update_layout(
        title={"y": 1, "yanchor": "top", "pad": {"t": 14}},
        legend={"yref": "paper", "y": 1, "yanchor": "bottom"},
        margin={"t": 84},
    )
    figure.update_xaxes(title=f"{measure}, percent", ticksuffix=" %", range=[-1, 101])
    figure.update_yaxes(
        tickvals=rows.tolist(),
        ticktext=table["class"].tolist(),
        range=[len(table) - 0.4, -0.6],
        zeroline=False,
        showgrid=False,
    )
    widest = table.iloc[int(table["gap"].abs().to_numpy().argmax())]
    alt = (
        f"{measure} of {len(table)} classes. The widest gap is {widest['class']}: {titles[0]} "
        f"{percent(widest['a'])}, {titles[1]} {percent(widest['b'])}."
    )
    words = pd.DataFrame(
        {
            "Class": table["class"],
            **{
                f"{title} {measure}, %": 100 * table[key]
                for title, key in zip(titles, "ab", strict=True)
            },
            "Gap, points": 100 * table["gap"],
            **{
                f"{title} 95 % interval": [
                    interval(Estimate(*v))
                    for v in table[[key, f"{key}_low", f"{key}_high"]].itertuples(index=False)
                ]
                for title, key in zip(titles, "ab", strict=True)
            },
        }
    )
    return Chart(figure, alt, words)
