"""What a study found, in plain sentences, each with its numbers and what would change it.

Every sentence is made from the study's tables by a rule, so that another study, or the same one
trained again, says what it found and not what ours did. A finding whose rows were not run is left
out. Pure functions. May import: all of hvc_core that needs no framework.
"""

from __future__ import annotations

from collections.abc import Mapping

from hvc_core.findings import accuracy, behaviour, expense, protocols
from hvc_core.findings.words import Finding, main_protocol
from hvc_core.study import Study

__all__ = ["Finding", "findings", "main_protocol"]


def findings(
    of: Study, tickets: Study | None = None, published: Mapping[str, float] | None = None
) -> list[Finding]:
    """What a study found, the most important first.

    Args:
        of: Study. Closed; every table that it has is used.
        tickets: Study or None. The seed study's recipe with many seeds, for the seed lottery.
        published: model of `tickets` -> its published accuracy, 0 to 1.

    Returns:
        list of Finding; empty where the study has no pair of models with predictions.

    Example:
        >>> findings(study.read(Path("studies/ucf50-15")))[0].claim
    """
    protocol = main_protocol(of)
    if protocol is None:
        return []
    disturbed = behaviour.asked(of)
    made = [
        accuracy.winner(of, protocol),
        accuracy.like_for_like(of, protocol),
        accuracy.causes(of, protocol),
        protocols.leak(of),
        protocols.copies(of, protocol),
        protocols.films(of, protocol),
        protocols.lottery_of(tickets, published or {}),
        accuracy.by_class(of, protocol),
        disturbed and behaviour.time(of, disturbed),
        disturbed and behaviour.world(of, disturbed),
        behaviour.confidence(of, protocol),
        behaviour.unknowns(of),
        expense.work(of),
        expense.head_sizes(of),
    ]
    return [one for one in made if one is not None]
