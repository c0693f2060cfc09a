"""Latency and peak memory of one model by runtime, each in a fresh process that holds nothing else.

May import: onnxruntime, numpy, hvc_core.session; keras only in the process that measures it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

WARM = 5  # runs before the timed ones: the first allocate and compile
RUNTIMES = ("onnx", "keras")


def measure(
    folder: Path,
    shape: tuple[int, ...],
    runtime: str = "onnx",
    threads: int | None = None,
    runs: int = 50,
) -> dict[str, Any]:
    """Latency and peak memory of one exported model, in a fresh process.

    Args:
        folder: Path. models/<name>, with `model.onnx` or, for keras, Keras' own files.
        shape: (20, H, W, 3). One clip.
        runtime: str. "onnx": ONNX Runtime, as `session` opens it; "keras": Keras'
            `predict_on_batch` with TensorFlow.
        threads: int or None. Of ONNX Runtime; None is what `session` serves with. Keras has as
            many as there are cores.
        runs: int. Timed runs after WARM that are not.

    Returns:
        dict. latency_ms {p50, p95, runtime, threads, runs}; peak_memory_bytes (whole process).

    Raises:
        ValueError: no such runtime.

    Example:
        >>> measure(Path("studies/ucf50-15/models/lrcn"), (20, 120, 160, 3))["latency_ms"]["p50"]
    """
    if runtime not in RUNTIMES:
        raise ValueError(f"no runtime {runtime!r}; there are {', '.join(RUNTIMES)}")
    code = "from hvc_core.latency import _measure_here; import sys; _measure_here(*sys.argv[1:])"
    words = [str(Path(folder).resolve()), json.dumps(shape), runtime, str(threads or 0), str(runs)]
    out = subprocess.run(
        [sys.executable, "-c", code, *words],
        cwd=Path(__file__).parent.parent,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "KERAS_BACKEND": "tensorflow"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return json.loads(out.splitlines()[-1])


def _measure_here(folder: str, shape: str, runtime: str, threads: str, runs: str) -> None:
    """Prints what `measure` returns; the process holds nothing else."""
    opened = _onnx if runtime == "onnx" else _keras
    run, name, used = opened(Path(folder), int(threads))
    x = np.random.default_rng(0).uniform(0, 255, (1, *json.loads(shape))).astype(np.float32)
    times = []
    for _ in range(int(runs) + WARM):
        started = time.perf_counter()
        run(x)
        times.append((time.perf_counter() - started) * 1000)
    p50, p95 = np.percentile(times[WARM:], [50, 95])
    latency = {
        "p50": float(p50),
        "p95": float(p95),
        "runtime": name,
        "threads": used,
        "runs": int(runs),
    }
    print(json.dumps({"latency_ms": latency, "peak_memory_bytes": peak_memory()}))


def _onnx(folder: Path, threads: int) -> tuple[Callable[[np.ndarray], Any], str, int]:
    import onnxruntime

    from hvc_core import session

    file = folder / "model.onnx"
    opened = session.open_session(file, threads)
    name = opened.get_inputs()[0].name
    return (
        lambda x: opened.run(None, {name: x}),
        f"ONNX Runtime {onnxruntime.__version__}",
        threads or session.threads(file),
    )


def _keras(folder: Path, threads: int) -> tuple[Callable[[np.ndarray], Any], str, int]:
    import keras
    import tensorflow as tf

    model = keras.saving.load_model(folder, compile=False)
    name = f"Keras {keras.__version__}, TensorFlow {tf.__version__}"
    return model.predict_on_batch, name, os.cpu_count() or 1


def peak_memory(pid: int | None = None) -> int:
    """The most memory that this process has held so far, or on Linux another, in bytes.

    Linux's getrusage would also count what the process that started this one held, so there the
    kernel's own mark for this program is read.
    """
    try:
        for line in Path(f"/proc/{pid or 'self'}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return 1024 * int(line.split()[1])
    except OSError:
        pass
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else 1024 * most  # bytes there, KiB elsewhere
