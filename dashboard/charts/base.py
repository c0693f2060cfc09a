"""What every chart has alike: the Chart itself, the colours, words for numbers, the layout.

May import: numpy, pandas, plotly, hvc_core.statistics.stats' Estimate.

Colours say which place a model has on the page, not which model it is: A is blue, B orange.
The pair keeps apart for the common kinds of colour blindness, has at least 3.3:1 against the
page in both themes, and is never the only sign: A is a circle, B a diamond.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from hvc_core.statistics.stats import Estimate

COLORS = ("#1F77D0", "#D9631E")
FAINT = ("rgba(31, 119, 208, 0.28)", "rgba(217, 99, 30, 0.28)")
NEUTRAL = "#7C8794"
GRID = "rgba(124, 135, 148, 0.25)"
SYMBOLS = ("circle", "diamond")
ROW = 46  # pixels a row of a dot chart takes


@dataclass(frozen=True)
class Chart:
    """A figure and the two things that say the same without it.

    Attributes:
        figure: go.Figure. Titled, with units on its axes.
        alt: str. One or two sentences: what is drawn and what it shows.
        table: pd.DataFrame. The numbers drawn, in words a person reads.
    """

    figure: go.Figure
    alt: str
    table: pd.DataFrame


def rgb(color: str) -> tuple[int, int, int]:
    """'#1F77D0' -> (31, 119, 208)."""
    red, green, blue = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    return red, green, blue


def percent(value: float, digits: int = 1) -> str:
    """A fraction as a person reads it: 0.8812 -> '88.1 %'; not a number -> 'not measured'."""
    return "not measured" if not np.isfinite(value) else f"{100 * value:.{digits}f}\u00a0%"


def interval(estimate: Estimate, digits: int = 1) -> str:
    """The two ends: '85.0 to 91.2 %'."""
    if not (np.isfinite(estimate.lo) and np.isfinite(estimate.hi)):
        return "no interval"
    return f"{100 * estimate.lo:.{digits}f} to {100 * estimate.hi:.{digits}f}\u00a0%"


def layout(figure: go.Figure, title: str, height: int) -> None:
    """What every chart has alike: title on the left, legend at the foot, no zoom by accident."""
    figure.update_layout(
        title={"text": title, "x": 0, "xanchor": "left", "font": {"size": 16}},
        height=height,
        margin={"l": 10, "r": 24, "t": 48, "b": 10},
        legend={
            "orientation": "h",
            "x": 0,
            "y": 0,
            "xanchor": "left",
            "yanchor": "bottom",
            "yref": "container",
        },
        hoverlabel={"align": "left"},
        dragmode=False,
    )
    figure.update_xaxes(automargin=True, showgrid=True, gridcolor=GRID)
    figure.update_yaxes(automargin=True, gridcolor=GRID)


def whiskers(
    estimates: Sequence[Estimate],
    color: str | None = None,
    faint: int | None = None,
) -> dict[str, object]:
    """Plotly's error bar for intervals that need not be symmetric."""
    bar: dict[str, object] = {
        "type": "data",
        "symmetric": False,
        "thickness": 2,
        "width": 5,
        "array": [100 * (e.hi - e.mean) for e in estimates],
        "arrayminus": [100 * (e.mean - e.lo) for e in estimates],
    }
    if faint is not None:
        bar |= {"color": FAINT[faint], "width": 0, "thickness": 3}
    elif color is not None:
        bar["color"] = color
    return bar
