"""What it takes: costs of every model, curves of training.

May import: numpy, pandas, plotly, dashboard.charts.base.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from dashboard.charts.base import (
    COLORS,
    FAINT,
    NEUTRAL,
    Chart,
    layout,
    percent,
)

CELL = ["fold", "seed"]  # of one model under one protocol


def bars(title: str, unit: str, rows: Sequence[tuple[str, float, int | None]], kind: str) -> Chart:
    """One cost of every model as horizontal bars, each with its number beside it.

    Args:
        title: what is measured.
        unit: the axis's unit.
        rows: (model, value in that unit or nan, slot 0 or 1 of the pair, None for the others).
        kind: a d3 number format such as ',.0f'.
    """
    names = [f"{name} " for name, _, _ in rows]
    values = [value for _, value, _ in rows]
    words = [format(value, kind) if np.isfinite(value) else "not measured" for value in values]
    figure = go.Figure(
        go.Bar(
            x=[value if np.isfinite(value) else 0 for value in values],
            y=names,
            orientation="h",
            marker={"color": [NEUTRAL if slot is None else COLORS[slot] for *_, slot in rows]},
            text=words,
            textposition="outside",
            cliponaxis=False,
            hovertemplate="%{y} %{text} " + unit + "<extra></extra>",
        )
    )
    top = max([value for value in values if np.isfinite(value)], default=1) or 1
    layout(figure, title, height=34 * len(rows) + 110)
    figure.update_layout(showlegend=False, bargap=0.35)
    figure.update_xaxes(title=unit, range=[0, top * 1.28], nticks=5)
    figure.update_yaxes(autorange="reversed", automargin=True, showgrid=False)
    said = ", ".join(f"{name} {word}" for (name, _, _), word in zip(rows, words, strict=True))
    return Chart(
        figure,
        f"{title} in {unit}: {said}.",
        pd.DataFrame({"Model": [r[0] for r in rows], f"{title}, {unit}": words}),
    )


def curves(
    titles: tuple[str, str],
    history: pd.DataFrame,
    models: tuple[str, str],
    measure: str,
) -> Chart:
    """Training and validation curves of two models, one thin line a cell, the mean thick.

    Args:
        titles: the two models' names, A first.
        history: study's history of one protocol: fold, seed, model, epoch, `measure`,
            `val_<measure>`.
        models: the two models' keys in `history`.
        measure: 'accuracy' or 'loss'.
    """
    factor = 100 if measure == "accuracy" else 1
    figure = make_subplots(
        rows=1, cols=2, shared_yaxes=True, horizontal_spacing=0.08, subplot_titles=list(titles)
    )
    table: list[dict[str, object]] = []
    for slot, (title, model) in enumerate(zip(titles, models, strict=True)):
        mine = history[history["model"] == model]
        for column, label, dash in (
            (measure, "training", "dot"),
            (f"val_{measure}", "validation", "solid"),
        ):
            x: list[float | None] = []
            y: list[float | None] = []
            for _, cell in mine.sort_values("epoch").groupby(CELL):
                x += [*cell["epoch"].tolist(), None]
                y += [*(factor * cell[column]).tolist(), None]
            figure.add_trace(
                go.Scatter(
                    x=x,
                    y=y,
                    mode="lines",
                    showlegend=False,
                    hoverinfo="skip",
                    line={"color": FAINT[slot], "width": 1.2, "dash": dash},
                ),
                row=1,
                col=1 + slot,
            )
            # As far as every cell went: where one drops out the mean would jump.
            shared = mine.groupby(CELL)["epoch"].max().min()
            mean = mine[mine["epoch"] <= shared].groupby("epoch")[column].mean() * factor
            figure.add_trace(
                go.Scatter(
                    x=mean.index,
                    y=mean,
                    mode="lines",
                    name=f"{title}, {label}",
                    line={"color": COLORS[slot], "width": 2.6, "dash": dash},
                    hovertemplate=f"{title}, {label}<br>epoch %{{x}}<br>%{{y:.3g}}<extra></extra>",
                ),
                row=1,
                col=1 + slot,
            )
        if len(mine):
            ends = mine.sort_values("epoch").groupby(CELL).tail(1)
            better = mine.sort_values(["val_accuracy", "val_loss"], ascending=[False, True])
            kept = better.groupby(CELL).head(1)  # as hvc_core.fit chooses
            table.append(
                {
                    "Model": title,
                    "Cells": len(ends),
                    "Epochs": span(ends["epoch"]),
                    f"Training {measure}, last epoch": mean_of(ends[measure], measure),
                    f"Validation {measure}, last epoch": mean_of(ends[f"val_{measure}"], measure),
                    f"Validation {measure}, epoch kept": mean_of(kept[f"val_{measure}"], measure),
                }
            )
    layout(figure, f"{measure.capitalize()} while training", height=390)
    figure.update_layout(margin={"t": 76})
    figure.update_xaxes(title="epoch", rangemode="tozero")
    unit = "accuracy, percent" if measure == "accuracy" else "cross-entropy loss, nats"
    figure.update_yaxes(rangemode="tozero", ticksuffix=" %" if factor == 100 else "")
    figure.update_yaxes(title=unit, col=1)
    words = pd.DataFrame(table)
    said = "; ".join(
        f"{r['Model']} ends at a validation {measure} of {r[f'Validation {measure}, last epoch']}"
        for r in table
    )
    return Chart(figure, f"{measure.capitalize()} by epoch: {said or 'no curve'}.", words)


def mean_of(values: pd.Series, measure: str) -> str:
    return percent(values.mean()) if measure == "accuracy" else f"{values.mean():.3f}"


def span(values: pd.Series) -> str:
    low, high = int(values.min()), int(values.max())
    return str(low) if low == high else f"{low} to {high}"
