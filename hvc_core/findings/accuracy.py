"""Findings on who is right more often, by what, and in which classes.

May import: hvc_core.findings.words, hvc_core's statistics.
"""

from __future__ import annotations

from hvc_core.findings.words import Finding, has, listed, percent, points, title
from hvc_core.splits import GROUPED
from hvc_core.statistics import paired, stats
from hvc_core.statistics import verdict as verdict_of
from hvc_core.study import Study

# What differs between two models of the matrix, and nothing else: (with it, without it, what)
OVER_MEAN = (
    ("lrcn", "mean", "an LSTM in place of the mean over time, pretrained CNN"),
    ("lrcn-frozen", "mean-frozen", "the same, CNN left as ImageNet trained it"),
    ("lrcn-scratch", "mean-scratch", "the same, small CNN from scratch"),
)
OVER_TIME = (
    *OVER_MEAN,
    ("lrcn", "convlstm-pretrained", "an LSTM in place of a ConvLSTM, pretrained CNN"),
)
OF_THE_CNN = (
    ("lrcn", "lrcn-scratch", "a pretrained CNN in place of a small one from scratch, with LSTM"),
    ("mean", "mean-scratch", "the same, with the mean over time"),
    ("lrcn", "lrcn-frozen", "fine-tuning the CNN's last blocks, with LSTM"),
)


def winner(of: Study, protocol: str) -> Finding:
    """The headline pair, under every protocol by group that has both."""
    a, b = of.headline
    titles = {name: title(of, name) for name in (a, b)}
    asked = [p for p in of.protocols if p in GROUPED and has(of, a, p) and has(of, b, p)]
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
        where = "On films that neither saw, " if protocol in GROUPED else ""
        claim = (
            f"{where}{titles[first.winner]} beats {titles[other]} by {100 * lead:.0f} points of "
            "accuracy."
        )
        changes = (
            f"A lead under {100 * (ends[1] - ends[0]) / 2:.0f} points could not be told from "
            "chance with this many source videos. The two differ in more than the part that looks "
            "over time: see the next finding before you credit that."
        )
    numbers = [one.sentence for one in said.values()]
    for name in (a, b):
        found = stats.summary(of.predictions, name, protocol, of.classes)
        numbers.append(
            f"{titles[name]}: accuracy {percent(found.accuracy)}, macro F1 "
            f"{percent(found.f1_macro)}, under {protocol}."
        )
    return Finding(claim, tuple(numbers), changes, "overview")


def causes(of: Study, protocol: str) -> Finding | None:
    """What the gap is owed to: the part over time, or the CNN before it."""
    found = {
        kind: [
            (a, b, what, paired.decide(of.predictions, a, b, protocol, of.classes))
            for a, b, what in pairs
            if has(of, a, protocol) and has(of, b, protocol)
        ]
        for kind, pairs in (("time", OVER_TIME), ("cnn", OF_THE_CNN))
    }
    if not found["time"] and not found["cnn"]:
        return None
    most = {
        kind: max((abs(d.accuracy.mean) for *_, d in rows), default=None)
        for kind, rows in found.items()
    }
    time, cnn = most["time"], most["cnn"]
    if time is None or cnn is None:
        claim = "What the gap is owed to can be told in part: not every pair was run."
    elif cnn > time:
        claim = (
            "What looks at each frame decides, not what looks over time: changing the CNN moves "
            f"accuracy by up to {100 * cnn:.0f} points, changing the part over time by "
            f"{100 * time:.0f} at most."
        )
    else:
        claim = (
            "What looks over time decides: changing it moves accuracy by up to "
            f"{100 * time:.0f} points, changing the CNN by {100 * cnn:.0f} at most."
        )
    numbers = []
    for a, b, what, decided in (*found["time"], *found["cnn"]):
        sure = "one cannot tell" if decided.winner is None else f"{title(of, decided.winner)} wins"
        numbers.append(
            f"{title(of, a)} against {title(of, b)} ({what}): {points(decided.accuracy)} on "
            f"{decided.found.clips:,} clips; {sure}."
        )
    named = dict.fromkeys(m for a, b, _ in (*OVER_TIME, *OF_THE_CNN) for m in (a, b))
    absent = [title(of, m) for m in named if m in of.models and not has(of, m, protocol)]
    if absent:
        numbers.append(f"Not run under {protocol}: {listed(absent)}.")
    return Finding(
        claim,
        tuple(numbers),
        "Actions that differ in their order of moments alone (sitting down, standing up): these "
        "classes can mostly be told from what is in the picture. And longer clips than "
        "20 moments.",
        "sure",
    )


def by_class(of: Study, protocol: str) -> Finding:
    """In which classes the headline pair differs for sure, and which are hard for both."""
    a, b = of.headline
    tests = paired.per_class(of.predictions, a, b, protocol, of.classes)
    tests = tests[tests["clips"] > 0]
    sure = tests[tests["p_holm"] < paired.ALPHA]
    better = tests.assign(best=tests[["a_recall", "b_recall"]].max(axis=1)).sort_values("best")
    hard = better.head(3)
    claim = (
        f"{len(sure)} of {len(tests)} classes differ for sure between {title(of, a)} and "
        f"{title(of, b)}; the hardest for both is {hard['class'].iloc[0]}."
    )
    ahead = sum(sure["difference"] > 0)
    numbers = [
        f"In {ahead} of the {len(sure)}, {title(of, b)} is ahead, in {len(sure) - ahead} "
        f"{title(of, a)} (whole source videos flipped, Holm's correction, under {protocol})."
    ]
    numbers += [
        f"{row['class']}: recall {percent(row['a_recall'])} and {percent(row['b_recall'])}."
        for _, row in hard.iterrows()
    ]
    return Finding(
        claim,
        tuple(numbers),
        "More source videos a class: with n of them no corrected p is under "
        f"{len(tests)} x 2 / 2^n.",
        "classes",
    )
