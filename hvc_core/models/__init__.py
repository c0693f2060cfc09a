"""The registry of architectures: what each is called, how it is built, what it takes.

May import: the modules of this folder (keras only inside functions, so that a list of models
costs no framework).
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class Architecture:
    """One architecture.

    Attributes:
        title: str. Its name for a reader.
        summary: str. What it is made of.
        module: str. The module of this folder with `build(num_classes)`.
        size: (height, width). Of the frames it takes.
        backbone: str or None. The pretrained CNN inside.
        fusible: bool. Whether `build` has a faster form with the same weights.
        pooled: bool. Whether what comes after the backbone takes one vector an image, not maps.
    """

    title: str
    summary: str
    module: str
    size: tuple[int, int]
    backbone: str | None = None
    fusible: bool = False
    pooled: bool = True


ARCHITECTURES = {
    "convlstm": Architecture(
        "ConvLSTM",
        "4 x ConvLSTM2D (4, 8, 14, 16 filters, 3x3), each with MaxPool3D",
        "convlstm",
        (64, 64),
        fusible=True,
    ),
    "lrcn": Architecture(
        "LRCN",
        "a CNN on every second frame and on the change to the next, enlarged to 224x168, its last "
        "blocks fine-tuned; each of these two streams into an LSTM over time; mean of both",
        "lrcn",
        (120, 160),
        "EfficientNet-Lite0",
    ),
    "mean": Architecture(
        "Mean pooling",
        "as LRCN, with the mean over time in place of each LSTM",
        "mean",
        (120, 160),
        "EfficientNet-Lite0",
    ),
    "convlstm-pretrained": Architecture(
        "ConvLSTM (pretrained)",
        "as LRCN, with a ConvLSTM2D (64 filters, 3x3) on the CNN's maps in place of each LSTM",
        "convlstm_pretrained",
        (120, 160),
        "EfficientNet-Lite0",
        fusible=True,
        pooled=False,
    ),
    "mean-scratch": Architecture(
        "Mean pooling (from scratch)",
        "4 x Conv2D (16, 32, 64, 64 filters, 3x3) per frame, mean over time",
        "mean_scratch",
        (64, 64),
    ),
    "lrcn-scratch": Architecture(
        "LRCN (from scratch)",
        "4 x Conv2D (16, 32, 64, 64 filters, 3x3) per frame, LSTM over time",
        "lrcn_scratch",
        (64, 64),
    ),
}


def build(
    name: str, num_classes: int, pretrained: bool = False, fused: bool = False
) -> keras.Model:
    """Builds an architecture from plain Keras layers.

    Args:
        name: str. One of ARCHITECTURES.
        num_classes: int. The number of classes to predict.
        pretrained: bool. Whether a backbone starts from its ImageNet weights, not from chance.
        fused: bool. The form that trains and exports fastest where there is one; its weights fit
            the other's, in the same order.

    Example:
        >>> build("lrcn-scratch", 4).count_params()
        73060

    Raises:
        KeyError: no such architecture.
    """
    module = importlib.import_module(f"hvc_core.models.{ARCHITECTURES[name].module}")
    kind = ARCHITECTURES[name]
    asked = {"pretrained": pretrained and kind.backbone, "fused": fused and kind.fusible}
    return module.build(num_classes, **{key: True for key, value in asked.items() if value})
