"""Helps to compare nets: weights that are not small, inputs, and what a layer gives.

May import: keras, numpy.
"""

from __future__ import annotations

import keras
import numpy as np


def randomise(model: keras.Model, spread: float = 0.3, seed: int = 0) -> None:
    """Gives a net or layer large random weights, so that two results that agree do so for a reason.

    Fresh weights are so small that every clip gets nearly the same probabilities. Variances of
    normalisation stay positive.
    """
    rng = np.random.default_rng(seed)
    for weight in model.weights:
        values = rng.normal(0, spread, weight.shape)
        weight.assign(np.abs(values) + 0.5 if "variance" in weight.path else values)


def clips(*shape: int, seed: int = 0) -> np.ndarray:
    """Random frames, float32 of the given shape, whole numbers of 0 to 255."""
    return np.random.default_rng(seed).integers(0, 256, shape).astype(np.float32)


def given(model: keras.Model, x: np.ndarray) -> np.ndarray:
    """What a net gives for an input, as in use: called, so that no graph is made for once."""
    return np.asarray(model(x, training=False))


def logits(model: keras.Model, x: np.ndarray) -> np.ndarray:
    """What the heads give without their softmax, where differences do not hide."""
    heads = [layer for layer in model.layers if layer.name.endswith("head")]
    kept = [head.activation for head in heads]
    for head in heads:
        head.activation = keras.activations.linear
    try:
        return given(model, x)
    finally:
        for head, activation in zip(heads, kept, strict=True):
            head.activation = activation
