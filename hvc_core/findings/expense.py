"""Findings on what the models cost.

May import: hvc_core.findings.matrix and .words, hvc_core.statistics.lottery.
"""

from __future__ import annotations

from typing import Any

from hvc_core.findings.matrix import LIKE_FOR_LIKE
from hvc_core.findings.words import Finding, title
from hvc_core.statistics.lottery import PLAYED
from hvc_core.study import Study


def _cost(of: Study, model: str) -> dict[str, Any]:
    return of.cost["models"].get(model) or {}


def work(of: Study) -> Finding | None:
    """The headline pair's work, size and time."""
    a, b = of.headline
    costs = [_cost(of, m) for m in (a, b)]
    work = [float(c.get("multiply_adds_per_clip") or 0) for c in costs]
    if not all(work):
        return None
    cheap, dear = (0, 1) if work[0] <= work[1] else (1, 0)
    names = [title(of, m) for m in (a, b)]
    numbers = []
    for m in of.models:
        c = _cost(of, m)
        total, count = (c.get("parameters") or {}).get("total"), c.get("multiply_adds_per_clip")
        if total is None or count is None:
            continue
        said = f"{title(of, m)}: {total:,} parameters, {count / 1e6:,.0f} M multiply-adds a clip"
        latency = c.get("latency_ms") or {}
        if latency.get("p50") is not None:
            said += f", {latency['p50']:.1f} ms ({latency['runtime']}, {latency['threads']} thread"
            said += "s)" if latency["threads"] != 1 else ")"
        numbers.append(said + ".")
    times = work[dear] / work[cheap]
    numbers += [
        f"Like for like, {what}: {title(of, m)} asks {ratio:.2f} times the work of {title(of, n)}."
        for m, n, what in LIKE_FOR_LIKE
        if {m, n} <= set(of.models) and (ratio := _ratio(of, m, n)) is not None
    ]
    return Finding(
        f"{names[dear]} asks {times:.{0 if times >= 10 else 1}f} times the work of {names[cheap]}."
        if times >= 1.05
        else f"{names[0]} and {names[1]} ask about the same work.",
        tuple(numbers),
        "A smaller CNN, or fewer moments of the clip: the work grows with both.",
        "cost",
    )


def _ratio(of: Study, model: str, other: str) -> float | None:
    """A model's multiply-adds as a multiple of another's; None where one was not measured."""
    asked, others = (_cost(of, m).get("multiply_adds_per_clip") for m in (model, other))
    return asked / others if asked and others else None


def head_sizes(of: Study) -> Finding | None:
    """At how many classes the ranking of two models by parameters flips."""
    lines = {}
    for m in of.models:
        part = _cost(of, m).get("parameters") or {}
        if part.get("body") is not None and part.get("head") is not None:
            lines[m] = (part["body"], part["head"] / len(of.classes))
    flips = []
    for m, (body, each) in lines.items():
        for n, (other, others_each) in lines.items():
            if body < other and each > others_each:  # m starts smaller and grows faster
                flips.append(((other - body) / (each - others_each), m, n))
    flips = sorted(
        (flip for flip in flips if 2 <= flip[0] <= 200),
        # First the two nets that the published comparisons have.
        key=lambda flip: ({*flip[1:]} != {*PLAYED.values()}, flip[0]),
    )
    if not flips:
        return None
    at, m, n = flips[0]
    few, many = max(1, int(at) // 2), int(at) * 2

    def size(model: str, classes: int) -> str:
        body, each = lines[model]
        return f"{body + each * classes:,.0f}"

    return Finding(
        f"Which of {title(of, m)} and {title(of, n)} is smaller depends on the number of classes: "
        f"up to {int(at)} it is {title(of, m)}, beyond that {title(of, n)}.",
        tuple(
            f"{c} classes: {title(of, m)} {size(m, c)}, {title(of, n)} {size(n, c)} parameters."
            for c in sorted({few, len(of.classes), many})
        ),
        "Another head: a pooled one grows with its features, a flattened one with its maps.",
        "cost",
    )
