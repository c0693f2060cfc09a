"""What accuracy costs: every model as a point, and the frontier of those that are worth it.

May import: numpy, pandas, plotly, dashboard.charts.base, hvc_core's frontier and stats.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from dashboard.charts.base import (
    COLORS,
    NEUTRAL,
    SYMBOLS,
    Chart,
    interval,
    layout,
    percent,
    whiskers,
)
from hvc_core.statistics.frontier import frontier
from hvc_core.statistics.stats import Estimate

Row = tuple[str, float, Estimate, int | None]
GAP = 7.0  # percent of accuracy that a line of text is high
TOP = 112.0  # percent at the axis' upper end: room for the names of good models


def trade(rows: Sequence[Row], unit: str, title: str) -> Chart:
    """Accuracy against a cost along a logarithmic axis, one point a model, with the frontier.

    Args:
        rows: one or more (model, cost above 0, accuracy, slot 0 or 1 of the pair or None).
        unit: of the cost.
        title: the chart's title.
    """
    rows = sorted(rows, key=lambda row: (row[1], row[2].mean))
    efficient = frontier([(cost, accuracy.mean) for _, cost, accuracy, _ in rows])
    costs = [cost for _, cost, _, _ in rows]
    low, high = np.log10(min(costs)) - 0.35, np.log10(max(costs)) + 0.35  # room for the names
    figure = go.Figure()

    # -- the frontier: what the best accuracy is at each cost ------------------------------------
    best = [row for row, on in zip(rows, efficient, strict=True) if on]
    figure.add_trace(
        go.Scatter(
            name="frontier",
            x=[*(cost for _, cost, _, _ in best), 10**high],
            y=[*(100 * e.mean for _, _, e, _ in best), 100 * best[-1][2].mean],
            mode="lines",
            line={"color": NEUTRAL, "width": 1.5, "dash": "dot", "shape": "hv"},
            hoverinfo="skip",
            showlegend=False,
        )
    )

    # -- the models ------------------------------------------------------------------------------
    for (name, cost, accuracy, slot), side, at in zip(rows, *_labels(rows, low, high), strict=True):
        color = NEUTRAL if slot is None else COLORS[slot]
        figure.add_trace(
            go.Scatter(
                name=name,
                x=[cost],
                y=[100 * accuracy.mean],
                mode="markers",
                cliponaxis=False,
                showlegend=False,
                error_y=whiskers([accuracy], color),
                marker={
                    "color": color,
                    "size": 13,
                    "symbol": "square" if slot is None else SYMBOLS[slot],
                },
                hovertemplate=f"{name}<br>%{{x:,.3g}} {unit}<br>%{{y:.1f}} %<extra></extra>",
            )
        )
        figure.add_annotation(
            x=np.log10(cost),
            y=100 * accuracy.mean,
            text=name,
            xanchor=side,
            ax=16 if side == "left" else -16,
            ay=at,
            ayref="y",
            arrowhead=0,
            arrowwidth=1,
            arrowcolor=NEUTRAL,
        )

    layout(figure, title, height=440)
    ticks = [
        step * 10.0**power
        for power in range(int(np.floor(low)), int(np.ceil(high)) + 1)
        for step in ((1, 2, 5) if high - low < 2.5 else (1,))
    ]
    ticks = [tick for tick in ticks if low <= np.log10(tick) <= high]
    figure.update_xaxes(
        title=f"{unit} (logarithmic)",
        type="log",
        range=[low, high],
        tickvals=ticks,
        ticktext=[f"{tick:,g}" for tick in ticks],
    )
    figure.update_yaxes(
        title="accuracy, percent",
        ticksuffix=" %",
        range=[0, TOP],
        tickvals=[0, 20, 40, 60, 80, 100],
    )
    table = pd.DataFrame(
        [
            {
                "Model": name,
                unit: f"{cost:,.3g}",
                "Accuracy": percent(e.mean),
                "95 % interval": interval(e),
                "On the frontier": "yes" if on else "no",
            }
            for (name, cost, e, _), on in zip(rows, efficient, strict=True)
        ]
    )
    said = "; ".join(f"{name} {cost:,.3g} {unit}, {percent(e.mean)}" for name, cost, e, _ in rows)
    names = ", ".join(name for name, *_ in best)
    return Chart(figure, f"{title}: {said}. On the frontier: {names}.", table)


def _labels(rows: Sequence[Row], low: float, high: float) -> tuple[list[str], list[float]]:
    """On which side of its point each name stands, and how high: within the axis, none on another.

    On a phone a name is as long as half the axis is: all of one side are kept apart. Names of
    the two sides may meet where models of one accuracy lie about the middle.

    Args:
        rows: name, cost, accuracy and slot of each model.
        low, high: the axis' ends, decimal logarithms.

    Returns:
        sides ("left": its text begins there, right of the point), heights in percent.
    """
    sides = ["left" if np.log10(cost) < (low + high) / 2 else "right" for _, cost, _, _ in rows]
    heights = np.array([100 * accuracy.mean for _, _, accuracy, _ in rows])
    placed = heights.copy()
    for side in ("left", "right"):
        own = [i for i in np.argsort(heights, kind="stable") if sides[i] == side]
        stacks: list[list[int]] = []  # names that touch stand as one stack, about their mean
        for i in own:
            stacks.append([i])
            while (
                len(stacks) > 1
                and _heights(heights, stacks[-2])[-1] + GAP > (_heights(heights, stacks[-1])[0])
            ):
                stacks[-2:] = [stacks[-2] + stacks[-1]]
        for stack in stacks:
            placed[stack] = _heights(heights, stack)
    return sides, placed.tolist()


def _heights(heights: np.ndarray, stack: list[int]) -> np.ndarray:
    """Where the names of a stack stand, lowest first: about their points, within the axis."""
    half = GAP * len(stack) / 2
    middle = min(max(float(heights[stack].mean()), half), TOP - half)
    return middle + GAP * (np.arange(len(stack)) - (len(stack) - 1) / 2)
