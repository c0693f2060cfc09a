"""Which class is taken for which: confusion matrices, their difference, and the mistakes.

A click on a heatmap tells Streamlit nothing; one on a marker does. So every cell has an invisible
marker over it, which carries (true class, answered class). Colours are given for one theme and
none is left to it, so that a matrix stays legible when the page around it changes.

May import: numpy, pandas, plotly, dashboard.charts.base and .inks.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from dashboard.charts.base import COLORS, Chart, layout, percent
from dashboard.charts.inks import INKS, PAGE, SHADES, colorscale, inked, painted

FRAME = "#D81B72"  # of the cell that was clicked: neither model's colour
CELL_TEXT_CLASSES = 20  # up to here a matrix has room for a number in each cell


def confusion(
    matrix: np.ndarray,
    classes: Sequence[str],
    title: str,
    share: bool,
    top: float,
    keep: Sequence[int] | None = None,
    theme: str = "light",
) -> Chart:
    """One model's confusion matrix, rows true, columns predicted, on a scale given from outside.

    Args:
        matrix: array (C, C) of counts.
        classes: C names, in the matrix's order.
        title: the model's name.
        share: whether to draw each row as percent of its clips instead of counts.
        top: the scale's upper end, the same for every matrix that stands beside this one.
        keep: which classes to draw (all); shares are of all predictions all the same.
        theme: 'light' or 'dark'.
    """
    whole = np.asarray(matrix, dtype=float)
    drawn = list(range(len(classes))) if keep is None else list(keep)
    names = [classes[i] for i in drawn]
    shown = (shares(whole) * 100 if share else whole)[np.ix_(drawn, drawn)]
    counts = whole[np.ix_(drawn, drawn)]
    unit = " %" if share else ""
    said = [
        [f"{value:.0f}{unit} ({count:.0f} predictions)" for value, count in zip(*row, strict=True)]
        for row in zip(shown, counts, strict=True)
    ]
    text = np.where(shown >= 0.5, np.char.mod("%.0f", shown), "")
    figure = _cells(shown, names, title, text, said, (0, top), SHADES[theme])
    wrong = mistakes(whole, classes)
    right = np.trace(whole) / max(whole.sum(), 1)
    worst = (
        f" Its most frequent mistake: {wrong.iloc[0]['True class']} taken for "
        f"{wrong.iloc[0]['Predicted']}, {wrong.iloc[0]['Predictions']} times."
        if len(wrong)
        else " It makes no mistake."
    )
    table = pd.DataFrame(shown if share else shown.astype(int), columns=names)
    table.insert(0, "True class, share in %" if share else "True class, predictions", names)
    return Chart(figure, f"Confusion matrix of {title}: {percent(right)} right.{worst}", table)


def difference(
    a: np.ndarray,
    b: np.ndarray,
    classes: Sequence[str],
    keep: Sequence[int] | None = None,
    theme: str = "light",
) -> Chart:
    """Matrix B minus matrix A, rows as percent of their clips: who takes what for what more often.

    On the diagonal above zero is better for B; off it, better for A.

    Args:
        a: array (C, C) of counts.
        b: array (C, C) of counts.
        classes: C names, in the matrices' order.
        keep: which classes to draw (all).
        theme: 'light' or 'dark'.
    """
    drawn = list(range(len(classes))) if keep is None else list(keep)
    names = [classes[i] for i in drawn]
    gap = 100 * (shares(np.asarray(b, float)) - shares(np.asarray(a, float)))
    shown = gap[np.ix_(drawn, drawn)]
    text = np.where(np.abs(shown) >= 0.5, np.char.mod("%+.0f", shown), "")
    said = [[f"B − A: {value:+.0f} points of the true class's clips" for value in row]
            for row in shown]  # fmt: skip
    top = max(float(np.abs(gap).max()), 1.0)
    colors = (COLORS[0], PAGE[theme], COLORS[1])  # no difference looks like the page
    figure = _cells(shown, names, "B − A", text, said, (-top, top), colors)
    off = np.where(np.eye(len(classes), dtype=bool), 0, gap)
    row, column = divmod(int(np.abs(off).argmax()), len(classes))
    most = (
        f" The widest gap off the diagonal: {classes[row]} taken for {classes[column]}, "
        f"{off[row, column]:+.0f} points."
        if off.any()
        else " They make the same mistakes."
    )
    table = pd.DataFrame(shown, columns=names)
    table.insert(0, "True class, points B − A", names)
    return Chart(figure, f"Confusion matrix of B minus that of A, in points.{most}", table)


def _cells(
    shown: np.ndarray,
    names: Sequence[str],
    title: str,
    text: np.ndarray,
    said: Sequence[Sequence[str]],
    ends: tuple[float, float],
    colors: Sequence[str],
) -> go.Figure:
    """A matrix as coloured cells with a number in each, and a marker to click on.

    Args:
        shown: array (N, N). The values that are coloured.
        names: N classes.
        title: the figure's.
        text: str array (N, N). What stands in the cells; left out where they are many.
        said: N lists of N. What a cell tells when one points at it, beside its classes.
        ends: the values of the first and the last colour.
        colors: the scale, in even steps.
    """
    small = len(names) > CELL_TEXT_CLASSES
    figure = go.Figure(
        go.Heatmap(
            z=shown,
            x=names,
            y=names,
            coloraxis="coloraxis",
            xgap=0 if small else 1,
            ygap=0 if small else 1,
            hoverinfo="skip",
        )
    )
    cells = [
        (true, told, said[i][j]) for i, true in enumerate(names) for j, told in enumerate(names)
    ]
    figure.add_trace(
        go.Scatter(
            x=[told for _, told, _ in cells],
            y=[true for true, _, _ in cells],
            customdata=cells,
            mode="markers",
            # Nothing is seen of them but the frame around the cell that was clicked.
            marker={
                "symbol": "square",
                "size": 10 if small else 24,
                "opacity": 0,
                "color": "rgba(0, 0, 0, 0)",
                "line": {"width": 3, "color": FRAME},
            },
            selected={"marker": {"opacity": 1}},
            unselected={"marker": {"opacity": 0}},
            showlegend=False,
            hovertemplate=f"{title}<br>true %{{y}}<br>predicted %{{x}}<br>%{{customdata[2]}}"
            "<extra></extra>",
        )
    )
    if not small:
        _write(figure, shown, text, inked(painted(shown, *ends, colors)))
    layout(figure, title, height=12 * len(names) + 130 if small else 540)
    figure.update_layout(margin={"l": 10, "r": 10, "t": 50, "b": 10}, coloraxis=_axis(ends, colors))
    ticks = {"tickfont": {"size": 9 if small else 12}, "showgrid": False, "tickmode": "array"}
    numbered = [f"{name} {i}" for i, name in enumerate(names, 1)]
    edge = (-0.5, len(names) - 0.5)  # the markers alone would ask for more room
    figure.update_yaxes(
        title="true class",
        range=edge[::-1],
        tickvals=names,
        ticktext=numbered if small else names,
        **ticks,
    )
    # Fifty names do not fit under a matrix: there the columns have the rows' numbers.
    figure.update_xaxes(
        title="predicted class, by its number" if small else "predicted class",
        range=edge,
        tickangle=0 if small else -90,
        tickvals=names[4::5] if small else names,
        ticktext=[str(i) for i in range(5, len(names) + 1, 5)] if small else names,
        **ticks,
    )
    return figure


def _write(figure: go.Figure, shown: np.ndarray, text: np.ndarray, ink: np.ndarray) -> None:
    """Puts the numbers over the cells: a see-through heatmap for each ink, as one has one ink."""
    clear = "rgba(0, 0, 0, 0)"
    for color in INKS:
        figure.add_trace(
            go.Heatmap(
                z=shown,
                x=figure.data[0].x,
                y=figure.data[0].y,
                text=np.where(ink == color, text, ""),
                texttemplate="%{text}",
                textfont={"size": 11, "color": color},
                colorscale=[[0, clear], [1, clear]],
                showscale=False,
                hoverinfo="skip",
            )
        )


def _axis(ends: tuple[float, float], colors: Sequence[str]) -> dict[str, object]:
    return {
        "cmin": ends[0],
        "cmax": ends[1],
        "showscale": False,
        "colorscale": colorscale(colors),
    }


def scale(top: float, share: bool, theme: str = "light") -> Chart:
    """The one colour scale that the matrices above it share, as a strip.

    Args:
        top: its upper end: percent, or predictions.
        share: whether the unit is percent of the true class.
        theme: 'light' or 'dark'.
    """
    values = np.linspace(0, top, 101)
    unit = "percent of the true class's clips" if share else "predictions (clips, every seed)"
    figure = go.Figure(
        go.Heatmap(
            z=[values],
            x=values,
            y=[""],
            coloraxis="coloraxis",
            hovertemplate="%{x:.0f}<extra></extra>",
        )
    )
    layout(figure, "One scale for both", height=104)
    figure.update_layout(
        coloraxis=_axis((0, top), SHADES[theme]),
        title_font_size=13,
        margin={"l": 10, "r": 20, "t": 34, "b": 48},
    )
    figure.update_xaxes(title=unit, showgrid=False, ticksuffix=" %" if share else "")
    figure.update_yaxes(showticklabels=False, showgrid=False)
    return Chart(
        figure,
        f"Colour scale from 0 to {top:.0f}, {unit}.",
        pd.DataFrame({"From": [0], "To": [round(top)], "Unit": [unit]}),
    )


def shares(counts: np.ndarray) -> np.ndarray:
    """Each row of a count matrix (C, C) as fractions of its sum; an empty row stays 0."""
    whole = counts.sum(axis=1, keepdims=True)
    return np.divide(counts, whole, out=np.zeros_like(counts, dtype=float), where=whole > 0)


def most_confused(matrices: Sequence[np.ndarray], count: int) -> list[int]:
    """The classes with the most mistakes, made of them or into them, over all the matrices.

    Returns:
        up to `count` indices, in the classes' own order.
    """
    wrong = sum(np.asarray(m) * (1 - np.eye(len(m))) for m in matrices)
    weight = np.asarray(wrong).sum(axis=0) + np.asarray(wrong).sum(axis=1)
    return sorted(np.argsort(-weight, kind="stable")[:count].tolist())


def mistakes(counts: np.ndarray, classes: Sequence[str]) -> pd.DataFrame:
    """Every confusion that happened, most frequent first.

    Args:
        counts: array (C, C), rows true, columns predicted.
        classes: C names.

    Returns:
        DataFrame: True class, Predicted, Predictions, Share (of the true class, percent).
    """
    counts = np.asarray(counts, dtype=float)
    rows, columns = np.nonzero(counts * (1 - np.eye(len(classes))))
    share = shares(counts)
    table = pd.DataFrame(
        {
            "True class": [classes[i] for i in rows.tolist()],
            "Predicted": [classes[j] for j in columns.tolist()],
            "Predictions": counts[rows, columns].astype(int),
            "Share, %": 100 * share[rows, columns],
        }
    )
    return table.sort_values("Predictions", ascending=False, kind="stable", ignore_index=True)
