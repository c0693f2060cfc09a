"""Studies that lack something, are broken or change: every page says what, and goes on."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from hvc_core import closing
from hvc_core import study as studies
from tests.support.app import PAGES, open_page, words
from tests.support.studies import make_study


def change(file: Path, edit: Callable[[dict], object]) -> None:
    """Edits a JSON file of a study."""
    obj = json.loads(file.read_text())
    edit(obj)
    file.write_text(json.dumps(obj))


def empty(folder: Path) -> None:
    """Leaves study.json alone: a study before its first cell."""
    for file in folder.rglob("*"):
        if file.is_file() and file.name != "study.json":
            file.unlink()


def test_training_without_history(own: Path) -> None:
    (own / "history.parquet").unlink()
    app = open_page("training")
    assert not app.exception and not app.error
    assert "history.parquet" in app.info[0].value


def test_cost_without_a_measurement(own: Path) -> None:
    change(
        own / "cost.json",
        lambda cost: cost.update(machine={}, models=dict.fromkeys(cost["models"])),
    )
    for page in ("overview", "cost"):
        app = open_page(page)
        assert not app.exception and not app.error
    assert "no measurement" in app.info[0].value


def test_a_pair_without_predictions_under_a_protocol(own: Path) -> None:
    table = pd.read_parquet(own / "predictions.parquet")
    studies.write_parquet(own / "predictions.parquet", table[table["model"] != "lrcn"])
    closing.close(own)
    for page in PAGES:
        app = open_page(page)
        assert not app.exception and not app.error
    for page in ("overview", "confusion", "classes", "clips", "sure", "calibration", "conditions"):
        assert "no predictions under protocol" in words(open_page(page))


def test_a_pair_that_was_not_run_is_offered_the_protocols_that_were(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_study(tmp_path / "study", onnx=False, protocol=("holdout", "random", "group5"))
    table = pd.read_parquet(folder / "predictions.parquet")
    gone = (table["model"] == "lrcn") & (table["protocol"] != "random")
    studies.write_parquet(folder / "predictions.parquet", table[~gone])
    closing.close(folder)
    monkeypatch.setenv("HVC_STUDY", str(folder))
    app = open_page("classes", protocol="holdout")
    assert "**group5** (not run for this pair)" in app.selectbox(key="protocol").proto.help
    offered = [button for button in app.button if "Compare them under" in button.label]
    assert [button.label for button in offered] == ["Compare them under random"]
    offered[0].click().run()
    assert not app.exception and app.selectbox(key="protocol").value == "random"
    assert app.get("plotly_chart")


def test_a_study_of_one_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HVC_STUDY", str(make_study(tmp_path / "study", models=1, onnx=False)))
    for page in PAGES:
        app = open_page(page)
        assert not app.exception and not app.error


BROKEN: dict[str, tuple[Callable[[Path], object], tuple[str, ...]]] = {
    "no folder": (shutil.rmtree, ("no such folder", "study.json")),
    "no predictions": (
        lambda f: (f / "predictions.parquet").unlink(),
        ("predictions.parquet", "missing"),
    ),
    "no study.json": (lambda f: (f / "study.json").unlink(), ("study.json", "missing")),
    "a version of tomorrow": (
        lambda f: change(f / "study.json", lambda meta: meta.update(schema_version=99)),
        ("study.json", "schema_version", "99"),
    ),
    "a missing field": (
        lambda f: change(f / "study.json", lambda meta: meta["dataset"].pop("classes")),
        ("study.json", "dataset.classes"),
    ),
    "a missing column": (
        lambda f: (
            pd.read_parquet(f / "predictions.parquet")
            .drop(columns="seed")
            .to_parquet(f / "predictions.parquet")
        ),
        ("predictions.parquet", "seed"),
    ),
    "another class list": (
        lambda f: change(f / "metrics.json", lambda m: m["cells"][0]["per_class"].pop("Diving")),
        ("metrics.json", "per_class", "Diving"),
    ),
    "empty: no row": (
        lambda f: (
            pd.read_parquet(f / "predictions.parquet").head(0).to_parquet(f / "predictions.parquet")
        ),
        ("predictions.parquet", "has no rows", "Train at least one cell"),
    ),
    "empty: nothing trained yet": (
        empty,
        ("predictions.parquet", "missing", "Finish the training"),
    ),
    "no json": (lambda f: (f / "cost.json").write_text("{"), ("cost.json", "JSON")),
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_broken_study_is_a_message_on_every_page(how: str, own: Path) -> None:
    break_it, named = BROKEN[how]
    break_it(own)
    for page in PAGES:
        app = open_page(page)
        assert not app.exception
        assert len(app.error) == 1 and len(app.title) == 1
        for word in named:
            assert word in app.error[0].value


def test_a_mended_study_is_shown_again(own: Path) -> None:
    whole = (own / "study.json").read_bytes()
    (own / "study.json").unlink()
    app = open_page("cost")
    assert app.error
    (own / "study.json").write_bytes(whole)
    app.run()
    assert not app.error and not app.exception


def test_a_study_that_changes_is_read_again(own: Path) -> None:
    app = open_page("about")
    change(own / "study.json", lambda meta: meta.update(title="Another title"))
    app.run()
    assert "Another title" in str(app.table[0].value)


def test_a_failure_nobody_thought_of_while_reading_is_a_message(
    own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(folder: Path) -> None:
        raise RuntimeError("secret words")

    monkeypatch.setattr(studies, "read", fail)
    app = open_page("about")
    assert not app.exception
    assert "RuntimeError" in app.error[0].value and "secret" not in app.error[0].value


def test_a_chosen_model_that_leaves_the_study_is_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_study(tmp_path / "study", models=3, onnx=False, protocol=("holdout", "random"))
    monkeypatch.setenv("HVC_STUDY", str(folder))
    app = open_page("overview", a="LRCN from scratch", protocol="random")
    assert app.title[0].value == "LRCN from scratch or LRCN?"
    shutil.rmtree(folder)
    make_study(folder, models=2, onnx=False)
    app.run()
    assert not app.exception and not app.error
    assert app.title[0].value == "ConvLSTM or LRCN?"
