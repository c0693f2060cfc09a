"""Two models on the same clips: statsmodels and SciPy agree, and so do hand-worked cases."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hvc_core import study
from hvc_core.statistics import paired, significance, stats
from hvc_core.statistics.matching import of_both
from tests.support.studies import make_study
from tests.test_significance import marks

CLASSES = ["A", "B", "C"]
# (seed, class, group, answers of a, answers of b): a string a model, 1 for each right clip
Row = tuple[int, str, int, str, str]


def table(rows: list[Row], protocol: str = "holdout") -> pd.DataFrame:
    """Predictions of models a and b; "-" is a clip that the model did not predict."""
    found = []
    for seed, name, group, *both in rows:
        for model, answers in zip("ab", both, strict=True):
            for n, mark in enumerate(answers):
                answered = (CLASSES.index(name) + (mark == "0")) % 3
                values = np.eye(3, dtype=np.float32)[answered]
                clip = f"{name}{group}-{n}"
                found.append((protocol, 0, seed, model, clip, name, group, values))
    columns = "protocol fold seed model clip class group probabilities".split()
    rights = [mark for *_, of_a, of_b in rows for mark in of_a + of_b]
    return pd.DataFrame(found, columns=columns)[[m != "-" for m in rights]]


# McNemar


# Holm


# Sign flips


# By seed


def test_equal_seeds_are_paired() -> None:
    df = table([(1, "A", 1, "11", "10"), (2, "A", 1, "00", "10"), (3, "A", 1, "--", "11")])
    (one, two) = paired.by_seed(df, "a", "b", "holdout", CLASSES)
    assert one[:2] == (1, 1) and two[:2] == (2, 2)
    assert (one[2].a_only, one[2].b_only, one[2].both, one[2].neither) == (1, 0, 1, 0)
    assert (two[2].a_only, two[2].b_only, two[2].both, two[2].neither) == (0, 1, 0, 1)


def test_other_seeds_are_paired_in_order() -> None:
    df = table([(4, "A", 1, "11", "--"), (2, "A", 1, "01", "--"), (3, "A", 1, "--", "10")])
    ((seed_a, seed_b, test),) = paired.by_seed(df, "a", "b", "holdout", CLASSES)
    assert (seed_a, seed_b) == (2, 3)
    assert (test.a_only, test.b_only) == (1, 1)


def test_clips_are_matched_by_name_whatever_their_order() -> None:
    df = table([(1, "A", 1, "1100-", "-1010"), (1, "B", 2, "01", "10")])
    ((_, _, test),) = paired.by_seed(df, "a", "b", "holdout", CLASSES)
    shared = {"A1-1": (1, 1), "A1-2": (0, 0), "A1-3": (0, 1), "B2-0": (0, 1), "B2-1": (1, 0)}
    by_hand = significance.mcnemar(
        *(np.array([v[i] == 1 for v in shared.values()]) for i in (0, 1))
    )
    assert test == by_hand
    mixed = df.sample(frac=1, random_state=4)
    assert paired.by_seed(mixed, "a", "b", "holdout", CLASSES) == [(1, 1, by_hand)]


def test_nothing_in_common() -> None:
    df = table([(1, "A", 1, "11", "--"), (1, "B", 1, "--", "10")])
    assert paired.by_seed(df, "a", "b", "holdout", CLASSES) == []
    assert paired.by_seed(df, "a", "c", "holdout", CLASSES) == []
    nothing = paired.per_class(df, "a", "b", "holdout", CLASSES)
    assert nothing["clips"].tolist() == [0, 0, 0]
    assert nothing.drop(columns=["class", "clips", "sources"]).isna().all(axis=None)
    with pytest.raises(ValueError, match="no clip has a prediction of both"):
        paired.decide(df, "a", "b", "holdout", CLASSES)


# By class

HAND: list[Row] = [
    (1, "A", 1, "11", "10"),
    (1, "A", 2, "0000", "1110"),
    (2, "A", 1, "10", "11"),
    (2, "A", 2, "0001", "1111"),
    (1, "B", 7, "10", "11"),
    (2, "B", 7, "10", "11"),
]


def test_classes_by_hand() -> None:
    found = paired.per_class(table(HAND), "a", "b", "holdout", CLASSES).set_index("class")
    assert list(found.index) == CLASSES
    assert found["clips"].tolist() == [6, 2, 0]
    assert found["sources"].tolist() == [2, 1, 0]
    a = found.loc["A"]
    assert a["a_recall"] == pytest.approx((2 / 6 + 2 / 6) / 2)
    assert a["b_recall"] == pytest.approx((4 / 6 + 6 / 6) / 2)
    assert a["difference"] == pytest.approx(0.5)
    # A replicate holds film 1, where they are level (2 and 1, 1 and 2), or film 2: 3/4 more twice.
    assert (a["low"], a["high"]) == pytest.approx((0, 0.75))
    assert a["p"] == 1  # one film differs; its sign alone shows nothing
    assert a["mcnemar"] == significance.mcnemar(*marks((1, 3, 0, 0))).mid_p
    b = found.loc["B"]
    assert b["difference"] == 0.5
    assert b[["low", "high"]].isna().all()  # one film cannot be resampled
    assert b["mcnemar"] == 0.5
    assert found["p_holm"].tolist()[:2] == [1, 1]
    assert found.loc["C"].drop(["clips", "sources"]).isna().all()


def test_classes_of_a_study(tmp_path: Path) -> None:
    made = study.read(
        make_study(tmp_path, classes=5, clips_per_group=2, protocol="group5", onnx=False)
    )
    models = ("convlstm", "lrcn", "group5", made.classes)
    found = paired.per_class(made.predictions, *models)
    known = [stats.summary(made.predictions, m, "group5", made.classes) for m in models[:2]]
    for column, summary in zip(("a_recall", "b_recall"), known, strict=True):
        assert found[column].tolist() == pytest.approx(
            [summary.recall[name].mean for name in made.classes]
        )
    assert (found["clips"] == 50).all()
    assert (found["low"] <= found["difference"]).all()
    assert (found["difference"] <= found["high"]).all()
    np.testing.assert_allclose(found["p_holm"], significance.holm(found["p"].to_numpy()))
    back = paired.per_class(made.predictions, "lrcn", "convlstm", *models[2:])
    np.testing.assert_allclose(back["difference"], -found["difference"])
    np.testing.assert_allclose(back["low"], -found["high"], atol=1e-12)
    assert (back["p"] == found["p"]).all() and (back["mcnemar"] == found["mcnemar"]).all()


def test_the_p_of_a_class_is_of_its_films_over_the_seeds() -> None:
    # Over both seeds b leads by 3, 2, 1 clips on films of A and is 1 behind on one; of B by 0.
    df = table(
        [
            (1, "A", 1, "00", "11"),
            (2, "A", 1, "00", "01"),
            (1, "A", 2, "00", "01"),
            (2, "A", 2, "00", "01"),
            (1, "A", 3, "00", "01"),
            (2, "A", 3, "11", "11"),
            (1, "A", 4, "11", "11"),
            (2, "A", 4, "11", "01"),
            (1, "B", 1, "10", "01"),
            (2, "B", 2, "10", "01"),
        ]
    )
    found = paired.per_class(df, "a", "b", "holdout", CLASSES).set_index("class")
    # Of 16 flips of 3, 2, 1, 1 those of 7, 5, 5 and their negatives are as far from 0 as 5.
    assert found.loc["A", "p"] == 6 / 16
    assert found.loc["B", "p"] == 1
    assert found["p_holm"].tolist()[:2] == [12 / 16, 1]


def test_another_quarter_of_the_clips_each_seed() -> None:
    df = table(
        [
            (1, "A", 1, "1-", "0-"),
            (1, "A", 2, "-10", "-11"),
            (2, "A", 1, "-0", "-1"),
            (2, "B", 1, "1", "1"),
        ],
        "random",
    )
    found = paired.per_class(df, "a", "b", "random", CLASSES).set_index("class")
    assert found["clips"].tolist() == [4, 1, 0]
    assert found.loc["A", "a_recall"] == pytest.approx((2 / 3 + 0) / 2)
    assert found.loc["A", "b_recall"] == pytest.approx((2 / 3 + 1) / 2)
    assert found.loc["B", "a_recall"] == 1  # seed 1 has no clip of B: it does not count
    assert found["mcnemar"].isna().tolist() == [False, True, True]  # seed 1 has none of B
    # Film 1 alone: -1 and +1, mean 0; film 2 alone: seed 2 has none of it, 1 - 0.5
    assert (found.loc["A", "low"], found.loc["A", "high"]) == pytest.approx((0, 0.5))


# The rule


def films(lead: float, seed: int = 0, groups: int = 8, seeds: int = 2) -> pd.DataFrame:
    """b is right with the probability 0.5, a with `lead` more, on four clips of each film."""
    rng = np.random.default_rng(seed)
    rows: list[Row] = []
    for number, name, group in product(range(1, seeds + 1), CLASSES, range(groups)):
        a, b = (rng.uniform(size=4) < skill for skill in (0.5 + lead, 0.5))
        text = ("".join("01"[int(x)] for x in right) for right in (a, b))
        rows.append((number, name, group, *text))  # type: ignore[arg-type]
    return table(rows)


@pytest.mark.parametrize("lead", [-0.4, -0.2, -0.1, 0.0, 0.05, 0.1, 0.2, 0.4])
@pytest.mark.parametrize("groups", [2, 8])
def test_told_apart_is_what_decide_says(lead: float, groups: int) -> None:
    df = films(lead, seed=round(100 * lead) + 50, groups=groups)
    mixed = df.sample(frac=1, random_state=1)
    fewer = df.drop(df.index[df["model"] == "a"][::9])
    for rows in (df, mixed, fewer):
        of_a, of_b = of_both(rows, "a", "b", "holdout")
        winner = paired.decide(rows, "a", "b", "holdout", CLASSES).winner
        assert paired.told_apart(of_a, of_b, CLASSES) == (winner is not None)
    assert paired.decide(mixed, "a", "b", "holdout", CLASSES) == paired.decide(
        df, "a", "b", "holdout", CLASSES
    )


def test_a_clear_winner() -> None:
    found = paired.decide(films(0.4), "a", "b", "holdout", CLASSES, {"a": "LRCN", "b": "ConvLSTM"})
    known = stats.difference(films(0.4), "a", "b", "holdout", CLASSES)
    assert found.winner == "a"
    assert (found.accuracy, found.f1) == (known.accuracy, known.f1_macro)
    assert found.tests == paired.by_seed(films(0.4), "a", "b", "holdout", CLASSES)
    assert len(found.tests) == 2
    assert len(found.reasons) == 5
    value = found.accuracy
    assert found.reasons[0] == (
        f"Accuracy: LRCN minus ConvLSTM is {100 * value.mean:+.1f} points, 95 % interval "
        f"{100 * value.lo:+.1f} to {100 * value.hi:+.1f}, all on the side of LRCN."
    )
    assert found.reasons[2] == (
        "Both models flipped within whole source videos: p below 0.001, on the side of LRCN."
    )
    test = found.tests[1][2]
    assert found.reasons[4] == (
        f"McNemar's test, seed 2: only LRCN is right on {test.a_only} clips, only ConvLSTM on "
        f"{test.b_only}; mid-p below 0.001, on the side of LRCN."
    )
    assert paired.decide(films(-0.4), "a", "b", "holdout", CLASSES).winner == "b"


@settings(max_examples=15)
@given(st.integers(0, 10**6), st.floats(-0.5, 0.5))
def test_the_rule_is_what_it_says(seed: int, lead: float) -> None:
    df = films(lead, seed)
    found = paired.decide(df, "a", "b", "holdout", CLASSES)
    expected = None
    for name, side in (("a", 1), ("b", -1)):
        ends = [side * e for v in (found.accuracy, found.f1) for e in (v.lo, v.hi)]
        tests = [t.mid_p < 0.05 and side * (t.a_only - t.b_only) > 0 for *_, t in found.tests]
        flipped = paired.flips(df, "a", "b", "holdout", CLASSES) < 0.05
        if all(e > 0 for e in ends) and all(tests) and flipped:
            expected = name
    assert found.winner == expected
    other = paired.decide(df, "b", "a", "holdout", CLASSES)
    assert other.winner == found.winner
    assert other.accuracy.mean == pytest.approx(-found.accuracy.mean)


def test_one_seed_that_does_not_agree_is_enough() -> None:
    df = films(0.45)
    agreed = paired.decide(df, "a", "b", "holdout", CLASSES)
    # Seed 2 of a gets what b gets: the mean still leads.
    twin = df[(df["model"] == "b") & (df["seed"] == 2)].assign(model="a")
    kept = df[~((df["model"] == "a") & (df["seed"] == 2))]
    found = paired.decide(pd.concat([kept, twin]), "a", "b", "holdout", CLASSES)
    assert agreed.winner == "a"
    assert found.winner is None
    assert found.accuracy.lo > 0 and found.f1.lo > 0
    assert found.reasons[4].endswith("mid-p 1.000, which may be chance.")


def test_whole_films_are_flipped_over_all_classes_and_seeds_by_hand() -> None:
    # Leads of a film, both seeds together: A1 +2, A2 +1, B1 -1, B2 0 (and so out of the test).
    rows: list[Row] = []
    for seed in (1, 2):
        rows += [(seed, "A", 1, "11", "10"), (seed, "A", 2, "1", "10"[seed - 1])]
        rows += [(seed, "B", 1, "01"[seed - 1], "1"), (seed, "B", 2, "01", "10")]
    found = paired.flips(table(rows), "a", "b", "holdout", CLASSES)
    # Of the 8 signs of (2, 1, 1) a sum of 2 or more, either way: 4, 2, 2 and their mirrors.
    assert found == 6 / 8
    assert np.isnan(paired.flips(table(rows), "a", "c", "holdout", CLASSES))


def test_films_that_may_as_well_have_fallen_the_other_way_are_enough() -> None:
    # Six films, a ahead in all but one: the interval lies clear of 0, the flips do not.
    rows: list[Row] = [(1, "A", g, "1" * 9, "0" * 9) for g in range(5)]
    rows.append((1, "A", 6, "0" * 4, "1" * 4))
    found = paired.decide(table(rows), "a", "b", "holdout", CLASSES)
    assert found.flipped == paired.flips(table(rows), "a", "b", "holdout", CLASSES)
    assert found.accuracy.lo > 0 and found.tests[0][2].mid_p < 0.001
    assert found.flipped > 0.05 and found.winner is None
    assert found.reasons[2].endswith("which may be chance.")


def test_an_interval_that_holds_0_is_enough() -> None:
    # a leads by far on one film of many clips: McNemar's test sees clips, the interval films.
    rows: list[Row] = [(1, name, g, "10", "01") for name in CLASSES for g in range(3)]
    rows.append((1, "A", 9, "1" * 40, "0" * 40))
    found = paired.decide(table(rows), "a", "b", "holdout", CLASSES)
    assert found.tests[0][2].mid_p < 0.001
    assert found.winner is None
    assert found.reasons[0].endswith("which holds 0.")


def test_few_films_decide_nothing() -> None:
    df = table([(1, name, 1, "1" * 12, "0" * 12) for name in CLASSES])
    found = paired.decide(df, "a", "b", "holdout", CLASSES)
    assert found.winner is None
    assert found.accuracy.lo == 1
    assert found.reasons[-1] == "3 source videos are too few, 5 or more are needed."


def test_no_pair_of_seeds_with_a_clip() -> None:
    rows: list[Row] = [(1, "A", g, "11--", "--00") for g in range(6)]
    rows += [(2, "A", g, "--11", "00--") for g in range(6)]
    with pytest.raises(ValueError, match="no clip has a prediction of both a and b"):
        paired.decide(table(rows, "random"), "a", "b", "random", CLASSES)


def test_the_same_answers() -> None:
    found = paired.decide(films(0.2), "a", "a", "holdout", CLASSES)
    assert found.winner is None
    assert found.accuracy == stats.Estimate(0, 0, 0)


def test_the_rule_names_its_level() -> None:
    assert f"under {paired.ALPHA:.2f}" in paired.RULE
