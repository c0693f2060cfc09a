"""The way back: a published study at one commit, its models with it, held to its manifest.

For a study that this machine's owner names: its login is used. Nothing that comes is trusted for
that: only the files that a study has are taken, each to the size and SHA-256 that the manifest of
the study's commit says, and none of them can run code. May import: the standard library,
huggingface_hub, .address, .patience, .repos, hvc_core.storage, hvc_core.study.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from hvc_core.hub.address import NAME, Address, no_address
from hvc_core.hub.patience import bound_reads
from hvc_core.hub.repos import MANIFEST, MODEL_FILES, NEEDED, SERVED, STUDY_FILES, facts
from hvc_core.storage import StudyError, read_json, write_json
from hvc_core.study import CLIP_SUFFIXES, read

INFO_S = 8  # what is waited for the Hub's answer
MOST_BYTES = 4_000_000_000  # of all files of a study together
MOST_FILES, MOST_MANIFEST = 20_000, 5_000_000
SHA256 = re.compile(r"[0-9a-f]{64}")
SOURCE = "source.json"  # in the folder: where it came from
EXAMPLE = re.compile(r"examples/\w[\w .()-]{0,95}/\w[\w .()-]{0,95}")


def commit_of(named: Address) -> str:
    """The commit that a study's address means now: 40 hex digits.

    Raises:
        StudyError: there is no such study for this login.
        Exception: whatever a network and a server can do.
    """
    from huggingface_hub import HfApi
    from huggingface_hub.errors import (
        GatedRepoError,
        HFValidationError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    try:
        info = HfApi().dataset_info(named.repo, revision=named.revision, timeout=INFO_S)
    except HFValidationError as error:
        raise no_address(str(named)) from error
    except RevisionNotFoundError as error:
        raise StudyError(
            str(named), None, f"{named.repo} has no revision {named.revision}",
            "Its page on the Hub lists branches and tags.",
        ) from error  # fmt: skip
    except (GatedRepoError, RepositoryNotFoundError) as error:
        raise StudyError(
            str(named), None, "is not on the Hub, or not for this login",
            "Look at the name; a private study needs a login: hf auth login, or HF_TOKEN.",
        ) from error  # fmt: skip
    return str(info.sha)


def failure(error: Exception) -> str:
    """What went wrong on the way to the Hub, in few words for a person."""
    at: BaseException | None = error
    while at is not None:
        if status := getattr(getattr(at, "response", None), "status_code", None):
            return f"it answered {status}"
        if type(at) in (OSError, PermissionError) and at.args[1:]:
            return str(at.args[1])  # of this machine: a full disk, a folder that is not ours
        at = at.__cause__ or at.__context__
    return "no connection"


def at_once(
    named: Address,
    folder: Path,
    whole: bool = False,
    told: Callable[[str], None] = lambda line: None,
) -> str:
    """`fetch` of what an address means now, for a command line; returns the commit.

    Raises:
        StudyError: whatever went wrong, in words for a person.
    """
    try:
        commit = commit_of(named)
        fetch(named, commit, folder, whole, told)
    except StudyError:
        raise
    except Exception as error:  # whatever a network and a server can do
        problem = f"cannot be had from the Hub now ({failure(error)})"
        advice = "What came is kept; the same command goes on."
        raise StudyError(str(named), None, problem, advice) from error
    return commit


def fetch(
    named: Address,
    commit: str,
    folder: Path,
    whole: bool = False,
    told: Callable[[str], None] = lambda line: None,
) -> Path:
    """Downloads a study at a commit into a folder that appears only when all of it is right.

    What came before a failure is kept beside, and the next call goes on from there.

    Args:
        named: Address. Only its repository is read; the commit says which state.
        commit: str. From `commit_of`.
        folder: Path. Not there yet.
        whole: bool. All files of the models, Keras's too; else those that the app reads.
        told: is told a line about each repository.

    Returns:
        Path. `folder`.

    Raises:
        StudyError: it is no study, is too large, or a file is not what the manifest says.
        Exception: whatever a network and a server can do.
    """
    from huggingface_hub.utils import WeakFileLock

    bound_reads()
    folder.parent.mkdir(parents=True, exist_ok=True)
    part = folder.with_name(f".{folder.name}.{commit[:12]}.part")
    lock = part.with_suffix(".lock")
    with WeakFileLock(lock):  # another process may fetch the same
        if not (folder / SOURCE).is_file():
            _fill(part, named, commit, MODEL_FILES if whole else SERVED, told)
            read(part)  # what is no study never takes a study's place
            os.replace(part, folder)
        lock.unlink(missing_ok=True)  # who waits for it still, or makes it anew, finds the folder
    return folder


def is_whole(folder: Path) -> bool:
    """Whether a folder that `fetch` made still is what its manifest says, to the byte."""
    try:
        manifest = _manifest(folder / MANIFEST, str(folder))
        own = {path: one for path, one in manifest["files"].items() if _wanted(path)}
        for model, entry in manifest["models"].items():
            own |= {
                f"models/{model}/{path}": one
                for path, one in entry["files"].items()
                if path in SERVED
            }
        return all(
            facts(folder / path) == {k: one[k] for k in ("bytes", "sha256")}
            for path, one in own.items()
        )
    except (StudyError, OSError):
        return False


def _fill(
    part: Path, named: Address, commit: str, names: tuple[str, ...], told: Callable[[str], None]
) -> None:
    """Makes a folder what the manifest says, and nothing else."""
    where = f"{named.repo}@{commit[:12]}"
    part.mkdir(parents=True, exist_ok=True)
    sizes = _sizes(named.repo, "dataset", commit)
    if (sizes.get(MANIFEST) or 0) > MOST_MANIFEST:
        raise StudyError(where, MANIFEST, "is too large")
    _download(named.repo, "dataset", commit, part, [MANIFEST])
    try:
        manifest = _manifest(part / MANIFEST, where)
    except StudyError:
        _drop(part, MANIFEST)
        raise
    said = {path: one for path, one in manifest["files"].items() if _wanted(path)}
    keep = {part / path for path in (*said, MANIFEST)}
    told(f"{named.repo}: {len(said)} files")
    _same_sizes(sizes, said, where)
    _download(named.repo, "dataset", commit, part, said)
    _hold(part, said, where)
    for model, entry in manifest["models"].items():
        files = {path: one for path, one in entry["files"].items() if path in names}
        own, at = part / "models" / model, f"{entry['repo']}@{manifest['tag']}"
        keep |= {own / path for path in files}
        told(f"{entry['repo']}: {len(files)} files")
        _same_sizes(_sizes(entry["repo"], "model", manifest["tag"]), files, at)
        _download(entry["repo"], "model", manifest["tag"], own, files)
        _hold(own, files, at)
    for left in sorted(part.rglob("*"), reverse=True):  # the client's own, and another try's
        if left.is_dir() and not any(left.iterdir()):
            left.rmdir()
        elif not left.is_dir() and left not in keep:
            left.unlink()
    write_json(part / SOURCE, {"repo": named.repo, "commit": commit, "tag": manifest["tag"]})


def _sizes(repo: str, kind: str, revision: str) -> dict[str, int | None]:
    """The bytes of each file, as the Hub tells them before anything is downloaded."""
    from huggingface_hub import HfApi

    info: Any = HfApi().repo_info(
        repo, repo_type=kind, revision=revision, files_metadata=True, timeout=INFO_S
    )
    return {one.rfilename: one.size for one in info.siblings or []}


def _same_sizes(sizes: dict[str, int | None], said: dict[str, dict[str, Any]], where: str) -> None:
    for path, one in said.items():
        if path not in sizes or sizes[path] not in (None, one["bytes"]):
            raise StudyError(
                where, path, "is not what the study's manifest says",
                "It was changed on the Hub: publish it again.",
            )  # fmt: skip


def _drop(folder: Path, path: str) -> None:
    """Removes a file so that the client fetches it anew."""
    shutil.rmtree(folder / ".cache", ignore_errors=True)
    (folder / path).unlink(missing_ok=True)


def came_from(folder: Path) -> Address | None:
    """The repository and commit that a study was fetched from; None of any other."""
    try:
        said = read_json(folder / SOURCE)
        return Address(said["repo"], said["commit"])
    except (StudyError, KeyError):
        return None


def _download(repo: str, kind: str, revision: str, into: Path, paths: Iterable[str]) -> None:
    from huggingface_hub import snapshot_download

    snapshot_download(
        repo,
        repo_type=kind,
        revision=revision,
        local_dir=into,
        allow_patterns=list(paths),
        etag_timeout=INFO_S,
    )


def _wanted(path: str) -> bool:
    example = EXAMPLE.fullmatch(path) and Path(path).suffix.lower() in CLIP_SUFFIXES
    return path in STUDY_FILES or bool(example)


def _manifest(file: Path, where: str) -> dict[str, Any]:
    """The manifest, as far as it is used; nothing in it can name a place outside the study."""
    wrong = StudyError(
        where, None, "was not published by `python -m training publish`",
        "Its manifest.json is missing or of another kind.",
    )  # fmt: skip
    if not file.is_file():
        raise wrong
    try:
        found = read_json(file)
        models = found["models"]
        whole = [
            *found["files"].values(),
            *(f for m in models.values() for f in m["files"].values()),
        ]
        total = sum(one["bytes"] for one in whole)
        named = all(
            NAME.fullmatch(model) and re.fullmatch(f"{NAME.pattern}/{NAME.pattern}", one["repo"])
            for model, one in models.items()
        )
        told = len(whole) <= MOST_FILES and all(
            type(one["bytes"]) is int and one["bytes"] >= 0 and SHA256.fullmatch(one["sha256"])
            for one in whole
        )
        fits = named and told and bool(NAME.fullmatch(found["tag"]))
    except (json.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise wrong from error
    if not fits or not set(NEEDED) <= set(found["files"]):
        raise wrong
    if total > MOST_BYTES:
        raise StudyError(where, None, f"has {total / 1e9:.1f} GB: too much")
    return found


def _hold(folder: Path, said: dict[str, dict[str, Any]], where: str) -> None:
    """Raises StudyError where a file is not what the manifest says, and removes that file."""
    for path, expected in said.items():
        file = folder / path
        if not file.is_file():
            raise StudyError(where, path, "did not come", "Try again.")
        if file.is_symlink() or facts(file) != {k: expected[k] for k in ("bytes", "sha256")}:
            _drop(folder, path)
            raise StudyError(
                where, path, "is not what the study's manifest says",
                "It came damaged, or was changed on the Hub: try again, or publish it again.",
            )  # fmt: skip
