"""`train --engine ray`: on a cluster of two workers, killed, interrupted, with cells that fail.

Ray runs in processes of their own, each test's in a session of its own, so that none is left
behind and none of another's is touched. May import: numpy, pandas, pytest, hvc_core.clips,
.recipe, .study, training, tests.support.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from hvc_core import clips, fit, frames, study
from hvc_core.recipe import Cell
from tests.support import data, trained
from training import ray_engine, ray_task
from training.__main__ import main

RECIPE = """
name = "tiny"
title = "Made clips"
note = "made clips of three classes"

[protocols.holdout.models]
convlstm = [0]
lrcn-scratch = [0, 1]

[protocols.logo25.models]
lrcn-scratch = [0]

[train]
epochs = 2
batch = 4

[models.convlstm]
epochs = 4

[models.lrcn-scratch]
"""
HOLDOUT = ["--only", "protocol=holdout"]
CELLS = ("holdout-f0-s0-convlstm", "holdout-f0-s0-lrcn-scratch", "holdout-f0-s1-lrcn-scratch")
KILLED, EPOCHS = CELLS[0], 4
TOKEN = secrets.token_hex(32)
# What a sum is rounded to depends on the number of threads: the same here with and without Ray.
ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "TF_DETERMINISTIC_OPS": "1",
}

with_ray = pytest.mark.skipif(
    importlib.util.find_spec("ray") is None, reason=f"no Ray: pip install '{ray_task.WANTED}'"
)


# -- processes ---------------------------------------------------------------------------------


def processes(session: int) -> dict[int, str]:
    """The living processes of a session: pid -> its words."""
    listed = subprocess.run(
        ["ps", "-ww", "-eo", "pid=,stat=,args="], capture_output=True, text=True, check=True
    )
    found = {}
    for line in listed.stdout.splitlines():
        pid, state, words = line.split(None, 2)
        with suppress(ProcessLookupError, PermissionError):
            if not state.startswith("Z") and os.getsid(int(pid)) == session:
                found[int(pid)] = words
    return found


def wait_for(found: Callable[[], object], seconds: float = 240, pause: float = 0.02) -> None:
    """Returns when `found` gives something true."""
    end = time.monotonic() + seconds
    while not found():
        assert time.monotonic() < end, "it did not come"
        time.sleep(pause)


@contextmanager
def begun(words: list[str], folder: Path) -> Iterator[subprocess.Popen]:
    """A command in a session of its own, in which nothing lives on at the end."""
    # A password of our own, else Ray writes one into the home folder
    ours = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": TOKEN, "RAY_USAGE_STATS_ENABLED": "0"}
    env = {**os.environ, **ours, **ONE_THREAD, "HVC_CACHE": str(folder / "cache")}
    with (folder / f"{Path(words[-1]).name}.err").open("w") as said:
        process = subprocess.Popen(
            words, cwd=trained.ROOT, env=env, stdout=said, stderr=said, start_new_session=True
        )
    try:
        yield process
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(30)
        with suppress(AssertionError):
            wait_for(lambda: not processes(process.pid), 15)
        for pid in processes(process.pid):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait()


# -- a cluster and a study ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """A folder with clips and a recipe, and the holdout's cells trained without Ray."""
    root = tmp_path_factory.mktemp("ray")
    data.make(root / "clips")
    (root / "tiny.toml").write_text(RECIPE, encoding="utf-8")

    def words(name: str, *more: str) -> list[str]:
        return [
            "train", str(root / "tiny.toml"), "--data", str(root / "clips"), *more,
            "--study", str(root / name),
        ]  # fmt: skip

    def said(name: str) -> str:
        return (root / f"{name}.err").read_text("utf-8").replace("\r", "\n")

    # In a process of its own: this one has trained for other tests, in whatever setting
    with begun([sys.executable, "-m", "training", *words("local", *HOLDOUT, "--close")], root) as p:
        assert p.wait(300) == 0, said("local")
    return SimpleNamespace(root=root, words=words, said=said, local=root / "local")


@pytest.fixture(scope="module")
def head(made: SimpleNamespace) -> Iterator[SimpleNamespace]:
    """A cluster of two CPUs, so of two workers, on this machine: its address and session."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    place = tempfile.mkdtemp(prefix="hvc-ray-")  # short: sockets lie in it
    ray = [sys.executable, "-m", "ray.scripts.scripts", "start", "--head", "--block"]
    more = [f"--port={port}", "--num-cpus=2", "--include-dashboard=false",
            "--object-store-memory=100000000", f"--temp-dir={place}"]  # fmt: skip
    try:
        with begun([*ray, *more], made.root) as process:
            # The raylet is the last to come.
            wait_for(lambda: any("raylet/raylet" in w for w in processes(process.pid).values()))
            yield SimpleNamespace(address=f"127.0.0.1:{port}", session=process.pid)
        assert not processes(process.pid)
    finally:
        shutil.rmtree(place, ignore_errors=True)


def epochs_kept(folder: Path, cell: str) -> list[dict]:
    with np.load(folder / "cells" / f"{cell}.state.npz") as kept:
        return json.loads(str(kept["json"]))["history"]


@pytest.fixture(scope="module")
def survived(made: SimpleNamespace, head: SimpleNamespace) -> SimpleNamespace:
    """The holdout's cells trained on the cluster; one's process killed after its first epoch."""
    folder = made.root / "killed"
    words = made.words("killed", *HOLDOUT, "--close", "--engine", "ray", "--address", head.address)
    with begun([sys.executable, "-m", "training", *words], made.root) as process:
        state = folder / "cells" / f"{KILLED}.state.npz"
        wait_for(lambda: state.exists() or process.poll() is not None)
        # Ray names a process after the task it runs.
        victims = [p for p, w in processes(head.session).items() if w.startswith(f"ray::{KILLED}")]
        assert len(victims) == 1, made.said("killed")
        os.kill(victims[0], signal.SIGKILL)
        history = epochs_kept(folder, KILLED)
        status = process.wait(300)
    return SimpleNamespace(folder=folder, status=status, history=history)


# -- two workers, one of them killed ---------------------------------------------------------------


@pytest.mark.long
@with_ray
def test_the_run_ends_with_every_cell_though_a_worker_was_killed(made, survived):
    assert survived.status == 0, made.said("killed")
    assert 1 <= len(survived.history) < EPOCHS  # the kill came in the middle
    assert {f.name for f in (survived.folder / "cells").iterdir()} == {
        f"{cell}.weights.npz" for cell in CELLS
    }


@pytest.mark.long
@with_ray
def test_the_killed_cell_went_on_from_its_last_epoch(survived):
    """The killed process's epochs are in the history, to their seconds: not trained anew."""
    history = study.read(survived.folder).history
    assert history is not None
    rows = history[history["model"] == "convlstm"].sort_values("epoch")
    assert rows["epoch"].tolist() == [1, 2, 3, 4]
    for (_, row), kept in zip(rows.iterrows(), survived.history, strict=False):
        assert {name: row[name] for name in kept} == kept


@pytest.mark.long
@with_ray
def test_the_rows_are_those_of_a_run_without_ray(made, survived):
    keys = ["protocol", "fold", "seed", "model"]
    apart = {}
    for name, last, arrays in (("predictions", "clip", "probabilities"), ("history", "epoch", "")):
        ours, theirs = (
            pd.read_parquet(folder / f"{name}.parquet")
            .drop(columns="seconds", errors="ignore")
            .sort_values([*keys, last], ignore_index=True)
            for folder in (survived.folder, made.local)
        )
        assert len(ours)
        pd.testing.assert_index_equal(ours.columns, theirs.columns)
        for column in ours:
            if column == arrays:
                a, b = np.stack(list(ours[column])), np.stack(list(theirs[column]))
            else:
                a, b = ours[column].to_numpy(), theirs[column].to_numpy()
            if a.dtype.kind == "f":
                if not (most := np.abs(a - b).max()) <= 1e-5:
                    apart[column] = most
            elif (a != b).any():
                apart[column] = int((a != b).sum())
    assert apart == {}


@pytest.mark.long
@with_ray
def test_each_cell_had_its_bar(made, survived):
    said = made.said("killed")
    for number, cell in enumerate(CELLS, start=1):
        assert re.search(rf"cell {number}/3 {cell} epoch \d/\d: .*clips/s, train .*best val", said)
    # Also after the kill
    assert re.search(rf"cell 1/3 {KILLED} epoch 4/4: 100%", said)


# -- failures and interruptions --------------------------------------------------------------------


@pytest.mark.long
@with_ray
def test_a_cell_that_cannot_be_trained_does_not_stop_the_others(made, head):
    """The data has groups 1 to 7: of the leave-one-group-out folds, 6 tests group 7, 7 none."""
    words = made.words("failing", "--only", "protocol=logo25", "fold=6", "fold=7",
                       "--engine", "ray", "--address", head.address)  # fmt: skip
    with begun([sys.executable, "-m", "training", *words], made.root) as process:
        assert process.wait(300) == 2
    said = made.said("failing")
    failed = "logo25-f7-s0-lrcn-scratch"
    assert len(re.findall(rf"^{failed}: protocol 'logo25' leaves no clip to test.*$", said, re.M))
    assert f"train: 1 of 2 cells failed: {failed}; the same command tries them again" in said
    assert "Traceback" not in said
    assert study.finished_cells(made.root / "failing") == {("logo25", 6, 0, "lrcn-scratch")}


@pytest.mark.long
@with_ray
def test_an_interrupt_stops_a_ray_of_our_own_and_leaves_the_state(made):
    folder = made.root / "interrupted"
    words = made.words("interrupted", "--only", "model=convlstm", "--engine", "ray")
    with begun([sys.executable, "-m", "training", *words], made.root) as process:
        state = folder / "cells" / f"{KILLED}.state.npz"
        wait_for(lambda: state.exists() or process.poll() is not None)
        os.killpg(process.pid, signal.SIGINT)  # as the terminal does
        assert process.wait(60) == 130, made.said("interrupted")
        wait_for(lambda: not processes(process.pid), 30)
    assert "interrupted; the same command goes on" in made.said("interrupted")
    assert [f.name for f in (folder / "cells").iterdir() if f.suffix != ".tmp"] == [state.name]
    assert not list((folder / "cells").glob("ray.*"))
    assert len(epochs_kept(folder, KILLED)) >= 1


def test_an_address_where_nothing_answers_is_refused_at_once():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(ray_task.EngineError, match=f"--address {address}: nothing answers"):
            ray_engine._check_answers(address)
    with pytest.raises(ray_task.EngineError, match="give HOST:PORT, from a machine that is part"):
        ray_engine._check_answers("ray://127.0.0.1:10001")
    ray_engine._check_answers("auto")


# -- without Ray -------------------------------------------------------------------------------


@pytest.fixture
def made_words(tmp_path: Path) -> Callable[..., list[str]]:
    """The words of `train` for three clips."""
    data.make(tmp_path / "clips", groups=[1])
    (tmp_path / "tiny.toml").write_text(RECIPE, encoding="utf-8")
    return lambda *more: [
        "train", str(tmp_path / "tiny.toml"), "--data", str(tmp_path / "clips"),
        "--study", str(tmp_path / "study"), *more,
    ]  # fmt: skip


def test_where_ray_is_missing_one_line_says_so(made_words, tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "ray", None)
    assert main(made_words("--engine", "ray")) == 2
    assert capsys.readouterr().err.splitlines() == [
        "python -m training train: --engine ray needs Ray, which is not installed: "
        'pip install "ray>=2.50,<3"'
    ]
    assert not (tmp_path / "study").exists()


def test_an_address_is_of_no_use_without_ray(made_words, capsys):
    assert main(made_words("--address", "auto")) == 2
    assert "--address: is of use only with --engine ray" in capsys.readouterr().err


def test_ray_is_loaded_only_when_it_is_asked_for():
    code = "import sys; from training import ray_engine, train; print('ray' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=trained.ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"


def test_a_cell_waits_for_the_one_that_is_the_same_training():
    whole, fold = Cell("holdout", 0, 1, "lrcn"), Cell("group5", 0, 1, "lrcn")
    assert ray_engine._comes_of(fold, [whole])
    assert ray_engine._comes_of(whole, [fold])
    assert not ray_engine._comes_of(fold, [Cell("holdout", 0, 0, "lrcn")])
    assert not ray_engine._comes_of(Cell("group5", 1, 1, "lrcn"), [whole])


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ray_task.Job:
    """A job of this machine, which is called `here`."""
    monkeypatch.setattr(ray_task, "machine", lambda: "here")
    index = clips.index(data.make(tmp_path / "clips", groups=[1, 2]))
    sign = tmp_path / "study" / "cells" / "ray.1.tmp"
    sign.parent.mkdir(parents=True)
    sign.touch()
    return ray_task.Job((), index, (), tmp_path / "study", sign, "driver", tmp_path / "cache")


def quiet(what, p):
    """Hears no report."""


def test_a_machine_that_does_not_share_the_study_is_named(job, tmp_path):
    ray_task._check_study(job)
    job.sign.unlink()  # a copy of the study has no sign
    with pytest.raises(ray_task.EngineError) as error:
        ray_task._check_study(job)
    assert str(error.value).startswith(f"here does not see the study in {job.folder}; the folders")


def test_a_machine_that_has_other_clips_is_named(job):
    told = []
    ray_task._check_clips(job, lambda *report: told.append(report))
    assert told[-1] == ("checking clips", (6, 6))
    path = job.index.clips[2].path
    path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(ray_task.EngineError, match="here sees other clips in .*/clips .fingerprin"):
        ray_task._check_clips(job, quiet)
    path.unlink()
    with pytest.raises(ray_task.EngineError, match=f"here cannot read {path} .No such file"):
        ray_task._check_clips(job, quiet)


def test_each_machine_has_its_own_cache(job, tmp_path, monkeypatch):
    """Memory that two machines map over a network gets mixed."""
    monkeypatch.setenv("HVC_CACHE", str(tmp_path / "set"))
    use = ray_task._use_own_cache.__wrapped__
    use("driver", job.cache)
    assert frames.root() == tmp_path / "set" / "machines" / "here"
    use("here", job.cache)
    assert frames.root() == job.cache


def test_reports_are_thinned_but_the_last_of_an_epoch_comes(monkeypatch):
    now, told = [0.0], []
    monkeypatch.setattr(ray_task.time, "monotonic", lambda: now[0])
    board = SimpleNamespace(tell=SimpleNamespace(remote=lambda *report: told.append(report)))
    tell = ray_task._teller("a-cell", board)
    for step in range(1, 41):
        now[0] += 0.1
        tell("epoch", fit.Progress(1, 2, step, 40, 0.5, 0.5))
    assert 8 <= len(told) <= 10
    whole = ("epoch", fit.Progress(1, 2, 40, 40, 0.5, 0.5))
    assert told[-1][0] == "a-cell"
    assert ray_task.pickle.loads(told[-1][1]) == whole
