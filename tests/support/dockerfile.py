"""Goes through a Dockerfile's steps without a container engine, and starts what it starts.

What stands for the container: a folder in /tmp as its root, a virtual environment as its Python,
and user 1000 where the test runs as root. May import: the standard library.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path


@dataclass
class Image:
    """What the steps left behind.

    Attributes:
        root: Path. Stands for `/`.
        python: Path. The virtual environment that stands for the image's Python.
        workdir: str. In the image.
        env: dict. What ENV set.
        user: str. What USER said; root without it.
        uid: int. Of the user that was made.
        port: int. What EXPOSE said.
        health: list of str. The health check's command.
        cmd: list of str. What starts.
    """

    root: Path
    python: Path
    workdir: str = "/"
    env: dict[str, str] = field(default_factory=dict)
    user: str = "root"
    uid: int = 0
    port: int = 0
    health: list[str] = field(default_factory=list)
    cmd: list[str] = field(default_factory=list)

    @property
    def here(self) -> Path:
        """The working directory, outside the image."""
        return self.root / self.workdir.strip("/")

    def path(self) -> dict[str, str]:
        """The environment of a step or of the app, and nothing of this process's."""
        proxies = {k: v for k, v in os.environ.items() if re.search("PROXY|PIP_|CERT", k.upper())}
        return {"PATH": f"{self.python}/bin:/usr/bin:/bin", **proxies, **self.env}


def steps(text: str) -> list[tuple[str, str]]:
    """The instructions of a Dockerfile: (`RUN`, `pip install …`)."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [
        (line.split(None, 1)[0].upper(), line.split(None, 1)[1].strip())
        for line in joined.splitlines()
        if line.strip()
    ]


def build(context: Path, root: Path) -> Image:
    """Goes through the steps of `context`'s Dockerfile.

    Raises:
        ValueError: an instruction that this does not know.
        subprocess.CalledProcessError: a step failed.
    """
    image = Image(root / "image", root / "python")
    image.root.mkdir()
    ignored = (context / ".dockerignore").read_text().splitlines()
    for name, what in steps((context / "Dockerfile").read_text()):
        match name:
            case "FROM":
                assert re.fullmatch(r"python:3\.1[1-3]-slim", what), what
                _venv(image.python)
            case "WORKDIR":
                image.workdir = what
                image.here.mkdir(parents=True)
            case "COPY":
                source, target = what.split()
                _copy(context / source, image.here / target, ignored, context)
            case "RUN" if what.startswith("useradd"):
                image.uid = int(re.search(r"--uid (\d+)", what)[1])  # type: ignore[index]
                if "--create-home" in what:
                    (image.root / "home" / what.split()[-1]).mkdir(parents=True)
            case "RUN":
                env = {**image.path(), "HOME": str(root)}
                subprocess.run(what, shell=True, check=True, cwd=image.here, env=env)
            case "ENV":
                image.env |= dict(one.split("=", 1) for one in shlex.split(what))
            case "USER":
                image.user = what
            case "EXPOSE":
                image.port = int(what)
            case "HEALTHCHECK":
                image.health = json.loads(what[what.index("CMD") + 4 :])
            case "CMD":
                image.cmd = json.loads(what)
            case _:
                raise ValueError(f"{name} is not known here")
    return image


def python_for_all(uid: int) -> str | None:
    """A Python that another user may run too; None where there is none."""
    for name in (
        sys.executable,
        "/usr/bin/python3.13",
        "/usr/bin/python3.12",
        "/usr/bin/python3.11",
    ):
        found = shutil.which(name)
        if found is None:
            continue
        real = os.path.realpath(found)
        ask = [real, "-c", "import ensurepip"]
        user = {"user": uid, "group": uid} if os.geteuid() == 0 else {}
        try:
            done = subprocess.run(ask, capture_output=True, **user)  # type: ignore[call-overload]
        except OSError:
            continue
        if done.returncode == 0:
            return real
    return None


def _venv(folder: Path) -> None:
    python = python_for_all(1000)
    assert python, "no Python that user 1000 may run"
    subprocess.run([python, "-m", "venv", str(folder)], check=True)


def _copy(source: Path, target: Path, ignored: list[str], context: Path) -> None:
    def left(folder: str, names: list[str]) -> set[str]:
        at = Path(folder).relative_to(context)
        return {
            name
            for name in names
            for one in ignored
            if fnmatch(str(at / name), one) or (one[:3] == "**/" and fnmatch(name, one[3:]))
        }

    if source.is_dir():
        shutil.copytree(source, target, ignore=left, dirs_exist_ok=True)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)
