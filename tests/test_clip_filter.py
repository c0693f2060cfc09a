"""Filters and orders of the clips, one by one and together.

May import: pandas, pytest, dashboard.clip_filter.
"""

from __future__ import annotations

import pandas as pd
import pytest

from dashboard.clip_filter import ORDERS, Wanted, narrowed

ROWS = pd.DataFrame(
    [
        ("v_A_g01_c01", "A", 1, 0, "A", 0.9, "A", 0.8, "both right", 0.1),
        ("v_A_g02_c01", "A", 2, 0, "A", 0.6, "B", 0.7, "only A right", 0.3),
        ("v_B_g01_c01", "B", 1, 0, "A", 0.5, "B", 0.95, "only B right", 0.4),
        ("v_B_g12_c01", "B", 12, 0, "A", 0.7, "C", 0.4, "both wrong", 0.9),
        ("v_B_g12_c02", "B", 12, 1, None, float("nan"), "B", 0.3, None, float("nan")),
    ],
    columns=[
        "clip", "class", "group", "seed", "a_says", "a_sure", "b_says", "b_sure", "outcome",
        "disagreement",
    ],
)  # fmt: skip


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Wanted(), [0, 1, 2, 3, 4]),
        (Wanted(outcome="only A right"), [1]),
        (Wanted(outcome="they disagree"), [1, 2, 3]),
        (Wanted(true="B"), [2, 3, 4]),
        (Wanted(true="B", a_says="A"), [2, 3]),
        (Wanted(b_says="C"), [3]),
        (Wanted(group=1), [0, 2]),
        (Wanted(words=" G12_C02 "), [4]),
        (Wanted(words="("), []),
        (Wanted(sure=(0.75, 1.0)), [0, 2]),
        (Wanted(outcome="both wrong", group=1), []),
        (Wanted(order="Most apart"), [3, 2, 1, 0, 4]),
        (Wanted(order="A surest"), [0, 3, 1, 2, 4]),
        (Wanted(order="B least sure"), [4, 3, 1, 0, 2]),
    ],
)
def test_what_is_wanted_is_found(wanted: Wanted, found: list[int]) -> None:
    assert narrowed(ROWS, wanted)["clip"].tolist() == ROWS.loc[found, "clip"].tolist()


@pytest.mark.parametrize("order", ORDERS)
def test_an_order_loses_no_clip(order: str) -> None:
    assert set(narrowed(ROWS, Wanted(order=order))["clip"]) == set(ROWS["clip"])
