"""A published study comes back: pulled by hand, and stood by the app, whatever the Hub does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from hvc_core import study
from hvc_core.hub import address, fetch, repos, standing
from hvc_core.storage import StudyError
from tests.support.app import open_page
from tests.support.exported import hold, make_exported
from tests.support.hub_server import TOKEN, Hub, serve

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_exported(tmp_path_factory.mktemp("fetch") / "small")


@pytest.fixture
def server(made: Path) -> Iterator[Hub]:
    """A Hub that holds the study as publishing leaves it."""
    with serve() as running:
        hold(running, repos.plan(study.read(made), "tester"))
        yield running


def python(server: Hub, home: Path, *words: str, **own: str) -> subprocess.CompletedProcess[str]:
    """A fresh process whose Hub is the server."""
    env = {**os.environ, "HF_ENDPOINT": server.url, "HF_HOME": str(home), "HF_TOKEN": TOKEN, **own}
    return subprocess.run(
        [sys.executable, *words], cwd=ROOT, env=env, capture_output=True, text=True, timeout=300
    )


def pull(server: Hub, home: Path, named: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return python(server, home, "-m", "training", "pull", named, str(folder))


@pytest.mark.parametrize("at", ["", "@main", "@TAG", "@COMMIT"])
@pytest.mark.parametrize("xet", ["0", "1"])
def test_a_study_comes_back_as_it_went(
    at: str, xet: str, server: Hub, made: Path, tmp_path: Path
) -> None:
    plan = repos.plan(study.read(made), "tester")
    head = server.repos["datasets", plan.study.id].head
    named = plan.study.id + at.replace("TAG", plan.tag).replace("COMMIT", head)
    words = ("-m", "training", "pull", named, str(tmp_path / "back"))
    done = python(server, tmp_path / "hf", *words, HF_HUB_DISABLE_XET=xet)
    assert done.returncode == 0, done.stderr
    assert head in done.stdout and TOKEN not in done.stdout + done.stderr
    back = study.read(tmp_path / "back")
    assert fetch.came_from(back.folder) == address.Address(plan.study.id, head)
    assert fetch.came_from(made) is None
    for file in made.rglob("*"):
        name = file.relative_to(made)
        if file.is_file() and file.name != "README.md":
            assert (back.folder / name).read_bytes() == file.read_bytes(), name
    assert not list(back.folder.rglob(".cache"))
    assert not list(back.folder.parent.glob(".*.lock"))
    again = pull(server, tmp_path / "hf", named, tmp_path / "back")
    assert again.returncode == 2 and "is there already" in again.stderr


def test_a_space_is_made_of_a_study_at_its_commit(server: Hub, made: Path, tmp_path: Path) -> None:
    plan = repos.plan(study.read(made), "tester")
    head = server.repos["datasets", plan.study.id].head
    folder, named = tmp_path / "space", f"hf:{plan.study.id}@{plan.tag}"
    words = ("-m", "training", "space", str(folder), "--study", named)
    done = python(server, tmp_path / "hf", *words)
    assert done.returncode == 0, done.stderr
    assert head in done.stdout and TOKEN not in done.stdout + done.stderr
    baked = folder / "studies" / plan.study.id.split("/")[1]
    assert f"HVC_SHIPPED=studies/{baked.name}" in (folder / "Dockerfile").read_text()
    assert f"{named} at commit `{head}`" in (folder / "README.md").read_text()
    assert study.read(baked).name == study.read(made).name
    assert not list((folder / "studies").glob(".*"))
    assert fetch.came_from(baked) == address.Address(plan.study.id, head)
    assert not any(
        TOKEN.encode() in file.read_bytes() for file in folder.rglob("*") if file.is_file()
    )


def test_wrong_bytes_are_not_taken_and_the_same_command_goes_on(
    server: Hub, made: Path, tmp_path: Path
) -> None:
    name = repos.plan(study.read(made), "tester").study.id
    for damaged in ("predictions.parquet", "model.onnx", "study.json", "manifest.json"):

        def spoil(path: str, content: bytes, damaged: str = damaged) -> bytes:
            return content[:-1] + b"?" if path == damaged else content

        server.spoil = spoil
        back = tmp_path / damaged
        failed = pull(server, tmp_path / "hf", name, back)
        said = (
            "was not published by"
            if damaged == repos.MANIFEST
            else "is not what the study's manifest says"
        )
        assert failed.returncode == 2 and said in failed.stderr
        assert damaged in failed.stderr and "Traceback" not in failed.stderr
        assert not back.exists()
        server.spoil = lambda path, content: content
        assert pull(server, tmp_path / "hf", name, back).returncode == 0
        assert study.read(back).name == study.read(made).name


def test_sizes_are_looked_at_before_anything_is_downloaded(
    server: Hub, made: Path, tmp_path: Path
) -> None:
    plan = repos.plan(study.read(made), "tester")
    files = dict(server.files("datasets", plan.study.id))
    files["history.parquet"] = b"x" * 3_000_000  # changed on the Hub, the manifest not
    server.hold("datasets", plan.study.id, files, "larger")
    failed = pull(server, tmp_path / "hf", plan.study.id, tmp_path / "back")
    assert failed.returncode == 2 and "history.parquet" in failed.stderr
    assert not any("resolve" in path and "history" in path for _, path, _ in server.asked)


def test_two_states_are_not_mixed_and_what_is_no_study_does_not_appear(
    server: Hub, made: Path, tmp_path: Path
) -> None:
    name = repos.plan(study.read(made), "tester").study.id
    server.faults = lambda method, path: 500 if path.endswith("history.parquet") else 0
    assert pull(server, tmp_path / "hf", name, tmp_path / "back").returncode == 2
    server.faults = lambda method, path: 0
    files = dict(server.files("datasets", name))
    manifest = json.loads(files[repos.MANIFEST])
    broken = files["metrics.json"] = b"{}"
    manifest["files"]["metrics.json"] = repos.facts(broken)
    files[repos.MANIFEST] = json.dumps(manifest).encode()
    server.hold("datasets", name, files, "v2")
    failed = pull(server, tmp_path / "hf", name, tmp_path / "back")
    assert failed.returncode == 2 and not (tmp_path / "back").exists()
    assert "Traceback" not in failed.stderr


@pytest.mark.parametrize("status", [500, 429, -1])
def test_a_failing_hub_leaves_nothing_half(
    server: Hub, made: Path, tmp_path: Path, status: int
) -> None:
    name = repos.plan(study.read(made), "tester").study.id
    server.faults = lambda method, path: status if path.endswith("history.parquet") else 0
    failed = pull(server, tmp_path / "hf", name, tmp_path / "back")
    assert failed.returncode == 2 and "the same command goes on" in failed.stderr
    assert not (tmp_path / "back").exists() and "Traceback" not in failed.stderr
    server.faults = lambda method, path: 0
    assert pull(server, tmp_path / "hf", name, tmp_path / "back").returncode == 0


def test_what_is_not_there_is_said(server: Hub, made: Path, tmp_path: Path) -> None:
    name = repos.plan(study.read(made), "tester").study.id
    for named, words in (
        ("tester/none", "is not on the Hub, or not for this login"),
        (f"{name}@none", "has no revision none"),
        ("no address", "is no address of a study"),
    ):
        failed = pull(server, tmp_path / "hf", named, tmp_path / "back")
        assert failed.returncode == 2 and words in failed.stderr, failed.stderr
    server.put("tester/other", made)  # not published: no manifest
    failed = pull(server, tmp_path / "hf", "tester/other", tmp_path / "back")
    assert failed.returncode == 2 and "was not published by" in failed.stderr


def test_a_manifest_cannot_name_a_place_outside(tmp_path: Path) -> None:
    one = {"bytes": 1, "sha256": "0" * 64}
    good: dict[str, Any] = {
        "tag": "study-1",
        "files": dict.fromkeys(repos.NEEDED, one),
        "models": {"lrcn": {"repo": "a/b", "files": {"model.onnx": one}}},
    }
    file = tmp_path / repos.MANIFEST

    def read(**changed: Any) -> dict[str, Any]:
        file.write_text(json.dumps({**good, **changed}))
        return fetch._manifest(file, "here")

    assert read() == good
    changes: list[dict[str, Any]] = [
        {"tag": "../x"},
        {"models": {"../x": {"repo": "a/b", "files": {}}}},
        {"models": {"x": {"repo": "../b", "files": {}}}},
        {"models": {"x": {"repo": "a/b"}}},
        {"files": {"study.json": one}},
        {"files": []},
        {"files": {**good["files"], "findings.json": {**one, "bytes": -1}}},
        {"files": {**good["files"], "findings.json": {**one, "bytes": 1.5}}},
        {"files": {**good["files"], "findings.json": {**one, "sha256": "x"}}},
        {"models": None},
    ]
    for wrong in changes:
        with pytest.raises(StudyError, match="was not published by"):
            read(**wrong)
    with pytest.raises(StudyError, match="too much"):
        read(files={**good["files"], "findings.json": {**one, "bytes": 10**10}})
    for path in ("../x", "examples/../../x.mp4", "examples/A/x.py", "/etc/passwd", "code.py"):
        assert not fetch._wanted(path)
    assert fetch._wanted("examples/Punch/v_Punch_g01_c01.mp4")


# -- what the app stands by ------------------------------------------------------------------------

STAND = """
import json, sys, time
from hvc_core.hub import address, standing
begun = time.monotonic()
found = standing.stand(address.parse(sys.argv[1]))
took = time.monotonic() - begun
print(json.dumps([str(found.folder or ""), found.commit, found.note, took]))
"""


def refuse(status: int, method: str, path: str) -> int:
    return status


def slowly(named: address.Address) -> str:
    time.sleep(1.5)
    return "c" * 40


def stand(server: Hub, home: Path, named: str) -> tuple[str, str | None, str, float]:
    done = python(server, home, "-c", STAND, named)
    assert done.returncode == 0, done.stderr
    folder, commit, note, took = json.loads(done.stdout.splitlines()[-1])
    return folder, commit, note, took


def test_the_app_gets_the_study_then_the_older_state_and_never_waits_long(
    server: Hub, made: Path, tmp_path: Path
) -> None:
    name = repos.plan(study.read(made), "tester").study.id
    head = server.repos["datasets", name].head
    nothing = tmp_path / "empty"
    folder, commit, note, _ = stand(server, tmp_path, f"hf:{name}")
    assert (commit, note) == (head, "") and study.read(Path(folder)).name == "synthetic"
    for status in (500, 429, 401, -1):
        server.fail = max(status, 0)
        server.faults = partial(refuse, status)
        again, commit, note, took = stand(server, tmp_path, f"hf:{name}")
        assert (again, commit) == (folder, head) and took < 10
        assert note.startswith(f"hf:{name}@main") and f"its state at {head[:12]}" in note
        empty, commit, note, took = stand(server, nothing, f"hf:{name}")
        assert (empty, commit) == ("", None) and took < 10
        assert note.endswith("the study that came with the app is shown.")
        assert TOKEN not in note
    # At a commit that is there already nobody is asked.
    asked = len(server.asked)
    assert stand(server, tmp_path, f"hf:{name}@{head}")[1:3] == (head, "")
    assert len(server.asked) == asked


def test_a_slow_hub_is_waited_for_once(
    monkeypatch: pytest.MonkeyPatch, made: Path, tmp_path: Path
) -> None:
    monkeypatch.setattr(standing, "PATIENCE_S", 0.2)
    monkeypatch.setattr(standing, "_home", lambda named: tmp_path)
    monkeypatch.setattr(fetch, "commit_of", slowly)
    monkeypatch.setattr(fetch, "fetch", lambda named, commit, folder: folder.mkdir(parents=True))
    standing.forget()
    named = address.parse("a/b")
    begun = time.monotonic()
    first = standing.stand(named)
    assert first.folder is None and "is still being fetched" in first.note
    standing.stand(named)
    assert time.monotonic() - begun < 1.2
    deadline = time.monotonic() + 20
    while standing.stand(named).note and time.monotonic() < deadline:
        time.sleep(0.05)
    assert standing.stand(named) == standing.Standing(tmp_path / ("c" * 40), "c" * 40)
    standing.forget()


def test_a_damaged_state_is_not_shown_and_is_fetched_anew(
    server: Hub, made: Path, tmp_path: Path
) -> None:
    name = repos.plan(study.read(made), "tester").study.id
    folder, commit, note, _ = stand(server, tmp_path, f"hf:{name}")
    assert commit == server.repos["datasets", name].head and not note
    table = Path(folder) / "predictions.parquet"
    whole = table.read_bytes()
    table.write_bytes(whole[: len(whole) // 2])
    server.fail = 500
    assert stand(server, tmp_path, f"hf:{name}")[0] == ""
    for named in (f"hf:{name}", f"hf:{name}@{commit}"):
        table.write_bytes(whole[: len(whole) // 2])
        server.fail = 0
        assert stand(server, tmp_path, named)[:3] == (folder, commit, "")
        assert table.read_bytes() == whole


def test_what_a_stopped_fetch_left_goes_after_a_day(tmp_path: Path) -> None:
    named = address.parse("a/b")
    old, young = (tmp_path / f".{c * 40}.{c * 12}.part" for c in "ab")
    for part in (old, young):
        part.mkdir()
        part.with_suffix(".lock").touch()
    for path in (old, old.with_suffix(".lock")):
        os.utime(path, (1, 1))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(standing, "_home", lambda named: tmp_path)
        standing._prune(named, set())
    assert set(tmp_path.iterdir()) == {young, young.with_suffix(".lock")}


@pytest.mark.usefixtures("_fresh_caches")
def test_the_pages_say_in_one_line_what_they_show_instead(
    monkeypatch: pytest.MonkeyPatch, made: Path
) -> None:
    monkeypatch.setenv("HVC_STUDY", "hf:a/b@v1")
    head = "c" * 40
    for folder, words in ((made, "its state at cccc"), (None, "the study that came with the app")):
        stood = standing.Standing(folder, head, f"hf:a/b@v1 is late; {words} is shown.")
        monkeypatch.setattr(standing, "stand", lambda named, stood=stood: stood)
        for page in ("overview", "about"):
            app = open_page(page)
            assert not app.exception and words in app.caption[0].value
    monkeypatch.setenv("HVC_STUDY", "hf:no address")
    app = open_page()
    assert not app.exception and "is no address of a study" in app.caption[0].value
