"""findings.json: taken while the files behind it are the same, else derived again, and checked."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from hvc_core import study
from hvc_core.findings import stored
from tests.support.studies import make_study
from training.__main__ import main


@pytest.fixture
def made(tmp_path: Path) -> study.Study:
    return study.read(make_study(tmp_path / "study", onnx=False, protocol=("group5", "random")))


def test_what_is_saved_is_loaded(made: study.Study) -> None:
    assert stored.load(made) is None
    found = stored.derive(made)
    assert found
    stored.save(made, found)
    assert stored.load(made) == found
    assert stored.differences(made) == []


@pytest.mark.parametrize("changed", ["cost.json", "study.json"])
def test_findings_of_other_files_are_not_taken(changed: str, made: study.Study) -> None:
    stored.save(made, stored.derive(made))
    with (made.folder / changed).open("a") as file:
        file.write("\n")
    assert stored.load(made) is None
    assert len(stored.differences(made)) == 1


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"of": 1}', '{"of": "OF", "findings": [{"claim": 1}]}']
)
def test_a_malformed_file_is_derived_again(text: str, made: study.Study) -> None:
    file = made.folder / stored.FILE
    file.write_text(text.replace("OF", stored.digest(made.folder)))
    assert stored.load(made) is None


def test_the_check_finds_a_sentence_that_was_changed(
    made: study.Study, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = str(made.folder)
    assert main(["evaluate", folder]) == 0
    assert main(["evaluate", folder, "--check"]) == 0
    kept = stored.load(made)
    assert kept
    stored.save(made, [dataclasses.replace(kept[0], claim="All is well."), *kept[1:]])
    assert main(["evaluate", folder, "--check"]) == 1
    assert "finding 1 differs" in capsys.readouterr().out
    stored.save(made, kept[1:])
    assert f"stored {len(kept) - 1} findings" in "\n".join(stored.differences(made))


def test_the_file_says_what_it_is_of(made: study.Study) -> None:
    stored.save(made, stored.derive(made))
    text = json.loads((made.folder / stored.FILE).read_text())
    assert text["of"] == stored.digest(made.folder) and len(text["of"]) == 64
