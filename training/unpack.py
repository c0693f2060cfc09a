"""Unpacks an archive with whatever unpacker the machine has: no Python package reads .rar alone.

May import: the standard library.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from training.download import FetchError

# The program, and how it is told to put everything of an archive into a folder without asking.
UNPACKERS: dict[str, Callable[[str, str], list[str]]] = {
    "unrar": lambda archive, into: ["x", "-idq", "-y", archive, into + "/"],
    "unar": lambda archive, into: ["-quiet", "-no-directory", "-output-directory", into, archive],
    "7zz": lambda archive, into: ["x", "-y", "-bso0", "-bsp0", f"-o{into}", archive],
    "7z": lambda archive, into: ["x", "-y", "-bso0", "-bsp0", f"-o{into}", archive],
    "bsdtar": lambda archive, into: ["-x", "-f", archive, "-C", into],
    "tar": lambda archive, into: ["-x", "-f", archive, "-C", into],  # macOS and Windows: bsdtar
}
ADVICE = """install one of these, then give the same command again:
  Debian, Ubuntu   sudo apt install unar
  Fedora           sudo dnf install unar
  Arch             sudo pacman -S unarchiver
  macOS            brew install unar
  Windows          7-Zip, with its folder on PATH"""


def find() -> list[tuple[str, str]]:
    """The unpackers on this machine.

    Returns:
        (name, path) pairs in the order to try them.

    Raises:
        FetchError: there is none; the message says what to install.
    """
    found = [(name, path) for name in UNPACKERS if (path := shutil.which(name))]
    found = [(name, path) for name, path in found if name != "tar" or _is_bsdtar(path)]
    if not found:
        looked = ", ".join(name for name in UNPACKERS if name != "tar")
        raise FetchError(f"no program that unpacks .rar is on PATH ({looked}); {ADVICE}")
    return found


def _is_bsdtar(path: str) -> bool:
    """GNU tar, which reads no .rar, has the same name as the tar that does."""
    try:
        said = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.SubprocessError):
        return False
    return "bsdtar" in said.stdout


def unpack(archive: Path, target: Path, accept: Callable[[Path], object]) -> str:
    """Unpacks an archive into a folder that appears only when it is whole.

    A single folder at the archive's top becomes `target` itself.

    Args:
        archive: Path. The file.
        target: Path. The folder to make; must not exist.
        accept: called with the unpacked folder before it becomes `target`; raises FetchError
            where that is not what was wanted.

    Returns:
        The name of the unpacker that did it.

    Raises:
        FetchError: no unpacker is there, each of them failed, or `accept` refused; nothing is
            left behind.
    """
    temporary = target.with_name(target.name + ".unpacking.tmp")
    failures = []
    try:
        for name, path in find():
            shutil.rmtree(temporary, ignore_errors=True)  # of an earlier call, or a failed try
            temporary.mkdir(parents=True)
            command = [path, *UNPACKERS[name](str(archive.resolve()), str(temporary.resolve()))]
            failure = _run(command)
            if failure is None and any(temporary.iterdir()):
                inner = _inner(temporary)
                accept(inner)
                inner.rename(target)
                return name
            failures.append(f"  {name}: {failure or 'it unpacked nothing'}")
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    raise FetchError(
        f"{archive}: cannot be unpacked.\n" + "\n".join(failures) + "\nEither the archive is "
        f"damaged (delete it and fetch it again), or {ADVICE}"
    )


def _run(command: list[str]) -> str | None:
    """Why a program failed, by its own last words; None where it did not."""
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace"
        )
    except OSError as error:
        return f"it does not start ({error.strerror})"
    if done.returncode == 0:
        return None
    words = [line.strip() for line in (done.stderr + done.stdout).splitlines() if line.strip()]
    return f"it failed with status {done.returncode}: {' | '.join(words[-3:]) or 'no message'}"


def _inner(folder: Path) -> Path:
    """The folder's only entry if that is a folder, else the folder itself."""
    entries = [p for p in folder.iterdir() if p.name not in ("__MACOSX", ".DS_Store")]
    return entries[0] if len(entries) == 1 and entries[0].is_dir() else folder
