"""Every page in process: whole studies, what the address asks for, what a choice changes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from dashboard import numbers, state
from hvc_core import closing
from hvc_core import study as studies
from hvc_core.hub import fetch
from tests.support.app import PAGES, ROOT, open_page, words
from tests.support.studies import make_study


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_study(
        tmp_path_factory.mktemp("many") / "study",
        models=10,
        classes=50,
        protocol=("holdout", "random"),
        onnx=False,
    )


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
            "choose": 0,
            "confusion": 4,
            "classes": 1,
            "clips": 0,
            "cost": 9,
            "training": 2,
            "sure": 2,
            "leakage": 1,  # the seed lottery, which ships beside every study
            "calibration": 2,
            "conditions": 1,
            "try_a_clip": 0,
            "compare": 0,
            "about": 0,
        }[page]
    )


def test_overview_says_what_the_study_says(shown: Path) -> None:
    app = open_page()
    study = studies.read(shown)
    view = state.View(study, "r", *study.headline, "holdout")
    verdict = numbers.verdict(view)
    assert verdict.winner == "lrcn"
    said = app.success[0].value
    assert said.endswith(verdict.sentence)
    assert said.startswith("Of 100 clips of source videos that they did not train on")
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
        for chart in app.get("plotly_chart")[:3]  # the fourth is their difference
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


def test_about_gives_the_commands_and_the_fingerprint(shown: Path) -> None:
    app = open_page("about")
    assert "python -m training evaluate study --check" in app.code[0].value
    assert "0" * 64 in app.table[0].value.to_string()


def test_about_says_which_commit_of_the_hub_is_shown(own: Path) -> None:
    assert "On the Hub" not in open_page("about").table[0].value.to_string()
    (own / fetch.SOURCE).write_text(json.dumps({"repo": "someone/study", "commit": "c" * 40}))
    assert f"someone/study@{'c' * 40}" in open_page("about").table[0].value.to_string()


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
