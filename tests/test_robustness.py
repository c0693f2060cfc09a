"""Accuracy under conditions: hand-worked tables, paired losses, the strength that breaks a model.

May import: numpy, pandas, pytest, hvc_core.statistics.robustness.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from hvc_core.statistics import robustness

CLASSES = ["A", "B"]
LOST = ["lost", "lost_low", "lost_high"]


def rows(condition: str, right: list[int], seed: int = 0, model: str = "m") -> pd.DataFrame:
    """Eight clips, four of each class in two groups; `right` says which are answered rightly."""
    true = np.repeat([0, 1], 4)
    told = np.where(np.array(right, bool), true, 1 - true)
    return pd.DataFrame(
        {
            "protocol": "holdout", "fold": 0, "seed": seed, "model": model, "condition": condition,
            "clip": [f"c{i}" for i in range(8)], "class": [CLASSES[t] for t in true],
            "group": [1, 1, 2, 2] * 2,
            "probabilities": [np.eye(2, dtype=np.float32)[t] for t in told],
        }
    )  # fmt: skip


CLEAN = rows("clean", [1] * 8)
CONDITIONS = pd.concat(
    [
        rows("frozen", [1, 1, 1, 1, 0, 0, 0, 0]),
        rows("blur-1", [1] * 8),
        rows("blur-2", [1, 1, 1, 1, 0, 0, 0, 0]),
        rows("blur-3", [1, 1, 0, 0, 0, 0, 0, 0]),
        rows("dark-1", [1, 1, 0, 0, 1, 1, 0, 0]),
    ]
)


def test_names_say_family_and_strength():
    assert robustness.parts("blur-3") == ("blur", 3)
    assert robustness.parts("frozen") == ("time", 0)
    assert robustness.parts("clean") == ("time", 0)


def test_the_table_by_hand():
    whole = pd.concat([CLEAN, rows("clean", [0] * 8, seed=7), rows("clean", [0] * 8, model="o")])
    own = robustness.rows_of(whole, CONDITIONS, "m", "holdout")
    assert set(own["seed"]) == {0}  # seed 7 was not put to any condition
    made = robustness.table(own, CLASSES).set_index("condition")
    assert made.index[0] == "clean"
    assert made["accuracy"].to_dict() == {
        "clean": 1.0, "frozen": 0.5, "blur-1": 1.0, "blur-2": 0.5, "blur-3": 0.25, "dark-1": 0.5,
    }  # fmt: skip
    assert list(made.loc["frozen", LOST]) == [0.5, 0.5, 0.5]
    # Which of a class's two groups is drawn decides whether darkness costs nothing or all.
    assert list(made.loc["dark-1", LOST[1:]]) == [0.0, 1.0]
    assert (made["clips"] == 8).all()
    # B's two films lose two answers each: of their four pairs of signs two are as extreme.
    assert made.loc["frozen", "p"] == 0.5 and made.loc["blur-1", "p"] == 1
    assert list(made.loc["blur-3", ["above_low", "above_high"]]) == [-0.5, 0.0]


def test_seeds_are_averaged():
    both = [CLEAN, rows("clean", [1] * 8, seed=1)]
    conditions = pd.concat([rows("frozen", [0] * 8), rows("frozen", [1] * 8, seed=1)])
    own = robustness.rows_of(pd.concat(both), conditions, "m", "holdout")
    made = robustness.table(own, CLASSES).set_index("condition")
    assert made.loc["frozen", "accuracy"] == 0.5


def test_a_condition_is_held_beside_the_cells_that_were_put_to_it():
    clean = pd.concat([CLEAN, rows("clean", [0] * 8, seed=1)])
    conditions = pd.concat([rows("shuffled", [1] * 8), rows("frozen", [0] * 8, seed=1)])
    own = robustness.rows_of(clean, conditions, "m", "holdout")
    made = robustness.table(own, CLASSES).set_index("condition")
    assert made["lost"].to_dict() == {"clean": 0, "shuffled": 0, "frozen": 0}
    assert [e.mean for e in robustness.by_class(own, "shuffled", CLASSES) if e] == [0, 0]


def test_a_model_breaks_where_it_falls_under_half():
    made = robustness.table(robustness.rows_of(CLEAN, CONDITIONS, "m", "holdout"), CLASSES)
    # One film of two is drawn in each class: at strength 3 of blur, or in the dark, both or none
    # of A's answers are right, and what B's are depends on its own draw.
    assert robustness.breaks(made) == {
        "blur": robustness.Break(None, 3),
        "dark": robustness.Break(None, 1),
    }
    worst = pd.concat([CONDITIONS, rows("blur-4", [0] * 8), rows("crop-1", [1] * 8)])
    made = robustness.table(robustness.rows_of(CLEAN, worst, "m", "holdout"), CLASSES)
    found = robustness.breaks(made)
    assert found["blur"] == robustness.Break(4, 3)
    assert [one.words for one in found.values()] == [
        "breaks at strength 4, perhaps at 3",
        "may break at strength 1",
        "holds",
    ]
    assert robustness.Break(2, None).words == "breaks at strength 2"


def test_by_class():
    own = robustness.rows_of(CLEAN, CONDITIONS, "m", "holdout")
    a, b = robustness.by_class(own, "frozen", CLASSES)
    assert a is not None and b is not None
    assert (a.mean, b.mean) == (0.0, 1.0)
    only = own[own["class"] == "A"]
    assert robustness.by_class(only, "frozen", CLASSES)[1] is None
    dark = robustness.by_class(own, "dark-1", CLASSES)[0]
    assert dark is not None
    assert (dark.mean, dark.lo, dark.hi) == (0.5, 0.0, 1.0)


def test_no_condition_no_table():
    own = robustness.rows_of(CLEAN, CONDITIONS.head(0), "m", "holdout")
    assert not len(own)
    assert list(robustness.table(own, CLASSES).columns) == robustness.COLUMNS
