"""`python -m training space DIR`: the folder of a Docker Space, ready to be pushed.

A Space is a git repository on the Hugging Face Hub with a Dockerfile, and a README.md whose front
matter is its settings. May import: the standard library, hvc_core.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
from pathlib import Path

from hvc_core import study
from hvc_core.hub import address, fetch

ROOT = Path(__file__).resolve().parent.parent
# What the Dockerfile copies, and what a repository should have besides
CODE = (".streamlit", "hvc_core", "dashboard")
FILES = ("Dockerfile", ".dockerignore", "LICENSE")
SHIPPED = "ucf50-15"
BESIDE = ("seed_lottery", "seed_study.json")  # of `studies`: the pages set them beside any study
BAKED = "HVC_SHIPPED=studies/ucf50-15"
# Git on the Hub takes no file over 10 MB, and no binary one, but by way of LFS.
LARGE = ("*.parquet", "*.onnx", "*.mp4", "*.avi", "*.woff2")
# Not for others' eyes, or of no use to who only serves
LEFT = shutil.ignore_patterns(
    "__pycache__", "*.pyc", "secrets.toml", "cells", "*.tmp", "*.weights.h5"
)


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Adds the command's words to the command line."""
    parser = subparsers.add_parser(
        "space",
        help="write the folder of a Docker Space that shows a study",
        description="Writes everything that a Docker Space on the Hugging Face Hub needs, the "
        "study baked in: code, Dockerfile, README.md with the Space's settings, .gitattributes. "
        "It starts without network.",
    )
    parser.add_argument("folder", type=Path, metavar="DIR", help="where to; must not be there yet")
    parser.add_argument(
        "--study",
        default=f"studies/{SHIPPED}",
        metavar="STUDY",
        help="a folder, or hf:namespace/name@revision, which is fetched (default: what ships)",
    )
    parser.add_argument("--title", default="ConvLSTM or LRCN?", help="the Space's title")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Writes the folder; returns 0.

    Raises:
        StudyError: the folder is there already, or the study is not to be had or is broken.
    """
    folder: Path = args.folder
    if folder.exists():
        raise study.StudyError(folder, None, "is there already", "Name another folder.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Beside its place, and put there whole: what was stopped half way is no Space.
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as made:
        whole = Path(made) / "space"
        commit = _fill(whole, args.study, args.title)
        os.replace(whole, folder)
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    print(f"{folder}: {size / 1e6:.1f} MB, study {args.study}{f' at {commit}' if commit else ''}")
    print(
        "To share it: make a Docker Space on huggingface.co/new-space, then\n"
        f"  hf upload NAME/SPACE {folder} . --repo-type space"
    )
    return 0


def _fill(folder: Path, named: str, title: str) -> str | None:
    """Writes the Space; returns the commit of a study that is from the Hub."""
    folder.mkdir()
    for name in CODE:
        shutil.copytree(ROOT / name, folder / name, ignore=LEFT)
    for name in FILES:
        shutil.copy(ROOT / name, folder / name)
    studies = folder / "studies"
    studies.mkdir()
    for name in BESIDE:
        source = ROOT / "studies" / name
        if source.is_dir():
            shutil.copytree(source, studies / name, ignore=LEFT)
        else:
            shutil.copy(source, studies / name)
    commit, baked = _bake(named, studies)
    of = study.read(baked)
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    if BAKED not in dockerfile:
        raise study.StudyError(ROOT / "Dockerfile", None, f"has no {BAKED} any more")
    dockerfile = dockerfile.replace(BAKED, f"HVC_SHIPPED=studies/{baked.name}")
    (folder / "Dockerfile").write_text(dockerfile, encoding="utf-8")
    (folder / "README.md").write_text(_readme(of, title, named, commit), encoding="utf-8")
    lfs = "".join(f"{one} filter=lfs diff=lfs merge=lfs -text\n" for one in LARGE)
    (folder / ".gitattributes").write_text(lfs, encoding="utf-8")
    return commit


def _bake(named: str, studies: Path) -> tuple[str | None, Path]:
    """Puts the study among the Space's; returns its commit on the Hub, if any, and its folder."""
    if named.startswith(address.PREFIX):
        of = address.parse(named)
        folder = studies / of.repo.split("/")[1]
        shutil.rmtree(folder, ignore_errors=True)  # another study of that name
        commit = fetch.at_once(of, folder.resolve(), told=print)
        return commit, folder
    source = Path(named).expanduser()
    source = source if source.is_absolute() or source.exists() else ROOT / source
    study.read(source)  # says what is wrong with it, before it is copied
    folder = studies / source.resolve().name
    if not address.NAME.fullmatch(folder.name):
        raise study.StudyError(
            source, None, "has a name that a Dockerfile cannot hold",
            "Give the folder one of letters, digits, '.', '_' and '-'.",
        )  # fmt: skip
    if folder.exists() and (ROOT / "studies" / folder.name).samefile(source):
        return None, folder  # one of BESIDE
    shutil.rmtree(folder, ignore_errors=True)  # another study of that name takes its place
    shutil.copytree(source, folder, ignore=LEFT)
    return None, folder


def _readme(of: study.Study, title: str, named: str, commit: str | None) -> str:
    """The Space's page: its settings, then what it is."""
    pinned = (
        f"{named} at commit `{commit}`"
        if commit
        else f"`{of.name}`, made {of.meta['created'][:10]}"
    )
    return f"""---
title: "{title.replace('"', "'")}"
emoji: 🎬
colorFrom: blue
colorTo: yellow
sdk: docker
app_port: 7860
license: mit
short_description: Two video classifiers side by side
---

# {title}

{of.title}: the study {pinned}. Pick two models, see what each gets wrong and how sure one can be
of the difference, and try a clip of your own. What you upload stays in your visit: it is decoded
in a process apart, answered, and forgotten.

This repository was written by `python -m training space`; the study lies in `studies/`.
"""
