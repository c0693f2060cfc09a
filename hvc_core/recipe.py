"""What a study is to be: protocols, seeds, models and every setting, from a TOML file.

An unknown key is an error, so that a misspelt setting cannot be ignored, and so is a value that
would fail only after hours of training. May import: the standard library, hvc_core.splits
and the registry of hvc_core.models.
"""

from __future__ import annotations

import dataclasses
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hvc_core import splits
from hvc_core.models import ARCHITECTURES


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
        architecture: str. One of hvc_core.models.ARCHITECTURES.
        epochs: int. Most epochs. 0, pretrained backbones only: `heads` is all there is, the
            backbone stays as it came.
        patience: int. Epochs without a better validation accuracy before stopping.
        batch: int. Clips a step.
        learning_rate: float. Its peak.
        schedule: str. `cosine`: it warms up for an epoch, then falls by half a cosine; `constant`.
        monitor: str. What makes an epoch better, on the validation clips: `accuracy` (the loss
            decides at a tie) or `loss`.
        weight_decay: float. AdamW's.
        label_smoothing: float, 0 to 1.
        mixup: float. Alpha of the Beta distribution two clips are mixed by; 0 mixes none.
        average: float, 0 to 0.9999. What answers is the moving average of the weights over the
            steps, with this momentum (Polyak and Juditsky, SIAM J. Control Optim. 1992); 0: the
            last step's weights.
        augment: Augment. What happens to training clips.
        views: int. Pretrained backbones only: augmented copies of each clip whose frozen
            features are kept.
        frames: int, 2 to 20. Pretrained backbones only: images that a training step sees in each
            stream, one of each of as many equal parts of the clip; above 10 all 10.
        tail: int. Pretrained backbones only: the first block that is fine-tuned.
        heads: int, 0 or more. Pretrained backbones only: epochs in which only the heads learn,
            before and on top of `epochs`, so that they distort the backbone less when it joins
            (Kumar et al., ICLR 2022).
    """

    architecture: str
    epochs: int = 50  # the seed study's ConvLSTM; early stopping ends sooner
    patience: int = 15
    batch: int = 16
    learning_rate: float = 1e-3
    schedule: str = "cosine"
    monitor: str = "accuracy"
    weight_decay: float = 0.0
    label_smoothing: float = 0.0
    mixup: float = 0.0
    average: float = 0.0
    augment: Augment = field(default_factory=Augment)
    views: int = 8
    frames: int = 20
    tail: int = 11
    heads: int = 0


@dataclass(frozen=True)
class Recipe:
    """A whole study: see `training/recipes/`.

    Attributes:
        name, title, note: str. The study's name, its heading, and what its data is.
        headline: the two models a reader sees first; one where there is but one.
        classes: tuple of str. The classes to take of the data; empty: all.
        protocols: protocol -> model -> seeds; a protocol need not have every model.
        models: model -> Settings.
    """

    name: str
    title: str
    note: str
    headline: tuple[str, ...]
    protocols: dict[str, dict[str, tuple[int, ...]]]
    models: dict[str, Settings]
    classes: tuple[str, ...] = ()


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
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RecipeError(f"{path}: not TOML: {error}") from error
    try:
        return parse(raw)
    except RecipeError as error:
        raise RecipeError(f"{path}: {error}") from None


def parse(raw: dict[str, Any]) -> Recipe:
    """A recipe from its table, as `study.json` stores it; raises RecipeError."""
    raw = dict(raw)
    shared = _table(raw.pop("train", {}), "train")
    _check_keys(Settings, shared, "train")
    _check_keys(Augment, _table(shared.get("augment", {}), "train.augment"), "train.augment")
    models = {}
    for name, own in _table(raw.get("models", {}), "models").items():
        _table(_table(own, f"models.{name}").get("augment", {}), f"models.{name}.augment")
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
        _check_epochs(models[name], f"models.{name}")
    protocols = {}
    for name, own in _table(raw.get("protocols", {}), "protocols").items():
        if name not in splits.PROTOCOLS:
            raise RecipeError(f"protocols.{name}: none of {', '.join(splits.PROTOCOLS)}")
        protocols[name] = _protocol(_table(own, f"protocols.{name}"), models, f"protocols.{name}")
    if not models or not protocols:
        raise RecipeError("needs at least one [models.NAME] and one [protocols.NAME]")
    raw["models"], raw["protocols"] = models, protocols
    raw["classes"] = _classes(raw.get("classes", []))
    raw["headline"] = _headline(raw.get("headline", list(models)[:2]), models)
    return _fill(Recipe, raw, "")


def to_table(recipe: Recipe) -> dict[str, Any]:
    """The recipe with every default filled in; `parse` reads it back."""
    table = dataclasses.asdict(recipe)
    table["protocols"] = {
        name: {"models": {model: list(seeds) for model, seeds in own.items()}}
        for name, own in recipe.protocols.items()
    }
    table["headline"] = list(recipe.headline)
    table["classes"] = list(recipe.classes)
    return table


def cells(recipe: Recipe) -> list[Cell]:
    """All cells, seed by seed, so that an interrupted study has whole seeds first."""
    return [
        Cell(protocol, fold, seed, model)
        for protocol, own in recipe.protocols.items()
        for seed in sorted({seed for seeds in own.values() for seed in seeds})
        for fold in range(splits.folds(protocol))
        for model in own
        if seed in own[model]
    ]


# -- checks ------------------------------------------------------------------------------------

# Lowest and highest value of each setting that has a number.
RANGES = {
    "epochs": (0, 100_000), "patience": (1, 100_000), "batch": (1, 100_000),
    "learning_rate": (1e-9, 100), "weight_decay": (0, 100), "label_smoothing": (0, 1),
    "mixup": (0, 100), "average": (0, 0.9999), "views": (0, 10_000), "frames": (2, 20),
    "tail": (1, 15), "heads": (0, 100_000), "zoom": (0, 0.5), "stretch": (0, 0.5), "light": (0, 1),
}  # fmt: skip
CHOICES = {"schedule": ("cosine", "constant"), "monitor": ("accuracy", "loss")}
TYPES: dict[str, tuple[type, ...]] = {
    "int": (int,),
    "float": (int, float),
    "bool": (bool,),
    "str": (str,),
}


def _fill(kind: type, table: dict[str, Any], where: str) -> Any:
    """A dataclass from a table: all keys known, each value of its type and within its range."""
    _check_keys(kind, table, where)
    for field_ in dataclasses.fields(kind):
        dotted = f"{where}.{field_.name}".lstrip(".")
        if field_.name not in table:
            if field_.default is field_.default_factory is dataclasses.MISSING:
                raise RecipeError(f"{dotted}: missing")
            continue
        value, types = table[field_.name], TYPES.get(str(field_.type))
        wrong_bool = isinstance(value, bool) and types != (bool,)  # True is an int to isinstance
        if types and (not isinstance(value, types) or wrong_bool):
            raise RecipeError(f"{dotted}: is {value!r}, expected {field_.type}")
        low, high = RANGES.get(field_.name, (None, None))
        if low is not None and not low <= value <= high:
            raise RecipeError(f"{dotted}: is {value}, expected {low} to {high}")
        if field_.name in CHOICES and value not in CHOICES[field_.name]:
            raise RecipeError(f"{dotted}: is {value!r}, none of {', '.join(CHOICES[field_.name])}")
    return kind(**table)


def _check_keys(kind: type, table: dict[str, Any], where: str) -> None:
    known = [f.name for f in dataclasses.fields(kind)]
    for key in table:
        if key not in known:
            dotted = f"{where}.{key}".lstrip(".")
            raise RecipeError(f"{dotted}: unknown key; known are {', '.join(known)}")


def _table(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise RecipeError(f"{where}: is {value!r}, expected a table")
    return value


def _protocol(
    own: dict[str, Any], models: dict[str, Settings], where: str
) -> dict[str, tuple[int, ...]]:
    """model -> seeds, from `seeds` for all models and `models` for single ones."""
    for key in own:
        if key not in ("seeds", "models"):
            raise RecipeError(f"{where}.{key}: unknown key; known are seeds, models")
    single = _table(own.get("models", {}), f"{where}.models")
    for name in single:
        if name not in models:
            raise RecipeError(f"{where}.models.{name}: none of {', '.join(models)}")
    if "seeds" in own or not single:
        seeds = _seeds(own.get("seeds"), f"{where}.seeds")
        single = dict.fromkeys(models, seeds) | single
    return {
        name: _seeds(single[name], f"{where}.models.{name}") for name in models if name in single
    }


def _seeds(seeds: Any, where: str) -> tuple[int, ...]:
    good = isinstance(seeds, list | tuple) and all(type(s) is int and s >= 0 for s in seeds)
    if not good or not seeds or len(set(seeds)) < len(seeds):
        raise RecipeError(f"{where}: is {seeds!r}, expected different numbers such as [0, 1]")
    return tuple(seeds)


def _check_epochs(how: Settings, where: str) -> None:
    kind = ARCHITECTURES[how.architecture]
    if how.epochs or (kind.backbone and kind.pooled and how.heads):
        return
    if kind.backbone and kind.pooled:
        raise RecipeError(f"{where}: epochs and heads are both 0, so nothing would learn")
    raise RecipeError(f"{where}.epochs: is 0, expected 1 or more for {how.architecture}")


def _classes(names: Any) -> tuple[str, ...]:
    good = isinstance(names, list | tuple) and all(isinstance(name, str) for name in names)
    if not good or len(set(names)) < len(names) or len(names) == 1:
        raise RecipeError(f"classes: is {names!r}, expected two or more different names")
    return tuple(sorted(names))


def _headline(names: Any, models: dict[str, Settings]) -> tuple[str, ...]:
    if not isinstance(names, list | tuple) or not set(names) <= set(models):
        raise RecipeError(f"headline: is {names!r}, expected two of {', '.join(models)}")
    if len(names) != len(set(names)) or len(names) != min(2, len(models)):
        raise RecipeError(f"headline: is {names!r}, expected two different models")
    return tuple(names)
