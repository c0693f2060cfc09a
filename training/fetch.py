"""`python -m training fetch DEST`: downloads UCF50 and unpacks it, both or nothing.

May import: the standard library, tqdm, hvc_core.clips. Never a framework.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

from hvc_core import clips
from training import unpack
from training.download import FetchError, check_room, download, file_sha256

PAGE = "https://www.crcv.ucf.edu/data/UCF50.php"
URL = "https://www.crcv.ucf.edu/data/UCF50.rar"
# Videos hardly pack: what an archive of them holds is about as large as it is.
UNPACKED_RATIO = 1.1
TERMS = f"UCF50 is research data drawn from YouTube, for non-commercial research: see {PAGE}"


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Adds the command's words to the command line."""
    parser = subparsers.add_parser(
        "fetch",
        help="download and unpack UCF50",
        description="Downloads UCF50.rar (about 3 GB) into DEST and unpacks it to DEST/UCF50. A "
        "broken download goes on where it stopped, also in a later call. An archive that is in "
        f"DEST already is taken instead of downloading. {TERMS}.",
    )
    parser.add_argument("dest", type=Path, metavar="DEST", help="the folder to put it in")
    parser.add_argument("--url", default=URL, help="the archive's address (default: %(default)s)")
    parser.add_argument(
        "--sha256",
        type=_sha256,
        metavar="HEX",
        help="the SHA-256 that the archive must have; without it only its size is checked "
        "against what the server says",
    )
    parser.set_defaults(run=run)


def _sha256(text: str) -> str:
    if not re.fullmatch(r"[0-9a-fA-F]{64}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not 64 hex digits")
    return text.lower()


def run(args: argparse.Namespace) -> int:
    """Fetches, unpacks, says where it is and what to do next."""
    folder = fetch(args.dest, args.url, args.sha256)
    print(f"next: python -m training index {folder}")
    return 0


def fetch(dest: Path, url: str = URL, sha256: str | None = None) -> Path:
    """Makes sure that the data set is in a folder, doing only what is still to do.

    Args:
        dest: Path. The folder to put it in; made where missing.
        url: str. The archive's address; its last part names the archive and the folder.
        sha256: str or None. What the archive's SHA-256 must be, 64 hex digits.

    Returns:
        The folder that holds one folder a class.

    Raises:
        FetchError: it cannot be done; the message says what to do. The download so far is kept,
            and nothing half-unpacked.
    """
    name = Path(unquote(urlsplit(url).path)).name
    if not Path(name).suffix:
        raise FetchError(f"{url}: names no archive; expected an address such as {URL}")
    archive, folder = dest / name, dest / Path(name).stem
    if folder.exists():
        print(f"{folder} is there already; delete it to fetch it again")
        return folder
    unpack.find()  # better to know before the download than after
    try:
        dest.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FetchError(f"{dest}: no such folder can be made ({error.strerror})") from error
    found = _check(archive, sha256) if archive.exists() else _get(url, archive, sha256)
    print(f"{archive}: {archive.stat().st_size:,} bytes, SHA-256 {found}", flush=True)
    print("unpacking (some minutes) ...", flush=True)
    check_room(dest, int(archive.stat().st_size * UNPACKED_RATIO))
    program = unpack.unpack(archive, folder, accept=_count)
    print("{}: {} classes, {} clips, unpacked with {}".format(folder, *_count(folder), program))
    print(f"{archive} is not needed any more; it can be deleted")
    return folder


def _get(url: str, archive: Path, sha256: str | None) -> str:
    print(f"{TERMS}\ndownloading {url}", flush=True)
    return download(url, archive, sha256, room=lambda size: int(size * (1 + UNPACKED_RATIO)))


def _check(archive: Path, sha256: str | None) -> str:
    """The hash of an archive that is there already: of an earlier call, or put there by hand."""
    print(f"{archive} is there already: not downloading", flush=True)
    found = file_sha256(archive)
    if sha256 and found != sha256:
        raise FetchError(
            f"{archive}: its SHA-256 is {found}, not {sha256}; delete it to fetch it again"
        )
    return found


def _count(folder: Path) -> tuple[int, int]:
    """How many classes and clips are in a folder just unpacked; FetchError if none."""
    files = [p for p in folder.glob("*/*") if p.suffix.lower() in clips.SUFFIXES]
    if not files:
        raise FetchError(
            "the archive holds no clip in a folder of its class, so it is not UCF50; "
            "check the address, and delete the archive"
        )
    return len({p.parent for p in files}), len(files)
