"""Every page of every study that ships with the code, and what is said of its numbers' source."""

from __future__ import annotations

from pathlib import Path

import pytest

from dashboard import sources, state
from hvc_core import study as studies
from tests.support.app import PAGES, open_page

ROOT = Path(__file__).resolve().parents[1]
SHIPPED = sorted(file.parent for file in ROOT.glob("studies/*/study.json"))


@pytest.mark.parametrize("folder", SHIPPED, ids=lambda folder: folder.name)
@pytest.mark.usefixtures("_fresh_caches")
def test_every_page(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HVC_STUDY", str(folder))
    revision = state.revision(folder)
    for page in PAGES:
        app = open_page(page)
        assert not app.exception and not app.error, page
        assert len(app.title) == 1, page
        if page == "about":
            continue
        said = "\n".join(element.value for element in app.markdown).replace("\\_", "_")
        for fact in (revision, folder.name, "**Protocol:**", "**Model A:**", "**Model B:**"):
            assert fact in said, (page, fact)
        assert any("python -m training" in code.value for code in app.code), page


@pytest.mark.parametrize("folder", SHIPPED, ids=lambda folder: folder.name)
def test_the_files_that_numbers_are_said_to_come_from_are_there(folder: Path) -> None:
    for table in sources.TABLES.values():
        optional = table.file in ("validation.parquet", "unseen.parquet", "audit.json", "models/")
        beside = ROOT if table.file.startswith("studies/") else folder
        assert optional or (beside / table.file).exists(), table.file


def test_the_facts_count_what_was_tested(made_study: Path) -> None:
    study = studies.read(made_study)
    view = state.View(study, "r", *study.headline, "holdout")
    rows = study.predictions[study.predictions["model"] == study.headline[0]]
    said = sources.facts(view)
    assert said["Model A"] == (
        f"ConvLSTM (convlstm): fold 0, seeds 1 to 2, {rows['clip'].nunique():,} clips of 75 "
        "source videos"
    )
    assert said["Protocol"].startswith("holdout: ") and said["Revision"] == "r"
    assert sources.made_by(study, ["cost"]).splitlines()[1].startswith("python -m training export")


@pytest.mark.parametrize(
    ("values", "said"),
    [((3,), "seed 3"), ((0, 1, 2), "seeds 0 to 2"), ((0, 2), "seeds 0, 2")],
)
def test_numbers_are_counted_shortly(values: tuple[int, ...], said: str) -> None:
    assert sources._counted("seed", values) == said
