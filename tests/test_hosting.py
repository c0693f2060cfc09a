"""The hosted demo: the Space's folder, its Dockerfile's steps, and the app as the host starts it.

No container engine is asked for: see tests.support.dockerfile. May import: the standard library,
pytest, huggingface_hub, training, tests.support; playwright where a browser is used.
"""

from __future__ import annotations

import contextlib
import http.server
import os
import re
import socket
import subprocess
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import SpaceCard

from hvc_core import study
from tests.support import dockerfile, videos
from tests.support.app import stop
from tests.support.hub_server import serve as serve_hub
from tests.support.studies import make_study
from training.__main__ import main

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def space(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Space of the study that ships, as `make space` writes it."""
    folder = tmp_path_factory.mktemp("hosting") / "space"
    assert main(["space", str(folder)]) == 0
    return folder


def test_the_folder_has_all_that_a_space_needs(space: Path) -> None:
    card = SpaceCard.load(space / "README.md")
    card.validate  # noqa: B018  # asks the Hub, so only that it is there
    assert (card.data.sdk, card.data.app_port, card.data.license) == ("docker", 7860, "mit")
    assert len(card.data.short_description) <= 60  # the Hub's limit
    assert study.read(space / "studies" / "ucf50-15").name == "ucf50-15"
    lfs = (space / ".gitattributes").read_text()
    for path in space.rglob("*"):
        large = path.is_file() and path.stat().st_size > 1_000_000
        assert not large or f"*{path.suffix} filter=lfs" in lfs, path
    assert not [*space.rglob("*.weights.h5"), *space.rglob("__pycache__"), *space.rglob("secrets*")]
    assert not [*space.rglob("training"), *space.rglob("tests")]


def test_another_study_is_the_one_that_is_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = make_study(tmp_path / "other", models=2, classes=3)
    folder = tmp_path / "space"
    assert main(["space", str(folder), "--study", str(other), "--title", 'A "fine" one']) == 0
    assert "HVC_SHIPPED=studies/other" in (folder / "Dockerfile").read_text()
    assert study.read(folder / "studies" / "other").name == study.read(other).name
    assert SpaceCard.load(folder / "README.md").data.title == "A 'fine' one"
    capsys.readouterr()
    assert main(["space", str(folder)]) == 2
    assert "is there already" in capsys.readouterr().err


def test_a_study_that_lies_beside_every_other_can_be_the_one_shown(tmp_path: Path) -> None:
    folder, named = tmp_path / "space", "studies/seed_lottery"
    assert main(["space", str(folder), "--study", named]) == 0
    assert f"HVC_SHIPPED={named}" in (folder / "Dockerfile").read_text()
    assert study.read(folder / named).name == "seed_lottery"


def test_a_name_that_a_dockerfile_cannot_hold_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = make_study(tmp_path / "two words", models=2, classes=3)
    assert main(["space", str(tmp_path / "space"), "--study", str(other)]) == 2
    assert "Give the folder one of letters" in capsys.readouterr().err
    assert not (tmp_path / "space").exists()


@pytest.mark.parametrize("named", ["nowhere", "hf:no address", "hf:nobody/nothing@v1"])
def test_a_study_that_is_not_to_be_had_leaves_nothing_behind(
    named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with serve_hub() as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        assert main(["space", str(tmp_path / "space"), "--study", named]) == 2
    assert named.partition(":")[2].split("@")[0] in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_the_image_says_what_a_space_asks_for() -> None:
    text = (ROOT / "Dockerfile").read_text()
    names = [name for name, _ in dockerfile.steps(text)]
    assert names.index("USER") > max(i for i, name in enumerate(names) if name in ("COPY", "RUN"))
    assert "chown" not in text, "code that the app may change"
    workdir = dict(dockerfile.steps(text))["WORKDIR"]
    assert not workdir.startswith("/home"), "a folder that the app may rename"
    config = (ROOT / ".streamlit" / "config.toml").read_text()
    assert "xsrf" not in config.lower(), "only the hosted app is shown in another site's frame"


@contextlib.contextmanager
def started(image: dockerfile.Image, log: Path) -> Iterator[str]:
    """The app as its host starts it, on a free port; its address."""
    assert image.port == 7860 and any(word.endswith("port=7860") for word in image.cmd)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    home = image.root / "home" / image.user
    env = {**image.path(), "HOME": str(home)}
    own: dict[str, Any] = {}
    if os.geteuid() == 0:
        os.chown(home, image.uid, image.uid)
        own = {"user": image.uid, "group": image.uid, "extra_groups": []}

    def here(command: list[str]) -> list[str]:
        return [word.replace("7860", str(port)) for word in command]

    with log.open("w") as out:
        process = subprocess.Popen(
            here(image.cmd), cwd=image.here, env=env, stdout=out, stderr=out, **own
        )
        try:
            for _ in range(600):
                if not subprocess.run(here(image.health), env=env, capture_output=True).returncode:
                    break
                assert process.poll() is None, log.read_text()
                time.sleep(0.3)
            else:
                pytest.fail(f"the health check never passed:\n{log.read_text()}")
            yield f"http://127.0.0.1:{port}"
        finally:
            stop(process)


@contextlib.contextmanager
def framed(url: str) -> Iterator[str]:
    """A page of another site that shows the app in a frame, as huggingface.co does."""
    page = f'<!doctype html><iframe src="{url}/try_a_clip" width=1200 height=2000></iframe>'

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(page.encode())

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://localhost:{server.server_address[1]}"  # another site than 127.0.0.1
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.long
@pytest.mark.browser
@pytest.mark.skipif(os.name != "posix", reason="the image is a Linux one")
def test_the_image_starts_as_user_1000_and_answers_an_upload_in_a_frame(
    space: Path, tmp_path: Path, context: Any
) -> None:
    if dockerfile.python_for_all(1000) is None:
        pytest.skip("no Python here that user 1000 may run")
    clip = videos.write(tmp_path / "clip.mp4", 40)
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="hvc-image-") as folder:
        root = Path(folder)
        root.chmod(0o755)
        image = dockerfile.build(space, root)
        assert (image.uid, image.user) == (1000, "app")
        # -- nothing of the code or the study can be changed by whom the app runs as
        for path in image.here.rglob("*"):
            mode = path.stat()
            if os.geteuid() == 0:
                assert mode.st_uid == 0 and not mode.st_mode & 0o022, path
            else:
                path.chmod(mode.st_mode & ~0o222)
        before = sorted(image.here.rglob("*"))
        with started(image, tmp_path / "app.log") as url:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=10) as answer:
                assert answer.status == 200
            page = context.new_page()  # it blocks other sites' cookies, as Safari does
            page.set_default_timeout(120_000)
            with framed(url) as outside:
                page.goto(outside)
                app = page.frame_locator("iframe")
                app.get_by_role("heading", name="Try a clip").wait_for()
                app.locator("input[type=file]").set_input_files(str(clip))
                for title in ("ConvLSTM: top 5", "LRCN: top 5"):
                    app.get_by_text(title, exact=True).wait_for()
            page.close()
        log = (tmp_path / "app.log").read_text()
        assert not re.search("Traceback|Error", log), log
        assert sorted(image.here.rglob("*")) == before
