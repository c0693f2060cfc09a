"""`python -m training pull ADDRESS [DIR]`: a published study from the Hub, models and all.

May import: the standard library, hvc_core.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from hvc_core import study
from hvc_core.hub import address, fetch


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Adds the command's words to the command line."""
    parser = subparsers.add_parser(
        "pull",
        help="download a published study and its models from the Hugging Face Hub",
        description="Downloads a study that was published, with its models, at the commit that "
        "the address means now, and holds every file to the size and SHA-256 that were published. "
        "After a failure the same command goes on. The login is that of `hf auth login`.",
    )
    parser.add_argument(
        "address",
        metavar="ADDRESS",
        help="namespace/name, with @revision (a tag, commit or branch)",
    )
    parser.add_argument(
        "folder", type=Path, nargs="?", metavar="DIR", help="where to; else the study's name"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Downloads; returns 0.

    Raises:
        StudyError: there is no such study, it is damaged, the folder is there already, or the Hub
            cannot be reached.
    """
    named = address.parse(args.address)
    folder = args.folder or Path(named.repo.split("/")[1])
    if folder.exists():
        raise study.StudyError(folder, None, "is there already", "Name another folder.")
    commit = fetch.at_once(named, folder.resolve(), whole=True, told=print)
    of = study.read(folder)
    print(f"{folder}: {of.title}, commit {commit}")
    return 0
