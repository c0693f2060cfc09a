"""`python -m training train`: killed and called again, planned, chosen, refused.

May import: pandas, pytest, hvc_core.study, .train, .recipe, training, tests.support.
"""

from __future__ import annotations

import json
import tomllib

import numpy as np
import pandas as pd
import pytest

from hvc_core import clips, splits, study
from hvc_core.recipe import Cell
from tests.support import data, studies, trained
from training import train as command
from training.__main__ import main

# A study is trained first, and shared.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("trained")]


@pytest.fixture(scope="module")
def made():
    return trained.study()


def contents(folder):
    return {
        f.relative_to(folder): f.read_bytes()
        for f in folder.rglob("*")
        if f.is_file() and f.suffix != ".tmp"
    }


def refuse(*args):
    raise AssertionError("there is nothing to train")


# -- killed with kill -9, called again -------------------------------------------------------------


def test_the_kill_came_in_the_middle(made):
    """Else the tests below would say nothing."""
    assert "holdout-f0-s0-convlstm.state.npz" in made.cells_when_killed
    assert not [name for name in made.cells_when_killed if name.endswith(".parquet")]
    assert len(made.killed_history) < trained.MODELS["convlstm"]


def test_it_went_on_from_the_last_finished_epoch(made):
    """The killed process's epoch is in the history, to its seconds: it was not trained anew."""
    history = study.read(made.folder).history
    assert history is not None
    rows = history[history["model"] == "convlstm"].sort_values("epoch")
    assert rows["epoch"].tolist() == [1, 2]
    for name, value in made.killed_history[0].items():
        assert rows.iloc[0][name] == value


def test_every_cell_has_its_rows_once(made):
    found = study.read(made.folder)
    assert found.history is not None
    assert len(found.predictions) == len(trained.MODELS) * trained.TEST_CLIPS
    assert not found.predictions.duplicated(study.KEY).any()
    index = clips.index(made.clips)
    fold = splits.split(index.clips, "holdout", 0, 0)
    expected = [(index.clips[r].name, index.clips[r].class_name, index.clips[r].group)
                for r in fold.test]  # fmt: skip
    for model, epochs in trained.MODELS.items():
        rows = found.predictions[found.predictions["model"] == model]
        assert sorted(zip(rows["clip"], rows["class"], rows["group"], strict=True)) == expected
        history = found.history[found.history["model"] == model]
        assert sorted(history["epoch"]) == list(range(1, epochs + 1))
        assert np.isfinite(history[["loss", "val_loss"]]).all(axis=None)


def test_the_study_is_whole_and_its_metrics_are_right(made, capsys):
    assert main(["evaluate", str(made.folder), "--check"]) == 0
    capsys.readouterr()
    # Neither a state nor what the kills left half-written.
    names = {f.name for f in (made.folder / "cells").iterdir()}
    assert names == {f"holdout-f0-s0-{model}.weights.npz" for model in trained.MODELS}
    meta = json.loads((made.folder / "study.json").read_text())
    assert meta["dataset"]["clips"] == 21
    assert meta["dataset"]["classes"] == list(data.CLASSES)
    assert meta["dataset"]["fingerprint"] == clips.index(made.clips).fingerprint
    assert meta["environment"]["packages"]["keras"]
    assert meta["headline"] == ["convlstm", "lrcn-scratch"]


def test_the_same_training_under_another_name_is_taken_with_all_that_it_answered(tmp_path):
    from hvc_core import train

    folder = studies.make_study(tmp_path / "study", seeds=1, evidence=True)
    meta = json.loads((folder / "study.json").read_text())
    meta["protocols"]["group5"] = meta["protocols"]["holdout"]
    (folder / "study.json").write_text(json.dumps(meta))
    (folder / "cells").mkdir(exist_ok=True)
    (folder / "cells" / "holdout-f0-s1-lrcn.weights.npz").write_bytes(b"its weights")
    # Neither settings nor data: it would fail if it trained.
    train.run_cell(Cell("group5", 0, 1, "lrcn"), None, None, folder)  # type: ignore[arg-type]
    cells = [study.read_cell(folder, protocol, 0, 1, "lrcn") for protocol in ("holdout", "group5")]
    old, new = (cell for cell in cells if cell is not None)
    extras = [
        study.read_extra(folder, protocol, 0, 1, "lrcn", "validation")
        for protocol in ("holdout", "group5")
    ]
    for before, after in zip((*old, extras[0]), (*new, extras[1]), strict=True):
        assert len(before) and set(after["protocol"]) == {"group5"}
        pd.testing.assert_frame_equal(
            after.assign(protocol="holdout").reset_index(drop=True), before.reset_index(drop=True)
        )
    assert (folder / "cells" / "group5-f0-s1-lrcn.weights.npz").read_bytes() == b"its weights"


class Stopped(BaseException):
    """A kill, as far as a cell can tell."""


def test_lrcn_stopped_in_either_phase_ends_with_the_same_weights(made, tmp_path):
    plan, index = command.recipe.read(made.recipe), clips.index(made.clips)
    cell, how = Cell("holdout", 0, 0, "lrcn"), plan.models["lrcn"]
    assert (how.heads, how.epochs) == (1, 1)

    def stop_in(epoch):
        def progress(what, p):
            if what == "epoch" and p.epoch == epoch:
                assert p.epochs == 2
                raise Stopped

        return progress

    with trained.settings(made.cache):
        from hvc_core import train
        from hvc_core.models import lrcn

        data = train.load(index, plan.models, lambda done, total: None)
        for epoch in (1, 2):
            with pytest.raises(Stopped):
                train.run_cell(cell, how, data, tmp_path, stop_in(epoch))
        kept = {f.name for f in (tmp_path / "cells").iterdir()}
        assert kept == {f"{cell}.heads.state.npz"}
        seen = []
        train.run_cell(cell, how, data, tmp_path, lambda what, p: seen.append((what, p)))
        fresh = lrcn.build(len(index.classes), pretrained=True)
    assert {p.epoch for what, p in seen if what == "epoch"} == {2}
    assert not list((tmp_path / "cells").glob("*.state.npz"))
    name = f"{cell}.weights.npz"
    with np.load(tmp_path / "cells" / name) as again, np.load(made.folder / "cells" / name) as once:
        for file, start in zip(once.files, fresh.weights, strict=True):
            np.testing.assert_allclose(again[file], once[file], atol=1e-5, err_msg=start.path)
        moved = [
            start.path
            for file, start in zip(once.files, fresh.weights, strict=True)
            if np.abs(once[file] - start.numpy()).max() > 0
        ]
    # The second phase trained the backbone's last blocks, unless its first epoch was the better.
    epochs = pd.read_parquet(tmp_path / "cells" / f"{cell}.history.parquet").sort_values("epoch")
    merit = list(zip(epochs["val_accuracy"], -epochs["val_loss"], strict=True))
    assert any("block15" in path for path in moved) == (merit[1] > merit[0])


def test_cells_with_an_untouched_backbone_share_what_it_gives(made, tmp_path, monkeypatch):
    index = clips.index(made.clips)
    text = trained.RECIPE.replace("seeds = [0]", "seeds = [0, 1]")
    for name in ("lrcn", "mean"):
        text += f"""
[models.{name}-frozen]
architecture = "{name}"
epochs = 0
heads = 1
views = 2
frames = 5
tail = 14
"""
    plan = command.recipe.parse(tomllib.loads(text))
    with trained.settings(made.cache):
        from hvc_core import train
        from hvc_core.models import mean, two_stream

        data = train.load(index, plan.models, lambda done, total: None)
        # The third finds all that it needs; the second and the fourth have other clips in training.
        for name, seed in (("lrcn", 0), ("lrcn", 1), ("mean", 0), ("mean", 1)):
            cell = Cell("holdout", 0, seed, f"{name}-frozen")
            train.run_cell(cell, plan.models[cell.model], data, tmp_path)
        net, how, size = mean.build(3, pretrained=True), plan.models["mean-frozen"], (120, 160)
        fold = splits.split(index.clips, "holdout", 0, 0)
        kept = train._features(net, how, data, size, fold, print)
        monkeypatch.delattr(train.export, "runner")  # found again, not computed
        pooled = train._pooled(net, how, data, size, kept, print)
        direct = two_stream.body(net, 14, train.MOMENTS)(kept.values[0, :2].astype("float32"))
    assert pooled.done[0].all() and pooled.done[1].any()
    np.testing.assert_allclose(pooled.values[0, :2], direct, atol=2e-3)
    for name in ("lrcn", "mean"):
        for seed in (0, 1):
            rows = pd.read_parquet(tmp_path / "cells" / f"holdout-f0-s{seed}-{name}-frozen.parquet")
            assert len(rows) == trained.TEST_CLIPS


# -- called again when there is nothing to do ------------------------------------------------------


def test_a_second_call_changes_nothing_and_needs_no_framework(made, tmp_path, monkeypatch, capsys):
    folder = made.copy(tmp_path / "study")
    before = contents(folder)
    monkeypatch.setattr(command, "train_cells", refuse)
    monkeypatch.setattr("training.provenance.code_commit", lambda: "another")
    assert main(made.words(study=folder)) == 0
    assert "closed" in capsys.readouterr().out
    assert contents(folder) == before


def test_what_export_wrote_into_study_json_stays_when_a_seed_is_added(made, tmp_path, monkeypatch):
    folder = made.copy(tmp_path / "study")
    meta = json.loads((folder / "study.json").read_text())
    meta["models"]["lrcn"] |= {"parameters": 123, "title": "An old name"}
    study.write_json(folder / "study.json", meta)
    more = tmp_path / "more.toml"
    text = trained.RECIPE.replace("seeds = [0]", "seeds = [0, 1]")
    more.write_text(
        text.replace("[protocols.hold", "[protocols.tune]\nseeds = [0]\n\n[protocols.hold")
    )
    monkeypatch.setattr(command, "train_cells", lambda *args: None)
    words = ["train", str(more), "--data", str(made.clips), "--study", str(folder)]
    assert main(words) == 0
    after = json.loads((folder / "study.json").read_text())
    assert after["models"]["lrcn"]["parameters"] == 123
    assert after["models"]["lrcn"]["title"] == "LRCN"
    assert list(after["protocols"]) == ["tune", "holdout"]  # as the recipe has them now
    assert after["protocols"]["holdout"]["seeds"] == [0, 1]
    assert after["created"] == meta["created"]
    assert study.read_meta(folder)


def test_closing_early_makes_a_study_and_keeps_what_is_half_trained(made, tmp_path, monkeypatch):
    folder = made.copy(tmp_path / "study")
    more = tmp_path / "more.toml"
    more.write_text(trained.RECIPE.replace("seeds = [0]", "seeds = [0, 1]"))
    state = folder / "cells" / "holdout-f0-s1-convlstm.state.npz"
    state.write_bytes(b"an epoch's")
    monkeypatch.setattr(command, "train_cells", lambda *args: None)
    words = ["train", str(more), "--data", str(made.clips), "--study", str(folder), "--close"]
    assert main(words) == 0
    assert state.exists()
    assert len(study.read(folder).predictions) == len(trained.MODELS) * trained.TEST_CLIPS


# -- refused ---------------------------------------------------------------------------------------


def test_other_clips_are_refused(made, tmp_path, capsys):
    other = data.make(tmp_path / "other", groups=range(1, 9))
    folder = made.copy(tmp_path / "study")
    before = contents(folder)
    words = ["train", str(made.recipe), "--data", str(other), "--study", str(folder)]
    assert main(words) == 2
    assert "this study is of other clips" in capsys.readouterr().err
    assert contents(folder) == before


def test_changed_settings_are_refused(made, tmp_path, capsys):
    folder = made.copy(tmp_path / "study")
    changed = tmp_path / "changed.toml"
    changed.write_text(trained.RECIPE.replace("batch = 4", "batch = 5"))
    before = contents(folder)
    assert main(["train", str(changed), "--data", str(made.clips), "--study", str(folder)]) == 2
    error = capsys.readouterr().err
    assert "was begun with other settings" in error
    assert "another name" in error
    assert contents(folder) == before


def test_settings_may_change_until_the_first_epoch_is_done(made, tmp_path, monkeypatch, capsys):
    folder, changed = tmp_path / "study", tmp_path / "changed.toml"
    changed.write_text(trained.RECIPE.replace("batch = 4", "batch = 5"))
    monkeypatch.setattr(command, "train_cells", lambda *args: None)
    assert main(made.words("--only", "model=lrcn", study=folder)) == 0
    words = ["train", str(changed), "--data", str(made.clips), "--study", str(folder)]
    assert main(words) == 0
    assert study.read_meta(folder)["recipe"]["models"]["convlstm"]["batch"] == 5
    (folder / "cells").mkdir()
    (folder / "cells" / "holdout-f0-s0-lrcn-scratch.state.npz").write_bytes(b"an epoch's")
    heads = folder / "cells" / "holdout-f0-s0-lrcn.heads.state.npz"
    heads.write_bytes(b"an epoch's")
    assert study.started_models(folder) == {"lrcn-scratch", "lrcn"}
    heads.unlink()
    capsys.readouterr()
    assert main(made.words(study=folder)) == 2
    assert "model lrcn-scratch was begun with other settings" in capsys.readouterr().err


def test_a_net_that_changed_is_refused_where_it_would_train(made, tmp_path, monkeypatch, capsys):
    folder = made.copy(tmp_path / "study")
    meta = json.loads((folder / "study.json").read_text())
    meta["models"]["lrcn"]["architecture"] = "what an earlier commit built"
    study.write_json(folder / "study.json", meta)
    more = tmp_path / "more.toml"
    more.write_text(trained.RECIPE.replace("seeds = [0]", "seeds = [0, 1]"))
    monkeypatch.setattr(command, "train_cells", lambda *args: None)
    words = ["train", str(more), "--data", str(made.clips), "--study", str(folder), "--only"]
    assert main([*words, "model=lrcn"]) == 2
    assert "model lrcn has cells of another net (what an earlier" in capsys.readouterr().err
    assert main([*words, "model=convlstm"]) == 0
    after = json.loads((folder / "study.json").read_text())
    assert after["models"]["lrcn"]["architecture"] == "what an earlier commit built"


def test_models_of_one_architecture_have_titles_of_their_own(made, tmp_path, monkeypatch):
    two = tmp_path / "two.toml"
    two.write_text(trained.RECIPE + '\n[models.small]\narchitecture = "convlstm"\n')
    monkeypatch.setattr(command, "train_cells", lambda *args: None)
    words = ["train", str(two), "--data", str(made.clips), "--study", str(tmp_path / "study")]
    assert main(words) == 0
    found = study.read_meta(tmp_path / "study")["models"]
    assert (found["convlstm"]["title"], found["small"]["title"]) == ("ConvLSTM", "ConvLSTM (small)")


def test_too_few_groups_are_a_clear_error(made, tmp_path, capsys):
    few = data.make(tmp_path / "few", groups=(1, 3, 4))
    words = ["train", str(made.recipe), "--data", str(few), "--study", str(tmp_path / "study")]
    with trained.settings(tmp_path / "cache"):
        assert main([*words, "--only", "model=lrcn-scratch"]) == 2
    assert "leaves no clip to test" in capsys.readouterr().err


def test_no_data_no_recipe(made, tmp_path, capsys):
    gone = str(tmp_path / "gone")
    assert main(["train", str(made.recipe), "--data", gone, "--study", gone]) == 2
    assert "gone" in capsys.readouterr().err
    assert main(["train", gone, "--data", str(made.clips), "--study", gone]) == 2
    assert "cannot be read" in capsys.readouterr().err
    assert not (tmp_path / "gone").exists()


def test_files_left_out_are_spoken_of(made, tmp_path, monkeypatch, capsys):
    more = data.make(tmp_path / "more")
    (more / "Punch" / "v_Punch_g09_c01.mp4").write_text("no video")
    monkeypatch.setattr(command, "train_cells", lambda *args: None)
    words = ["train", str(made.recipe), "--data", str(more), "--study", str(tmp_path / "study")]
    assert main(words) == 0
    out, err = capsys.readouterr()
    assert "1 files left out" in err
    assert "3 cells of the recipe are still to be trained" in out


# -- --only and --plan -----------------------------------------------------------------------------


def test_only_chooses_cells(made):
    plan = command.recipe.parse(
        command.recipe.to_table(command.recipe.read(made.recipe))
        | {"protocols": {"holdout": {"seeds": [0, 1]}, "tune": {"seeds": [0]}}}
    )
    every = command.chosen(plan, [], set())
    assert len(every) == 9
    assert command.chosen(plan, ["model=lrcn", "seed=1"], set()) == [Cell("holdout", 0, 1, "lrcn")]
    two = command.chosen(plan, ["model=lrcn", "model=convlstm", "protocol=tune"], set())
    assert {cell.model for cell in two} == {"lrcn", "convlstm"}
    assert len(two) == 2
    done = {("holdout", 0, 0, "lrcn")}
    assert Cell("holdout", 0, 0, "lrcn") not in command.chosen(plan, ["fold=0"], done)


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("lrcn", "--only lrcn: expected KEY=VALUE with a key of protocol, fold, seed, model"),
        ("name=lrcn", "--only name=lrcn: expected KEY=VALUE"),
        ("model=resnet", "--only model=resnet: the recipe has only convlstm, lrcn, lrcn-scratch"),
        ("seed=7", "--only seed=7: the recipe has only 0"),
    ],
)
def test_only_refuses_what_the_recipe_lacks(made, word, message, capsys):
    assert main(made.words("--only", word)) == 2
    assert message in capsys.readouterr().err


def test_plan_lists_the_missing_cells_and_writes_nothing(made, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(command, "_step_seconds", lambda how, classes: 60.0)
    folder = tmp_path / "study"
    assert main(made.words("--plan", study=folder)) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("3 cells to train on 21 clips")
    # 21 clips, two thirds of them in steps of 4: 4 steps an epoch, of a minute each
    assert lines[1].split() == ["holdout-f0-s0-convlstm", "2", "epochs", "8", "min"]
    assert lines[3].split() == ["holdout-f0-s0-lrcn", "2", "epochs", "8", "min"]  # one of heads
    assert "features" in lines[5]
    assert not folder.exists()
    assert main(made.words("--plan", "--only", "model=lrcn-scratch", study=folder)) == 0
    assert "1 cells" in capsys.readouterr().out
    assert main(made.words("--plan")) == 0
    assert capsys.readouterr().out.strip() == "nothing is missing"
