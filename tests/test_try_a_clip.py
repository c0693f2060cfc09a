"""Try a clip in process: good clips, bad clips, and what is kept of either."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import answering
from tests.support import videos
from tests.support.app import open_page, words


def plots(app: AppTest) -> int:
    return len(app.get("plotly_chart"))


@pytest.mark.parametrize(("name", "codec"), [("a.mp4", "libx264"), ("a.avi", "mpeg4")])
def test_a_clip_gets_both_answers(name: str, codec: str, shown: Path, tmp_path: Path) -> None:
    clip = videos.write(tmp_path / name, 30, codec=codec)
    app = open_page("try_a_clip")
    app.file_uploader[0].upload(name, clip.read_bytes()).run()
    assert not app.exception and not app.error
    assert plots(app) == 2
    assert [metric.label for metric in app.metric] == ["Decoding", "ConvLSTM", "LRCN"]
    assert len(app.get("video")) == 1
    answered = app.session_state["answered"]
    assert answered.answer.frames.decoded == 30
    assert set(answered.sheets) == {(64, 64), (96, 128)}
    assert not answered.answer.frames.images  # a third of the memory, kept for every visit


def test_an_answer_is_computed_once(
    shown: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []
    real = answering.classify.classify

    def counted(*args: Any, **named: Any) -> Any:
        calls.append(1)
        return real(*args, **named)

    monkeypatch.setattr(answering.classify, "classify", counted)
    app = open_page("try_a_clip")
    app.file_uploader[0].upload("a.mp4", videos.write(tmp_path / "a.mp4", 25).read_bytes()).run()
    app.run()
    assert len(calls) == 1
    app.selectbox(key="b").set_value("lrcn-scratch").run()  # another model: asked again
    assert not app.exception and len(calls) == 2
    assert app.metric[2].label == "LRCN from scratch"


BAD: dict[str, Callable[[Path], object]] = {
    "text": lambda path: path.write_text("I am no video"),
    "empty": lambda path: path.write_bytes(b""),
    "sound alone": videos.write_sound,
    "no frame": lambda path: videos.write(path, 0),
    "cut to nothing": lambda path: videos.cut(videos.write(path, 40), 0.3),
}


@pytest.mark.parametrize("what", BAD)
def test_a_bad_clip_is_a_message_and_the_last_answer_stays(
    what: str, shown: Path, tmp_path: Path
) -> None:
    bad, good = tmp_path / "bad.mp4", videos.write(tmp_path / "good.mp4", 25)
    BAD[what](bad)
    app = open_page("try_a_clip")
    app.file_uploader[0].upload("good.mp4", good.read_bytes()).run()
    assert plots(app) == 2
    app.file_uploader[0].clear()
    app.file_uploader[0].upload("bad.mp4", bad.read_bytes()).run()
    assert not app.exception
    assert len(app.error) == 1 and "bad.mp4" in app.error[0].value
    assert plots(app) == 2, "the last good answer is still there"
    assert "good.mp4" in words(app)


def test_an_unexpected_failure_is_a_message_too(
    shown: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object, **named: object) -> None:
        raise MemoryError("no room")

    monkeypatch.setattr(answering.classify, "classify", fail)
    app = open_page("try_a_clip")
    app.file_uploader[0].upload("a.mp4", b"anything").run()
    assert not app.exception
    assert "MemoryError" in app.error[0].value and "no room" not in app.error[0].value


def test_a_damaged_clip_says_so_beside_its_answer(shown: Path, tmp_path: Path) -> None:
    clip = videos.cut(videos.write(tmp_path / "cut.avi", videos.noisy(60), codec="mpeg4"), 0.6)
    app = open_page("try_a_clip")
    app.file_uploader[0].upload("cut.avi", clip.read_bytes()).run()
    assert not app.exception and not app.error
    assert plots(app) == 2
    assert app.warning, "what is missing is said"


def test_a_model_that_is_not_there_is_a_message(own: Path, tmp_path: Path) -> None:
    (own / "models" / "lrcn" / "model.onnx").unlink()
    app = open_page("try_a_clip")
    app.file_uploader[0].upload("a.mp4", videos.write(tmp_path / "a.mp4", 25).read_bytes()).run()
    assert not app.exception
    assert app.error[0].value.startswith("models/lrcn/model.onnx: missing")


def test_a_model_whose_weights_are_elsewhere_is_told_before_a_clip_is_asked_for(own: Path) -> None:
    shutil.rmtree(own / "models" / "lrcn")
    app = open_page("try_a_clip")
    assert not app.exception and not app.get("file_uploader")
    said = app.info[0].value
    assert "tells about LRCN but does not hold the weights" in said
    assert "ConvLSTM" in said


def test_the_studys_example_clips_are_one_click_away(own: Path) -> None:
    (own / "examples").mkdir()
    videos.write(own / "examples" / "v_Punch_g02_c01.avi", 25, codec="mpeg4")
    app = open_page("try_a_clip")
    app.button(key="examples/v_Punch_g02_c01.avi").click().run()
    assert not app.exception and not app.error
    assert plots(app) == 2
    assert "The clip's own name says Punch" in words(app)


def test_examples_of_one_name_in_two_folders(own: Path) -> None:
    for number, folder in enumerate(("Punch", "Swing"), start=25):
        (own / "examples" / folder).mkdir(parents=True)
        videos.write(own / "examples" / folder / "a.mp4", number)
    app = open_page("try_a_clip")
    for folder in ("Punch", "Swing"):
        app.button(key=f"examples/{folder}/a.mp4").click().run()
        assert not app.exception and not app.error
        assert plots(app) == 2


def test_another_pairs_answer_is_never_shown_for_this_one(own: Path, tmp_path: Path) -> None:
    (own / "models" / "lrcn-scratch" / "model.onnx").unlink()
    app = open_page("try_a_clip")
    app.file_uploader[0].upload("a.mp4", videos.write(tmp_path / "a.mp4", 25).read_bytes()).run()
    assert plots(app) == 2
    app.selectbox(key="b").set_value("lrcn-scratch").run()
    assert "model.onnx" in app.error[0].value
    assert plots(app) == 0
    app.selectbox(key="b").set_value("lrcn").run()
    assert not app.error
    assert plots(app) == 2


def test_taking_an_upload_away_leaves_another_clips_answer(shown: Path, tmp_path: Path) -> None:
    app = open_page("try_a_clip")
    app.file_uploader[0].upload("a.mp4", videos.write(tmp_path / "a.mp4", 25).read_bytes()).run()
    app.button(key=answering.rendered()[0].name).click().run()
    assert "no real video" in words(app)
    app.file_uploader[0].clear().run()
    assert plots(app) == 2
    assert "no real video" in words(app)


def test_the_rendered_clip_is_one_click_away_and_named_as_rendered(shown: Path) -> None:
    clips = answering.rendered()
    assert clips, "one rendered clip ships with the app"
    app = open_page("try_a_clip")
    button = app.button(key=clips[0].name)
    assert "rendered" in button.label.lower()
    button.click().run()
    assert not app.exception and not app.error
    assert plots(app) == 2
    assert "no real video" in words(app)


def test_kept_answers_are_the_visitors_own(shown: Path, tmp_path: Path) -> None:
    app = open_page("try_a_clip")
    app.file_uploader[0].upload("a.mp4", videos.write(tmp_path / "a.mp4", 25).read_bytes()).run()
    assert plots(app) == 2
    assert plots(open_page("try_a_clip")) == 0


def test_an_answer_survives_a_look_at_another_page(shown: Path, tmp_path: Path) -> None:
    app = open_page("try_a_clip")
    app.file_uploader[0].upload("a.mp4", videos.write(tmp_path / "a.mp4", 25).read_bytes()).run()
    app.switch_page("app_pages/cost.py").run()
    app.switch_page("app_pages/try_a_clip.py").run()
    assert not app.exception
    assert plots(app) == 2
    app.selectbox(key="b").set_value("lrcn-scratch").run()
    assert app.metric[2].label == "LRCN from scratch"


def test_a_file_taken_away_takes_its_answer_along(shown: Path, tmp_path: Path) -> None:
    app = open_page("try_a_clip")
    app.file_uploader[0].upload("a.mp4", videos.write(tmp_path / "a.mp4", 25).read_bytes()).run()
    app.file_uploader[0].clear().run()
    assert not app.exception
    assert plots(app) == 0
