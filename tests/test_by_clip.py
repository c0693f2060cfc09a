"""Clips with both answers: by hand, and adding up to the confusion matrices.

May import: numpy, pandas, pytest, hvc_core, tests.support.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from hvc_core import study
from hvc_core.statistics.by_clip import COLUMNS, OUTCOMES, by_clip
from hvc_core.statistics.counts import confusion
from tests.support.studies import make_study

CLASSES = ["A", "B"]


def rows(model: str, first: dict[str, float], seed: int = 0) -> pd.DataFrame:
    """A model's answers: clip -> probability of class A; its true class is its first letter."""
    return pd.DataFrame(
        [
            {
                "protocol": "holdout", "fold": 0, "seed": seed, "model": model, "clip": clip,
                "class": clip[0], "group": int(clip[1]),
                "probabilities": np.array([p, 1 - p], np.float32),
            }
            for clip, p in first.items()
        ]
    )  # fmt: skip


def test_four_outcomes_by_hand():
    a = rows("a", {"A1": 0.9, "A2": 0.8, "B1": 0.7, "B2": 0.6})
    b = rows("b", {"A1": 0.7, "A2": 0.1, "B1": 0.2, "B2": 0.6})
    made = by_clip(pd.concat([a, b], ignore_index=True), "a", "b", "holdout", CLASSES)
    assert list(made.columns) == COLUMNS
    assert made["clip"].tolist() == ["A1", "A2", "B1", "B2"]
    assert made["outcome"].tolist() == ["both right", "only A right", "only B right", "both wrong"]
    assert set(made["outcome"]) == set(OUTCOMES)
    assert made["a_says"].tolist() == ["A"] * 4 and made["b_says"].tolist() == ["A", "B", "B", "A"]
    assert made["a_sure"].tolist() == pytest.approx([0.9, 0.8, 0.7, 0.6])
    assert made["b_sure"].tolist() == pytest.approx([0.7, 0.9, 0.8, 0.6])
    assert made["disagreement"].tolist() == pytest.approx([0.2, 0.7, 0.5, 0.0], abs=1e-6)
    assert made["group"].tolist() == [1, 2, 1, 2]


def test_a_seed_of_one_model_alone_is_there_with_its_answer():
    both = [rows("a", {"A1": 0.9}), rows("a", {"A1": 0.2}, seed=1), rows("b", {"A1": 0.8})]
    made = by_clip(pd.concat(both, ignore_index=True), "a", "b", "holdout", CLASSES)
    assert made["seed"].tolist() == [0, 1]
    assert made["outcome"].tolist() == ["both right", None]
    alone = made.iloc[1]
    assert alone["a_says"] == "B" and pd.isna(alone["b_says"]) and pd.isna(alone["disagreement"])
    none = by_clip(pd.concat(both, ignore_index=True), "a", "x", "holdout", CLASSES)
    assert len(none) == 2 and none["outcome"].isna().all()
    assert not len(by_clip(pd.concat(both, ignore_index=True), "a", "b", "random", CLASSES))


def test_the_rows_add_up_to_both_matrices(tmp_path):
    of = study.read(make_study(tmp_path / "study", models=2, onnx=False))
    a, b = of.headline
    made = by_clip(of.predictions, a, b, "holdout", of.classes)
    for slot, model in (("a", a), ("b", b)):
        own = of.predictions[(of.predictions["model"] == model)]
        counts = pd.crosstab(made["class"], made[f"{slot}_says"]).reindex(
            index=of.classes, columns=of.classes, fill_value=0
        )
        assert (counts.to_numpy() == confusion(own, of.classes)).all()
        assert made[f"{slot}_right"].astype(bool).sum() == np.trace(counts.to_numpy())
