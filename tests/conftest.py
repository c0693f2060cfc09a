"""What every test has: quiet frameworks, the loopback only, the data, the browser, a study to show.

May import: the standard library, pytest, hypothesis; streamlit and tests.support where a test asks.
"""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

# Set before any test module loads a framework: they read these once, on import.
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import hypothesis
import pytest

if TYPE_CHECKING:
    from tests.support.app import Served

ROOT = Path(__file__).resolve().parents[1]
BROWSERS = ("chromium", "chromium-browser", "google-chrome")

# No deadline: a slow machine is no failure. In CI the same examples every time.
hypothesis.settings.register_profile("hvc", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "hvc")


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the marks
def pytest_collection_modifyitems(items: list[pytest.Function]) -> None:
    """One process runs a file's tests, unless a mark says more: what they share is made once."""
    for item in items:
        if item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(item.module.__name__))


@pytest.fixture(scope="session")
def root() -> Path:
    """The project's root folder."""
    return ROOT


@pytest.fixture(scope="session")
def ucf50() -> Path:
    """The real clips, one folder a class; the test is skipped where they are not."""
    data = Path(os.environ.get("HVC_DATA", ROOT.parent / "shared" / "ucf50"))
    if not data.is_dir():
        pytest.skip(f"no UCF50 clips: {data} is not there (HVC_DATA names their folder)")
    return data


def find_browser() -> str | None:
    """The program of an installed Chromium, if there is one."""
    return next((found for name in BROWSERS if (found := shutil.which(name))), None)


@pytest.fixture(scope="session")
def browser_path() -> str:
    """The program of an installed Chromium; the test is skipped where there is none."""
    found = find_browser()
    if found is None:
        pytest.skip(f"no browser: none of {', '.join(BROWSERS)} is installed")
    return found


@pytest.fixture(scope="session")
def made_study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The study that `shown` and `own` take, of three models; only to be read."""
    from tests.support.studies import make_study

    return make_study(tmp_path_factory.mktemp("made") / "study", models=3, clips_per_group=2)


@pytest.fixture(scope="module")
def served(
    made_study: Path, tmp_path_factory: pytest.TempPathFactory, browser_path: str
) -> Iterator[Served]:
    """The app on the made study, as people start it."""
    from tests.support.app import serve

    with serve(made_study, tmp_path_factory.mktemp("served") / "streamlit.log") as found:
        yield found


@pytest.fixture(scope="module")
def context(browser_path: str) -> Iterator[Any]:
    """A browser for all tests of a module: what it has loaded and compiled once it keeps."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    from tests.support.app import BROWSER_ARGS

    with playwright.sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=browser_path, args=BROWSER_ARGS)
        yield opened.new_context()
        opened.close()


@pytest.fixture
def _fresh_caches() -> None:
    """One test's studies and models are not another's."""
    import streamlit as st

    st.cache_data.clear()
    st.cache_resource.clear()


@pytest.fixture
def shown(made_study: Path, _fresh_caches: None, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The made study is the one that the app shows; only to be read."""
    monkeypatch.setenv("HVC_STUDY", str(made_study))
    return made_study


@pytest.fixture
def own(
    made_study: Path, _fresh_caches: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A copy of the made study, shown by the app: the test's own, to break."""
    folder = Path(shutil.copytree(made_study, tmp_path / "study"))
    monkeypatch.setenv("HVC_STUDY", str(folder))
    return folder


@pytest.fixture(scope="session", autouse=True)
def _loopback_only() -> Iterator[None]:
    """Refuses connections of this process to any other machine: a test that needs one is wrong."""
    connect, connect_ex = socket.socket.connect, socket.socket.connect_ex

    def allowed(sock: socket.socket, address: Any) -> None:
        local = sock.family == getattr(socket, "AF_UNIX", None)
        if not local and str(address[0]) not in {"127.0.0.1", "::1", "localhost", "0.0.0.0", "::"}:
            raise OSError(f"tests stay on this machine; refused a connection to {address}")

    def guarded(sock: socket.socket, address: Any) -> None:
        allowed(sock, address)
        connect(sock, address)

    def guarded_ex(sock: socket.socket, address: Any) -> int:
        allowed(sock, address)
        return connect_ex(sock, address)

    patch = pytest.MonkeyPatch()
    patch.setattr(socket.socket, "connect", guarded)
    patch.setattr(socket.socket, "connect_ex", guarded_ex)
    yield
    patch.undo()
