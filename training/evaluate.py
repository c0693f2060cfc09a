"""`python -m training evaluate DIR [--check]`: derive metrics and findings again, or check them.

May import: the standard library, hvc_core.
"""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path

from hvc_core import markdown, study
from hvc_core.findings import stored
from hvc_core.statistics import stats
from hvc_core.storage import write_atomic


def add_parser(subparsers: argparse._SubParsersAction) -> argparse.ArgumentParser:
    """Adds the `evaluate` command; its parsed arguments carry `run`."""
    parser = subparsers.add_parser(
        "evaluate",
        help="derive metrics and findings from the predictions, or check that they are equal",
        description="Derives metrics.json and findings.json again from a study's predictions and "
        "writes them.",
    )
    parser.add_argument("study", type=Path, metavar="DIR", help="the study's folder")
    parser.add_argument(
        "--check",
        action="store_true",
        help="write nothing; print what differs from what is stored and exit 1",
    )
    parser.add_argument(
        "--into",
        nargs="+",
        type=Path,
        default=[],
        metavar="FILE.md",
        help="write the study's tables between the markers of these Markdown pages, too",
    )
    parser.set_defaults(run=run)
    return parser


def run(args: argparse.Namespace) -> int:
    """Does what the arguments ask.

    Args:
        args: Namespace with `study` (Path) and `check` (bool).

    Returns:
        int. 0, or 1 where `--check` found a difference.

    Raises:
        StudyError: the study, or a page to fill, is missing or malformed.
    """
    if args.check:
        lines = [f"metrics.json: {line}" for line in study.check(args.study)]
        lines += stored.differences(study.read(args.study))
        for line in lines:
            print(line)
        if lines:
            print(
                f"{args.study}: what is stored differs in {len(lines)} places; "
                f"`python -m training evaluate {args.study}` writes it anew",
                file=sys.stderr,
            )
            return 1
        held = [f for f in ("metrics.json", stored.FILE) if (args.study / f).exists()]
        are = "is" if len(held) == 1 else "are"
        print(f"{args.study}: {' and '.join(held)} {are} what the predictions give")
        return 0
    study.write_json(args.study / "metrics.json", study.derive(args.study))
    of = study.read(args.study)
    print(table(of))
    stored.save(of, stored.derive(of))
    for page in args.into:
        try:
            filled = partial(Path.write_text, data=markdown.fill(page.read_text("utf-8"), of))
        except (OSError, ValueError) as error:
            raise study.StudyError(page, None, f"cannot be filled ({error})") from error
        write_atomic(page, partial(filled, encoding="utf-8"))
    return 0


def table(of: study.Study) -> str:
    """A short table of the study's scores, a line per protocol and model, for a terminal."""
    rows = [("protocol", "model", "seeds", "clips", "accuracy, 95 % interval", "macro F1")]
    for protocol in of.protocols:
        there = of.predictions.loc[of.predictions["protocol"] == protocol, "model"].unique()
        for model in (name for name in of.models if name in there):
            found = stats.summary(of.predictions, model, protocol, of.classes)
            accuracy = found.accuracy
            mean, lo, hi = 100 * accuracy.mean, 100 * accuracy.lo, 100 * accuracy.hi
            rows.append(
                (
                    protocol,
                    model,
                    str(len(found.seeds)),
                    str(found.clips),
                    f"{mean:.1f} % ({lo:.1f} to {hi:.1f})",
                    f"{100 * found.f1_macro.mean:.1f} %",
                )
            )
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )
