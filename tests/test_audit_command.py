"""`python -m training audit`: what it prints of a made data folder, as text and as JSON.

May import: pytest, training, tests.support.
"""

from __future__ import annotations

import json

import pytest

from tests.support import data
from training.__main__ import main


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = data.make(tmp_path_factory.mktemp("data"), copies=[(2, 5)])
    first, second = (made / "PullUps" / f"v_PullUps_g0{group}_c01.mp4" for group in (1, 7))
    second.write_bytes(first.read_bytes())
    return made


def test_json_names_both_clips_of_each_pair(folder, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("HVC_CACHE", str(tmp_path))
    assert main(["audit", str(folder), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["clips"] == 21
    same = {"similarity": 1.0}
    assert [{**pair, "similarity": 1.0} for pair in found["pairs"]] == [
        {"a": "v_PullUps_g01_c01", "b": "v_PullUps_g07_c01", "identical": True, **same},
        {"a": "v_PullUps_g02_c01", "b": "v_PullUps_g05_c01", "identical": False, **same},
    ]
    assert found["pairs"][1]["similarity"] >= 0.9


def test_text_tells_how_many_and_which(folder, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("HVC_CACHE", str(tmp_path))
    assert main(["audit", str(folder)]) == 0
    out = capsys.readouterr().out
    assert "21 clips, 2 pairs of different source videos are near-identical, 1 of them" in out
    assert "v_PullUps_g01_c01  v_PullUps_g07_c01  the same file" in out


def test_a_folder_that_is_not_there_is_one_line(tmp_path, capsys):
    assert main(["audit", str(tmp_path / "none")]) == 2
    assert "no such folder" in capsys.readouterr().err
