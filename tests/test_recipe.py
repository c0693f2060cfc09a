"""Recipes: every mistake is an error that names the key, and what is stored reads back.

May import: pytest, hypothesis, hvc_core.recipe, .splits, tests.support.data.
"""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hvc_core import recipe, splits
from hvc_core.recipe import Augment, Cell, Recipe, RecipeError, Settings
from tests.support.data import RECIPE

RECIPES = Path(__file__).parents[1] / "training" / "recipes"
SHIPPED = sorted(RECIPES.glob("*.toml"))


def parsed(text: str) -> Recipe:
    return recipe.parse(tomllib.loads(text))


def changed(**tables: Any) -> dict:
    """The tiny recipe's table with keys added to it, a level deep."""
    raw = tomllib.loads(RECIPE)
    for key, value in tables.items():
        raw[key] = {**raw.get(key, {}), **value} if isinstance(value, dict) else value
    return raw


def test_shared_settings_reach_every_model_and_own_ones_win():
    raw = changed(models={"lrcn-b": {"architecture": "lrcn", "batch": 8, "tail": 13}})
    plan = recipe.parse(raw)
    assert plan.models["convlstm"] == Settings(
        "convlstm", epochs=2, batch=4, augment=Augment(zoom=0.3, light=0.2)
    )
    assert plan.models["lrcn-b"].architecture == "lrcn"
    assert (plan.models["lrcn-b"].batch, plan.models["lrcn-b"].epochs) == (8, 2)
    assert plan.models["lrcn-b"].tail == 13
    assert plan.headline == ("convlstm", "lrcn-scratch")
    assert plan.protocols == {"holdout": dict.fromkeys(plan.models, (0,))}


def test_a_protocol_may_have_other_seeds_for_some_models_or_only_some():
    raw = changed(
        protocols={
            "holdout": {"seeds": [0, 1], "models": {"convlstm": [3]}},
            "random": {"models": {"lrcn-scratch": [5, 4]}},
        }
    )
    plan = recipe.parse(raw)
    assert plan.protocols == {
        "holdout": {"convlstm": (3,), "lrcn-scratch": (0, 1)},
        "random": {"lrcn-scratch": (5, 4)},
    }
    assert [str(c) for c in recipe.cells(plan) if c.protocol == "random"] == [
        "random-f0-s4-lrcn-scratch",
        "random-f0-s5-lrcn-scratch",
    ]


def test_own_augmentation_is_laid_over_the_shared_one():
    plan = recipe.parse(changed(models={"convlstm": {"augment": {"zoom": 0.1, "flip": False}}}))
    assert plan.models["convlstm"].augment == Augment(flip=False, zoom=0.1, light=0.2)
    assert plan.models["lrcn-scratch"].augment == Augment(zoom=0.3, light=0.2)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (changed(nmae="x"), "nmae: unknown key; known are name, title"),
        (changed(train={"epoch": 3}), "train.epoch: unknown key"),
        (changed(train={"augment": {"zom": 0.1}}), "train.augment.zom: unknown key"),
        (changed(models={"convlstm": {"lr": 1.0}}), "models.convlstm.lr: unknown key"),
        (
            changed(models={"convlstm": {"augment": {"rotate": 1}}}),
            "models.convlstm.augment.rotate: unknown key; known are flip, zoom",
        ),
        (
            changed(protocols={"holdout": {"seeds": [0], "folds": 5}}),
            "protocols.holdout.folds: unk",
        ),
        (changed(protocols={"hold": {"seeds": [0]}}), "protocols.hold: none of holdout"),
        (changed(protocols={"holdout": {"seeds": []}}), "protocols.holdout.seeds: is []"),
        (changed(protocols={"holdout": {"seeds": 3}}), "protocols.holdout.seeds: is 3"),
        (changed(protocols={"holdout": {"seeds": [1, 1]}}), "protocols.holdout.seeds: is [1, 1]"),
        (
            changed(protocols={"tune": {"models": {"mine": [0]}}}),
            "protocols.tune.models.mine: none of convlstm",
        ),
        (
            changed(protocols={"tune": {"models": {"convlstm": [-1]}}}),
            "protocols.tune.models.convlstm: is [-1]",
        ),
        (changed(protocols={"tune": {"models": [0]}}), "protocols.tune.models: is [0], expected"),
        (changed(protocols={"tune": {}}), "protocols.tune.seeds: is None"),
        (changed(models={"mine": {}}), "models.mine.architecture: 'mine' is none of convlstm"),
        (changed(models={"convlstm": 5}), "models.convlstm: is 5, expected a table"),
        (changed(train={"epochs": "12"}), "models.convlstm.epochs: is '12', expected int"),
        (changed(train={"epochs": 1.5}), "models.convlstm.epochs: is 1.5, expected int"),
        (changed(train={"epochs": True}), "models.convlstm.epochs: is True, expected int"),
        (changed(train={"epochs": -1}), "models.convlstm.epochs: is -1, expected 0 to"),
        (changed(train={"epochs": 0}), "models.convlstm.epochs: is 0, expected 1 or more"),
        (changed(models={"lrcn": {"epochs": 0}}), "models.lrcn: epochs and heads are both 0"),
        (
            changed(models={"convlstm-pretrained": {"epochs": 0, "heads": 2}}),
            "models.convlstm-pretrained.epochs: is 0, expected 1 or more",
        ),
        (changed(train={"learning_rate": "fast"}), "learning_rate: is 'fast', expected float"),
        (changed(train={"label_smoothing": 1.5}), "label_smoothing: is 1.5, expected 0 to 1"),
        (changed(train={"mixup": float("nan")}), "mixup: is nan, expected 0 to"),
        (changed(train={"augment": {"zoom": 0.9}}), "models.convlstm.augment.zoom: is 0.9"),
        (changed(train={"augment": {"flip": 1}}), "augment.flip: is 1, expected bool"),
        (changed(train={"augment": 3}), "train.augment: is 3, expected a table"),
        (changed(models={"lrcn": {"tail": 0}}), "models.lrcn.tail: is 0, expected 1 to 15"),
        (changed(models={"lrcn": {"frames": 21}}), "models.lrcn.frames: is 21, expected 2 to 20"),
        (changed(train={"average": 1}), "average: is 1, expected 0 to 0.9999"),
        (changed(models={"lrcn": {"heads": -1}}), "models.lrcn.heads: is -1, expected 0 to"),
        (changed(train={"patience": 0}), "patience: is 0, expected 1 to 100000"),
        (changed(headline=["convlstm", "lrcn"]), "headline: is ['convlstm', 'lrcn'], expected"),
        (changed(headline=["convlstm"]), "headline: is ['convlstm'], expected two different"),
        (changed(headline=["convlstm", "convlstm"]), "headline: "),
        (changed(headline="convlstm"), "headline: is 'convlstm', expected two of"),
        (changed(train={"schedule": "step"}), "schedule: is 'step', none of cosine, constant"),
        (changed(train={"monitor": "f1"}), "monitor: is 'f1', none of accuracy, loss"),
        (changed(classes=["Punch"]), "classes: is ['Punch'], expected two or more"),
        (changed(classes=["Punch", "Punch"]), "classes: is"),
        (changed(classes="Punch"), "classes: is 'Punch'"),
        (changed(title=3), "title: is 3, expected str"),
    ],
)
def test_a_mistake_names_its_key(raw, message):
    with pytest.raises(RecipeError) as error:
        recipe.parse(raw)
    assert message in str(error.value)


@pytest.mark.parametrize("key", ["name", "title", "note"])
def test_a_missing_key_is_named(key):
    raw = changed()
    del raw[key]
    with pytest.raises(RecipeError, match=f"^{key}: missing$"):
        recipe.parse(raw)


@pytest.mark.parametrize("key", ["models", "protocols"])
def test_models_and_protocols_are_needed(key):
    raw = changed()
    del raw[key]
    with pytest.raises(RecipeError, match="at least one \\[models.NAME\\] and one"):
        recipe.parse(raw)


def test_errors_name_the_file(tmp_path):
    file = tmp_path / "mine.toml"
    with pytest.raises(RecipeError, match="mine.toml: cannot be read .No such file"):
        recipe.read(file)
    file.write_text("name = 'x\n")
    with pytest.raises(RecipeError, match="mine.toml: not TOML: "):
        recipe.read(file)
    file.write_text(RECIPE.replace("epochs", "epoch"))
    with pytest.raises(RecipeError, match="mine.toml: train.epoch: unknown key"):
        recipe.read(file)
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(RecipeError, match="mine.toml: not TOML: "):
        recipe.read(file)


# -- what study.json stores reads back -------------------------------------------------------------

names = st.text("abcdefghij-0123456789", min_size=1, max_size=12)
augments = st.builds(
    Augment,
    flip=st.booleans(),
    zoom=st.floats(0, 0.5),
    stretch=st.floats(0, 0.5),
    shift=st.booleans(),
    light=st.floats(0, 1),
)
kinds = st.builds(
    Settings,
    architecture=st.sampled_from(sorted(recipe.ARCHITECTURES)),
    epochs=st.integers(1, 500),
    learning_rate=st.floats(1e-6, 1),
    mixup=st.floats(0, 1),
    augment=augments,
    tail=st.integers(1, 15),
)


@st.composite
def recipes(draw: Any) -> Recipe:
    models = draw(st.dictionaries(names, kinds, min_size=1, max_size=4))
    seeds = st.lists(st.integers(0, 99), min_size=1, max_size=4, unique=True).map(tuple)
    some = st.dictionaries(st.sampled_from(list(models)), seeds, min_size=1)
    return Recipe(
        name=draw(names),
        title=draw(st.text(max_size=20)),
        note="",
        headline=tuple(draw(st.permutations(list(models)))[:2]),
        protocols=draw(
            st.dictionaries(st.sampled_from(sorted(splits.PROTOCOLS)), some, min_size=1)
        ),
        models=models,
    )


@given(recipes())
def test_round_trip_through_json(plan):
    stored = json.loads(json.dumps(recipe.to_table(plan)))
    assert recipe.parse(stored) == plan


@given(recipes())
def test_cells_are_each_seed_of_each_model_once(plan):
    cells = recipe.cells(plan)
    expected = {
        Cell(protocol, fold, seed, model)
        for protocol, own in plan.protocols.items()
        for model, seeds in own.items()
        for seed in seeds
        for fold in range(splits.folds(protocol))
    }
    assert len(cells) == len(expected)
    assert set(cells) == expected
    for protocol in plan.protocols:  # whole seeds first
        order = [cell.seed for cell in cells if cell.protocol == protocol]
        assert order == sorted(order)


def test_a_cell_is_named_as_its_file():
    assert str(Cell("holdout", 0, 2, "lrcn-scratch")) == "holdout-f0-s2-lrcn-scratch"


@pytest.mark.parametrize("file", SHIPPED, ids=lambda f: f.name)
def test_shipped_recipes_are_good(file):
    plan = recipe.read(file)
    assert recipe.parse(recipe.to_table(plan)) == plan
    assert set(plan.headline) <= set(plan.models)


def test_the_full_data_is_trained_as_the_shipped_study_was():
    full, small = (recipe.read(RECIPES / name) for name in ("ucf50.toml", "ucf50-15.toml"))
    assert full.models == {name: small.models[name] for name in full.models}
