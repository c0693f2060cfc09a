"""ConvLSTM on a pretrained CNN: `lrcn` with a convolutional LSTM on maps, in its LSTM's place.

May import: keras, hvc_core.models.two_stream, .convlstm. Paper: Shi et al., Convolutional LSTM
Network, NeurIPS 2015, eq. 3 (without peepholes).
"""

from __future__ import annotations

from functools import partial

import keras
from keras import layers

from hvc_core.models import two_stream
from hvc_core.models.convlstm import FusedConvLSTM2D
from hvc_core.models.fold import Tensor

# As wide as lrcn's LSTM. The 1x1 convolution before it makes both heads nearly equally large:
# 378,000 parameters a stream here, 345,000 there, so that they differ in the kind, not the size.
FILTERS = 64


def build(
    num_classes: int,
    input_shape: tuple[int, int, int, int] = (20, 120, 160, 3),
    pretrained: bool = False,
    fused: bool = False,
) -> keras.Model:
    """Builds the net: EfficientNet-Lite0's maps; per stream a ConvLSTM, mean over all, softmax.

    Args:
        num_classes: int. The number of classes to predict.
        input_shape: (frames, height, width, 3). The clip's shape; an even number of frames.
        pretrained: bool. Whether the CNN starts from its ImageNet weights.
        fused: bool. As in `convlstm`: the same net and weights, trained and exported faster.

    Returns:
        keras.Model. float32 (B, T, H, W, 3) of 0 to 255 -> float32 (B, num_classes), softmax.
    """
    return two_stream.build(
        "convlstm-pretrained",
        partial(head, fused=fused),
        num_classes,
        input_shape,
        pretrained,
        pooled=False,
    )


def head(x: Tensor, num_classes: int, stream: str, fused: bool = False) -> Tensor:
    """One stream's maps (B, T, h, w, C) -> its probabilities (B, num_classes)."""
    x = layers.Dropout(0.5, name=f"{stream}_drop_features")(x)
    x = layers.Conv3D(FILTERS, 1, name=f"{stream}_reduce")(x)  # 1x1 in each image
    recurrent = FusedConvLSTM2D if fused else layers.ConvLSTM2D
    x = recurrent(FILTERS, 3, padding="same", return_sequences=True, name=f"{stream}_convlstm")(x)
    x = layers.GlobalAveragePooling3D(name=f"{stream}_mean")(x)  # over time and place
    x = layers.Dropout(0.5, name=f"{stream}_drop_mean")(x)
    return layers.Dense(num_classes, activation="softmax", name=f"{stream}_head")(x)
