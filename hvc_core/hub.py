"""A study on the Hugging Face Hub: its tables at one commit, bounded in size, kept in the cache.

May import: the standard library, huggingface_hub, hvc_core.storage.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hvc_core.storage import StudyError, write_atomic

ADDRESS = re.compile(r"(?:hf:)?(?P<repo>[\w-][\w.-]*/[\w-][\w.-]*)(?:@(?P<revision>[\w][\w./-]*))?")
# A study of a million answers of 50 classes is 170 MB.
MOST_BYTES = 400_000_000
WAIT_S = 10  # what a visitor waits for an answer of the Hub before being told that there is none


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


def pull(address: str, token: bool = False) -> Pulled:
    """Downloads a study's tables, without its weights, or takes them from the cache.

    Where the Hub cannot be reached, what an earlier call of the same address left is taken.

    Args:
        address: str. `namespace/name`, with `@revision` (a branch, tag or commit) or without.
        token: bool. Whether the login of this machine is used. Never for an address that a
            visitor typed: it would open the host's own private studies to everybody.

    Raises:
        StudyError: no such repository or revision, not a study, too large, or not to be reached.

    Example:
        >>> pull("someone/ucf50-15@v1").folder
    """
    from huggingface_hub import HfApi, snapshot_download
    from huggingface_hub.errors import (
        GatedRepoError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    found = ADDRESS.fullmatch(address.strip())
    if found is None:
        raise StudyError(
            address[:80], None, "is no address of a study", "Write namespace/name@revision."
        )
    repo, revision = found["repo"], found["revision"] or "main"
    where = f"hf:{repo}@{revision}"
    login: bool | None = None if token else False
    kind: dict[str, Any] = {"repo_type": "dataset", "token": login, "etag_timeout": WAIT_S}
    try:
        info = HfApi().dataset_info(
            repo, revision=revision, files_metadata=True, timeout=WAIT_S, token=login
        )
        names = _tables({one.rfilename: one.size for one in info.siblings or []}, where)
        folder = snapshot_download(repo, revision=info.sha, allow_patterns=names, **kind)
        _remember(repo, revision, Path(folder))
        return Pulled(Path(folder), str(info.sha))
    except StudyError:
        raise
    except RevisionNotFoundError as error:
        raise StudyError(where, None, f"{repo} has no revision {revision}") from error
    except GatedRepoError as error:
        raise StudyError(where, None, "is there, but not for everybody") from error
    except RepositoryNotFoundError as error:
        raise StudyError(where, None, "no such public repository on the Hub") from error
    except Exception as error:  # whatever a network and a server can do
        return _kept(repo, revision, where, error)


def _tables(sizes: Mapping[str, int | None], where: str) -> list[str]:
    """The names of a study's tables among a repository's files."""
    names = [name for name in sizes if "/" not in name and name.endswith((".json", ".parquet"))]
    if not {"study.json", "predictions.parquet"} <= set(names):
        raise StudyError(
            where, None, "holds no study: study.json or predictions.parquet is missing"
        )
    total = sum(sizes[name] or 0 for name in names)
    if total > MOST_BYTES:
        raise StudyError(
            where, None, f"is {total / 1e6:,.0f} MB, more than {MOST_BYTES / 1e6:,.0f} are taken"
        )
    return names


def _note(repo: str, revision: str) -> Path:
    """The file in the Hub's cache that says which snapshot an address last was."""
    from huggingface_hub import constants

    return Path(constants.HF_HUB_CACHE) / "hvc" / f"{repo}@{revision}".replace("/", "--")


def _remember(repo: str, revision: str, snapshot: Path) -> None:
    """Notes a snapshot, whose folder bears its commit's name."""
    text = str(snapshot)
    write_atomic(_note(repo, revision), lambda file: file.write_text(text, encoding="utf-8"))


def _kept(repo: str, revision: str, where: str, error: Exception) -> Pulled:
    """What an earlier download left."""
    note = _note(repo, revision)
    snapshot = Path(note.read_text(encoding="utf-8")) if note.is_file() else None
    if snapshot is None or not (snapshot / "study.json").is_file():
        raise StudyError(
            where, None, f"the Hub did not answer ({type(error).__name__})", "Try again later."
        ) from error
    return Pulled(snapshot, snapshot.name, "The Hub did not answer: this is what it gave before.")
