"""Fitting: resumed is the same as uninterrupted, the best epoch's weights are kept, atomically.

A tiny dense net on made data: what is tested is the loop. May import: keras, numpy, pytest,
hvc_core.fit, .recipe.
"""

from __future__ import annotations

import dataclasses
import json

import keras
import numpy as np
import pytest

from hvc_core import fit
from hvc_core.recipe import Settings

# Keras 3.15 asks TensorFlow's variables for an array in numpy 1's way when it saves or trains.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

HOW = Settings("convlstm", epochs=6, patience=6, batch=5, learning_rate=0.02, weight_decay=1e-2)
TARGETS = np.arange(40) % 3
TRAIN, VALIDATION = np.arange(0, 28), np.arange(28, 40)


class Stopped(BaseException):
    """A kill, as far as the loop can tell."""


class Feed:
    """Noisy points around three centres; a training row differs every time."""

    def __init__(self):
        rng = np.random.default_rng(5)
        self.points = (rng.normal(0, 1, (3, 4))[TARGETS] + rng.normal(0, 0.7, (40, 4))).astype("f4")
        self.given = []

    def train(self, rows, rng):
        self.given.append(np.array(rows))
        return self.points[rows] + rng.normal(0, 0.1, (len(rows), 4)).astype("f4")

    def clean(self, rows):
        return self.points[rows]


def net() -> keras.Model:
    """With dropout, whose masks must go on too, and normalisation, whose statistics must."""
    keras.utils.set_random_seed(1)
    x = inputs = keras.Input((4,))
    x = keras.layers.Dense(8, activation="relu")(x)
    x = keras.layers.BatchNormalization()(x)
    x = keras.layers.Dropout(0.3)(x)
    return keras.Model(inputs, keras.layers.Dense(3, activation="softmax", name="head")(x))


def fitted(state, how=HOW, progress=lambda p: None, feed=None, seed=3):
    model = net()
    feed = feed or Feed()
    history = fit.fit(model, feed, TARGETS, TRAIN, VALIDATION, how, seed, state, progress)
    return model, history


def timeless(history):
    return [{k: v for k, v in epoch.items() if k != "seconds"} for epoch in history]


def stop_at(epoch, clips=0):
    def progress(p):
        if (p.epoch, p.clips >= clips) == (epoch, True):
            raise Stopped

    return progress


@pytest.fixture(scope="module", params=["plain", "mixup and smoothing", "averaged"])
def whole(request, tmp_path_factory):
    """An uninterrupted fit: settings, weights, history."""
    how = HOW
    if request.param == "mixup and smoothing":
        how = dataclasses.replace(HOW, mixup=0.4, label_smoothing=0.1)
    if request.param == "averaged":
        how = dataclasses.replace(HOW, average=0.9)
    model, history = fitted(tmp_path_factory.mktemp("whole") / "x.state.npz", how)
    return how, model.get_weights(), history


def test_interrupted_again_and_again_it_is_the_same_fit(whole, tmp_path):
    """Killed in the first epoch, in the middle of the third, and in the last step of the fifth."""
    how, weights, history = whole
    state = tmp_path / "x.state.npz"
    for epoch, clips in ((1, 10), (3, 15), (5, len(TRAIN))):
        with pytest.raises(Stopped):
            fitted(state, how, stop_at(epoch, clips))
        assert state.exists() == (epoch > 1)
    seen = []
    model, resumed = fitted(state, how, lambda p: seen.append(p.epoch))
    assert min(seen) == 5  # finished epochs are not trained again
    assert timeless(resumed) == timeless(history)
    assert [epoch["epoch"] for epoch in resumed] == list(range(1, 7))
    for ours, theirs in zip(model.get_weights(), weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_finished_fit_that_was_killed_before_it_was_written_down_trains_nothing(whole, tmp_path):
    how, weights, history = whole
    state = tmp_path / "x.state.npz"
    fitted(state, how)
    model, again = fitted(state, how, stop_at(1))
    assert timeless(again) == timeless(history)
    for ours, theirs in zip(model.get_weights(), weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_kill_while_the_state_is_written_leaves_the_one_before(tmp_path, monkeypatch):
    state = tmp_path / "x.state.npz"
    with pytest.raises(Stopped):
        fitted(state, HOW, stop_at(3))
    before = state.read_bytes()

    def half(file, **arrays):
        file.write(before[: len(before) // 2])
        raise Stopped

    with monkeypatch.context() as patch:
        patch.setattr(np, "savez", half)
        with pytest.raises(Stopped):
            fitted(state)
    assert state.read_bytes() == before
    seen = []
    fitted(state, HOW, lambda p: seen.append(p.epoch))
    assert min(seen) == 3


def test_another_seed_is_another_fit(tmp_path):
    _, one = fitted(tmp_path / "one", seed=1)
    _, two = fitted(tmp_path / "two", seed=2)
    assert timeless(one) != timeless(two)


def test_every_epoch_sees_every_training_clip_once_and_no_other(tmp_path):
    feed = Feed()
    fitted(tmp_path / "state", dataclasses.replace(HOW, epochs=2), feed=feed)
    steps = [len(rows) for rows in feed.given]
    assert steps == [5, 5, 5, 5, 5, 3] * 2
    first, second = np.concatenate(feed.given[:6]), np.concatenate(feed.given[6:])
    for order in (first, second):
        assert sorted(order) == TRAIN.tolist()
    assert (first != second).any()


# -- early stopping --------------------------------------------------------------------------------


def scripted(monkeypatch, scores):
    """Lets validation go as told: (loss, accuracy) an epoch; returns each epoch's weights."""
    kept, told = [], iter(scores)

    def predict(model, clips, rows, batch=32):
        kept.append([np.array(w) for w in model.get_weights()])
        return np.zeros((len(rows), 3), "f4")

    monkeypatch.setattr(fit, "predict", predict)
    monkeypatch.setattr(fit, "score", lambda probabilities, targets: next(told))
    return kept


def test_the_best_epochs_weights_are_left_and_patience_ends_it(tmp_path, monkeypatch):
    scores = [(1.0, 0.3), (0.9, 0.6), (0.8, 0.5), (0.7, 0.6), (0.9, 0.6), (0.8, 0.4), (0.8, 0.5)]
    kept = scripted(monkeypatch, scores + [(0.1, 0.9)] * 20)
    how = dataclasses.replace(HOW, epochs=20, patience=3)
    model, history = fitted(tmp_path / "state", how)
    # The fourth is as accurate as the second, with less loss; three more bring nothing better.
    assert [e["val_accuracy"] for e in history] == [s[1] for s in scores]
    for ours, theirs in zip(model.get_weights(), kept[3], strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert (model.get_weights()[0] != kept[-1][0]).any()


def test_resumed_it_still_knows_the_best_epoch(tmp_path, monkeypatch):
    scores = [(0.5, 0.9), (0.9, 0.6), (0.8, 0.5)]
    kept = scripted(monkeypatch, scores)
    how = dataclasses.replace(HOW, epochs=3)
    with pytest.raises(Stopped):
        fitted(tmp_path / "state", how, stop_at(3))
    model, history = fitted(tmp_path / "state", how)
    assert len(history) == 3
    for ours, theirs in zip(model.get_weights(), kept[0], strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_progress_counts_clips_and_tells_the_best_so_far(tmp_path, monkeypatch):
    scripted(monkeypatch, [(0.5, 0.75), (0.9, 0.5)])
    seen: list[fit.Progress] = []
    fitted(tmp_path / "state", dataclasses.replace(HOW, epochs=2), seen.append)
    assert [p.clips for p in seen] == [5, 10, 15, 20, 25, 28] * 2
    assert {(p.epochs, p.of_clips) for p in seen} == {(2, 28)}
    assert [p.val_accuracy for p in seen] == [-1.0] * 6 + [0.75] * 6
    assert all(0 <= p.accuracy <= 1 for p in seen)


def test_the_moving_average_of_the_weights_answers_and_the_last_ones_go_on(tmp_path):
    model, seen = net(), []
    how = dataclasses.replace(HOW, epochs=1, average=0.8)
    fit.fit(model, Feed(), TARGETS, TRAIN, VALIDATION, how, 3, tmp_path / "state",
            lambda p: seen.append(model.get_weights()))  # fmt: skip
    trains = [any(w is v for v in model.trainable_variables) for w in model.weights]
    assert 0 < sum(trains) < len(trains)
    for i, (kept, learns) in enumerate(zip(model.get_weights(), trains, strict=True)):
        expected = seen[0][i]
        for step in seen[1:]:
            expected = 0.8 * expected + 0.2 * step[i] if learns else step[i]
        np.testing.assert_allclose(kept, expected, atol=1e-6)
    with np.load(tmp_path / "state") as state:
        np.testing.assert_array_equal(state["model0"], seen[-1][0])


def test_epochs_of_a_phase_before_are_counted_and_its_best_is_kept(tmp_path, monkeypatch):
    kept = scripted(monkeypatch, [(0.5, 0.7), (0.8, 0.6), (0.9, 0.4), (0.6, 0.6), (0.5, 0.65)])
    how = dataclasses.replace(HOW, epochs=2)
    model, first = fitted(tmp_path / "first", how)
    # Its patience is for its own epochs: the best one lies behind it.
    how = dataclasses.replace(HOW, epochs=3, patience=3)
    arguments = (model, Feed(), TARGETS, TRAIN, VALIDATION, how, 3, tmp_path / "state")
    seen = []
    with pytest.raises(Stopped):
        fit.fit(*arguments, stop_at(5), before=first)
    history = fit.fit(*arguments, lambda p: seen.append((p.epoch, p.epochs)), before=first)
    assert [e["epoch"] for e in history] == [1, 2, 3, 4, 5]
    assert history[:2] == first
    assert set(seen) == {(5, 5)}
    for ours, theirs in zip(model.get_weights(), kept[0], strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_patience_ends_a_second_phase_by_its_own_epochs(tmp_path, monkeypatch):
    scripted(monkeypatch, [(0.5, 0.7), (0.8, 0.6)] + [(0.9, 0.4)] * 9)
    model, first = fitted(tmp_path / "first", dataclasses.replace(HOW, epochs=2))
    how, rates = dataclasses.replace(HOW, epochs=9, patience=2), []
    history = fit.fit(
        model, Feed(), TARGETS, TRAIN, VALIDATION, how, 3, tmp_path / "state",
        lambda p: rates.append(float(model.optimizer.learning_rate)), before=first,
    )  # fmt: skip
    assert len(history) == 2 + 2
    assert rates[0] == pytest.approx(0.01 * HOW.learning_rate)  # it warms up again


# -- parts -----------------------------------------------------------------------------------------


def test_history_is_the_mean_over_clips_and_the_score_of_the_validation(tmp_path):
    model, history = fitted(tmp_path / "state", dataclasses.replace(HOW, epochs=1))
    clean = np.asarray(model(Feed().points[VALIDATION]))
    own = clean[np.arange(12), TARGETS[VALIDATION]]
    assert history[0]["val_loss"] == pytest.approx(-np.log(own).mean(), rel=1e-4)
    assert history[0]["val_accuracy"] == (clean.argmax(1) == TARGETS[VALIDATION]).mean()
    assert history[0]["seconds"] > 0
    assert json.dumps(history)  # plain numbers


def test_predict_takes_rows_in_order_in_any_batches():
    model, feed = net(), Feed()
    rows = [7, 3, 39, 3, 0]
    expected = np.asarray(model(feed.points[rows]))
    for batch in (1, 2, 32):
        found = fit.predict(model, feed, np.array(rows), batch)
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, expected, atol=1e-6)


def test_score_survives_a_certain_mistake():
    loss, accuracy = fit.score(np.array([[1, 0], [0.25, 0.75]]), np.array([1, 1]))
    assert accuracy == 0.5
    assert loss == pytest.approx(-(np.log(1e-7) + np.log(0.75)) / 2)


def test_a_constant_rate_stays():
    how = dataclasses.replace(HOW, schedule="constant")
    assert {fit._rate(how, epoch / 10) for epoch in range(60)} == {HOW.learning_rate}


@pytest.mark.parametrize(("monitor", "better"), [("accuracy", "a"), ("loss", "b")])
def test_what_makes_an_epoch_better(monitor, better):
    epochs = {
        "a": {"val_accuracy": 0.9, "val_loss": 0.5},
        "b": {"val_accuracy": 0.8, "val_loss": 0.4},
    }
    assert max(epochs, key=lambda name: fit._merit(epochs[name], monitor)) == better


def test_the_rate_warms_up_and_falls_to_nothing():
    rates = [fit._rate(HOW, epoch / 10) for epoch in range(60)]
    assert rates[0] == pytest.approx(0.01 * HOW.learning_rate)
    assert max(rates) == pytest.approx(HOW.learning_rate, rel=0.02)
    assert np.argmax(rates) == 10
    assert (np.diff(rates[10:]) <= 0).all()
    assert fit._rate(HOW, HOW.epochs) == pytest.approx(0, abs=1e-12)


def test_mixup_blends_clips_and_targets_by_the_same_share():
    """Row i of x is the one-hot of i, so that a blend shows its two parts and their shares."""
    x, y = np.eye(6, dtype="f4"), np.eye(6, dtype="f4")
    mixed, targets = fit._mix(x, y, np.random.default_rng(0), 0.4)
    np.testing.assert_allclose(mixed, targets, atol=1e-6)
    np.testing.assert_allclose(mixed.sum(axis=1), 1, atol=1e-6)
    assert ((mixed > 0).sum(axis=1) <= 2).all()
    assert ((mixed > 0.01) & (mixed < 0.99)).any()


# -- several outputs, and a loss that is lost ------------------------------------------------------


def test_outputs_learn_by_themselves(tmp_path):
    """Two nets in one that share nothing learn what each learns alone."""
    how = dataclasses.replace(HOW, epochs=2)

    def trained(*seeds):
        x = keras.Input((4,))
        parts = []
        for seed in seeds:
            start = keras.initializers.GlorotUniform(seed)
            parts.append(keras.layers.Dense(3, activation="softmax", kernel_initializer=start))
        answers = [part(x) for part in parts]
        model = keras.Model(x, answers)
        whole = keras.Model(x, answers[0])
        state = tmp_path / f"{seeds}.npz"
        history = fit.fit(model, Feed(), TARGETS, TRAIN, VALIDATION, how, 3, state, whole=whole)
        return [np.asarray(part.kernel) for part in parts], history

    (first,), alone = trained(1)
    (second,), other = trained(2)
    both, history = trained(1, 2)
    np.testing.assert_allclose(both[0], first, atol=1e-6)
    np.testing.assert_allclose(both[1], second, atol=1e-6)
    for name in ("loss", "accuracy"):
        means = [(a[name] + b[name]) / 2 for a, b in zip(alone, other, strict=True)]
        assert [epoch[name] for epoch in history] == pytest.approx(means, abs=1e-5)


def test_a_loss_that_is_no_number_ends_the_fit(tmp_path):
    feed, x = Feed(), keras.Input((4,))
    feed.points[3] = np.nan
    model = keras.Model(x, keras.layers.Dense(3, activation="softmax")(x))
    state = tmp_path / "state.npz"
    with pytest.raises(fit.FitError, match=r"epoch 1: the loss is .* learning_rate \(now 0.02\)"):
        fit.fit(model, feed, TARGETS, TRAIN, VALIDATION, HOW, 3, state)
    assert not state.exists()
