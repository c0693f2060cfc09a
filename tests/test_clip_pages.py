"""From a number to the clips behind it, in process: cells, filters, one clip, one class.

May import: the standard library, pandas, pytest, dashboard, hvc_core, tests.support.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from dashboard import footage, show_clips, state
from hvc_core import study as studies
from hvc_core.statistics.by_clip import by_clip
from tests.support import videos
from tests.support.app import open_page, words

CLIP = "v_Punch_g02_c01"


def rows_of(folder: Path) -> pd.DataFrame:
    of = studies.read(folder)
    return by_clip(of.predictions, *of.headline, "holdout", of.classes)


def test_every_clip_is_in_the_table_and_filters_cut_it(shown: Path) -> None:
    rows = rows_of(shown)
    app = open_page("clips")
    assert not app.exception and not app.error
    assert len(app.dataframe[0].value) == len(rows)
    app = open_page("clips", true="Punch", answers="only B right", q="_c")
    kept = rows[(rows["class"] == "Punch") & (rows["outcome"] == "only B right")]
    kept = kept[kept["clip"].str.contains("_c")]
    assert f"{len(kept):,} of {len(rows):,} answers" in words(app)
    assert len(kept)
    assert app.dataframe[0].value["Clip"].tolist() == kept["clip"].tolist()


def test_nothing_that_fits_is_said_so(shown: Path) -> None:
    app = open_page("clips", q="no clip is called that")
    assert not app.exception and "Ask for less" in app.info[0].value


def test_a_clip_in_the_address_is_shown_with_both_answers_and_its_siblings(
    shown: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HVC_DATA", raising=False)
    app = open_page("clips", clip=CLIP)
    assert not app.exception
    said = words(app)
    assert f"**{CLIP}**" in said and "Punch, group 2" in said
    assert len(app.get("plotly_chart")) == 2
    assert footage.HINT in said  # no data folder: what is known, and how to see the clip
    siblings = app.dataframe[-1].value["Clip"]
    assert CLIP in siblings.tolist() and siblings.str.startswith("v_Punch_g02_").all()


def test_the_film_plays_where_the_data_folder_is_at_hand(
    shown: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "Punch").mkdir()
    videos.write(tmp_path / "Punch" / f"{CLIP}.avi", 12, codec="mpeg4")
    monkeypatch.setenv("HVC_DATA", str(tmp_path))
    app = open_page("clips", clip=CLIP)
    assert not app.exception and footage.HINT not in words(app)
    assert len(app.get("video")) == 1


def test_the_first_clip_is_one_press_away(shown: Path) -> None:
    app = open_page("clips", true="Punch")
    next(one for one in app.button if one.label == "Look at the first clip").click().run()
    assert not app.exception
    assert app.query_params["clip"] in (CLIP, [CLIP])
    assert f"**{CLIP}**" in words(app)


def test_next_and_previous_go_around(shown: Path) -> None:
    rows = rows_of(shown)
    first = rows.iloc[0]
    app = open_page("clips", clip=str(first["clip"]), seed=str(first["seed"]))
    app.button[1].click().run()
    assert app.query_params["clip"] == rows.iloc[1]["clip"]
    app.button[0].click().run()
    app.button[0].click().run()
    assert app.query_params["clip"] == rows.iloc[-1]["clip"]
    assert not app.exception


def test_a_clip_that_the_filter_leaves_out_is_shown_all_the_same(shown: Path) -> None:
    app = open_page("clips", clip=CLIP, true="Diving")
    assert not app.exception and f"**{CLIP}**" in words(app)
    assert not [one for one in app.button if one.label == "Next clip"]


def test_a_clip_that_is_not_there_is_no_error(shown: Path) -> None:
    for query in (
        {"clip": CLIP, "seed": "9" * 5000},
        {"clip": CLIP, "seed": "²"},
        {"clip": "v_None_g01_c01"},
        {"clip": CLIP, "seed": "x"},
        {"true": "Nothing"},
    ):
        app = open_page("clips", **query)
        assert not app.exception and not app.error


def test_the_clips_behind_a_cell_are_as_many_as_it_says(shown: Path) -> None:
    rows = rows_of(shown)
    wrong = rows[~rows["a_right"].astype(bool)].iloc[0]
    app = open_page("confusion", true=wrong["class"], said=wrong["a_says"], by="A")
    assert not app.exception
    cell = rows[(rows["class"] == wrong["class"]) & (rows["a_says"] == wrong["a_says"])]
    assert f"{len(cell):,} answers." in words(app)
    table = next(t.value for t in app.dataframe if "Clip" in t.value.columns)
    assert table["Clip"].tolist() == cell["clip"].tolist()


def test_one_class_whole(shown: Path) -> None:
    app = open_page("classes", measure="Recall", **{"class": "Punch"})
    assert not app.exception
    said = words(app)
    assert "Taken for" in said and "Recall" in [metric.label for metric in app.metric]
    assert "Punch" in app.dataframe[0].value["Class"].tolist()


def test_the_choice_answers_and_says_what_would_flip_it(shown: Path) -> None:
    app = open_page("choose")
    assert not app.exception and app.success[0].proto.title.startswith("Take ")
    assert "What would flip it" in words(app)
    app = open_page("choose", need_latency="0.0")
    assert not app.exception and app.warning[0].proto.title == "None"
    assert set(app.dataframe[0].value["Answer"]) == {"misses latency a clip, median"}


def test_a_data_folder_that_is_not_there_shows_no_clip(
    shown: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HVC_DATA", "/nowhere/at/all")
    app = open_page("clips", clip=CLIP)
    assert not app.exception and footage.HINT in words(app)
    assert state.folder() == shown


def test_many_clips_are_not_all_sent_to_the_browser(
    shown: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(show_clips, "MOST", 10)
    rows = rows_of(shown)
    app = open_page("clips")
    assert app.dataframe[0].value["Clip"].tolist() == rows["clip"].head(10).tolist()
    assert f"10 of these {len(rows)} answers" in words(app)
    assert f"the other {len(rows) - 10}" in words(app)
    # What the address names is there all the same, and the next clip is the next of all found.
    late = rows.iloc[20]
    app = open_page("clips", clip=str(late["clip"]), seed=str(late["seed"]))
    table = app.dataframe[0].value
    assert len(table) == 11 and table["Clip"].iloc[-1] == late["clip"]
    assert f"**{late['clip']}**" in words(app) and "and the chosen one" in words(app)
    app.button[1].click().run()
    assert app.query_params["clip"] == rows.iloc[21]["clip"]
    assert app.query_params["seed"] == str(rows.iloc[21]["seed"])
    assert not app.exception


@pytest.mark.parametrize(
    ("count", "at", "found"),
    [(2, None, [0, 1]), (2, 1, [0, 1]), (9, None, [0, 1, 2]), (9, 2, [0, 1, 2]),
     (9, 3, [0, 1, 2, 3]), (9, 8, [0, 1, 2, 8]), (0, None, [])],
)  # fmt: skip
def test_which_rows_are_sent(
    count: int, at: int | None, found: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(show_clips, "MOST", 3)
    assert show_clips.sent(count, at) == found
