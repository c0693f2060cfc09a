"""The charts of the page of true cost: accuracy against a cost, and size by number of classes."""

from __future__ import annotations

import itertools

import hypothesis
import pytest
from hypothesis import strategies as st

from dashboard import charts
from hvc_core.statistics.stats import Estimate


def test_trade_has_numbers_on_its_axis_within_one_decade_and_over_many() -> None:
    for costs in ((100.0, 180.0), (1.0, 1e6)):
        rows = [(f"m{c}", c, Estimate(0.5, 0.4, 0.6), None) for c in costs]
        axis = charts.trade(rows, "u", "t").figure.layout.xaxis
        assert len(axis.tickvals) >= 2 and axis.type == "log"


def test_the_frontier_is_drawn_through_what_nothing_beats_and_names_do_not_touch() -> None:
    rows = [
        ("cheap", 10.0, Estimate(0.4, 0.3, 0.5), 0),
        ("dear", 6000.0, Estimate(0.9, 0.8, 1.0), 1),
        ("twin", 6010.0, Estimate(0.89, 0.8, 1.0), None),
        ("third", 6020.0, Estimate(0.91, 0.8, 1.0), None),
    ]
    made = charts.trade(rows[::-1], "millions", "t")
    assert made.table["On the frontier"].tolist() == ["yes", "yes", "no", "yes"]
    line = made.figure.data[0]
    assert list(line.x[:-1]) == [10, 6000, 6020] and list(line.y[:-1]) == [40, 90, 91]
    assert made.alt.endswith("On the frontier: cheap, dear, third.")
    notes = {note.text: note for note in made.figure.layout.annotations}
    heights = sorted(notes[name].ay for name in ("dear", "twin", "third"))
    assert min(b - a for a, b in itertools.pairwise(heights)) >= 6.9
    assert notes["cheap"].xanchor == "left" and notes["dear"].xanchor == "right"
    assert notes["twin"].ay < notes["dear"].ay < notes["third"].ay


@hypothesis.given(
    st.lists(st.tuples(st.floats(0.5, 5e4), st.floats(0, 1)), min_size=1, max_size=15)
)
def test_names_of_a_side_stand_within_the_axis_and_never_touch(
    found: list[tuple[float, float]],
) -> None:
    rows = [(f"m{i}", cost, Estimate(a, a, a), None) for i, (cost, a) in enumerate(found)]
    figure = charts.trade(rows, "u", "t").figure
    low, high = figure.layout.yaxis.range
    for side in ("left", "right"):
        notes = sorted(
            (note for note in figure.layout.annotations if note.xanchor == side),
            key=lambda note: note.ay,
        )
        assert all(low + 3.4 <= note.ay <= high - 3.4 for note in notes)
        assert all(b.ay - a.ay >= 6.9 for a, b in itertools.pairwise(notes))
        if len(notes) == 1 and notes[0].y >= 3.5:
            assert notes[0].ay == pytest.approx(notes[0].y)


def test_the_smaller_model_depends_on_the_number_of_classes() -> None:
    """DESIGN's check values: 44,524 / 73,060 at 4 classes, 177,050 / 74,578 at 50."""
    table = charts.sizes(
        [("ConvLSTM", 33_000, 2_881, 0), ("LRCN (from scratch)", 72_928, 33, 1)], 101, 15
    ).table.set_index("Model")
    assert table["4 classes"].tolist() == ["44,524", "73,060"]
    assert table["50 classes"].tolist() == ["177,050", "74,578"]


def test_models_of_one_size_share_a_line_and_no_two_lines_look_alike() -> None:
    rows = [("A", 100, 2, 0), ("B", 500, 3, 1), ("B frozen", 500, 3, None)]
    rows += [(f"C{i}", 600 + i, 3, None) for i in range(6)] + [("C0 frozen", 600, 3, None)]
    drawn = [trace for trace in charts.sizes(rows, 101, 15).figure.data if trace.mode == "lines"]
    others = [f"C{i}" for i in range(1, 6)]
    assert [one.name for one in drawn] == ["A", "B, B frozen", "C0, C0 frozen", *others]
    assert len({(one.line.color, one.line.dash) for one in drawn}) == len(drawn)
    # A pair of one size shows both: the dashed line lies upon the solid one.
    pair = charts.sizes([("A", 100, 2, 0), ("A again", 100, 2, 1)], 101, 15).figure.data
    assert [one.line.dash for one in pair] == ["solid", "dash"]
