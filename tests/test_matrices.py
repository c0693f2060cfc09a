"""Confusion matrices: what is drawn, what a click carries, and how two of them differ.

May import: the standard library, numpy, plotly, pytest, dashboard.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

import numpy as np
import pytest
from plotly.colors import sample_colorscale, unlabel_rgb

from dashboard import charts, show
from dashboard.charts import CELL_TEXT_CLASSES, inks

CLASSES = ["Diving", "Punch", "Swing"]
A = np.array([[8, 2, 0], [1, 9, 0], [0, 0, 10]])
B = np.array([[10, 0, 0], [0, 10, 0], [0, 3, 7]])


def numbers(made: charts.Chart) -> list[list[str]]:
    """What stands in a matrix's cells, in whichever ink."""
    words = [np.array(trace.text, dtype=object) for trace in made.figure.data[2:]]
    return np.sum(words, axis=0).tolist()


def test_shares_of_rows_and_of_an_empty_row() -> None:
    found = charts.shares(np.array([[3, 1], [0, 0]]))
    assert found.tolist() == [[0.75, 0.25], [0, 0]]


def test_confusion_matrices_share_the_scale_they_are_given() -> None:
    top = float(max(A.max(), B.max()))
    ends = {
        charts.confusion(m, CLASSES, "m", False, top).figure.layout.coloraxis.cmax for m in (A, B)
    }
    assert ends == {10.0} == {charts.scale(top, False).figure.layout.coloraxis.cmax}


def test_confusion_in_shares_and_in_counts() -> None:
    shares = charts.confusion(A, CLASSES, "m", True, 100.0)
    counts = charts.confusion(A, CLASSES, "m", False, 10.0)
    assert shares.figure.data[0].z[0].tolist() == [80.0, 20.0, 0.0]
    assert counts.figure.data[0].z[0].tolist() == [8.0, 2.0, 0.0]
    assert numbers(counts)[0] == ["8", "2", ""]
    assert counts.table.iloc[:, 1:].to_numpy().tolist() == A.tolist()


def test_confusion_keeps_shares_of_the_whole_when_classes_are_left_out() -> None:
    drawn = charts.confusion(B, CLASSES, "m", True, 100.0, keep=[1, 2]).figure.data[0]
    assert list(drawn.x) == ["Punch", "Swing"]
    assert drawn.z[1].tolist() == [30.0, 70.0]


def test_fifty_classes_are_numbered_below_and_named_at_the_side() -> None:
    names = [f"Class{i:02d}" for i in range(50)]
    figure = charts.confusion(np.eye(50), names, "m", True, 100.0).figure
    assert figure.layout.yaxis.ticktext[0] == "Class00 1"
    assert list(figure.layout.xaxis.ticktext)[:2] == ["5", "10"]
    assert len(figure.data) == 2, "no room for numbers"


def test_mistakes_are_listed_most_frequent_first() -> None:
    found = charts.mistakes(B, CLASSES)
    assert found.to_dict("records") == [
        {"True class": "Swing", "Predicted": "Punch", "Predictions": 3, "Share, %": 30.0}
    ]
    assert charts.mistakes(np.eye(3), CLASSES).empty
    assert "no mistake" in charts.confusion(np.eye(3), CLASSES, "m", True, 100.0).alt


def test_most_confused_counts_both_ways_and_all_matrices() -> None:
    assert charts.most_confused([B], 2) == [1, 2]
    assert charts.most_confused([A, B], 2) == [0, 1]
    assert charts.most_confused([A, B], 9) == [0, 1, 2]


@pytest.mark.parametrize("keep", [None, [1, 2]])
def test_every_cell_has_a_marker_that_carries_its_classes(keep: list[int] | None) -> None:
    names = CLASSES if keep is None else [CLASSES[i] for i in keep]
    for made in (
        charts.confusion(A, CLASSES, "m", True, 100.0, keep),
        charts.difference(A, B, CLASSES, keep),
    ):
        cells, markers, *written = made.figure.data
        carried = [tuple(cell[:2]) for cell in markers.customdata]
        assert carried == [(true, told) for true in names for told in names]
        assert list(zip(markers.y, markers.x, strict=True)) == carried
        assert markers.marker.opacity == 0 == markers.unselected.marker.opacity
        # Else a click would land on a heatmap.
        assert {trace.hoverinfo for trace in (cells, *written)} == {"skip"}


def test_a_marker_tells_share_and_count() -> None:
    markers = charts.confusion(A, CLASSES, "m", True, 100.0).figure.data[1]
    said = [cell[2] for cell in markers.customdata]
    assert said[:2] == ["80 % (8 predictions)", "20 % (2 predictions)"]


def test_the_difference_is_in_points_and_its_scale_has_0_in_the_middle() -> None:
    made = charts.difference(A, B, CLASSES)
    expected = np.array([[20, -20, 0], [-10, 10, 0], [0, 30, -30]])
    assert made.figure.data[0].z == pytest.approx(expected)
    assert numbers(made)[2] == ["", "+30", "-30"]
    axis = made.figure.layout.coloraxis
    assert (axis.cmin, axis.cmax) == pytest.approx((-30, 30))
    assert made.alt.endswith("Swing taken for Punch, +30 points.")
    assert charts.difference(A, A, CLASSES).alt.endswith("They make the same mistakes.")
    # Twice the clips in one matrix is no difference.
    assert not charts.difference(A, 2 * A, CLASSES).figure.data[0].z.any()


def test_contrast_is_as_wcag_has_it() -> None:
    black, white, grey = (np.array(charts.rgb(c)) for c in ("#000000", "#FFFFFF", "#767676"))
    assert inks.contrast(black, white) == pytest.approx(21)
    assert inks.contrast(grey, white) == pytest.approx(4.54, abs=0.005)
    assert inks.contrast(white, grey) == inks.contrast(grey, white)


def test_the_pages_behind_the_matrices_are_the_themes_own(root: Path) -> None:
    config = tomllib.loads((root / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
    assert {k: config["theme"][k]["backgroundColor"] for k in inks.PAGE} == inks.PAGE
    assert inks.SHADES.keys() == inks.PAGE.keys() == show.INK.keys()


@pytest.mark.parametrize("theme", inks.PAGE)
@pytest.mark.parametrize("sort", ["share", "counts", "difference"])
def test_every_number_reads_on_its_cell(theme: str, sort: str) -> None:
    # Every share there can be, so every colour of the scale: one row a percent.
    share = np.arange(CELL_TEXT_CLASSES)[:, None] + CELL_TEXT_CLASSES * np.arange(5)
    names = [f"Class{i:02d}" for i in range(CELL_TEXT_CLASSES)]
    for part in share.T:
        a, b = np.zeros((2, len(names), len(names)))
        np.fill_diagonal(a, part)
        np.fill_diagonal(b, 100 - part)
        a[:, 0] += 100 - part
        b[:, 0] += part
        if sort == "difference":
            made = charts.difference(a, b, names, theme=theme)
        else:
            made = charts.confusion(a, names, "m", sort == "share", 100.0, theme=theme)
        assert written(made) == sum(text != "" for row in numbers(made) for text in row) > 0


def written(made: charts.Chart) -> int:
    """How many numbers there are; each was found to have WCAG's 4.5:1 on its cell, as drawn."""
    axis, count = made.figure.layout.coloraxis, 0
    for trace in made.figure.data[2:]:
        assert trace.colorscale[0][1] == "rgba(0, 0, 0, 0)" == trace.colorscale[-1][1]
        texts = np.array(trace.text)
        at = (np.array(trace.z)[texts != ""] - axis.cmin) / (axis.cmax - axis.cmin)
        colors = [color for _, color in axis.colorscale]
        ink = np.array(charts.rgb(trace.textfont.color))
        cells = [unlabel_rgb(cell) for cell in sample_colorscale(colors, at.tolist())]
        assert all(inks.contrast(np.array(cell), ink) >= 4.5 for cell in cells)
        count += len(cells)
    return count
