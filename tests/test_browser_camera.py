"""The recorder in a real browser with a camera that is none: it records, and says what is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.app import BROWSER_ARGS, Served
from tests.support.browser import DESKTOP, PHONE, Tab

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

pytestmark = pytest.mark.browser
CAMERA = "--use-fake-device-for-media-stream"
ASKED = """
window.streams = []
const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices)
navigator.mediaDevices.getUserMedia = async (wanted) => {
    const stream = await real(wanted)
    window.streams.push(stream)
    return stream
}
"""
LIVE = "window.streams.flatMap(s => s.getTracks()).filter(t => t.readyState === 'live').length"


@pytest.fixture(scope="module")
def driver(browser_path: str) -> Iterator[Any]:
    with playwright.sync_playwright() as found:
        yield found


@pytest.fixture(scope="module")
def browser(driver: Any, browser_path: str) -> Iterator[Any]:
    """Its camera shows a made picture, and whoever asks for it gets it."""
    args = [*BROWSER_ARGS, CAMERA, "--use-fake-ui-for-media-stream"]
    opened = driver.chromium.launch(executable_path=browser_path, args=args)
    yield opened
    opened.close()


def opened(browser: Any, served: Served, script: str = ASKED, **how: Any) -> Tab:
    """Try a clip with the recorder open."""
    tab = Tab(browser.new_context(), served, **how)
    tab.page.add_init_script(script)
    tab.open("try_a_clip")
    tab.page.get_by_text("Record with the camera").click()
    return tab


def start(tab: Tab) -> Any:
    button = tab.page.get_by_role("button", name="Start recording")
    button.click()
    return button


@pytest.mark.parametrize("kind", ["webm", "mp4"])
def test_a_recording_ends_by_itself_and_gets_both_answers(
    kind: str, browser: Any, served: Served
) -> None:
    only = f"MediaRecorder.isTypeSupported = (one) => one.startsWith('video/{kind}')\n"
    tab = opened(browser, served, ASKED + (only if kind == "mp4" else ""))
    page = tab.page
    page.get_by_role("button", name="Start recording").wait_for()
    assert page.evaluate("window.streams.length") == 0, "nobody has clicked yet"
    start(tab)
    said = page.locator("#camera").get_by_role("status")
    playwright.expect(said).to_have_text(re.compile(r"Recording: [45] s left"), timeout=60_000)
    playwright.expect(page.locator("#camera video")).to_be_visible()
    playwright.expect(said).to_have_text(re.compile("5.0 s recorded and sent"), timeout=60_000)
    assert page.evaluate(LIVE) == 0, "the camera is off"
    for model in ("ConvLSTM", "LRCN"):
        page.get_by_text(f"{model}: top 5", exact=True).wait_for()
    page.get_by_text("What they saw").wait_for()
    told = page.get_by_text("Recorded with your camera.").inner_text()
    found = re.search(r"(\d+) frames decoded", told)
    frames = int(found[1]) if found else 0
    assert 25 <= frames <= 200, told  # a busy machine drops some
    page.get_by_text(f"recording.{kind}", exact=True).first.wait_for()
    assert page.evaluate("window.streams.length") == 1
    tab.settle()
    page.get_by_role("button", name="Record again").wait_for()
    tab.sound()
    tab.page.context.close()


def test_by_keyboard_and_stopped_early_on_a_phone(browser: Any, served: Served) -> None:
    tab = opened(browser, served, theme="dark", viewport=PHONE)
    page = tab.page
    button = page.locator("#camera button")
    button.focus()
    button.press("Enter")
    said = page.locator("#camera").get_by_role("status")
    playwright.expect(said).to_have_text(re.compile("Recording: 4 s left"), timeout=60_000)
    assert page.get_by_test_id("stMain").evaluate("e => e.scrollWidth <= e.clientWidth")
    playwright.expect(button).to_be_focused()
    playwright.expect(button).to_have_text("Stop")
    button.press("Enter")
    playwright.expect(said).to_have_text(re.compile(r"[12]\.\d s recorded"), timeout=60_000)
    page.get_by_text("What they saw").wait_for()
    assert page.evaluate(LIVE) == 0
    tab.sound()
    tab.page.context.close()


def test_the_camera_goes_off_when_the_recorder_goes_away(browser: Any, served: Served) -> None:
    for away in ("closed", "another page"):
        tab = opened(browser, served, viewport=DESKTOP)
        start(tab)
        tab.page.get_by_role("button", name="Stop", exact=True).wait_for()
        assert tab.page.evaluate(LIVE) == 1
        if away == "closed":
            tab.page.get_by_text("Record with the camera").click()
        else:
            tab.page.get_by_role("link", name="Cost", exact=True).click()
        tab.page.wait_for_function(f"{LIVE} === 0", timeout=3000)  # a recording takes longer
        tab.settle()
        assert tab.page.get_by_text("What they saw").count() == 0, "nothing was sent"
        tab.sound()
        tab.page.context.close()


def test_what_is_too_large_for_streamlit_is_a_sentence(browser: Any, served: Served) -> None:
    swollen = "const Small = Blob; window.Blob = class extends Small {\n"
    swollen += "constructor(parts, how) { super([...parts, new Uint8Array(16e6)], how) } }"
    tab = opened(browser, served, swollen)
    start(tab)
    tab.page.get_by_role("button", name="Stop", exact=True).click()
    alert = tab.page.locator("#camera").get_by_role("alert")
    playwright.expect(alert).to_contain_text("too large to send (16 MB)", timeout=60_000)
    tab.sound()
    tab.page.context.close()


def test_a_camera_that_is_refused_is_a_sentence(
    driver: Any, browser_path: str, served: Served
) -> None:
    args = [*BROWSER_ARGS, CAMERA, "--use-fake-ui-for-media-stream=deny"]
    refusing = driver.chromium.launch(executable_path=browser_path, args=args)
    tab = opened(refusing, served)
    start(tab)
    alert = tab.page.locator("#camera").get_by_role("alert")
    playwright.expect(alert).to_contain_text("not allowed for this page", timeout=60_000)
    playwright.expect(tab.page.get_by_role("button", name="Start recording")).to_be_visible()
    tab.sound()
    refusing.close()


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ("NotAllowedError", "Allow it in the browser"),
        ("NotFoundError", "No camera was found"),
        ("NotReadableError", "another program may be using it"),
        ("TypeError", "The recording failed (TypeError)"),
    ],
)
def test_what_a_browser_answers_instead_of_a_camera(
    error: str, words: str, browser: Any, served: Served
) -> None:
    script = f"""navigator.mediaDevices.getUserMedia = async () => {{
        throw new DOMException("x", "{error}")
    }}"""
    tab = opened(browser, served, script)
    start(tab)
    alert = tab.page.locator("#camera").get_by_role("alert")
    playwright.expect(alert).to_contain_text(words, timeout=60_000)
    tab.sound()
    tab.page.context.close()


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("delete window.MediaRecorder", "This browser cannot record video"),
        ("MediaRecorder.isTypeSupported = () => false", "This browser cannot record video"),
        (
            "Object.defineProperty(window, 'isSecureContext', {get: () => false})",
            "https:// or is localhost",
        ),
    ],
)
def test_a_browser_or_an_address_that_cannot_record(
    script: str, words: str, browser: Any, served: Served
) -> None:
    tab = opened(browser, served, script)
    alert = tab.page.locator("#camera").get_by_role("alert")
    playwright.expect(alert).to_contain_text(words, timeout=60_000)
    assert tab.page.get_by_role("button", name="Start recording").count() == 0
    tab.sound()
    tab.page.context.close()
