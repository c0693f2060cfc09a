"""A study from the Hub, with the real client against a server on the loopback."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hvc_core import hub
from hvc_core.storage import StudyError
from tests.support.hub_server import Hub, serve
from tests.support.studies import make_study

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_study(tmp_path_factory.mktemp("hub") / "study", classes=4)


@pytest.fixture
def server() -> Iterator[Hub]:
    with serve() as running:
        yield running


def pull(server: Hub, cache: Path, address: str) -> dict[str, str]:
    """`hub.pull` in a fresh process, whose Hub is the server: folder, commit, note or error."""
    code = (
        "import json, sys\n"
        "from hvc_core import hub\n"
        "from hvc_core.storage import StudyError\n"
        "try:\n"
        "    found = hub.pull(sys.argv[1])\n"
        "    said = {'folder': str(found.folder), 'commit': found.commit, 'note': found.note}\n"
        "except StudyError as error:\n"
        "    said = {'error': str(error)}\n"
        "print(json.dumps(said))\n"
    )
    own = {"HF_ENDPOINT": server.url, "HF_HOME": str(cache), "HF_TOKEN": "hf_of_the_host"}
    done = subprocess.run(
        [sys.executable, "-c", code, address],
        cwd=ROOT,
        env={**os.environ, **own},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.parametrize("at", ["", "@main", "@v1"])
def test_a_study_is_downloaded_at_a_commit(
    at: str, server: Hub, folder: Path, tmp_path: Path
) -> None:
    commit = server.put("someone/study", folder)
    found = pull(server, tmp_path, f"someone/study{at}")
    assert found["commit"] == commit and not found["note"]
    got = Path(found["folder"])
    assert (got / "predictions.parquet").read_bytes() == (
        folder / "predictions.parquet"
    ).read_bytes()
    assert not (got / "models").exists()  # weights are not needed to look at a study


def test_the_hosts_login_is_never_used(server: Hub, folder: Path, tmp_path: Path) -> None:
    server.put("someone/study", folder)
    pull(server, tmp_path, "someone/study")
    assert server.asked and not any(login for *_, login in server.asked)


def test_without_the_hub_the_cached_study_is_taken(
    server: Hub, folder: Path, tmp_path: Path
) -> None:
    commit = server.put("someone/study", folder)
    first = pull(server, tmp_path, "someone/study")
    server.fail = 503
    again = pull(server, tmp_path, "someone/study")
    assert (again["folder"], again["commit"]) == (first["folder"], commit)
    assert "did not answer" in again["note"]
    assert "did not answer" in pull(server, tmp_path / "other", "someone/study")["error"]


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("someone/nothing", "no such public repository"),
        ("someone/study@v9", "has no revision v9"),
        ("someone/empty", "holds no study"),
    ],
)
def test_what_is_not_there_is_said(
    address: str, said: str, server: Hub, folder: Path, tmp_path: Path
) -> None:
    server.put("someone/study", folder)
    shutil.copytree(folder, tmp_path / "empty", ignore=shutil.ignore_patterns("*.parquet"))
    server.put("someone/empty", tmp_path / "empty")
    assert said in pull(server, tmp_path / "cache", address)["error"]


@pytest.mark.parametrize("address", ["", "study", "a/b/c", "../a/b", "a/b@../c", "http://x/a/b"])
def test_what_is_no_address_is_not_asked_for(address: str) -> None:
    with pytest.raises(StudyError, match="no address of a study"):
        hub.pull(address)


def test_a_study_that_is_too_large_is_refused() -> None:
    sizes = {"study.json": 1, "predictions.parquet": hub.MOST_BYTES}
    with pytest.raises(StudyError, match="MB, more than"):
        hub._tables(sizes, "hf:a/b@main")
    assert hub._tables({**sizes, "predictions.parquet": 5, "x/y.json": 1}, "w") == [
        "study.json",
        "predictions.parquet",
    ]
