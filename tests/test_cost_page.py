"""The page of true cost in process: what it draws, says and warns of."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from dashboard import costs
from hvc_core import closing
from hvc_core import study as studies
from tests.support.app import open_page, words


def test_cost_says_how_many_times(shown: Path) -> None:
    app = open_page("cost")
    assert "LRCN takes **2 × the parameters, 2 × the multiply-adds" in words(app)


def test_cost_draws_the_frontier_against_the_cost_that_is_chosen(shown: Path) -> None:
    app = open_page("cost")
    assert "Training, an epoch of 1,000 clips" in app.selectbox(key="against").options
    app.selectbox(key="against").set_value("Parameters").run()
    assert not app.exception
    titles = [json.loads(c.proto.spec)["layout"]["title"]["text"] for c in app.get("plotly_chart")]
    assert "Accuracy against parameters" in titles


def test_cost_says_whose_accuracy_is_of_fewer_clips(own: Path) -> None:
    assert not open_page("cost").warning
    table = pd.read_parquet(own / "predictions.parquet")
    few = (table["model"] != "lrcn") | (table["group"] < 10)
    studies.write_parquet(own / "predictions.parquet", table[few])
    closing.close(own)
    said = open_page("cost").warning[0].value
    assert said.startswith("Not of the same clips: LRCN (")


def test_cost_tells_the_runtimes_apart(shown: Path) -> None:
    app = open_page("cost")
    table = next(t.value for t in app.dataframe if "Runtime" in t.value.columns)
    assert set(table["Runtime"]) == {"synthetic", "synthetic, slower"}
    assert (table["Used by this app"] == "yes").sum() == table["Model"].nunique() == 2


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "–"),
        (0, "0"),
        (950, "950"),
        (44_524, "44.5 k"),
        (4_694_024, "4.69 M"),
        (3.1e9, "3.1 G"),
    ],
)
def test_amounts_fit_a_card(value: float | None, said: str) -> None:
    assert costs.amount(value) == said
