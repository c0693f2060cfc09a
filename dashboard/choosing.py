"""The models of a study as candidates for a person's choice: their figures in the units asked for.

May import: streamlit, dashboard, hvc_core.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from dashboard import costs, numbers, state
from hvc_core.choice import Candidate
from hvc_core.statistics.stats import Estimate


@dataclass(frozen=True)
class Facts:
    """What is told beside a candidate's values.

    Attributes:
        accuracy: Estimate, 0 to 1.
        worst_class: str. The class with its least recall.
    """

    accuracy: Estimate
    worst_class: str


def candidates(view: state.View) -> tuple[list[Candidate], dict[str, Facts]]:
    """Every model with predictions under the view's protocol, and what is told beside it."""
    found, facts = [], {}
    for model in view.study.models:
        brief = numbers.brief(view, model)
        if brief is None:
            continue
        recall = brief.recalls
        cost = costs.cost(view.study, model)
        worst = min(recall, key=recall.__getitem__)
        values = {
            "accuracy": 100 * brief.accuracy.mean,
            "worst": 100 * recall[worst],
            "latency": costs.part(cost, "latency_ms", "p50"),
            "memory": _scaled(costs.part(cost, "peak_memory_bytes"), 1e6),
            "weights": _scaled(costs.part(cost, "weights_bytes"), 1e6),
            "parameters": _scaled(costs.parameters(view.study, model), 1e3),
        }
        work = costs.part(cost, "multiply_adds_per_clip")
        found.append(Candidate(model, state.title(view.study, model), values, work))
        facts[model] = Facts(brief.accuracy, worst)
    return found, facts


def told_apart(view: state.View, a: str, b: str) -> bool:
    """Whether the verdict's rule names a winner of two models; no, where no clip is shared."""
    first, second = sorted((a, b))  # one answer for both orders
    return numbers.told_apart(replace(view, a=first, b=second))


def _scaled(value: float | None, by: float) -> float | None:
    return None if value is None else value / by
