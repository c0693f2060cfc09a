"""What both ways are given: the same two models in both forms, and the same clips.

The models are the shipped study's headline pair. Where that study is not there, both nets are
built untrained: speed and memory do not depend on what the weights are.
May import: the standard library, numpy, hvc_core; keras only inside functions.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.results import BenchmarkError
from hvc_core import recipe, study, video
from hvc_core.models import ARCHITECTURES
from hvc_core.recipe import Settings

ROOT = Path(__file__).resolve().parent.parent
STUDY = ROOT / "studies" / "ucf50-15"
RENDERED = ROOT / "dashboard" / "assets" / "rendered_jumping_jack.mp4"
REAL = "v_Punch_g02_c01"  # the real clip measured where the data is there; any would do
PAIR = ("convlstm", "lrcn")
SMALL_PAIR = ("convlstm", "lrcn-scratch")  # for a quick look: builds in seconds
CLASSES = 15


@dataclass(frozen=True)
class Kit:
    """Both forms of the models.

    Attributes:
        study: Path. The folder that our way opens.
        names: tuple of str. The two models, as study.json calls them.
        settings: model -> Settings. How our way trains them; `architecture` among it.
        common: tuple of Path. A .keras file of the common form for each name.
        weights: str. Whose weights they are, for people.
    """

    study: Path
    names: tuple[str, ...]
    settings: dict[str, Settings]
    common: tuple[Path, ...]
    weights: str


def prepare(folder: Path, shipped: Path | None, quick: bool = False) -> Kit:
    """Makes both forms of both models.

    Args:
        folder: Path. A temporary folder for what is made.
        shipped: Path or None. The study whose headline pair is taken; None builds fresh nets.
        quick: bool. Of fresh nets the small ones.

    Raises:
        StudyError: the study is malformed or lacks a model.
        BenchmarkError: a model is not the net that the code builds.
    """
    names: tuple[str, ...]
    if shipped is None:
        names = SMALL_PAIR if quick else PAIR
        settings = {name: Settings(name) for name in names}
        shipped, weights = folder / "study", "untrained weights"
        _fresh_study(shipped, names)
    else:
        meta = study.read_meta(shipped)
        plan = recipe.parse(meta["recipe"])
        names = plan.headline
        settings = {name: plan.models[name] for name in names}
        weights = f"weights of {shipped.name}"
        for name in names:
            built = ARCHITECTURES[settings[name].architecture].summary
            if meta["models"][name]["architecture"] != built:
                raise BenchmarkError(f"{shipped}: its {name} is another net than the code builds")
    common = tuple(
        _common_file(folder, shipped / "models" / name, settings[name].architecture)
        for name in names
    )
    return Kit(shipped, names, settings, common, weights)


def _fresh_study(folder: Path, names: tuple[str, ...]) -> None:
    """As much of a study as opening its models takes."""
    from hvc_core import export, models

    classes = [f"Class{number}" for number in range(CLASSES)]
    for name in names:
        height, width = models.ARCHITECTURES[name].size
        noise = np.random.default_rng(0).integers(0, 256, (1, 20, height, width, 3), np.uint8)
        net = fresh(name)
        export.write(net, name, folder / "models" / name, classes, noise)
    titles = {name: {"title": models.ARCHITECTURES[name].title} for name in names}
    study.write_json(folder / "study.json", {"dataset": {"classes": classes}, "models": titles})


def fresh(architecture: str) -> Any:
    """A net that nobody trained; a pretrained CNN inside starts from its ImageNet weights.

    With random ones its features all but vanish, and every clip would get the same answer.
    """
    from hvc_core import models
    from hvc_core.models import lrcn

    if architecture == "lrcn":
        return lrcn.build(CLASSES, pretrained=True)
    return models.build(architecture, CLASSES)


def _common_file(folder: Path, model: Path, architecture: str) -> Path:
    """The common form of a model, saved as the tutorials save theirs: one file."""
    from benchmarks import common_way

    plain = plain_form(model, architecture)
    common = common_way.build(architecture, plain.output_shape[-1])
    try:
        common.set_weights(plain.get_weights())
    except ValueError as error:
        raise BenchmarkError(
            f"{model}: its weights do not fit the common form of {architecture} in "
            f"benchmarks/common_way.py, which must be the same net: {error}"
        ) from error
    file = folder / f"{model.name}.keras"
    common.save(file)
    return file


def plain_form(model: Path, architecture: str) -> Any:
    """A study's model as plain Keras, with its weights."""
    from hvc_core import models

    labels = json.loads((model / "labels.json").read_text(encoding="utf-8"))
    net = models.build(architecture, len(labels))
    net.load_weights(model / "model.weights.h5")
    return net


def real_clip(data: Path | None = None) -> Path | None:
    """One clip of UCF50 where the data is there: in `data`, in HVC_DATA, or beside the project."""
    places = (data, os.environ.get("HVC_DATA"), ROOT.parent / "shared" / "ucf50")
    tree = next((Path(place) for place in places if place and Path(place).is_dir()), None)
    if tree is None:
        return None
    return next(iter(sorted(tree.glob(f"*/{REAL}.*"))), None)


def frames_of(clips: list[Path], size: tuple[int, int], noise: int = 4) -> np.ndarray:
    """Clips as models see them, and clips of noise: uint8 (clips + noise, 20, H, W, 3)."""
    seen = [video.sample(clip, [size]).images[size] for clip in clips]
    rng = np.random.default_rng(0)
    seen += [rng.integers(0, 256, (20, *size, 3), np.uint8) for _ in range(noise)]
    return np.stack(seen)
