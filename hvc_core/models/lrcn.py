"""LRCN: a pretrained CNN per frame, then an LSTM over time, as the seed study describes it.

May import: keras, numpy. Paper: Donahue et al., Long-term Recurrent Convolutional Networks,
CVPR 2015, section 4.1 (one feature vector a frame into one LSTM; here its outputs are averaged,
as the paper averages its predictions over time).
"""

from __future__ import annotations

import keras
from keras import layers

from hvc_core.models import efficientnet_lite
from hvc_core.models.fold import Tensor, fold_time, unfold_time

UNITS = 128  # half of the paper: enough for 15 classes, and the study stays under 40 MB


def build(
    num_classes: int,
    input_shape: tuple[int, int, int, int] = (20, 120, 160, 3),
    pretrained: bool = False,
) -> keras.Model:
    """Builds the net: EfficientNet-Lite0 per frame, LSTM, mean over time, softmax.

    Args:
        num_classes: int. The number of classes to predict.
        input_shape: (frames, height, width, 3). The clip's shape.
        pretrained: bool. Whether the CNN starts from its ImageNet weights.

    Returns:
        keras.Model. float32 (B, T, H, W, 3) of 0 to 255 -> float32 (B, num_classes), softmax.
    """
    inputs = keras.Input(input_shape, name="frames")
    backbone = efficientnet_lite.build(input_shape[1:])
    if pretrained:
        efficientnet_lite.load_imagenet(backbone)
    x = backbone(fold_time(inputs))  # (B * T, h, w, 1280)
    x = layers.GlobalAveragePooling2D(name="pool")(x)  # (B * T, 1280)
    x = unfold_time(x, input_shape[0])  # (B, T, 1280)
    return keras.Model(inputs, head(x, num_classes), name="lrcn")


def head(x: Tensor, num_classes: int) -> Tensor:
    """Frame features (B, T, F) -> probabilities (B, num_classes)."""
    x = layers.Dropout(0.5, name="drop_features")(x)
    x = layers.LSTM(UNITS, return_sequences=True, name="lstm")(x)  # (B, T, UNITS)
    x = layers.GlobalAveragePooling1D(name="mean")(x)
    x = layers.Dropout(0.5, name="drop_mean")(x)
    return layers.Dense(num_classes, activation="softmax", name="head")(x)


def split(model: keras.Model, block: int, frames: int) -> tuple[keras.Model, keras.Model]:
    """The net in two parts that share its layers: one that stays as it is, one that trains.

    Normalisation keeps its ImageNet statistics in both: a few clips a step are too few for better.

    Args:
        model: keras.Model. Made by `build`.
        block: int, 1 to 15. The backbone's first block that trains.
        frames: int. Frames a clip that the second part takes; the weights fit any number.

    Returns:
        (stem, tail). stem: float32 (N, H, W, 3) -> float32 (N, h, w, C), per frame;
        tail: float32 (B, frames, h, w, C) -> float32 (B, num_classes).
    """
    backbone = model.get_layer("efficientnet-lite0")
    for layer in backbone.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.trainable = False
    cut = backbone.get_layer(f"block{block}_expand_conv").input
    inputs = keras.Input((frames, *cut.shape[1:]), name="features")
    x = keras.Model(cut, backbone.output, name="fine_tuned")(fold_time(inputs))
    x = unfold_time(model.get_layer("pool")(x), frames)
    for name in ("drop_features", "lstm", "mean", "drop_mean", "head"):
        x = model.get_layer(name)(x)
    return keras.Model(backbone.input, cut, name="stem"), keras.Model(inputs, x, name="tail")
