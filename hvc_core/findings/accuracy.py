"""Findings on who is right more often, by what, and in which classes.

May import: hvc_core.findings.matrix and .words, hvc_core.splits, hvc_core's statistics.
"""

from __future__ import annotations

from collections.abc import Sequence

from hvc_core.findings.matrix import LIKE_FOR_LIKE, OF_THE_CNN, OVER_TIME, in_more_than_one_part
from hvc_core.findings.words import Finding, listed, percent, points, title
from hvc_core.splits import GROUPED, SAME
from hvc_core.statistics import paired, stats
from hvc_core.statistics import verdict as verdict_of
from hvc_core.study import Study


def winner(of: Study, protocol: str) -> Finding:
    """The headline pair, under every protocol by group that has both."""
    a, b = of.headline
    titles = {name: title(of, name) for name in (a, b)}
    asked = [p for p in of.protocols if p in GROUPED and of.has(a, p) and of.has(b, p)]
    said = {
        p: verdict_of.verdict(of.predictions, a, b, p, of.classes, titles)
        for p in dict.fromkeys([protocol, *asked])
    }
    first = said[protocol]
    lead, ends = abs(first.difference or 0), first.interval or (0.0, 0.0)
    if first.winner is None:
        claim = f"Between {titles[a]} and {titles[b]} this study cannot tell which is better."
        changes = "More source videos, or more seeds: the interval shrinks with both."
    else:
        other = b if first.winner == a else a
        where = "On source videos that trained neither, " if protocol in GROUPED else ""
        claim = (
            f"{where}{titles[first.winner]} beats {titles[other]} by {100 * lead:.0f} points of "
            "accuracy."
        )
        changes = (
            f"A lead of these two under {100 * (ends[1] - ends[0]) / 2:.0f} points could not be "
            "told from chance with this many source videos."
        )
        if in_more_than_one_part(a, b):
            changes += (
                " The two differ in more than one part, so the lead is not owed to what looks "
                "over time alone."
            )
    numbers = [one.sentence for one in said.values()]
    numbers += [
        f"Protocol {p} is a fold of {protocol}, so no second witness."
        for p in asked
        if SAME.get((p, 0), ("", 0))[0] == protocol
    ]
    for name in (a, b):
        found = stats.summary(of.predictions, name, protocol, of.classes)
        numbers.append(
            f"{titles[name]}: accuracy {percent(found.accuracy)}, macro F1 "
            f"{percent(found.f1_macro)}, under {protocol}."
        )
    return Finding(claim, tuple(numbers), changes, "overview")


def like_for_like(of: Study, protocol: str) -> Finding | None:
    """The two families on the same footing, where the headline pair is not."""
    pairs = [
        (a, b, what) for a, b, what in LIKE_FOR_LIKE if of.has(a, protocol) and of.has(b, protocol)
    ]
    if not pairs or not in_more_than_one_part(*of.headline):
        return None
    claims, numbers = [], []
    for a, b, what in pairs:
        titles = {name: title(of, name) for name in (a, b)}
        found = verdict_of.verdict(of.predictions, a, b, protocol, of.classes, titles)
        numbers.append(found.sentence)
        if found.winner is None:
            claims.append(f"{what} no difference can be shown")
        else:
            family = "LRCN" if found.winner == a else "ConvLSTM"
            claims.append(f"{what} {family} leads by {100 * abs(found.difference or 0):.1f} points")
    return Finding(
        f"LRCN and ConvLSTM like for like: {'; '.join(claims)}.",
        tuple(numbers),
        "More source videos; and settings tried for these models too, which take those of the "
        "headline pair.",
        "overview",
    )


def causes(of: Study, protocol: str) -> Finding | None:
    """What the gap is owed to: the part over time, or the CNN before it."""
    found = {
        kind: [
            (a, b, what, paired.decide(of.predictions, a, b, protocol, of.classes))
            for a, b, what in pairs
            if of.has(a, protocol) and of.has(b, protocol)
        ]
        for kind, pairs in (("time", OVER_TIME), ("cnn", OF_THE_CNN))
    }
    if not found["time"] and not found["cnn"]:
        return None
    claim = _owed([d for *_, d in found["time"]], [d for *_, d in found["cnn"]])
    numbers = []
    for a, b, what, decided in (*found["time"], *found["cnn"]):
        sure = "one cannot tell" if decided.winner is None else f"{title(of, decided.winner)} wins"
        numbers.append(
            f"{title(of, a)} against {title(of, b)} ({what}): {points(decided.accuracy)} on "
            f"{decided.found.clips:,} clips; {sure}."
        )
    named = dict.fromkeys(m for a, b, _ in (*OVER_TIME, *OF_THE_CNN) for m in (a, b))
    absent = [title(of, m) for m in named if m in of.models and not of.has(m, protocol)]
    if absent:
        numbers.append(f"Not run under {protocol}: {listed(absent)}.")
    return Finding(
        claim,
        tuple(numbers),
        "Actions that differ in the order of their moments alone (sitting down, standing up), and "
        "longer clips. Another recipe for a model whose settings were not tried, and more than one "
        "training each. The pretrained CNN comes with larger images, another recipe and a motion "
        "stream: its effect is that of all of them. What a part moves at most is the far end of "
        "its widest interval.",
        "conditions",
    )


def _owed(time: Sequence[paired.Decision], cnn: Sequence[paired.Decision]) -> str:
    """What a gap is owed to, where the largest effect of one part lies clear of all the other's.

    An effect counts where one of its two models wins by `paired.RULE`; the other part's are taken
    at the far ends of their intervals.
    """
    if not time or not cnn:
        return "What the gap is owed to cannot be told: pairs that differ in one part were not run."

    def largest(decisions: Sequence[paired.Decision]) -> stats.Estimate | None:
        won = [_size(d.accuracy) for d in decisions if d.winner is not None]
        return max(won, key=lambda e: e.mean, default=None)

    def most(decisions: Sequence[paired.Decision]) -> float:
        return max(_size(d.accuracy).hi for d in decisions)

    by_cnn, by_time = largest(cnn), largest(time)
    if by_cnn and by_cnn.lo > most(time):
        return (
            "What sees the frames (the CNN, its pretraining, its motion stream) decides more than "
            "what sums them up over time: the largest change of the first moves accuracy by "
            f"{_span(by_cnn)} points, none of the second by more than {100 * most(time):.0f}."
        )
    if by_time and by_time.lo > most(cnn):
        return (
            "What sums the frames up over time decides more than what sees them: the largest "
            f"change of the first moves accuracy by {_span(by_time)} points, none of the second by "
            f"more than {100 * most(cnn):.0f}."
        )
    return (
        "Whether the gap is owed to what sees the frames or to what sums them up over time cannot "
        "be told: the largest effects of the two do not lie clear of each other."
    )


def _size(of: stats.Estimate) -> stats.Estimate:
    """A difference without its sign."""
    low, high = sorted((abs(of.lo), abs(of.hi)))
    return stats.Estimate(abs(of.mean), 0.0 if of.lo <= 0 <= of.hi else low, high)


def _span(of: stats.Estimate) -> str:
    return f"{100 * of.mean:.0f} ({100 * of.lo:.0f} to {100 * of.hi:.0f})"


def by_class(of: Study, protocol: str) -> Finding:
    """In which classes the headline pair differs beyond chance, and which are hard for both."""
    a, b = of.headline
    tests = paired.per_class(of.predictions, a, b, protocol, of.classes)
    tests = tests[tests["clips"] > 0]
    sure = tests[tests["p_holm"] < paired.ALPHA]
    better = tests.assign(best=tests[["a_recall", "b_recall"]].max(axis=1)).sort_values("best")
    hard = better.head(3)
    claim = (
        f"{len(sure)} of {len(tests)} classes differ between {title(of, a)} and {title(of, b)} "
        f"beyond chance; even the better of the two does worst in {hard['class'].iloc[0]}."
    )
    test = f"whole source videos flipped, Holm's correction, under {protocol}"
    ahead = sum(sure["difference"] > 0)
    numbers = [
        f"In {ahead} of the {len(sure)}, {title(of, b)} is ahead, in {len(sure) - ahead} "
        f"{title(of, a)} ({test})."
        if len(sure)
        else f"In none is one ahead of the other ({test})."
    ]
    numbers += [
        f"{row['class']}: recall {percent(row['a_recall'])} ({title(of, a)}) and "
        f"{percent(row['b_recall'])} ({title(of, b)})."
        for _, row in hard.iterrows()
    ]
    return Finding(
        claim,
        tuple(numbers),
        "More source videos a class: with few of them even all on one side may be chance.",
        "classes",
    )
