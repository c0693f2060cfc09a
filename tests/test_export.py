"""`python -m training export`: Keras and ONNX answer alike, cost is filled, a kill loses nothing.

May import: keras, numpy, onnxruntime, pytest, hvc_core, training, tests.support.
"""

from __future__ import annotations

import json
import shutil

import keras
import numpy as np
import onnxruntime
import pytest

from hvc_core import classify, cost, export, models, study, video
from tests.support import trained
from training.__main__ import main

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("trained"),  # a study is trained first, and shared
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]


@pytest.fixture(scope="module")
def made():
    return trained.exported()


def on_test_clips(made, model):
    """The test clips' frames and what the study's table says of them."""
    rows = study.read(made.folder).predictions
    rows = rows[rows["model"] == model]
    size = models.ARCHITECTURES[model].size
    paths = [made.clips / r["class"] / f"{r['clip']}.mp4" for _, r in rows.iterrows()]
    frames = np.stack([video.sample(path, [size]).images[size] for path in paths])
    return paths, frames.astype(np.float32), np.stack(rows["probabilities"])


@pytest.mark.parametrize("model", trained.MODELS)
def test_keras_onnx_and_the_table_say_the_same(made, model):
    """From the file of a test clip: what was predicted in training is what the app will say."""
    folder = made.folder / "models" / model
    assert {f.name for f in folder.iterdir()} == {
        "config.json", "metadata.json", "model.weights.h5", "model.onnx", "preprocessing.json",
        "labels.json", "parity.json",
    }  # fmt: skip
    _, frames, stored = on_test_clips(made, model)
    loaded = keras.saving.load_model(folder)
    ours = np.asarray(loaded(frames, training=False))
    session = onnxruntime.InferenceSession(
        str(folder / "model.onnx"), providers=["CPUExecutionProvider"]
    )
    (name,) = [i.name for i in session.get_inputs()]
    (theirs,) = session.run(None, {name: frames})  # six at once: the batch is free
    np.testing.assert_allclose(theirs, ours, atol=1e-4)
    # Training keeps the frozen features of a pretrained net in half precision.
    np.testing.assert_allclose(ours, stored, atol=1e-2 if model == "lrcn" else 1e-4)
    parity = json.loads((folder / "parity.json").read_text())
    assert parity["clips"] == 8
    assert 0 <= parity["largest_difference"] <= parity["tolerance"] == 1e-4


def test_the_study_with_its_cost_is_valid_and_filled(made):
    found = study.read(made.folder)
    for name in trained.MODELS:
        entry = found.cost["models"][name]
        total = models.build(name, 3).count_params()
        assert entry["parameters"]["total"] == total == found.models[name]["parameters"]
        assert entry["parameters"]["body"] + entry["parameters"]["head"] == total
        assert entry["weights_bytes"] > 4 * total
        assert 0 < entry["latency_ms"]["p50"] <= entry["latency_ms"]["p95"]
        assert entry["peak_memory_bytes"] > 2**24
        assert entry["training"]["seconds_per_clip"] > 0
        prepared = entry["training"]["prepare_seconds_per_clip"]
        assert (prepared > 0) == (name == "lrcn")
        assert found.models[name]["weights_of"] == f"holdout-f0-s0-{name}"
    assert found.cost["machine"]["cores"] >= 1
    assert found.cost["models"]["convlstm"]["parameters"]["trainable"] == 33_000 + 2_881 * 3
    lrcn = found.cost["models"]["lrcn"]["parameters"]
    # Means and variances of normalisation are kept, not trained: 2 of the 4 a channel.
    assert 0 < lrcn["total"] - lrcn["trainable"] < 100_000


def test_predict_works_end_to_end(made, capsys):
    paths, _, stored = on_test_clips(made, "convlstm")
    assert main(["predict", str(made.folder), str(paths[0]), str(paths[1]), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    for entry, expected in zip(said["clips"], stored[:2], strict=True):
        assert set(entry["models"]) == set(trained.MODELS)
        found = entry["models"]["convlstm"]["probabilities"]
        np.testing.assert_allclose(found, expected, atol=1e-4)
    assert classify.open_models(made.folder).frames == 20


# -- multiply-adds, counted a second way -----------------------------------------------------------


def convlstm_by_hand(classes: int) -> int:
    """Input convolutions of 20 frames, recurrent ones of 19 (the first state is zero), the head."""
    total, channels, side = 0, 3, 64
    for filters in (4, 8, 14, 16):
        side -= 2
        total += side * side * 9 * 4 * filters * (20 * channels + 19 * filters)
        channels, side = filters, -(-side // 2)
    return total + 20 * side * side * channels * classes


def scratch_by_hand(classes: int) -> int:
    """20 frames through four convolutions, the LSTM's 20 steps, the head."""
    frame = sum(side * side * 9 * a * b for side, a, b in (
        (64, 3, 16), (16, 16, 32), (4, 32, 64), (2, 64, 64)))  # fmt: skip
    return 20 * frame + 20 * 4 * 32 * (64 + 32) + 32 * classes


def lrcn_by_hand(classes: int) -> int:
    """20 images of 168x224 through EfficientNet-Lite0; of both streams the LSTM and the head."""
    stages = ((3, 1, 16, 1, 1), (3, 2, 24, 6, 2), (5, 2, 40, 6, 2), (3, 3, 80, 6, 2),
              (5, 3, 112, 6, 1), (5, 4, 192, 6, 2), (3, 1, 320, 6, 1))  # fmt: skip
    height, width, channels = 84, 112, 32
    frame = height * width * 9 * 3 * channels
    for kernel, repeats, out, expansion, stride in stages:
        for repeat in range(repeats):
            wide = channels * expansion
            if expansion > 1:
                frame += height * width * channels * wide
            if stride == 2 and not repeat:
                height, width = -(-height // 2), -(-width // 2)
            frame += height * width * wide * (kernel * kernel + out)
            channels = out
    frame += height * width * 320 * 1280
    return 20 * frame + 20 * 4 * 64 * (1280 + 64) + 2 * 64 * classes


@pytest.mark.parametrize(
    ("model", "by_hand"),
    [
        ("convlstm", convlstm_by_hand),
        ("lrcn-scratch", scratch_by_hand),
        ("lrcn", lrcn_by_hand),
    ],
)
def test_multiply_adds_are_those_of_the_formulas(made, model, by_hand):
    stored = study.read(made.folder).cost["models"][model]["multiply_adds_per_clip"]
    assert stored == by_hand(3)
    file = made.folder / "models" / model / "model.onnx"
    assert cost.multiply_adds(file, batch=4) == 4 * stored


# -- killed, refused -------------------------------------------------------------------------------


@pytest.fixture
def scratch(made):
    """The plain Keras net of a cell."""
    return export.load_cell(
        made.folder / "cells" / "holdout-f0-s0-lrcn-scratch.weights.npz", "lrcn-scratch", 3
    )


FRAMES = np.random.default_rng(0).integers(0, 256, (2, 20, 64, 64, 3), np.uint8)


def test_a_kill_before_the_end_leaves_the_old_model(made, scratch, tmp_path, monkeypatch):
    folder = tmp_path / "models" / "lrcn-scratch"
    shutil.copytree(made.folder / "models" / "lrcn-scratch", folder)
    before = {f.name: f.read_bytes() for f in folder.iterdir()}

    def killed(*args):
        raise KeyboardInterrupt

    for name in ("_onnx_form", "_parity"):
        with monkeypatch.context() as patch:
            patch.setattr(export, name, killed)
            with pytest.raises(KeyboardInterrupt):
                export.write(scratch, "lrcn-scratch", folder, ["a", "b", "c"], FRAMES)
        assert {f.name: f.read_bytes() for f in folder.iterdir()} == before
        assert [f.name for f in folder.parent.iterdir()] == [folder.name]


def test_what_a_kill_left_is_cleaned_up_and_the_folder_is_one_models(scratch, tmp_path):
    folder = tmp_path / "models" / "lrcn-scratch"
    folder.mkdir(parents=True)
    (folder / "of the one before").write_text("x")
    for name in ("lrcn-scratch.123.tmp", "lrcn-scratch.old.tmp"):
        (folder.parent / name).mkdir()
        (folder.parent / name / "model.onnx").write_bytes(b"half")
    made = export.write(scratch, "lrcn-scratch", folder, ["a", "b", "c"], FRAMES)
    assert made["parity"]["clips"] == 2
    assert [f.name for f in folder.parent.iterdir()] == [folder.name]
    assert not (folder / "of the one before").exists()
    assert json.loads((folder / "labels.json").read_text()) == ["a", "b", "c"]


def test_forms_that_differ_are_refused(made, scratch, tmp_path):
    head = scratch.get_layer("head")
    head.bias.assign(np.array([0.5, 0, 0], "f4"))
    with pytest.raises(export.ExportError, match="lrcn-scratch: ONNX differs from Keras by 0"):
        export._parity(scratch, made.folder / "models" / "lrcn-scratch" / "model.onnx", FRAMES)


def test_weights_of_another_net_are_a_clear_error(made):
    file = made.folder / "cells" / "holdout-f0-s0-convlstm.weights.npz"
    with pytest.raises(export.ExportError, match="of another net than the code builds now"):
        export.load_cell(file, "lrcn-scratch", 3)


def test_weights_that_fit_a_net_that_computes_something_else_are_refused(made, tmp_path, capsys):
    folder = made.copy(tmp_path / "study")
    meta = json.loads((folder / "study.json").read_text())
    meta["models"]["lrcn"]["architecture"] = "what an earlier commit built"
    study.write_json(folder / "study.json", meta)
    assert main(["export", str(folder), "--only", "lrcn"]) == 2
    assert "lrcn is another net (what an earlier commit built)" in capsys.readouterr().err


def test_what_another_machine_measured_is_not_kept_as_of_this_one(made, tmp_path):
    folder = made.copy(tmp_path / "study")
    stored = json.loads((folder / "cost.json").read_text())
    stored["machine"]["cores"] += 1
    study.write_json(folder / "cost.json", stored)
    assert main(["export", str(folder), "--only", "convlstm"]) == 0
    after = study.read(folder).cost
    assert after["machine"]["cores"] == stored["machine"]["cores"] - 1
    assert after["models"]["convlstm"]["latency_ms"]["p50"] > 0
    other = after["models"]["lrcn-scratch"]
    assert (other["latency_ms"], other["peak_memory_bytes"], other["training"]) == (None,) * 3
    assert other["parameters"] == stored["models"]["lrcn-scratch"]["parameters"]


def test_missing_weights_and_unknown_models_are_clear_errors(made, tmp_path, capsys):
    folder = made.copy(tmp_path / "study")
    (folder / "cells" / "holdout-f0-s0-lrcn.weights.npz").unlink()
    assert main(["export", str(folder), "--only", "lrcn"]) == 2
    assert "holdout-f0-s0-lrcn.weights.npz: no such weights; " in capsys.readouterr().err
    assert main(["export", str(folder), "--only", "resnet"]) == 2
    assert "has no model 'resnet'" in capsys.readouterr().err
    assert main(["export", str(tmp_path / "nothing")]) == 2
    assert "no such folder" in capsys.readouterr().err


def test_without_its_weights_a_model_is_measured_and_nothing_else(made, tmp_path):
    folder = made.copy(tmp_path / "study")
    shutil.rmtree(folder / "models" / "lrcn-scratch")
    cost = json.loads((folder / "cost.json").read_text())
    before = cost["models"].pop("lrcn-scratch")
    (folder / "cost.json").write_text(json.dumps(cost | {"models": {**cost["models"]}}))
    words = ["export", str(folder), "--only", "lrcn-scratch", "--no-weights"]
    with trained.settings(made.cache):
        assert main(words) == 0
    assert sorted(f.name for f in (folder / "models").iterdir()) == ["convlstm", "lrcn"]
    after = study.read(folder).cost["models"]["lrcn-scratch"]
    for same in ("parameters", "weights_bytes", "multiply_adds_per_clip"):
        assert after[same] == before[same]
    ways = [after, *after["other_runtimes"]]
    assert [way["latency_ms"]["runtime"].split()[0] for way in ways] == ["ONNX", "ONNX", "Keras"]
    assert [way["latency_ms"]["threads"] for way in ways[:2]] == [1, 2]
    assert ways[2]["peak_memory_bytes"] > 2 * ways[0]["peak_memory_bytes"]
    assert [m.name for m in classify.open_models(folder).models] == ["convlstm", "lrcn"]
