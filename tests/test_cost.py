"""Multiply-adds of single ONNX nodes against hand counts, and what cannot be counted is refused.

Whole nets are counted in test_export.py. May import: numpy, onnx, pytest, hvc_core.cost.
"""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from hvc_core import cost


def graph(tmp_path, nodes, weights, inputs, output):
    """An ONNX file: nodes on input `x` (its batch free) and weights by name -> shape."""
    constants = [
        numpy_helper.from_array(
            value if isinstance(value, np.ndarray) else np.ones(value, np.float32), name
        )
        for name, value in weights.items()
    ]
    made = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, inputs)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, output)],
        constants,
    )
    # An IR version that every ONNX Runtime in use reads.
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, tmp_path / "g.onnx")
    return tmp_path / "g.onnx"


def node(kind, inputs, **how):
    return helper.make_node(kind, inputs.split(), ["y"], name="it", **how)


@pytest.mark.parametrize(
    ("of", "weights", "inputs", "output", "count"),
    [
        # 6 filters of 3x3x4 at 10x12 places
        (
            node("Conv", "x w", pads=[1, 1, 1, 1]),
            {"w": (6, 4, 3, 3)},
            ["n", 4, 10, 12],
            ["n", 6, 10, 12],
            6 * 10 * 12 * 4 * 9,
        ),
        # a stride halves both sides; "valid" takes two from each first
        (
            node("Conv", "x w", strides=[2, 2]),
            {"w": (6, 4, 3, 3)},
            ["n", 4, 9, 13],
            ["n", 6, 4, 6],
            6 * 4 * 6 * 4 * 9,
        ),
        # depthwise: each filter sees one channel
        (
            node("Conv", "x w", group=4, pads=[2, 2, 2, 2]),
            {"w": (4, 1, 5, 5)},
            ["n", 4, 8, 8],
            ["n", 4, 8, 8],
            4 * 8 * 8 * 25,
        ),
        (node("MatMul", "x w"), {"w": (7, 3)}, ["n", 7], ["n", 3], 21),
        (node("MatMul", "x w"), {"w": (7, 3)}, ["n", 5, 7], ["n", 5, 3], 5 * 21),
        (node("Gemm", "x w b"), {"w": (7, 3), "b": (3,)}, ["n", 7], ["n", 3], 21),
        (node("Gemm", "x w", transB=1), {"w": (3, 7)}, ["n", 7], ["n", 3], 21),
        (node("Relu", "x"), {}, ["n", 7], ["n", 7], 0),
        (node("Add", "x w"), {"w": (7,)}, ["n", 7], ["n", 7], 0),
    ],
)
def test_one_node(tmp_path, of, weights, inputs, output, count):
    file = graph(tmp_path, [of], weights, inputs, output)
    assert cost.multiply_adds(file) == count
    assert cost.multiply_adds(file, batch=3) == 3 * count


def test_lstm_is_four_gates_of_input_and_state_a_step(tmp_path):
    of = helper.make_node("LSTM", ["x", "w", "r"], ["y"], hidden_size=5, name="it")
    weights = {"w": (1, 20, 6), "r": (1, 20, 5)}
    file = graph(tmp_path, [of], weights, [9, 1, 6], [9, 1, 1, 5])
    model = cost._with_shapes(file, 9)  # time comes first here, the batch is one
    assert sum(cost._node(n, cost._shapes(model)) for n in model.node) == 9 * 4 * 5 * (6 + 5)


def test_what_cannot_be_counted_is_refused_not_taken_for_nothing(tmp_path):
    of = node("Einsum", "x w", equation="ab,bc->ac")
    file = graph(tmp_path, [of], {"w": (7, 3)}, ["n", 7], ["n", 3])
    with pytest.raises(ValueError, match="it: Einsum cannot be counted"):
        cost.multiply_adds(file)
    file = graph(tmp_path, [node("MatMul", "x w")], {"w": (7, 3)}, ["n", "free", 7], None)
    with pytest.raises(ValueError, match="it .MatMul.: its shapes are not known"):
        cost.multiply_adds(file)
