"""`python -m training audit DATA`: clips of different source videos that show the same film.

May import: the standard library, tqdm, hvc_core, training.bars. Never a framework.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from tqdm import tqdm

from hvc_core import clips
from hvc_core import frames as frame_cache
from training.bars import shown

LINES = 40  # pairs that a terminal is shown


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Adds the command's words to the command line."""
    parser = subparsers.add_parser(
        "audit",
        help="find clips of different source videos that show the same film",
        description="Finds the clips of a UCF50-like folder that are byte-identical or "
        "near-identical to a clip of another group or class, by perceptual hashes of their "
        "frames. The group protocols leave such a clip out of training where the other is tested.",
    )
    parser.add_argument("data", type=Path, metavar="DATA", help="the folder with one per class")
    parser.add_argument(
        "--study",
        type=Path,
        metavar="DIR",
        help="keep the pairs (audit.json) and the hashes (fingerprints.parquet) in this study",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Prints the pairs; the exit status is 0 whether there are any or not."""
    from hvc_core import audit, fingerprints, study

    with tqdm(desc="reading", unit=" files", disable=None, leave=False) as bar:
        index = clips.index(args.data, progress=shown(bar))
    if args.study is not None:
        data = study.read_meta(args.study)["dataset"]
        index = clips.only(index, data["classes"])
        if index.fingerprint != data["fingerprint"]:
            raise clips.DataError(
                f"{args.data}: not the data of {args.study} (another fingerprint); nothing written"
            )
    with tqdm(desc="decoding", unit=" clips", disable=None, leave=False) as bar:
        frames = frame_cache.load(index, [audit.SIZE], shown(bar))[audit.SIZE]
    with tqdm(desc="hashing", unit=" clips", disable=None, leave=False) as bar:
        hashes = audit.hashed(frame_cache.clean(frames), shown(bar))
    made = audit.describe(index.clips, audit.pairs(index.clips, hashes))
    if args.study is not None:
        study.write_json(args.study / "audit.json", made)
        fingerprints.write(args.study, index.clips, hashes)
    print(json.dumps(made, indent=1, ensure_ascii=False) if args.json else as_text(made))
    return 0


def as_text(made: dict[str, Any]) -> str:
    """The same for a person: the counts, then the pairs, the most similar first."""
    pairs = sorted(made["pairs"], key=lambda pair: (-pair["similarity"], pair["a"], pair["b"]))
    same = sum(pair["identical"] for pair in pairs)
    lines = [
        f"{made['clips']} clips, {len(pairs)} pairs of different source videos are "
        f"near-identical, {same} of them byte for byte.",
        made["method"],
        "",
    ]
    for pair in pairs[:LINES]:
        how = "the same file" if pair["identical"] else f"similarity {pair['similarity']:.0%}"
        lines.append(f"  {pair['a']}  {pair['b']}  {how}")
    if len(pairs) > LINES:
        lines.append(f"  … and {len(pairs) - LINES} more; --json prints all")
    return "\n".join(lines)
