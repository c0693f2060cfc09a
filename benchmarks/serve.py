"""From uploaded bytes to both models' answers, steady: ours against the common way.

May import: hvc_core; keras only inside functions.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks import common_way
from benchmarks.kit import Kit
from benchmarks.results import Row, compare
from benchmarks.timing import in_turns, seconds
from hvc_core import apart, classify

TARGET = 4.0
WARM_UP = 2  # answers before the first that counts


def measure(kit: Kit, clips: list[Path], repeats: int) -> Iterator[Row]:
    """Times whole answers in turns, and both ways' decoding by itself.

    Args:
        kit: Kit. The models.
        clips: list of Path. Each is measured by itself.
        repeats: int. Answers of each way that count.
    """
    import keras

    ours = classify.open_models(kit.study, kit.names)
    common = [keras.saving.load_model(file, compile=False) for file in kit.common]
    for clip in clips:
        yield from _of_clip(ours, common, clip, repeats, kit)


def _of_clip(
    ours: classify.Models, common: list[Any], clip: Path, repeats: int, kit: Kit
) -> Iterator[Row]:
    upload = clip.read_bytes()
    for _ in range(WARM_UP):
        classify.classify(ours, upload, decoder=apart)
        common_way.answer(common, upload)
    note = (
        f"{' and '.join(kit.names)}, {kit.weights}; the first {WARM_UP} answers are not counted. "
        "Ours as the app does it, with decoding in a process of its own. The common way: bytes to "
        "a file, 20 seeks with OpenCV and `predict` for each model."
    )
    whole = in_turns(
        lambda: 1e3 * seconds(lambda: classify.classify(ours, upload, decoder=apart)),
        lambda: 1e3 * seconds(lambda: common_way.answer(common, upload)),
        repeats,
    )
    yield compare("Upload to both answers", *whole, "ms", TARGET, clip=clip.name, note=note)

    sizes = sorted({model.size for model in ours.models})
    common_sizes = [model.input_shape[2:4] for model in common]  # each decodes for itself
    decode = in_turns(
        lambda: 1e3 * seconds(lambda: apart.sample(upload, sizes, limits=classify.LIMITS)),
        lambda: 1e3 * seconds(lambda: [common_way.frames(clip, *size) for size in common_sizes]),
        repeats,
    )
    yield compare("of which decoding", *decode, "ms", clip=clip.name)
