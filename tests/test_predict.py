"""`python -m training predict`: the answers as JSON and as a table, and its exit status.

May import: numpy, pytest, hvc_core.classify, training.__main__, tests.support.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

from hvc_core import classify
from tests.support import videos
from tests.support.studies import make_study
from training.__main__ import main


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return make_study(tmp_path_factory.mktemp("study") / "study", models=3)


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return videos.write(tmp_path_factory.mktemp("clips") / "clip.avi", 30, codec="mpeg4")


def test_json_is_what_classify_says(study, clip, capsys):
    assert main(["predict", str(study), str(clip), "--json"]) == 0
    out, err = capsys.readouterr()
    said = json.loads(out)
    assert err == ""
    assert said["study"] == str(study)
    answer = classify.classify(classify.open_models(study), clip)
    assert said["classes"] == answer.classes
    (entry,) = said["clips"]
    assert entry["clip"] == str(clip)
    assert entry["notes"] == []
    assert entry["agree"] == answer.agree
    assert entry["decode_ms"] > 0
    assert list(entry["models"]) == ["convlstm", "lrcn", "lrcn-scratch"]
    for one in answer.models:
        told = entry["models"][one.model]
        np.testing.assert_allclose(told["probabilities"], one.probabilities, atol=1e-6)
        assert told["top"] == answer.classes[one.top]
        assert told["milliseconds"] > 0


def test_a_model_whose_weights_are_elsewhere_is_spoken_of_and_not_asked(tmp_path, clip, capsys):
    folder = make_study(tmp_path / "study", models=3)
    shutil.rmtree(folder / "models" / "lrcn")
    assert main(["predict", str(folder), str(clip), "--json"]) == 0
    out, err = capsys.readouterr()
    assert list(json.loads(out)["clips"][0]["models"]) == ["convlstm", "lrcn-scratch"]
    assert err == "lrcn: its weights are not in the study, so it is not asked\n"


def test_a_bad_clip_does_not_stop_the_others(study, clip, tmp_path, capsys):
    bad = tmp_path / "bad.mp4"
    bad.write_text("no video")
    short = videos.write(tmp_path / "short.gif", 4, codec="gif", pix_fmt="gray")
    words = ["predict", str(study), str(bad), str(clip), str(short)]
    assert main([*words, "--json"]) == 1
    first, second, third = json.loads(capsys.readouterr().out)["clips"]
    assert first.keys() == {"clip", "error"}
    assert "text" in first["error"]
    assert "models" in second
    assert "4 frames" in third["notes"][0]
    assert main(words) == 1
    out, err = capsys.readouterr()
    assert "bad.mp4: the file is text" in err
    assert "clip.avi" in out
    assert "Note: The clip has 4 frames" in out


def test_table_shows_the_five_likeliest(study, clip, capsys):
    assert main(["predict", str(study), str(clip)]) == 0
    out = capsys.readouterr().out
    answer = classify.classify(classify.open_models(study), clip)
    lines = out.splitlines()
    assert len(lines) == 2 + 5 + 1  # the clip, the models, five classes, an empty line
    for one in answer.models:
        assert one.title in lines[1]
        assert answer.classes[one.top] in lines[2]
        for index, _ in one.ranked():
            assert answer.classes[index] in out


def test_a_broken_study_is_one_clear_error(study, clip, tmp_path, capsys):
    assert main(["predict", str(tmp_path / "nothing"), str(clip)]) == 2
    assert "no such folder" in capsys.readouterr().err


def test_as_a_command_without_tensorflow(study, clip):
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "training", "predict", str(study), str(clip)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": "."},
    )
    assert done.returncode == 0
    assert "ConvLSTM" in done.stdout
    loaded = {line.split("|")[-1].strip() for line in done.stderr.splitlines()}
    assert "onnxruntime" in loaded
    assert not loaded & {"tensorflow", "keras", "pandas", "streamlit"}
