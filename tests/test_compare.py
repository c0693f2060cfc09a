"""Two studies side by side: what is held together, what is not, and what cannot be had."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import comparing, state
from dashboard import hub as pages_hub
from dashboard.comparing import Two
from hvc_core import study as studies
from hvc_core.hub import visit
from hvc_core.statistics import stats
from hvc_core.storage import StudyError
from tests.support.app import open_page, words
from tests.support.studies import make_study


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with four studies: ours, the same trained again, one of other classes, a broken."""
    folder = tmp_path_factory.mktemp("studies")
    make_study(folder / "ours", models=3, onnx=False, protocol=("holdout", "random"))
    make_study(folder / "again", models=2, onnx=False, seed=5)
    make_study(folder / "small", models=2, onnx=False, classes=4)
    shutil.copytree(folder / "small", folder / "broken")
    (folder / "broken" / "metrics.json").write_text("{")
    return folder


@pytest.fixture
def opened(place: Path, _fresh_caches: None, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HVC_STUDY", str(place / "ours"))
    monkeypatch.setenv("HVC_STUDIES", str(place))
    return place


def compare(app: AppTest, name: str) -> AppTest:
    choice: Any = app.selectbox(key="with")
    return choice.set_value(name).run()


def two(place: Path, name: str, protocol: str = "holdout") -> Two:
    views = [
        state.View(study, study.name + folder, *study.headline, protocol)
        for folder in ("ours", name)
        for study in [studies.read(place / folder)]
    ]
    return Two(views[0], views[1])


def test_nothing_is_compared_until_a_study_is_chosen(opened: Path) -> None:
    app = open_page("compare")
    assert not app.exception and not app.error and not app.get("plotly_chart")
    offered = app.selectbox(key="with").options
    assert set(offered) == {"again", "small", "broken"}


def test_what_lies_beside_a_study_is_not_offered_by_itself(
    opened: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HVC_STUDIES")
    offered = set(open_page("compare").selectbox(key="with").options)
    assert offered == {"ucf50-15", "ucf50-15-tuning", "seed_lottery"}  # those that ship


def test_models_of_the_same_name_are_paired_on_the_same_clips(opened: Path) -> None:
    app = compare(open_page("compare"), "again")
    assert not app.exception and not app.error
    assert len(app.get("plotly_chart")) == 3
    assert "Not the same data" not in words(app)


def test_the_paired_difference_is_that_of_one_table_with_both(place: Path) -> None:
    found = comparing.scores(two(place, "again")).set_index("model")
    assert found.index.tolist() == ["convlstm", "lrcn", "lrcn-scratch"]
    assert found.loc["lrcn-scratch", "theirs"] is None
    assert found.loc["lrcn-scratch", "paired"] is None
    for name in ("convlstm", "lrcn"):
        row = found.loc[name]
        gap = row["theirs"].accuracy.mean - row["ours"].accuracy.mean
        assert isinstance(row["paired"], stats.Difference)
        assert row["paired"].accuracy.mean == pytest.approx(gap)


def test_studies_of_other_clips_are_not_tested_against_each_other(opened: Path) -> None:
    app = compare(open_page("compare"), "small")
    assert not app.exception and not app.error
    assert "answers another question" in words(app) and "4 of 15 and 4 classes" in words(app)
    assert len(app.get("plotly_chart")) == 2
    assert all(one is None for one in comparing.scores(two(opened, "small"))["paired"])


def test_class_by_class_only_common_classes_are_drawn(place: Path) -> None:
    found = comparing.by_class(two(place, "small"), "lrcn", "lrcn")
    assert found is not None and len(found) == 4
    assert (found["gap"] == found["b"] - found["a"]).all()
    assert comparing.by_class(two(place, "small", "random"), "lrcn", "lrcn") is None


def test_another_protocol_is_said(opened: Path) -> None:
    app = compare(open_page("compare", protocol="random"), "again")
    assert not app.exception
    assert "Protocol random here, holdout there" in words(app)


def test_a_broken_study_is_a_message(opened: Path) -> None:
    app = compare(open_page("compare"), "broken")
    assert not app.exception
    said = app.error[0].value.replace("\\", "")
    assert said.startswith("metrics.json: ") and str(opened) not in said
    assert not compare(app, "small").error


def test_a_strangers_words_are_shown_as_they_are(
    opened: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A link to a study of anybody's puts no link, picture or markup into the page."""
    other = make_study(tmp_path / "other", models=2, onnx=False)
    meta = json.loads((other / "study.json").read_text())
    meta["title"] = "![x](https://evil.example/p.png) <a href='https://evil.example'>b</a>"
    meta["models"]["lrcn"]["title"] = "<b>[LRCN](https://evil.example)</b>"
    (other / "study.json").write_text(json.dumps(meta))
    monkeypatch.setattr(visit, "pull", lambda address: visit.Pulled(other, "c" * 40))
    app = open_page("compare", hub="a/b")
    assert not app.exception and not app.error
    drawn = app.table[0].value.to_string()
    assert "![x](" not in drawn and "\\[x\\]" in drawn and "<a" not in drawn
    assert not any("<b>" in chart.proto.spec for chart in app.get("plotly_chart"))
    meta["dataset"]["classes"][0] = "[x](https://evil.example)"
    with pytest.raises(StudyError, match="not to be shown here"):
        pages_hub.tamed(dataclasses.replace(studies.read(other), meta=meta))


def test_a_study_of_the_same_name_and_models(
    opened: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    same = Path(shutil.copytree(opened / "ours", tmp_path / "ours"))
    monkeypatch.setattr(visit, "pull", lambda address: visit.Pulled(same, "c" * 40))
    app = open_page("compare", hub="a/b")
    assert not app.exception and not app.error
    gaps = [json.loads(c.proto.spec) for c in app.get("plotly_chart")][1]
    assert {x for trace in gaps["data"] for x in trace["x"]} == {0.0}


def test_one_other_study_at_a_time(opened: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visit, "pull", lambda address: visit.Pulled(opened / "again", "c" * 40))
    app = compare(open_page("compare", hub="a/b"), "small")
    assert not app.exception and app.text_input(key="hub").value == ""
    assert "hub" not in app.query_params
    assert "4 of 15 and 4 classes" in words(app)


def test_a_study_on_the_hub(opened: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def pull(address: str) -> visit.Pulled:
        if address != "someone/again@v1":
            raise StudyError(address, None, "no such public repository on the Hub")
        return visit.Pulled(opened / "again", "c" * 40, "The Hub did not answer: an older one.")

    monkeypatch.setattr(visit, "pull", pull)
    app = open_page("compare", hub="someone/again@v1")
    assert not app.exception and not app.error
    assert "c" * 40 in app.table[0].value.to_string()
    assert "did not answer" in app.warning[0].value
    box: Any = app.text_input(key="hub")
    app = box.set_value("someone/else").run()
    assert not app.exception and "no such public repository" in app.error[0].value.replace("\\", "")
