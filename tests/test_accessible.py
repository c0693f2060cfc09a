"""axe-core in a real browser: no page breaks a rule of accessibility, in light and in dark.

axe-core is npm's, as the wheel of axe-playwright-python carries it. It cannot tell the contrast of
texts in a drawing, so those of the charts are measured here; the numbers in a matrix have a colour
of their own behind them, and are tested in test_matrices.py.

May import: the standard library, pandas, pytest, playwright, axe_playwright_python, dashboard,
tests.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.support.app import PAGES, Served
from tests.support.browser import DESKTOP, PHONE, Tab

axe = pytest.importorskip("axe_playwright_python.base", reason="axe-core is not installed")

pytestmark = [pytest.mark.browser, pytest.mark.long]  # forty visits, two minutes
THEMES = ("light", "dark")
# What Streamlit itself draws and no setting changes: the rule, the element, and nothing else.
EXCUSED = {
    # The menu's sections: each is a div with its heading and its items, in one list for all.
    "list": "ul[data-testid=stSidebarNavItems]",
    "listitem": "ul[data-testid=stSidebarNavItems] > div > li",
    # The field to drop a file on: a name on what has no role. The button in it has both.
    "presentation-role-conflict": "section[data-testid=stFileUploaderDropzone]",
    # A table wider than a phone: it scrolls, and no setting puts it into the order of the Tab key.
    # Chromium and Firefox do so by themselves.
    "scrollable-region-focusable": "[data-testid=stTable] > div",
}

# Streamlit fades what is old and what is new: colours are final when nothing moves any more.
STILL = """
() => !document.querySelector('[data-stale=true], [data-testid=stSkeleton]')
    && !document.querySelector('#stFloatingOverlayPortal:not(:empty)')
    && document.getAnimations().every(one => one.playState !== 'running')
    && [...document.querySelectorAll('[data-testid=stPlotlyChart]')]
        .every(one => one.querySelector('svg.main-svg'))
"""

AXE = """
async excused => {
    const found = await axe.run(document, {resultTypes: ['violations'], elementRef: true})
    return found.violations.flatMap(({id, impact, nodes}) => nodes.map(node => ({
        rule: id, impact, html: node.html.slice(0, 300), why: node.failureSummary,
        excused: id in excused && !!node.element && node.element.matches(excused[id]),
    })))
}
"""

# WCAG 2's contrast of every text of a chart with the page, where it is under what its size asks.
FAINT = """
() => {
    const parts = css => css.match(/[\\d.]+/g).map(Number)
    const light = rgb => rgb.slice(0, 3).map(v => v / 255)
        .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
        .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0)
    const app = document.querySelector('[data-testid=stApp]')
    const page = parts(getComputedStyle(app).backgroundColor)
    return [...document.querySelectorAll('.js-plotly-plot svg text')].flatMap(text => {
        if (!text.textContent.trim() || text.closest('.heatmaplayer')) return []
        const style = getComputedStyle(text)
        let seen = Number(style.fillOpacity) * (parts(style.fill)[3] ?? 1)
        for (let at = text; at && !at.matches('.js-plotly-plot'); at = at.parentElement)
            seen *= Number(getComputedStyle(at).opacity)
        const drawn = parts(style.fill).slice(0, 3).map((v, i) => seen * v + (1 - seen) * page[i])
        const [low, high] = [light(drawn), light(page)].sort((a, b) => a - b)
        const ratio = (high + 0.05) / (low + 0.05)
        const [size, bold] = [parseFloat(style.fontSize), Number(style.fontWeight) >= 700]
        const asked = size >= 24 || bold && size >= 18.66 ? 3 : 4.5
        return ratio < asked ? [`${text.textContent}: ${ratio.toFixed(2)}, ${style.fill}`] : []
    })
}
"""


@pytest.fixture(scope="module", params=THEMES)
def tab(request: pytest.FixtureRequest, context: Any, served: Served) -> Iterator[Tab]:
    """One for all visits in a theme: axe is put into each document that it opens."""
    opened = Tab(context, served, theme=request.param)
    opened.page.add_init_script(axe.AXE_SCRIPT)
    yield opened
    opened.page.close()


def look(tab: Tab) -> set[str]:
    """Fails if anything breaks a rule without an excuse; returns the rules that needed one."""
    tab.settle()
    tab.page.mouse.move(0, 0)  # what a pointer rests on shows its help
    tab.page.wait_for_function(STILL)
    found: list[dict[str, Any]] = tab.page.evaluate(AXE, EXCUSED)
    broken = [
        f"{one['rule']} ({one['impact']}): {one['html']}\n{one['why']}"
        for one in found
        if not one["excused"]
    ]
    assert not broken, "\n\n".join(broken)
    faint = tab.page.evaluate(FAINT)
    assert not faint, faint
    return {one["rule"] for one in found}


@pytest.mark.parametrize("page", PAGES)
def test_a_page(page: str, tab: Tab) -> None:
    tab.page.set_viewport_size(DESKTOP)
    tab.open(page)
    look(tab)
    tab.page.set_viewport_size(PHONE)
    look(tab)
    tab.sound()


def test_no_excuse_is_needless(tab: Tab) -> None:
    needed = set()
    for page in ("try_a_clip", "about"):
        tab.page.set_viewport_size(PHONE)
        tab.open(page)
        needed |= look(tab)
    assert needed == EXCUSED.keys()


def test_an_answer_and_what_lies_deeper(tab: Tab) -> None:
    tab.page.set_viewport_size(DESKTOP)
    tab.open("try_a_clip")
    button = tab.page.get_by_role("button", name=re.compile("Rendered clip"))
    button.first.click()
    tab.page.get_by_role("heading", name="What they saw").wait_for()
    look(tab)
    tab.page.get_by_role("button", name="Ask along the clip").click()
    tab.page.get_by_role("slider").first.wait_for()
    tab.settle()
    tab.page.get_by_role("button", name="Cover parts and ask again").click()
    tab.page.get_by_text("The strongest colour").first.wait_for()
    look(tab)


def test_a_clip(tab: Tab, made_study: Path) -> None:
    clip = pd.read_parquet(made_study / "predictions.parquet")["clip"].iloc[0]
    tab.open("clips", f"?clip={clip}")
    tab.page.get_by_role("heading", name="Its siblings").wait_for()
    look(tab)


def test_a_class(tab: Tab) -> None:
    tab.open("classes", "?class=Punch")
    tab.page.get_by_role("link", name="The clips of Punch").wait_for()
    look(tab)


def test_a_cell(tab: Tab) -> None:
    tab.open("confusion", "?true=Punch&said=Punch")
    tab.page.get_by_text(re.compile(r"^[\d,]+ answers\.$")).wait_for()
    look(tab)


@pytest.mark.parametrize(("least", "title"), [(0, "Take "), (100, "None")])
def test_which_one(least: int, title: str, tab: Tab) -> None:
    tab.open("choose", f"?need_accuracy={least}")
    tab.page.get_by_test_id("stAlert").get_by_text(re.compile(f"^{title}")).wait_for()
    look(tab)
