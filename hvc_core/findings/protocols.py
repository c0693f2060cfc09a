"""Findings on what the usual protocol hides: the leak, copies, films, seeds.

May import: hvc_core.findings.words, hvc_core's statistics.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from hvc_core import splits
from hvc_core.findings.words import Finding, listed, percent, points, title
from hvc_core.statistics import leakage, lottery, siblings, spread, stats
from hvc_core.statistics.lottery import PLAYED_NOTE
from hvc_core.study import Study


def leak(of: Study) -> Finding | None:
    """What a random split of the clips adds to each model."""
    both = [m for m in of.models if of.has(m, "random") and of.has(m, "group5")]
    if not both:
        return None
    meters = {
        m: leakage.meter(of.rows("random", m), of.rows("group5", m), of.classes) for m in both
    }
    gaps = {m: found.overall.mean for m, found in meters.items()}
    low, high = min(gaps, key=lambda m: gaps[m]), max(gaps, key=lambda m: gaps[m])
    certain = [m for m, found in meters.items() if found.overall.lo > 0]
    if len(certain) == len(meters):
        which = "every model" if len(both) == len(of.models) else f"all {len(both)} models run so"
        claim = (
            f"A random split of the clips flatters {which}: {title(of, low)} by "
            f"{100 * gaps[low]:.0f} points, {title(of, high)} by {100 * gaps[high]:.0f}."
        )
    else:
        claim = f"A random split of the clips flatters {len(certain)} of {len(meters)} models."
    numbers = [
        f"{title(of, m)}: {percent(_accuracy(of, m, 'random'))} at random, "
        f"{percent(_accuracy(of, m, 'group5'))} by group: {points(found.overall)}."
        for m, found in meters.items()
    ]
    a, b = of.headline
    if a in meters and b in meters:
        random, group = (
            stats.difference(of.predictions, b, a, protocol, of.classes).accuracy
            for protocol in ("random", "group5")
        )
        numbers.append(
            f"{title(of, b)} minus {title(of, a)}: {points(random)} at random, {points(group)} by "
            "group."
        )
    absent = [title(of, m) for m in of.models if m not in meters]
    if absent:
        numbers.append(f"Not run under both: {listed(absent)}.")
    return Finding(
        claim,
        tuple(numbers),
        "A data set with one clip a source video: there the two splits are the same.",
        "leakage",
    )


def _accuracy(of: Study, model: str, protocol: str) -> stats.Estimate:
    return stats.summary(of.predictions, model, protocol, of.classes).accuracy


def copies(of: Study, protocol: str) -> Finding | None:
    """What the audit found across groups, and what it leaves."""
    if of.audit is None:
        return None
    pairs = of.audit["pairs"]
    same = sum(bool(pair["identical"]) for pair in pairs)
    names = [(pair["a"], pair["b"]) for pair in pairs]
    linked = siblings.links(names, siblings.sources_of(of.predictions))
    kinds = {name for link in linked for name, _ in link}
    return Finding(
        f"A split by group does not see everything: {len(pairs)} pairs of clips of different "
        "source videos show the same film."
        if pairs
        else "No clip of one source video is a copy of one of another.",
        (
            f"{same} of them byte for byte; of {of.audit['clips']:,} clips, in "
            f"{len(kinds)} of {len(of.classes)} classes; they link {len(linked)} "
            f"pair{'' if len(linked) == 1 else 's'} of source videos.",
            f"{str(of.audit['method']).rstrip('.')}.",
            "The protocols by group leave such a clip out of training and validation where its "
            "twin is tested; pairs of a training and a validation clip stay.",
            *_siblings(of, protocol, names),
        ),
        "A stricter or a laxer threshold: the share of frames that must agree. And copies that "
        "look different, such as mirrored ones, are not looked for.",
        "leakage",
    )


def _siblings(of: Study, protocol: str, pairs: siblings.Pairs) -> list[str]:
    """What the clips change whose film trained by way of a twin's siblings."""
    rows = of.predictions[of.predictions["protocol"] == protocol]
    one = rows[(rows["model"] == of.headline[0]) & (rows["seed"] == rows["seed"].min())]
    if protocol not in splits.GROUPED or not pairs or not len(one):
        return []
    cells = of.validation.merge(one[["protocol", "seed", "model"]].drop_duplicates())
    found = siblings.trained(one, cells, pairs)
    if not found:
        return []
    without = dataclasses.replace(of, predictions=rows[~rows["clip"].isin(found)])
    said = [f"{title(of, m)} {percent(_accuracy(without, m, protocol))}" for m in of.headline]
    return [
        "A twin's siblings, other clips of its source video, are not left out: of the "
        f"{one['clip'].nunique():,} clips tested under {protocol}, {len(found)} have such a clip "
        f"in training. Without those, accuracy is {listed(said)}."
    ]


def films(of: Study, protocol: str) -> Finding:
    """How much wider an honest interval is than the naive one; films against seeds."""
    found = {
        m: spread.spread(of.predictions, m, protocol, of.classes)
        for m in of.models
        if of.has(m, protocol)
    }
    effects = {m: one.design_effect for m, one in found.items() if one.design_effect}
    numbers = [
        f"{title(of, m)}, one seed: {percent(one.first)}, as if clips were "
        f"independent {100 * one.wilson[0]:.1f} to {100 * one.wilson[1]:.1f}, source videos "
        f"resampled {100 * one.grouped[0]:.1f} to {100 * one.grouped[1]:.1f}."
        for m, one in found.items()
        if m in of.headline
    ]
    seeds = [
        (m, p, s)
        for p in of.protocols
        if p in splits.GROUPED
        for m in of.models
        if of.has(m, p)
        and (s := spread.spread(of.predictions, m, p, of.classes)).seed_sd is not None
    ]
    numbers += [
        f"{title(of, m)} under {p}: with another seed (first weights, validation clips) accuracy "
        f"moves by {100 * (s.seed_sd or 0):.1f} "
        f"points (standard deviation of {len(s.by_seed)} seeds); with other films by "
        f"{100 * s.source_se:.1f}."
        for m, p, s in seeds
    ]
    low, high = min(effects.values(), default=1.0), max(effects.values(), default=1.0)
    wider = f"{low**0.5:.1f} to {high**0.5:.1f} times"
    return Finding(
        "Clips of one film are worth less than as many of other films: the honest interval is "
        f"{wider} as wide as the naive one."
        if low > 1
        else f"The honest interval is {wider} as wide as the naive one.",
        tuple(numbers),
        "A data set with more source videos and fewer clips of each.",
        "sure",
    )


def lottery_of(tickets: Study | None, published: Mapping[str, float]) -> Finding | None:
    """Where the published figures lie among the seeds of their recipe."""
    names = [m for m in published if tickets and m in tickets.models and tickets.has(m, "random")]
    if tickets is None or not names:
        return None
    numbers, ranges = [], []
    for m in names:
        found = lottery.lottery(tickets.predictions, m, published[m], tickets.classes)
        values = sorted(found.by_seed.values())
        ranges.append(100 * (values[-1] - values[0]))
        numbers.append(
            f"{title(tickets, m)}: {percent(values[0])} to {percent(values[-1])} over "
            f"{len(values)} seeds, standard deviation {100 * found.deviation:.1f} points, of which "
            f"drawing {found.clips} test clips alone gives {100 * found.of_clips:.1f}; the "
            f"published {percent(published[m], 2)} lies {found.words}."
        )
    return Finding(
        "Another seed (another split, other first weights) moves the seed study's kind of figure "
        f"by {max(ranges):.0f} points.",
        (
            *numbers,
            f"The recipe on a stand-in: {', '.join(tickets.classes)}, "
            f"{tickets.meta['dataset']['clips']} clips, split at random. {PLAYED_NOTE}",
        ),
        "The seed study's own classes: with the full UCF50 `training/recipes/seed_study.toml` "
        "repeats it as it was.",
        "leakage",
    )
