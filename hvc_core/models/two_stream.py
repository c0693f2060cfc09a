"""What the pretrained models share: a CNN per image, two streams, and the part that is fine-tuned.

May import: keras, hvc_core.models. Paper: Wang et al., Temporal Segment Networks, ECCV 2016,
section 3.2 (the difference of frames as the motion stream's image, in place of optical flow).

A clip's frames are taken in pairs, each a moment: the frames stream sees its first frame, the
motion stream the change to its second. What a model does over time is its head, one a stream; the
answer is the mean of both.
"""

from __future__ import annotations

from collections.abc import Callable

import keras
from keras import layers, ops

from hvc_core.models import efficientnet_lite
from hvc_core.models.fold import Tensor, fold_time, unfold_time

STREAMS = ("frames", "motion")
GRAY = 127.0  # no change: what the CNN's ImageNet scaling takes to zero
ENLARGE = 1.4  # 160x120 to 224x168: the CNN knows things at the size it was pretrained on
MAPS = 1280  # channels of what the CNN gives for an image

# (features of one stream, classes, the stream's name) -> its probabilities (B, classes)
Head = Callable[[Tensor, int, str], Tensor]


def build(
    name: str,
    head: Head,
    num_classes: int,
    input_shape: tuple[int, int, int, int],
    pretrained: bool = False,
    pooled: bool = True,
) -> keras.Model:
    """Builds a net: EfficientNet-Lite0 per image, shared by both streams; a head a stream; mean.

    Args:
        name: str. The net's name.
        head: Head. Its layers are called `<stream>_...`, one after the other.
        num_classes: int. The number of classes to predict.
        input_shape: (frames, height, width, 3). The clip's shape; an even number of frames.
        pretrained: bool. Whether the CNN starts from its ImageNet weights.
        pooled: bool. Whether the head takes a vector an image, (B, T / 2, 1280), or its maps,
            (B, T / 2, h, w, 1280).

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
    for stream, x in zip(STREAMS, streams(inputs), strict=True):
        # One after the other: both at once would hold twice the memory.
        x = backbone(fold_time(x))  # (B * moments, h, w, MAPS)
        x = pool(x) if pooled else x
        answers.append(head(unfold_time(x, moments), num_classes, stream))
    return keras.Model(inputs, layers.Average(name="streams")(answers), name=name)


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
    if any(layer.name == "pool" for layer in model.layers):
        x = model.get_layer("pool")(x)
    x = unfold_time(x, 2 * moments)
    return keras.Model(inputs, _answers(model, x, together), name="tail")


def body(model: keras.Model, block: int, moments: int) -> keras.Model:
    """What `tail` does before the heads: (B, 2 * moments, h, w, C) -> (B, 2 * moments, 1280).

    Args:
        model: keras.Model. Made by `build`, of pooled features.
        block, moments: int. As in `tail`.
    """
    backbone, cut = _cut(model, block, trains=False)
    inputs = keras.Input((2 * moments, *cut.shape[1:]), name="features")
    rest = keras.Model(cut, backbone.output, name="rest")
    x = model.get_layer("pool")(rest(fold_time(inputs)))
    return keras.Model(inputs, unfold_time(x, 2 * moments), name="body")


def heads(model: keras.Model, moments: int, together: bool = True) -> keras.Model:
    """What `tail` does after `body`: float32 (B, 2 * moments, 1280) -> probabilities."""
    inputs = keras.Input((2 * moments, MAPS), name="features")
    return keras.Model(inputs, _answers(model, inputs, together), name="heads")


def _answers(model: keras.Model, x: Tensor, together: bool) -> Tensor | list[Tensor]:
    """Features of both streams, one behind the other in time -> their answers, or the mean."""
    answers = []
    for part, stream in zip(ops.split(x, 2, axis=1), STREAMS, strict=True):
        for layer in model.layers:  # in the order that they were made in
            if layer.name.startswith(f"{stream}_"):
                part = layer(part)
        answers.append(part)
    return model.get_layer("streams")(answers) if together else answers


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
