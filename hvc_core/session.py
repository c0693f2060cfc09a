"""How a model runs in ONNX Runtime: the one place that says with how many threads and buffers.

May import: onnxruntime.
"""

from __future__ import annotations

from pathlib import Path

import onnxruntime

THREADS = 1


def open_session(file: Path) -> onnxruntime.InferenceSession:
    """Opens an ONNX model as it serves, and as its cost is measured.

    Args:
        file: Path. The model.

    Raises:
        Exception: of ONNX Runtime's own kinds, which share no class: it is no such model.
    """
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # errors come as exceptions; nothing on standard error
    # One thread a model: the models run side by side already, a second thread gains the small
    # nets nothing and a Lite0-like LRCN (20 frames of 160x120, 3 G multiply-adds) next to nothing
    # (70 ms at best, against 71), and threads that spin while they wait take the others' core.
    options.intra_op_num_threads = options.inter_op_num_threads = THREADS
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # Memory of that LRCN's process, measured: arena and pattern 197 MB and 73 ms, arena alone
    # 182 MB and 76 ms, neither 236 MB and 95 ms, pattern alone 184 MB and 94 ms. Shrinking the
    # arena after each run leaves 123 MB between runs, but peaks no lower and takes 93 ms.
    options.enable_mem_pattern = False
    return onnxruntime.InferenceSession(str(file), options, ["CPUExecutionProvider"])
