"""Lines of two models over something: confidence, coverage, strength, number of classes.

May import: numpy, pandas, plotly, dashboard.charts.base.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from dashboard.charts.base import COLORS, FAINT, NEUTRAL, SYMBOLS, Chart, layout, percent


def reliability(titles: tuple[str, str], tables: tuple[pd.DataFrame, pd.DataFrame]) -> Chart:
    """How often a model is right against how sure it says it is; on the diagonal they agree.

    Args:
        titles: the two models' names, A first.
        tables: of each, columns confidence, accuracy (fractions), count; a row a bin.
    """
    figure = go.Figure(
        go.Scatter(
            x=[0, 100], y=[0, 100], mode="lines", name="As sure as right",
            line={"color": NEUTRAL, "width": 1.5, "dash": "dot"}, hoverinfo="skip",
        )
    )  # fmt: skip
    words = []
    for slot, (title, table) in enumerate(zip(titles, tables, strict=True)):
        bins = table[table["count"] > 0]
        figure.add_trace(
            go.Scatter(
                name=title,
                x=100 * bins["confidence"],
                y=100 * bins["accuracy"],
                mode="lines+markers",
                line={"color": COLORS[slot], "width": 2},
                marker={
                    "symbol": SYMBOLS[slot],
                    "color": COLORS[slot],
                    "size": 6 + 14 * np.sqrt(bins["count"] / bins["count"].sum()),
                },
                customdata=bins["count"],
                hovertemplate=f"{title}<br>says %{{x:.0f}} %, is right in %{{y:.0f}} %"
                "<br>%{customdata} answers<extra></extra>",
            )
        )
        words += [
            {
                "Model": title,
                "Says": percent(says),
                "Is right": percent(right),
                "Answers": int(count),
            }
            for says, right, count in bins[["confidence", "accuracy", "count"]].to_numpy().tolist()
        ]
    layout(figure, "How sure it says it is, and how often it is right", height=430)
    figure.update_xaxes(title="probability of the answer, percent", range=[0, 101], ticksuffix=" %")
    figure.update_yaxes(title="right answers, percent", range=[0, 103], ticksuffix=" %")
    return Chart(
        figure,
        "Reliability of both models: a line under the diagonal is surer than it is right.",
        pd.DataFrame(words),
    )


def coverage(titles: tuple[str, str], curves: tuple[tuple[np.ndarray, np.ndarray], ...]) -> Chart:
    """Accuracy of the answers that a model keeps when it may decline those it is least sure of.

    Args:
        titles: the two models' names, A first.
        curves: of each (coverage, accuracy), fractions.
    """
    figure = go.Figure()
    words = []
    for slot, (title, (kept, accuracy)) in enumerate(zip(titles, curves, strict=True)):
        figure.add_trace(
            go.Scatter(
                name=title,
                x=100 * kept,
                y=100 * accuracy,
                mode="lines",
                line={"color": COLORS[slot], "width": 2.5, "dash": ("solid", "dash")[slot]},
                hovertemplate=f"{title}<br>answers %{{x:.0f}} % of the clips, %{{y:.1f}} % of them "
                "right<extra></extra>",
            )
        )
        for share in (0.25, 0.5, 0.75, 1.0):
            at = int(np.searchsorted(kept, share - 1e-9).clip(0, len(kept) - 1))
            words.append(
                {
                    "Model": title,
                    "Clips answered": percent(float(kept[at]), 0),
                    "Right of them": percent(float(accuracy[at])),
                }
            )
    layout(figure, "Right answers, the least sure declined", height=400)
    figure.update_xaxes(title="clips answered, percent", range=[0, 101], ticksuffix=" %")
    figure.update_yaxes(title="right of them, percent", range=[0, 103], ticksuffix=" %")
    return Chart(figure, "Selective accuracy of both models.", pd.DataFrame(words))


def strengths(titles: tuple[str, str], family: str, table: pd.DataFrame) -> Chart:
    """Accuracy of two models as one disturbance grows.

    Args:
        titles: the two models' names, A first.
        family: the disturbance, for the heading.
        table: columns slot (0 or 1), strength (0 is the clip as it is), accuracy, low, high
            (fractions).
    """
    # Made with its axes: a page draws seven of these, and each later change costs milliseconds
    figure = go.Figure(
        layout={
            "xaxis": {
                "title": {"text": "strength"}, "range": [-0.3, 5.3], "tickvals": list(range(6))
            },
            "yaxis": {
                "title": {"text": "accuracy, percent"}, "ticksuffix": " %", "range": [0, 103]
            },
        }
    )  # fmt: skip
    words = []
    for slot, title in enumerate(titles):
        rows = table[table["slot"] == slot].sort_values("strength")
        x = rows["strength"].tolist()
        figure.add_trace(
            go.Scatter(
                x=[*x, *x[::-1]], y=[*(100 * rows["high"]), *(100 * rows["low"])[::-1]],
                mode="lines", fill="toself", fillcolor=FAINT[slot], line={"width": 0},
                hoverinfo="skip", showlegend=False,
            )
        )  # fmt: skip
        figure.add_trace(
            go.Scatter(
                name=title, x=x, y=100 * rows["accuracy"], mode="lines+markers",
                line={"color": COLORS[slot], "width": 2.2},
                marker={"symbol": SYMBOLS[slot], "size": 7},
                hovertemplate=f"{family} %{{x}}<br>{title} %{{y:.1f}} %<extra></extra>",
            )
        )  # fmt: skip
        values = rows[["strength", "accuracy", "low", "high"]].to_numpy().tolist()
        words += [
            {
                "Disturbance": family,
                "Strength": int(strength),
                "Model": title,
                "Accuracy": percent(accuracy),
                "95 % interval": f"{100 * low:.1f} to {100 * high:.1f}\u00a0%",
            }
            for strength, accuracy, low, high in values
        ]
    layout(figure, family, height=270)
    alt = f"Accuracy of {titles[0]} and {titles[1]} as a disturbance grows: {family}."
    return Chart(figure, alt, pd.DataFrame(words))


def sizes(rows: Sequence[tuple[str, float, float, int | None]], most: int, now: int) -> Chart:
    """Parameters of every model against the number of classes it tells apart.

    Models of one size (the same net, trained otherwise) share a line.

    Args:
        rows: (model, parameters of the body, parameters of the head a class, slot or None).
        most: int. The largest number of classes drawn.
        now: int. The study's.
    """
    x = np.unique(np.r_[2 : most + 1 : 2, now, 4, 50])
    figure = go.Figure()
    dashes = ("dot", "longdash", "dashdot", "longdashdot", "2px,8px", "16px,2px")
    other = itertools.cycle(dashes)
    lines: dict[tuple[float, float, int | None], list[str]] = {}
    for name, body, each, slot in sorted(rows, key=lambda row: row[3] is None):  # the pair first
        alike = [at for at in lines if slot is None and at[:2] == (body, each)]
        lines.setdefault(alike[0] if alike else (body, each, slot), []).append(name)
    for (body, each, slot), names in lines.items():
        name = ", ".join(names)
        color = NEUTRAL if slot is None else COLORS[slot]
        figure.add_trace(
            go.Scatter(
                name=name, x=x, y=body + each * x, mode="lines",
                line={"color": color, "width": 2.5 if slot is not None else 1.5,
                      "dash": next(other) if slot is None else ("solid", "dash")[slot]},
                hovertemplate=f"{name}<br>%{{x}} classes<br>%{{y:,.0f}} parameters<extra></extra>",
            )
        )  # fmt: skip
    words = [
        {"Model": name, **{f"{n} classes": f"{body + each * n:,.0f}" for n in (4, now, 50)}}
        for name, body, each, _ in rows
    ]
    figure.add_vline(x=now, line={"color": NEUTRAL, "width": 1})
    layout(figure, "Parameters by the number of classes", height=400)
    figure.update_xaxes(title="classes that the model tells apart", range=[0, most + 1])
    figure.update_yaxes(title="parameters (logarithmic)", type="log", exponentformat="SI")
    said = "; ".join(
        f"{row['Model']} {row['4 classes']} at 4, {row['50 classes']} at 50" for row in words
    )
    return Chart(figure, f"Parameters by the number of classes: {said}.", pd.DataFrame(words))
