"""What a real browser keeps: Back, Forward and copied links; and several clips uploaded at once."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.support import videos
from tests.support.browser import Tab

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

pytestmark = pytest.mark.browser


@pytest.fixture
def tab(context: Any, served: Any) -> Any:
    opened = Tab(context, served)
    yield opened
    opened.page.close()


def choose(tab: Tab, label: str, value: str) -> None:
    """Chooses in a box by the keyboard; again where the page was drawn anew meanwhile.

    A page that is drawn anew closes the list, and Enter then chooses nothing, though the box goes
    on showing what was typed until it is left: so it is left before it is read.
    """
    box = tab.page.get_by_role("combobox", name=label)
    option = tab.page.get_by_role("option", name=value, exact=True)
    for _ in range(5):
        box.click()
        box.fill(value)
        try:
            option.wait_for(timeout=5_000)
        except playwright.TimeoutError:
            box.press("Escape")
            continue
        box.press("Enter")
        box.blur()
        tab.settle()
        tab.page.wait_for_timeout(500)
        if box.input_value() == value:
            return
    raise AssertionError(f"{label} never became {value}")


def top(tab: Tab) -> Any:
    """The boxes of the page, model A's and model B's first."""
    return tab.page.get_by_test_id("stSelectbox").locator("input")


def says(tab: Tab, label: str, value: str) -> None:
    playwright.expect(tab.page.get_by_role("combobox", name=label)).to_have_value(
        value, timeout=60_000
    )


def test_back_and_forward_lead_through_pages_and_choices(tab: Tab) -> None:
    tab.open("classes", "?b=LRCN+from+scratch")
    choose(tab, "Class", "Punch")
    tab.page.wait_for_url("**class=Punch**")
    tab.page.get_by_role("link", name="Cost", exact=True).click()
    tab.page.get_by_role("heading", name="Cost", level=1).wait_for()
    tab.settle()
    tab.page.go_back()
    tab.page.get_by_role("heading", name="Classes", level=1).wait_for()
    tab.settle()
    says(tab, "Class", "Punch")
    playwright.expect(top(tab).nth(1)).to_have_value("LRCN from scratch", timeout=60_000)
    tab.page.go_back()
    tab.settle()
    says(tab, "Class", "")
    tab.page.go_forward()
    tab.settle()
    says(tab, "Class", "Punch")
    tab.page.go_forward()
    tab.page.get_by_role("heading", name="Cost", level=1).wait_for()
    tab.sound()


def test_a_copied_link_opens_the_same_clips(tab: Tab, context: Any, served: Any) -> None:
    tab.open("clips", "?a=LRCN")
    choose(tab, "True class", "Diving")
    for _ in range(5):  # again where the page was drawn anew meanwhile
        tab.page.get_by_role("radio", name="Both right", exact=True).click()
        tab.settle()
        tab.page.wait_for_timeout(500)
        if "answers=both+right" in tab.page.url:
            break
    assert "answers=both+right" in tab.page.url and "true=Diving" in tab.page.url
    count = tab.page.get_by_text(re.compile(r"^[\d,]+ of [\d,]+ answers")).inner_text()
    copied = Tab(context, served)
    copied.page.goto(tab.page.url)
    copied.settle()
    says(copied, "True class", "Diving")
    playwright.expect(top(copied).first).to_have_value("LRCN", timeout=60_000)
    playwright.expect(
        copied.page.get_by_text(re.compile(r"^[\d,]+ of [\d,]+ answers"))
    ).to_have_text(count, timeout=60_000)
    copied.sound()
    copied.page.close()


def test_an_avi_and_an_mp4_at_once_are_a_table_and_download(tab: Tab, tmp_path: Path) -> None:
    films = [
        videos.write(tmp_path / "first.avi", 40, codec="mpeg4"),
        videos.write(tmp_path / "second.mp4", 50),
    ]
    (tmp_path / "third.mp4").write_text("no video")
    tab.open("try_a_clip")
    every = [str(film) for film in (*films, tmp_path / "third.mp4")]
    tab.page.set_input_files("input[type=file]", every)
    tab.page.get_by_role("heading", name="Your 3 clips").wait_for()
    with tab.page.expect_download() as waited:
        tab.page.get_by_role("button", name="All as JSON").click()
    waited.value.save_as(tmp_path / "answers.json")
    said = json.loads((tmp_path / "answers.json").read_text())["clips"]
    assert [one["clip"] for one in said] == ["first.avi", "second.mp4", "third.mp4"]
    assert [len(one["models"]) for one in said] == [2, 2, 0] and said[2]["note"]
    for one in said[:2]:
        for model in one["models"].values():
            assert abs(sum(model["probabilities"].values()) - 1) < 1e-3
    playwright.expect(tab.page.get_by_text("Below: third.mp4")).to_be_visible(timeout=60_000)
    tab.sound()
