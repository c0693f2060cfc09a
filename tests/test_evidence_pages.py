"""The pages of evidence on a study that holds all of it: what is drawn, said, and switched.

May import: pytest, streamlit, hvc_core, tests.support.
"""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from dashboard import numbers, show, state
from hvc_core import study
from hvc_core.statistics import paired
from tests.support import studies
from tests.support.app import open_page, words

PLOTS = {"sure": 2, "leakage": 4, "calibration": 2, "conditions": 10}


@pytest.fixture(scope="module")
def made_study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("evidence") / "study"
    protocols = ["holdout", "group5", "random"]
    return studies.make_study(folder, models=5, groups=8, protocol=protocols, evidence=True)


@pytest.fixture(autouse=True)
def _kept(made_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The app shows the made study, and what one test's pages derive serves the next."""
    monkeypatch.setenv("HVC_STUDY", str(made_study))


@pytest.mark.parametrize("page", PLOTS)
def test_each_page_draws_its_charts(page: str) -> None:
    app = open_page(page, protocol="holdout")
    assert not app.exception and not app.error
    assert len(app.get("plotly_chart")) == PLOTS[page]


def test_the_rule_is_written_down_where_it_decides() -> None:
    said = words(open_page("sure", protocol="holdout"))
    assert paired.RULE in said
    assert "no class can: the smallest p there is" in said  # holdout has few films a class


def test_the_audit_tells_how_many_pairs() -> None:
    said = words(open_page("leakage"))
    assert "**4 pairs**" in said and "**1** of them byte for byte" in said


def test_temperature_scaling_changes_the_measures_and_no_answer() -> None:
    app = open_page("calibration", protocol="holdout")
    before = app.table[0].value
    app.segmented_control(key="probabilities").set_value("Temperature scaled").run()
    assert not app.exception and not app.info
    after = app.table[0].value
    column = before.columns[1]
    assert before[column].iloc[1] == after[column].iloc[1]  # how often it is right
    assert before[column].iloc[4] != after[column].iloc[4]  # negative log-likelihood


def test_a_class_is_looked_at_under_another_condition() -> None:
    app = open_page("conditions", protocol="holdout", condition="reversed")
    assert app.selectbox(key="condition").value == "reversed"
    app.selectbox(key="condition").set_value("blur-3").run()
    assert not app.exception
    titles = [json.loads(c.proto.spec)["layout"]["title"]["text"] for c in app.get("plotly_chart")]
    assert titles[-1] == "Recall lost: blur 3"


def test_disturbed_clips_are_shown_under_the_protocol_that_has_them() -> None:
    app = open_page("conditions", protocol="group5")
    assert not app.exception and len(app.get("plotly_chart")) == PLOTS["conditions"]
    assert "put to the models of protocol holdout" in app.info[0].value
    assert "of protocol holdout" in words(open_page("calibration", protocol="group5"))


def test_where_no_condition_was_run_it_is_said(own: Path) -> None:
    rows = pd.read_parquet(own / "predictions.parquet")
    kept = (rows["model"] != "lrcn") | (rows["condition"] == study.CLEAN)
    study.write_parquet(own / "predictions.parquet", rows[kept])
    app = open_page("conditions", protocol="holdout")
    assert not app.exception and "holds no answers to disturbed clips" in app.info[0].value


@pytest.mark.parametrize("protocol", ["holdout", "group5"])
def test_what_the_lstm_adds_is_told_for_any_protocol(protocol: str) -> None:
    app = open_page("conditions", protocol=protocol)
    view = state.View(study.read(state.folder()), "r", "mean", "lrcn", protocol)
    gain = numbers.difference(view)
    assert gain is not None
    said = f"LRCN minus Mean pooling: **{show.signed(gain.accuracy.mean)} points**"
    assert said in words(app)
    charts = [json.loads(c.proto.spec)["layout"]["title"]["text"] for c in app.get("plotly_chart")]
    assert charts[0] == "LRCN minus Mean pooling"
