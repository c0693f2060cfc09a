"""The pages of evidence on a study that holds all of it: what is drawn, said, and switched.

May import: pytest, streamlit, hvc_core, tests.support.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from hvc_core.statistics import paired
from tests.support import studies
from tests.support.app import open_page, words

PLOTS = {"sure": 2, "leakage": 3, "calibration": 2, "conditions": 9}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("evidence") / "study"
    protocols = ["holdout", "group5", "random"]
    return studies.make_study(folder, models=3, groups=8, protocol=protocols, evidence=True)


@pytest.fixture(autouse=True)
def shown(whole: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HVC_STUDY", str(whole))


@pytest.mark.parametrize("page", PLOTS)
def test_each_page_draws_its_charts(page: str) -> None:
    app = open_page(page)
    assert not app.exception and not app.error
    assert len(app.get("plotly_chart")) == PLOTS[page]


def test_the_rule_is_written_down_where_it_decides() -> None:
    said = words(open_page("sure"))
    assert paired.RULE in said
    assert "no class can: the smallest p there is" in said  # holdout has few films a class


def test_the_audit_tells_how_many_pairs() -> None:
    said = words(open_page("leakage"))
    assert "**4 pairs**" in said and "**1** of them byte for byte" in said


def test_temperature_scaling_changes_the_measures_and_no_answer() -> None:
    app = open_page("calibration")
    before = app.table[0].value
    app.segmented_control(key="probabilities").set_value("Temperature scaled").run()
    assert not app.exception and not app.info
    after = app.table[0].value
    column = before.columns[1]
    assert before[column].iloc[1] == after[column].iloc[1]  # how often it is right
    assert before[column].iloc[4] != after[column].iloc[4]  # negative log-likelihood


def test_a_class_is_looked_at_under_another_condition() -> None:
    app = open_page("conditions", condition="Frames reversed")
    assert app.selectbox(key="condition").value == "reversed"
    app.selectbox(key="condition").set_value("frozen").run()
    assert not app.exception


def test_where_no_condition_was_run_it_is_said() -> None:
    app = open_page("conditions", protocol="group5")
    assert not app.exception and "holds no answers to disturbed clips" in app.info[0].value
