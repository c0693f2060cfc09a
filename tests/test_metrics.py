"""Metrics: equal to scikit-learn's, right on cases worked by hand, and lawful on any input."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hvc_core.statistics import metrics


def table(
    true: list[int],
    answered: list[int],
    classes: list[str],
    groups: list[int] | None = None,
    **key: Any,
) -> pd.DataFrame:
    """Predictions with the given true and answered class numbers."""
    values = np.full((len(true), len(classes)), 0.1 / len(classes), np.float32)
    values[np.arange(len(true)), answered] += 0.9
    return pd.DataFrame(
        {
            "protocol": key.get("protocol", "holdout"),
            "fold": 0,
            "seed": key.get("seed", 1),
            "model": key.get("model", "lrcn"),
            "clip": [f"clip{i}" for i in range(len(true))],
            "class": [classes[t] for t in true],
            "group": groups or [1 + i % 5 for i in range(len(true))],
            "probabilities": list(values),
        }
    )


@st.composite
def tables(draw: st.DrawFn) -> tuple[pd.DataFrame, list[str]]:
    count = draw(st.integers(2, 6))
    number = st.integers(0, count - 1)
    pairs = draw(st.lists(st.tuples(number, number, st.integers(1, 4)), min_size=1, max_size=40))
    classes = [f"Class{i}" for i in range(count)]
    true, answered, groups = (list(part) for part in zip(*pairs, strict=True))
    return table(true, answered, classes, groups), classes


def test_a_case_worked_by_hand() -> None:
    # Three of A: two right, one taken for B. Two of B: one right, one taken for A. None of C.
    cell = metrics.cell_metrics(table([0, 0, 0, 1, 1], [0, 0, 1, 1, 0], list("ABC")), list("ABC"))
    assert cell["confusion"] == [[2, 1, 0], [1, 1, 0], [0, 0, 0]]
    assert cell["clips"] == 5
    assert cell["accuracy"] == pytest.approx(3 / 5)
    a, b, c = (cell["per_class"][name] for name in "ABC")
    assert a == pytest.approx({"precision": 2 / 3, "recall": 2 / 3, "f1": 2 / 3, "support": 3})
    assert b == pytest.approx({"precision": 1 / 2, "recall": 1 / 2, "f1": 1 / 2, "support": 2})
    assert c == {"precision": 0, "recall": 0, "f1": 0, "support": 0}
    assert cell["precision_macro"] == pytest.approx((2 / 3 + 1 / 2) / 3)
    assert cell["f1_macro"] == pytest.approx((2 / 3 + 1 / 2) / 3)


def test_unequal_precision_and_recall() -> None:
    # Everything is answered A: recall of A is whole, its precision 1/4; B is never answered.
    found = metrics.per_class(np.array([[1, 0], [3, 0]]))
    assert found.precision.tolist() == [0.25, 0]
    assert found.recall.tolist() == [1, 0]
    assert found.f1.tolist() == [pytest.approx(2 * 0.25 / 1.25), 0]
    assert found.support.tolist() == [1, 3]


@given(tables())
def test_equal_to_scikit_learn(case: tuple[pd.DataFrame, list[str]]) -> None:
    sk = pytest.importorskip("sklearn.metrics")
    df, classes = case
    true = df["class"].tolist()
    answered = [classes[int(np.argmax(p))] for p in df["probabilities"]]
    matrix = metrics.confusion(df, classes)
    assert matrix.dtype == np.int64
    assert (matrix == sk.confusion_matrix(true, answered, labels=classes)).all()
    each = sk.precision_recall_fscore_support(true, answered, labels=classes, zero_division=0)
    found = metrics.per_class(matrix)
    for ours, theirs in zip(
        (found.precision, found.recall, found.f1, found.support), each, strict=True
    ):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-12)
    cell = metrics.cell_metrics(df, classes)
    assert cell["accuracy"] == pytest.approx(sk.accuracy_score(true, answered), abs=1e-12)
    macro = sk.precision_recall_fscore_support(
        true, answered, labels=classes, average="macro", zero_division=0
    )
    for name, value in zip(("precision_macro", "recall_macro", "f1_macro"), macro, strict=False):
        assert cell[name] == pytest.approx(value, abs=1e-12)


@given(tables(), st.randoms(use_true_random=False))
def test_laws(case: tuple[pd.DataFrame, list[str]], random: Any) -> None:
    df, classes = case
    cell = metrics.cell_metrics(df, classes)
    matrix = np.array(cell["confusion"])
    assert matrix.sum() == cell["clips"] == len(df)
    assert sum(entry["support"] for entry in cell["per_class"].values()) == len(df)
    assert np.trace(matrix) / len(df) == pytest.approx(cell["accuracy"])
    low, high = cell["accuracy_ci"]
    assert 0 <= low <= high <= 1
    order = list(range(len(df)))
    random.shuffle(order)
    assert metrics.cell_metrics(df.iloc[order], classes) == cell, "the order of rows says nothing"


@given(tables())
def test_renaming_the_classes_in_another_order_moves_the_rows_of_the_matrix(
    case: tuple[pd.DataFrame, list[str]],
) -> None:
    df, classes = case
    turned = df.assign(probabilities=pd.Series([p[::-1] for p in df["probabilities"]]))
    matrix = metrics.confusion(df, classes)
    assert (metrics.confusion(turned, classes[::-1]) == matrix[::-1, ::-1]).all()


def test_of_equal_probabilities_the_first_class_is_the_answer() -> None:
    df = table([1], [0], list("AB")).assign(
        probabilities=pd.Series([np.array([0.5, 0.5], np.float32)])
    )
    assert metrics.confusion(df, list("AB")).tolist() == [[0, 0], [1, 0]]


def test_what_cannot_be_counted() -> None:
    df = table([0, 1], [0, 1], list("AB"))
    with pytest.raises(ValueError, match="'B' is not in classes"):
        metrics.confusion(df, list("AC"))
    with pytest.raises(ValueError, match="expected 3 probabilities"):
        metrics.confusion(df, list("ABC"))
    with pytest.raises(ValueError, match="found 2"):
        metrics.cell_metrics(df.assign(seed=[1, 2]), list("AB"))
    with pytest.raises(ValueError, match="found 0"):
        metrics.cell_metrics(df.head(0), list("AB"))
    assert metrics.confusion(df.head(0), list("AB")).tolist() == [[0, 0], [0, 0]]


def test_derive_has_a_sorted_cell_per_protocol_model_and_seed() -> None:
    keys = [
        (protocol, model, seed)
        for protocol in ("random", "holdout")
        for model in ("lrcn", "convlstm")
        for seed in (2, 1)
    ]
    parts = [
        table([0, 1], [0, 1], list("AB"), protocol=protocol, model=model, seed=seed)
        for protocol, model, seed in keys
    ]
    derived = metrics.derive(pd.concat(parts, ignore_index=True), list("AB"))
    assert derived["schema_version"] == 1
    found = [(cell["protocol"], cell["model"], cell["seed"]) for cell in derived["cells"]]
    assert found == sorted(keys)
    assert metrics.differences(derived, derived) == []


def test_folds_of_a_protocol_are_counted_together() -> None:
    df = table([0, 1, 0, 1], [0, 1, 1, 1], list("AB")).assign(fold=[0, 0, 1, 1])
    (cell,) = metrics.derive(df, list("AB"))["cells"]
    assert cell["clips"] == 4 and cell["accuracy"] == 0.75


def test_differences_pass_over_rounding_only() -> None:
    derived = metrics.derive(table([0, 1], [0, 0], list("AB")), list("AB"))
    near = metrics.derive(table([0, 1], [0, 0], list("AB")), list("AB"))
    near["cells"][0]["accuracy"] += 1e-10
    assert metrics.differences(near, derived) == []
    near["cells"][0]["accuracy"] = 0.75
    near["note"] = "by hand"
    del near["cells"][0]["f1_macro"]
    near["cells"][0]["confusion"] = [[2]]
    assert metrics.differences(near, derived) == [
        "note: stored, but not derived",
        "cells[0].accuracy: stored 0.75, derived 0.5",
        "cells[0].confusion: stored [[2]], derived [[1, 0], [1, 0]]",
        "cells[0].f1_macro: derived, but not stored",
    ]
