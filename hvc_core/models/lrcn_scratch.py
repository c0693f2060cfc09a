"""LRCN from scratch: a small CNN per frame, then an LSTM over time.

The widely copied tutorial's net. May import: keras, hvc_core.models.small_cnn.
Paper: Donahue et al., Long-term Recurrent Convolutional Networks, CVPR 2015.
"""

from __future__ import annotations

import keras
from keras import layers

from hvc_core.models import small_cnn


def build(
    num_classes: int, input_shape: tuple[int, int, int, int] = (20, 64, 64, 3)
) -> keras.Model:
    """Builds the net: per frame 4 x (Conv2D 3x3, MaxPool), then LSTM 32, softmax.

    Args:
        num_classes: int. The number of classes to predict.
        input_shape: (frames, height, width, 3). The clip's shape.

    Returns:
        keras.Model. float32 (B, T, H, W, 3) of 0 to 255 -> float32 (B, num_classes), softmax.

    Example:
        >>> build(4).count_params()
        73060
    """
    inputs = keras.Input(input_shape, name="frames")
    x = small_cnn.features(inputs)  # (B, T, 64)
    x = layers.LSTM(32, name="lstm")(x)  # (B, 32)
    outputs = layers.Dense(num_classes, activation="softmax", name="head")(x)
    return keras.Model(inputs, outputs, name="lrcn-scratch")
