"""How long the app takes to open a study and to turn its pages: the shipped study and a large one.

There is no common way to set beside it, only limits. `python -m benchmarks.pages FOLDER` is a fresh
process that opens a study and runs every page twice; it prints its seconds as JSON. At the top this
imports no more than that process needs.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.timing import seconds

if TYPE_CHECKING:
    from benchmarks.results import Row

ROOT = Path(__file__).resolve().parent.parent
APP = ROOT / "dashboard" / "app.py"
OPEN, TURN = 3.0, 1.0  # seconds at most
RUNS = 3  # processes a study at most: one of a million rows takes most of a minute
OPENING = (
    "`study.read` in a fresh process, median of {runs}: all is read and checked. {rows:,} "
    "predictions of {models} models and {classes} classes."
)
TURNING = (
    "A page's own program from beginning to end (Streamlit's AppTest), without the browser; the "
    "study is open and the libraries are loaded. Each page once with no number kept, as the first "
    "visitor to a server finds it, and then again, as everyone after; median of {runs}. The CSV "
    "has every page."
)


def measure(shipped: Path | None, repeats: int, quick: bool = False) -> Iterator[Row]:
    """Opens studies and turns their pages in processes of their own.

    Args:
        shipped: Path or None. A study to measure beside the synthetic one.
        repeats: int. Processes a study; RUNS at most.
        quick: bool. A small synthetic study instead of the large one.

    Raises:
        BenchmarkError: a page failed.
    """
    from benchmarks import million

    if shipped is not None:
        yield from _of_study(shipped, shipped.name, min(repeats, RUNS))
    with tempfile.TemporaryDirectory(prefix="hvc-pages-") as folder:
        size = million.SMALL if quick else million.MILLION
        print(f"  making a study of {size.rows:,} rows (half a minute or more) …", flush=True)
        made = million.make(Path(folder) / "study", size)
        yield from _of_study(made, f"{size.rows:,} rows", min(repeats, RUNS))


def _of_study(folder: Path, name: str, repeats: int) -> Iterator[Row]:
    from benchmarks.results import PAGE, within

    found = [turn(folder) for _ in range(repeats)]
    opening = OPENING.format(runs=repeats, **found[0]["size"])
    yield within("Opening a study", [one["open"] for one in found], OPEN, "s", name, opening)
    pages = list(found[0]["pages"])
    by_page = {
        page: [within("", [one["pages"][page][time] for one in found], TURN, "s")
               for time in (0, 1)]
        for page in pages
    }  # fmt: skip
    for time, label in ((0, "the first time"), (1, "again")):
        slowest = max(pages, key=lambda page: by_page[page][time].ours)
        over = [page for page in pages if by_page[page][time].met == "no"]
        what = f"Turning to its slowest page, {slowest}, {label}"
        if over[1:]:
            what += f"; {len(over)} of {len(pages)} pages take over {TURN:g} s"
        values = [one["pages"][slowest][time] for one in found]
        yield within(what, values, TURN, "s", name, TURNING.format(runs=repeats))
    for page in pages:
        for time, label in ((0, "the first time"), (1, "again")):
            values = [one["pages"][page][time] for one in found]
            yield within(f"{PAGE}{page}, {label}", values, TURN, "s", name)


def turn(folder: Path) -> dict[str, Any]:
    """What a fresh process measures of a study.

    Returns:
        dict: `open` (seconds), `pages` (page -> seconds of the first run and of the second),
        `size` (rows, models, classes).

    Raises:
        BenchmarkError: the process or a page failed; its last words are in the message.
    """
    from benchmarks.results import BenchmarkError

    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.pages", str(folder.resolve())],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env={**os.environ, "HVC_STUDY": str(folder.resolve())},
    )
    if done.returncode:
        raise BenchmarkError(f"{folder}: turning its pages failed: {done.stderr.strip()[-600:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def timed(folder: Path) -> dict[str, Any]:
    """Opens the study that HVC_STUDY names and runs every page of the app twice: see `turn`."""
    from hvc_core import study

    logging.disable(logging.WARNING)  # Streamlit's, of running without a server
    opened = seconds(lambda: study.read(folder))
    of = study.read(folder)
    size = {"rows": len(of.predictions), "models": len(of.models), "classes": len(of.classes)}
    del of
    _run("overview")  # opens the study for the app, and loads what draws charts
    names = sorted(page.stem for page in (APP.parent / "app_pages").glob("*.py"))
    pages = {}
    for name in names:
        _forget()
        pages[name] = [_run(name), _run(name)]
    return {"open": opened, "pages": pages, "size": size}


def _run(page: str) -> float:
    """Runs a page as a browser's visit would and returns its seconds."""
    from streamlit.testing.v1 import AppTest

    app = AppTest.from_file(str(APP), default_timeout=600)
    if page != "overview":
        app.switch_page(f"app_pages/{page}.py")
    passed = seconds(app.run)
    failed = [*app.exception, *app.error]
    if failed:
        raise RuntimeError(f"page {page}: {failed[0].value}")
    return passed


def _forget() -> None:
    """Empties all that is kept of numbers; the study stays open."""
    import streamlit as st

    from hvc_core.statistics import bootstrap, significance, stats

    st.cache_data.clear()
    stats.KEPT.clear()
    bootstrap.bootstrap_weights.cache_clear()
    significance.stream.cache_clear()


if __name__ == "__main__":
    print(json.dumps(timed(Path(sys.argv[1]))))
