"""`python -m training index DATA`: what a data folder holds, and what in it cannot be used.

May import: the standard library, tqdm, hvc_core.clips. Never a framework: it answers at once.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

from tqdm import tqdm

from hvc_core import clips


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Adds the command's words to the command line."""
    parser = subparsers.add_parser(
        "index",
        help="list a data folder",
        description="Lists the classes, groups and clips of a UCF50-like folder "
        "(DATA/<Class>/v_<Class>_gGG_cCC.avi), the files that cannot be used and why, and the "
        "fingerprint that studies carry.",
    )
    parser.add_argument("data", type=Path, metavar="DATA", help="the folder with one per class")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Prints the index; the exit status is 0 even where single files are left out."""
    # disable=None: no bar where standard error is no terminal.
    with tqdm(desc="reading", unit=" files", disable=None, leave=False) as bar:

        def progress(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        index = clips.index(args.data, progress=progress)
    summary = describe(args.data, index)
    print(json.dumps(summary, indent=1, ensure_ascii=False) if args.json else as_text(summary))
    return 0


def describe(data: Path, index: clips.Index) -> dict[str, Any]:
    """The index as one JSON-ready dictionary.

    Returns:
        dict. data, fingerprint, clips (count), classes {name: {clips, groups (list of int)}},
        unreadable and misnamed: lists of {file, reason}, file relative to the data folder.
    """
    groups: dict[str, list[int]] = defaultdict(list)
    for clip in index.clips:
        groups[clip.class_name].append(clip.group)
    return {
        "data": str(data),
        "fingerprint": index.fingerprint,
        "clips": len(index.clips),
        "classes": {
            name: {"clips": len(groups[name]), "groups": sorted(set(groups[name]))}
            for name in index.classes
        },
        "unreadable": _files(data, index.unreadable),
        "misnamed": _files(data, index.misnamed),
    }


def _files(data: Path, problems: tuple[clips.Problem, ...]) -> list[dict[str, str]]:
    return [{"file": p.relative_to(data).as_posix(), "reason": why} for p, why in problems]


def as_text(summary: dict[str, Any]) -> str:
    """The same for a person: a table of classes, totals, what is left out, the fingerprint."""
    classes = summary["classes"]
    width = max(len(name) for name in [*classes, "class"])
    lines = [f"{'class':<{width}}  clips  groups"]
    for name, entry in classes.items():
        lines.append(f"{name:<{width}}  {entry['clips']:>5}  {len(entry['groups']):>6}")
    sources = sum(len(entry["groups"]) for entry in classes.values())
    lines.append(f"{'total':<{width}}  {summary['clips']:>5}  {sources:>6}")
    lines += ["", f"{_count(len(classes), 'class', 'classes')}, {summary['clips']} clips"]
    for key, words in (("unreadable", "cannot be decoded"), ("misnamed", "misnamed or misplaced")):
        files = summary[key]
        if files:
            lines += ["", f"left out, {words}: {_count(len(files), 'file', 'files')}"]
            lines += [f"  {entry['file']}: {entry['reason']}" for entry in files]
    lines += ["", f"fingerprint {summary['fingerprint']}"]
    return "\n".join(lines)


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
