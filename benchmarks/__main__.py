"""`python -m benchmarks`: measures, prints, keeps the results; `--readme` shows them there.

A missed target is said, and is no error: the figures of a busy machine are what they are.
May import: the standard library, hvc_core, training.provenance; frameworks only when measuring.
"""

from __future__ import annotations

import argparse
import datetime
import importlib.metadata
import logging
import os
import platform
import sys
import tempfile
import warnings
from collections.abc import Iterable
from pathlib import Path

from benchmarks import kit, results, table
from benchmarks.results import BenchmarkError, Context, Row

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
PACKAGES = ("tensorflow", "keras", "onnxruntime", "av", "opencv-python-headless", "numpy")
LEAST = 5  # repeats that a median is taken of


def parse(words: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measures speed and memory against the common way: the same clip, the same "
        "weights, the same machine, both in turns. And how long the app takes to open a study of "
        "a million rows and to turn its pages, and what twenty visitors at once get. Takes about "
        "twenty-five minutes.",
    )
    parser.add_argument(
        "--only", nargs="+", choices=results.KINDS, metavar="KIND",
        help=f"these only: {', '.join(results.KINDS)}",
    )  # fmt: skip
    parser.add_argument("--clip", type=Path, help="measure this clip (default: the rendered one)")
    parser.add_argument(
        "--data", type=Path, metavar="DIR",
        help="UCF50 folder, for one real clip (default: HVC_DATA, or ../shared/ucf50)",
    )  # fmt: skip
    parser.add_argument(
        "--study", type=Path, metavar="DIR",
        help="take this study's headline pair (default: the shipped study, else fresh nets)",
    )  # fmt: skip
    parser.add_argument("--repeats", type=int, default=7, help="runs of each way (default: 7)")
    parser.add_argument(
        "--results", type=Path, metavar="DIR", help="where the CSVs go (default: with the code)"
    )
    parser.add_argument(
        "--quick", action="store_true",
        help="one run, small nets, no memory: shows that it works; kept only with --results",
    )  # fmt: skip
    parser.add_argument(
        "--readme", nargs="?", type=Path, const=ROOT / "README.md", metavar="FILE",
        help="measure nothing; put the newest results' table into the README",
    )  # fmt: skip
    args = parser.parse_args(words)
    args.repeats = max(1, args.repeats)
    if args.repeats < LEAST and not args.quick:
        print(f"{args.repeats} runs are too few for figures to show; the CSVs say so.")
    return args


def main(words: list[str] | None = None) -> int:
    """Runs it; returns 0, or 2 where something is missing or malformed."""
    args = parse(words)
    try:
        if args.readme:
            text = table.table(*results.newest(args.results or RESULTS))
            changed = table.put_into_readme(args.readme, text)
            print(f"{args.readme}: {'the table is new' if changed else 'nothing to change'}")
            return 0
        return run(args)
    except (ValueError, OSError) as error:  # BenchmarkError, StudyError, VideoError
        print(f"benchmarks: {error}", file=sys.stderr)
        return 2


def run(args: argparse.Namespace) -> int:
    """Measures what is asked for and keeps it; returns 0."""
    # Both ways on the processor: a host of the app has no more. Read once, when a framework loads.
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if os.environ.setdefault("KERAS_BACKEND", "tensorflow") != "tensorflow":
        raise BenchmarkError("the common way is TensorFlow's; unset KERAS_BACKEND and try again")
    # What TensorFlow and tf2onnx say of their own insides would drown the table.
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    warnings.simplefilter("ignore", FutureWarning)
    shared = context()
    if shared.load > 0.5 * (os.cpu_count() or 1):
        print(f"This machine is busy (load {shared.load:.1f}): ratios are rough, times too long.")
    clips = [args.clip or kit.RENDERED]
    real = None if args.clip or args.quick else kit.real_clip(args.data)
    clips += [real] if real else []
    for clip in clips:
        if not clip.is_file():
            raise BenchmarkError(f"{clip}: no such clip")
    shipped = args.study or (kit.STUDY if (kit.STUDY / "models").is_dir() else None)
    folder = args.results or (None if args.quick else RESULTS)
    kinds = args.only or [k for k in results.KINDS if not (args.quick and k == "memory")]
    repeats = 1 if args.quick else args.repeats

    with tempfile.TemporaryDirectory(prefix="hvc-benchmark-") as temporary:
        given = None
        if set(kinds) != {"pages"}:
            say("preparing both forms of the models")
            given = kit.prepare(Path(temporary), None if args.quick else shipped, args.quick)
        missed: list[str] = []
        for kind in kinds:
            say(f"measuring: {kind}")
            rows = []
            for row in measure(kind, given, clips, repeats, args.quick, shipped):
                show(row)
                rows.append(row)
            missed += [text for text in map(results.missed, rows) if text]
            if folder:
                print(f"  kept in {results.write(folder, kind, rows, shared)}")
    for text in missed:
        print(f"MISSED  {text}")
    if not missed:
        print("Every target is met.")
    return 0


def measure(
    kind: str,
    given: kit.Kit | None,
    clips: list[Path],
    repeats: int,
    quick: bool = False,
    shipped: Path | None = None,
) -> Iterable[Row]:
    """One kind of comparison, its rows as soon as they are measured where that takes long.

    Args:
        kind: str. One of results.KINDS.
        given: Kit or None. The models; only `pages` needs none.
        clips: list of Path.
        repeats: int. Runs of each way.
        quick: bool. Small nets and studies.
        shipped: Path or None. The study whose pages are turned beside the synthetic one.
    """
    if kind == "pages":
        from benchmarks import pages

        return pages.measure(None if quick else shipped, repeats, quick)
    if given is None:
        raise ValueError(f"{kind} needs both forms of the models")
    if kind == "serve":
        from benchmarks import serve

        return serve.measure(given, clips, repeats)
    if kind == "visitors":
        from benchmarks import visitors

        if shipped is None:
            raise BenchmarkError("visitors need a study that the app can show: name it by --study")
        return visitors.measure(shipped, clips[0], quick)
    if kind == "memory":
        from benchmarks import memory

        return memory.measure(given, clips[0], repeats)
    if kind == "train":
        from benchmarks import training

        fitting = [how for how in given.settings.values() if how.architecture == "lrcn"]
        return training.measure((*fitting, kit.Settings("lrcn"))[0], repeats, quick)
    from benchmarks import parity

    return parity.measure(given, clips)


def context() -> Context:
    """The machine, the versions, the time."""
    from training.provenance import machine

    here = machine()
    versions = [f"Python {platform.python_version()}"]
    versions += [f"{name} {importlib.metadata.version(name)}" for name in PACKAGES]
    now = datetime.datetime.now(datetime.UTC)
    return Context(
        hardware=f"{here['processor']}, {here['cores']} cores",
        versions=", ".join(versions),
        date=now.strftime("%Y-%m-%dT%H:%MZ"),
        load=round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else 0.0,
    )


def show(row: Row) -> None:
    """Prints one row of the table."""
    ours, common = table.figure(row.ours, row.unit), table.figure(row.common, row.unit)
    print(
        f"  {row.what:<42} {ours:>14} {common:>14}  {table.ratio(row):<22} "
        f"{table.verdict(row):<16} {row.clip}",
        flush=True,
    )


def say(what: str) -> None:
    """Says what comes next, at once."""
    print(f"{what} …", flush=True)


if __name__ == "__main__":
    sys.exit(main())
