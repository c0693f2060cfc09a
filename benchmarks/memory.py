"""Peak memory of a process that serves and does nothing else: ours against the common way.

`python -m benchmarks.memory WAY CLIP …` is such a process; it prints its peak in bytes. At the
top this imports the standard library only, so that each process holds only what its way needs.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.kit import Kit
    from benchmarks.results import Row

TARGET = 4.0
ANSWERS = 5  # that each process gives


def measure(kit: Kit, clip: Path, repeats: int) -> list[Row]:
    """Starts serving processes in turns, a fresh one for every figure."""
    from benchmarks.results import compare
    from benchmarks.timing import in_turns

    figures = in_turns(
        lambda: peak_of(["ours", str(clip), str(kit.study), *kit.names]) / 1e6,
        lambda: peak_of(["common", str(clip), *map(str, kit.common)]) / 1e6,
        repeats,
    )
    note = (
        "The most resident memory that a fresh process ever held that loads both models and "
        f"answers {ANSWERS} times, and beside it the process that decodes; the app's own pages "
        "come on top in both ways."
    )
    return [
        compare("Peak memory, serving", *figures, "MB", TARGET, clip=clip.name, note=note),
    ]


def peak_of(words: list[str]) -> float:
    """The peak of a fresh serving process, in bytes.

    Raises:
        BenchmarkError: the process failed; its last words are in the message.
    """
    from benchmarks.results import BenchmarkError

    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.memory", *words],
        cwd=Path(__file__).resolve().parent.parent,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise BenchmarkError(f"the serving process failed: {done.stderr.strip()[-600:]}")
    return float(done.stdout.split()[-1])


def serve(way: str, clip: str, files: list[str]) -> int:
    """Loads both models, answers, and returns the peak in bytes."""
    upload = Path(clip).read_bytes()
    if way == "ours":
        from hvc_core import apart, classify

        ours = classify.open_models(Path(files[0]), files[1:])
        for _ in range(ANSWERS):
            classify.classify(ours, upload, decoder=apart)
    else:
        import keras

        from benchmarks import common_way

        common = [keras.saving.load_model(file, compile=False) for file in files]
        for _ in range(ANSWERS):
            common_way.answer(common, upload)
    from hvc_core.latency import peak_memory

    if way == "ours":  # what it decodes in counts, too
        return peak_memory() + sum(peak_memory(pid) for pid in apart.pids())
    return peak_memory()


if __name__ == "__main__":
    print(serve(sys.argv[1], sys.argv[2], sys.argv[3:]))
