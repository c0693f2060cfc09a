"""Folding time into the batch, so that a per-frame layer runs once over all frames.

Keras 3's TimeDistributed makes one copy of its layer per frame; a reshape trains several times
faster with the same weights and the same result. May import: keras.
"""

from __future__ import annotations

from keras import ops


def fold_time(x):
    """(B, T, ...) -> (B * T, ...)."""
    return ops.reshape(x, (-1, *x.shape[2:]))


def unfold_time(x, frames: int):
    """(B * T, ...) -> (B, T, ...)."""
    return ops.reshape(x, (-1, frames, *x.shape[1:]))
