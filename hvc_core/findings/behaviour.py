"""Findings on what models do with disturbed and unknown clips, and how far to trust them.

May import: numpy, pandas, hvc_core.findings.words, hvc_core.conditions, hvc_core's statistics.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from hvc_core.conditions import CONDITIONS
from hvc_core.findings.words import Finding, listed, percent, points, title
from hvc_core.statistics import calibration, robustness, temperature, unknown
from hvc_core.statistics.paired import ALPHA
from hvc_core.statistics.significance import holm
from hvc_core.statistics.stats import Estimate
from hvc_core.study import Study

HOLDS = robustness.Break(None, None)
ORDER = ("shuffled", "reversed", "frozen", "halved")


Asked = tuple[str, dict[str, pd.DataFrame]]  # protocol; model -> `robustness.table`


def asked(of: Study) -> Asked | None:
    """The protocol whose cells were put to conditions, and each model's table; None without."""
    if not len(of.conditions):
        return None
    protocol = str(of.conditions["protocol"].value_counts().index[0])
    made = {}
    for m in of.models:
        rows = robustness.rows_of(of.predictions, of.conditions, m, protocol)
        if len(rows):
            made[m] = robustness.table(rows, of.classes)
    return protocol, made


def time(of: Study, disturbed: Asked) -> Finding | None:
    """What the order of the frames is worth to each model; `disturbed` is from `asked`."""
    protocol, tables = disturbed
    numbers, lost, chance = [], {}, {}
    for m, made in tables.items():
        parts = []
        for name in ORDER:
            own = made.loc[made["condition"] == name, ["lost", "lost_low", "lost_high", "p"]]
            if len(own):
                mean, low, high, p = (float(value) for value in own.iloc[0])
                change = Estimate(-mean, -high, -low)
                parts.append(f"{CONDITIONS[name].title.lower()} {points(change)}")
                if name == "shuffled":
                    lost[m], chance[m] = mean, p
        numbers.append(f"{title(of, m)}: {'; '.join(parts)}.")
    if not lost:
        return None
    corrected = dict(zip(lost, holm(np.array(list(chance.values()))).tolist(), strict=True))
    needs = [title(of, m) for m, e in lost.items() if e > 0 and corrected[m] < ALPHA]
    gains = [title(of, m) for m, e in lost.items() if e < 0 and corrected[m] < ALPHA]
    if len(needs) == len(lost):
        claim = f"The order of the frames matters to every one of {len(lost)} models."
    elif needs:
        claim = (
            f"The order of the frames matters to {listed(needs)}; to no other of {len(lost)} "
            "models can it be told to."
        )
    elif gains:
        claim = f"To none of {len(lost)} models is the order of the frames of use."
    else:
        claim = (
            f"To none of {len(lost)} models can the order of the frames be told to matter: what "
            "shuffling them costs may be chance."
        )
    if gains:
        claim += f" Out of order {listed(gains)} answers better."
    return Finding(
        claim,
        (
            *numbers,
            "The claim rests on the shuffled frames: whole source videos flipped, Holm's "
            f"correction over {len(lost)} models; the smallest p is {min(chance.values()):.3f}, "
            f"corrected {min(corrected.values()):.3f}.",
            _of_seeds(of, protocol),
        ),
        "Classes that differ by order alone, and more test clips. A model that takes the "
        "differences of neighbouring frames loses those too when frames are shuffled, so order and "
        "motion are not told apart; where frames stand twice, as in half the frames, it sees no "
        "motion between them, as with one frame frozen.",
        "conditions",
    )


def _of_seeds(of: Study, protocol: str) -> str:
    rows = of.conditions[of.conditions["protocol"] == protocol]
    seeds = sorted({int(seed) for seed in rows["seed"]})
    number = f"seed {seeds[0]}" if len(seeds) == 1 else f"seeds {listed(map(str, seeds))}"
    return f"Really run on {rows['clip'].nunique():,} test clips of {protocol}, {number}."


def world(of: Study, disturbed: Asked) -> Finding | None:
    """Which model breaks first under which disturbance; `disturbed` is from `asked`."""
    protocol, tables = disturbed
    broken = {m: robustness.breaks(made) for m, made in tables.items()}
    families = list(dict.fromkeys(f for found in broken.values() for f in found))
    if not families:
        return None
    counts = {}
    for m, found in broken.items():
        sure = sum(one.surely is not None for one in found.values())
        open_ = sum(one.surely is None and one.perhaps is not None for one in found.values())
        if found:
            counts[m] = f"{sure} of {len(found)} disturbances"
            counts[m] += f", perhaps under {open_} more" if open_ else ""
    numbers = []
    for m, found in broken.items():
        said = [f"{family} {one.words}" for family, one in found.items() if one != HOLDS]
        numbers.append(
            f"{title(of, m)}: {'; '.join(said)}."
            if said
            else f"{title(of, m)} breaks under none of {len(found)}."
            if found
            else f"{title(of, m)} was put to none."
        )
    claim = "; ".join(
        f"{title(of, m)} breaks under {counts[m]}" for m in of.headline if m in counts
    )
    return Finding(
        f"{claim or 'The headline pair was not put to disturbances'}.",
        (
            *numbers,
            f"Broken: under {robustness.BROKEN:.0%} of its own accuracy on clean clips of "
            f"{protocol}, with the whole 95 % interval; perhaps: the interval reaches under it. "
            "Five strengths each.",
        ),
        "Training with that disturbance. A model that starts low has less to lose: compare the "
        "curves, not the counts alone.",
        "conditions",
    )


def confidence(of: Study, protocol: str) -> Finding:
    """Whether models are as often right as they say, before and after a temperature."""
    numbers, worse = [], []
    for m in (m for m in of.models if of.has(m, protocol)):
        rows = of.predictions[(of.predictions["model"] == m)]
        raw = calibration.summary(rows, m, protocol, of.classes)
        said = f"{title(of, m)} says {percent(raw.confidence)} on average and is right in "
        said += f"{percent(raw.accuracy)} of {raw.clips:,} clips; ECE {percent(raw.ece)}, "
        said += f"negative log-likelihood {raw.nll:.3f}"
        own = of.validation[of.validation["model"] == m]
        mine = rows[rows["protocol"] == protocol]
        scaled, _ = temperature.scaled(mine, own, of.classes)
        if len(scaled) == len(mine):
            after = calibration.summary(scaled, m, protocol, of.classes)
            said += f"; with a temperature fitted on validation clips {percent(after.ece)}, "
            said += f"{after.nll:.3f}"
            worse += [title(of, m)] if after.nll > raw.nll else []
        numbers.append(said + ".")
    rows = of.predictions[of.predictions["protocol"] == protocol]
    words = [
        _sureness(title(of, m), calibration.overconfidence(rows[rows["model"] == m], of.classes))
        for m in of.headline
    ]
    if worse:
        numbers.append(
            f"The temperature makes the log-likelihood of {listed(worse)} worse. ECE does not show "
            "it: it is of all folds together, where one too sure and one too modest cancel."
        )
    return Finding(
        f"{listed(words)}.",
        tuple(numbers),
        "Another recipe: label smoothing and mixup, where it has them, make a model modest.",
        "calibration",
    )


def _sureness(name: str, gap: Estimate) -> str:
    """How a model's confidence stands to how often it is right: above, below, or neither."""
    if gap.lo <= 0 <= gap.hi:
        return f"{name} is on average about as sure as it is right"
    side = "too sure" if gap.mean > 0 else "too modest"
    low, high = sorted((abs(gap.lo), abs(gap.hi)))
    return (
        f"{name} is on average {side} by {100 * abs(gap.mean):.0f} points ({100 * low:.0f} to "
        f"{100 * high:.0f})"
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
    best, *others = sorted(found, key=lambda m: -found[m].mean)
    if found[best].lo <= 0.5:
        claim = "No model can be told to notice that a clip is none of its classes."
    elif others and found[best].lo <= max(found[m].hi for m in others):
        claim = (
            "Which model notices best that a clip is none of its classes cannot be told: "
            f"{title(of, best)} is surer of the known clip in {100 * found[best].mean:.0f} of 100 "
            "pairs, and another's interval reaches as far."
        )
    else:
        claim = (
            f"{title(of, best)} notices best that a clip is none of its classes: in "
            f"{100 * found[best].mean:.0f} of 100 pairs it is surer of the known clip."
        )
    return Finding(
        claim,
        tuple(f"{title(of, m)}: AUROC {percent(e)}." for m, e in found.items())
        + (
            f"Clips of {of.unseen['class'].nunique()} classes that no model was trained on "
            f"({listed(sorted(set(of.unseen['class'])))}), {of.unseen['clip'].nunique()} clips; "
            "50 % is chance. The intervals resample those classes.",
        ),
        "Other unknown classes: the more they look like the known ones, the harder.",
        "calibration",
    )
