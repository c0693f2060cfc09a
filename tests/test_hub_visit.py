"""A study from the Hub, with the real client against a server on the loopback."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hvc_core.hub import patience, visit
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
    """`visit.pull` in a fresh process, whose Hub is the server: folder, commit, note or error."""
    code = (
        "import json, sys\n"
        "from hvc_core.hub import visit\n"
        "from hvc_core.storage import StudyError\n"
        "try:\n"
        "    found = visit.pull(sys.argv[1])\n"
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


@pytest.mark.parametrize(
    "address", ["", "study", "a/b/c", "../a/b", "a/b@../c", "http://x/a/b", "a/b--c", "a/b.git"]
)
def test_what_is_no_address_is_not_asked_for(address: str) -> None:
    with pytest.raises(StudyError, match="no address of a study"):
        visit.pull(address)


def test_a_study_that_is_too_large_is_refused() -> None:
    sizes = dict.fromkeys(visit.NEEDED, 1)
    assert visit.tables({**sizes, "x/y.json": 1, "other.bin": 10**12}, "w") == list(visit.NEEDED)
    for name, size in (
        ("predictions.parquet", visit.MOST_BYTES),
        ("metrics.json", visit.MOST_JSON_BYTES + 1),
    ):
        with pytest.raises(StudyError, match="MB where"):
            visit.tables({**sizes, name: size}, "hf:a/b@main")


def test_a_small_file_that_holds_a_large_table_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "predictions.parquet"
    rows = visit.MOST_ROWS + 1
    pq.write_table(pa.table({"fold": np.zeros(rows, np.int8)}), file)
    assert file.stat().st_size < 100_000
    with pytest.raises(StudyError, match="too many. A study of any size opens on your own"):
        visit.check_tables([file])
    pq.write_table(pa.table({"clip": ["a", "b" * (visit.LONGEST_WORD + 1)]}), file)
    with pytest.raises(StudyError, match="a word of 201 characters"):
        visit.check_tables([file])
    file.write_bytes(b"no parquet")
    with pytest.raises(StudyError, match="cannot be read"):
        visit.check_tables([file])


def test_what_all_tables_hold_together_is_bounded(tmp_path: Path) -> None:
    """Rows of 75 equal values: 60 kB as a file, hundreds of MB in memory."""
    rows, width = visit.MOST_VALUES // 75 // 2 - 10, 75
    values = pa.array(np.zeros(rows * width, np.float32))
    one = pa.FixedSizeListArray.from_arrays(values, width).cast(pa.list_(pa.float32()))
    files = [tmp_path / "predictions.parquet", tmp_path / "validation.parquet"]
    for file in files:
        pq.write_table(pa.table({"probabilities": one}), file)
    assert files[0].stat().st_size < 500_000
    visit.check_tables(files)
    pq.write_table(pa.table({"fold": np.zeros(2000, np.int8)}), tmp_path / "unseen.parquet")
    with pytest.raises(StudyError, match=r"unseen.parquet.* too many"):
        visit.check_tables([*files, tmp_path / "unseen.parquet"])


def test_a_study_of_ours_is_small_enough() -> None:
    ours = ROOT / "studies" / "ucf50-15"
    sizes: dict[str, int | None] = {file.name: file.stat().st_size for file in ours.iterdir()}
    names = visit.tables(sizes, "ours")
    visit.check_tables(ours / name for name in names if name.endswith(".parquet"))


def test_a_slow_hub_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The visitor is told, who asks again waits for the same download, and then it is there."""
    commit, go_on, calls = "c" * 40, threading.Event(), []

    def slow(*_: object, **__: object) -> str:
        calls.append(1)
        go_on.wait()
        return str(tmp_path)

    monkeypatch.setattr(visit, "_cache", lambda: tmp_path)
    monkeypatch.setattr(visit, "INFO_S", 0.2)
    monkeypatch.setattr("huggingface_hub.snapshot_download", slow)
    for _ in range(2):
        with pytest.raises(TimeoutError) as late:
            visit._download("a/b", commit, ["study.json"])
    with pytest.raises(StudyError, match="is being fetched. Try again in a minute"):
        visit._kept("a/b", "main", "hf:a/b@main", late.value)
    waiting = visit._going["a/b", commit]
    go_on.set()
    assert waiting.done.wait(60)
    assert waiting.came == str(tmp_path)
    assert len(calls) == 1
    assert not visit._going


def test_only_so_many_are_fetched_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A download that was given up holds its place until it ends."""
    go_on = threading.Event()
    monkeypatch.setattr(visit, "_downloads", threading.BoundedSemaphore(visit.AT_ONCE))
    monkeypatch.setattr(visit, "_cache", lambda: tmp_path)
    monkeypatch.setattr(visit, "INFO_S", 0.1)
    monkeypatch.setattr("huggingface_hub.snapshot_download", lambda *_, **__: go_on.wait() and "x")
    for number in range(visit.AT_ONCE):
        with pytest.raises(TimeoutError):
            visit._download(f"a/{number}", "c" * 40, ["study.json"])
    with pytest.raises(StudyError, match="other studies are being fetched. Try again"):
        visit._download("a/last", "c" * 40, ["study.json"])
    waiting = list(visit._going.values())
    go_on.set()
    assert all(one.done.wait(60) for one in waiting)
    monkeypatch.setattr(visit, "INFO_S", 60)
    assert visit._download("a/last", "c" * 40, ["study.json"]) == Path("x")


def test_a_hub_that_falls_silent_is_given_up(
    server: Hub, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The list of a repository's files, which huggingface_hub itself waits for without end."""
    from huggingface_hub import get_session, set_client_factory
    from huggingface_hub.utils._http import default_client_factory

    server.put("someone/study", folder)
    server.wait = 30
    monkeypatch.setattr(patience, "SILENT_S", 0.3)
    patience.bound_reads.cache_clear()
    try:
        patience.bound_reads()
        begun = time.monotonic()
        with pytest.raises(Exception, match="timed out"):
            get_session().get(f"{server.url}/api/datasets/someone/study/tree/main")
        assert time.monotonic() - begun < 20
    finally:
        server.wait = 0
        set_client_factory(default_client_factory)
        patience.bound_reads.cache_clear()


def test_only_so_many_studies_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where no download ever ends well."""

    def fails(repo: str, **_: object) -> str:
        place = tmp_path / f"datasets--{repo.replace('/', '--')}" / "blobs"
        place.mkdir()
        (place / "part.incomplete").write_bytes(b"part")
        raise ConnectionError("cut")

    monkeypatch.setattr(visit, "_cache", lambda: tmp_path)
    monkeypatch.setattr("huggingface_hub.snapshot_download", fails)
    for number in range(visit.MOST_KEPT + 2):
        with pytest.raises(ConnectionError):
            visit._download(f"a/{number}", "c" * 40, ["study.json"])
        os.utime(tmp_path / f"datasets--a--{number}", (number, number))
    there = {path.name for path in tmp_path.iterdir()}
    assert there == {f"datasets--a--{n}" for n in range(2, visit.MOST_KEPT + 2)}
