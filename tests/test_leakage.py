"""The leakage meter: hand-worked cases, laws, and a planted leak that it must measure."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hvc_core import study
from hvc_core.statistics import leakage, stats
from hvc_core.statistics.bootstrap import bootstrap_weights, interval, strata
from hvc_core.statistics.counts import sources
from tests.support.studies import make_study

CLASSES = ["A", "B"]
Row = tuple[str, int, str, int, int, int]


def table(rows: list[Row], model: str = "m") -> pd.DataFrame:
    """Predictions from (protocol, seed, class, group, right clips, wrong clips)."""
    found = []
    for protocol, seed, name, group, right, wrong in rows:
        for n in range(right + wrong):
            true = CLASSES.index(name)
            values = np.eye(2, dtype=np.float32)[true if n < right else 1 - true]
            found.append((protocol, 0, seed, model, f"{name}{group}-{n}", name, group, values))
    columns = "protocol fold seed model clip class group probabilities".split()
    return pd.DataFrame(found, columns=columns)


HAND: list[Row] = [
    ("random", 1, "A", 1, 2, 0),
    ("random", 1, "A", 2, 1, 1),
    ("random", 1, "B", 1, 1, 0),  # seed 1: A 3 of 4, B 1 of 1, all 4 of 5; nothing of B's film 2
    ("random", 2, "A", 1, 1, 0),
    ("random", 2, "B", 2, 1, 1),  # seed 2: A 1 of 1, B 1 of 2, all 2 of 3
    ("group5", 1, "A", 1, 2, 2),
    ("group5", 1, "A", 2, 0, 4),
    ("group5", 1, "B", 1, 3, 1),
    ("group5", 1, "B", 2, 1, 3),  # A 2 of 8, B 4 of 8, all 6 of 16
]


def under(
    df: pd.DataFrame, model: str = "m", protocols: tuple[str, str] = ("random", "group5")
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """One model's rows under each protocol."""
    own = df[df["model"] == model]
    leaky, honest = (own[own["protocol"] == protocol] for protocol in protocols)
    return leaky, honest


def test_by_hand() -> None:
    found = leakage.meter(*under(table(HAND)), CLASSES)
    assert found.leaky.mean == pytest.approx((4 / 5 + 2 / 3) / 2)
    assert found.honest.mean == pytest.approx(6 / 16)
    assert found.overall.mean == pytest.approx((4 / 5 + 2 / 3) / 2 - 6 / 16)
    rows = leakage.by_class(*under(table(HAND)), CLASSES).set_index("class")
    assert list(rows.index) == CLASSES
    assert rows["leaky"].tolist() == pytest.approx([(3 / 4 + 1) / 2, (1 + 1 / 2) / 2])
    assert rows["honest"].tolist() == pytest.approx([2 / 8, 4 / 8])
    assert rows["difference"].tolist() == pytest.approx([0.625, 0.25])
    assert rows["clips_leaky"].tolist() == [4, 3]
    assert rows["clips_honest"].tolist() == [8, 8]
    # Each replicate holds one of a class's two films. A: film 1 leaky 1 (mean of 1 and 1), honest
    # 0.5; film 2 leaky 0.5 (seed 2 has none of it), honest 0. B: 1 - 0.75 and 0.5 - 0.25.
    assert (rows.loc["A", "low"], rows.loc["A", "high"]) == pytest.approx((0.5, 0.5))
    assert (rows.loc["B", "low"], rows.loc["B", "high"]) == pytest.approx((0.25, 0.25))


def test_one_draw_serves_both_protocols() -> None:
    df = table(HAND)
    weights = bootstrap_weights(strata(sources(df, CLASSES)))
    films = [(n, g) for n in CLASSES for g in (1, 2)]

    def accuracy(protocol: str, seed: int, drawn: np.ndarray) -> float:
        hits = clips = 0.0
        for p, s, name, group, right, wrong in HAND:
            if (p, s) == (protocol, seed):
                weight = drawn[films.index((name, group))]
                hits, clips = hits + weight * right, clips + weight * (right + wrong)
        return hits / clips if clips else np.nan

    differences = [
        np.nanmean([accuracy("random", seed, drawn) for seed in (1, 2)])
        - accuracy("group5", 1, drawn)
        for drawn in weights
    ]
    found = leakage.meter(*under(df), CLASSES).overall
    assert (found.lo, found.hi) == pytest.approx(interval(np.array(differences)))


def planted(leak: float, seed: int = 0) -> pd.DataFrame:
    """A model that is right on 60 % of films, and on `leak` of the others under `random`."""
    rng = np.random.default_rng(seed)
    rows: list[Row] = []
    films = [(name, group) for name in CLASSES for group in range(60)]
    known = {film: rng.uniform() < 0.6 for film in films}
    rows += [("group5", 1, *film, 4 * known[film], 4 * (not known[film])) for film in films]
    for number in range(3):
        for film in films:
            clips = rng.binomial(4, 0.25)
            right = clips if known[film] else rng.binomial(clips, leak)
            rows.append(("random", number, *film, int(right), int(clips - right)))
    return table(rows)


def test_a_planted_leak_is_measured() -> None:
    found = leakage.meter(*under(planted(0.5)), CLASSES).overall
    assert found.lo < 0.2 < found.hi  # half of the 40 % that it does not know
    assert found.lo > 0.1
    assert found.hi < 0.3


def test_without_a_leak_the_gap_holds_nothing() -> None:
    found = leakage.meter(*under(planted(0.0)), CLASSES)
    assert found.overall.lo <= 0 <= found.overall.hi
    # Its films are the same in both: paired, the difference varies less than either accuracy.
    width = found.overall.hi - found.overall.lo
    assert width < found.honest.hi - found.honest.lo


def test_a_protocol_against_itself_has_no_gap() -> None:
    found = leakage.meter(*under(table(HAND), protocols=("group5", "group5")), CLASSES)
    assert found.overall == stats.Estimate(0, 0, 0)
    by_class = leakage.by_class(*under(table(HAND), protocols=("group5", "group5")), CLASSES)
    assert by_class["difference"].tolist() == [0, 0]


def test_swapped_protocols_have_the_other_sign() -> None:
    one = leakage.meter(*under(table(HAND)), CLASSES)
    two = leakage.meter(*under(table(HAND), protocols=("group5", "random")), CLASSES)
    assert (two.leaky, two.honest) == (one.honest, one.leaky)
    assert two.overall.mean == pytest.approx(-one.overall.mean)
    assert (two.overall.lo, two.overall.hi) == pytest.approx((-one.overall.hi, -one.overall.lo))


def test_both_accuracies_are_those_of_the_summary(tmp_path: Path) -> None:
    made = study.read(make_study(tmp_path, classes=4, protocol=["group5", "random"], onnx=False))
    found = leakage.meter(*under(made.predictions, "lrcn"), made.classes)
    by_class = leakage.by_class(*under(made.predictions, "lrcn"), made.classes)
    # The synthetic `random` predicts every clip, so the source videos are the same there too.
    for protocol, estimate in (("random", found.leaky), ("group5", found.honest)):
        known = stats.summary(made.predictions, "lrcn", protocol, made.classes)
        assert estimate.mean == pytest.approx(known.accuracy.mean)
        assert (estimate.lo, estimate.hi) == pytest.approx((known.accuracy.lo, known.accuracy.hi))
        recall = by_class["leaky" if protocol == "random" else "honest"]
        assert recall.tolist() == pytest.approx([known.recall[n].mean for n in made.classes])
    mixed = made.predictions.sample(frac=1, random_state=2)
    assert leakage.meter(*under(mixed, "lrcn"), made.classes).overall == found.overall


def test_a_class_that_one_protocol_lacks_does_not_pass_for_a_leak() -> None:
    # B, always wrong, is only in group5: were it counted, A's equal recall would look like a leak.
    df = table(
        [
            ("random", 1, "A", 1, 1, 1),
            ("random", 1, "A", 2, 1, 1),
            ("group5", 1, "A", 1, 2, 2),
            ("group5", 1, "A", 2, 2, 2),
            ("group5", 1, "B", 1, 0, 4),
        ]
    )
    found = leakage.meter(*under(df), CLASSES)
    assert found.overall == stats.Estimate(0, 0, 0)
    row = leakage.by_class(*under(df), CLASSES).set_index("class").loc["B"]
    assert (row["honest"], row["clips_leaky"], row["clips_honest"]) == (0, 0, 4)
    assert row[["leaky", "difference", "low", "high"]].isna().all()


def test_one_film_of_a_class_has_no_interval() -> None:
    df = table(
        [("random", 1, "A", g, 1, 0) for g in (1, 2)]
        + [("random", 1, "B", 1, 1, 0), ("group5", 1, "B", 1, 1, 1)]
        + [("group5", 1, "A", g, 1, 1) for g in (1, 2)]
    )
    row = leakage.by_class(*under(df), CLASSES).set_index("class").loc["B"]
    assert row["difference"] == 0.5
    assert row[["low", "high"]].isna().all()


def test_what_cannot_be_measured() -> None:
    df = table(HAND)
    leaky, honest = under(df)
    for ask in (leakage.meter, leakage.by_class):
        with pytest.raises(ValueError, match="no predictions under the leaky protocol"):
            ask(leaky.iloc[:0], honest, CLASSES)
        with pytest.raises(ValueError, match="no predictions under the honest protocol"):
            ask(leaky, honest.iloc[:0], CLASSES)
    apart = table([("random", 1, "A", 1, 1, 0), ("group5", 1, "B", 1, 1, 0)])
    with pytest.raises(ValueError, match="no class has clips under both protocols"):
        leakage.meter(*under(apart), CLASSES)
