"""Multiply-adds of a model, counted from its ONNX graph: every architecture by one rule.

May import: onnx (no framework).
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import onnx


def multiply_adds(path: Path, batch: int = 1) -> int:
    """Multiply-adds of one forward pass, counted node by node from an ONNX graph.

    Counted: Conv (output elements x kernel elements x input channels / groups), MatMul and Gemm
    (output elements x inner size), LSTM (four gates x (input + hidden) x hidden x steps), Einsum is
    refused. Not counted, as usual: additions of biases, activations, pooling, normalisation.

    Args:
        path: Path. The ONNX file.
        batch: int. Clips put through at once; the count is for all of them.

    Raises:
        ValueError: a node's shapes cannot be inferred, or a node that multiplies is not known.
    """
    graph = _with_shapes(path, batch)
    shapes = _shapes(graph)
    return sum(_node(node, shapes) for node in graph.node)


def _with_shapes(path: Path, batch: int) -> onnx.GraphProto:
    import onnx  # here, so that a measured process does not hold it

    model = onnx.load(path)
    for value in model.graph.input:
        value.type.tensor_type.shape.dim[0].dim_value = batch
    return onnx.shape_inference.infer_shapes(model, data_prop=True).graph


def _shapes(graph: onnx.GraphProto) -> dict[str, list[int]]:
    shapes = {value.name: list(value.dims) for value in graph.initializer}
    for value in (*graph.input, *graph.value_info, *graph.output):
        dims = value.type.tensor_type.shape.dim
        shapes[value.name] = [d.dim_value if d.HasField("dim_value") else 0 for d in dims]
    return shapes


def _node(node: onnx.NodeProto, shapes: dict[str, list[int]]) -> int:
    """Multiply-adds of one node."""
    if node.op_type in ("Loop", "Scan", "If", "Einsum", "ConvTranspose", "GRU", "RNN"):
        raise ValueError(f"{node.name}: {node.op_type} cannot be counted")
    if node.op_type not in ("Conv", "MatMul", "Gemm", "LSTM"):
        return 0
    first, second = shapes.get(node.input[0], []), shapes.get(node.input[1], [])
    out = shapes.get(next(name for name in node.output if name), [])
    if not first or not second or 0 in (*first, *second) or (node.op_type != "LSTM" and 0 in out):
        raise ValueError(
            f"{node.name} ({node.op_type}): its shapes are not known: {first} {second}"
        )
    if node.op_type == "Conv":  # weight: (out, in / groups, kernel...)
        return math.prod(out) * math.prod(second[1:])
    if node.op_type == "MatMul":
        return math.prod(out) * first[-1]
    if node.op_type == "Gemm":
        transposed = any(a.name == "transA" and a.i for a in node.attribute)
        return math.prod(out) * first[0 if transposed else -1]
    steps, size, _ = first  # (T, B, input)
    _, gates, inputs = second  # (directions, 4 * hidden, input)
    return steps * size * gates * (inputs + gates // 4) * second[0]
