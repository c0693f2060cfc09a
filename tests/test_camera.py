"""What the browser says it recorded: read strictly, and a recording is a clip like another."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from dashboard import answering, camera
from hvc_core import video
from tests.support import videos
from tests.support.app import open_page, words

SMALL = video.Limits(max_bytes=100)


def sent(content: bytes, kind: Any = "video/webm;codecs=vp8") -> dict[str, Any]:
    return {"type": kind, "content": base64.b64encode(content).decode()}


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("video/webm;codecs=vp8", "recording.webm"),
        ("video/webm", "recording.webm"),
        ("VIDEO/MP4; codecs=avc1.42E01E", "recording.mp4"),
    ],
)
@pytest.mark.parametrize("size", [1, 98, 99, 100])
def test_what_was_recorded_arrives_byte_for_byte(kind: str, name: str, size: int) -> None:
    content = bytes(range(size))
    assert camera.read(sent(content, kind), SMALL) == camera.Recording(name, content)


MALFORMED: dict[str, Any] = {
    "a number": 7,
    "a list": ["clip"],
    "text": "UklGRg==",
    "nothing in it": {},
    "no content": {"type": "video/webm"},
    "no type": {"content": "UklGRg=="},
    "bytes as a list": {"type": "video/webm", "content": [1, 2, 3]},
    "a type that is none": sent(b"x", None),
    "another type": sent(b"x", "text/html"),
    "a longer type": sent(b"x", "video/webmaster"),
    "empty": sent(b""),
    "an address": {"type": "video/webm", "content": "data:video/webm;base64,UklGRg=="},
    "white space": {"type": "video/webm", "content": "UklG Rg=="},
    "a line's end": {"type": "video/webm", "content": "UklGRg==\n"},
    "no padding": {"type": "video/webm", "content": "UklGRg"},
    "more after the padding": {"type": "video/webm", "content": "UklGRg==UklG"},
    "letters of addresses": {"type": "video/webm", "content": "-_-_"},
    "beyond ASCII": {"type": "video/webm", "content": "ÄÖÜß"},
    "half a pair": {"type": "video/webm", "content": "\ud800AAA"},
}


@pytest.mark.parametrize("what", MALFORMED)
def test_anything_else_is_a_sentence(what: str) -> None:
    with pytest.raises(camera.RecordingError, match=r"^[A-Z].*\.$"):
        camera.read(MALFORMED[what], SMALL)


def test_too_much_is_refused_before_it_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(camera.binascii, "a2b_base64", lambda *a, **k: pytest.fail("decoded"))
    with pytest.raises(camera.RecordingError, match="more than 0.0001 MB"):
        camera.read(sent(bytes(103)), SMALL)


def test_a_recording_gets_both_answers_and_stays_while_the_page_runs_again(
    shown: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = videos.write(tmp_path / "a.webm", 50, codec="libvpx", live=True).read_bytes()
    once = [camera.Recording("recording.webm", clip)]
    monkeypatch.setattr(camera, "recorded", lambda key, limits: once.pop() if once else None)
    app = open_page("try_a_clip")
    for _ in range(2):
        assert not app.exception and not app.error
        assert len(app.get("plotly_chart")) == 2
        assert "Recorded with your camera. 50 frames decoded." in words(app)
        app.run()
    app.button(key=answering.rendered()[0].name).click().run()
    assert "Recorded with your camera" not in words(app)


def test_a_recording_that_does_not_decode_is_a_message(
    shown: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        camera, "recorded", lambda key, limits: camera.Recording("recording.webm", b"no")
    )
    app = open_page("try_a_clip")
    assert not app.exception
    assert app.error[0].value.startswith("recording.webm: ")


def test_what_cannot_be_read_is_a_message_beside_the_recorder(
    shown: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(camera, "_CAMERA", lambda **named: {"clip": {"type": "video/webm"}})
    app = open_page("try_a_clip")
    assert not app.exception
    assert [each.value for each in app.error] == [
        "What the browser sent is no recording. Reload the page, record again."
    ]
    assert not app.get("plotly_chart")
