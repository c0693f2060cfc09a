"""How much of visitors' clips the server holds: a file's size, a visit's, all visits'."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit import config
from streamlit.runtime.stats import CacheStat

from dashboard import uploads
from tests.support import videos
from tests.support.app import open_page, words

ROOM = "Other visitors' clips take all the room"


@pytest.mark.parametrize(("option", "most"), [(30, 30_000_000), (10_000, 200_000_000)])
def test_no_file_is_promised_that_streamlit_refuses(
    option: int, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads.st, "get_option", {"server.maxUploadSize": option}.get)
    assert uploads.limits().max_bytes == most


def test_the_page_says_the_limit_that_is_set(shown: Path) -> None:
    app = open_page("try_a_clip")
    assert f"up to {config.get_option('server.maxUploadSize')} MB" in app.file_uploader[0].label


def test_too_much_at_once_is_let_go_and_the_answer_stays(
    shown: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = videos.write(tmp_path / "a.mp4", 25).read_bytes()
    app = open_page("try_a_clip")
    app.file_uploader[0].upload("first.mp4", clip).run()
    monkeypatch.setattr(uploads, "SMALL", 0)
    monkeypatch.setattr(uploads, "FILES", 0.5 * len(clip) / uploads.limits().max_bytes)
    app.file_uploader[0].upload("second.mp4", clip).run()
    assert not app.exception and not app.error
    assert "Together they have" in words(app)
    assert len(app.get("plotly_chart")) == 2 and "first.mp4" in words(app)


def test_other_visits_clips_leave_room_for_small_ones(
    shown: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = videos.write(tmp_path / "a.mp4", 25).read_bytes()
    others = CacheStat("UploadedFileManager", "", uploads.FILES * uploads.limits().max_bytes + 1)
    monkeypatch.setattr(
        uploads.MemoryUploadedFileManager, "get_stats", lambda self: {"memory": [others]}
    )
    app = open_page("try_a_clip")
    app.file_uploader[0].upload("a.mp4", clip).run()
    assert len(app.get("plotly_chart")) == 2 and ROOM not in words(app)
    monkeypatch.setattr(uploads, "SMALL", len(clip) - 1)
    app.file_uploader[0].upload("b.mp4", clip).run()
    assert ROOM in words(app)


def test_what_streamlit_holds_is_counted(shown: Path, tmp_path: Path) -> None:
    """Through Streamlit's own keeping, as it is while a page is drawn."""
    from streamlit.testing.v1 import AppTest

    def page() -> None:
        import streamlit as st

        from dashboard import uploads as own

        files = st.file_uploader("clips", accept_multiple_files=True)
        st.write(f"held {own.held()}")
        if len(files) > 1:
            own._drop(files)
            st.write(f"then {own.held()}")

    app = AppTest.from_function(page, default_timeout=60).run()
    app.file_uploader[0].upload("a", b"x" * 1000).run()
    assert [one.value for one in app.markdown] == ["held 1000"]
    app.file_uploader[0].upload("a", b"x" * 1000).upload("b", b"y" * 500).run()
    assert [one.value for one in app.markdown] == ["held 1500", "then 0"]
