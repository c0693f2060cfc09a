"""A small study that is really trained and exported, once for all tests that look at one.

Its training is killed (kill -9) in the middle of an epoch and called again. May import: the
standard library, numpy, tests.support.data, training.__main__.
"""

from __future__ import annotations

import atexit
import functools
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tests.support import data
from training.__main__ import main

ROOT = Path(__file__).parents[2]
RECIPE = f"""{data.RECIPE}
[models.lrcn]
heads = 1
epochs = 1
average = 0.5
views = 1
frames = 5
tail = 14
"""
MODELS = {"convlstm": 2, "lrcn-scratch": 2, "lrcn": 2}  # model -> epochs
TEST_CLIPS = 6  # groups 2 and 6 of three classes


@dataclass(frozen=True)
class Trained:
    """Where the study and what it was made of lie, and what was seen when it was killed.

    Attributes:
        folder, clips, cache, recipe: Path. The study, the data folder, the frames' cache, the TOML.
        killed_history: list of dict. The finished epochs that the killed process had kept.
        cells_when_killed: list of str. The names in `cells/` then.
    """

    folder: Path
    clips: Path
    cache: Path
    recipe: Path
    killed_history: list[dict]
    cells_when_killed: list[str]

    def words(self, *more: str, study: Path | None = None) -> list[str]:
        """The words of `train` for this study."""
        return [
            "train", str(self.recipe), "--data", str(self.clips),
            "--study", str(study or self.folder), *more,
        ]  # fmt: skip

    def copy(self, folder: Path) -> Path:
        """The study again, to be changed."""
        return shutil.copytree(self.folder, folder)


@functools.cache
def study() -> Trained:
    """Trains the study: killed once, then finished, a model at a time and then whole."""
    root = Path(tempfile.mkdtemp(prefix="hvc-trained-"))
    atexit.register(shutil.rmtree, root, ignore_errors=True)
    recipe = root / "tiny.toml"
    recipe.write_text(RECIPE, encoding="utf-8")
    folder, clips, cache = root / "study", data.make(root / "clips"), root / "cache"
    made = Trained(folder, clips, cache, recipe, [], [])
    _train_and_kill(made)
    with np.load(folder / "cells" / "holdout-f0-s0-convlstm.state.npz") as kept:
        made.killed_history.extend(json.loads(str(kept["json"]))["history"])
    made.cells_when_killed.extend(sorted(f.name for f in (folder / "cells").iterdir()))
    # What a kill in the middle of a write leaves.
    (folder / "cells" / "holdout-f0-s0-convlstm.parquet.x1.tmp").write_bytes(b"PAR1 half")
    (folder / "cells" / "holdout-f0-s0-convlstm.state.npz.1.tmp").write_bytes(b"PK half")
    with settings(cache):
        assert main(made.words("--only", "model=convlstm")) == 0
        assert main(made.words()) == 0
    return made


@functools.cache
def exported() -> Trained:
    """The same study, exported."""
    made = study()
    with settings(made.cache):
        assert main(["export", str(made.folder)]) == 0
    return made


@contextmanager
def settings(cache: Path) -> Iterator[None]:
    """The cache in its place, and the frameworks' own warnings left to them."""
    before = os.environ.get("HVC_CACHE")
    os.environ["HVC_CACHE"] = str(cache)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        if before is None:
            del os.environ["HVC_CACHE"]
        else:
            os.environ["HVC_CACHE"] = before


def _train_and_kill(made: Trained) -> None:
    """Runs the command until the first epoch is kept, then kills it in the second."""
    state = made.folder / "cells" / "holdout-f0-s0-convlstm.state.npz"
    said = made.recipe.with_name("stderr.txt")
    with said.open("wb") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "training", *made.words()],
            cwd=ROOT,
            env={**os.environ, "HVC_CACHE": str(made.cache)},
            stderr=errors,
        )
        while not state.exists():
            if process.poll() is not None:
                raise AssertionError(f"training ended by itself: {said.read_text()}")
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        process.wait()
