"""How fast a model trains: real steps of its real training, and nothing left behind.

May import: pytest, hvc_core.fit, .pace, .recipe.
"""

from __future__ import annotations

import math
from types import SimpleNamespace

import pytest

from hvc_core import fit, pace
from hvc_core.recipe import Settings


@pytest.mark.parametrize(
    "how",
    [
        Settings("convlstm", epochs=3, batch=2),
        Settings("lrcn", epochs=0, heads=2, batch=2, frames=2, views=2, tail=15),
    ],
    ids=["scratch", "frozen"],
)
def test_a_model_is_timed_in_its_own_training(how, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    seen = pace.measure(how, 3, steps=2)
    assert 0 < seen["seconds_per_clip"] < 60
    assert (seen["prepare_seconds_per_clip"] > 0) == (how.architecture == "lrcn")
    assert (seen["batch"], seen["steps"]) == (2, 2)
    assert seen["runtime"].startswith("Keras ") and seen["threads"] >= 1
    assert not list(tmp_path.iterdir())


def test_the_first_steps_are_not_timed(monkeypatch):
    """Steps of known length: WARM slow ones, then those that count."""
    clock = iter([0.0, 100.0, 200.0, 201.0, 202.0, 204.0])
    monkeypatch.setattr(pace, "time", SimpleNamespace(perf_counter=lambda: next(clock)))

    def steps(*args):
        for number in range(math.ceil(len(args[3]) / args[5].batch)):
            args[-1](fit.Progress(1, 1, number, 9, 0.0, 0.0))

    monkeypatch.setattr(pace.fit, "fit", steps)
    assert pace.step_seconds(Settings("convlstm", epochs=3), 3, steps=3) == 1.0  # of 1, 1 and 2
