"""How the page of classes draws one class: its mistakes, its leak, what time adds, its clips.

May import: numpy, streamlit, dashboard, hvc_core.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st

from dashboard import evidence, numbers, show, state
from hvc_core.statistics.stats import Estimate

SCORES = {"recall": "Recall", "precision": "Precision", "f1": "F1"}


def one(view: state.View, name: str) -> None:
    """A class whole."""
    number = view.study.classes.index(name)
    for slot, (column, model) in enumerate(zip(st.columns(2), view.pair, strict=True)):
        with column.container(border=True, height="stretch"):
            st.markdown(f"### {show.DOT[slot]} {view.titles[slot]}")
            _scores(view, model, name)
            _mistakes(numbers.matrix(view, model), view.study.classes, number)
    lines = [*_leak(view, name), *_over_mean(view, name)]
    if lines:
        st.markdown("\n".join(f"- {line}" for line in lines))
    st.page_link(
        "app_pages/clips.py",
        label=f"The clips of {name}",
        icon=":material/video_library:",
        query_params={"true": name},
    )


def _scores(view: state.View, model: str, name: str) -> None:
    found = numbers.summary(view, model)
    if found is None:
        return
    with st.grid(3, min_column_width=110, gap="small"):
        for key, label in SCORES.items():
            show.metric(label, getattr(found, key)[name])


def _mistakes(counts: np.ndarray, classes: list[str], number: int) -> None:
    """What the class is taken for, and what is taken for it."""
    for words, row in (
        ("Taken for", counts[number]),
        ("Taken for it are", counts[:, number]),
    ):
        order = [int(i) for i in np.argsort(-row, kind="stable") if i != number and row[i]][:4]
        said = ", ".join(f"{classes[i]} ({int(row[i])})" for i in order)
        st.markdown(f"{words}: {said or 'none'}.")


def _leak(view: state.View, name: str) -> list[str]:
    """What a random split adds to its recall."""
    said = []
    for title, model in zip(view.titles, view.pair, strict=True):
        found = evidence.leak_by_class(view, model)
        if found is None:
            continue
        row = found.set_index("class").loc[name]
        if row["difference"] == row["difference"]:
            said.append(f"A random split adds to {title}'s recall {_points(row)}.")
    return said


def _over_mean(view: state.View, name: str) -> list[str]:
    """What an LSTM adds to its recall over the mean over time."""
    said = []
    for pair, _ in evidence.over_mean(view):
        row = evidence.class_tests(pair).set_index("class").loc[name]
        if row["clips"]:
            said.append(f"{pair.titles[1]} against {pair.titles[0]}, in recall: {_points(row)}.")
    return said


def _points(row: Any) -> str:
    value = Estimate(*(float(row[key]) for key in ("difference", "low", "high")))
    if value.lo != value.lo:
        return f"**{show.signed(value.mean)} points**"
    ends = f"{show.signed(value.lo)} to {show.signed(value.hi)}"
    return f"**{show.signed(value.mean)} points** ({ends})"
