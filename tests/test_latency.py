"""Latency and memory by runtime: measured in a process of its own, on a tiny net.

May import: keras, numpy, pytest, hvc_core.latency.
"""

from __future__ import annotations

import os
import warnings
from pathlib import Path

import keras
import numpy as np
import pytest

from hvc_core import latency


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """models/<name> of a net of one layer."""
    made = tmp_path_factory.mktemp("models") / "tiny"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the framework's own
        model = keras.Sequential([keras.Input((7,)), keras.layers.Dense(3)])
        model.save(made, zipped=False)
        model.predict_on_batch(np.zeros((1, 7), np.float32))  # export wants a model that has run
        model.export(made / "model.onnx", format="onnx", verbose=False)
    return made


@pytest.mark.parametrize(
    ("runtime", "threads", "used", "name"),
    [
        ("onnx", None, 1, "ONNX Runtime"),
        ("onnx", 2, 2, "ONNX Runtime"),
        ("keras", None, os.cpu_count(), "Keras"),
    ],
)
def test_each_runtime_in_a_process_of_its_own(folder, runtime, threads, used, name):
    found = latency.measure(folder, (7,), runtime, threads, runs=3)
    assert 0 < found["latency_ms"]["p50"] <= found["latency_ms"]["p95"]
    assert found["latency_ms"]["threads"] == used
    assert found["latency_ms"]["runs"] == 3
    assert found["latency_ms"]["runtime"].startswith(name)
    assert found["peak_memory_bytes"] > 2**20


def test_a_framework_holds_more_than_a_runtime(folder):
    """Else the process that measures holds more than it should."""
    lean, heavy = (latency.measure(folder, (7,), r, runs=1) for r in latency.RUNTIMES)
    assert heavy["peak_memory_bytes"] > 2 * lean["peak_memory_bytes"]


def test_an_unknown_runtime_is_refused(folder):
    with pytest.raises(ValueError, match="no runtime 'abacus'; there are onnx, keras"):
        latency.measure(folder, (7,), "abacus")
