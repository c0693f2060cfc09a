"""Which clips a person wants to see, and in which order. Pure: a table in, its rows out.

May import: pandas, hvc_core.statistics.by_clip.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from hvc_core.statistics.by_clip import OUTCOMES

ANY = "any"
DISAGREE = "they disagree"
ORDERS = {
    "Name": (["class", "group", "clip", "seed"], True),
    "Most apart": (["disagreement"], False),
    "A surest": (["a_sure"], False),
    "B surest": (["b_sure"], False),
    "A least sure": (["a_sure"], True),
    "B least sure": (["b_sure"], True),
}
SHOWN = (ANY, *OUTCOMES, DISAGREE)


@dataclass(frozen=True)
class Wanted:
    """What is asked of the clips; the defaults ask nothing.

    Attributes:
        outcome: str. One of SHOWN.
        true: str or None. A class.
        a_says, b_says: str or None. A class.
        group: int or None.
        words: str. A part of the clip's name, in any case.
        sure: (float, float), 0 to 1. Between which the surer model's confidence lies.
        order: str. One of ORDERS.
    """

    outcome: str = ANY
    true: str | None = None
    a_says: str | None = None
    b_says: str | None = None
    group: int | None = None
    words: str = ""
    sure: tuple[float, float] = (0.0, 1.0)
    order: str = "Name"


def narrowed(rows: pd.DataFrame, wanted: Wanted) -> pd.DataFrame:
    """The rows of `by_clip` that are asked for, in the order asked for."""
    keep = pd.Series(True, index=rows.index)
    if wanted.outcome == DISAGREE:
        keep &= rows["a_says"].notna() & rows["b_says"].notna()
        keep &= rows["a_says"] != rows["b_says"]
    elif wanted.outcome != ANY:
        keep &= rows["outcome"] == wanted.outcome
    for column, value in (
        ("class", wanted.true),
        ("a_says", wanted.a_says),
        ("b_says", wanted.b_says),
        ("group", wanted.group),
    ):
        if value is not None:
            keep &= rows[column] == value
    if words := wanted.words.strip().lower():
        keep &= rows["clip"].str.lower().str.contains(words, regex=False)
    low, high = wanted.sure
    if (low, high) != (0.0, 1.0):
        keep &= rows[["a_sure", "b_sure"]].max(axis=1).between(low, high)
    columns, ascending = ORDERS[wanted.order]
    found = rows[keep]
    return found.sort_values(columns, ascending=ascending, kind="stable", ignore_index=True)
