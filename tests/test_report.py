"""The report: whole, safe, and asking no network.

May import: the standard library, pandas, dashboard.
"""

from __future__ import annotations

import io
import re
import zipfile
from html.parser import HTMLParser

import numpy as np
import pandas as pd

from dashboard import charts, report
from dashboard.report import Section

CLASSES = ["Diving", "Punch"]
SECTIONS = [
    Section("Who is right?", ("LRCN beats <b>ConvLSTM</b>.", "By far.")),
    Section("Confusion", chart=charts.confusion(np.eye(2) * 5, CLASSES, "LRCN", True, 100.0)),
    Section("All figures", table=pd.DataFrame({"Model": ["<i>A</i>"], "Accuracy": [0.5]})),
]


class Seen(HTMLParser):
    """What a browser would load, and the headings."""

    def __init__(self) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.loads += [v or "" for k, v in attrs if k in ("src", "href")]


def made() -> str:
    return report.html("LRCN or <script>?", {"Study": "tiny & small"}, SECTIONS, "python -m x")


def test_it_asks_nothing_of_the_network() -> None:
    seen = Seen()
    seen.feed(made())
    assert seen.loads == []
    assert seen.tags.count("h2") == len(SECTIONS) + 1 and seen.tags.count("h1") == 1


def test_what_is_said_is_said_and_never_run() -> None:
    text = made()
    assert "LRCN or &lt;script&gt;?" in text and "tiny &amp; small" in text
    assert "LRCN beats &lt;b&gt;ConvLSTM&lt;/b&gt;." in text and "&lt;i&gt;A&lt;/i&gt;" in text
    assert "python -m x" in text


def test_the_code_that_draws_is_in_it_once_and_every_chart_has_its_words() -> None:
    text = made()
    assert len(re.findall(r"plotly\.js v\d", text)) == 1
    assert text.count('id="chart-1"') == 1
    assert f'aria-label="{SECTIONS[1].chart.alt}"' in text  # type: ignore[union-attr]


def test_the_archive_has_the_report_and_a_csv_for_each_table() -> None:
    with zipfile.ZipFile(io.BytesIO(report.archive("page", SECTIONS))) as file:
        assert file.namelist() == ["report.html", "02-confusion.csv", "03-all-figures.csv"]
        assert file.read("report.html") == b"page"
        table = pd.read_csv(io.BytesIO(file.read("03-all-figures.csv")))
        assert table.to_dict("list") == {"Model": ["<i>A</i>"], "Accuracy": [0.5]}
