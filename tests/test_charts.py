"""Charts are pure: small tables in, and what is drawn, said and tabled agrees."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from dashboard import charts
from hvc_core.statistics.stats import Estimate

TITLES = ("ConvLSTM", "LRCN")
CLASSES = ["Diving", "Punch", "Swing"]
A = np.array([[8, 2, 0], [1, 9, 0], [0, 0, 10]])
B = np.array([[10, 0, 0], [0, 10, 0], [0, 3, 7]])


def estimates(value: float) -> dict[str, Estimate]:
    return {key: Estimate(value, value - 0.05, value + 0.02) for key in charts.METRICS}


def history(cells: int = 2, epochs: int = 3) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "fold": 0,
                "seed": seed,
                "model": model,
                "epoch": epoch,
                "loss": 2.0 / epoch,
                "accuracy": 0.2 * epoch,
                "val_loss": 2.2 / epoch,
                "val_accuracy": 0.1 * epoch,
            }
            for model in ("convlstm", "lrcn")
            for seed in range(1, cells + 1)
            for epoch in range(1, epochs + 1)
        ]
    )


def class_table() -> pd.DataFrame:
    table = pd.DataFrame({"class": CLASSES, "a": [0.8, 0.5, 1.0], "b": [0.9, 0.9, 0.4]})
    for key in "ab":
        table[f"{key}_low"] = table[key] - 0.1
        table[f"{key}_high"] = (table[key] + 0.05).clip(upper=1)
    return table.assign(gap=table["b"] - table["a"])


def leak(name: str, slot: int) -> charts.Series:
    """Three rows: a leak, none known, and one below zero."""
    return charts.Series(
        name, [Estimate(0.4, 0.3, 0.5), None, Estimate(-0.0001, -0.1, 0.1)], slot, marked=[True] * 3
    )


def bins() -> pd.DataFrame:
    return pd.DataFrame(
        {"confidence": [0.25, np.nan, 0.9], "accuracy": [0.5, np.nan, 0.8], "count": [4, 0, 10]}
    )


def curve() -> tuple[np.ndarray, np.ndarray]:
    return np.array([0.2, 0.5, 1.0]), np.array([1.0, 0.9, 0.7])


def strengths() -> pd.DataFrame:
    rows = [
        (slot, strength, 0.9 - strength / 10, 0.8 - strength / 10, 1.0 - strength / 10)
        for slot in (0, 1)
        for strength in range(6)
    ]
    return pd.DataFrame(rows, columns=["slot", "strength", "accuracy", "low", "high"])


EVERY = {
    "quality": lambda: charts.quality(
        TITLES, (estimates(0.6), estimates(0.9)), [("ConvLSTM", 0.7705), ("LRCN", 0.877)]
    ),
    "protocols": lambda: charts.protocols(
        TITLES,
        [
            ("holdout", (Estimate(0.5, 0.4, 0.6), None)),
            ("random", (Estimate(0.8, 0.7, 0.9), Estimate(0.9, 0.8, 1.0))),
        ],
    ),
    "confusion": lambda: charts.confusion(A, CLASSES, "ConvLSTM", True, 100.0),
    "difference": lambda: charts.difference(A, B, CLASSES),
    "scale": lambda: charts.scale(100.0, True),
    "class_scores": lambda: charts.class_scores(TITLES, class_table()),
    "bars": lambda: charts.bars(
        "Parameters", "millions", [("ConvLSTM", 0.05, 0), ("LRCN", float("nan"), 1)], ",.2f"
    ),
    "trade": lambda: charts.trade(
        [
            ("ConvLSTM", 100.0, Estimate(0.5, 0.4, 0.6), 0),
            ("Other", 900.0, Estimate(0.8, 0.7, 0.9), None),
        ],
        "millions",
        "Accuracy against work",
    ),
    "curves": lambda: charts.curves(TITLES, history(), ("convlstm", "lrcn"), "loss"),
    "dots": lambda: charts.dots(
        "Leak", "points of recall", CLASSES, [leak("ConvLSTM", 0), leak("LRCN", 1)], points=True
    ),
    "strip": lambda: charts.strip(
        "Lottery", "percent of test clips", [("ConvLSTM", [0.6, 0.7], 0.77, "above all")], "Theirs"
    ),
    "reliability": lambda: charts.reliability(TITLES, (bins(), bins())),
    "coverage": lambda: charts.coverage(TITLES, (curve(), curve())),
    "strengths": lambda: charts.strengths(TITLES, "Blur", strengths()),
    "sizes": lambda: charts.sizes(
        [("ConvLSTM", 33_000, 2_881, 0), ("LRCN (from scratch)", 72_928, 33, 1)], 101, 15
    ),
    "stretches": lambda: charts.stretches(
        "LRCN", np.array([0.2, -0.1]), np.array([0.5, 1.5]), 1, 30.0
    ),
    "top": lambda: charts.top("LRCN", CLASSES, np.array([0.1, 0.7, 0.2], np.float32), 1),
}


@pytest.mark.parametrize("name", EVERY)
def test_every_chart_has_a_title_units_words_and_a_table(name: str) -> None:
    made = EVERY[name]()
    assert made.figure.layout.title.text
    axis = made.figure.layout.xaxis
    assert axis.title.text, "the x axis says what it counts"
    assert len(made.alt) > 20 and made.alt.endswith(".")
    assert len(made.table) and not made.table.columns.duplicated().any()
    made.figure.to_json()  # what is sent to the browser can be written


def test_quality_draws_values_and_asymmetric_intervals_in_percent() -> None:
    made = charts.quality(TITLES, (estimates(0.6), estimates(0.9)))
    a, b = made.figure.data
    assert (a.name, b.name) == TITLES
    assert list(a.x) == pytest.approx([60.0] * 4)
    assert list(a.error_x.array) == pytest.approx([2.0] * 4)
    assert list(a.error_x.arrayminus) == pytest.approx([5.0] * 4)
    assert "ConvLSTM 60.0\u00a0% (55.0 to 62.0\u00a0%)" in made.alt


def test_the_two_models_differ_in_colour_and_in_shape_on_every_chart() -> None:
    a, b = EVERY["quality"]().figure.data[:2]
    assert (a.marker.color, b.marker.color) == charts.COLORS
    assert a.marker.symbol != b.marker.symbol


def test_the_seed_study_stands_in_a_row_of_its_own() -> None:
    made = EVERY["quality"]()
    seed = made.figure.data[2]
    assert "Seed study" in seed.name
    assert list(seed.x) == pytest.approx([77.05, 87.70])
    assert set(seed.y).isdisjoint(set(made.figure.data[0].y))
    rows = made.table[made.table["Measure"] == "Accuracy, seed study"]
    assert rows["Value"].tolist() == ["77.05\u00a0%", "87.70\u00a0%"]
    assert set(rows["95 % interval"]) == {"not published"}


def test_protocols_leaves_out_what_was_not_trained() -> None:
    a, b = EVERY["protocols"]().figure.data
    assert len(a.x) == 2 and len(b.x) == 1


def test_class_scores_names_the_widest_gap_and_keeps_the_order() -> None:
    made = charts.class_scores(TITLES, class_table())
    assert "widest gap is Swing" in made.alt
    assert list(made.figure.layout.yaxis.ticktext) == CLASSES
    assert made.table["Gap, points"].tolist() == pytest.approx([10, 40, -60])


def test_bars_say_what_was_not_measured() -> None:
    made = EVERY["bars"]()
    assert list(made.figure.data[0].text) == ["0.05", "not measured"]
    assert "LRCN not measured" in made.alt


def test_bars_of_nothing_measured_do_not_fail() -> None:
    made = charts.bars("Peak memory", "MB", [("A", float("nan"), 0)], ",.0f")
    assert made.table.iloc[0, 1] == "not measured"


def test_curves_draw_every_cell_and_the_mean() -> None:
    made = charts.curves(TITLES, history(cells=3, epochs=4), ("convlstm", "lrcn"), "accuracy")
    cells, mean = made.figure.data[:2]
    assert sum(x is None for x in cells.x) == 3
    assert list(mean.y) == pytest.approx([20, 40, 60, 80])
    assert made.table["Cells"].tolist() == [3, 3]
    assert made.table["Validation accuracy, epoch kept"].tolist() == ["40.0\u00a0%"] * 2


def test_the_mean_curve_ends_where_a_cell_does_and_the_kept_epoch_is_the_best_one() -> None:
    df = history(cells=2, epochs=4)
    df = df[(df["seed"] != df["seed"].max()) | (df["epoch"] <= 2)]
    df["val_accuracy"] = np.where(df["epoch"] == 2, 0.9, 0.1)
    df["val_loss"] = np.where(df["epoch"] == 2, 2.0, 1.0)
    accuracy = charts.curves(TITLES, df, ("convlstm", "lrcn"), "accuracy")
    assert list(accuracy.figure.data[1].x) == [1, 2]
    assert accuracy.table["Validation accuracy, epoch kept"].tolist() == ["90.0\u00a0%"] * 2
    loss = charts.curves(TITLES, df, ("convlstm", "lrcn"), "loss")
    assert {said[:3] for said in loss.table["Validation loss, epoch kept"]} == {"2.0"}


def test_curves_of_one_model_alone() -> None:
    only = history().query("model == 'lrcn'")
    made = charts.curves(TITLES, only, ("convlstm", "lrcn"), "loss")
    assert made.table["Model"].tolist() == ["LRCN"]


def test_top_is_sorted_and_cut() -> None:
    made = charts.top("LRCN", CLASSES, np.array([0.1, 0.7, 0.2], np.float32), 1, count=2)
    assert list(made.figure.data[0].y) == ["Punch", "Swing"]
    assert made.table["Probability"].tolist() == ["70.00 %", "20.00 %", "10.00 %"]


@pytest.mark.parametrize(
    ("value", "said"), [(0.8812, "88.1\u00a0%"), (float("nan"), "not measured")]
)
def test_percent(value: float, said: str) -> None:
    assert charts.percent(value) == said


def test_dots_leave_out_what_is_not_known_and_sign_what_is() -> None:
    made = EVERY["dots"]()
    a, b = made.figure.data
    assert list(a.x) == pytest.approx([40.0, -0.01])
    assert list(a.y) == pytest.approx([-0.16, 1.84]) and list(b.y) == pytest.approx([0.16, 2.16])
    assert made.table["ConvLSTM"].tolist() == ["+40.0", "–", "+0.0"]
    assert made.table["ConvLSTM, 95 % interval"].tolist() == [
        "+30.0 to +50.0",
        "–",
        "-10.0 to +10.0",
    ]


def test_only_marked_dots_are_filled() -> None:
    gaps = [Estimate(0.1, 0.0, 0.2)] * 2
    series = charts.Series("Difference", gaps, 1, marked=[True, False])
    (trace,) = charts.dots("t", "points", ["A", "B"], [series], points=True).figure.data
    assert list(trace.marker.symbol) == ["diamond", "diamond-open"]


def test_reliability_draws_the_bins_that_have_answers() -> None:
    diagonal, a, _ = EVERY["reliability"]().figure.data
    assert list(diagonal.x) == list(diagonal.y) == [0, 100]
    assert list(a.x) == pytest.approx([25, 90]) and list(a.y) == pytest.approx([50, 80])
    assert EVERY["reliability"]().table["Answers"].tolist() == [4, 10, 4, 10]


def test_coverage_tables_the_share_that_is_answered() -> None:
    table = EVERY["coverage"]().table
    assert table["Clips answered"].tolist()[:4] == [
        "50\u00a0%",
        "50\u00a0%",
        "100\u00a0%",
        "100\u00a0%",
    ]
    assert table["Right of them"].tolist()[3] == "70.0\u00a0%"


def test_strengths_start_at_the_clip_as_it_is() -> None:
    lines = [t for t in EVERY["strengths"]().figure.data if t.mode == "lines+markers"]
    assert len(lines) == 2
    assert all(list(t.x) == list(range(6)) for t in lines)
    assert lines[0].y[0] == pytest.approx(90) and lines[0].y[-1] == pytest.approx(40)
