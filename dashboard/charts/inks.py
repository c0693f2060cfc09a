"""The colours of a matrix in each theme, and the ink that reads best on each of its cells.

Plotly chooses the ink of a heatmap's numbers as if the page were white, and between two that leave
the middle of a scale at 3:1. So it is chosen here: the better of black and white has at least
4.58:1 on any colour, over the 4.5:1 that WCAG 2 asks of small text.

May import: numpy, dashboard.charts.base.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dashboard.charts.base import rgb

PAGE = {"light": "#FFFFFF", "dark": "#10151C"}  # .streamlit/config.toml's backgrounds
# From none to all: the end at none is near the page's own colour.
SHADES = {
    "light": (
        "#F4F6F8", "#DCEAF8", "#BFDAF3", "#9CC6EC", "#76AFE3",
        "#4E95D9", "#2A7CCB", "#1564B0", "#0B4D8C", "#063866",
    ),
    "dark": (
        "#1A212B", "#16304C", "#154067", "#165184", "#1B64A3",
        "#2A7CCB", "#5097DD", "#7DB4EB", "#AFD2F6", "#E2F0FE",
    ),
}  # fmt: skip
INKS = ("#000000", "#FFFFFF")


def colorscale(colors: Sequence[str]) -> list[list[object]]:
    """Colours at even steps, as Plotly wants them: [[0, first], …, [1, last]]."""
    return [[k / (len(colors) - 1), color] for k, color in enumerate(colors)]


def painted(values: np.ndarray, low: float, high: float, colors: Sequence[str]) -> np.ndarray:
    """The colours that values get on a scale of even steps, mixed in RGB as Plotly does.

    Args:
        values: array (...).
        low: the value of the first colour.
        high: the value of the last one.
        colors: at least two.

    Returns:
        float array (..., 3), 0 to 255.
    """
    at = np.clip((np.asarray(values, float) - low) / (high - low), 0, 1) * (len(colors) - 1)
    stops = np.array([rgb(color) for color in colors], float)
    parts = [np.interp(at, np.arange(len(colors)), stops[:, part]) for part in range(3)]
    return np.stack(parts, axis=-1)


def contrast(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """WCAG 2's contrast of colours, 1 to 21.

    Args:
        one: array (..., 3), 0 to 255.
        other: the same, or one that broadcasts to it.
    """
    light, dark = _luminance(one), _luminance(other)
    return (np.maximum(light, dark) + 0.05) / (np.minimum(light, dark) + 0.05)


def inked(cells: np.ndarray) -> np.ndarray:
    """Of the two inks the one that reads best on each colour.

    Args:
        cells: array (..., 3), 0 to 255.

    Returns:
        str array (...) of INKS.
    """
    each = [contrast(cells, np.array(rgb(ink))) for ink in INKS]
    return np.array(INKS)[np.argmax(each, axis=0)]


def _luminance(color: np.ndarray) -> np.ndarray:
    part = np.asarray(color, float) / 255
    linear = np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)
    return np.asarray(linear @ np.array([0.2126, 0.7152, 0.0722]))
