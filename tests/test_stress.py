"""`python -m training stress`: a trained study's models put to spoilt and unknown clips, for real.

May import: numpy, pytest, hvc_core, training, tests.support.
"""

from __future__ import annotations

import numpy as np
import pytest

from hvc_core import clips, recipe, study
from hvc_core.conditions import CONDITIONS as ALL
from tests.support import data, trained
from training.__main__ import main

# A study is trained first, and shared.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("trained")]
CONDITIONS = {name: ALL[name] for name in ("shuffled", "frozen", "drop-5", "h264-3", "blur-2")}


@pytest.fixture(scope="module")
def stressed(tmp_path_factory):
    """The trained study after the command, and the folder of unknown clips."""
    made, folder = trained.study(), tmp_path_factory.mktemp("stress")
    copy, unseen = made.copy(folder / "study"), folder / "unseen"
    data.make(unseen, classes=("Archery",), groups=(1, 2))
    words = ["stress", str(copy), "--data", str(made.clips), "--unseen", str(unseen)]
    with trained.settings(made.cache), pytest.MonkeyPatch.context() as patch:
        patch.setattr("training.stress.CONDITIONS", CONDITIONS)
        assert main(words) == 0
        yield copy, words, made


def test_every_model_answers_under_every_condition(stressed):
    found = study.read(stressed[0])
    assert set(found.conditions["condition"]) == set(CONDITIONS)
    for _, rows in found.conditions.groupby(["model", "condition"]):
        assert sorted(rows["clip"]) == sorted(found.predictions["clip"].unique())
    assert set(found.conditions["model"]) == set(trained.MODELS)
    assert set(found.unseen["class"]) == {"Archery"}
    assert len(found.unseen) == 2 * len(trained.MODELS)
    assert set(found.validation["model"]) == set(trained.MODELS)
    assert main(["evaluate", str(stressed[0]), "--check"]) == 0


def test_clips_as_they_are_get_the_stored_answers(stressed):
    """The same weights by another way: decoded whole, in ONNX Runtime, stem and tail apart."""
    folder, _, made = stressed
    from hvc_core import stress

    plan, index = recipe.read(made.recipe), clips.index(made.clips)
    found = study.read(folder)
    tested = [clip for clip in index.clips if clip.name in set(found.predictions["clip"])]
    cells = [cell for cell in recipe.cells(plan) if cell.protocol == "holdout"]
    groups = stress.opened(cells, plan, len(index.classes), folder)
    assert len(groups) == 2  # models of one size and stem look at a clip once
    for cell, rows in stress.ask(groups, tested, [study.CLEAN]).items():
        stored = found.predictions[found.predictions["model"] == cell.model].set_index("clip")
        for name, values in zip(rows["clip"], rows["probabilities"], strict=True):
            # The kept answers of lrcn came from features of half precision.
            np.testing.assert_allclose(values, stored.loc[name, "probabilities"], atol=5e-3)


def test_called_again_it_asks_nothing(stressed, monkeypatch):
    folder, words, _ = stressed
    from hvc_core import stress

    before = (folder / "predictions.parquet").read_bytes()
    monkeypatch.setattr(stress, "ask", lambda *args: pytest.fail("asked again"))
    assert main(words) == 0
    assert (folder / "predictions.parquet").read_bytes() == before


def test_other_clips_are_refused(stressed, tmp_path, capsys):
    other = data.make(tmp_path / "other", groups=(1, 2))
    assert main(["stress", str(stressed[0]), "--data", str(other)]) == 2
    assert "dataset.fingerprint" in capsys.readouterr().err


def test_weights_that_are_not_here_are_spoken_of(stressed, tmp_path, capsys):
    made = stressed[2]
    copy = made.copy(tmp_path / "study")
    for file in (copy / "cells").glob("*convlstm*.weights.npz"):
        file.unlink()
    from training import stress as command

    cells = command.with_weights(copy, recipe.read(made.recipe))
    assert {cell.model for cell in cells} == set(trained.MODELS) - {"convlstm"}
    assert "holdout-f0-s0-convlstm: its weights are not here" in capsys.readouterr().err
