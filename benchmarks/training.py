"""Clips a second of training: ours against the common way.

Both forms of a net have the same weights, optimiser, batch and input, and both are timed by the
same loop, so that only the form differs. Not timed in either: decoding and augmentation (both
ways have their frames in memory), and the first steps, in which TensorFlow builds its graphs.
May import: numpy, hvc_core; keras only inside functions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from benchmarks.kit import CLASSES, fresh
from benchmarks.results import BenchmarkError, Row, compare
from benchmarks.timing import in_turns, seconds
from hvc_core.recipe import Settings

TARGET = 5.0
WARM_UP = 2  # steps
TUTORIAL_BATCH = 4
CONVLSTM_NOTE = (
    "`keras.layers.ConvLSTM2D` against the fused form: one convolution of all frames outside the "
    "recurrence, and one of all gates a step."
)


def measure(lrcn: Settings, repeats: int, quick: bool = False) -> Iterator[Row]:
    """All training comparisons, each as soon as it is measured.

    Args:
        lrcn: Settings. How our way fine-tunes the pretrained net.
        repeats: int. Timed blocks of each way.
        quick: bool. One small comparison only.
    """
    if quick:
        yield scratch_row(TUTORIAL_BATCH, repeats, steps=2)
        return
    yield scratch_row(Settings("lrcn-scratch").batch, repeats, steps=3)
    yield scratch_row(TUTORIAL_BATCH, repeats, steps=8)
    yield convlstm_row(Settings("convlstm").batch, repeats)
    yield pretrained_row(lrcn, repeats)


def scratch_row(batch: int, repeats: int, steps: int) -> Row:
    """LRCN from scratch: TimeDistributed against time folded into the batch."""
    from benchmarks import common_way

    ours = fresh("lrcn-scratch")
    common = common_way.build("lrcn-scratch", CLASSES)
    figures = _in_turns(ours, common, batch, repeats, steps)
    note = (
        "The tutorial's net with `TimeDistributed` against the same net with time folded into the "
        "batch; frames in memory, same weights, optimiser and batch."
    )
    return compare(
        f"Training LRCN from scratch, batch {batch}", *figures, "clips/s", TARGET,
        more_is_better=True, note=note,
    )  # fmt: skip


def convlstm_row(batch: int, repeats: int) -> Row:
    """ConvLSTM: Keras's own layer against the fused one."""
    from benchmarks import common_way
    from hvc_core.models import convlstm

    ours = convlstm.build(CLASSES, fused=True)
    common = common_way.build("convlstm", CLASSES)
    figures = _in_turns(ours, common, batch, repeats, steps=2)
    return compare(
        f"Training ConvLSTM, batch {batch}", *figures, "clips/s",
        more_is_better=True, note=CONVLSTM_NOTE,
    )  # fmt: skip


def pretrained_row(how: Settings, repeats: int) -> Row:
    """LRCN on EfficientNet-Lite0: all of it by TimeDistributed, against our recipe's way.

    Ours computes the frozen part's features once per view of a clip and trains the rest on them.
    An epoch's share of the former is counted: (1 + views) passes over all epochs.
    """
    from benchmarks import common_way
    from hvc_core.models import two_stream

    batch = TUTORIAL_BATCH  # what fits into memory in the common way
    whole = fresh("lrcn")
    common = common_way.build("lrcn", CLASSES)
    _check_alike(whole, common)
    moments, epochs = whole.input_shape[1] // 2, how.heads + how.epochs
    seen = min(how.frames, moments)
    stem, tail = two_stream.stem(whole, how.tail), two_stream.tail(whole, how.tail, seen)
    clip = _clips((1, *whole.input_shape[1:]))
    train_tail = _trainer(tail, _clips((batch, *tail.input_shape[1:])), steps=2)
    train_common = _trainer(common, _clips((batch, *common.input_shape[1:]), 1), steps=1)
    stem.predict_on_batch(clip)

    def ours() -> float:
        features = seconds(lambda: stem.predict_on_batch(clip)) * (1 + how.views) / epochs
        return 1 / (1 / train_tail() + features)

    note = (
        f"All of EfficientNet-Lite0 with `TimeDistributed` against blocks {how.tail} to 15 on kept "
        f"features of the others ({seen} of {moments} moments a step); batch {batch}. Ours "
        f"includes an epoch's share of making the features: {1 + how.views} passes a clip over "
        f"{epochs} epochs. Not the same work for the same weights: it is what each way does "
        "for an epoch."
    )
    return compare(
        "Training LRCN, pretrained", *in_turns(ours, train_common, repeats), "clips/s",
        more_is_better=True, note=note,
    )  # fmt: skip


def _in_turns(
    ours: Any, common: Any, batch: int, repeats: int, steps: int
) -> tuple[list[float], list[float]]:
    """Clips a second of both forms of a net; frames 0 to 255 for ours, 0 to 1 for the common."""
    _check_alike(ours, common)
    x = _clips((batch, *ours.input_shape[1:]))
    return in_turns(_trainer(ours, x, steps), _trainer(common, x / 255, steps), repeats)


def _trainer(model: Any, x: np.ndarray, steps: int) -> Callable[[], float]:
    """A function that trains some steps on a batch and returns clips a second; warm already."""
    import keras

    model.compile(keras.optimizers.Adam(), "categorical_crossentropy", metrics=["accuracy"])
    y = np.eye(CLASSES, dtype=np.float32)[np.arange(len(x)) % CLASSES]

    def train() -> float:
        passed = seconds(lambda: [model.train_on_batch(x, y) for _ in range(steps)])
        return steps * len(x) / passed

    for _ in range(WARM_UP):
        model.train_on_batch(x, y)
    return train


def _check_alike(ours: Any, common: Any) -> None:
    """Gives both forms the same weights and makes sure that they are the same net."""
    common.set_weights(ours.get_weights())
    x = _clips((1, *ours.input_shape[1:]))
    a, b = (np.asarray(m.predict_on_batch(v)) for m, v in ((ours, x), (common, x / 255)))
    if np.abs(a - b).max() > 1e-4:
        raise BenchmarkError(
            f"{ours.name}: the common form in benchmarks/common_way.py is another net (its "
            f"probabilities differ by {np.abs(a - b).max():.2g}); a comparison would mean nothing"
        )


def _clips(shape: tuple[int, ...], most: int = 255) -> np.ndarray:
    """Noise: float32 of 0 to `most`."""
    return np.random.default_rng(0).uniform(0, most, shape).astype(np.float32)
