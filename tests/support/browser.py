"""A page of the running app in a real browser, for the tests that drive one.

May import: the standard library, tests.support.app.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from tests.support.app import Served

# Under a page's address Streamlit first asks there for what lies at the root, and is told 404.
PROBES = re.compile(r"/_stcore/(health|host-config)$")
DESKTOP, PHONE = {"width": 1360, "height": 900}, {"width": 390, "height": 844}


class Tab:
    """A page of the running app, and everything that its console complains of."""

    def __init__(
        self,
        context: Any,
        served: Served,
        theme: str = "light",
        viewport: dict[str, int] = DESKTOP,
    ) -> None:
        self.page = context.new_page()
        self.page.emulate_media(color_scheme=theme)
        self.page.set_viewport_size(viewport)
        self.page.set_default_timeout(300_000)  # a busy machine is no failure
        self.served = served
        self.complaints: list[str] = []
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _heard(self, message: Any) -> None:
        if message.type == "error" and not PROBES.search(message.location.get("url", "")):
            self.complaints.append(f"{message.text} {message.location}")

    def open(self, page: str, query: str = "") -> None:
        self.page.goto(f"{self.served.url}/{'' if page == 'overview' else page}{query}")
        self.settle()

    def settle(self) -> None:
        """Waits until a title stands and the script has ended."""
        self.page.locator("h1").first.wait_for()
        self.page.wait_for_function(
            "document.querySelector('[data-testid=stApp]')?.dataset.testScriptState"
            " === 'notRunning'"
        )

    def upload(self, path: Path) -> None:
        self.page.set_input_files("input[type=file]", str(path))

    def sound(self) -> None:
        """Nothing went wrong: no exception on the page, no complaint in the console."""
        said = [*self.page.get_by_test_id("stException").all_inner_texts(), *self.complaints]
        assert not said, "\n".join(said)
