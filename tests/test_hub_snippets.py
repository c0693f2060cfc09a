"""The programs on the cards run as they stand, and answer as the project does."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from hvc_core import study
from hvc_core.hub import repos
from tests.support.exported import hold
from tests.support.hub_server import serve

ROOT = Path(__file__).resolve().parents[1]
SHIPPED = ROOT / "studies" / "ucf50-15"
RENDERED = ROOT / "dashboard" / "assets" / "rendered_jumping_jack.mp4"


def programs(card: bytes) -> list[str]:
    return re.findall(r"```python\n(.*?)```", card.decode(), flags=re.DOTALL)


def run(program: str, at: Path, url: str) -> str:
    own = {"HF_ENDPOINT": url, "HF_HOME": str(at / "hf"), "KERAS_BACKEND": "tensorflow"}
    env = {name: value for name, value in os.environ.items() if not name.startswith("HF_")} | own
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program],
        cwd=at, env=env, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("model", ["convlstm", "lrcn"])
def test_a_models_programs_answer_as_the_project_does(model: str, tmp_path: Path) -> None:
    plan = repos.plan(study.read(SHIPPED), "tester")
    (repo,) = (one for one in plan.models if one.what == model)
    card = repo.files["README.md"]
    assert isinstance(card, bytes)
    (tmp_path / "clip.mp4").write_bytes(RENDERED.read_bytes())
    onnx, keras = programs(card)
    compared = (
        "\nonnx = session.run(None, {session.get_inputs()[0].name: clip})[0][0]"
        "\nprint(abs(onnx - probabilities).max())"
    )
    with serve() as server:
        hold(server, plan)
        said = run(onnx + keras + compared, tmp_path, server.url).splitlines()
    top = [line.rsplit(" ", 1) for line in said[:3]]
    assert float(said[-1]) < 1e-4  # Keras and ONNX, on the same frames
    done = subprocess.run(
        [sys.executable, "-m", "training", "predict", str(SHIPPED), str(RENDERED), "--json"],
        cwd=ROOT, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    told = json.loads(done.stdout)
    values = told["clips"][0]["models"][model]["probabilities"]
    answers = dict(zip(told["classes"], values, strict=True))
    likeliest = sorted(answers, key=answers.__getitem__, reverse=True)[:3]
    assert [name for name, _ in top] == likeliest
    for name, value in top:
        assert float(value) == pytest.approx(answers[name], abs=6e-4)


def test_the_studys_program_reads_the_predictions(tmp_path: Path) -> None:
    of = study.read(SHIPPED)
    plan = repos.plan(of, "tester")
    card = plan.study.files["README.md"]
    assert isinstance(card, bytes)
    with serve() as server:
        hold(server, plan)
        (program,) = programs(card)
        said = run(program, tmp_path, server.url)
    assert re.search(r"group5\s+convlstm\s+1776", said)
