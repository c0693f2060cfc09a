"""Findings: their sentences say what the tables say, the other way round too, and nothing not run.

May import: numpy, pandas, pytest, hvc_core, tests.support.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from hvc_core import findings, markdown, study
from hvc_core.findings import accuracy, behaviour, expense, protocols
from hvc_core.findings.words import points
from hvc_core.statistics import paired, siblings, stats
from hvc_core.statistics.stats import Estimate
from tests.support.studies import make_study

EVERY = ("holdout", "group5", "random")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> study.Study:
    folder = tmp_path_factory.mktemp("findings") / "study"
    return study.read(make_study(folder, models=4, protocol=EVERY, evidence=True))


def test_every_finding_has_a_claim_numbers_a_condition_and_a_page(made, root):
    found = findings.findings(made)
    assert len(found) >= 10
    for one in found:
        assert one.claim.endswith(".") and one.changes.endswith(".")
        assert one.numbers and all(line.endswith(".") for line in one.numbers)
        assert any(c.isdigit() for line in one.numbers for c in line)
        assert "nan" not in " ".join((one.claim, *one.numbers))
        assert (root / "dashboard" / "app_pages" / f"{one.page}.py").exists()
    assert len({one.claim for one in found}) == len(found)


def test_it_speaks_of_the_largest_protocol_by_group(made):
    assert findings.main_protocol(made) == "group5"
    random = dataclasses.replace(
        made, predictions=made.predictions[made.predictions["protocol"] == "random"]
    )
    assert findings.main_protocol(random) == "random"
    alone = dataclasses.replace(
        made, predictions=made.predictions[made.predictions["model"] != "lrcn"]
    )
    assert findings.main_protocol(alone) is None
    assert findings.findings(alone) == []


def test_the_winner_is_the_verdicts_and_swapped_where_the_answers_are(made):
    a, b = made.headline
    said = accuracy.winner(made, "group5")
    decided = paired.decide(made.predictions, a, b, "group5", made.classes)
    assert decided.winner == "lrcn"
    lead = f"{100 * abs(decided.accuracy.mean):.0f} points"
    assert (
        said.claim
        == f"On source videos that trained neither, LRCN beats ConvLSTM by {lead} of accuracy."
    )
    names = {"lrcn": "convlstm", "convlstm": "lrcn"}
    swapped = dataclasses.replace(
        made, predictions=made.predictions.assign(model=made.predictions["model"].replace(names))
    )
    assert f"ConvLSTM beats LRCN by {lead}" in accuracy.winner(swapped, "group5").claim
    one = made.predictions[made.predictions["model"] == "lrcn"]
    twins = made.predictions[made.predictions["model"] == "convlstm"].assign(
        probabilities=lambda df: one["probabilities"].to_numpy()[: len(df)]
    )
    same = dataclasses.replace(made, predictions=pd.concat([one, twins]))
    assert "cannot tell which is better" in accuracy.winner(same, "group5").claim


def decision(mean: float, half: float, winner: str | None = "a") -> paired.Decision:
    """A decision whose difference in accuracy has that interval."""
    found = Estimate(mean, mean - half, mean + half)
    return paired.Decision(winner, 3, found, found, 0.01, [], (), None)  # type: ignore[arg-type]


def test_a_gap_is_owed_to_the_part_whose_effect_lies_clear_of_the_others():
    small, large = decision(-0.03, 0.05, None), decision(0.40, 0.05)
    said = accuracy._owed([small], [large])
    assert "the largest change of the first moves accuracy by 40 (35 to 45) points" in said
    assert "none of the second by more than 8" in said and said.startswith("What sees")
    assert accuracy._owed([large], [small]).startswith(
        "What sums the frames up over time decides more"
    )
    # The largest does not lie clear of what the other's may be; or nobody wins at all.
    for time, cnn in ((decision(0.3, 0.08), large), (small, decision(0.02, 0.01, None))):
        assert "cannot be told" in accuracy._owed([time], [cnn])
        assert "cannot be told" in accuracy._owed([cnn], [time])
    assert "were not run" in accuracy._owed([], [large])


def headed(of: study.Study, a: str, b: str) -> study.Study:
    """The study with another headline pair."""
    return dataclasses.replace(of, meta={**of.meta, "headline": [a, b]})


def test_a_part_is_named_only_where_the_pair_differs_in_more(made):
    one = headed(made, "convlstm", "lrcn")
    assert "differ in more than one part" in accuracy.winner(one, "group5").changes
    two = headed(made, "lrcn", "lrcn-scratch")
    assert "differ in more than one part" not in accuracy.winner(two, "group5").changes


def test_the_families_are_told_apart_on_the_same_footing(made):
    said = accuracy.like_for_like(made, "group5")
    assert said is not None
    pairs = [("lrcn", "convlstm-pretrained"), ("lrcn-scratch", "convlstm")]
    assert len(said.numbers) == len(pairs)
    for (a, b), sentence in zip(pairs, said.numbers, strict=True):
        decided = paired.decide(made.predictions, a, b, "group5", made.classes)
        lead = f"{100 * abs(decided.accuracy.mean):.1f} points"
        if decided.winner is None:
            assert sentence.startswith("Cannot tell")
        else:
            family = "LRCN" if decided.winner == a else "ConvLSTM"
            assert f"{family} leads by {lead}" in said.claim
    alone = made.predictions[made.predictions["model"].isin(["lrcn", "convlstm"])]
    assert accuracy.like_for_like(dataclasses.replace(made, predictions=alone), "group5") is None
    # Of a headline pair on the same footing already there is nothing more to say.
    assert accuracy.like_for_like(headed(made, *pairs[0]), "group5") is None


def test_no_class_that_differs_is_said_so(made):
    same = headed(made, "lrcn", "lrcn")
    said = accuracy.by_class(same, "group5")
    assert said.claim.startswith("0 of ")
    assert said.numbers[0].startswith("In none is one ahead of the other")


def out_of_order(of: study.Study) -> findings.Finding:
    asked = behaviour.asked(of)
    assert asked is not None
    said = behaviour.time(of, asked)
    assert said is not None
    return said


def test_order_that_helps_and_order_that_harms_are_told_apart(made):
    """Answers taken from the clean clips and from another model's."""
    rows = made.conditions[made.conditions["condition"] == "shuffled"]
    key = ["protocol", "fold", "seed", "model", "clip"]
    clean = rows.drop(columns="probabilities").merge(
        made.predictions[[*key, "probabilities"]], on=key
    )
    said = out_of_order(dataclasses.replace(made, conditions=clean))
    assert said.claim.startswith("To none of 4 models can the order of the frames be told")
    assert "the smallest p is 1.000, corrected 1.000" in said.numbers[-2]
    first = np.eye(len(made.classes))[0]
    wrong = rows.assign(probabilities=[first] * len(rows))
    said = out_of_order(dataclasses.replace(made, conditions=wrong))
    assert said.claim.startswith("The order of the frames matters to ")
    assert "test clips of holdout, seed" in said.numbers[-1]
    # Clean answers that are all wrong, shuffled ones as they were: out of order is better.
    worse = made.predictions.assign(probabilities=[first] * len(made.predictions))
    said = out_of_order(dataclasses.replace(made, predictions=worse, conditions=clean))
    assert said.claim.startswith("To none of 4 models is the order of the frames of use. Out of")


def test_a_model_that_is_as_sure_as_right_is_not_called_too_sure():
    assert behaviour._sureness("M", Estimate(0.01, -0.02, 0.04)) == (
        "M is on average about as sure as it is right"
    )
    assert "too sure by 5 points (2 to 9)" in behaviour._sureness("M", Estimate(0.05, 0.02, 0.09))
    modest = behaviour._sureness("M", Estimate(-0.11, -0.13, -0.09))
    assert "too modest by 11 points (9 to 13)" in modest


def test_a_temperature_that_harms_is_said_to(made):
    said = behaviour.confidence(made, "group5")
    values = np.stack(made.predictions["probabilities"].tolist())
    # Validation clips whose answers are far surer than those of the tested ones, and all right.
    sure = made.validation.assign(
        probabilities=[np.eye(len(made.classes))[made.classes.index(c)] * 0.6 + 0.4 / len(c_s)
                       for c, c_s in zip(made.validation["class"], values, strict=False)]
    )  # fmt: skip
    worse = behaviour.confidence(dataclasses.replace(made, validation=sure), "group5")
    assert "The temperature makes the log-likelihood of " in worse.numbers[-1]
    assert not any("log-likelihood of" in line for line in said.numbers)


def test_clips_whose_film_trained_are_counted_and_left_out(tmp_path):
    folder = make_study(
        tmp_path / "study", clips_per_group=2, protocol="group5", evidence=True, onnx=False
    )
    of = study.read(folder)
    assert of.audit is not None
    twins = {"a": "v_Basketball_g01_c01", "b": "v_Basketball_g02_c01"}  # of two folds
    of = dataclasses.replace(of, audit={**of.audit, "pairs": [{**of.audit["pairs"][0], **twins}]})
    said = protocols.copies(of, "group5")
    assert said is not None
    assert "they link 1 pair of source videos." in said.numbers[0]
    own = of.predictions[of.predictions["model"] == of.headline[0]]
    own = own[own["seed"] == own["seed"].min()]
    found = siblings.trained(own, of.validation.head(0), [(twins["a"], twins["b"])])
    assert len(found) == 4
    assert f", {len(found)} have such a clip in training." in said.numbers[-1]
    left = of.predictions[~of.predictions["clip"].isin(found)]
    for m in of.headline:
        value = stats.summary(left, m, "group5", of.classes).accuracy.mean
        assert f"{of.models[m]['title']} {100 * value:.1f} %" in said.numbers[-1]
    random = protocols.copies(of, "random")
    assert random is not None and random.numbers == said.numbers[:-1]


def test_the_best_at_unknown_clips_is_named_only_where_it_stands_clear(made, monkeypatch):
    def told(*estimates: Estimate) -> str:
        left = iter([*estimates, *[None] * len(made.models)])
        monkeypatch.setattr(behaviour.unknown, "known_from_unknown", lambda *_: next(left))
        said = behaviour.unknowns(made)
        assert said is not None
        return said.claim

    assert "notices best" in told(Estimate(0.9, 0.85, 0.95), Estimate(0.6, 0.5, 0.7))
    assert "cannot be told" in told(Estimate(0.9, 0.85, 0.95), Estimate(0.85, 0.8, 0.9))
    assert told(Estimate(0.55, 0.45, 0.65)).startswith("No model can be told")


def test_what_was_not_run_is_not_spoken_of_but_named(made):
    rows = made.predictions
    less = dataclasses.replace(
        made,
        predictions=rows[(rows["model"] != "convlstm-pretrained") | (rows["protocol"] != "group5")],
        conditions=rows.head(0),
        unseen=rows.head(0),
        audit=None,
    )
    assert behaviour.asked(less) is behaviour.unknowns(less) is None
    assert protocols.copies(less, "group5") is None
    assert protocols.lottery_of(None, {}) is None
    causes = accuracy.causes(less, "group5")
    assert causes is not None
    assert causes.numbers[-1] == "Not run under group5: ConvLSTM (pretrained)."
    leak = protocols.leak(less)
    assert leak is not None and leak.numbers[-1] == "Not run under both: ConvLSTM (pretrained)."
    only = dataclasses.replace(made, predictions=rows[rows["protocol"] == "group5"])
    assert protocols.leak(only) is None


def test_the_lottery_places_the_published_figure(tmp_path):
    tickets = study.read(make_study(tmp_path / "t", models=3, protocol="random", seeds=3))
    said = protocols.lottery_of(tickets, {"convlstm": 0.01, "lrcn-scratch": 0.99})
    assert said is not None
    assert "the published 1.00 % lies below all 3 seeds" in said.numbers[0]
    values = [
        stats.summary(tickets.predictions, m, "random", tickets.classes).accuracy_by_seed
        for m in ("convlstm", "lrcn-scratch")
    ]
    widest = max(100 * (max(v) - min(v)) for v in values)
    assert f"by {widest:.0f} points" in said.claim


def test_the_flip_of_sizes_by_hand(made):
    def sized(**parts: tuple[int, int]) -> study.Study:
        models = {
            name: {"parameters": {"body": body, "head": head}}
            for name, (body, head) in parts.items()
        }
        return dataclasses.replace(made, cost={**made.cost, "models": models})

    # 15 classes: 100 + 10 n against 1000 + n, equal at n = 100
    flips = expense.head_sizes(sized(convlstm=(100, 150), lrcn=(1000, 15)))
    assert flips is not None
    assert "up to 100 it is ConvLSTM, beyond that LRCN" in flips.claim
    assert "50 classes: ConvLSTM 600, LRCN 1,050 parameters." in flips.numbers
    assert expense.head_sizes(sized(convlstm=(100, 150), lrcn=(1000, 150))) is None
    assert expense.head_sizes(sized(convlstm=(100, 150), lrcn=(101, 15))) is None


def test_work_that_is_nearly_the_same_is_not_a_ratio(made):
    def asks(a: float, b: float) -> str:
        models = {
            name: {"multiply_adds_per_clip": value}
            for name, value in zip(made.headline, (a, b), strict=True)
        }
        said = expense.work(dataclasses.replace(made, cost={**made.cost, "models": models}))
        assert said is not None
        return said.claim

    assert asks(100, 102) == "ConvLSTM and LRCN ask about the same work."
    assert asks(100, 130) == "LRCN asks 1.3 times the work of ConvLSTM."
    assert asks(3500, 100) == "ConvLSTM asks 35 times the work of LRCN."


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (Estimate(0.0321, 0.0101, 0.0539), "+3.2 points (+1.0 to +5.4)"),
        (Estimate(-0.0001, -0.02, -0.0), "+0.0 points (-2.0 to +0.0)"),
    ],
)
def test_differences_in_words(value, said):
    assert points(value) == said


def test_the_matrix_says_what_was_not_run_and_how_seeds_spread(made):
    rows = made.predictions
    gone = (rows["model"] == "lrcn-scratch") & (rows["protocol"] == "random")
    part = (rows["model"] == "convlstm") & (rows["protocol"] == "group5") & (rows["fold"] > 1)
    meta = {
        **made.meta,
        "recipe": {"protocols": {p: {"models": {m: [1, 2] for m in made.models}} for p in EVERY}},
    }
    of = dataclasses.replace(made, meta=meta, predictions=rows[~gone & ~part])
    lines = markdown.matrix(of).splitlines()
    assert lines[0].startswith("| model | `group5` | `holdout` |")
    table = {line.split("|")[1].strip(): line for line in lines[2:]}
    assert "not run (0 of 2 cells)" in table["LRCN from scratch, `lrcn-scratch`"]
    assert "4 of 10 cells" in table["ConvLSTM, `convlstm`"]
    found = stats.summary(of.predictions, "lrcn", "holdout", of.classes)
    moves = np.std(found.accuracy_by_seed, ddof=1)
    assert f"**, 2 seeds ± {100 * moves:.1f}" in table["LRCN, `lrcn`"]


def test_findings_fill_a_page(made):
    text = f"# A\n\n<!-- {made.name} findings -->\n<!-- / -->\n"
    filled = markdown.fill(text, made)
    claims = [one.claim for one in findings.findings(made)]
    assert markdown.claims(made).splitlines()[1] == f"2. {claims[1]}"
    assert all(f"**{claim}**" in filled for claim in claims)
    assert filled.count("*What would change it:*") == len(claims)
    assert markdown.fill(filled, made) == filled
