"""A large file over HTTP that survives being cut off: resume, size, hash.

May import: the standard library, tqdm.

While it is under way the file is NAME.part, with NAME.part.json beside it saying of which
version on the server the bytes are; only a whole, checked file bears its name.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import http.client
import json
import os
import re
import shutil
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import asdict, dataclass
from email.message import Message
from pathlib import Path

from tqdm import tqdm

CHUNK = 1 << 20
TRIES = 5  # in vain: without a byte gained, or begun again from the first byte
TIMEOUT_S = 60
# What a cut line looks like from here. OSError holds URLError, timeouts and resets.
_CUT = (OSError, http.client.HTTPException)


class FetchError(RuntimeError):
    """The data cannot be fetched; the message says why and what to do."""


@dataclass(frozen=True)
class Version:
    """Which file on the server a download is of.

    Attributes:
        url: str. Its address.
        size: int or None. Bytes, where the server says so.
        etag, modified: str or None. The server's own words for this version.
    """

    url: str
    size: int | None
    etag: str | None
    modified: str | None

    @property
    def validator(self) -> str | None:
        """What `If-Range` may carry: a strong ETag, else the date of change."""
        return self.etag if self.etag and not self.etag.startswith("W/") else self.modified


class _StartAgain(Exception):
    """The bytes on disk are of no use for what the server has now."""


def download(
    url: str,
    target: Path,
    sha256: str | None = None,
    room: Callable[[int], int] = lambda size: size,
    wait: Callable[[float], None] = time.sleep,
) -> str:
    """Downloads a file, going on from what an earlier call left.

    Args:
        url: str. http or https.
        target: Path. The file to make; its folder must exist.
        sha256: str or None. 64 hex digits that the file must have.
        room: the bytes of disk to ask for, given the file's size in bytes.
        wait: called with the seconds to pause before another try.

    Returns:
        The file's SHA-256, 64 hex digits.

    Raises:
        FetchError: after TRIES tries without progress, or when trying again cannot help. What
            arrived stays in NAME.part for the next call.
    """
    if not url.lower().startswith(("http://", "https://")):
        raise FetchError(f"{url}: not an address that can be fetched; give one with https://")
    part = target.with_name(target.name + ".part")
    tries = restarts = 0
    most = _resumable(url, part)[0]
    while True:
        try:
            _attempt(url, part, room)
            break
        except _StartAgain as error:
            _forget(part)
            restarts, most = restarts + 1, 0
            trouble = str(error)
        except urllib.error.HTTPError as error:
            trouble = f"the server answers {error.code} {error.reason}"
            if error.code < 500 and error.code not in (408, 429):
                raise FetchError(f"{url}: {trouble}; check the address") from error
        except _CUT as error:
            _raise_if_hopeless(url, error)
            trouble = f"the connection broke ({getattr(error, 'reason', None) or error!r})"
        tries = 1 if _size(part) > most else tries + 1
        most = max(most, _size(part))
        if max(tries, restarts) >= TRIES:
            raise FetchError(
                f"{url}: {trouble}; gave up after {TRIES} tries in vain. "
                f"{_size(part):,} bytes are kept: the same command goes on from there"
            )
        wait(min(30.0, 0.5 * 2**tries))
    return _finish(part, target, sha256)


def _attempt(url: str, part: Path, room: Callable[[int], int]) -> None:
    """One request; returns when all bytes are in `part`."""
    had, known = _resumable(url, part)
    request = urllib.request.Request(url, headers={"Accept-Encoding": "identity"})
    if had:
        request.add_header("Range", f"bytes={had}-")
        if known and known.validator:
            request.add_header("If-Range", known.validator)
    try:
        response = urllib.request.urlopen(request, timeout=TIMEOUT_S)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == 416 and had:
            if known and known.size == had and _total(error.headers) in (had, None):
                return  # nothing is left to ask for
            raise _StartAgain("the server has another file now") from error
        raise
    with response:
        _check_kind(url, response)
        if response.status == 206:
            version = Version(url, _total(response.headers), *_marks(response.headers))
            if not known or not _continues(response.headers, had, known, version):
                raise _StartAgain("the server has another file now")
        elif had:
            raise _StartAgain("the server has another file now, or cannot go on in the middle")
        else:
            length = response.headers.get("Content-Length")
            version = Version(url, int(length) if length else None, *_marks(response.headers))
            _forget(part)
            _write_json(_notes(part), asdict(version))
        if version.size is not None:
            check_room(part.parent, room(version.size) - had)
        elif not response.chunked:
            raise FetchError(
                f"{url}: the server does not say how long the file is, so nobody can tell "
                "whether it came whole; use another address"
            )
        _receive(response, part, had, version.size)


def _receive(response: http.client.HTTPResponse, part: Path, had: int, size: int | None) -> None:
    with (
        part.open("r+b" if had else "wb") as file,
        tqdm(total=size, initial=had, unit="B", unit_scale=True, disable=None, desc="get") as bar,
    ):
        file.seek(had)
        file.truncate()
        while chunk := response.read(CHUNK):
            file.write(chunk)
            bar.update(len(chunk))
        got = file.tell()
    if size is not None and got < size:
        raise ConnectionError(f"{got:,} of {size:,} bytes came")
    if size is not None and got > size:
        raise _StartAgain(f"{got:,} bytes came where {size:,} were announced")


def _resumable(url: str, part: Path) -> tuple[int, Version | None]:
    """The bytes on disk that can be gone on from, and of what they are."""
    try:
        known = Version(**json.loads(_notes(part).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return 0, None  # bytes of unknown origin
    had = _size(part)
    if known.url != url or known.size is None or had > known.size:
        return 0, None
    return had, known


def _continues(headers: Message, had: int, known: Version, now: Version) -> bool:
    """Whether a partial answer goes on where the bytes on disk end, in the same version."""
    match = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", headers.get("Content-Range", ""))
    return (
        match is not None
        and int(match[1]) == had
        and now.size in (known.size, None)
        and (now.etag or known.etag) == (known.etag or now.etag)
        and (now.modified or known.modified) == (known.modified or now.modified)
    )


def _total(headers: Message) -> int | None:
    total = headers.get("Content-Range", "").rpartition("/")[2]
    return int(total) if total.isdigit() else None


def _marks(headers: Message) -> tuple[str | None, str | None]:
    return headers.get("ETag"), headers.get("Last-Modified")


def _check_kind(url: str, response: http.client.HTTPResponse) -> None:
    if response.headers.get_content_type() == "text/html":
        raise FetchError(
            f"{url}: a web page came, not an archive (a log-in page of the network in between, or "
            "an address of a page); open it in a browser to see"
        )


def check_room(folder: Path, needed: int) -> None:
    """Raises FetchError where a folder's disk has fewer bytes free than are needed."""
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise FetchError(
            f"{folder}: {needed / 1e9:.1f} GB more are needed here, {free / 1e9:.1f} GB are free; "
            "make room or choose another folder"
        )


def _raise_if_hopeless(url: str, error: BaseException) -> None:
    """Raises FetchError where another try cannot help."""
    reason = getattr(error, "reason", error)
    if isinstance(reason, ssl.SSLCertVerificationError):
        raise FetchError(
            f"{url}: the server's certificate cannot be verified ({reason.verify_message}). Either "
            "give Python a complete set of certificates (pip install certifi, then put "
            'SSL_CERT_FILE="$(python -m certifi)" before this command; on macOS run "Install '
            'Certificates.command"), or download the file with a browser into DEST and give this '
            "command again"
        ) from error
    if isinstance(reason, OSError) and reason.filename:  # the disk, not the line
        raise FetchError(f"{reason.filename}: cannot be written ({reason.strerror})") from error
    if getattr(reason, "errno", None) == errno.ENOSPC:  # which names no file
        raise FetchError("the disk is full; make room, the same command goes on") from error


def _finish(part: Path, target: Path, sha256: str | None) -> str:
    found = file_sha256(part)
    if sha256 and found != sha256.lower():
        raise FetchError(
            f"{part}: its SHA-256 is {found}, not {sha256.lower()}. If the one that you gave is "
            f"right, the download is damaged: delete {part.name} and try again"
        )
    part.replace(target)
    _notes(part).unlink(missing_ok=True)
    return found


def file_sha256(path: Path) -> str:
    """The SHA-256 of a file, with a progress bar; 64 hex digits."""
    digest = hashlib.sha256()
    with (
        path.open("rb") as file,
        tqdm(total=_size(path), unit="B", unit_scale=True, disable=None, desc="check") as bar,
    ):
        while chunk := file.read(CHUNK):
            digest.update(chunk)
            bar.update(len(chunk))
    return digest.hexdigest()


def _notes(part: Path) -> Path:
    return part.with_name(part.name + ".json")


def _forget(part: Path) -> None:
    # The bytes go first: notes without bytes mislead nobody.
    part.unlink(missing_ok=True)
    _notes(part).unlink(missing_ok=True)


def _size(path: Path) -> int:
    with contextlib.suppress(OSError):
        return path.stat().st_size
    return 0


def _write_json(path: Path, content: object) -> None:
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    os.replace(temporary, path)
