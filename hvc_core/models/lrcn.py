"""LRCN: a pretrained CNN per image, then an LSTM over time, in two streams: frames and motion.

May import: keras, numpy. Papers: Donahue et al., Long-term Recurrent Convolutional Networks, CVPR
2015, section 4.1 (one feature vector an image into one LSTM, predictions averaged over time, two
streams averaged; here the LSTM's outputs are averaged), and Wang et al., Temporal Segment Networks,
ECCV 2016, section 3.2 (the difference of frames as the motion stream's image, in place of optical
flow).

A clip's frames are taken in pairs, each a moment: the frames stream sees its first frame, the
motion stream the change to its second.
"""

from __future__ import annotations

import keras
from keras import layers, ops

from hvc_core.models import efficientnet_lite
from hvc_core.models.fold import Tensor, fold_time, unfold_time

UNITS = 64  # a stream; two of 128 would take the shipped study over 40 MB
STREAMS = ("frames", "motion")
GRAY = 127.0  # no change: what the CNN's ImageNet scaling takes to zero
ENLARGE = 1.4  # 160x120 to 224x168: the CNN knows things at the size it was pretrained on


def build(
    num_classes: int,
    input_shape: tuple[int, int, int, int] = (20, 120, 160, 3),
    pretrained: bool = False,
) -> keras.Model:
    """Builds the net: EfficientNet-Lite0 per image; per stream an LSTM, mean over time, softmax.

    Both streams share the CNN. The answer is the mean of theirs.

    Args:
        num_classes: int. The number of classes to predict.
        input_shape: (frames, height, width, 3). The clip's shape; an even number of frames.
        pretrained: bool. Whether the CNN starts from its ImageNet weights.

    Returns:
        keras.Model. float32 (B, T, H, W, 3) of 0 to 255 -> float32 (B, num_classes), softmax.
    """
    inputs = keras.Input(input_shape, name="frames")
    _, height, width, channels = input_shape
    backbone = efficientnet_lite.build((*_enlarged(height, width), channels))
    if pretrained:
        efficientnet_lite.load_imagenet(backbone)
    pool = layers.GlobalAveragePooling2D(name="pool")
    answers = []
    moments = input_shape[0] // 2
    for name, x in zip(STREAMS, streams(inputs), strict=True):
        # One after the other: both at once would hold twice the memory.
        x = pool(backbone(fold_time(x)))  # (B * moments, 1280)
        answers.append(head(unfold_time(x, moments), num_classes, name))
    return keras.Model(inputs, layers.Average(name="streams")(answers), name="lrcn")


def streams(x: Tensor) -> list[Tensor]:
    """Frames (B, T, H, W, 3) -> what each stream sees of the moments: (B, T / 2, h, w, 3).

    Enlarged: the first frame of each pair; and its second less its first, around gray.
    """
    moments = x.shape[1] // 2
    size = _enlarged(*x.shape[2:4])
    now, change = x[:, ::2], x[:, 1::2] - x[:, ::2] + GRAY
    return [unfold_time(ops.image.resize(fold_time(s), size), moments) for s in (now, change)]


def _enlarged(height: int, width: int) -> tuple[int, int]:
    return round(height * ENLARGE), round(width * ENLARGE)


def head(x: Tensor, num_classes: int, stream: str) -> Tensor:
    """One stream's features (B, T, F) -> its probabilities (B, num_classes)."""
    x = layers.Dropout(0.5, name=f"{stream}_drop_features")(x)
    x = layers.LSTM(UNITS, return_sequences=True, name=f"{stream}_lstm")(x)  # (B, T, UNITS)
    x = layers.GlobalAveragePooling1D(name=f"{stream}_mean")(x)
    x = layers.Dropout(0.5, name=f"{stream}_drop_mean")(x)
    return layers.Dense(num_classes, activation="softmax", name=f"{stream}_head")(x)


# -- fine-tuning: a part that stays as it is, a part that trains ---------------------------------


def stem(model: keras.Model, block: int) -> keras.Model:
    """The part before the first block that trains.

    Args:
        model: keras.Model. Made by `build`.
        block: int, 1 to 15. The backbone's first block that trains.

    Returns:
        keras.Model. float32 (B, T, H, W, 3) -> float32 (B, T, h, w, C): of the frames stream,
        then of the motion stream.
    """
    backbone, cut = _cut(model, block)
    frozen = keras.Model(backbone.input, cut, name="frozen")
    inputs = keras.Input(model.input_shape[1:], name="frames")
    parts = [unfold_time(frozen(fold_time(x)), x.shape[1]) for x in streams(inputs)]
    return keras.Model(inputs, ops.concatenate(parts, axis=1), name="stem")


def tail(
    model: keras.Model,
    block: int,
    moments: int,
    together: bool = True,
    heads_only: bool = False,
) -> keras.Model:
    """The part that trains, sharing its layers with the model.

    Args:
        model: keras.Model. Made by `build`.
        block: int, 1 to 15. The backbone's first block that trains.
        moments: int. Pairs of frames a clip; the weights fit any number.
        together: bool. Whether it answers with the streams' mean. To train, each answers for
            itself: learning together, the one that fits faster leaves the other little to learn
            (Wang et al., CVPR 2020).
        heads_only: bool. Whether only the streams' heads train. Flags are the layers' own, so the
            part that was made last decides: make one, train it, then make the next.

    Returns:
        keras.Model. float32 (B, 2 * moments, h, w, C) -> float32 (B, num_classes), or one such
        for each stream.
    """
    backbone, cut = _cut(model, block, trains=not heads_only)
    inputs = keras.Input((2 * moments, *cut.shape[1:]), name="features")
    x = keras.Model(cut, backbone.output, name="fine_tuned")(fold_time(inputs))
    x = unfold_time(model.get_layer("pool")(x), 2 * moments)
    answers = []
    for part, stream in zip(ops.split(x, 2, axis=1), STREAMS, strict=True):
        for name in ("drop_features", "lstm", "mean", "drop_mean", "head"):
            part = model.get_layer(f"{stream}_{name}")(part)
        answers.append(part)
    outputs = model.get_layer("streams")(answers) if together else answers
    return keras.Model(inputs, outputs, name="tail")


def _cut(model: keras.Model, block: int, trains: bool = True) -> tuple[keras.Model, Tensor]:
    """The backbone, and where it is cut in two.

    Normalisation keeps its ImageNet statistics: a few clips a step are too few for better.
    """
    backbone = model.get_layer("efficientnet-lite0")
    backbone.trainable = trains
    for layer in backbone.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.trainable = False
    return backbone, backbone.get_layer(f"block{block}_expand_conv").input
