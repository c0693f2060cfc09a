"""Calibration and temperature: hand-worked cases, SciPy, scikit-learn."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.special import softmax
from sklearn.metrics import brier_score_loss, log_loss

from hvc_core import study
from hvc_core.statistics import calibration, selective, unknown
from tests.support.studies import make_study

# Three clips of three classes: right at 0.7, wrong at 0.6, right at 0.5
PROBABILITIES = np.array([[0.7, 0.2, 0.1], [0.6, 0.3, 0.1], [0.25, 0.25, 0.5]])
TARGETS = np.array([0, 1, 2])


def answers(seed: int, clips: int = 200, sharp: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities of a calibrated model, sharpened by `sharp`; targets drawn from it."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 2, (clips, 4))
    cumulated = softmax(logits, axis=1).cumsum(axis=1)
    targets = (rng.uniform(size=(clips, 1)) > cumulated[:, :-1]).sum(axis=1)
    return softmax(logits * sharp, axis=1), targets


def test_reliability_by_hand() -> None:
    found = calibration.reliability(PROBABILITIES, TARGETS, bins=4)
    assert found["lower"].tolist() == [0, 0.25, 0.5, 0.75]
    assert found["upper"].tolist() == [0.25, 0.5, 0.75, 1]
    assert found["count"].tolist() == [0, 1, 2, 0]  # 0.5 is the upper end of its bin
    np.testing.assert_allclose(found["confidence"], [np.nan, 0.5, 0.65, np.nan])
    np.testing.assert_allclose(found["accuracy"], [np.nan, 1, 0.5, np.nan])
    # Two thirds of the clips are 0.15 off, one third 0.5.
    assert calibration.ece(PROBABILITIES, TARGETS, bins=4) == pytest.approx((2 * 0.15 + 0.5) / 3)


def test_a_certain_model_is_in_the_last_bin() -> None:
    # float32 may say a little more than 1
    certain = np.array([[1 + 1e-7, 0], [0, 1]], np.float32)
    found = calibration.reliability(certain, np.array([0, 0]))
    assert found["count"].tolist() == [0] * 14 + [2]
    assert calibration.ece(certain, np.array([0, 0])) == pytest.approx(0.5)


@given(st.integers(0, 10**6), st.integers(1, 30))
def test_reliability_counts_every_clip_once(seed: int, bins: int) -> None:
    values, targets = answers(seed, 60)
    table = calibration.reliability(values, targets, bins)
    held = table[table["count"] > 0]
    assert len(table) == bins
    assert table["count"].sum() == 60
    assert (held["confidence"] * held["count"]).sum() == pytest.approx(values.max(axis=1).sum())
    right = (values.argmax(axis=1) == targets).sum()
    assert (held["accuracy"] * held["count"]).sum() == pytest.approx(right)
    assert (held["lower"] < held["confidence"]).all()
    assert (held["confidence"] <= held["upper"] + 1e-12).all()
    # With one bin it is the gap of the means.
    gap = abs(values.max(axis=1).mean() - right / 60)
    assert calibration.ece(values, targets, 1) == pytest.approx(gap)
    assert calibration.ece(values, targets, bins) >= gap - 1e-12


def test_a_calibrated_model_has_hardly_an_error() -> None:
    assert calibration.ece(*answers(0, 20000)) < 0.015
    assert calibration.ece(*answers(0, 20000, sharp=3)) > 0.1


def test_brier_and_nll_by_hand() -> None:
    # (0.3² + 0.2² + 0.1²) + (0.6² + 0.7² + 0.1²) + (0.25² + 0.25² + 0.5²)
    assert calibration.brier(PROBABILITIES, TARGETS) == pytest.approx((0.14 + 0.86 + 0.375) / 3)
    expected = -(math.log(0.7) + math.log(0.3) + math.log(0.5)) / 3
    assert calibration.nll(PROBABILITIES, TARGETS) == pytest.approx(expected)
    assert calibration.brier(np.eye(3), np.array([1, 2, 0])) == 2
    assert calibration.nll(np.eye(3), np.array([1, 2, 0])) == pytest.approx(-math.log(1e-12))
    assert calibration.nll(np.eye(3), np.arange(3)) == 0


@given(st.integers(0, 10**6))
def test_brier_and_nll_are_those_of_scikit_learn(seed: int) -> None:
    values, targets = answers(seed, 50)
    labels = [0, 1, 2, 3]
    expected = brier_score_loss(targets, values, labels=labels, scale_by_half=False)
    assert calibration.brier(values, targets) == pytest.approx(expected)
    assert calibration.nll(values, targets) == pytest.approx(
        log_loss(targets, values, labels=labels)
    )


@pytest.mark.parametrize(
    ("values", "targets"),
    [
        (np.zeros((0, 3)), np.zeros(0, int)),
        (PROBABILITIES, TARGETS[:2]),
        (PROBABILITIES[0], TARGETS),
        (PROBABILITIES, np.array([0, 1, 3])),
        (PROBABILITIES, np.array([0, 1, -1])),
    ],
)
def test_arrays_that_do_not_fit(values: np.ndarray, targets: np.ndarray) -> None:
    for measure in (calibration.ece, calibration.brier, calibration.nll):
        with pytest.raises(ValueError, match="expected"):
            measure(values, targets)


# Temperature


@given(st.integers(0, 10**6), st.floats(0.2, 5))
def test_a_temperature_divides_the_logits(seed: int, temperature: float) -> None:
    logits = np.random.default_rng(seed).normal(0, 2, (20, 5))
    found = calibration.apply_temperature(softmax(logits, axis=1), temperature)
    np.testing.assert_allclose(found, softmax(logits / temperature, axis=1), atol=1e-9)
    assert (found.argmax(axis=1) == logits.argmax(axis=1)).all()


def test_apply_temperature_by_hand() -> None:
    found = calibration.apply_temperature(np.array([[0.8, 0.2]]), 0.5)  # squares, made to sum to 1
    np.testing.assert_allclose(found, [[0.64 / 0.68, 0.04 / 0.68]])
    np.testing.assert_allclose(calibration.apply_temperature(PROBABILITIES, 1), PROBABILITIES)
    assert np.isfinite(calibration.apply_temperature(np.eye(3), 0.05)).all()
    for wrong in (0, -1, math.nan):
        with pytest.raises(ValueError, match="expected a temperature above 0"):
            calibration.apply_temperature(PROBABILITIES, wrong)


@settings(max_examples=25)
@given(st.integers(0, 10**6), st.floats(0.3, 4))
def test_the_fitted_temperature_is_that_of_scipy(seed: int, sharp: float) -> None:
    values, targets = answers(seed, 200, sharp)

    def loss(log_temperature: float) -> float:
        scaled = calibration.apply_temperature(values, math.exp(log_temperature))
        return float(-np.log(scaled[np.arange(200), targets]).mean())

    expected = minimize_scalar(loss, bounds=np.log((0.05, 20)), options={"xatol": 1e-9})
    found = calibration.fit_temperature(values, targets)
    assert found == pytest.approx(math.exp(expected.x), rel=1e-4)
    after = calibration.nll(calibration.apply_temperature(values, found), targets)
    assert after <= calibration.nll(values, targets) + 1e-12
    assert calibration.fit_temperature(values, targets) == found


def test_a_temperature_undoes_a_sharpening() -> None:
    assert calibration.fit_temperature(*answers(0, 20000, sharp=2.5)) == pytest.approx(2.5, 0.03)


def test_temperatures_at_the_ends() -> None:
    soft = np.array([[0.6, 0.4], [0.3, 0.7]])
    assert calibration.fit_temperature(soft, np.array([0, 1])) == pytest.approx(0.05)
    assert calibration.fit_temperature(soft, np.array([1, 0])) == pytest.approx(20)
    assert calibration.fit_temperature(np.full((3, 4), 0.25), np.arange(3)) == 1
    assert calibration.fit_temperature(np.eye(2), np.array([0, 0])) == pytest.approx(20)


# Selective accuracy


# Known and unknown


# Tables


def test_a_table(tmp_path: Path) -> None:
    made = study.read(make_study(tmp_path, classes=4, seeds=2, onnx=False))
    found = calibration.summary(made.predictions, "lrcn", "holdout", made.classes)
    assert (found.model, found.protocol, found.clips) == ("lrcn", "holdout", 20)
    own = made.predictions[made.predictions["model"] == "lrcn"]
    parts = []
    for seed in (1, 2):
        df = own[own["seed"] == seed]
        values, targets = calibration.arrays(df, made.classes)
        assert values.shape == (20, 4) and values.dtype == np.float64
        assert [made.classes[t] for t in targets] == df["class"].tolist()
        confidence, right = calibration.confidences(df, made.classes)
        parts.append(
            (
                confidence.mean(),
                right.mean(),
                calibration.ece(values, targets),
                calibration.brier(values, targets),
                calibration.nll(values, targets),
                selective.aurc(confidence, right),
            )
        )
        assert unknown.source_ids(df)[0] == (df["class"].iloc[0], df["group"].iloc[0])
    names = "confidence accuracy ece brier nll aurc".split()
    assert [getattr(found, n) for n in names] == pytest.approx(np.mean(parts, axis=0))
    with pytest.raises(ValueError, match="lrcn has no predictions under protocol group5"):
        calibration.summary(made.predictions, "lrcn", "group5", made.classes)
    empty: pd.DataFrame = own.iloc[:0]
    assert calibration.arrays(empty, made.classes)[0].shape == (0, 4)


def test_overconfidence_by_hand() -> None:
    """Two films of one class: one always right, one never, both answered with 0.75."""
    df = pd.DataFrame(
        {
            "seed": [1] * 4 + [2] * 2,
            "class": ["A"] * 6,
            "group": [1, 1, 2, 2, 1, 2],
            "probabilities": [[0.75, 0.25]] * 2 + [[0.25, 0.75]] * 2 + [[0.75, 0.25]] * 2,
        }
    )
    found = calibration.overconfidence(df, ["A", "B"])
    assert found.mean == pytest.approx((0.25 + -0.25) / 2)
    assert (found.lo, found.hi) == pytest.approx((-0.25, 0.25))
