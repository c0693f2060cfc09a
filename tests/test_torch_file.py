"""The reader of legacy .pth files: right values, and nothing in a file is ever run.

May import: numpy, pytest, hypothesis, hvc_core.models.torch_file, tests.support.pth.
"""

from __future__ import annotations

import os

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hvc_core.models import torch_file
from tests.support import pth

FLAT = np.arange(24, dtype="<f4")
TENSORS = {
    "conv.weight": (FLAT, 0, (2, 3, 4), (12, 4, 1)),
    "conv.part": (FLAT, 5, (2, 4), (12, 1)),  # a view into the same storage
    "conv.turned": (FLAT, 0, (4, 6), (1, 4)),
    "norm.num_batches_tracked": (np.array([7], "<i8"), 0, (), ()),
    "half": (np.array([0.5, -2], "<f2"), 0, (2,), (1,)),
}


@pytest.fixture
def good(tmp_path):
    return pth.write(tmp_path / "good.pth", TENSORS)


def test_values_shapes_and_views(good):
    found = torch_file.read(good)
    assert list(found) == list(TENSORS)
    np.testing.assert_array_equal(found["conv.weight"], FLAT.reshape(2, 3, 4))
    np.testing.assert_array_equal(found["conv.part"], [[5, 6, 7, 8], [17, 18, 19, 20]])
    np.testing.assert_array_equal(found["conv.turned"], FLAT.reshape(6, 4).T)
    assert found["norm.num_batches_tracked"] == 7
    assert found["norm.num_batches_tracked"].dtype == np.int64
    np.testing.assert_array_equal(found["half"], np.array([0.5, -2], np.float16))
    found["conv.weight"][:] = 0  # each array is its own
    assert found["conv.part"].any()


@pytest.mark.parametrize("place", ["head", "system", "extra"])
def test_a_file_that_calls_a_function_is_refused_and_nothing_runs(tmp_path, place):
    """Wherever in the file the call stands: all of its pickles are read by the careful reader."""
    mark = tmp_path / "it ran"
    file = pth.write(tmp_path / "bad.pth", TENSORS, **{place: pth.Call(os.mkdir, str(mark))})
    with pytest.raises(ValueError, match=r"bad.pth: .*mkdir has no place in a file of weights"):
        torch_file.read(file)
    assert not mark.exists()


@pytest.mark.parametrize(
    ("head", "content"), [(123, None), (None, b""), (None, b"PK\x03\x04zip"), (None, b"hello")]
)
def test_what_is_no_legacy_file_is_refused(tmp_path, head, content):
    file = pth.write(tmp_path / "x.pth", TENSORS, head=head)
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ValueError, match="x.pth: not a legacy torch file"):
        torch_file.read(file)


@given(st.floats(0, 0.999))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_a_file_cut_anywhere_is_refused(good, part):
    whole = good.read_bytes()
    cut = good.with_name("cut.pth")
    cut.write_bytes(whole[: int(len(whole) * part)])
    with pytest.raises(ValueError, match="cut.pth: not a legacy torch file, or cut short"):
        torch_file.read(cut)


@pytest.mark.parametrize(
    "tensor",
    [
        (FLAT, 0, (25,), (1,)),
        (FLAT, 20, (5,), (1,)),
        (FLAT, 0, (2, 2), (1_000_000_000, 1)),
        (FLAT, -8, (2,), (1,)),
        (FLAT, 4, (4,), (-1,)),
        (FLAT, 0, (2, 2), (1,)),
    ],
)
def test_a_tensor_that_reaches_beyond_its_storage_is_refused(tmp_path, tensor):
    file = pth.write(tmp_path / "far.pth", {"far": tensor})
    with pytest.raises(ValueError, match="far.pth: "):
        torch_file.read(file)


def test_a_missing_file_is_just_that(tmp_path):
    with pytest.raises(FileNotFoundError):
        torch_file.read(tmp_path / "nothing.pth")
