"""A stranger's study on the Hub: its tables at one commit, bounded in size and time.

Whoever may name an address is a stranger: this machine's login is never used, only the tables are
fetched, and a table is looked at before it is read, for a small file can hold a large table.
May import: the standard library, huggingface_hub, pyarrow, .address, hvc_core.storage.
"""

from __future__ import annotations

import contextlib
import shutil
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from hvc_core.hub.address import no_address, parse
from hvc_core.storage import StudyError, write_atomic

NEEDED = ("study.json", "predictions.parquet", "metrics.json", "cost.json")
TABLES = (*NEEDED, "history.parquet", "validation.parquet", "unseen.parquet", "audit.json")
# A study of a million answers of 50 classes: 170 MB, of which 6 MB are metrics.json.
MOST_BYTES, MOST_JSON_BYTES = 300_000_000, 20_000_000
MOST_ROWS, MOST_VALUES, LONGEST_WORD = 2_000_000, 150_000_000, 200
MOST_KEPT = 8  # studies in the cache; the oldest go
AT_ONCE = 2  # downloads: so many strangers' addresses may fill the disk at the same time
INFO_S, DOWNLOAD_S = 8, 120  # what is waited for an answer, and for the files

_downloads = threading.BoundedSemaphore(AT_ONCE)


@dataclass(frozen=True)
class Pulled:
    """A study that was downloaded.

    Attributes:
        folder: Path. Its files.
        commit: str. Which commit they are of.
        note: str. What a person should know of how it came; mostly empty.
    """

    folder: Path
    commit: str
    note: str = ""


def pull(address: str) -> Pulled:
    """Downloads a study's tables, without its weights, or takes them from the cache.

    Where the Hub cannot be reached, what an earlier call of the same address left is taken.

    Args:
        address: str. `namespace/name`, with `@revision` (a branch, tag or commit) or without.

    Raises:
        StudyError: no such public repository or revision, not a study, too large, or not to be
            reached in time.

    Example:
        >>> pull("someone/ucf50-15@v1").folder
    """
    from huggingface_hub import HfApi
    from huggingface_hub.errors import (
        GatedRepoError,
        HFValidationError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    named = parse(address)
    repo, revision, where = named.repo, named.revision, str(named)
    try:
        info = HfApi().dataset_info(
            repo, revision=revision, files_metadata=True, timeout=INFO_S, token=False
        )
        names = tables({one.rfilename: one.size for one in info.siblings or []}, where)
        folder = _download(repo, str(info.sha), names)
    except HFValidationError as error:
        raise no_address(address) from error
    except RevisionNotFoundError as error:
        raise StudyError(where, None, f"{repo} has no revision {revision}") from error
    except GatedRepoError as error:
        raise StudyError(where, None, "is there, but not for everybody") from error
    except RepositoryNotFoundError as error:
        raise StudyError(where, None, "no such public repository on the Hub") from error
    except StudyError:
        raise
    except Exception as error:  # whatever a network and a server can do
        return _kept(repo, revision, where, error)
    for name in names:
        if name.endswith(".parquet"):
            check_table(folder / name)
    text = str(folder)
    write_atomic(_note(repo, revision), lambda file: file.write_text(text, encoding="utf-8"))
    return Pulled(folder, str(info.sha))


def tables(sizes: Mapping[str, int | None], where: str) -> list[str]:
    """The names of a study's tables among a repository's files, whose sizes are given in bytes.

    Raises:
        StudyError: what a study needs is missing, or it is too large.
    """
    lacking = [name for name in NEEDED if name not in sizes]
    if lacking:
        raise StudyError(where, None, f"holds no study: {', '.join(lacking)} missing")
    names = [name for name in TABLES if name in sizes]
    total = sum(sizes[name] or 0 for name in names)
    json_bytes = max(sizes[name] or 0 for name in names if name.endswith(".json"))
    for size, most in ((total, MOST_BYTES), (json_bytes, MOST_JSON_BYTES)):
        if size > most:
            raise StudyError(
                where, None, f"has {size / 1e6:,.0f} MB where {most / 1e6:,.0f} are taken"
            )
    return names


def check_table(file: Path) -> None:
    """Looks at a Parquet file without reading it whole.

    Raises:
        StudyError: it is none, or what it would be in memory is too large.
    """
    try:
        with pq.ParquetFile(file) as opened:
            held = opened.metadata
            groups = [held.row_group(i) for i in range(held.num_row_groups)]
            values = sum(g.column(i).num_values for g in groups for i in range(g.num_columns))
            if held.num_rows > MOST_ROWS or values > MOST_VALUES:
                raise StudyError(
                    file.name, None, f"has {held.num_rows:,} rows with {values:,} values: too many"
                )
            words = [f.name for f in opened.schema_arrow if f.type in (pa.string(), pa.binary())]
        with pq.ParquetFile(file, read_dictionary=words) as opened:
            for batch in opened.iter_batches(columns=words):
                for column in batch.columns:
                    longest = pc.max(pc.binary_length(column.dictionary)).as_py() or 0
                    if longest > LONGEST_WORD:
                        raise StudyError(file.name, None, f"has a word of {longest:,} characters")
    except (OSError, pa.ArrowException) as error:
        raise StudyError(file.name, None, f"cannot be read as Parquet ({error})") from error


def _download(repo: str, commit: str, names: list[str]) -> Path:
    """The snapshot's folder; TimeoutError where that takes longer than DOWNLOAD_S.

    What is late goes on in the background and is in the cache for the next who asks.

    Raises:
        StudyError: others' downloads go on.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.file_download import repo_folder_name

    # Before, since a download that fails leaves its part behind
    _prune(_cache() / repo_folder_name(repo_id=repo, repo_type="dataset"))
    if not _downloads.acquire(timeout=INFO_S):
        raise StudyError(
            repo, None, "must wait, for other studies are being fetched", "Try again in a minute."
        )

    came: list[Any] = []

    def fetch() -> None:
        try:
            came.append(
                snapshot_download(
                    repo,
                    repo_type="dataset",
                    revision=commit,
                    allow_patterns=names,
                    cache_dir=_cache(),
                    etag_timeout=INFO_S,
                    token=False,
                )
            )
        except Exception as error:
            came.append(error)
        finally:
            _downloads.release()

    thread = threading.Thread(target=fetch, daemon=True)
    thread.start()
    thread.join(DOWNLOAD_S)
    if not came:
        raise TimeoutError(f"not there after {DOWNLOAD_S} s")
    if isinstance(came[0], Exception):
        raise came[0]
    return Path(came[0])


def _cache() -> Path:
    """Where strangers' studies are kept: apart from what this machine's owner downloads."""
    from huggingface_hub import constants

    return Path(constants.HF_HOME) / "hvc-studies"


def _note(repo: str, revision: str) -> Path:
    """The file that says which snapshot an address last was."""
    return _cache() / "addresses" / f"{repo}@{revision}".replace("/", "--")


def _prune(used: Path) -> None:
    """Removes the repositories that were used longest ago, but for MOST_KEPT with the one used."""
    used.mkdir(parents=True, exist_ok=True)
    used.touch()
    dated = []
    for one in _cache().glob("datasets--*"):
        with contextlib.suppress(FileNotFoundError):  # another visitor's call removes it meanwhile
            dated.append((one.stat().st_mtime, one))
    for _, old in sorted(dated)[:-MOST_KEPT]:
        shutil.rmtree(old, ignore_errors=True)


def _kept(repo: str, revision: str, where: str, error: Exception) -> Pulled:
    """What an earlier download left."""
    note = _note(repo, revision)
    snapshot = Path(note.read_text(encoding="utf-8")) if note.is_file() else None
    if snapshot is None or not (snapshot / "study.json").is_file():
        raise StudyError(
            where, None, f"the Hub did not answer ({type(error).__name__})", "Try again later."
        ) from error
    return Pulled(snapshot, snapshot.name, "The Hub did not answer: this is what it gave before.")
