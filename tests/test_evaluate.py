"""`python -m training evaluate`: what it writes, prints and returns."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest

from hvc_core.study import StudyError
from tests.support.studies import make_study
from training import evaluate
from training.__main__ import main


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_study(tmp_path / "study", classes=4, onnx=False)


def run(*words: str) -> int:
    parser = argparse.ArgumentParser()
    evaluate.add_parser(parser.add_subparsers())
    args = parser.parse_args(["evaluate", *words])
    return args.run(args)


def test_it_writes_the_metrics_and_prints_a_table(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = folder / "metrics.json"
    whole = file.read_text()
    for content in (None, "{", whole.replace('"accuracy": 0', '"accuracy": 1')):
        if content is None:
            file.unlink()
        else:
            file.write_text(content)
        assert run(str(folder)) == 0
        assert file.read_text() == whole
    head, first, second = capsys.readouterr().out.splitlines()[-3:]
    assert head.split() == (
        ["protocol", "model", "seeds", "clips", "accuracy,", "95", "%", "interval", "macro", "F1"]
    )
    assert first.split()[:4] == ["holdout", "convlstm", "2", "20"]
    assert second.split()[:4] == ["holdout", "lrcn", "2", "20"]
    cells = json.loads(whole)["cells"]
    mean = sum(cell["accuracy"] for cell in cells if cell["model"] == "lrcn") / 2
    assert f"{100 * mean:.1f} % (" in second


def test_check_agrees(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(str(folder), "--check") == 0
    assert "metrics.json is what the predictions give" in capsys.readouterr().out


def test_check_prints_the_differences_and_writes_nothing(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = folder / "metrics.json"
    obj = json.loads(file.read_text())
    was = obj["cells"][1]["accuracy"]
    obj["cells"][1]["accuracy"] = 0.9999
    file.write_text(json.dumps(obj))
    before = file.read_bytes()
    assert run(str(folder), "--check") == 1
    said = capsys.readouterr()
    assert said.out == f"metrics.json: cells[1].accuracy: stored 0.9999, derived {was}\n"
    assert "differs in 1 places" in said.err
    assert file.read_bytes() == before


def test_a_malformed_study_is_an_error(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "predictions.parquet").unlink()
    with pytest.raises(StudyError, match=r"predictions.parquet: missing"):
        run(str(folder))
    assert main(["evaluate", str(folder), "--check"]) == 2
    assert "predictions.parquet: missing" in capsys.readouterr().err
