"""What a model costs: multiply-adds, latency, peak memory.

Multiply-adds are counted from the ONNX graph, so every architecture is counted by one rule.
May import: onnx, onnxruntime, numpy (no framework).
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

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


# -- time and memory, in a process of its own -----------------------------------------------------


def measure(onnx_file: Path, shape: tuple[int, ...], runs: int = 50) -> dict[str, Any]:
    """Latency and peak memory of one model in ONNX Runtime, in a fresh process.

    Args:
        onnx_file: Path. The model.
        shape: (20, H, W, 3). One clip.
        runs: int. Timed runs after five that are not.

    Returns:
        dict. latency_ms {p50, p95, runtime, threads, runs}; peak_memory_bytes (whole process).
    """
    code = "from hvc_core.cost import _measure_here; import sys; _measure_here(sys.argv[1:])"
    words = [sys.executable, "-c", code, str(onnx_file), json.dumps(shape), str(runs)]
    root = Path(__file__).parent.parent
    out = subprocess.run(words, cwd=root, capture_output=True, text=True, check=True).stdout
    return json.loads(out)


def _measure_here(words: list[str]) -> None:
    """Prints what `measure` returns; the process holds nothing else."""
    import onnxruntime

    from hvc_core.session import open_session, threads

    file, shape, runs = words[0], json.loads(words[1]), int(words[2])
    session = open_session(Path(file))
    name = session.get_inputs()[0].name
    x = np.random.default_rng(0).uniform(0, 255, (1, *shape)).astype(np.float32)
    times = []
    for _ in range(runs + 5):
        started = time.perf_counter()
        session.run(None, {name: x})
        times.append((time.perf_counter() - started) * 1000)
    p50, p95 = np.percentile(times[5:], [50, 95])
    latency = {
        "p50": float(p50),
        "p95": float(p95),
        "runtime": f"ONNX Runtime {onnxruntime.__version__}",
        "threads": threads(Path(file)),
        "runs": runs,
    }
    print(json.dumps({"latency_ms": latency, "peak_memory_bytes": peak_memory()}))


def peak_memory() -> int:
    """The most memory that this process has held so far, in bytes.

    Linux's getrusage would also count what the process that started this one held, so there the
    kernel's own mark for this program is read.
    """
    try:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return 1024 * int(line.split()[1])
    except OSError:
        pass
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else 1024 * most  # bytes there, KiB elsewhere
