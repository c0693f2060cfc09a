"""The real command in a real browser: pages, both themes, a phone's width, clips, bad files."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dashboard import answering, show
from tests.support import videos
from tests.support.app import PAGES, TITLES, Served, serve
from tests.support.browser import PHONE, Tab
from tests.support.studies import make_study

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

pytestmark = pytest.mark.browser
LIGHT, DARK = "rgb(255, 255, 255)", "rgb(16, 21, 28)"  # .streamlit/config.toml's backgrounds


@pytest.fixture
def tab(context: Any, served: Served) -> Iterator[Tab]:
    opened = Tab(context, served)
    yield opened
    opened.page.close()


@pytest.mark.parametrize("page", PAGES)
def test_each_page_by_its_address(page: str, tab: Tab) -> None:
    tab.open(page)
    title = tab.page.locator("h1").inner_text()
    assert title == TITLES.get(page, "ConvLSTM or LRCN?")
    tab.sound()


def test_every_page_from_the_menu_and_back_in_the_dark(context: Any, served: Served) -> None:
    tab = Tab(context, served, theme="dark")
    tab.open("overview")
    app = tab.page.get_by_test_id("stApp")
    for title in TITLES.values():
        tab.page.get_by_role("link", name=title, exact=True).click()
        tab.page.get_by_role("heading", name=title, level=1).wait_for()
        tab.settle()
        assert app.evaluate("e => getComputedStyle(e).backgroundColor") == DARK
    tab.page.go_back()
    tab.page.get_by_role("heading", name=list(TITLES.values())[-2], level=1).wait_for()
    tab.sound()
    tab.page.close()


def test_the_chosen_pair_stays_in_the_address_over_pages_and_reloads(tab: Tab) -> None:
    tab.open("classes")
    box = tab.page.get_by_test_id("stSelectbox").locator("input")
    box.nth(1).click()
    tab.page.get_by_role("option", name="LRCN from scratch", exact=True).click()
    tab.page.wait_for_url("**b=LRCN+from+scratch**")
    tab.page.get_by_role("link", name="Cost").click()
    tab.page.get_by_role("heading", name="Cost", level=1).wait_for()
    playwright.expect(tab.page).to_have_url(re.compile(r"b=LRCN\+from\+scratch"))
    tab.page.reload()
    tab.settle()
    for i, title in enumerate(("ConvLSTM", "LRCN from scratch")):
        playwright.expect(box.nth(i)).to_have_value(title, timeout=60_000)
    tab.sound()


def test_a_finding_leads_to_its_page_with_the_chosen_pair(tab: Tab) -> None:
    tab.open("findings", "?b=LRCN+from+scratch")
    box = tab.page.get_by_test_id("stSelectbox").locator("input")
    playwright.expect(box.nth(1)).to_have_value("LRCN from scratch", timeout=60_000)
    claims = tab.page.get_by_role("heading", level=2).all_inner_texts()
    at = next(i for i, words in enumerate(claims) if re.search("asks .* the work of", words))
    tab.page.get_by_role("link", name="See it whole").nth(at).click()
    tab.page.get_by_role("heading", name="Cost", level=1).wait_for()
    for i, title in enumerate(("ConvLSTM", "LRCN from scratch")):
        playwright.expect(box.nth(i)).to_have_value(title, timeout=60_000)
    tab.sound()


@pytest.mark.parametrize("theme", show.INK)
def test_the_words_of_a_chart_are_legible_in_both_themes(
    theme: str, context: Any, served: Served
) -> None:
    tab = Tab(context, served, theme=theme)
    tab.open("classes")
    tick = tab.page.locator(".xtick text").first
    tick.wait_for()
    expected = tuple(int(show.INK[theme][i : i + 2], 16) for i in (1, 3, 5))
    assert tick.evaluate("e => getComputedStyle(e).fill") == f"rgb{expected}"
    tab.page.close()


@pytest.mark.parametrize("page", PAGES)
def test_a_phones_width(page: str, context: Any, served: Served) -> None:
    tab = Tab(context, served, viewport=PHONE)
    tab.open(page)
    app = tab.page.get_by_test_id("stApp")
    assert app.evaluate("e => getComputedStyle(e).backgroundColor") == LIGHT
    main = tab.page.get_by_test_id("stMain")
    assert main.evaluate("e => e.scrollWidth <= e.clientWidth"), "nothing to scroll sideways"
    tab.sound()
    tab.page.close()


def test_a_chart_has_a_name_and_a_table_for_who_cannot_see_it(tab: Tab) -> None:
    tab.open("training")
    chart = tab.page.get_by_test_id("stPlotlyChart").first
    named = chart.locator("xpath=descendant-or-self::*[@aria-label]")
    assert "Accuracy by epoch" in (named.first.get_attribute("aria-label") or "")
    tab.page.get_by_text("The same numbers as a table").first.click()
    tab.page.get_by_test_id("stDataFrame").first.wait_for()
    tab.sound()


@pytest.mark.parametrize(("name", "codec"), [("clip.mp4", "libx264"), ("clip.avi", "mpeg4")])
def test_an_upload_gets_both_answers_and_plays(
    name: str, codec: str, tab: Tab, tmp_path: Path
) -> None:
    tab.open("try_a_clip")
    tab.upload(videos.write(tmp_path / name, 40, codec=codec))
    tab.page.get_by_text("ConvLSTM: top 5").wait_for()
    tab.page.get_by_text("LRCN: top 5", exact=True).wait_for()
    tab.page.get_by_text("What they saw").wait_for()
    player = tab.page.locator("video")
    player.wait_for()
    # 1: it knows its length and size, so the browser can read it; an .avi it could not.
    tab.page.wait_for_function("document.querySelector('video').readyState >= 1")
    assert player.evaluate("e => e.error === null && e.videoWidth > 0")
    tab.sound()


def test_the_rendered_clip_in_one_click(tab: Tab) -> None:
    tab.open("try_a_clip")
    label = re.compile("^(animation)?.*Rendered clip", re.IGNORECASE)
    assert answering.rendered()
    tab.page.get_by_role("button", name=label).first.click()
    tab.page.get_by_text("What they saw").wait_for()
    for model in ("ConvLSTM", "LRCN"):
        tab.page.get_by_text(f"{model}: top 5", exact=True).wait_for()
    tab.sound()


def test_a_bad_file_is_a_message_and_the_app_goes_on(tab: Tab, tmp_path: Path) -> None:
    bad = tmp_path / "notes.mp4"
    bad.write_text("I am no video\n" * 20)
    tab.open("try_a_clip")
    tab.upload(bad)
    message = tab.page.get_by_test_id("stAlert")
    message.get_by_text("notes.mp4").wait_for()
    assert "Traceback" not in tab.page.content()
    tab.upload(videos.write(tmp_path / "good.mp4", 30))
    tab.page.get_by_text("What they saw").wait_for()
    tab.sound()


def test_a_study_that_is_not_there_is_a_message(context: Any, tmp_path: Path) -> None:
    with serve(tmp_path / "nowhere", tmp_path / "log.txt") as served:
        tab = Tab(context, served)
        for page in ("overview", "try_a_clip", "about"):
            tab.open(page)
            tab.page.get_by_test_id("stAlert").get_by_text("nowhere").wait_for()
            tab.sound()
        tab.page.close()


def test_python_m_streamlit_starts_it_too(context: Any, tmp_path: Path) -> None:
    study = make_study(tmp_path / "study", onnx=False)
    command = (sys.executable, "-m", "streamlit")
    with serve(study, tmp_path / "log.txt", command=command) as served:
        tab = Tab(context, served)
        tab.open("overview")
        tab.sound()
        tab.page.close()


CELL = """
() => {
    const plot = document.querySelector('.st-key-matrix-0 .js-plotly-plot')
    const box = plot.getBoundingClientRect()
    const {xaxis, yaxis, _size} = plot._fullLayout
    const [told, true_] = [plot._fullData[1].x[1], plot._fullData[1].y[1]]
    const x = box.x + _size.l + xaxis.d2p(told)
    return {x, y: box.y + _size.t + yaxis.d2p(true_), told, true_}
}
"""


def test_a_click_on_a_cell_lists_the_clips_behind_it(tab: Tab) -> None:
    tab.open("confusion")
    plot = tab.page.locator(".st-key-matrix-0 .js-plotly-plot")
    plot.wait_for()
    plot.scroll_into_view_if_needed()
    tab.page.wait_for_timeout(1000)
    cell = tab.page.evaluate(CELL)
    tab.page.mouse.click(cell["x"], cell["y"])
    tab.page.wait_for_url(f"**true={cell['true_']}&said={cell['told']}**")
    tab.settle()
    shown = tab.page.get_by_text(re.compile(r"^[\d,]+ answers\.$|^No clip is answered so\.$"))
    playwright.expect(shown).to_be_visible(timeout=60_000)
    tab.sound()


def test_a_click_and_an_arrow_key_in_a_strip_seek(tab: Tab, tmp_path: Path) -> None:
    tab.open("try_a_clip")
    tab.upload(videos.write(tmp_path / "long.mp4", videos.noisy(250)))
    tab.page.get_by_role("button", name="Ask along the clip").click()
    strip = tab.page.get_by_role("slider").first
    strip.wait_for()
    film = tab.page.locator("#player video")
    tab.page.wait_for_function("v => v.readyState > 0", arg=film.element_handle())
    at = "([v, s]) => Math.abs(v.currentTime - s) < 0.2"
    width = strip.bounding_box()["width"]
    strip.click(position={"x": 0.8 * width, "y": 10})  # waits until nothing moves any more
    tab.page.wait_for_function(at, arg=[film.element_handle(), 8])
    strip.press("ArrowLeft")
    tab.page.wait_for_function(at, arg=[film.element_handle(), 7.5])
    assert "s: " in strip.get_attribute("aria-valuetext")
    tab.sound()


def test_the_report_downloads_and_opens_without_network(
    context: Any, tab: Tab, tmp_path: Path
) -> None:
    tab.open("about")
    with tab.page.expect_download() as waited:
        tab.page.get_by_role("button", name="Report (HTML)").click()
    file = tmp_path / "report.html"
    waited.value.save_as(file)
    alone = context.browser.new_context(offline=True)
    page = alone.new_page()
    errors: list[str] = []
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(file.as_uri())
    playwright.expect(page.locator("h1")).to_have_text("ConvLSTM or LRCN?")
    playwright.expect(page.locator(".js-plotly-plot").first).to_be_visible()
    assert page.locator(".js-plotly-plot").count() == 5
    assert not errors
    alone.close()


def test_a_class_leads_to_its_clips_and_back(tab: Tab) -> None:
    tab.open("classes", "?class=Punch&b=LRCN+from+scratch")
    tab.page.get_by_role("link", name="The clips of Punch").click()
    tab.page.get_by_role("heading", name="Clips", level=1).wait_for()
    tab.page.wait_for_url(re.compile("clips.*true=Punch"))
    tab.settle()
    playwright.expect(tab.page.get_by_role("combobox", name="True class")).to_have_value("Punch")
    tab.page.go_back()
    tab.page.get_by_role("heading", name="Classes", level=1).wait_for()
    tab.settle()
    tab.sound()
