"""A published study comes back by way of olah, a Hub server that others wrote.

What is here in tests.support answers as its author read the protocol; olah reads it for itself,
asks that server, and serves our client. May import: the standard library, pytest, hvc_core,
tests.support.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hvc_core import study
from hvc_core.hub import address, fetch, repos
from tests.support.exported import hold, make_exported
from tests.support.hub_server import TOKEN, serve

ROOT = Path(__file__).resolve().parents[1]
OLAH = "olah==0.5.4"  # in an environment of its own: it brings a web framework of its own

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def olah(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program, from PyPI."""
    folder = tmp_path_factory.mktemp("olah") / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    pip = [str(folder / "bin" / "pip"), "install", "--quiet", OLAH]
    subprocess.run(pip, check=True, capture_output=True)
    return folder / "bin" / "olah-cli"


@contextmanager
def mirror(olah: Path, of: str, folder: Path) -> Iterator[str]:
    """Starts it before a Hub; its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    inside, outside = of.partition("://")[2], f"127.0.0.1:{port}"
    words = [str(olah), "--host", "127.0.0.1", "--port", str(port)]
    for side, netloc in (("hf", inside), ("mirror", outside)):
        words += [f"--{side}-scheme", "http", f"--{side}-netloc", netloc]
        words += [f"--{side}-lfs-netloc", netloc]
    words += ["--repos-path", str(folder / "repos"), "--log-path", str(folder / "logs")]
    folder.mkdir()
    with (folder / "olah.log").open("w") as log:
        process = subprocess.Popen(words, cwd=folder, stdout=log, stderr=log)
        try:
            for _ in range(300):
                assert process.poll() is None, (folder / "olah.log").read_text()
                with socket.socket() as line:
                    if line.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.2)
            yield f"http://{outside}"
        finally:
            process.terminate()
            process.wait(20)


@pytest.mark.parametrize("xet", ["0", "1"])
def test_a_study_comes_back_through_another_server(xet: str, olah: Path, tmp_path: Path) -> None:
    made = make_exported(tmp_path / "small")
    plan = repos.plan(study.read(made), "tester")
    named = f"{plan.study.id}@{plan.tag}"
    with serve() as hub:
        hold(hub, plan)
        with mirror(olah, hub.url, tmp_path / "olah") as url:
            own = {"HF_HOME": str(tmp_path / "hf"), "HF_TOKEN": TOKEN, "HF_HUB_DISABLE_XET": xet}
            done = subprocess.run(
                [sys.executable, "-m", "training", "pull", named, str(tmp_path / "back")],
                cwd=ROOT,
                env={**os.environ, **own, "HF_ENDPOINT": url},
                capture_output=True,
                text=True,
                timeout=300,
            )
        head = hub.repos["datasets", plan.study.id].head
    assert done.returncode == 0, done.stderr
    assert fetch.came_from(tmp_path / "back") == address.Address(plan.study.id, head)
    for file in made.rglob("*"):
        name = file.relative_to(made)
        if file.is_file() and file.name != "README.md":
            assert (tmp_path / "back" / name).read_bytes() == file.read_bytes(), name
