"""Temperature scaling by cell: fitted on validation clips, applied to others, nothing else moved.

May import: numpy, pandas, pytest, hvc_core.statistics.calibration, hvc_core.statistics.temperature.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from hvc_core.statistics import calibration, temperature

CLASSES = ["A", "B", "C"]


def rows(seed: int, n: int, sharpness: float, chance: int = 0) -> pd.DataFrame:
    """Answers of one cell that are right in about 70 % and as sure as `sharpness` makes them."""
    rng = np.random.default_rng(chance)
    true = rng.integers(0, 3, n)
    told = np.where(rng.random(n) < 0.7, true, (true + 1) % 3)
    logits = sharpness * np.eye(3)[told] + rng.normal(0, 0.3, (n, 3))
    values = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return pd.DataFrame(
        {
            "protocol": "holdout", "fold": 0, "seed": seed, "model": "m", "condition": "clean",
            "clip": [f"v{chance}_{i}" for i in range(n)], "class": [CLASSES[t] for t in true],
            "group": 1, "probabilities": list(values.astype(np.float32)),
        }
    )  # fmt: skip


def test_each_cell_has_its_own_temperature_from_its_validation_clips():
    validation = pd.concat([rows(0, 400, 6.0, 1), rows(1, 400, 0.5, 2)])
    test = pd.concat([rows(0, 300, 6.0, 3), rows(1, 300, 0.5, 4), rows(2, 10, 1.0, 5)])
    scaled, found = temperature.scaled(test, validation, CLASSES)
    assert found["seed"].tolist() == [0, 1]  # seed 2 has no validation clips
    assert found["temperature"].iloc[0] > 1.5 and found["temperature"].iloc[1] < 0.8
    for seed, value in zip(found["seed"], found["temperature"], strict=True):
        own = calibration.arrays(validation[validation["seed"] == seed], CLASSES)
        assert value == pytest.approx(calibration.fit_temperature(*own))
        before, after = (
            calibration.arrays(df[df["seed"] == seed], CLASSES) for df in (test, scaled)
        )
        np.testing.assert_array_equal(before[0].argmax(1), after[0].argmax(1))
        assert calibration.ece(*after) < calibration.ece(*before)
        np.testing.assert_allclose(after[0].sum(axis=1), 1, atol=1e-5)


def test_test_clips_have_no_say():
    validation, test = rows(0, 200, 6.0, 1), rows(0, 200, 6.0, 2)
    _, one = temperature.scaled(test, validation, CLASSES)
    _, two = temperature.scaled(rows(0, 50, 0.1, 9), validation, CLASSES)
    assert one.equals(two)


def test_clips_of_no_class_are_scaled_too():
    unseen = rows(0, 20, 6.0, 3).assign(**{"class": "Archery"})
    scaled, _ = temperature.scaled(unseen, rows(0, 200, 6.0, 1), CLASSES)
    assert len(scaled) == 20


def test_without_validation_clips_there_is_nothing():
    scaled, found = temperature.scaled(rows(0, 5, 1.0), rows(0, 5, 1.0).head(0), CLASSES)
    assert not len(scaled) and not len(found)
