"""The model to take, on a table small enough to see the answer.

May import: hypothesis, pytest, hvc_core.choice.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hvc_core.choice import CRITERIA, Candidate, choose


def candidate(model: str, accuracy: float, latency: float | None, work: float | None) -> Candidate:
    values = {"accuracy": accuracy, "worst": accuracy - 30, "latency": latency}
    return Candidate(model, model.upper(), values, work)


SMALL = candidate("small", 45.0, 1.5, 68.0)
MEDIUM = candidate("medium", 60.0, 10.0, 176.0)
LARGE = candidate("large", 90.5, 80.0, 6133.0)
LARGER = candidate("larger", 91.0, 85.0, 6430.0)
ALL = [SMALL, MEDIUM, LARGE, LARGER]


def apart(a: str, b: str) -> bool:
    """All but the two large ones can be told apart."""
    return {a, b} != {"large", "larger"}


def test_of_two_that_cannot_be_told_apart_the_cheaper_is_taken():
    made = choose(ALL, {}, apart)
    assert made.taken is LARGE and made.best is LARGER
    assert made.tied == [LARGER] and made.failed == {}
    assert choose(ALL, {}, lambda a, b: True).taken is LARGER


def test_needs_leave_models_out_and_say_which_they_miss():
    made = choose(ALL, {"latency": 20, "accuracy": 50}, apart)
    assert made.taken is MEDIUM and made.tied == []
    assert {model: [k.name for k in missed] for model, missed in made.failed.items()} == {
        "small": ["accuracy"],
        "large": ["latency"],
        "larger": ["latency"],
    }
    assert "Latency a clip, median must be less than 10.0 ms" not in " ".join(made.flips)
    assert "Accuracy must be more than 60.0 %" not in " ".join(made.flips)  # none is fast enough
    assert "Latency a clip, median may be anything: then LARGE (80.0 ms)." in made.flips


def test_what_would_flip_it():
    made = choose(ALL, {"latency": 20}, apart)
    assert made.taken is MEDIUM
    assert "Latency a clip, median must be less than 10.0 ms: then SMALL (1.5 ms)." in made.flips


def test_nothing_meets_a_need_and_what_was_not_measured_meets_none():
    made = choose(ALL, {"accuracy": 99}, apart)
    assert made.taken is None and len(made.failed) == 4
    assert made.flips == ("Accuracy may be anything: then LARGE (90.5 %).",)
    unknown = candidate("unknown", 95.0, None, None)
    assert choose([*ALL, unknown], {"latency": 100}, apart).taken is LARGE
    assert choose([*ALL, unknown], {}, apart).taken is unknown
    assert choose([unknown, LARGE], {}, lambda a, b: False).taken is LARGE
    assert choose([], {}, apart).taken is None


@given(
    st.lists(st.tuples(st.floats(0, 100), st.floats(1, 100), st.floats(1, 1e4)), max_size=6),
    st.floats(0, 100),
    st.floats(1, 100),
)
def test_what_is_taken_meets_the_needs_and_nothing_better_does(found, accuracy, latency):
    given_ = [candidate(f"m{i}", *values) for i, values in enumerate(found)]
    needs = {"accuracy": accuracy, "latency": latency}
    made = choose(given_, needs, lambda a, b: True)
    fit = [
        c
        for c in given_
        if round(c.values["accuracy"] or 0, 1) >= accuracy
        and round(c.values["latency"] or 0, 1) <= latency
    ]
    assert (made.taken is None) == (not fit)
    if made.taken:
        assert made.taken in fit
        assert made.taken.values["accuracy"] == max(c.values["accuracy"] or 0 for c in fit)


@pytest.mark.parametrize("criterion", CRITERIA, ids=lambda c: c.name)
def test_a_criterion_speaks_its_unit(criterion):
    assert criterion.words(1234.56).endswith(criterion.unit)
    least = criterion.kind == "least"
    assert criterion.meets(2, 1) is least and criterion.meets(1, 2) is not least
    assert criterion.meets(1, 1) and not criterion.meets(None, 1)
