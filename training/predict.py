"""`python -m training predict DIR CLIP... [--json]`: every model's answer to each clip.

The same code path as the app's page. May import: the standard library, hvc_core.classify,
hvc_core.video.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from hvc_core import classify, video

TOP = 5


def add_parser(subparsers: argparse._SubParsersAction) -> argparse.ArgumentParser:
    """Adds the `predict` command; its parsed arguments carry `run`."""
    parser = subparsers.add_parser(
        "predict",
        help="put clips through every model of a study",
        description="Puts clips through every model of a study and prints what each answers. "
        "A clip that cannot be used does not stop the others; the exit status is then 1.",
    )
    parser.add_argument("study", type=Path, metavar="DIR", help="the study's folder")
    parser.add_argument("clips", type=Path, nargs="+", metavar="CLIP", help="video files")
    parser.add_argument(
        "--json", action="store_true", help="print one JSON object with all probabilities"
    )
    parser.set_defaults(run=run)
    return parser


def run(args: argparse.Namespace) -> int:
    """Does what the arguments ask.

    Args:
        args: Namespace with `study` (Path), `clips` (list of Path) and `json` (bool).

    Returns:
        int. 0, or 1 where a clip could not be used.

    Raises:
        StudyError: the study or one of its models cannot be used.
    """
    models = classify.open_models(args.study)
    asked = {model.name for model in models.models}
    for name in json.loads((args.study / "study.json").read_text("utf-8"))["models"]:
        if name not in asked:
            print(f"{name}: its weights are not in the study, so it is not asked", file=sys.stderr)
    entries = []
    failed = 0
    for clip in args.clips:
        try:
            # The user's own files: no limits.
            answer = classify.classify(models, clip, limits=None)
        except video.VideoError as error:
            failed += 1
            entries.append({"clip": str(clip), "error": str(error)})
            if not args.json:
                print(f"{clip}: {error}", file=sys.stderr)
        else:
            entries.append(entry(clip, answer))
            if not args.json:
                print(table(clip, answer), end="\n\n", flush=True)
    if args.json:
        whole = {"study": str(args.study), "classes": models.classes, "clips": entries}
        print(json.dumps(whole, indent=1, ensure_ascii=False))
    return 1 if failed else 0


def entry(clip: Path, answer: classify.Answer) -> dict[str, Any]:
    """One clip's part of the JSON: probabilities in the order of `classes`, times in ms."""
    return {
        "clip": str(clip),
        "notes": list(answer.notes),
        "decode_ms": round(answer.decode_ms, 2),
        "agree": answer.agree,
        "models": {
            one.model: {
                "probabilities": [float(p) for p in one.probabilities],
                "top": answer.classes[one.top],
                "milliseconds": round(one.milliseconds, 2),
            }
            for one in answer.models
        },
    }


def table(clip: Path, answer: classify.Answer) -> str:
    """One clip's answers for a terminal: each model's likeliest classes, side by side."""
    columns = []
    for one in answer.models:
        rows = [f"{100 * p:5.1f} %  {answer.classes[i]}" for i, p in one.ranked(TOP)]
        columns.append([f"{one.title} ({one.milliseconds:.0f} ms)", *rows])
    widths = [max(map(len, column)) for column in columns]
    lines = [f"{clip} (decoded in {answer.decode_ms:.0f} ms)"]
    lines += [f"  Note: {note}" for note in answer.notes]
    for row in zip(*columns, strict=True):
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        lines.append(("  " + "   ".join(cells)).rstrip())
    return "\n".join(lines)
