"""What an address says of a page's choices: read strictly, written back the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some
from streamlit.testing.v1 import AppTest

from dashboard import address
from tests.support.app import open_page
from tests.support.studies import make_study


@given(some.text())
def test_no_text_is_misread(text: str) -> None:
    value = address.number(100.0)(text)
    assert value is None or 0 <= value <= 100
    ends = address.span(text)
    assert ends is None or 0 <= ends[0] <= ends[1] <= 100


@given(some.integers(0, 100), some.integers(0, 100))
def test_a_span_is_read_as_it_was_written(a: int, b: int) -> None:
    low, high = sorted((a, b))
    assert address.span(f"{low}-{high}") == (low, high)
    assert low == high or address.span(f"{high}-{low}") is None


@given(some.floats(0, 1e9))
def test_a_number_is_read_as_it_was_written(value: float) -> None:
    assert address.number()(address.written(value)) == value
    assert address.number()("-1") is None and address.number()("nan") is None


def test_one_of_knows_its_options_alone() -> None:
    read = address.one_of([1, "b"])
    assert (read("1"), read("b"), read("c")) == (1, "b", None)


PAGES: dict[str, tuple[dict[str, str], dict[str, Any]]] = {
    "clips": (
        {"answers": "both wrong", "true": "Punch", "order": "Most apart", "sure": "20-90"},
        {"answers": "both wrong", "true": "Punch", "order": "Most apart", "sure": (20, 90)},
    ),
    "classes": ({"class": "Punch", "measure": "Recall"}, {"class": "Punch", "measure": "Recall"}),
    "confusion": ({"true": "Punch", "said": "Swing", "by": "B"}, {"said": "Swing", "by": "B"}),
    "choose": ({"need_accuracy": "50"}, {"need_accuracy": 50.0}),
}  # fmt: skip


@pytest.mark.parametrize("page", PAGES)
def test_a_link_opens_a_page_as_it_was_chosen(page: str, shown: object) -> None:
    said, expected = PAGES[page]
    app = open_page(page, **said)
    assert not app.exception
    for key, value in expected.items():
        assert app.session_state[key] == value, key
        assert app.query_params[key] in (said[key], [said[key]])


@pytest.mark.parametrize("page", PAGES)
def test_nonsense_in_a_link_is_the_default(page: str, shown: object) -> None:
    plain = open_page(page)
    app = open_page(page, **dict.fromkeys(PAGES[page][0], "?!"))
    assert not app.exception
    for key in PAGES[page][1]:
        assert app.session_state[key] == plain.session_state[key], key


def test_a_choice_goes_into_the_address_and_its_default_out_of_it(shown: object) -> None:
    app = open_page("clips")
    choice: Any = app.selectbox(key="true")
    choice.set_value("Punch").run()
    assert app.query_params["true"] in ("Punch", ["Punch"])
    choice = app.selectbox(key="true")
    choice.set_value(None).run()
    assert not app.exception and "true" not in app.query_params


def test_what_another_page_calls_alike_is_not_taken_over() -> None:
    # Both runs see the same session, as a page turn on a busy machine does.
    app = AppTest.from_file(str(Path(__file__).parent / "support" / "two_pages.py"))
    for page, expected in (("clips", "Name"), ("classes", "Widest gap"), ("clips", "Name")):
        app.query_params["page"] = page
        app.run()
        assert not app.exception and app.text[0].value == expected


def test_an_older_address_that_comes_late_takes_no_choice_back() -> None:
    app = AppTest.from_file(str(Path(__file__).parent / "support" / "two_pages.py"))
    app.query_params["page"] = "clips"
    app.run()
    choice: Any = app.selectbox(key="order")
    choice.set_value("Most apart").run()
    del app.query_params["order"]  # as the browser knew it when it sent another message
    app.run()
    assert not app.exception and app.text[0].value == "Most apart"
    assert app.query_params["order"] in ("Most apart", ["Most apart"])


@pytest.mark.usefixtures("_fresh_caches")
def test_a_choice_that_another_protocol_lacks_leaves_the_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_study(tmp_path / "study", onnx=False, protocol=("holdout", "random"))
    monkeypatch.setenv("HVC_STUDY", str(folder))
    app = open_page("clips", protocol="random", group="1")
    assert app.session_state["group"] == 1
    choice: Any = app.selectbox(key="protocol")
    choice.set_value("holdout").run()
    assert not app.exception
    assert app.session_state["group"] is None and "group" not in app.query_params
