"""Whether what is served answers as what was trained: ONNX against Keras on the same frames.

May import: numpy, hvc_core; keras only inside functions.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks.kit import Kit, frames_of, plain_form
from benchmarks.results import Row, at_most
from hvc_core import classify

MOST = 1e-4  # of any probability


def measure(kit: Kit, clips: list[Path]) -> list[Row]:
    """The largest difference of any probability from both Keras forms, one row a model."""
    import keras

    ours = classify.open_models(kit.study, kit.names)
    rows = []
    for model, file in zip(ours.models, kit.common, strict=True):
        seen = frames_of(clips, model.size)
        served = np.stack([model.probabilities(clip, len(ours.classes)) for clip in seen])
        plain = plain_form(kit.study / "models" / model.name, kit.settings[model.name].architecture)
        common = keras.saving.load_model(file, compile=False)
        largest = 0.0
        for clip, answer in zip(seen, served, strict=True):
            x = clip[None].astype(np.float32)
            for trained in (plain.predict_on_batch(x), common.predict_on_batch(x / 255)):
                largest = max(largest, float(np.abs(np.asarray(trained) - answer).max()))
        note = (
            "The largest difference of any probability between ONNX Runtime and Keras, both as it "
            f"was trained and in the common form, on {len(seen)} clips ({len(clips)} real or "
            "rendered, the others noise)."
        )
        rows.append(at_most(f"Parity of {model.name}", largest, MOST, "", len(seen), note))
    return rows
