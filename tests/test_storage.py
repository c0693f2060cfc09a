"""Writes are whole or not at all.

May import: pytest, hvc_core.study.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hvc_core import study


def test_a_kill_in_the_middle_of_a_write_leaves_the_old_file(tmp_path: Path) -> None:
    file = tmp_path / "study.json"
    study.write_json(file, {"old": True})
    code = (
        "import os, signal, pathlib; from hvc_core import storage\n"
        "def half(p): p.write_text('{\"ne'); os.kill(os.getpid(), signal.SIGKILL)\n"
        f"storage.write_atomic(pathlib.Path({str(file)!r}), half)"
    )
    root = Path(__file__).parents[1]
    env = os.environ | {"PYTHONPATH": str(root)}
    assert subprocess.run([sys.executable, "-c", code], env=env, check=False).returncode == -9
    assert json.loads(file.read_text()) == {"old": True}
    assert [path.suffix for path in tmp_path.iterdir() if path != file] == [".tmp"]


def test_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        study.write_json(tmp_path / "metrics.json", {"accuracy": float("nan")})
    with pytest.raises(TypeError):
        study.write_json(tmp_path / "metrics.json", {"accuracy": object()})
    assert not list(tmp_path.iterdir())
