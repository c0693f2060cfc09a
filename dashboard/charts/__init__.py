"""Charts as pure functions: data in, a Plotly figure with its words and its table out.

May import: numpy, pandas, plotly, hvc_core's stats. Knows nothing of Streamlit, files or pages.
"""

from dashboard.charts.base import COLORS, NEUTRAL, SYMBOLS, Chart, interval, percent, rgb
from dashboard.charts.clip import stretches, top
from dashboard.charts.effort import bars, curves
from dashboard.charts.lines import coverage, reliability, sizes, strengths
from dashboard.charts.matrices import (
    CELL_TEXT_CLASSES,
    confusion,
    difference,
    mistakes,
    most_confused,
    scale,
    shares,
)
from dashboard.charts.measures import METRICS, class_scores, protocols, quality
from dashboard.charts.rows import Series, dots, strip
from dashboard.charts.trade import trade

__all__ = [
    "CELL_TEXT_CLASSES",
    "COLORS",
    "METRICS",
    "NEUTRAL",
    "SYMBOLS",
    "Chart",
    "Series",
    "bars",
    "class_scores",
    "confusion",
    "coverage",
    "curves",
    "difference",
    "dots",
    "interval",
    "mistakes",
    "most_confused",
    "percent",
    "protocols",
    "quality",
    "reliability",
    "rgb",
    "scale",
    "shares",
    "sizes",
    "strengths",
    "stretches",
    "strip",
    "top",
    "trade",
]
