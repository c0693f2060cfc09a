"""The models are plain Keras: another backend gives the same probabilities for the same weights.

May import: numpy, pytest, hvc_core.models, tests.support.nets.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from hvc_core import models
from tests.support import nets

pytest.importorskip("jax", reason="jax is not installed: there is no second backend")
pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[1]
# Runs in a process of its own: Keras takes its backend when it is first imported.
ANSWER = """
import sys
import numpy as np, keras
from hvc_core import models
assert keras.backend.backend() == "jax"
given = np.load(sys.argv[1])
model = models.build(sys.argv[2], 5)
model.set_weights([given[f"w{i}"] for i in range(len(model.weights))])
np.save(sys.argv[3], np.asarray(model.predict_on_batch(given["clips"])))
"""


# One of each kind; the other nets are made of the same layers.
@pytest.mark.parametrize("name", ["convlstm", "lrcn-scratch", "lrcn"])
def test_jax_answers_as_tensorflow_does(name, tmp_path):
    model = models.build(name, 5)
    nets.randomise(model, 0.08)
    x = nets.clips(2, *model.input_shape[1:])
    ours = nets.given(model, x)
    arrays = {f"w{i}": w for i, w in enumerate(model.get_weights())}
    np.savez(tmp_path / "given.npz", clips=x, **arrays)
    words = [sys.executable, "-c", ANSWER, tmp_path / "given.npz", name, tmp_path / "out.npy"]
    env = {
        "KERAS_BACKEND": "jax",
        "JAX_PLATFORMS": "cpu",
        "PATH": "/usr/bin",
        "HOME": str(tmp_path),
    }
    subprocess.run([str(w) for w in words], cwd=ROOT, env=env, check=True, timeout=600)
    theirs = np.load(tmp_path / "out.npy")
    assert np.ptp(ours) > 0.01  # not all alike, whatever the weights
    np.testing.assert_allclose(theirs, ours, atol=1e-4)
