"""Which model to take: what a person needs in, one model and what would change it out.

Pure functions. May import: the standard library.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

RULE = (
    "Of the models that meet every need by their measured figures, the most accurate; of those "
    "that the verdict's rule cannot tell from it, the one with the least multiply-adds a clip."
)
Kind = Literal["least", "most"]


@dataclass(frozen=True)
class Criterion:
    """One thing that a person may ask of a model.

    Attributes:
        name: str. `accuracy`.
        title: str. For a person.
        kind: "least": the value must not be under the need; "most": not over it.
        unit: str.
        digits: int. How many decimals a person reads.
    """

    name: str
    title: str
    kind: Kind
    unit: str
    digits: int = 0

    def meets(self, value: float | None, need: float) -> bool:
        """Whether a value meets a need; what was not measured meets none."""
        if value is None:
            return False
        shown = round(value, self.digits)  # as a person reads it: the shown 90.5 meets 90.5
        return shown >= need if self.kind == "least" else shown <= need

    def better(self, value: float | None, than: float) -> bool:
        """Whether a value is better than another, however close."""
        if value is None:
            return False
        return value > than if self.kind == "least" else value < than

    def words(self, value: float) -> str:
        return f"{value:,.{self.digits}f} {self.unit}".rstrip()


CRITERIA = (
    Criterion("accuracy", "Accuracy", "least", "%", 1),
    Criterion("worst", "Recall of its worst class", "least", "%", 1),
    Criterion("latency", "Latency a clip, median", "most", "ms", 1),
    Criterion("memory", "Peak memory", "most", "MB"),
    Criterion("weights", "Weights on disk", "most", "MB", 1),
    Criterion("parameters", "Parameters", "most", "thousand"),
)


@dataclass(frozen=True)
class Candidate:
    """A model and what is known of it.

    Attributes:
        model: str. Its name.
        title: str. For a person.
        values: dict of a criterion's name to its value in the criterion's unit; None: not measured.
        work: float or None. Multiply-adds a clip.
    """

    model: str
    title: str
    values: dict[str, float | None]
    work: float | None


Pick = Callable[[Sequence[Candidate], dict[str, float]], Candidate | None]


@dataclass(frozen=True)
class Choice:
    """The model to take.

    Attributes:
        taken: Candidate or None. None: none meets every need.
        best: Candidate or None. The most accurate of those that meet every need.
        tied: list of Candidate. Those that cannot be told from `best`, without the one taken.
        failed: dict of a model's name to the criteria that it does not meet.
        flips: tuple of str. A sentence for each need whose change would change the answer.
    """

    taken: Candidate | None
    best: Candidate | None = None
    tied: list[Candidate] = field(default_factory=list)
    failed: dict[str, list[Criterion]] = field(default_factory=dict)
    flips: tuple[str, ...] = ()


def choose(
    candidates: Sequence[Candidate],
    needs: dict[str, float],
    told_apart: Callable[[str, str], bool],
) -> Choice:
    """The model to take by RULE, with what would change the answer.

    Args:
        candidates: the models, each with an accuracy.
        needs: a criterion's name -> what is needed; a criterion that is not there asks nothing.
        told_apart: whether the verdict's rule names a winner of two models.
    """

    def pick(among: Sequence[Candidate], asked: dict[str, float]) -> Candidate | None:
        return _taken(among, asked, told_apart)[0]

    taken, best = _taken(candidates, needs, told_apart)
    tied = [
        c
        for c in candidates
        if taken and best and c is not taken and all(_meets(c, k, needs) for k in _asked(needs))
        if c is best or not told_apart(c.model, best.model)
    ]
    failed = {
        c.model: missed
        for c in candidates
        if (missed := [k for k in CRITERIA if k.name in needs and not _meets(c, k, needs)])
    }
    flips = [_tightened(candidates, needs, pick, taken, k) for k in CRITERIA if taken]
    flips += [_dropped(candidates, needs, pick, taken, k) for k in CRITERIA if k.name in needs]
    return Choice(taken, best, tied, failed, tuple(one for one in flips if one))


def _meets(candidate: Candidate, criterion: Criterion, needs: dict[str, float]) -> bool:
    return criterion.meets(candidate.values.get(criterion.name), needs[criterion.name])


def _asked(needs: dict[str, float]) -> list[Criterion]:
    return [criterion for criterion in CRITERIA if criterion.name in needs]


def _taken(
    candidates: Sequence[Candidate],
    needs: dict[str, float],
    told_apart: Callable[[str, str], bool],
) -> tuple[Candidate | None, Candidate | None]:
    """Of those that fit, the one with the least work that cannot be told from the best; the best.

    The least work is asked first: to tell two models apart takes a second.
    """
    fit = [c for c in candidates if all(_meets(c, k, needs) for k in _asked(needs))]
    if not fit:
        return None, None
    best = max(fit, key=lambda c: c.values["accuracy"] or 0)
    # What was not measured may be the dearest of all.
    for one in sorted(fit, key=lambda c: float("inf") if c.work is None else c.work):
        if one is best or not told_apart(one.model, best.model):
            return one, best
    raise AssertionError("the best is among those that fit")


def _tightened(
    candidates: Sequence[Candidate],
    needs: dict[str, float],
    pick: Pick,
    taken: Candidate,
    criterion: Criterion,
) -> str | None:
    """What a need beyond the taken model's own value would give."""
    value = taken.values.get(criterion.name)
    if value is None:
        return None
    better = [c for c in candidates if criterion.better(c.values.get(criterion.name), value)]
    other = pick(better, needs)
    side = "more than" if criterion.kind == "least" else "less than"
    if other is None:
        return None
    return (
        f"{criterion.title} must be {side} {criterion.words(value)}: then "
        f"{other.title} ({criterion.words(other.values[criterion.name] or 0)})."
    )


def _dropped(
    candidates: Sequence[Candidate],
    needs: dict[str, float],
    pick: Pick,
    taken: Candidate | None,
    criterion: Criterion,
) -> str | None:
    """What dropping a need would give."""
    rest = {name: value for name, value in needs.items() if name != criterion.name}
    other = pick(candidates, rest)
    if other is None or (taken is not None and other.model == taken.model):
        return None
    value = other.values.get(criterion.name)
    said = "not measured" if value is None else criterion.words(value)
    return f"{criterion.title} may be anything: then {other.title} ({said})."
