"""The Markdown tables come from the study, and the pages that ship hold what it gives today."""

import dataclasses
from pathlib import Path

import pytest

from hvc_core import markdown, study
from hvc_core.statistics import robustness, stats
from tests.support.studies import make_study
from training.__main__ import main

ROOT = Path(__file__).parent.parent
PAGES = sorted(str(p.relative_to(ROOT)) for p in (ROOT / "README.md", *ROOT.glob("studies/*/*.md")))
SHIPPED = sorted(p.parent for p in ROOT.glob("studies/*/study.json"))


@pytest.fixture(scope="module")
def of(tmp_path_factory):
    return study.read(make_study(tmp_path_factory.mktemp("study") / "s", onnx=False))


def test_results_has_a_row_per_model_with_its_accuracy(of):
    table = markdown.results(of)
    for model in of.models:
        (row,) = [line for line in table.splitlines() if f"`{model}`" in line]
        mean = stats.summary(of.predictions, model, "holdout", of.classes).accuracy.mean
        assert f"**{100 * mean:.1f} %" in row


def test_fill_replaces_only_what_is_between_the_markers(of):
    text = f"before\n<!-- {of.name} results -->\nstale\n<!-- / -->\nafter\n"
    once = markdown.fill(text, of)
    assert "stale" not in once and once.startswith("before\n") and once.endswith("\nafter\n")
    assert markdown.fill(once, of) == once


def test_fill_leaves_other_studies_alone(of):
    text = "<!-- another results -->\nold\n<!-- / -->\n"
    assert markdown.fill(text, of) == text


@pytest.mark.parametrize("text", ["<!-- {} nothing -->\n<!-- / -->", "<!-- {} results -->\nopen"])
def test_fill_refuses_a_marker_it_cannot_fill(of, text):
    with pytest.raises(ValueError, match="marker|part"):
        markdown.fill(text.format(of.name), of)


def test_classes_and_training_have_a_row_each(of):
    assert all(f"| {name} |" in markdown.classes(of) for name in of.classes)
    cells = of.history[study.CELL].drop_duplicates()
    assert len(markdown.training(of).splitlines()) == 2 + len(cells)


def test_conditions_have_a_row_each_and_the_broken_are_bold(tmp_path):
    made = study.read(make_study(tmp_path / "s", onnx=False, evidence=True))
    lines = markdown.conditions(made).splitlines()
    asked = set(made.conditions["condition"])
    assert len(lines) == 3 + len(asked)
    assert lines[2].startswith("| As they are | ") and "**" not in lines[2]
    blurred = next(line for line in lines if line.startswith("| Blur 5 |")).split(" | ")
    for column, name in enumerate(made.models):
        rows = robustness.rows_of(made.predictions, made.conditions, name, "holdout")
        table = robustness.table(rows, made.classes).set_index("condition")["accuracy"]
        value = f"{100 * table['blur-5']:.1f}"
        broken = table["blur-5"] < table["clean"] / 2
        assert blurred[1 + column].strip(" |") == (f"**{value}**" if broken else value)
    some = dataclasses.replace(made, conditions=made.conditions.query("model == 'lrcn'"))
    assert "`convlstm`" not in markdown.conditions(some)
    none = dataclasses.replace(made, conditions=made.conditions.head(0))
    assert markdown.conditions(none) == "No clip was disturbed yet."


def test_a_page_that_is_not_there_or_broken_is_a_clear_error(of, tmp_path, capsys):
    page = tmp_path / "page.md"
    assert main(["evaluate", str(of.folder), "--into", str(page)]) == 2
    assert f"{page}: cannot be filled" in capsys.readouterr().err
    page.write_text(f"<!-- {of.name} nonsense -->\n<!-- / -->\n")
    assert main(["evaluate", str(of.folder), "--into", str(page)]) == 2
    assert "no such part" in capsys.readouterr().err


def test_evaluate_writes_into_a_page(of, tmp_path, capsys):
    page = tmp_path / "page.md"
    page.write_text(f"<!-- {of.name} verdicts -->\n<!-- / -->\n", "utf-8")
    assert main(["evaluate", str(of.folder), "--into", str(page)]) == 0
    assert "ConvLSTM" in page.read_text("utf-8")


@pytest.mark.parametrize("folder", SHIPPED, ids=lambda p: p.name)
@pytest.mark.parametrize("page", PAGES)
def test_shipped_pages_hold_todays_figures(folder, page):
    text = (ROOT / page).read_text("utf-8")
    assert markdown.fill(text, study.read(folder)) == text, (
        f"`python -m training evaluate studies/{folder.name} --into {page}` writes it anew"
    )
