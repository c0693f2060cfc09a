"""Publishing: a study's repositories onto the Hub, each as one commit with a tag.

What is there already is left as it is, so that the same call twice changes nothing, and one that
failed in the middle is repeated. May import: the standard library, huggingface_hub, .repos.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi
from huggingface_hub.errors import HfHubHTTPError, HTTPError, LocalTokenNotFoundError

from hvc_core.hub.repos import MANIFEST, Plan, Repo

KEPT = {".gitattributes"}  # the Hub's own
MARK = {"dataset": MANIFEST, "model": "parity.json"}  # what a repository of ours holds
WAITS_S = (1, 4, 10)  # before another try, where the Hub is busy or the line was cut
LONGEST_TITLE = 59  # of a collection

Made = TypeVar("Made")


class PublishError(Exception):
    """The Hub did not take it; the message says why, what is unchanged and what to do."""


@dataclass(frozen=True)
class Pushed:
    """What became of one repository.

    Attributes:
        id: str.
        commit: str. The one that is tagged.
        changed: bool. Whether it is a new one.
        url: str.
    """

    id: str
    commit: str
    changed: bool
    url: str


def push(
    plan: Plan, private: bool, told: Callable[[str], None] = lambda line: None
) -> list[Pushed]:
    """Makes the Hub's repositories what the plan says, tags them and ties them in a collection.

    The token is the Hub's own login (`hf auth login`) or HF_TOKEN.

    Args:
        plan: Plan, from `repos.plan`.
        private: bool. Of repositories that are made now; others stay as they are.
        told: is told a line about each step.

    Raises:
        PublishError: there is no login, it may not write there, or the Hub fails for good. What
            was published before is whole; the same call goes on.
    """
    api = HfApi()
    _may_write(api, plan.study.id.split("/")[0])
    done = []
    for repo in plan.repos:
        found = _trying(repo.id, partial(_one, api, repo, plan.tag, private))
        told(f"{repo.id}: {'published' if found.changed else 'unchanged'}, {found.commit[:12]}")
        done.append(found)
    url = _trying("the collection", lambda: _tie(api, plan, private))
    told(f"{url}: ties them")
    return done


def _may_write(api: HfApi, namespace: str) -> None:
    """Raises PublishError where the login is missing, or of somebody else."""
    try:
        said = _trying("the login", lambda: api.whoami())
    except LocalTokenNotFoundError as error:
        raise PublishError(
            "You are not logged in to the Hub. Run `hf auth login`, or set HF_TOKEN to a token "
            "that may write."
        ) from error
    mine = [said["name"], *(org["name"] for org in said.get("orgs") or [])]
    if namespace not in mine:
        raise PublishError(
            f"{namespace} is none of your names on the Hub ({', '.join(mine)}). Give one of them "
            "as --namespace."
        )


def _one(api: HfApi, repo: Repo, tag: str, private: bool) -> Pushed:
    """One repository: made where it is not there, one commit where it differs, the tag."""
    url = api.create_repo(repo.id, repo_type=repo.kind, private=private, exist_ok=True)
    info = api.repo_info(repo.id, repo_type=repo.kind)
    before = info.sha
    if private and not info.private:
        raise PublishError(
            f"{repo.id} is there and public. Make it private on its settings page, or leave "
            "--private out."
        )
    there = set(api.list_repo_files(repo.id, repo_type=repo.kind))
    if there - KEPT - {"README.md"} and MARK[repo.kind] not in there:
        raise PublishError(
            f"{repo.id} is there and holds something else. Rename it on the Hub, or publish under "
            "another name."
        )
    operations: list[CommitOperationAdd | CommitOperationDelete] = [
        CommitOperationAdd(path, content if isinstance(content, bytes) else str(content))
        for path, content in repo.files.items()
    ]
    operations += [CommitOperationDelete(path) for path in sorted(there - set(repo.files) - KEPT)]
    made = api.create_commit(
        repo.id,
        operations,
        repo_type=repo.kind,
        commit_message=f"Publish {repo.what} ({tag})",
        parent_commit=before,  # nobody else's commit is overwritten
    )
    api.create_tag(repo.id, tag=tag, revision=made.oid, repo_type=repo.kind, exist_ok=True)
    return Pushed(repo.id, made.oid, made.oid != before, str(url))


def _tie(api: HfApi, plan: Plan, private: bool) -> str:
    """The collection of all repositories; its address."""
    collection = api.create_collection(
        plan.title[:LONGEST_TITLE],
        namespace=plan.study.id.split("/")[0],
        private=private,
        exists_ok=True,
    )
    held = {item.item_id for item in collection.items}
    for repo in [plan.study, *plan.models]:
        if repo.id not in held:
            api.add_collection_item(collection.slug, repo.id, repo.kind, exists_ok=True)
    return collection.url


def _trying(what: str, do: Callable[[], Made]) -> Made:
    """Does it, again where the Hub is busy or the line was cut.

    Raises:
        PublishError: it refuses, or fails still.
        LocalTokenNotFoundError: there is no login.
    """
    for wait in (*WAITS_S, None):
        try:
            return do()
        except HfHubHTTPError as error:
            status = error.response.status_code if error.response is not None else 0
            if wait is None or not (status == 429 or status >= 500):
                raise PublishError(_refused(what, status, error)) from error
        except (HTTPError, OSError, RuntimeError) as error:  # the client wraps what an upload met
            if isinstance(error, LocalTokenNotFoundError):
                raise
            if wait is None:
                raise PublishError(
                    f"{what}: the Hub cannot be reached ({type(error).__name__}). What was there "
                    "is unchanged; run the same command again later."
                ) from error
        time.sleep(wait)
    raise AssertionError("the last try returns or raises")


def _refused(what: str, status: int, error: HfHubHTTPError) -> str:
    """What a status means for a person; the Hub's own words where it sent some."""
    why = {
        401: "the Hub does not take your token: run `hf auth login` again",
        403: "your token may not write there: make one that may, on the Hub's settings page",
        412: "somebody else has just written to it: look at what they did",
        429: "the Hub asks to be left alone for a while: wait",
    }.get(status, f"the Hub answered {status}")
    said = (error.server_message or "").strip()
    tail = f" ({said[:200]})" if said else ""
    return f"{what}: {why}{tail}. What was there is unchanged; then run the same command again."
