"""Calibration, temperature, selective accuracy, AUROC: hand-worked cases, SciPy, scikit-learn."""

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
from scipy.stats import mannwhitneyu
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score

from hvc_core import calibration, study
from hvc_core.bootstrap import bootstrap_weights
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

CONFIDENCE = np.array([0.9, 0.5, 0.8, 0.8, 0.6])
RIGHT = np.array([True, False, True, False, True])


def test_coverage_by_hand() -> None:
    coverage, accuracy = calibration.coverage_curve(CONFIDENCE, RIGHT)
    assert coverage.tolist() == [0.2, 0.6, 0.8, 1]  # both 0.8 at once
    assert accuracy.tolist() == pytest.approx([1, 2 / 3, 3 / 4, 3 / 5])
    asked = (0.1, 0.2, 0.4, 0.6, 0.7, 0.8, 1)
    found = [calibration.accuracy_at(CONFIDENCE, RIGHT, c) for c in asked]
    assert found == pytest.approx([1, 1, 2 / 3, 2 / 3, 3 / 4, 3 / 4, 3 / 5])
    ten = np.arange(10)
    assert calibration.accuracy_at(ten, ten > 6, 0.1 * 3) == 1  # a hair above 3 of 10
    # Risk among those as sure as each clip: 0, 1/3 for both 0.8, 1/4, 2/5
    assert calibration.aurc(CONFIDENCE, RIGHT) == pytest.approx((1 / 3 + 1 / 3 + 1 / 4 + 2 / 5) / 5)


@given(st.lists(st.tuples(st.integers(0, 8), st.booleans()), min_size=1, max_size=40))
def test_selective_accuracy_by_its_definition(rows: list[tuple[int, bool]]) -> None:
    confidence = np.array([c / 8 for c, _ in rows])
    right = np.array([r for _, r in rows])
    risks = [1 - right[confidence >= c].mean() for c in confidence]
    assert calibration.aurc(confidence, right) == pytest.approx(np.mean(risks))
    coverage, accuracy = calibration.coverage_curve(confidence, right)
    assert coverage[-1] == 1
    assert accuracy[-1] == pytest.approx(right.mean())
    assert (np.diff(coverage) > 0).all()
    for level, share, found in zip(np.unique(confidence)[::-1], coverage, accuracy, strict=True):
        assert share == (confidence >= level).mean()
        assert found == pytest.approx(right[confidence >= level].mean())
        assert calibration.accuracy_at(confidence, right, float(share)) == found
    order = np.random.default_rng(0).permutation(len(rows))
    again = calibration.coverage_curve(confidence[order], right[order])
    assert (again[0] == coverage).all() and (again[1] == accuracy).all()


def test_selective_accuracy_of_what_cannot_be() -> None:
    for wrong in (0, -0.1, 1.1):
        with pytest.raises(ValueError, match="expected a coverage above 0"):
            calibration.accuracy_at(CONFIDENCE, RIGHT, wrong)
    with pytest.raises(ValueError, match="expected one confidence a clip"):
        calibration.aurc(CONFIDENCE, RIGHT[:2])
    with pytest.raises(ValueError, match="expected one confidence a clip"):
        calibration.aurc(np.zeros(0), np.zeros(0, bool))


# Known and unknown

SOME = st.lists(st.integers(0, 6), min_size=1, max_size=30)


@given(SOME, SOME)
def test_auroc(known: list[int], unknown: list[int]) -> None:
    found = calibration.auroc(np.array(known), np.array(unknown))
    truth = [1] * len(known) + [0] * len(unknown)
    assert found == pytest.approx(roc_auc_score(truth, known + unknown))
    statistic = mannwhitneyu(known, unknown, method="asymptotic").statistic
    assert found == pytest.approx(statistic / (len(known) * len(unknown)))


def test_auroc_by_hand() -> None:
    # 0.9 beats both, 0.5 beats one and ties none, 0.4 ties one
    assert calibration.auroc(np.array([0.9, 0.5, 0.4]), np.array([0.6, 0.4])) == 3.5 / 6
    with pytest.raises(ValueError, match="expected clips on both sides, found 0 and 1"):
        calibration.auroc(np.zeros(0), np.ones(1))


def clustered(seed: int) -> tuple[np.ndarray, np.ndarray, list, list]:
    rng = np.random.default_rng(seed)
    known, unknown = rng.normal(0.5, 1, 8).repeat(3), rng.normal(0, 1, 5).repeat(4)
    known += rng.normal(0, 0.3, 24)
    return known, unknown, [("A", i // 3) for i in range(24)], [f"film {i // 4}" for i in range(20)]


def test_the_interval_of_auroc_by_copying_clips() -> None:
    known, unknown, films, others = clustered(0)
    weights = bootstrap_weights((0,) * 8 + (1,) * 5)
    # Rescaled weights are whole times 8/7 and 5/4, which fall out of the AUROC.
    times = np.rint(weights * np.array([7 / 8] * 8 + [4 / 5] * 5)).astype(int)
    drawn = [
        calibration.auroc(known.repeat(row[:8].repeat(3)), unknown.repeat(row[8:].repeat(4)))
        for row in times
    ]
    found = calibration.auroc_interval(known, unknown, films, others)
    assert found == pytest.approx(tuple(np.quantile(drawn, [0.025, 0.975])))
    assert 0 < found[0] < calibration.auroc(known, unknown) < found[1] <= 1
    # What is always more confident stays so, and rounding does not lift it above 1.
    sure = calibration.auroc_interval(known + 9, unknown, films, others)
    assert sure == pytest.approx((1, 1)) and max(sure) <= 1


def test_the_interval_of_auroc_keeps_films_together() -> None:
    known, unknown, films, others = clustered(1)
    whole = calibration.auroc_interval(known, unknown, films, others)
    clips = calibration.auroc_interval(known, unknown, range(24), range(20))
    assert whole[1] - whole[0] > clips[1] - clips[0]
    order = np.random.default_rng(0).permutation(24)
    mixed = calibration.auroc_interval(known[order], unknown, [films[i] for i in order], others)
    assert mixed == pytest.approx(whole)
    with pytest.raises(ValueError, match="expected one source id a clip"):
        calibration.auroc_interval(known, unknown, films[1:], others)
    with pytest.raises(ValueError, match="expected clips on both sides"):
        calibration.auroc_interval(known, unknown[:0], films, [])


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
                calibration.aurc(confidence, right),
            )
        )
        assert calibration.source_ids(df)[0] == (df["class"].iloc[0], df["group"].iloc[0])
    names = "confidence accuracy ece brier nll aurc".split()
    assert [getattr(found, n) for n in names] == pytest.approx(np.mean(parts, axis=0))
    with pytest.raises(ValueError, match="lrcn has no predictions under protocol group5"):
        calibration.summary(made.predictions, "lrcn", "group5", made.classes)
    empty: pd.DataFrame = own.iloc[:0]
    assert calibration.arrays(empty, made.classes)[0].shape == (0, 4)
