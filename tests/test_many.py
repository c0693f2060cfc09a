"""Several clips at once: one table, a message for each bad clip, nothing lost by a stop."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from dashboard import many, state
from dashboard.answering import UPLOAD, Clip
from dashboard.many import Told
from hvc_core import study as studies
from tests.support import videos
from tests.support.app import open_page, words


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, bytes]]:
    folder = tmp_path_factory.mktemp("films")
    found = [
        (name, videos.write(folder / f"{count}-{name}", count).read_bytes())
        for name, count in (("a.mp4", 25), ("b.mp4", 26), ("a.mp4", 27))
    ]
    return [*found, ("bad.mp4", b"no video")]


def upload(app: AppTest, films: list[tuple[str, bytes]]) -> AppTest:
    for name, content in films:
        app.file_uploader[0].upload(name, content)
    return app.run()


def test_several_clips_are_one_table(shown: Path, films: list[tuple[str, bytes]]) -> None:
    app = upload(open_page("try_a_clip"), films)
    assert not app.exception
    table = app.dataframe[0].value
    assert table["Clip"].tolist() == ["a.mp4", "b.mp4", "a (2).mp4", "bad.mp4"]
    assert table["Agree"].isin(["yes", "no"]).tolist() == [True, True, True, False]
    assert "bad.mp4" in table["Note"].iloc[3] and not any(table["Note"].iloc[:3])
    assert "Below: bad.mp4" in words(app) and "bad.mp4" in app.error[0].value
    app = upload(app, films[:3])
    assert len(app.get("plotly_chart")) == 2, "the last clip is shown whole below"
    assert "Below: a (2).mp4" in words(app) and not app.error


def test_clips_that_were_asked_are_not_asked_again(
    shown: Path, films: list[tuple[str, bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    real = many.answering.answer

    def counted(view: state.View, clip: Clip) -> object:
        kept = many.answering.last(view)
        if kept is None or kept.key[0] != clip.digest:
            asked.append(clip.name)
        return real(view, clip)

    monkeypatch.setattr(many.answering, "answer", counted)
    app = upload(open_page("try_a_clip"), films[:2])
    app.run()
    upload(app, films[:3])
    assert not app.exception and len(app.dataframe[0].value) == 3
    assert sorted(asked) == ["a (2).mp4", "a.mp4", "b.mp4"]  # the one shown below, too


def test_a_stop_keeps_what_is_there_and_more_clips_go_on(
    shown: Path, films: list[tuple[str, bytes]]
) -> None:
    app = upload(open_page("try_a_clip"), films[:3])
    app.session_state["many_stopped"] = True
    app.session_state["many"] = {}
    app.run()
    assert app.dataframe[0].value["Note"].tolist() == ["not asked yet"] * 3
    next(b for b in app.button if b.label == "Go on with the other 3").click().run()
    assert not app.exception
    assert not any(app.dataframe[0].value["Note"])


@pytest.fixture
def view(made_study: Path) -> state.View:
    study = studies.read(made_study)
    return state.View(study, "r", *study.headline, "holdout")


def test_the_table_says_who_says_what(view: state.View) -> None:
    clips = [Clip(name, name.encode(), UPLOAD) for name in ("a", "b", "c")]
    classes = view.study.classes
    sure, unsure = np.eye(len(classes), dtype=np.float32)[:2]
    found = {
        many.key_of(view, clips[0]): Told(dict.fromkeys(view.pair, sure)),
        many.key_of(view, clips[1]): Told(dict(zip(view.pair, (sure, unsure), strict=True))),
    }
    rows = many.table(view, clips, found)
    assert rows["agree"].tolist() == ["yes", "no", ""]
    assert rows["a_says"].tolist()[:2] == [classes[0]] * 2
    assert rows["b_says"].tolist()[:2] == classes[:2]
    assert rows["note"].tolist() == ["", "", "not asked yet"]
    every = many.whole(view, clips, found)
    assert every[["clip", "model"]].drop_duplicates().shape == (5, 2)
    assert every["clip"].tolist() == ["a", "a", "b", "b", "c"]  # one without an answer is there
    assert every["note"].iloc[-1] == "not asked yet" and np.isnan(every[classes].iloc[-1]).all()
    assert np.allclose(every[classes].iloc[:4].sum(axis=1), 1)
    text = json.loads(many.as_json(view, every, rows))
    assert [one["clip"] for one in text["clips"]] == ["a", "b", "c"]
    assert set(text["clips"][0]["models"]) == set(view.pair) and not text["clips"][2]["models"]


def test_clips_of_one_name_are_told_apart() -> None:
    names = ["a.mp4", "a.mp4", "a (2).mp4", "a.mp4"]
    clips = [Clip(name, bytes([i]), UPLOAD) for i, name in enumerate(names)]
    named = many.named_apart(clips)
    assert [clip.name for clip in named] == ["a.mp4", "a (2).mp4", "a (2) (2).mp4", "a (3).mp4"]
    assert [clip.content for clip in named] == [clip.content for clip in clips]


def test_the_same_clip_twice_has_one_answer_and_ends(
    shown: Path, films: list[tuple[str, bytes]]
) -> None:
    app = upload(open_page("try_a_clip"), [films[0], ("again.mp4", films[0][1])])
    assert not app.exception and not app.error
    table = app.dataframe[0].value
    assert table["Clip"].tolist() == ["a.mp4", "again.mp4"] and not any(table["Note"])
