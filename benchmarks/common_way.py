"""The common way of doing what this project does, to measure against.

It is the way of the widely copied tutorial "Human Activity Recognition using TensorFlow
(CNN + LSTM)" (T. Anwar, R. Naeem and M. Anjum, Bleed AI, 24 September 2021), written anew here:
20 seeks with OpenCV, resize, divide by 255, `predict` of a Keras model whose CNN is wrapped in
`TimeDistributed`, once per model. Two points are kinder than what is usually found: frames are
float32, not float64, and `predict` prints no progress bar.

The nets are the project's own, layer for layer and weight for weight: `build(...)` gives the
common form, and `set_weights(ours.get_weights())` makes both answer alike.
May import: keras, numpy, opencv, hvc_core.models.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np

FRAMES = 20
Shape = tuple[int, int, int, int]


def frames(path: Path, height: int, width: int) -> np.ndarray:
    """Seeks to 20 frames by their number, as the tutorial does.

    Returns:
        float32 array (20, height, width, 3), 0 to 1, BGR (the tutorial leaves it so); fewer
        frames where a seek fails.
    """
    reader = cv2.VideoCapture(str(path))
    step = max(int(reader.get(cv2.CAP_PROP_FRAME_COUNT) / FRAMES), 1)
    kept = []
    for number in range(FRAMES):
        reader.set(cv2.CAP_PROP_POS_FRAMES, number * step)
        worked, frame = reader.read()
        if not worked:
            break
        kept.append(cv2.resize(frame, (width, height)).astype(np.float32) / 255)
    reader.release()
    return np.asarray(kept)


def answer(models: list[Any], upload: bytes) -> list[np.ndarray]:
    """From uploaded bytes to every model's probabilities.

    Args:
        models: list of keras.Model. Of the common form.
        upload: bytes. The video file. OpenCV opens files only, so it is written to one.

    Returns:
        list of float32 arrays (classes,), one per model.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "upload.mp4"
        file.write_bytes(upload)
        found = []
        for model in models:
            clip = frames(file, *model.input_shape[2:4])
            found.append(model.predict(np.expand_dims(clip, axis=0), verbose=0)[0])
        return found


def build(architecture: str, num_classes: int) -> Any:
    """The common form of one of the project's architectures.

    Args:
        architecture: str. One of hvc_core.models.ARCHITECTURES.
        num_classes: int. The number of classes to predict.

    Returns:
        keras.Model of standard layers only. float32 (B, 20, H, W, 3) of 0 to 1 -> softmax.
        Takes the weights of `hvc_core.models.build(architecture, num_classes)`.
    """
    from hvc_core import models

    height, width = models.ARCHITECTURES[architecture].size
    return BUILDERS[architecture](num_classes, (FRAMES, height, width, 3))


def _convlstm(num_classes: int, shape: Shape) -> Any:
    import keras
    from keras import layers

    x = inputs = keras.Input(shape)
    for number, filters in enumerate((4, 8, 14, 16), start=1):
        x = layers.ConvLSTM2D(
            filters, 3, activation="tanh", recurrent_dropout=0.2, return_sequences=True
        )(x)
        x = layers.MaxPooling3D((1, 2, 2), padding="same")(x)
        if number < 4:
            x = layers.TimeDistributed(layers.Dropout(0.2))(x)
    outputs = layers.Dense(num_classes, activation="softmax")(layers.Flatten()(x))
    return keras.Model(inputs, outputs)


def _lrcn_scratch(num_classes: int, shape: Shape) -> Any:
    import keras
    from keras import layers

    def per_frame(layer):
        return layers.TimeDistributed(layer)

    x = inputs = keras.Input(shape)
    for number, (filters, pool) in enumerate(((16, 4), (32, 4), (64, 2), (64, 2)), start=1):
        x = per_frame(layers.Conv2D(filters, 3, padding="same", activation="relu"))(x)
        x = per_frame(layers.MaxPooling2D(pool))(x)
        if number < 4:
            x = per_frame(layers.Dropout(0.25))(x)
    x = layers.LSTM(32)(per_frame(layers.Flatten())(x))
    return keras.Model(inputs, layers.Dense(num_classes, activation="softmax")(x))


def _lrcn(num_classes: int, shape: Shape) -> Any:
    import keras
    from keras import layers, ops

    from hvc_core.models import efficientnet_lite, lrcn, two_stream

    inputs = keras.Input(shape)
    # The pretrained net wants 0 to 255, as keras.applications' EfficientNets do.
    x = ops.concatenate(two_stream.streams(layers.Rescaling(255)(inputs)), axis=1)
    x = layers.TimeDistributed(efficientnet_lite.build(x.shape[2:]))(x)
    x = layers.TimeDistributed(layers.GlobalAveragePooling2D())(x)
    parts = zip(ops.split(x, 2, axis=1), two_stream.STREAMS, strict=True)
    return keras.Model(
        inputs, layers.Average()([lrcn.head(part, num_classes, name) for part, name in parts])
    )


BUILDERS = {"convlstm": _convlstm, "lrcn-scratch": _lrcn_scratch, "lrcn": _lrcn}
