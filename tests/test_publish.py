"""`python -m training publish`, with the real client, against a Hub on the loopback."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import DatasetCard, ModelCard

from hvc_core import study
from hvc_core.hub import repos
from tests.support import videos
from tests.support.exported import make_exported
from tests.support.hub_server import TOKEN, Hub, serve

ROOT = Path(__file__).resolve().parents[1]
SHIPPED = ROOT / "studies" / "ucf50-15"


@pytest.fixture
def server() -> Iterator[Hub]:
    with serve() as running:
        yield running


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_exported(tmp_path_factory.mktemp("publish") / "small")


def publish(
    server: Hub, home: Path, folder: Path, *words: str, token: str | None = TOKEN, **own: str
) -> subprocess.CompletedProcess[str]:
    for place in (folder, home / "data"):  # what its Xet sends is not looked into
        for file in place.rglob("*"):
            if file.is_file():
                server.local[hashlib.sha256(file.read_bytes()).hexdigest()] = file.read_bytes()
    env = {**os.environ, "HF_ENDPOINT": server.url, "HF_HOME": str(home), **own}
    env.pop("HF_TOKEN", None)
    if token:
        env["HF_TOKEN"] = token
    return subprocess.run(
        [sys.executable, "-m", "training", "publish", str(folder), "--namespace", "tester", *words],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        timeout=300,
    )


@pytest.mark.parametrize("xet", [{}, {"HF_HUB_DISABLE_XET": "1"}])
def test_a_study_and_its_models_are_published_and_twice_changes_nothing(
    server: Hub, folder: Path, tmp_path: Path, xet: dict[str, str]
) -> None:
    done = publish(server, tmp_path, folder, **xet)
    assert done.returncode == 0, done.stderr
    of = study.read(folder)
    plan = repos.plan(of, "tester")
    assert len(plan.models) == 2 and len(server.repos) == 3
    for repo in plan.repos:
        held = server.repos[f"{repo.kind}s", repo.id]
        assert len(held.commits) == 2  # the Hub's own, and ours: one atomic commit
        assert held.tags == {plan.tag: held.head}
        there = server.files(f"{repo.kind}s", repo.id, plan.tag)
        assert set(there) == {*repo.files, ".gitattributes"}
        for path, content in repo.files.items():
            assert there[path] == (content if isinstance(content, bytes) else content.read_bytes())
        assert not held.private
    (collection,) = server.collections.values()
    assert {item["id"] for item in collection["items"]} == {repo.id for repo in plan.repos}
    assert collection["items"][0]["id"] == plan.study.id

    asked = len(server.asked)
    again = publish(server, tmp_path, folder, **xet)
    assert again.returncode == 0 and again.stdout.count("unchanged") == 3
    assert all(len(held.commits) == 2 for held in server.repos.values())
    assert not any("/commit/" in path for _, path, _ in server.asked[asked:])
    assert len(collection["items"]) == 3
    for said in (done, again):
        assert TOKEN not in said.stdout + said.stderr


def test_the_manifest_says_what_every_file_is(folder: Path) -> None:
    of = study.read(folder)
    plan = repos.plan(of, "tester")
    content = plan.study.files[repos.MANIFEST]
    assert isinstance(content, bytes)
    manifest = json.loads(content)
    assert manifest["tag"] == plan.tag and plan.tag.startswith("study-")
    assert set(manifest["files"]) == set(plan.study.files) - {"README.md", repos.MANIFEST}
    for repo in plan.models:
        said = manifest["models"][repo.what]
        assert said["repo"] == repo.id
        assert set(said["files"]) == set(repo.files) - {"README.md"}
        weights = (folder / "models" / repo.what / "model.onnx").stat().st_size
        assert said["files"]["model.onnx"]["bytes"] == weights
    assert repos.plan(of, "tester").tag == plan.tag != repos.plan(of, "other").tag


def test_a_failure_in_the_middle_leaves_the_old_revision_and_is_repeated(
    server: Hub, folder: Path, tmp_path: Path
) -> None:
    assert publish(server, tmp_path, folder).returncode == 0
    before = {key: (held.head, dict(held.tags)) for key, held in server.repos.items()}
    changed = tmp_path / "small"
    shutil.copytree(folder, changed)
    for file in changed.glob("models/*/parity.json"):
        file.write_text('{"clips": 1, "largest_difference": 0.0, "tolerance": 0.0001}')
    names = [repo.id for repo in repos.plan(study.read(changed), "tester").models]

    def refuse(method: str, path: str) -> int:
        return 403 if path.endswith(f"{names[1]}/commit/main") else 0

    server.faults = refuse
    failed = publish(server, tmp_path, changed)
    assert failed.returncode == 2
    assert "your token may not write there" in failed.stderr and names[1] in failed.stderr
    assert "unchanged" in failed.stderr and "Traceback" not in failed.stderr
    for key, (head, tags) in before.items():
        held = server.repos[key]
        assert tags.items() <= held.tags.items() and held.at(head) is not None
        if key[1] != names[0]:
            assert held.head == head
    server.faults = lambda method, path: 0
    done = publish(server, tmp_path, changed)
    assert done.returncode == 0
    assert f"{names[0]}: unchanged" in done.stdout and f"{names[1]}: published" in done.stdout
    tag = repos.plan(study.read(changed), "tester").tag
    assert all(tag in held.tags for held in server.repos.values())


@pytest.mark.parametrize("status", [500, 429, -1])
def test_a_hub_that_is_busy_for_a_moment_is_asked_again(
    server: Hub, folder: Path, tmp_path: Path, status: int
) -> None:
    left = [2]

    def busy(method: str, path: str) -> int:
        if "/commit/" in path and left[0]:
            left[0] -= 1
            return status
        return 0

    server.faults = busy
    done = publish(server, tmp_path, folder)
    assert done.returncode == 0, done.stderr
    assert all(len(held.commits) == 2 for held in server.repos.values())


def test_what_a_person_can_do_is_said(server: Hub, folder: Path, tmp_path: Path) -> None:
    nobody = publish(server, tmp_path, folder, token=None)
    assert nobody.returncode == 2 and "hf auth login" in nobody.stderr
    wrong = publish(server, tmp_path, folder, token="hf_somebody_elses")
    assert wrong.returncode == 2 and "hf auth login" in wrong.stderr
    assert "hf_somebody_elses" not in wrong.stderr + wrong.stdout
    server.user = "another"
    other = publish(server, tmp_path, folder)
    assert other.returncode == 2 and "none of your names on the Hub (another, club)" in other.stderr
    assert not server.repos
    bad = tmp_path / "bad"
    shutil.copytree(folder, bad)
    metrics = json.loads((bad / "metrics.json").read_text())
    metrics["cells"][0]["accuracy"] = 0.123
    (bad / "metrics.json").write_text(json.dumps(metrics))
    refused = publish(server, tmp_path, bad)
    assert refused.returncode == 2 and "is not what the predictions give" in refused.stderr
    for said in (nobody, wrong, other, refused):
        assert "Traceback" not in said.stderr


def test_private_and_examples(server: Hub, folder: Path, tmp_path: Path) -> None:
    classes = study.read(folder).classes
    for name in classes:
        (tmp_path / "data" / name).mkdir(parents=True)
        for number in (1, 2):
            videos.write(tmp_path / "data" / name / f"v_{name}_g01_c0{number}.mp4", frames=4)
    words = ("--private", "--examples", str(tmp_path / "data"))
    done = publish(server, tmp_path, folder, *words)
    assert done.returncode == 0, done.stderr
    assert all(held.private for held in server.repos.values())
    (name,) = (name for kind, name in server.repos if kind == "datasets")
    examples = [path for path in server.files("datasets", name) if path.startswith("examples/")]
    assert examples == [f"examples/{name}/v_{name}_g01_c01.mp4" for name in sorted(classes)]
    few = publish(server, tmp_path, folder, *words, "--per-class", "3")
    assert few.returncode == 2 and "holds 2 clips where 3 are asked for" in few.stderr


def test_what_is_not_ours_is_left_alone(server: Hub, folder: Path, tmp_path: Path) -> None:
    plan = repos.plan(study.read(folder), "tester")
    server.hold("models", plan.models[0].id, {"thesis.pdf": b"mine"}, "mine")
    refused = publish(server, tmp_path, folder)
    assert refused.returncode == 2 and "holds something else" in refused.stderr
    assert server.files("models", plan.models[0].id)["thesis.pdf"] == b"mine"
    del server.repos["models", plan.models[0].id]
    assert publish(server, tmp_path, folder).returncode == 0
    public = publish(server, tmp_path, folder, "--private")
    assert public.returncode == 2 and "is there and public" in public.stderr
    none = publish(server, tmp_path, folder, "--examples", str(tmp_path), "--per-class", "-1")
    assert none.returncode == 2 and "Traceback" not in none.stderr


def test_a_dry_run_prints_files_sizes_and_cards_and_asks_nobody(
    server: Hub, folder: Path, tmp_path: Path
) -> None:
    done = publish(server, tmp_path, folder, "--dry-run", token=None)
    assert done.returncode == 0 and not server.asked
    for repo in repos.plan(study.read(folder), "tester").repos:
        assert f"{repo.kind} {repo.id}: {len(repo.files)} files" in done.stdout
        card = repo.files["README.md"]
        assert isinstance(card, bytes) and card.decode() in done.stdout


def test_the_cards_of_the_shipped_study_are_valid_and_tell_every_protocol() -> None:
    of = study.read(SHIPPED)
    plan = repos.plan(of, "someone")
    assert [repo.what for repo in plan.models] == [
        name for name in of.models if repos.has_weights(of, name)
    ]
    for repo in plan.repos:
        text = repo.files["README.md"]
        assert isinstance(text, bytes)
        if repo.kind == "dataset":
            card: Any = DatasetCard(text.decode())
            assert card.data.license == "mit" and card.data.pretty_name == of.title
            files = {one["data_files"] for one in card.data.to_dict()["configs"]}
            assert files <= set(repo.files) and "predictions.parquet" in files
            continue
        data: Any = ModelCard(text.decode()).data
        assert (data.library_name, data.pipeline_tag) == ("keras", "video-classification")
        assert data.datasets == [plan.study.id] and data.eval_results
        told = {
            (one.dataset_config, one.metric_type): one.metric_value for one in data.eval_results
        }
        for protocol in of.protocols:
            cells = [
                cell
                for cell in of.metrics["cells"]
                if (cell["model"], cell["protocol"]) == (repo.what, protocol)
            ]
            if cells:
                mean = sum(cell["accuracy"] for cell in cells) / len(cells)
                assert told[protocol, "accuracy"] == pytest.approx(mean, abs=1e-4)
            else:
                assert (protocol, "accuracy") not in told
        for words in ("## Intended use", "## Confusion", "## Each class", plan.tag, "UCF50 is"):
            assert words in text.decode()


def test_names_that_the_hub_cannot_have(folder: Path) -> None:
    of = study.read(folder)
    for namespace in ("a b", "a/b", "", "../x"):
        with pytest.raises(study.StudyError, match="cannot be used on the Hub"):
            repos.plan(of, namespace)
    with pytest.raises(study.StudyError, match="field 'name'"):
        repos.plan(of, "a--b")  # the client's own rule
    (folder / "models" / "lrcn" / "config.json").rename(folder / "config.json.aside")
    try:
        with pytest.raises(study.StudyError, match=r"lacks config\.json"):
            repos.plan(of, "tester")
    finally:
        (folder / "config.json.aside").rename(folder / "models" / "lrcn" / "config.json")
