"""The command line as a whole, and `python -m training index`."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.trees import write_bytes, write_clip
from training import __main__ as command_line


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for name, groups in {"Punch": (1, 1, 3), "TaiChi": (25,)}.items():
        for number, group in enumerate(groups, start=1):
            path = tmp_path / name / f"v_{name}_g{group:02d}_c{number:02d}.avi"
            write_clip(path, frames=number)
    write_bytes(tmp_path / "Punch" / "v_Punch_g04_c01.avi")
    write_bytes(tmp_path / "TaiChi" / "v_Punch_g04_c02.avi")
    return tmp_path


def test_a_table_for_people(data, capsys):
    assert command_line.main(["index", str(data)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split() for line in lines[:4]] == [
        ["class", "clips", "groups"],
        ["Punch", "3", "2"],
        ["TaiChi", "1", "1"],
        ["total", "4", "3"],
    ]
    text = "\n".join(lines)
    assert "2 classes, 4 clips" in text
    assert "cannot be decoded: 1 file" in text
    assert "Punch/v_Punch_g04_c01.avi: " in text
    assert "misnamed or misplaced: 1 file" in text
    assert "TaiChi/v_Punch_g04_c02.avi: " in text
    assert lines[-1].startswith("fingerprint ")


def test_json_for_programs(data, capsys):
    assert command_line.main(["index", str(data), "--json"]) == 0
    out = json.loads(capsys.readouterr().out)
    assert out["clips"] == 4
    assert out["classes"] == {
        "Punch": {"clips": 3, "groups": [1, 3]},
        "TaiChi": {"clips": 1, "groups": [25]},
    }
    assert [entry["file"] for entry in out["unreadable"]] == ["Punch/v_Punch_g04_c01.avi"]
    assert [entry["file"] for entry in out["misnamed"]] == ["TaiChi/v_Punch_g04_c02.avi"]
    assert len(out["fingerprint"]) == 64
    command_line.main(["index", str(data)])
    assert capsys.readouterr().out.rstrip().endswith(out["fingerprint"])


def test_a_folder_without_clips_is_one_clear_line(tmp_path, capsys):
    assert command_line.main(["index", str(tmp_path)]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("python -m training index: ")
    assert "no clip found" in said.err
    assert len(said.err.splitlines()) == 1


@pytest.mark.slow
def test_the_real_clips(ucf50, capsys):
    assert command_line.main(["index", str(ucf50), "--json"]) == 0
    out = json.loads(capsys.readouterr().out)
    assert (out["clips"], len(out["classes"])) == (1776, 15)
    assert out["classes"]["JumpRope"] == {"clips": 80, "groups": list(range(1, 26))}
    assert not out["unreadable"]
    assert not out["misnamed"]


def test_every_command_has_its_help(capsys):
    for name in command_line.COMMANDS:
        with pytest.raises(SystemExit) as caught:
            command_line.main([name, "--help"])
        assert caught.value.code == 0
        assert f"python -m training {name}" in capsys.readouterr().out


@pytest.mark.parametrize("words", [[], ["dance"], ["index"], ["index", "a", "b"]])
def test_wrong_words_are_an_error_with_usage(words, capsys):
    with pytest.raises(SystemExit) as caught:
        command_line.main(words)
    assert caught.value.code == 2
    assert "usage: python -m training" in capsys.readouterr().err


def test_every_error_for_people_is_known_to_the_command_line(root):
    defined = {
        (".".join(path.relative_to(root).with_suffix("").parts), node.name)
        for room in ("hvc_core", "training")
        for path in (root / room).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef) and node.name.endswith("Error")
    }
    assert defined == set(command_line.PEOPLE_ERRORS)


def test_an_error_of_ours_keeps_its_traceback(tmp_path, monkeypatch):
    from training import index

    def broken(*args: object, **kwargs: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(index.clips, "index", broken)
    with pytest.raises(ZeroDivisionError):
        command_line.main(["index", str(tmp_path)])


def test_a_package_that_is_missing_is_named_with_what_to_do(monkeypatch, capsys):
    monkeypatch.delitem(sys.modules, "training.index", raising=False)
    monkeypatch.setitem(sys.modules, "tqdm", None)  # as where only the app's packages are
    assert command_line.main(["index", "."]) == 2
    said = capsys.readouterr().err
    assert "needs the package tqdm, which is not installed; `pip install -r req" in said
    assert said.count("\n") == 1


def test_ctrl_c_is_said_in_one_line(tmp_path, monkeypatch, capsys):
    from training import index

    def interrupted(*args: object, **kwargs: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(index.clips, "index", interrupted)
    assert command_line.main(["index", str(tmp_path)]) == 130
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_reader_that_leaves_early(data, root):
    """`python -m training index DATA | head -1` ends without a traceback."""
    process = subprocess.Popen(
        [sys.executable, "-m", "training", "index", str(data)],
        cwd=root,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    process.stdout.close()
    assert process.stderr
    with process.stderr as errors:
        assert errors.read() == ""
    process.wait()
