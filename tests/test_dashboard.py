"""Every page in process: whole studies, odd ones and broken ones."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from dashboard import costs, numbers, state
from hvc_core import closing
from hvc_core import study as studies
from tests.support.app import PAGES, ROOT, open_page, words
from tests.support.studies import make_study


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_study(tmp_path_factory.mktemp("two") / "study", models=3, clips_per_group=2)


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_study(
        tmp_path_factory.mktemp("many") / "study",
        models=10,
        classes=50,
        protocol=("holdout", "random"),
        onnx=False,
    )


@pytest.fixture
def own(two: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A study of the test's own, to break."""
    folder = tmp_path / "study"
    shutil.copytree(two, folder)
    monkeypatch.setenv("HVC_STUDY", str(folder))
    return folder


@pytest.fixture
def shown(two: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The three-model study is the one that the app shows."""
    monkeypatch.setenv("HVC_STUDY", str(two))
    return two


def change(file: Path, edit: Callable[[dict], object]) -> None:
    """Edits a JSON file of a study."""
    obj = json.loads(file.read_text())
    edit(obj)
    file.write_text(json.dumps(obj))


def choose(app: AppTest, key: str, value: str) -> None:
    """Sets a segmented control and runs the page."""
    control: Any = app.get_by_key(key)
    control.set_value(value).run()


def plots(app: AppTest) -> int:
    return len(app.get("plotly_chart"))


@pytest.mark.parametrize("page", PAGES)
def test_each_page_of_a_study_of_three_models(page: str, shown: Path) -> None:
    app = open_page(page)
    assert not app.exception and not app.error
    assert len(app.title) == 1


@pytest.mark.parametrize("page", PAGES)
def test_each_page_of_ten_models_and_fifty_classes(
    page: str, many: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HVC_STUDY", str(many))
    app = open_page(page)
    assert not app.exception and not app.error
    assert (
        plots(app)
        == {
            "overview": 2,
            "findings": 0,
            "confusion": 3,
            "classes": 1,
            "cost": 9,
            "training": 2,
            "sure": 2,
            "leakage": 1,  # the seed lottery, which ships beside every study
            "calibration": 2,
            "conditions": 1,
            "try_a_clip": 0,
            "about": 0,
        }[page]
    )


def test_overview_says_what_the_study_says(shown: Path) -> None:
    app = open_page()
    study = studies.read(shown)
    view = state.View(study, "r", *study.headline, "holdout")
    verdict = numbers.verdict(view)
    assert verdict.winner == "lrcn"
    assert app.success[0].value == verdict.sentence
    found = numbers.summary(view, "convlstm")
    assert found is not None
    assert app.metric[0].value == f"{100 * found.accuracy.mean:.1f}\u00a0%"
    table = app.table[0].value
    assert table["Measure"].tolist()[:4] == [
        "Accuracy",
        "Macro precision",
        "Macro recall",
        "Macro F1",
    ]


def test_overview_shows_the_seed_studys_figures_as_its_own(shown: Path) -> None:
    app = open_page()
    table = app.table[0].value
    theirs = [name for name in table.columns if name.startswith("Seed study")]
    assert [table[name].iloc[0] for name in theirs] == ["77.05 %", "87.70 %"]
    assert "random 75/25 split" in words(app)


def test_the_seed_studys_file_agrees_with_itself() -> None:
    said = state.seed_study()
    clips = said["protocol"]["test_clips"]
    for model in said["models"].values():
        assert round(100 * model["correct"] / clips, 2) == model["accuracy_percent"]


def test_overview_says_when_one_cannot_tell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_study(tmp_path / "study", onnx=False)
    table = pd.read_parquet(folder / "predictions.parquet")
    a = table[table["model"] == "convlstm"]
    studies.write_parquet(
        folder / "predictions.parquet", pd.concat([a, a.assign(model="lrcn")], ignore_index=True)
    )
    closing.close(folder)
    monkeypatch.setenv("HVC_STUDY", str(folder))
    app = open_page()
    assert not app.exception and not app.success
    assert "Cannot tell" in app.warning[0].value


def test_the_pair_and_protocol_come_from_the_address(
    many: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HVC_STUDY", str(many))
    app = open_page("overview", a="LRCN", b="LRCN from scratch", protocol="random")
    assert not app.exception
    assert [app.selectbox(key=key).value for key in ("a", "b", "protocol")] == [
        "lrcn",
        "lrcn-scratch",
        "random",
    ]
    assert app.title[0].value == "LRCN or LRCN from scratch?"


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"a": "LRCN"}, ("lrcn", "convlstm")),
        ({"a": "lrcn"}, ("lrcn", "convlstm")),
        ({"a": "LRCN", "b": "LRCN"}, ("lrcn", "convlstm")),
        ({"a": "nonsense", "protocol": "nonsense"}, ("convlstm", "lrcn")),
    ],
)
def test_any_address_gives_two_different_models(
    asked: dict[str, str], expected: tuple[str, str], shown: Path
) -> None:
    app = open_page("overview", **asked)
    assert not app.exception
    assert (app.selectbox(key="a").value, app.selectbox(key="b").value) == expected


def test_a_first_visit_opens_with_a_protocol_by_group(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_study(tmp_path / "study", protocol=["random", "holdout", "group5"])
    monkeypatch.setenv("HVC_STUDY", str(folder))
    assert open_page("overview").selectbox(key="protocol").value == "group5"
    asked = open_page("overview", protocol="random")
    assert asked.selectbox(key="protocol").value == "random"


def test_choosing_the_other_sides_model_swaps_the_two(shown: Path) -> None:
    app = open_page("cost")
    app.selectbox(key="a").set_value("lrcn").run()
    assert not app.exception
    assert (app.selectbox(key="a").value, app.selectbox(key="b").value) == ("lrcn", "convlstm")


def test_confusion_shares_one_scale(shown: Path) -> None:
    app = open_page("confusion")
    choose(app, "cells", "Counts")
    assert not app.exception
    ends = {
        json.loads(chart.proto.spec)["layout"]["coloraxis"]["cmax"]
        for chart in app.get("plotly_chart")
    }
    assert len(ends) == 1


def test_confusion_of_fifty_classes_can_be_cut_to_the_most_confused(
    many: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HVC_STUDY", str(many))
    app = open_page("confusion")
    choose(app, "shown", "The 15 most confused")
    assert not app.exception
    spec = json.loads(app.get("plotly_chart")[0].proto.spec)
    assert len(spec["layout"]["yaxis"]["ticktext"]) == 15


@pytest.mark.parametrize(
    "order", ["Widest gap", "LRCN ahead", "ConvLSTM ahead", "Worst class", "Name"]
)
def test_classes_sort(order: str, shown: Path) -> None:
    app = open_page("classes")
    choose(app, "order", order)
    assert not app.exception
    table = app.dataframe[0].value
    gaps = table["Gap, points"]
    expected = {
        "Widest gap": gaps.abs().is_monotonic_decreasing,
        "LRCN ahead": gaps.is_monotonic_decreasing,
        "ConvLSTM ahead": gaps.is_monotonic_increasing,
        "Worst class": table.filter(like="F1").min(axis=1).is_monotonic_increasing,
        "Name": table["Class"].is_monotonic_increasing,
    }
    assert expected[order]


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
    for page in ("overview", "confusion", "classes"):
        assert "no predictions under protocol" in words(open_page(page))


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


def test_cost_says_how_many_times(shown: Path) -> None:
    app = open_page("cost")
    assert "LRCN takes **2 × the parameters, 2 × the multiply-adds" in words(app)


def test_cost_draws_the_frontier_against_the_cost_that_is_chosen(shown: Path) -> None:
    app = open_page("cost")
    assert "Training, an epoch of 1,000 clips" in app.selectbox(key="against").options
    app.selectbox(key="against").set_value("Parameters").run()
    assert not app.exception
    titles = [json.loads(c.proto.spec)["layout"]["title"]["text"] for c in app.get("plotly_chart")]
    assert "Accuracy against parameters" in titles


def test_cost_says_whose_accuracy_is_of_fewer_clips(own: Path) -> None:
    assert not open_page("cost").warning
    table = pd.read_parquet(own / "predictions.parquet")
    few = (table["model"] != "lrcn") | (table["group"] < 10)
    studies.write_parquet(own / "predictions.parquet", table[few])
    closing.close(own)
    said = open_page("cost").warning[0].value
    assert said.startswith("Not of the same clips: LRCN (")


def test_cost_tells_the_runtimes_apart(shown: Path) -> None:
    app = open_page("cost")
    table = next(t.value for t in app.dataframe if "Runtime" in t.value.columns)
    assert set(table["Runtime"]) == {"synthetic", "synthetic, slower"}
    assert (table["Used by this app"] == "yes").sum() == table["Model"].nunique() == 2


def test_about_gives_the_commands_and_the_fingerprint(shown: Path) -> None:
    app = open_page("about")
    assert "python -m training evaluate study --check" in app.code[0].value
    assert "0" * 64 in app.table[0].value.to_string()


def test_the_dashboard_loads_no_training_framework(shown: Path) -> None:
    script = (
        "import sys\n"
        "from tests.support.app import PAGES, open_page\n"
        "for page in PAGES:\n"
        "    app = open_page(page)\n"
        "    assert not app.exception, page\n"
        "print([m for m in ('tensorflow', 'keras', 'sklearn', 'torch') if m in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "–"),
        (0, "0"),
        (950, "950"),
        (44_524, "44.5 k"),
        (4_694_024, "4.69 M"),
        (3.1e9, "3.1 G"),
    ],
)
def test_amounts_fit_a_card(value: float | None, said: str) -> None:
    assert costs.amount(value) == said


@pytest.fixture(autouse=True)
def _fresh_caches() -> None:
    """One test's studies and models are not another's."""
    st.cache_data.clear()
    st.cache_resource.clear()


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
