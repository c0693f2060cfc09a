"""What a visitor asks of a clip on demand: along it, and where the models look.

May import: the standard library, numpy, pytest, dashboard, hvc_core, tests.support.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from dashboard import deeper, player, show_clip
from hvc_core import timeline
from hvc_core.timeline import Timeline
from hvc_core.video import VideoError
from tests.support import videos
from tests.support.app import open_page, words

ALONG, WHERE = "Ask along the clip", "Cover parts and ask again"


def opened(path: Path, seconds: float = 9) -> AppTest:
    clip = videos.write(path, videos.noisy(round(25 * seconds)))
    app = open_page("try_a_clip")
    return app.file_uploader[0].upload(path.name, clip.read_bytes()).run()


def press(app: AppTest, label: str) -> AppTest:
    return next(one for one in app.button if one.label == label).click().run()


def test_a_clip_is_asked_along_once_and_kept(
    shown: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []
    real = timeline.timeline

    def counted(*args: object) -> Timeline:
        calls.append(1)
        return real(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(deeper.timeline, "timeline", counted)
    app = press(opened(tmp_path / "a.mp4"), ALONG)
    assert not app.exception and not app.error
    assert len(app.get("bidi_component")) == 2  # the recorder and the player
    app.run()
    assert calls == [1]
    assert ALONG not in [one.label for one in app.button]
    app.selectbox(key="b").set_value("lrcn-scratch").run()  # another pair: not asked yet
    assert ALONG in [one.label for one in app.button]
    assert len(app.get("bidi_component")) == 1


def test_the_film_along_a_long_clip_is_bounded(
    shown: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = videos.write(tmp_path / "a.mp4", videos.noisy(100)).read_bytes()
    whole, _ = deeper._film(clip)
    monkeypatch.setattr(deeper, "FILM_BYTES", len(whole) // 2)
    monkeypatch.setattr(deeper, "FILM_S", 4.0)
    part, seconds = deeper._film(clip)
    assert 0 < len(part) < len(whole) // 2 and 1 < seconds < 2
    monkeypatch.setattr(deeper, "FILM_S", 2.0)
    monkeypatch.setattr(deeper, "FILM_BYTES", 10**9)
    app = press(opened(tmp_path / "b.mp4", 4), ALONG)
    assert not app.exception
    assert "The film shows the first 2 s" in words(app)


def test_where_they_look_is_shown_for_both(shown: Path, tmp_path: Path) -> None:
    app = opened(tmp_path / "a.mp4", 2)
    before = len(app.get("plotly_chart"))
    press(app, WHERE)
    assert not app.exception and not app.error
    assert len(app.get("plotly_chart")) == before + 2
    assert "points lost" in words(app)


def test_what_fails_on_the_way_is_a_message(
    shown: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object) -> None:
        raise VideoError("the disk is gone")

    monkeypatch.setattr(deeper.timeline, "along", fail)
    app = press(opened(tmp_path / "a.mp4", 2), ALONG)
    assert not app.exception and "the disk is gone" in app.error[0].value


def test_strips_say_what_the_timeline_says() -> None:
    told = np.array([[[0.9, 0.1], [0.2, 0.8]], [[0.6, 0.4], [0.7, 0.3]]], np.float32)
    of = Timeline(["A", "B"], ["M", "N"], told, np.array([0.0, 1.0]), np.array([4.0, 5.0]), 5.0)
    first, second = player.strips(of)
    assert [w["said"] for w in first["windows"]] == ["A", "B"]
    assert [w["agree"] for w in second["windows"]] == [True, False]
    assert [w["sure"] for w in second["windows"]] == pytest.approx([0.6, 0.7])
    assert (first["title"], second["slot"]) == ("M", 1)


def test_tiles_are_coloured_where_the_answer_needs_them() -> None:
    weight = np.zeros((6, 8))
    weight[0, 0], weight[5, 7] = 1.0, -1.0
    made = show_clip.covered(np.full((64, 64, 3), 100, np.uint8), weight, 0)
    assert made.shape == (384, 512, 3)
    assert made[10, 10].tolist() != [100, 100, 100]
    assert made[380, 500].tolist() == [100, 100, 100] == made[200, 200].tolist()
