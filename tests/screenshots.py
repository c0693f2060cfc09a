"""`make screenshots`: pictures of the real app on the shipped study, as the README shows them.

May import: the standard library, playwright, tests.support. No frame of the data set gets into a
picture: the clip that is tried is the one that the project renders itself.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, ViewportSize, sync_playwright

from tests.conftest import BROWSERS, find_browser
from tests.support.app import BROWSER_ARGS, PAGES, ROOT, serve

HEIGHT, TALLEST = 1000, 2400  # px; a longer page is cut
SETTLE_MS = 1500  # charts draw themselves after the page's script has ended


def main() -> int:
    """Takes the pictures; the exit status is 2 where there is no browser or no study."""
    parser = argparse.ArgumentParser(prog="python -m tests.screenshots", description=__doc__)
    parser.add_argument("--study", type=Path, default=ROOT / "studies" / "ucf50-15")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "screenshots")
    parser.add_argument("--themes", nargs="+", default=["light", "dark"])
    parser.add_argument("--width", type=int, default=1360, help="px; a phone has about 390")
    parser.add_argument("--pages", nargs="+", default=list(PAGES), choices=PAGES)
    args = parser.parse_args()
    browser_path = find_browser()
    if browser_path is None:
        print(f"no browser: install one of {', '.join(BROWSERS)}", file=sys.stderr)
        return 2
    if not (args.study / "study.json").is_file():
        print(f"{args.study}: no study here; name one with --study", file=sys.stderr)
        return 2
    args.out.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as temporary,
        serve(args.study.resolve(), Path(temporary) / "streamlit.log") as served,
        sync_playwright() as driver,
    ):
        browser = driver.chromium.launch(executable_path=browser_path, args=list(BROWSER_ARGS))
        for theme in args.themes:
            for name in args.pages:
                size: ViewportSize = {"width": args.width, "height": HEIGHT}
                tab = browser.new_page(viewport=size, color_scheme=theme)
                tab.goto(f"{served.url}/{'' if name == 'overview' else name}")
                _settle(tab)
                if name == "try_a_clip":
                    tab.get_by_role("button", name=re.compile("Rendered clip")).first.click()
                    tab.get_by_text("What they saw").wait_for(timeout=60_000)
                    _settle(tab)
                file = args.out / f"{name.replace('_', '-')}-{theme}.png"
                _whole_page(tab, args.width, file)
                print(file)
                tab.close()
        browser.close()
    return 0


def _settle(tab: Page) -> None:
    """Waits until the title stands, the script has ended and the charts are drawn."""
    tab.locator("h1").first.wait_for(timeout=60_000)
    tab.wait_for_function(
        "document.querySelector('[data-testid=stApp]')?.dataset.testScriptState === 'notRunning'"
    )
    tab.wait_for_timeout(SETTLE_MS)


def _whole_page(tab: Page, width: int, file: Path) -> None:
    """The page scrolls inside itself, so the window is made as tall as what it holds."""
    tab.mouse.move(0, 0)  # no help text hangs over the page
    height = tab.get_by_test_id("stMain").evaluate("e => e.scrollHeight")
    tab.set_viewport_size({"width": width, "height": min(TALLEST, max(600, height))})
    tab.wait_for_timeout(SETTLE_MS)
    tab.screenshot(path=file)


if __name__ == "__main__":
    sys.exit(main())
