"""Opens the app for tests: in process (AppTest), or as people start it (a server and a browser).

May import: the standard library, streamlit's testing, playwright (only where a browser is used).
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from streamlit.testing.v1 import AppTest

ROOT = Path(__file__).resolve().parents[2]
APP = ROOT / "dashboard" / "app.py"
PAGES = (
    "overview", "findings", "choose", "confusion", "classes", "clips", "cost", "training", "sure",
    "leakage", "calibration", "conditions", "try_a_clip", "compare", "about",
)  # fmt: skip
TITLES = {
    "findings": "Findings",
    "choose": "Which one should I take?",
    "confusion": "Confusion",
    "classes": "Classes",
    "clips": "Clips",
    "cost": "Cost",
    "training": "Training",
    "sure": "How sure?",
    "leakage": "Leakage",
    "calibration": "Calibration",
    "conditions": "Time and the world",
    "try_a_clip": "Try a clip",
    "compare": "Compare studies",
    "about": "About",
}
# A sandbox needs rights that containers lack; the rest keeps the browser from calling home.
BROWSER_ARGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
START_SECONDS = 300


def open_page(page: str = "overview", **query: str) -> AppTest:
    """Runs a page of the app in this process, on the study that HVC_STUDY names.

    Args:
        page: one of PAGES.
        query: what the address asks for: a, b, protocol.
    """
    app = AppTest.from_file(str(APP), default_timeout=300)
    for key, value in query.items():
        app.query_params[key] = value
    if page != "overview":
        app.switch_page(f"app_pages/{page}.py")
    return app.run()


def words(app: AppTest) -> str:
    """The words that a page shows as text: titles, paragraphs, captions, code, messages."""
    alerts = ("error", "warning", "info", "success")
    found: list[Any] = []
    for kind in ("title", "header", "subheader", "markdown", "caption", "code", *alerts):
        for element in app.get(kind):
            shown: Any = element
            found.append(shown.value)
            if kind in alerts:
                found.append(shown.proto.title)
    return "\n".join(str(text) for text in found)


@dataclass(frozen=True)
class Served:
    """A running app.

    Attributes:
        url: str. Its address, no slash at the end.
        log: Path. What it prints.
    """

    url: str
    log: Path


@contextmanager
def serve(study: Path, log: Path, command: tuple[str, ...] = ()) -> Iterator[Served]:
    """Starts `streamlit run dashboard/app.py` at the root, as hosts do, and stops it at the end.

    Args:
        study: Path. Goes into HVC_STUDY.
        log: Path. A file for what the server prints.
        command: what starts Streamlit; the environment's own script where left out.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    script = command or (str(Path(sys.executable).with_name("streamlit")),)
    words = [
        *script,
        "run",
        "dashboard/app.py",
        "--server.port",
        str(port),
        "--server.address",
        "127.0.0.1",
        "--server.headless",
        "true",
    ]
    with log.open("w") as out:
        process = subprocess.Popen(
            words, cwd=ROOT, env={**os.environ, "HVC_STUDY": str(study)}, stdout=out, stderr=out
        )
        try:
            url = f"http://127.0.0.1:{port}"
            _wait(f"{url}/_stcore/health", process, log)
            yield Served(url, log)
        finally:
            stop(process)


def stop(process: subprocess.Popen[bytes]) -> None:
    """Ends a server as hosts do: asked first, then made to."""
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Waits until the server answers."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"streamlit ended with {process.returncode}:\n{log.read_text()}")
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise RuntimeError(f"streamlit did not answer in {START_SECONDS} s:\n{log.read_text()}")
