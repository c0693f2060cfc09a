"""A study folder: what is read, what is refused and how clearly, and cells that survive kills."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hvc_core import closing, study
from hvc_core.study import StudyError
from tests.support.studies import make_study


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_study(tmp_path / "study", models=2, classes=4, seeds=2)


def edit(file: Path, change: Callable[[Any], Any]) -> None:
    obj = json.loads(file.read_text())
    file.write_text(json.dumps(change(obj) or obj))


def rows(folder: Path, change: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    file = folder / "predictions.parquet"
    study.write_parquet(file, change(pd.read_parquet(file)))


def same(values: list[float], count: int) -> pd.Series:
    """The same probabilities for `count` rows."""
    return pd.Series([values] * count, dtype=object)


def refused(folder: Path, file: str, field: str | None, words: str) -> StudyError:
    """Reads the study, and checks that the error names the file, the field and the trouble."""
    with pytest.raises(StudyError, match=words) as caught:
        study.read(folder)
    error = caught.value
    assert error.file == str(folder / file)
    assert error.field == field
    assert str(error).startswith(str(folder / file))
    assert field is None or f"'{field}'" in str(error)
    assert str(error).count(". ") >= 1, "says what to do"
    return error


def test_a_study_is_read(folder: Path) -> None:
    found = study.read(folder)
    assert found.name == "synthetic"
    assert found.classes == ["Basketball", "Diving", "Drumming", "HorseRace"]
    assert list(found.models) == ["convlstm", "lrcn"]
    assert found.headline == ("convlstm", "lrcn")
    assert list(found.predictions.columns) == study.PREDICTION_COLUMNS
    assert len(found.predictions) == 2 * 2 * 4 * 5
    first = found.predictions["probabilities"].iloc[0]
    assert first.dtype == np.float32 and first.shape == (4,)
    assert found.history is not None and list(found.history.columns) == study.HISTORY_COLUMNS
    assert len(found.metrics["cells"]) == 4
    assert study.check(folder) == []
    assert study.example_clips(found) == []


def test_the_synthetic_study_is_the_same_every_time(tmp_path: Path) -> None:
    a, b = (make_study(tmp_path / name, models=3, classes=3) for name in "ab")
    files = sorted(p.relative_to(a) for p in a.rglob("*") if p.is_file())
    assert files == sorted(p.relative_to(b) for p in b.rglob("*") if p.is_file())
    assert all((a / file).read_bytes() == (b / file).read_bytes() for file in files)


def test_ten_models_of_fifty_classes_in_every_protocol(tmp_path: Path) -> None:
    protocols = ("holdout", "group5", "logo25", "random")
    folder = make_study(tmp_path, models=10, classes=50, groups=25, seeds=1, protocol=protocols)
    found = study.read(folder)
    assert len(found.models) == 10 and len(found.classes) == 50
    assert sorted(found.predictions["protocol"].unique()) == sorted(protocols)


def test_the_tiny_onnx_models_answer(folder: Path) -> None:
    runtime = pytest.importorskip("onnxruntime")
    session = runtime.InferenceSession(str(folder / "models" / "lrcn" / "model.onnx"))
    size = study.read(folder).models["lrcn"]["input"]
    frames = np.full((3, 20, size["height"], size["width"], 3), 128, np.float32)
    (answer,) = session.run(None, {session.get_inputs()[0].name: frames})
    assert answer.shape == (3, 4)
    assert np.allclose(answer.sum(axis=1), 1, atol=1e-5)


def test_example_clips_are_listed(folder: Path) -> None:
    (folder / "examples").mkdir()
    for name in ("b.mp4", "a.AVI", "notes.txt"):
        (folder / "examples" / name).touch()
    found = study.example_clips(study.read(folder))
    assert [path.name for path in found] == ["a.AVI", "b.mp4"]


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"nowhere: no such folder. Give the folder"):
        study.read(tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["study.json", "predictions.parquet", "metrics.json", "cost.json"])
def test_a_missing_file(folder: Path, name: str) -> None:
    (folder / name).unlink()
    refused(folder, name, None, "missing")


def test_history_may_be_missing(folder: Path) -> None:
    (folder / "history.parquet").unlink()
    assert study.read(folder).history is None


@pytest.mark.parametrize("name", ["study.json", "metrics.json", "cost.json"])
@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"\xff\xfe\x00", b"null"])
def test_unreadable_json(folder: Path, name: str, content: bytes) -> None:
    (folder / name).write_bytes(content)
    refused(folder, name, None, "cannot be read as JSON|holds no JSON")


@pytest.mark.parametrize("name", ["predictions.parquet", "history.parquet"])
def test_unreadable_parquet(folder: Path, name: str) -> None:
    whole = (folder / name).read_bytes()
    for content in (b"", b"not parquet", whole[: len(whole) // 2], whole[:-1]):
        (folder / name).write_bytes(content)
        refused(folder, name, None, "cannot be read as Parquet")


@pytest.mark.parametrize("name", ["study.json", "metrics.json", "cost.json"])
@pytest.mark.parametrize("version", [0, 3, "1", None, True])
def test_a_wrong_schema_version(folder: Path, name: str, version: object) -> None:
    edit(folder / name, lambda obj: obj | {"schema_version": version})
    refused(folder, name, "schema_version", "reads 1 and 2|expected int")


def test_version_1_is_read_as_clips_as_they_are(folder: Path) -> None:
    new = study.read(folder)
    edit(folder / "study.json", lambda obj: obj | {"schema_version": 1})
    rows(folder, lambda df: df.drop(columns="condition"))
    old = study.read(folder)
    pd.testing.assert_frame_equal(old.predictions, new.predictions)
    assert set(old.predictions["condition"]) == {study.CLEAN}
    assert not len(old.conditions) and not len(old.validation) and old.audit is None


NEEDED = [name for name in study.PREDICTION_COLUMNS if name != "condition"]


@pytest.mark.parametrize("column", NEEDED)
def test_a_missing_column_of_predictions(folder: Path, column: str) -> None:
    rows(folder, lambda df: df.drop(columns=column))
    refused(folder, "predictions.parquet", column, "column missing")


@pytest.mark.parametrize("column", study.HISTORY_COLUMNS)
def test_a_missing_column_of_history(folder: Path, column: str) -> None:
    file = folder / "history.parquet"
    study.write_parquet(file, pd.read_parquet(file).drop(columns=column))
    refused(folder, "history.parquet", column, "column missing")


@pytest.mark.parametrize(
    "path",
    [
        "name",
        "title",
        "created",
        "recipe",
        "environment",
        "code_commit",
        "dataset",
        "dataset.name",
        "dataset.fingerprint",
        "dataset.clips",
        "dataset.classes",
        "protocols",
        "protocols.holdout.description",
        "protocols.holdout.folds",
        "protocols.holdout.seeds",
        "models",
        "models.lrcn.title",
        "models.lrcn.architecture",
        "models.lrcn.backbone",
        "models.lrcn.pretrained",
        "models.lrcn.parameters",
        "models.lrcn.input",
        "models.lrcn.input.frames",
        "models.lrcn.input.height",
        "models.lrcn.input.width",
    ],
)
def test_a_missing_or_wrong_field_of_study_json(folder: Path, path: str) -> None:
    *parents, last = path.split(".")
    file = folder / "study.json"
    whole = file.read_text()
    for wrong in (None, 1.5):
        obj = json.loads(whole)
        inner = obj
        for parent in parents:
            inner = inner[parent]
        if wrong is None:
            del inner[last]
        else:
            inner[last] = wrong
        file.write_text(json.dumps(obj))
        refused(folder, "study.json", path, "missing" if wrong is None else "expected")


@pytest.mark.parametrize(
    ("path", "value", "field", "words"),
    [
        ("dataset.classes", ["Punch"], "dataset.classes", "two or more"),
        ("dataset.classes", ["Punch", "Punch"], "dataset.classes", "Punch twice"),
        ("dataset.classes", ["Punch", 3], "dataset.classes", "two or more names"),
        ("protocols", {}, "protocols", "is empty"),
        ("models", {}, "models", "is empty"),
        ("models", {"lrcn": []}, "models.lrcn", "no object"),
        ("protocols.holdout.folds", 0, "protocols.holdout.folds", "1 or more"),
        ("protocols.holdout.seeds", [], "protocols.holdout.seeds", "whole numbers"),
        ("protocols.holdout.seeds", [1.5], "protocols.holdout.seeds", "whole numbers"),
        ("headline", ["lrcn"], "headline", "two different"),
        ("headline", ["lrcn", "lrcn"], "headline", "two different"),
        ("headline", ["lrcn", "other"], "headline", "Choose from convlstm, lrcn"),
        ("headline", [["lrcn"], "lrcn"], "headline", "two different"),
    ],
)
def test_a_nonsensical_study_json(
    folder: Path, path: str, value: object, field: str, words: str
) -> None:
    def change(obj: dict) -> None:
        *parents, last = path.split(".")
        inner = obj
        for parent in parents:
            inner = inner[parent]
        inner[last] = value

    edit(folder / "study.json", change)
    refused(folder, "study.json", field, words)


def test_the_headline_can_be_chosen(folder: Path) -> None:
    edit(folder / "study.json", lambda obj: obj | {"headline": ["lrcn", "convlstm"]})
    assert study.read(folder).headline == ("lrcn", "convlstm")


def test_one_model_is_compared_with_itself(tmp_path: Path) -> None:
    assert study.read(make_study(tmp_path, models=1)).headline == ("convlstm", "convlstm")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([0.5, 0.5, 0.5, 0.5], "1 rows not summing to 1"),
        ([0.2, 0.2, 0.2, 0.398], "not summing to 1"),
        ([float("nan"), 0.5, 0.5, 0], "not finite"),
        ([float("inf"), 0, 0, 0], "not finite"),
        ([-0.5, 0.5, 0.5, 0.5], "negative"),
        ([0.5, 0.5], "do not have 4 values"),
        ([0.2] * 5, "do not have 4 values"),
        (None, "do not have 4 values"),
    ],
)
def test_wrong_probabilities(folder: Path, values: list[float] | None, words: str) -> None:
    def change(df: pd.DataFrame) -> pd.DataFrame:
        column = list(df["probabilities"])
        column[7] = values
        return df.assign(probabilities=pd.Series(column, dtype=object))

    clip = pd.read_parquet(folder / "predictions.parquet")["clip"].iloc[7]
    rows(folder, change)
    error = refused(folder, "predictions.parquet", "probabilities", words)
    assert clip in str(error)


def test_probabilities_may_be_off_by_rounding(folder: Path) -> None:
    rows(folder, lambda df: df.assign(probabilities=same([0.25, 0.25, 0.25, 0.2505], len(df))))
    study.read(folder)


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("model", "transformer", "unknown model transformer; study.json lists convlstm, lrcn"),
        ("protocol", "guess", "unknown protocol guess"),
        ("seed", 9, "unknown seed 9 in holdout"),
        ("fold", 1, "unknown fold 1 in holdout"),
        ("class", "Juggling", "class list differs.*Juggling"),
        ("class", "Diving", "has more than one"),
        ("group", 3, "has more than one"),
    ],
)
def test_an_unknown_value(folder: Path, column: str, value: str | int, words: str) -> None:
    def change(df: pd.DataFrame) -> pd.DataFrame:
        df.loc[0, column] = value
        return df

    rows(folder, change)
    refused(folder, "predictions.parquet", column, words)


def test_a_repeated_key(folder: Path) -> None:
    rows(folder, lambda df: pd.concat([df, df.head(1)]))
    error = refused(folder, "predictions.parquet", "clip", "1 rows repeat a key")
    assert "model convlstm, condition clean, clip v_Basketball_g02_c01" in str(error)


def test_no_rows_and_null_keys_and_wrong_types(folder: Path) -> None:
    file = folder / "predictions.parquet"
    whole = pq.read_table(file)
    pq.write_table(whole.slice(0, 0), file)
    refused(folder, "predictions.parquet", None, "has no rows")
    at = whole.column_names.index("seed")
    nulls = pa.array([None] * whole.num_rows, pa.int64())
    pq.write_table(whole.set_column(at, "seed", nulls), file)
    refused(folder, "predictions.parquet", "seed", "have no value")
    words = pa.array(["one"] * whole.num_rows)
    pq.write_table(whole.set_column(at, "seed", words), file)
    refused(folder, "predictions.parquet", "seed", "is of type string, expected int64")


def test_a_class_list_that_differs_in_metrics(folder: Path) -> None:
    def rename(obj: dict) -> None:
        cell = obj["cells"][1]["per_class"]
        cell["Dance"] = cell.pop("Diving")

    def reorder(obj: dict) -> None:
        cell = obj["cells"][1]
        cell["per_class"] = dict(reversed(cell["per_class"].items()))

    file = folder / "metrics.json"
    whole = file.read_text()
    edit(file, rename)
    error = refused(folder, "metrics.json", "cells[1].per_class", "differs from study.json's")
    assert "Dance" in str(error) and "Diving" in str(error)
    file.write_text(whole)
    edit(file, reorder)
    refused(folder, "metrics.json", "cells[1].per_class", "another order")


def test_a_class_list_that_differs_in_a_model_folder(folder: Path) -> None:
    labels = folder / "models" / "lrcn" / "labels.json"
    labels.write_text(json.dumps(["Basketball", "Diving", "Drumming", "HorseRace"]))
    study.read(folder)
    labels.write_text(json.dumps(["Basketball", "Diving", "Drumming"]))
    refused(folder, "models/lrcn/labels.json", "labels", "missing here: HorseRace")
    labels.unlink()
    file = folder / "models" / "lrcn" / "preprocessing.json"
    edit(file, lambda obj: obj | {"classes": ["Other", "Diving", "Drumming", "HorseRace"]})
    refused(folder, "models/lrcn/preprocessing.json", "classes", "unknown there: Other")


def test_a_model_folder_with_another_input(folder: Path) -> None:
    file = folder / "models" / "lrcn" / "preprocessing.json"
    edit(file, lambda obj: obj | {"height": 7})
    refused(folder, "models/lrcn/preprocessing.json", "height", r"is 7, but .* is 96")


@pytest.mark.parametrize(
    ("key", "value", "field"),
    [
        ("model", "other", "cells[0].model"),
        ("protocol", "other", "cells[0].protocol"),
        ("accuracy", 1.2, "cells[0].accuracy"),
        ("accuracy", None, "cells[0].accuracy"),
        ("accuracy_ci", [0.1], "cells[0].accuracy_ci"),
        ("accuracy_ci", [0.1, "x"], "cells[0].accuracy_ci[1]"),
        ("confusion", [[1, 2], [3, 4]], "cells[0].confusion"),
        ("confusion", [[0.5] * 4] * 4, "cells[0].confusion"),
    ],
)
def test_malformed_metrics(folder: Path, key: str, value: object, field: str) -> None:
    edit(folder / "metrics.json", lambda obj: obj["cells"][0].update({key: value}))
    refused(folder, "metrics.json", field, "unknown|expected")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (lambda m: m.update(other={}), "models"),
        (lambda m: m.update(lrcn=[]), "models.lrcn"),
        (lambda m: m["lrcn"].update(weights_bytes=-1), "models.lrcn.weights_bytes"),
        (lambda m: m["lrcn"].update(latency_ms=3), "models.lrcn.latency_ms"),
        (lambda m: m["lrcn"]["latency_ms"].update(p95="fast"), "models.lrcn.latency_ms.p95"),
    ],
)
def test_malformed_cost(folder: Path, change: Callable[[dict], None], field: str) -> None:
    edit(folder / "cost.json", lambda obj: change(obj["models"]))
    refused(folder, "cost.json", field, "unknown|expected|no object")


def test_what_was_not_measured_is_null(folder: Path) -> None:
    def change(obj: dict) -> None:
        obj["models"] = {"convlstm": None, "lrcn": {"latency_ms": None, "weights_bytes": None}}

    edit(folder / "cost.json", change)
    assert study.read(folder).cost["models"]["convlstm"] is None


def test_check_names_each_difference_by_its_path(folder: Path) -> None:
    def change(obj: dict) -> None:
        obj["cells"][2]["per_class"]["Diving"]["f1"] = 0.125
        obj["cells"][0]["confusion"][1][3] += 1

    edit(folder / "metrics.json", change)
    derived = study.derive(folder)
    first, second = study.check(folder)
    count = derived["cells"][0]["confusion"][1][3]
    assert first == f"cells[0].confusion[1][3]: stored {count + 1}, derived {count}"
    f1 = derived["cells"][2]["per_class"]["Diving"]["f1"]
    assert second == f"cells[2].per_class.Diving.f1: stored 0.125, derived {f1!r}"


def test_check_sees_missing_and_repeated_and_unfounded_cells(folder: Path) -> None:
    def change(obj: dict) -> None:
        cells = obj["cells"]
        obj["cells"] = [cells[0], cells[0], cells[2] | {"seed": 7}]

    edit(folder / "metrics.json", change)
    assert study.check(folder) == [
        "cells[1]: repeats cells[0]",
        "cells[2]: stored model lrcn, protocol holdout, seed 7, which has no predictions",
        "cells: stored nothing of model convlstm, protocol holdout, seed 2",
        "cells: stored nothing of model lrcn, protocol holdout, seed 1",
        "cells: stored nothing of model lrcn, protocol holdout, seed 2",
    ]


def test_check_sees_changed_predictions(folder: Path) -> None:
    rows(folder, lambda df: df.assign(probabilities=same([1.0, 0, 0, 0], len(df))))
    lines = study.check(folder)
    assert any(line.startswith("cells[3].accuracy: stored") for line in lines)


# Cells


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


def test_a_kill_in_the_middle_of_a_write_leaves_the_old_file(tmp_path: Path) -> None:
    file = tmp_path / "study.json"
    study.write_json(file, {"old": True})
    code = (
        "import os, signal, pathlib; from hvc_core import storage\n"
        "def half(p): p.write_text('{\"ne'); os.kill(os.getpid(), signal.SIGKILL)\n"
        f"storage.write_atomic(pathlib.Path({str(file)!r}), half)"
    )
    root = Path(__file__).parents[1]
    env = os.environ | {"PYTHONPATH": str(root)}
    assert subprocess.run([sys.executable, "-c", code], env=env, check=False).returncode == -9
    assert json.loads(file.read_text()) == {"old": True}
    assert [path.suffix for path in tmp_path.iterdir() if path != file] == [".tmp"]


def test_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        study.write_json(tmp_path / "metrics.json", {"accuracy": float("nan")})
    with pytest.raises(TypeError):
        study.write_json(tmp_path / "metrics.json", {"accuracy": object()})
    assert not list(tmp_path.iterdir())


def test_reading_a_study_loads_no_heavy_library() -> None:
    code = (
        "import sys; from hvc_core import study; from hvc_core.statistics import metrics, stats\n"
        "heavy = {'tensorflow', 'keras', 'sklearn', 'scipy', 'streamlit', 'av', 'cv2', 'onnx'}\n"
        "sys.exit(', '.join(sorted(heavy & set(sys.modules))) or None)"
    )
    env = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])}
    done = subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_a_cell_without_history(folder: Path) -> None:
    predictions, history = split(folder)
    write_all(folder, predictions, history.head(0))
    found = closing.close(folder)
    assert found.history is not None and not len(found.history)
    write_all(folder, predictions, history)
    closed = closing.close(folder)
    assert closed.history is not None and len(closed.history) == len(history)


def test_training_that_diverged_is_kept_as_it_was(folder: Path) -> None:
    file = folder / "history.parquet"
    df = pd.read_parquet(file)
    df.loc[0, "loss"] = float("nan")
    df.loc[1, "val_loss"] = float("inf")
    study.write_parquet(file, df)
    found = study.read(folder).history
    assert found is not None and np.isnan(found["loss"].iloc[0])


# -- what else a finished cell was asked -----------------------------------------------------------


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


def test_a_broken_audit_names_its_field(folder: Path) -> None:
    pair = {"a": "v_A_g01_c01", "b": "v_A_g02_c01", "similarity": 0.9, "identical": False}
    audit = {"schema_version": 1, "method": "m", "clips": 2, "pairs": [pair]}
    study.write_json(folder / "audit.json", audit)
    assert study.read(folder).audit == audit
    study.write_json(folder / "audit.json", audit | {"pairs": [pair | {"similarity": 2}]})
    refused(folder, "audit.json", "pairs[0].similarity", "expected a number from 0 to 1")


def test_probabilities_are_written_small_and_come_back_to_the_bit(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 3, (2000, 15))
    values = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    df = pd.DataFrame({"clip": [f"v_A_g01_c{i}" for i in range(2000)]})
    df["probabilities"] = list(values.astype(np.float32))
    study.write_parquet(tmp_path / "a.parquet", df)
    again = pd.read_parquet(tmp_path / "a.parquet")
    pd.testing.assert_frame_equal(again, df, check_exact=True)
    df.to_parquet(tmp_path / "plain.parquet", compression="zstd")
    small, plain = ((tmp_path / name).stat().st_size for name in ("a.parquet", "plain.parquet"))
    assert small < 0.9 * plain
