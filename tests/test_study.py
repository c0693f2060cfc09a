"""A study folder: what is read, what is missing, and whether its metrics are what they say.

May import: numpy, pandas, pytest, hvc_core.study, tests.support.studies, .spoilt.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hvc_core import study
from hvc_core.statistics import counts
from hvc_core.study import StudyError
from tests.support.spoilt import edit, refused, rows, same
from tests.support.studies import make_study


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_study(tmp_path / "study", models=2, classes=4, seeds=2)


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


def test_rows_are_those_of_the_models_under_the_protocol_in_order(tmp_path: Path) -> None:
    made = make_study(
        tmp_path / "study", models=3, classes=2, seeds=2, protocol=("group5", "random")
    )
    found = study.read(made)
    every = found.predictions
    for models in (["lrcn"], ["lrcn-scratch", "convlstm"], ["lrcn", "lrcn"], ["none", "lrcn"]):
        kept = every[(every["protocol"] == "random") & every["model"].isin(models)]
        told = found.rows("random", *models)
        pd.testing.assert_frame_equal(told.drop(columns=[counts.OF_CLASS, counts.ANSWERED]), kept)
        likeliest = [found.classes[one.argmax()] for one in kept["probabilities"]]
        assert told[counts.ANSWERED].tolist() == likeliest
        assert told[counts.OF_CLASS].tolist() == kept["class"].tolist()
        for name in models:
            own = kept[kept["model"] == name]
            assert found.has(name, "random") == (len(own) > 0)
            assert found.clips(name, "random").tolist() == own["clip"].unique().tolist()
    mine = found.rows("random", "lrcn")
    mine["seed"] = 0  # a caller's own
    assert found.rows("random", "lrcn")["seed"].min() == 1
    assert not len(found.rows("random", "none")) and not len(found.rows("holdout", "lrcn"))


def test_check_sees_changed_predictions(folder: Path) -> None:
    rows(folder, lambda df: df.assign(probabilities=same([1.0, 0, 0, 0], len(df))))
    lines = study.check(folder)
    assert any(line.startswith("cells[3].accuracy: stored") for line in lines)


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
