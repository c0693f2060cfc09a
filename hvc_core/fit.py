"""One cell's training, from its first step to its best weights; resumable at every epoch.

Backend-neutral Keras 3: only `train_on_batch` and `predict_on_batch`. May import: keras, numpy.
"""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import keras
import numpy as np

from hvc_core.recipe import Settings


class FitError(ValueError):
    """A training that cannot go on; the message says what to change."""


class Clips(Protocol):
    """What a model is fed: input arrays by row of the index."""

    def train(self, rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Augmented input float32 (B, ...) of training rows."""

    def clean(self, rows: np.ndarray) -> np.ndarray:
        """Input float32 (B, ...) of rows as the app would feed them."""


@dataclass(frozen=True)
class Progress:
    """Where a fit stands: epoch of epochs, clips of clips in this epoch, the last accuracies."""

    epoch: int
    epochs: int
    clips: int
    of_clips: int
    accuracy: float
    val_accuracy: float


def fit(
    model: keras.Model,
    clips: Clips,
    targets: np.ndarray,
    train: np.ndarray,
    validation: np.ndarray,
    how: Settings,
    seed: int,
    state: Path,
    progress: Callable[[Progress], None] = lambda p: None,
    whole: keras.Model | None = None,
    before: Sequence[dict] = (),
) -> list[dict]:
    """Trains until the epochs are over or patience is, and leaves the best weights in the model.

    Args:
        model: keras.Model. Gives softmax probabilities (B, classes), or a list of such that each
            learn by themselves.
        clips: Clips. Gives input arrays by row.
        targets: int64 array (clips,). Class number of every row of the index.
        train, validation: int64 arrays. Rows of the fold.
        how: Settings. The recipe's for this model.
        seed: int. Order, augmentation and dropout follow from it.
        state: Path. Where the last finished epoch is kept; a killed fit goes on from it.
        progress: called after every step.
        whole: keras.Model or None. Takes whole clips for validation, where `model` takes parts of
            them; shares its layers.
        before: list of dict. Epochs that the model has behind it; it has the best one's weights,
            and keeps them if none of the epochs now is better.

    Returns:
        list of dict. Those before, then one per epoch: epoch, loss, accuracy, val_loss,
        val_accuracy, seconds; loss and accuracy are the mean of the outputs'.

    Raises:
        FitError: the loss is no longer a number.
    """
    # -- model and schedule --------------------------------------------------------------------
    optimizer = keras.optimizers.AdamW(
        how.learning_rate,
        weight_decay=how.weight_decay,
        use_ema=how.average > 0,
        ema_momentum=how.average,
    )
    model.compile(
        optimizer,
        loss=["categorical_crossentropy"] * len(model.outputs),
        metrics=[["accuracy"]] * len(model.outputs),
    )
    optimizer.build(model.trainable_variables)
    outputs = len(model.outputs)
    onehot = np.eye(model.outputs[0].shape[-1], dtype=np.float32)
    steps = math.ceil(len(train) / how.batch)
    history, best, first = _resume(model, optimizer, state) or _begin(model, before, how.monitor)
    epochs = len(before) + how.epochs

    # -- epochs --------------------------------------------------------------------------------
    for epoch in range(first, epochs):
        if epoch - max(best["epoch"], len(before) - 1) > how.patience:
            break
        started = time.perf_counter()
        own = epoch - len(before)  # a phase has its own order and its own rise and fall
        rng = np.random.default_rng((seed, own))  # so that a resumed epoch is the same epoch
        order = rng.permutation(train)
        sums = np.zeros(2)  # loss and accuracy, each times the clips they are of
        for step in range(steps):
            rows = order[step * how.batch : (step + 1) * how.batch]
            x = clips.train(rows, rng)
            y = onehot[targets[rows]]
            if how.mixup:
                x, y = _mix(x, y, rng, how.mixup)
            if how.label_smoothing:
                y = y * (1 - how.label_smoothing) + how.label_smoothing / y.shape[1]
            optimizer.learning_rate.assign(_rate(how, own + step / steps))
            logs = model.train_on_batch(x, [y] * outputs, return_dict=True)
            accuracy = np.mean([v for name, v in logs.items() if name.endswith("accuracy")])
            sums += np.array([float(logs["loss"]) / outputs, accuracy]) * len(rows)
            done = min((step + 1) * how.batch, len(train))
            loss, accuracy = (sums / done).tolist()
            progress(Progress(epoch + 1, epochs, done, len(train), accuracy, best["val_accuracy"]))
        last = model.get_weights()
        if how.average:  # what answers, and may be the best; training goes on from the last
            optimizer.finalize_variable_values(model.trainable_variables)
        probabilities = predict(whole or model, clips, validation)
        val_loss, val_accuracy = score(probabilities, targets[validation])
        if not math.isfinite(loss + val_loss):
            state.unlink(missing_ok=True)  # the same command must not come here again
            raise FitError(
                f"epoch {epoch + 1}: the loss is no longer a number, so the weights are lost; "
                f"lower learning_rate (now {how.learning_rate:g}) in the recipe and start again"
            )
        history.append(
            {
                "epoch": epoch + 1,
                "loss": loss,
                "accuracy": accuracy,
                "val_loss": val_loss,
                "val_accuracy": val_accuracy,
                "seconds": time.perf_counter() - started,
            }
        )
        if _merit(history[-1], how.monitor) > _merit(best, how.monitor):
            best = {
                "epoch": epoch,
                "val_accuracy": val_accuracy,
                "val_loss": val_loss,
                "weights": model.get_weights(),
            }
        model.set_weights(last)
        _keep(model, optimizer, state, history, best, epoch + 1)

    # -- the best epoch's weights --------------------------------------------------------------
    model.set_weights(best["weights"])
    return history


def predict(model: keras.Model, clips: Clips, rows: np.ndarray, batch: int = 32) -> np.ndarray:
    """Probabilities float32 (rows, classes) of clips as the app would feed them."""
    parts = [
        np.asarray(model.predict_on_batch(clips.clean(rows[at : at + batch])))
        for at in range(0, len(rows), batch)
    ]
    return np.concatenate(parts).astype(np.float32)


def score(probabilities: np.ndarray, targets: np.ndarray) -> tuple[float, float]:
    """Mean negative log-likelihood (nats) and accuracy of float (N, C) against int (N,)."""
    own = probabilities[np.arange(len(targets)), targets]
    loss = float(-np.log(np.maximum(own, 1e-7)).mean())
    return loss, float((probabilities.argmax(axis=1) == targets).mean())


def _merit(epoch: Mapping[str, Any], monitor: str) -> tuple[float, float]:
    """What makes an epoch better: accuracy moves in steps of one clip, so loss decides at a tie."""
    accuracy, loss = epoch["val_accuracy"], -epoch["val_loss"]
    return (accuracy, loss) if monitor == "accuracy" else (loss, accuracy)


def _rate(how: Settings, epoch: float) -> float:
    """Learning rate at a fractional epoch: one epoch of warm-up, then half a cosine to zero."""
    if how.schedule == "constant":
        return how.learning_rate
    if epoch < 1:
        return how.learning_rate * (epoch + 0.01)
    share = (epoch - 1) / max(1, how.epochs - 1)
    return how.learning_rate * 0.5 * (1 + math.cos(math.pi * share))


def _mix(
    x: np.ndarray, y: np.ndarray, rng: np.random.Generator, alpha: float
) -> tuple[np.ndarray, np.ndarray]:
    """mixup (Zhang et al., ICLR 2018, eq. 1): each clip blended with another of the batch."""
    share = rng.beta(alpha, alpha, len(x)).astype(np.float32)
    other = rng.permutation(len(x))
    s = share.reshape(-1, *[1] * (x.ndim - 1))
    return x * s + x[other] * (1 - s), y * share[:, None] + y[other] * (1 - share[:, None])


def _keep(
    model: keras.Model,
    optimizer: keras.Optimizer,
    state: Path,
    history: list[dict],
    best: dict[str, Any],
    epoch: int,
) -> None:
    """Writes all that the next epoch needs, atomically."""
    arrays: dict[str, Any] = {f"model{i}": np.asarray(v) for i, v in enumerate(model.variables)}
    arrays |= {f"optimizer{i}": np.asarray(v) for i, v in enumerate(optimizer.variables)}
    arrays |= {f"best{i}": w for i, w in enumerate(best["weights"])}
    note = {k: v for k, v in best.items() if k != "weights"}
    arrays["json"] = np.array(json.dumps({"history": history, "best": note, "epoch": epoch}))
    state.parent.mkdir(parents=True, exist_ok=True)
    part = state.with_name(f"{state.name}.{os.getpid()}.tmp")
    with part.open("wb") as file:
        np.savez(file, **arrays)
    os.replace(part, state)


def _begin(
    model: keras.Model, before: Sequence[dict], monitor: str
) -> tuple[list[dict], dict[str, Any], int]:
    """History, best epoch and next epoch of a fresh start."""
    best: dict[str, Any] = {"epoch": -1, "val_accuracy": -1.0, "val_loss": math.inf, "weights": []}
    if before:
        kept = max(before, key=lambda epoch: _merit(epoch, monitor))
        best = {key: kept[key] for key in ("val_accuracy", "val_loss")}
        best |= {"epoch": kept["epoch"] - 1, "weights": model.get_weights()}
    return list(before), best, len(before)


def _resume(
    model: keras.Model, optimizer: keras.Optimizer, state: Path
) -> tuple[list[dict], dict[str, Any], int] | None:
    """The same from the state file; None where there is none."""
    if not state.exists():
        return None
    with np.load(state) as kept:
        for i, variable in enumerate(model.variables):
            variable.assign(kept[f"model{i}"])
        for i, variable in enumerate(optimizer.variables):
            variable.assign(kept[f"optimizer{i}"])
        note = json.loads(str(kept["json"]))
        weights = [kept[f"best{i}"] for i in range(len(model.get_weights()))]
    return note["history"], {**note["best"], "weights": weights}, note["epoch"]
