"""A stranger's study on the Hub: its tables at one commit, bounded in size and time.

Whoever may name an address is a stranger: this machine's login is never used, only the tables are
fetched, and a table is looked at before it is read, for a small file can hold a large table.
May import: the standard library, huggingface_hub, pyarrow, .address, .patience,
hvc_core.storage.
"""

from __future__ import annotations

import contextlib
import shutil
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from hvc_core.hub.address import no_address, parse
from hvc_core.hub.patience import bound_reads
from hvc_core.storage import StudyError, write_atomic

NEEDED = ("study.json", "predictions.parquet", "metrics.json", "cost.json")
TABLES = (*NEEDED, "history.parquet", "validation.parquet", "unseen.parquet", "audit.json")
# What a host of 700 MB holds beside the app: a value takes 25 bytes in memory, and one of a JSON
# ten times what it takes in the file. The study of this house has 190,000 rows, 4.4 M values, 9 MB.
MOST_BYTES, MOST_JSON_BYTES = 60_000_000, 5_000_000  # each of all files together
MOST_ROWS, MOST_VALUES, LONGEST_WORD = 400_000, 6_000_000, 200  # the first two of all tables
OWN = "A study of any size opens on your own machine: HVC_STUDY=hf:ITS-ADDRESS."
MOST_KEPT = 8  # studies in the cache; the oldest go
AT_ONCE = 2  # downloads: so many strangers' addresses may fill the disk at the same time
INFO_S = 8  # what is waited for an answer, and for the files: a visitor looks at a spinner

_downloads = threading.BoundedSemaphore(AT_ONCE)
_going: dict[tuple[str, str], _Download] = {}  # by repository and commit
_lock = threading.Lock()


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


@dataclass
class _Download:
    """One download, in the background."""

    done: threading.Event = field(default_factory=threading.Event)
    came: str | Exception = ""  # the folder; empty until done


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
    check_tables([folder / name for name in names if name.endswith(".parquet")])
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
    json_bytes = sum(sizes[name] or 0 for name in names if name.endswith(".json"))
    for size, most in ((total, MOST_BYTES), (json_bytes, MOST_JSON_BYTES)):
        if size > most:
            raise StudyError(
                where, None, f"has {size / 1e6:,.0f} MB where {most / 1e6:,.0f} are taken", OWN
            )
    return names


def check_tables(files: Iterable[Path]) -> None:
    """Looks at Parquet files without reading them whole.

    Raises:
        StudyError: one is none, or what they would be in memory together is too large.
    """
    rows = values = 0
    for file in files:
        own_rows, own_values = _held(file)
        rows, values = rows + own_rows, values + own_values
        if rows > MOST_ROWS or values > MOST_VALUES:
            said = f"has with the tables before it {rows:,} rows with {values:,} values: too many"
            raise StudyError(file.name, None, said, OWN)
        _check_words(file)


def _held(file: Path) -> tuple[int, int]:
    """How many rows and values a table says that it has."""
    try:
        with pq.ParquetFile(file) as opened:
            held = opened.metadata
            groups = [held.row_group(i) for i in range(held.num_row_groups)]
            values = sum(g.column(i).num_values for g in groups for i in range(g.num_columns))
            return held.num_rows, values
    except (OSError, pa.ArrowException) as error:
        raise _unreadable(file, error) from error


def _check_words(file: Path) -> None:
    try:
        with pq.ParquetFile(file) as opened:
            words = [f.name for f in opened.schema_arrow if f.type in (pa.string(), pa.binary())]
        with pq.ParquetFile(file, read_dictionary=words) as opened:
            for batch in opened.iter_batches(columns=words):
                for column in batch.columns:
                    longest = pc.max(pc.binary_length(column.dictionary)).as_py() or 0
                    if longest > LONGEST_WORD:
                        raise StudyError(file.name, None, f"has a word of {longest:,} characters")
    except (OSError, pa.ArrowException) as error:
        raise _unreadable(file, error) from error


def _unreadable(file: Path, error: Exception) -> StudyError:
    return StudyError(file.name, None, f"cannot be read as Parquet ({error})")


def _download(repo: str, commit: str, names: list[str]) -> Path:
    """The snapshot's folder; TimeoutError where that takes longer than INFO_S.

    What is late goes on in the background: who asks for the same again waits for the same, and
    it is in the cache for the next.

    Raises:
        StudyError: others' downloads go on.
    """
    with _lock:
        job = _going.get((repo, commit))
        if job is None:
            job = _begin(repo, commit, names)
    if not job.done.wait(INFO_S):
        raise TimeoutError(f"not there after {INFO_S} s")
    if isinstance(job.came, Exception):
        raise job.came
    return Path(job.came)


def _begin(repo: str, commit: str, names: list[str]) -> _Download:
    from huggingface_hub import snapshot_download
    from huggingface_hub.file_download import repo_folder_name

    if not _downloads.acquire(blocking=False):
        raise StudyError(
            repo, None, "must wait, for other studies are being fetched", "Try again in a minute."
        )
    bound_reads()
    # Before, since a download that fails leaves its part behind
    _prune(_cache() / repo_folder_name(repo_id=repo, repo_type="dataset"))
    job = _going[repo, commit] = _Download()

    def fetch() -> None:
        try:
            job.came = str(
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
            job.came = error
        finally:
            with _lock:
                _going.pop((repo, commit), None)
            _downloads.release()
            job.done.set()

    threading.Thread(target=fetch, daemon=True).start()
    return job


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
        if isinstance(error, TimeoutError):  # ours: the list came, the files have not yet
            raise StudyError(where, None, "is being fetched", "Try again in a minute.") from error
        raise StudyError(
            where, None, f"the Hub did not answer ({type(error).__name__})", "Try again later."
        ) from error
    return Pulled(snapshot, snapshot.name, "The Hub did not answer: this is what it gave before.")
