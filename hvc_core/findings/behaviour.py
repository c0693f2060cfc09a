"""Findings on what models do with disturbed and unknown clips, and how far to trust them.

May import: hvc_core.findings.words, .robustness, .conditions, .calibration, .temperature, .unknown.
"""

from __future__ import annotations

import pandas as pd

from hvc_core.conditions import CONDITIONS
from hvc_core.findings.words import Finding, has, listed, percent, points, title
from hvc_core.statistics import calibration, robustness, temperature, unknown
from hvc_core.statistics.stats import Estimate
from hvc_core.study import Study

ORDER = ("shuffled", "reversed", "frozen", "halved")


def _asked(of: Study) -> tuple[str, dict[str, pd.DataFrame]] | None:
    """The protocol whose cells were put to conditions, and each model's table."""
    if not len(of.conditions):
        return None
    protocol = str(of.conditions["protocol"].value_counts().index[0])
    made = {}
    for m in of.models:
        rows = robustness.rows_of(of.predictions, of.conditions, m, protocol)
        if len(rows):
            made[m] = robustness.table(rows, of.classes)
    return protocol, made


def time(of: Study) -> Finding | None:
    """What the order of the frames is worth to each model."""
    asked = _asked(of)
    if asked is None:
        return None
    protocol, tables = asked
    numbers, lost = [], {}
    for m, made in tables.items():
        parts = []
        for name in ORDER:
            own = made.loc[made["condition"] == name, ["lost", "lost_low", "lost_high"]]
            if len(own):
                mean, low, high = (float(value) for value in own.iloc[0])
                change = Estimate(-mean, -high, -low)
                parts.append(f"{CONDITIONS[name].title.lower()} {points(change)}")
                if name == "shuffled":
                    lost[m] = Estimate(mean, low, high)
        numbers.append(f"{title(of, m)}: {'; '.join(parts)}.")
    if not lost:
        return None
    needs = [title(of, m) for m, e in lost.items() if e.lo > 0]
    claim = (
        f"The order of the frames matters to {listed(needs)}, to no other of the {len(lost)} "
        "models for sure."
        if needs
        else f"To none of the {len(lost)} models does the order of the frames matter for sure."
    )
    return Finding(
        claim,
        (*numbers, f"Really run on the test clips of {protocol}, first seed."),
        "Classes that differ by order alone. A model that takes the differences of neighbouring "
        "frames loses those too when frames are shuffled, so order and motion are not told apart.",
        "conditions",
    )


def world(of: Study) -> Finding | None:
    """Which model breaks first under which disturbance."""
    asked = _asked(of)
    if asked is None:
        return None
    protocol, tables = asked
    broken = {m: robustness.breaks(made) for m, made in tables.items()}
    families = list(dict.fromkeys(f for found in broken.values() for f in found))
    if not families:
        return None
    counts = {m: sum(v is not None for v in found.values()) for m, found in broken.items()}
    a, b = of.headline
    numbers = []
    for m, found in broken.items():
        breaks = [f"{family} at strength {at}" for family, at in found.items() if at is not None]
        numbers.append(
            f"{title(of, m)} breaks under {listed(breaks)}."
            if breaks
            else f"{title(of, m)} breaks under none of {len(families)}."
        )
    claim = "; ".join(
        f"{title(of, m)} breaks under {counts[m]} of {len(families)} disturbances"
        for m in (a, b)
        if m in counts
    )
    return Finding(
        f"{claim or 'The headline pair was not put to disturbances'}.",
        (
            *numbers,
            f"Broken: under {robustness.BROKEN:.0%} of its own accuracy on clean clips of "
            f"{protocol}; five strengths each.",
        ),
        "Training with that disturbance. A model that starts low has less to lose: compare the "
        "curves, not the counts alone.",
        "conditions",
    )


def confidence(of: Study, protocol: str) -> Finding:
    """Whether models are as often right as they say, before and after a temperature."""
    numbers, gaps = [], {}
    for m in (m for m in of.models if has(of, m, protocol)):
        rows = of.predictions[(of.predictions["model"] == m)]
        raw = calibration.summary(rows, m, protocol, of.classes)
        gaps[m] = raw
        said = f"{title(of, m)} says {percent(raw.confidence)} on average and is right in "
        said += f"{percent(raw.accuracy)} of {raw.clips:,} clips; ECE {percent(raw.ece)}"
        own = of.validation[of.validation["model"] == m]
        mine = rows[rows["protocol"] == protocol]
        scaled, _ = temperature.scaled(mine, own, of.classes)
        if len(scaled) == len(mine):
            after = calibration.summary(scaled, m, protocol, of.classes)
            said += f", {percent(after.ece)} after a temperature fitted on validation clips"
        numbers.append(said + ".")
    a, b = (gaps[m] for m in of.headline)
    words = [
        f"{title(of, one.model)} is {'too sure' if one.confidence > one.accuracy else 'too modest'}"
        f" by {100 * abs(one.confidence - one.accuracy):.0f} points"
        for one in (a, b)
    ]
    return Finding(
        f"{' and '.join(words)} on average.",
        tuple(numbers),
        "Another recipe: label smoothing and mixup, where it has them, make a model modest.",
        "calibration",
    )


def unknowns(of: Study) -> Finding | None:
    """Whether models notice a clip of no class of theirs."""
    if not len(of.unseen):
        return None
    protocol = str(of.unseen["protocol"].value_counts().index[0])
    found = {}
    for m in of.models:
        known, other = (
            df[(df["model"] == m) & (df["protocol"] == protocol)]
            for df in (of.predictions, of.unseen)
        )
        estimate = unknown.known_from_unknown(known, other)
        if estimate is not None:
            found[m] = estimate
    if not found:
        return None
    best = max(found, key=lambda m: found[m].mean)
    return Finding(
        f"{title(of, best)} notices best that a clip is none of its classes: in "
        f"{100 * found[best].mean:.0f} of 100 pairs it is surer of the known clip.",
        tuple(f"{title(of, m)}: AUROC {percent(e)}." for m, e in found.items())
        + (
            f"Clips of {of.unseen['class'].nunique()} classes that no model was trained on "
            f"({listed(sorted(set(of.unseen['class'])))}), {of.unseen['clip'].nunique()} clips; "
            "50 % is chance.",
        ),
        "Other unknown classes: the more they look like the known ones, the harder.",
        "calibration",
    )
