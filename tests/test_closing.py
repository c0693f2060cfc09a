"""Finished cells become a study's tables: whole cells, one at a time, whatever was killed.

May import: pandas, pytest, hvc_core.closing, .study, tests.support.studies, .spoilt.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from hvc_core import closing, study
from hvc_core.study import StudyError
from tests.support.spoilt import same
from tests.support.studies import make_study


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_study(tmp_path / "study", models=2, classes=4, seeds=2)


def split(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Takes a study's tables out of it, as if it were still in training."""
    found = study.read(folder)
    assert found.history is not None
    for name in ("predictions.parquet", "history.parquet", "metrics.json", "cost.json"):
        (folder / name).unlink()
    return found.predictions, found.history


def write_all(folder: Path, predictions: pd.DataFrame, history: pd.DataFrame) -> list[Path]:
    keys = predictions[study.CELL].drop_duplicates()
    return [
        study.write_cell(
            folder,
            predictions[(predictions[study.CELL] == key).all(axis=1)],
            history[(history[study.CELL] == key).all(axis=1)],
        )
        for _, key in keys.iterrows()
    ]


def test_cells_are_merged_into_the_same_study(folder: Path) -> None:
    before = {
        name: (folder / name).read_bytes()
        for name in ("predictions.parquet", "history.parquet", "metrics.json")
    }
    predictions, history = split(folder)
    files = write_all(folder, predictions, history)
    assert files[0].name == "holdout-f0-s1-convlstm.parquet"
    assert study.finished_cells(folder) == {
        ("holdout", 0, seed, model) for seed in (1, 2) for model in ("convlstm", "lrcn")
    }
    read, read_history = study.read_cells(folder)
    assert len(read) == len(predictions) and len(read_history) == len(history)
    found = closing.close(folder)
    assert {name: (folder / name).read_bytes() for name in before} == before
    assert found.cost == {
        "schema_version": study.SCHEMA_VERSION,
        "machine": {},
        "models": {"convlstm": None, "lrcn": None},
    }
    assert not list((folder / "cells").iterdir())
    assert len(study.finished_cells(folder)) == 4
    closing.close(folder)
    assert {name: (folder / name).read_bytes() for name in before} == before


def test_closing_keeps_rows_and_replaces_whole_cells(folder: Path) -> None:
    found = study.read(folder)
    assert found.history is not None
    mine = found.predictions[
        (found.predictions["model"] == "lrcn") & (found.predictions["seed"] == 2)
    ]
    again = (
        mine.iloc[:-1]
        .reset_index(drop=True)
        .assign(probabilities=same([1.0, 0, 0, 0], (len(mine) - 1)))
    )
    history = found.history[(found.history["model"] == "lrcn") & (found.history["seed"] == 2)]
    study.write_cell(folder, again, history.head(2))
    closed = closing.close(folder)
    assert len(closed.predictions) == len(found.predictions) - 1
    assert not closed.predictions.duplicated(study.KEY).any()
    assert closed.history is not None
    assert len(closed.history) == len(found.history) - len(history) + 2
    assert study.check(folder) == []


def test_killed_writes_are_passed_over(folder: Path) -> None:
    predictions, history = split(folder)
    files = write_all(folder, predictions, history)
    files[0].rename(files[0].with_name(files[0].name + ".abc123.tmp"))  # killed before its rename
    assert len(study.finished_cells(folder)) == 3
    read, read_history = study.read_cells(folder)
    assert len(read) == len(predictions) * 3 // 4
    assert len(read_history) == len(history) * 3 // 4, "no history of an unfinished cell"
    assert len(closing.close(folder).predictions) == len(read)


def test_a_corrupt_cell_is_named(folder: Path) -> None:
    files = write_all(folder, *split(folder))
    files[1].write_bytes(files[1].read_bytes()[:-20])
    for function in (study.finished_cells, study.read_cells, closing.close):
        with pytest.raises(StudyError, match=f"{files[1].name}: cannot be read as Parquet"):
            function(folder)
    assert all(file.exists() for file in files)


def test_a_renamed_cell_is_refused(folder: Path) -> None:
    files = write_all(folder, *split(folder))
    files[0].rename(files[0].with_name("holdout-f0-s9-lrcn.parquet"))
    with pytest.raises(StudyError, match=r"s9-lrcn.parquet: its rows are not those of the cell"):
        study.read_cells(folder)


def test_cells_of_two_data_sets_do_not_mix(folder: Path) -> None:
    predictions, history = split(folder)
    predictions.loc[0, "group"] = 3
    files = write_all(folder, predictions, history)
    with pytest.raises(StudyError, match="has more than one"):
        closing.close(folder)
    assert all(file.exists() for file in files)


def test_only_one_cell_is_written_at_once(folder: Path) -> None:
    found = study.read(folder)
    assert found.history is not None
    with pytest.raises(StudyError, match="rows of one cell, found 4"):
        study.write_cell(folder, found.predictions, found.history)
    with pytest.raises(StudyError, match="column missing"):
        study.write_cell(folder, found.predictions.drop(columns="seed"), found.history)


def test_no_cell_at_all(folder: Path) -> None:
    split(folder)
    predictions, history = study.read_cells(folder)
    assert list(predictions.columns) == study.PREDICTION_COLUMNS and not len(predictions)
    assert list(history.columns) == study.HISTORY_COLUMNS and not len(history)
    assert study.finished_cells(folder) == set()
    with pytest.raises(StudyError, match="no finished cell"):
        closing.close(folder)


def test_names_of_cells_with_dashes(folder: Path) -> None:
    assert study.cell_name("group5", 3, 1, "convlstm-pretrained") == (
        "group5-f3-s1-convlstm-pretrained"
    )


def test_a_cell_without_history(folder: Path) -> None:
    predictions, history = split(folder)
    write_all(folder, predictions, history.head(0))
    found = closing.close(folder)
    assert found.history is not None and not len(found.history)
    write_all(folder, predictions, history)
    closed = closing.close(folder)
    assert closed.history is not None and len(closed.history) == len(history)


def extras(folder: Path) -> dict[str, pd.DataFrame]:
    """Rows of one cell for each extra, made from its predictions."""
    rows = study.read(folder).predictions
    own = rows[(rows["model"] == "lrcn") & (rows["seed"] == 1)]
    return {
        "conditions": pd.concat([own.assign(condition=c) for c in ("frozen", "blur-1")]),
        "validation": own.assign(clip=own["clip"] + "v"),
        "unseen": own.assign(**{"class": "Archery"}),
    }


def test_extras_are_merged_beside_the_clean_rows(folder: Path) -> None:
    before, made = study.read(folder), extras(folder)
    for extra, df in made.items():
        study.write_extra(folder, extra, df)
    after = closing.close(folder)
    pd.testing.assert_frame_equal(after.predictions, before.predictions)
    assert after.metrics == before.metrics
    for extra, df in made.items():
        stored = getattr(after, extra)
        assert len(stored) == len(df)
        assert set(stored["model"]) == {"lrcn"}
    assert set(after.conditions["condition"]) == {"frozen", "blur-1"}
    assert not list((folder / "cells").iterdir())
    assert study.check(folder) == []
    # One condition again, and another: that one is replaced, the rest stays.
    study.write_extra(folder, "conditions", made["conditions"].query("condition == 'frozen'"))
    study.write_extra(folder, "validation", made["validation"].head(3))
    again = closing.close(folder)
    assert len(again.conditions) == len(after.conditions)
    assert len(again.validation) == 3 and len(again.unseen) == len(after.unseen)


def test_a_cell_trained_anew_loses_what_its_old_weights_answered(folder: Path) -> None:
    for extra, df in extras(folder).items():
        study.write_extra(folder, extra, df)
    whole = closing.close(folder)
    own = whole.predictions.query("model == 'lrcn' and seed == 1")
    assert whole.history is not None
    study.write_cell(folder, own, whole.history[whole.history["model"] == "lrcn"].head(0))
    anew = closing.close(folder)
    assert not len(anew.conditions) and not len(anew.validation) and not len(anew.unseen)
    assert len(anew.predictions) == len(whole.predictions)


def test_extras_of_cells_that_are_not_finished_wait(folder: Path) -> None:
    rows = extras(folder)["validation"].assign(seed=9)
    file = study.write_extra(folder, "validation", rows)
    assert not len(closing.close(folder).validation)
    assert file.exists()


def test_unseen_clips_of_a_known_class_are_refused(folder: Path) -> None:
    study.write_extra(folder, "unseen", extras(folder)["validation"])
    with pytest.raises(StudyError, match="unseen.parquet: field 'class': .* the study's own"):
        closing.close(folder)
