"""What a study is to be: protocols, seeds, models and every setting, from a TOML file.

An unknown key is an error, so that a misspelt setting cannot be ignored. May import: the
standard library and hvc_core.splits.
"""

from __future__ import annotations

import dataclasses
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hvc_core import splits

ARCHITECTURES = ("convlstm", "lrcn", "lrcn-scratch")


class RecipeError(ValueError):
    """A recipe that cannot be followed; the message names the file and the key."""


@dataclass(frozen=True)
class Augment:
    """How a training clip is changed, the same for all its frames.

    Attributes:
        flip: bool. Mirror half of the clips left to right.
        zoom: float, 0 to 0.5. Crop down to this much less of each side, then resize back.
        stretch: float, 0 to 0.5. How far the crop's aspect may leave the frame's.
        shift: bool. Take neighbouring frames: each clip a little earlier or later.
        light: float, 0 to 1. Largest change of brightness, contrast and saturation.
    """

    flip: bool = True  # none of the classes tells left from right
    zoom: float = 0.0
    stretch: float = 0.0
    shift: bool = True
    light: float = 0.0


@dataclass(frozen=True)
class Settings:
    """How one model is trained.

    Attributes:
        architecture: str. One of ARCHITECTURES.
        epochs: int. Most epochs.
        patience: int. Epochs without a better validation accuracy before stopping.
        batch: int. Clips a step.
        learning_rate: float. Its peak; it warms up for an epoch, then falls by a cosine.
        weight_decay: float. AdamW's.
        label_smoothing: float, 0 to 1.
        mixup: float. Alpha of the Beta distribution two clips are mixed by; 0 mixes none.
        augment: Augment. What happens to training clips.
        views: int. Pretrained backbones only: augmented copies of each clip whose frozen
            features are kept.
        frames: int. Pretrained backbones only: frames of the 20 that a training step sees.
        tail: int. Pretrained backbones only: the first block that is fine-tuned.
        head: str. Pretrained backbones only: "lstm".
    """

    architecture: str
    epochs: int = 50  # the seed study's ConvLSTM; early stopping ends sooner
    patience: int = 15
    batch: int = 16
    learning_rate: float = 1e-3
    weight_decay: float = 0.0
    label_smoothing: float = 0.0
    mixup: float = 0.0
    augment: Augment = field(default_factory=Augment)
    views: int = 8
    frames: int = 20
    tail: int = 11


@dataclass(frozen=True)
class Recipe:
    """A whole study: see `training/recipes/`.

    Attributes:
        name, title, note: str. The study's name, its heading, and what its data is.
        headline: the two models a reader sees first.
        protocols: protocol -> seeds.
        models: model -> Settings.
    """

    name: str
    title: str
    note: str
    headline: tuple[str, str]
    protocols: dict[str, tuple[int, ...]]
    models: dict[str, Settings]


@dataclass(frozen=True, order=True)
class Cell:
    """The unit of work: one model trained once and its test clips predicted."""

    protocol: str
    fold: int
    seed: int
    model: str

    def __str__(self) -> str:
        return f"{self.protocol}-f{self.fold}-s{self.seed}-{self.model}"


def read(path: Path) -> Recipe:
    """Reads a recipe.

    Raises:
        RecipeError: no such file, not TOML, an unknown or missing key, a value out of range.
    """
    try:
        raw = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise RecipeError(f"{path}: cannot be read ({error.strerror})") from error
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"{path}: not TOML: {error}") from error
    try:
        return parse(raw)
    except RecipeError as error:
        raise RecipeError(f"{path}: {error}") from None


def parse(raw: dict[str, Any]) -> Recipe:
    """A recipe from its table, as `study.json` stores it; raises RecipeError."""
    raw = dict(raw)
    shared = raw.pop("train", {})
    models = {}
    for name, own in raw.get("models", {}).items():
        merged = {"architecture": name, **shared, **own}
        merged["augment"] = _fill(
            Augment,
            {**shared.get("augment", {}), **own.get("augment", {})},
            f"models.{name}.augment",
        )
        models[name] = _fill(Settings, merged, f"models.{name}")
        if models[name].architecture not in ARCHITECTURES:
            raise RecipeError(
                f"models.{name}.architecture: {models[name].architecture!r} is none of "
                f"{', '.join(ARCHITECTURES)}"
            )
    protocols = {}
    for name, own in raw.get("protocols", {}).items():
        if name not in splits.PROTOCOLS:
            raise RecipeError(f"protocols.{name}: none of {', '.join(splits.PROTOCOLS)}")
        protocols[name] = tuple(own["seeds"])
    if not models or not protocols:
        raise RecipeError("needs at least one [models.NAME] and one [protocols.NAME]")
    raw["models"], raw["protocols"] = models, protocols
    raw["headline"] = tuple(raw.get("headline", list(models)[:2]))
    return _fill(Recipe, raw, "")


def to_table(recipe: Recipe) -> dict[str, Any]:
    """The recipe with every default filled in; `parse` reads it back."""
    table = dataclasses.asdict(recipe)
    table["protocols"] = {name: {"seeds": list(s)} for name, s in recipe.protocols.items()}
    table["headline"] = list(recipe.headline)
    return table


def cells(recipe: Recipe) -> list[Cell]:
    """All cells, seed by seed, so that an interrupted study has whole seeds first."""
    return [
        Cell(protocol, fold, seed, model)
        for protocol, seeds in recipe.protocols.items()
        for seed in seeds
        for fold in range(splits.folds(protocol))
        for model in recipe.models
    ]


def _fill(kind: type, table: dict[str, Any], where: str) -> Any:
    known = {f.name: f for f in dataclasses.fields(kind)}
    for key in table:
        if key not in known:
            dotted = f"{where}.{key}".lstrip(".")
            raise RecipeError(f"{dotted}: unknown key; known are {', '.join(known)}")
    try:
        return kind(**table)
    except TypeError as error:
        raise RecipeError(f"{where or 'recipe'}: {error}") from None
