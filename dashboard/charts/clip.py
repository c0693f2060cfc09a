"""What the models say of one clip.

May import: numpy, pandas, plotly, dashboard.charts.base.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from dashboard.charts.base import COLORS, FAINT, NEUTRAL, Chart, layout


def top(
    title: str, classes: Sequence[str], probabilities: np.ndarray, slot: int, count: int = 5
) -> Chart:
    """A model's most probable classes for one clip, the likeliest on top; its table has all.

    Args:
        title: the model's name.
        classes: C names.
        probabilities: float array (C,), 0 to 1.
        slot: 0 for model A, 1 for model B.
        count: how many classes to draw.
    """
    order = np.argsort(-probabilities, kind="stable")[:count]
    names = [classes[i] for i in order]
    values = [100 * float(probabilities[i]) for i in order]
    figure = go.Figure(
        go.Bar(
            x=values,
            y=names,
            orientation="h",
            text=[f"{v:.1f} %" for v in values],
            textposition="outside",
            cliponaxis=False,
            marker={
                "color": [COLORS[slot]] + [FAINT[slot]] * (len(order) - 1),
                "line": {"color": COLORS[slot], "width": 1},
            },
            hovertemplate="%{y} %{x:.2f} %<extra></extra>",
        )
    )
    layout(figure, f"{title}: top {len(order)}", height=38 * len(order) + 110)
    figure.update_layout(showlegend=False, bargap=0.3)
    figure.update_xaxes(
        title="probability, percent", range=[0, 118], tickvals=[0, 25, 50, 75, 100], ticksuffix=" %"
    )
    figure.update_yaxes(autorange="reversed", automargin=True, ticksuffix=" ", showgrid=False)
    every = np.argsort(-probabilities, kind="stable")
    words = pd.DataFrame(
        {
            "Class": [classes[i] for i in every],
            "Probability": [f"{100 * float(probabilities[i]):.2f} %" for i in every],
        }
    )
    said = ", ".join(f"{n} {v:.1f} %" for n, v in zip(names, values, strict=True))
    return Chart(figure, f"{title}'s most probable classes: {said}.", words)


def stretches(title: str, drops: np.ndarray, seconds: np.ndarray, slot: int, top: float) -> Chart:
    """How far an answer's probability falls when a stretch of the clip is covered.

    Args:
        title: the model's name.
        drops: float array (N,), -1 to 1. By stretch, in order.
        seconds: float array (N,). The middle of each, from the clip's start.
        slot: 0 for model A, 1 for model B.
        top: float. The scale's ends, in points: the same for all that stand beside this one.
    """
    values = (100 * np.asarray(drops)).tolist()
    names = [f"{s:.2f}" for s in seconds]
    figure = go.Figure(
        go.Bar(
            x=list(range(len(values))),  # a short clip's stretches may have the same time
            y=values,
            customdata=names,
            marker={"color": COLORS[slot]},
            hovertemplate="around %{customdata} s: %{y:+.1f} points<extra></extra>",
        )
    )
    layout(figure, f"{title}: when", height=230)
    figure.update_layout(showlegend=False, bargap=0.15)
    figure.update_xaxes(
        title="seconds covered, middle of each stretch",
        tickvals=list(range(len(values))),
        ticktext=[f"{s:.1f}" for s in seconds],
    )
    figure.update_yaxes(
        title="points lost", range=[-top, top], zeroline=True, zerolinecolor=NEUTRAL
    )
    words = pd.DataFrame({"Around, s": names, "Points lost": [f"{v:+.1f}" for v in values]})
    at = int(np.argmax(values))
    said = (
        f"{title} loses most, {values[at]:+.1f} points, without the moments around {names[at]} s."
    )
    return Chart(figure, said, words)
