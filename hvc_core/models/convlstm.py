"""ConvLSTM: convolutions inside the recurrent cell, space and time together.

The seed study's kind of net, as the widely copied tutorial builds it. May import: keras, numpy.
Paper: Shi et al., Convolutional LSTM Network, NeurIPS 2015, eq. 3 (without peepholes).
"""

from __future__ import annotations

import keras
from keras import layers, ops

from hvc_core.models.fold import Tensor, fold_time, unfold_time


def build(
    num_classes: int, input_shape: tuple[int, int, int, int] = (20, 64, 64, 3), fused: bool = False
) -> keras.Model:
    """Builds the net: 4 x (ConvLSTM2D 3x3, MaxPool3D 1x2x2), flatten, softmax.

    Args:
        num_classes: int. The number of classes to predict.
        input_shape: (frames, height, width, 3). The clip's shape.
        fused: bool. False builds Keras's own ConvLSTM2D, which is what is saved; True builds
            the same net from `FusedConvLSTM2D`, which trains and exports faster. The weights
            of one fit the other, in the same order.

    Returns:
        keras.Model. float32 (B, T, H, W, 3) of 0 to 255 -> float32 (B, num_classes), softmax.

    Example:
        >>> build(4).count_params()
        44524
    """
    x = inputs = keras.Input(input_shape, name="frames")
    x = layers.Rescaling(1 / 255, name="scale")(x)
    for number, filters in enumerate((4, 8, 14, 16), start=1):
        # (B, T, h, w, C) -> (B, T, h - 2, w - 2, filters) -> (B, T, ceil, ceil, filters)
        recurrent = FusedConvLSTM2D if fused else layers.ConvLSTM2D
        x = recurrent(
            filters, 3, recurrent_dropout=0.2, return_sequences=True, name=f"convlstm{number}"
        )(x)
        x = layers.MaxPooling3D((1, 2, 2), padding="same", name=f"pool{number}")(x)
        if number < 4:
            x = layers.Dropout(0.2, name=f"drop{number}")(x)
    x = layers.Flatten(name="flatten")(x)
    outputs = layers.Dense(num_classes, activation="softmax", name="head")(x)
    return keras.Model(inputs, outputs, name="convlstm")


class FusedConvLSTM2D(layers.Layer):
    """`keras.layers.ConvLSTM2D(return_sequences=True)`, with fewer, larger steps.

    The input's convolution of all frames and gates is one operation outside the recurrence, and
    the recurrent one of all gates is one operation a step: same weights, same result, less time.
    Recurrent dropout draws one mask a clip, kept over time and gates (Keras 3.15 takes the masks
    of four of the batch's clips for the four gates of all, which fails for batches under four).

    Args:
        filters: int. Channels of the state.
        kernel_size: int. Side of both kernels.
        recurrent_dropout: float, 0 to 1. Share of the state dropped in training.
        padding: str. `valid` or `same`; of the input's convolution.
        return_sequences: bool. Only True is built.
    """

    def __init__(
        self,
        filters,
        kernel_size,
        recurrent_dropout=0.0,
        padding="valid",
        return_sequences=True,
        **kwargs,
    ):
        super().__init__(**kwargs)
        assert return_sequences
        self.filters, self.kernel_size = filters, kernel_size
        self.recurrent_dropout, self.padding = recurrent_dropout, padding
        self.seeds = keras.random.SeedGenerator()

    def build(self, input_shape):
        side, gates = (self.kernel_size, self.kernel_size), 4 * self.filters
        self.kernel = self.add_weight(shape=(*side, input_shape[-1], gates), name="kernel")
        self.recurrent_kernel = self.add_weight(
            shape=(*side, self.filters, gates), initializer="orthogonal", name="recurrent_kernel"
        )
        # Keras's unit_forget_bias: the forget gate starts open.
        self.bias = self.add_weight(shape=(gates,), initializer=self._bias, name="bias")

    def _bias(self, shape, dtype=None):
        f = self.filters
        return ops.concatenate(
            [ops.zeros((f,), dtype), ops.ones((f,), dtype), ops.zeros((2 * f,), dtype)]
        )

    def call(self, inputs, training=False):
        frames = inputs.shape[1]
        folded = ops.conv(fold_time(inputs), self.kernel, padding=self.padding) + self.bias
        steps = ops.unstack(unfold_time(folded, frames), frames, axis=1)  # T x (B, h, w, 4F)
        hidden = cell = ops.zeros_like(steps[0][..., : self.filters])
        mask = ops.ones_like(hidden)
        if training and self.recurrent_dropout:
            mask = keras.random.dropout(mask, self.recurrent_dropout, seed=self.seeds)
        outputs: list[Tensor] = []
        for step in steps:
            if outputs:  # the first state is zero: nothing to convolve
                step = step + ops.conv(hidden * mask, self.recurrent_kernel, padding="same")
            i, f, c, o = ops.split(step, 4, axis=-1)
            cell = ops.sigmoid(f) * cell + ops.sigmoid(i) * ops.tanh(c)
            hidden = ops.sigmoid(o) * ops.tanh(cell)
            outputs.append(hidden)
        return ops.stack(outputs, axis=1)  # (B, T, h, w, F)

    def compute_output_shape(self, input_shape):
        b, t, h, w, _ = input_shape
        lost = self.kernel_size - 1 if self.padding == "valid" else 0
        return (b, t, h - lost, w - lost, self.filters)
