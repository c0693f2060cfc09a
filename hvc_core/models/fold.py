"""Folding time into the batch, so that a per-frame layer runs once over all frames.

Keras 3's TimeDistributed makes one copy of its layer per frame; a reshape trains several times
faster with the same weights and the same result. May import: keras.
"""

from __future__ import annotations

from typing import Any

from keras import ops

Tensor = Any  # a Keras tensor while a model is built, the backend's while it runs


def fold_time(x: Tensor) -> Tensor:
    """(B, T, ...) -> (B * T, ...)."""
    return ops.reshape(x, (-1, *x.shape[2:]))


def unfold_time(x: Tensor, frames: int) -> Tensor:
    """(B * T, ...) -> (B, T, ...)."""
    return ops.reshape(x, (-1, frames, *x.shape[1:]))
