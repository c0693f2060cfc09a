"""Multiply-adds by layers: hand counts, calls that repeat, what is not known refused.

That they equal the count of the exported graph is seen in test_export.py for every architecture.
May import: keras, pytest, hvc_core.layer_cost.
"""

from __future__ import annotations

import keras
import pytest
from keras import layers

from hvc_core import layer_cost

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def count(shape, *stack, batch=1):
    x = inputs = keras.Input(shape)
    for layer in stack:
        x = layer(x)
    return layer_cost.multiply_adds(keras.Model(inputs, x), batch)


@pytest.mark.parametrize(
    ("shape", "layer", "expected"),
    [
        ((10, 12, 4), layers.Conv2D(6, 3, padding="same"), 10 * 12 * 6 * 9 * 4),
        ((9, 13, 4), layers.Conv2D(6, 3, strides=2), 4 * 6 * 6 * 9 * 4),
        ((8, 8, 4), layers.DepthwiseConv2D(5, padding="same"), 8 * 8 * 4 * 25),
        ((2, 6, 7, 8), layers.Conv3D(3, 1), 2 * 6 * 7 * 3 * 8),
        ((7,), layers.Dense(5), 35),
        ((4, 7), layers.LSTM(3), 4 * 4 * 3 * (7 + 3)),
        ((4, 6, 7, 2), layers.ConvLSTM2D(3, 3), 4 * 5 * 9 * 12 * (4 * 2 + 3 * 3)),
        ((4, 6), layers.BatchNormalization(), 0),
        ((4, 6), layers.Dropout(0.5), 0),
    ],
    ids=lambda v: type(v).__name__ if isinstance(v, keras.Layer) else None,
)
def test_by_hand(shape, layer, expected):
    assert count(shape, layer) == expected
    assert count(shape, layer, batch=3) == 3 * expected


def test_a_folded_batch_and_a_layer_called_twice():
    image = keras.Input((6, 6, 3))
    inner = keras.Model(image, layers.Conv2D(4, 3)(image))
    inputs = keras.Input((5, 6, 6, 3))
    whole = inner(keras.ops.reshape(inputs, (-1, 6, 6, 3)))
    again = inner(keras.ops.reshape(inputs * 2.0, (-1, 6, 6, 3)))
    model = keras.Model(inputs, keras.ops.reshape(whole + again, (-1, 5, 4, 4, 4)))
    assert layer_cost.multiply_adds(model) == 2 * 5 * 4 * 4 * 4 * 27


def test_what_is_not_known_is_refused():
    with pytest.raises(ValueError, match="GRU cannot be counted"):
        count((4, 7), layers.GRU(3, name="it"))
