"""Mean over time: `lrcn` without its LSTM, to see what that adds.

May import: keras, hvc_core.models.two_stream.
"""

from __future__ import annotations

import keras
from keras import layers

from hvc_core.models import two_stream
from hvc_core.models.fold import Tensor


def build(
    num_classes: int,
    input_shape: tuple[int, int, int, int] = (20, 120, 160, 3),
    pretrained: bool = False,
) -> keras.Model:
    """Builds the net: EfficientNet-Lite0 per image; per stream the mean over time, softmax.

    It cannot tell in which order the moments came; only the change within each is known to it.

    Args:
        num_classes: int. The number of classes to predict.
        input_shape: (frames, height, width, 3). The clip's shape; an even number of frames.
        pretrained: bool. Whether the CNN starts from its ImageNet weights.

    Returns:
        keras.Model. float32 (B, T, H, W, 3) of 0 to 255 -> float32 (B, num_classes), softmax.
    """
    return two_stream.build("mean", head, num_classes, input_shape, pretrained)


def head(x: Tensor, num_classes: int, stream: str) -> Tensor:
    """One stream's features (B, T, F) -> its probabilities (B, num_classes)."""
    x = layers.GlobalAveragePooling1D(name=f"{stream}_mean")(x)
    x = layers.Dropout(0.5, name=f"{stream}_drop_mean")(x)
    return layers.Dense(num_classes, activation="softmax", name=f"{stream}_head")(x)
