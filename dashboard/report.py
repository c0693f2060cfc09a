"""A study's pages as one HTML file that opens without network, and its tables as CSV files.

Pure: what is said and drawn in, bytes out. May import: the standard library, jinja2, plotly,
pandas, dashboard.charts.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import jinja2
import pandas as pd
import plotly.io
import plotly.offline

from dashboard.charts import Chart

TEMPLATE = Path(__file__).with_suffix(".html.jinja")
INK = "#59626C"


@dataclass(frozen=True)
class Section:
    """A part of the report.

    Attributes:
        heading: str.
        words: tuple of str. Paragraphs, plain text.
        chart: Chart or None.
        table: DataFrame or None. The chart's own where left out.
    """

    heading: str
    words: tuple[str, ...] = ()
    chart: Chart | None = None
    table: pd.DataFrame | None = None

    @property
    def numbers(self) -> pd.DataFrame | None:
        """The section's table; None where it has none."""
        if self.table is None:
            return None if self.chart is None or self.chart.table.empty else self.chart.table
        return self.table


def html(title: str, facts: dict[str, str], sections: Sequence[Section], commands: str) -> str:
    """The whole report as one file: text, tables, charts, and the code that draws them.

    Args:
        title: str.
        facts: what it is a report of: study, revision, protocol, seeds, models.
        sections: its parts, in order.
        commands: what makes the numbers again.
    """
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    parts = []
    for number, section in enumerate(sections):
        numbers = section.numbers
        parts.append(
            {
                "heading": section.heading,
                "words": section.words,
                "chart": section.chart,
                "drawn": _drawn(section.chart, number) if section.chart else "",
                "rows": "" if numbers is None else _rows(numbers),
            }
        )
    return environment.from_string(TEMPLATE.read_text(encoding="utf-8")).render(
        title=title,
        facts=facts,
        sections=parts,
        commands=commands,
        plotly=plotly.offline.get_plotlyjs(),
    )


def archive(page: str, sections: Sequence[Section]) -> bytes:
    """The report and every table of it as a CSV file, in one ZIP."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("report.html", page)
        for number, section in enumerate(sections, 1):
            if section.numbers is not None:
                name = f"{number:02d}-{slug(section.heading)}.csv"
                made.writestr(name, section.numbers.to_csv(index=False))
    return file.getvalue()


def slug(words: str) -> str:
    """Words as a file's name: 'LRCN or ConvLSTM?' -> 'lrcn-or-convlstm'."""
    return re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")


def _drawn(chart: Chart, number: int) -> str:
    chart.figure.update_layout(paper_bgcolor="#FFFFFF", plot_bgcolor="#FFFFFF", font_color=INK)
    return str(
        plotly.io.to_html(
            chart.figure,
            include_plotlyjs=False,
            full_html=False,
            div_id=f"chart-{number}",
            config={"displayModeBar": False, "responsive": True},
        )
    )


def _rows(table: pd.DataFrame) -> str:
    return str(table.to_html(index=False, border=0, na_rep="–", justify="left"))
