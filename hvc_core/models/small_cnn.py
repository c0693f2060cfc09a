"""The small CNN per frame that the models from scratch share, as the copied tutorial has it.

May import: keras, hvc_core.models.fold.
"""

from __future__ import annotations

from keras import layers

from hvc_core.models.fold import Tensor, fold_time, unfold_time

# (filters, pool) of the four convolutions, as the tutorial has them
CONVOLUTIONS = ((16, 4), (32, 4), (64, 2), (64, 2))


def features(frames: Tensor) -> Tensor:
    """Frames (B, T, 64, 64, 3) of 0 to 255 -> a vector each, (B, T, 64)."""
    x = fold_time(layers.Rescaling(1 / 255, name="scale")(frames))  # (B * T, H, W, 3)
    for number, (filters, pool) in enumerate(CONVOLUTIONS, start=1):
        x = layers.Conv2D(filters, 3, padding="same", activation="relu", name=f"conv{number}")(x)
        x = layers.MaxPooling2D(pool, name=f"pool{number}")(x)
        if number < 4:
            x = layers.Dropout(0.25, name=f"drop{number}")(x)
    return unfold_time(layers.Flatten(name="flatten")(x), frames.shape[1])
