"""hvc_core.classify: a clip in, every model's probabilities out, and clear errors.

May import: numpy, onnx, pytest, hvc_core.classify, .study, .video, tests.support.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from hvc_core import classify, video
from hvc_core.study import StudyError
from tests.support import videos
from tests.support.studies import make_study

LATE = ("tensorflow", "keras", "streamlit", "pandas", "pyarrow", "sklearn", "cv2", "onnx")


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    return make_study(tmp_path_factory.mktemp("study") / "study", models=3, classes=5)


@pytest.fixture
def study(shared, tmp_path):
    return Path(shutil.copytree(shared, tmp_path / "study"))


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clips")
    images = [np.full((60, 80, 3), (200, 90, 10 + 4 * i), np.uint8) for i in range(40)]
    return videos.write(folder / "clip.mp4", images)


def write_onnx(folder: Path, nodes: list, dtype: int = TensorProto.FLOAT, **shapes: list) -> None:
    """Replaces a model by a graph from `clip` to `probabilities`."""
    size = json.loads((folder / "preprocessing.json").read_text())
    shape = shapes.get("clip", ["batch", size["frames"], size["height"], size["width"], 3])
    graph = helper.make_graph(
        nodes,
        "test",
        [helper.make_tensor_value_info("clip", dtype, shape)],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, None)],
        [
            numpy_helper.from_array(np.eye(3, 5, dtype=np.float32), "weight"),
            numpy_helper.from_array(np.eye(3, 4, dtype=np.float32), "narrow"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, str(folder / "model.onnx"))


def mean_colour(weight: str = "weight", last: str = "Softmax", first: str = "clip") -> list:
    return [
        helper.make_node("ReduceMean", [first], ["mean"], axes=[1, 2, 3], keepdims=0),
        helper.make_node("MatMul", ["mean", weight], ["logits"]),
        helper.make_node(last, ["logits"], ["probabilities"]),
    ]


def edit(file: Path, **changes: object) -> None:
    said = json.loads(file.read_text())
    said.update(changes)
    file.write_text(json.dumps({k: v for k, v in said.items() if v is not None}))


def test_every_model_answers(shared, clip):
    models = classify.open_models(shared)
    answer = classify.classify(models, clip)
    assert answer.classes == ["Basketball", "Diving", "Drumming", "HorseRace", "JugglingBalls"]
    assert [one.model for one in answer.models] == ["convlstm", "lrcn", "lrcn-scratch"]
    assert [one.title for one in answer.models] == ["ConvLSTM", "LRCN", "LRCN from scratch"]
    for one in answer.models:
        assert one.probabilities.shape == (5,)
        assert one.probabilities.dtype == np.float32
        assert one.probabilities.sum() == pytest.approx(1, abs=1e-5)
        assert one.milliseconds > 0
        assert one.ranked(1) == [(one.top, float(one.probabilities[one.top]))]
        assert [p for _, p in one.ranked()] == sorted(one.probabilities.tolist(), reverse=True)
    assert answer.decode_ms > 0
    assert answer.notes == ()


def test_one_decode_serves_models_of_different_sizes(shared, clip, monkeypatch):
    calls = []
    sample = video.sample

    def counted(*args):
        calls.append(args)
        return sample(*args)

    monkeypatch.setattr(video, "sample", counted)
    answer = classify.classify(classify.open_models(shared), clip.read_bytes())
    assert len(calls) == 1
    assert set(answer.frames.images) == {(64, 64), (96, 128)}


def test_probabilities_are_those_of_the_graph(shared, clip):
    answer = classify.classify(classify.open_models(shared), clip)
    for one, size in zip(answer.models, [(64, 64), (96, 128), (64, 64)], strict=True):
        graph = onnx.load(str(shared / "models" / one.model / "model.onnx")).graph
        weight = numpy_helper.to_array(graph.initializer[0])
        mean = answer.frames.images[size].astype(np.float64).mean(axis=(0, 1, 2))
        values = np.exp(mean @ weight - (mean @ weight).max())
        np.testing.assert_allclose(
            one.probabilities, values / values.sum(), atol=5e-3
        )  # float32 sums


def test_names_choose_and_order(shared, clip):
    models = classify.open_models(shared, ["lrcn-scratch", "convlstm"])
    answer = classify.classify(models, clip)
    assert [one.model for one in answer.models] == ["lrcn-scratch", "convlstm"]
    assert set(answer.frames.images) == {(64, 64)}


def test_agreement(study, clip):
    models = classify.open_models(study, ["convlstm", "convlstm"])
    assert classify.classify(models, clip).agree
    write_onnx(study / "models" / "lrcn", mean_colour())  # the reddest channel wins: Basketball
    write_onnx(
        study / "models" / "convlstm",
        [helper.make_node("Neg", ["clip"], ["less"]), *mean_colour(first="less")],
    )
    answer = classify.classify(classify.open_models(study, ["convlstm", "lrcn"]), clip)
    assert [one.top for one in answer.models] != [0, 0]
    assert not answer.agree


@pytest.mark.parametrize("dtype", [TensorProto.UINT8, TensorProto.FLOAT16, TensorProto.FLOAT])
def test_the_input_type_is_the_graphs_own(study, clip, dtype):
    cast = helper.make_node("Cast", ["clip"], ["numbers"], to=TensorProto.FLOAT)
    write_onnx(study / "models" / "convlstm", [cast, *mean_colour(first="numbers")], dtype)
    models = classify.open_models(study, ["convlstm"])
    assert classify.classify(models, clip).models[0].top == 0


def test_notes_reach_the_answer(shared, tmp_path):
    path = videos.write(tmp_path / "clip.gif", 3, codec="gif", pix_fmt="gray")
    answer = classify.classify(classify.open_models(shared), path)
    assert answer.notes == answer.frames.notes != ()


def test_limits_hold_unless_lifted(shared, clip):
    models = classify.open_models(shared)
    tight = video.Limits(max_seconds=1)
    with pytest.raises(video.VideoError, match="limit is 1 s"):
        classify.classify(models, clip, tight)
    assert classify.LIMITS.max_bytes == video.Limits().max_bytes
    classify.classify(models, clip, None)


def broken(folder: Path, *words: str, names: list[str] | None = None) -> StudyError:
    with pytest.raises(StudyError) as caught:
        classify.open_models(folder, names)
    for word in words:
        assert word in str(caught.value)
    return caught.value


def test_missing_files(study):
    (study / "models" / "lrcn" / "model.onnx").unlink()
    error = broken(study, "missing", "python -m training export")
    assert error.file == str(study / "models" / "lrcn" / "model.onnx")
    classify.open_models(study, ["convlstm"])  # the others still answer
    (study / "models" / "convlstm" / "preprocessing.json").unlink()
    assert broken(study).file.endswith("preprocessing.json")
    (study / "study.json").unlink()
    assert broken(study).file.endswith("study.json")
    broken(study / "nothing", "no such folder")


def test_unknown_and_no_names(study):
    error = broken(study, "has no 'vgg'", "convlstm, lrcn", names=["vgg"])
    assert error.field == "models"
    broken(study, "no model asked for", names=[])


@pytest.mark.parametrize("content", [b"", b"not a graph", b"\x08\x08\x12\x04"])
def test_broken_onnx(study, content, capfd):
    (study / "models" / "convlstm" / "model.onnx").write_bytes(content)
    capfd.readouterr()
    assert broken(study, "ONNX").file.endswith("model.onnx")
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"height": "64"}, "height"),
        ({"width": 0}, "width"),
        ({"frames": None}, "frames"),
        ({"sampling": "the first 20"}, "sampling"),
        ({"color": "bgr"}, "color"),
        ({"range": [0, 1]}, "range"),
        ({"resize": None}, "resize"),
    ],
)
def test_preprocessing_that_is_not_known(study, changes, field):
    edit(study / "models" / "convlstm" / "preprocessing.json", **changes)
    assert broken(study).field == field


@pytest.mark.parametrize("content", ["", "[]", "{"])
def test_preprocessing_that_is_no_object(study, content):
    (study / "models" / "convlstm" / "preprocessing.json").write_text(content)
    assert broken(study, "JSON").file.endswith("preprocessing.json")


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"dataset": {"classes": []}}'])
def test_study_json_that_is_broken(study, content):
    (study / "study.json").write_text(content)
    assert broken(study).file.endswith("study.json")


def test_preprocessing_and_graph_disagree(study):
    edit(study / "models" / "convlstm" / "preprocessing.json", height=72)
    broken(study, "takes clips of shape", "72")


def test_models_that_want_different_numbers_of_frames(study):
    edit(study / "models" / "lrcn" / "preprocessing.json", frames=10)
    write_onnx(study / "models" / "lrcn", mean_colour())
    assert broken(study, "is 10, but convlstm wants 20").field == "frames"


def test_a_graph_for_other_classes(study):
    write_onnx(study / "models" / "convlstm", mean_colour("narrow"))
    broken(study, "gives (4,) values for 5 classes")


def test_a_graph_without_probabilities(study):
    write_onnx(study / "models" / "convlstm", mean_colour(last="Log"))
    broken(study, "no probabilities that sum to 1")


def test_a_graph_that_does_not_run(study):
    reshape = helper.make_node("Squeeze", ["clip"], ["less"])
    write_onnx(study / "models" / "convlstm", [reshape, *mean_colour(first="less")])
    assert broken(study).file.endswith("model.onnx")


def test_loads_no_heavy_library(shared, clip):
    code = (
        "import sys\nfrom pathlib import Path\nfrom hvc_core import classify\n"
        "models = classify.open_models(Path(sys.argv[1]))\n"
        "classify.classify(models, Path(sys.argv[2]))\n"
        f"print([name for name in {LATE} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(shared), str(clip)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": "."},
    )
    assert (done.stdout, done.stderr) == ("[]\n", "")
