"""What the models say of one clip.

May import: numpy, pandas, plotly, dashboard.charts.base.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from dashboard.charts.base import COLORS, FAINT, Chart, layout


def top(
    title: str, classes: Sequence[str], probabilities: np.ndarray, slot: int, count: int = 5
) -> Chart:
    """A model's most probable classes for one clip, the likeliest on top.

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
    words = pd.DataFrame({"Class": names, "Probability": [f"{v:.2f} %" for v in values]})
    said = ", ".join(f"{n} {v:.1f} %" for n, v in zip(names, values, strict=True))
    return Chart(figure, f"{title}'s most probable classes: {said}.", words)
