"""Multiply-adds counted from a Keras model's layers: the second way, to check `cost` with.

May import: the standard library, keras.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import keras

Shape = tuple[int, ...]


def multiply_adds(model: keras.Model, batch: int = 1) -> int:
    """Multiply-adds of one forward pass, counted call by call from the layers' shapes.

    Counted: convolutions, dense layers, both kinds of LSTM; a layer that is called twice, twice.
    `cost.multiply_adds` counts the exported graph's nodes by the same rule and knows no layer.

    Args:
        model: keras.Model. Functional, of plain Keras layers.
        batch: int. Clips put through at once.

    Raises:
        ValueError: a layer with weights multiplies in a way that is not known here.
    """
    return sum(_layer(layer, given, made) for layer, given, made in _calls(model, batch))


def _calls(model: keras.Model, batch: int) -> Iterator[tuple[keras.Operation, Shape, Shape]]:
    """Every call of a layer or operation: it, its input's shape, its output's, batch known."""
    inputs = keras.Input(batch_shape=(batch, *model.input_shape[1:]))
    known = keras.models.clone_model(model, inputs)
    for nodes in known._nodes_by_depth.values():
        for node in nodes:
            if node.input_tensors:
                yield node.operation, node.input_tensors[0].shape, node.output_tensors[0].shape


def _layer(layer: keras.Operation, given: Shape, made: Shape) -> int:
    if isinstance(layer, keras.Model):
        return multiply_adds(layer, given[0])
    kind, shapes = type(layer).__name__, [tuple(w.shape) for w in getattr(layer, "weights", [])]
    places = math.prod(made[:-1])
    if kind in ("Conv2D", "Conv3D", "Dense", "DepthwiseConv2D"):  # the last has a filter a channel
        return places * math.prod(shapes[0])
    if kind == "LSTM":
        return given[0] * given[1] * (math.prod(shapes[0]) + math.prod(shapes[1]))
    if kind == "ConvLSTM2D":
        # The first step's state is zero, so its recurrent convolution need not be made.
        (batch, steps), (height, width) = given[:2], made[-3:-1]
        first, recurrent = math.prod(shapes[0]), math.prod(shapes[1])
        return batch * height * width * (steps * first + (steps - 1) * recurrent)
    if shapes and kind != "BatchNormalization":
        raise ValueError(f"{layer.name}: {kind} cannot be counted")
    return 0
