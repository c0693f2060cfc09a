"""How a model runs in ONNX Runtime: the one place that says with how many threads and buffers.

May import: onnxruntime.
"""

from __future__ import annotations

from pathlib import Path

import onnxruntime

LARGE = 4_000_000  # bytes of a file from which on a second thread pays


def threads(file: Path) -> int:
    """How many threads a model runs with.

    Measured on two cores: LRCN on EfficientNet-Lite0 (20 images of 224x168, 6 G multiply-adds,
    16 MB) takes 157 ms with one and 86 ms with two, 162 and 93 ms beside ConvLSTM; ConvLSTM
    (0.3 MB) takes 11 and 15 ms.
    """
    return 2 if file.stat().st_size >= LARGE else 1


def open_session(file: Path, of_threads: int = 0) -> onnxruntime.InferenceSession:
    """Opens an ONNX model as it serves, and as its cost is measured.

    Args:
        file: Path. The model.
        of_threads: int. 0 is what `threads` says; others are for measuring.

    Raises:
        Exception: of ONNX Runtime's own kinds, which share no class: it is no such model.
    """
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # errors come as exceptions; nothing on standard error
    options.intra_op_num_threads = of_threads or threads(file)
    options.inter_op_num_threads = 1
    # Threads that spin while they wait take the cores of the models beside.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # Of LRCN, measured in a process of its own: arena and pattern 217 MB and 79 ms, arena alone
    # 200 MB and 84 ms, pattern alone 231 MB and 97 ms, neither 250 MB and 129 ms.
    options.enable_mem_pattern = False
    return onnxruntime.InferenceSession(str(file), options, ["CPUExecutionProvider"])
