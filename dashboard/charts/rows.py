"""Dots with whiskers in named rows: what most evidence is drawn as.

May import: numpy, pandas, plotly, dashboard.charts.base.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from dashboard.charts.base import COLORS, NEUTRAL, SYMBOLS, Chart, layout, whiskers
from hvc_core.statistics.stats import Estimate


@dataclass(frozen=True)
class Series:
    """One kind of dot.

    Attributes:
        name: str. As in the legend.
        estimates: one a row, fractions; None where there is none.
        slot: int or None. 0 or 1 of the pair, which gives colour and symbol; None: grey squares.
        hollow: bool. Whether the dots are only outlined.
        marked: bools, one a row: dots drawn filled where the others are hollow. None: all alike.
    """

    name: str
    estimates: Sequence[Estimate | None]
    slot: int | None = None
    hollow: bool = False
    marked: Sequence[bool] | None = None


def dots(
    title: str,
    axis: str,
    labels: Sequence[str],
    series: Sequence[Series],
    span: tuple[float, float] | None = None,
    points: bool = False,
    said: str = "",
) -> Chart:
    """Rows of dots with their 95 % intervals.

    Args:
        title: the chart's.
        axis: what the axis says, with its unit.
        labels: one a row, from the top.
        series: one kind of dot after the other, drawn a little below each other in each row.
        span: the axis's ends; None fits them.
        points: bool. Whether values are differences in points, not percent: signed, zero drawn.
        said: str. What the chart shows, for those who do not see it.
    """
    figure = go.Figure()
    rows: list[dict[str, object]] = [{"": label} for label in labels]
    offsets = np.linspace(-0.16, 0.16, len(series)) if len(series) > 1 else [0.0]
    unit = "" if points else "\u00a0%"
    form = "+.1f" if points else ".1f"
    for one, offset in zip(series, offsets, strict=True):
        known = [(i, e) for i, e in enumerate(one.estimates) if e is not None]
        color = NEUTRAL if one.slot is None else COLORS[one.slot]
        symbol = "square" if one.slot is None else SYMBOLS[one.slot]
        open_ = [one.hollow or (one.marked is not None and not one.marked[i]) for i, _ in known]
        ends = [
            f"{100 * e.lo:{form}} to {100 * e.hi:{form}}{unit}" if np.isfinite(e.lo) else ""
            for _, e in known
        ]
        figure.add_trace(
            go.Scatter(
                name=one.name,
                x=[100 * e.mean for _, e in known],
                y=[i + offset for i, _ in known],
                error_x=whiskers([e for _, e in known], color),
                mode="markers",
                cliponaxis=False,
                marker={
                    "color": color,
                    "symbol": [f"{symbol}-open" if o else symbol for o in open_],
                    "size": 11 if len(labels) <= 10 else 9,
                    "line": {"width": [2 if o else 0 for o in open_]},
                },
                customdata=[[labels[i], end] for (i, _), end in zip(known, ends, strict=True)],
                hovertemplate=f"%{{customdata[0]}}<br>{one.name} %{{x:{form}}}{unit}"
                "<br>95 % interval %{customdata[1]}<extra></extra>",
            )
        )
        for (i, e), end in zip(known, ends, strict=True):
            rows[i][one.name] = f"{round(100 * e.mean, 1) + 0.0:{form}}{unit}"
            if end:
                rows[i][f"{one.name}, 95 % interval"] = end
    height = (46 if len(labels) <= 10 else 26) * len(labels) + 160
    layout(figure, title, height=height)
    figure.update_layout(showlegend=len(series) > 1)
    figure.update_xaxes(title=axis, ticksuffix="" if points else " %")
    if span is not None:
        figure.update_xaxes(range=list(span))
    if points:
        figure.add_vline(x=0, line={"color": NEUTRAL, "width": 1.5})
    figure.update_yaxes(
        tickvals=list(range(len(labels))),
        ticktext=[f"{label} " for label in labels],
        range=[len(labels) - 0.5, -0.5],
        zeroline=False,
        showgrid=False,
    )
    table = pd.DataFrame(rows).fillna("–").rename(columns={"": "Row"})
    return Chart(figure, f"{title}, in {axis}. {said}".strip(), table)


def strip(
    title: str, axis: str, rows: Sequence[tuple[str, Sequence[float], float, str]], mark: str
) -> Chart:
    """Single values in named rows, and a figure of another's beside them.

    Args:
        title: the chart's.
        axis: what the axis says, with its unit.
        rows: (name, values as fractions, the other's figure, in words where it lies).
        mark: what the other's figure is called.
    """
    figure = go.Figure()
    for i, (name, values, _, _) in enumerate(rows):
        figure.add_trace(
            go.Scatter(
                name="One seed each",
                showlegend=not i,
                x=[100 * v for v in values],
                y=[i] * len(values),
                mode="markers",
                marker={"color": NEUTRAL, "symbol": "line-ns-open", "size": 18, "line_width": 2},
                hovertemplate=f"{name} %{{x:.1f}}\u00a0%<extra></extra>",
            )
        )
    figure.add_trace(
        go.Scatter(
            name=mark,
            x=[100 * other for _, _, other, _ in rows],
            y=list(range(len(rows))),
            mode="markers",
            marker={"color": COLORS[1], "symbol": "x", "size": 11},
            hovertemplate=f"{mark} %{{x:.2f}}\u00a0%<extra></extra>",
        )
    )
    layout(figure, title, height=70 * len(rows) + 160)
    figure.update_xaxes(title=axis, ticksuffix=" %")
    figure.update_yaxes(
        tickvals=list(range(len(rows))),
        ticktext=[f"{name} " for name, *_ in rows],
        range=[len(rows) - 0.5, -0.5],
        zeroline=False,
        showgrid=False,
    )
    table = pd.DataFrame(
        [
            {
                "Model": name,
                "Seeds": len(values),
                "Lowest": f"{100 * min(values):.1f}\u00a0%",
                "Mean": f"{100 * sum(values) / len(values):.1f}\u00a0%",
                "Highest": f"{100 * max(values):.1f}\u00a0%",
                mark: f"{100 * other:.2f}\u00a0%",
                "Where it lies": words,
            }
            for name, values, other, words in rows
        ]
    )
    said = "; ".join(f"{name}: {mark} lies {words}" for name, _, _, words in rows)
    return Chart(figure, f"{title}: {said}.", table)
