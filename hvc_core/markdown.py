"""A study's figures as Markdown tables, put between markers of a page: nobody types a number.

Pure functions of a study and of a text. May import: the standard library, hvc_core.
"""

from __future__ import annotations

import re
import statistics
from typing import Any

from hvc_core import study
from hvc_core.conditions import CONDITIONS
from hvc_core.findings import Finding, behaviour, main_protocol, stored
from hvc_core.planned import planned
from hvc_core.statistics import robustness, stats
from hvc_core.statistics import verdict as verdict_of


def results(of: study.Study) -> str:
    """Scores with 95 % intervals, and cost where measured: a row per protocol and model."""
    head = (
        "| protocol | model | accuracy, 95 % interval | accuracy of each seed | macro precision "
        "| macro recall | macro F1 | parameters | multiply-adds a clip | latency, median |\n"
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"
    )
    rows = [head]
    for protocol in of.protocols:
        there = set(of.predictions.loc[of.predictions["protocol"] == protocol, "model"])
        for model in (name for name in of.models if name in there):
            found = stats.summary(of.predictions, model, protocol, of.classes)
            cost = of.cost["models"].get(model) or {}
            seeds = ", ".join(f"{100 * value:.1f}" for value in found.accuracy_by_seed)
            cells = (
                protocol,
                f"`{model}`",
                f"**{percent(found.accuracy)}**",
                seeds,
                percent(found.precision_macro),
                percent(found.recall_macro),
                percent(found.f1_macro),
                _count((cost.get("parameters") or {}).get("total")),
                _millions(cost.get("multiply_adds_per_clip")),
                _latency(cost.get("latency_ms") or {}),
            )
            rows.append("| " + " | ".join(cells) + " |")
    return "\n".join(rows)


def verdicts(of: study.Study) -> str:
    """Who wins, in words: the headline pair under every protocol."""
    a, b = of.headline
    titles = {name: of.models[name]["title"] for name in (a, b)}
    lines = [
        f"- {verdict_of.verdict(of.predictions, a, b, protocol, of.classes, titles).sentence}"
        for protocol in of.protocols
    ]
    return "\n".join(lines)


def classes(of: study.Study) -> str:
    """F1 of every class and model under the main protocol; the pair's largest gaps first."""
    protocol = main_protocol(of) or next(iter(of.protocols))
    there = set(of.predictions.loc[of.predictions["protocol"] == protocol, "model"])
    names = [name for name in of.models if name in there]
    f1 = {n: stats.summary(of.predictions, n, protocol, of.classes).f1 for n in names}
    order = list(of.classes)
    if set(of.headline) <= there:
        a, b = of.headline
        order.sort(key=lambda c: f1[a][c].mean - f1[b][c].mean)
    rows = ["| class | " + " | ".join(f"`{n}`" for n in names) + " |"]
    rows.append("| --- |" + " --- |" * len(names))
    for c in order:
        rows.append(f"| {c} | " + " | ".join(percent(f1[n][c]) for n in names) + " |")
    return "\n".join(rows)


def matrix(of: study.Study) -> str:
    """The full table: a row a model, a column a protocol; what was not run says so."""
    cells = planned(of)
    asked = {
        (protocol, model): (wanted, there)
        for protocol, model, wanted, there in cells.itertuples(index=False, name=None)
    }
    main = main_protocol(of)
    order = sorted(of.protocols, key=lambda name: name != main)
    head = "| model | " + " | ".join(f"`{p}`" for p in order) + " |"
    rows = [head, "| --- |" + " --- |" * len(order)]
    for model in of.models:
        row = []
        for protocol in order:
            if (protocol, model) not in asked:
                row.append("–")
                continue
            wanted, there = asked[protocol, model]
            if not there:
                row.append(f"not run (0 of {wanted} cells)")
                continue
            found = stats.summary(of.predictions, model, protocol, of.classes)
            said = f"**{percent(found.accuracy)}**"
            if len(found.seeds) > 1:
                moves = statistics.stdev(found.accuracy_by_seed)
                said += f", {len(found.seeds)} seeds ± {100 * moves:.1f}"
            if there < wanted:
                said += f"; {there} of {wanted} cells"
            row.append(said)
        rows.append(f"| {of.models[model]['title']}, `{model}` | " + " | ".join(row) + " |")
    return "\n".join(rows)


def findings(of: study.Study) -> str:
    """What the study found, in plain sentences, numbered."""
    return "\n\n".join(
        f"{number}. **{one.claim}**\n"
        + "\n".join(f"   - {line}" for line in one.numbers)
        + f"\n   - *What would change it:* {one.changes}"
        for number, one in enumerate(_found(of), start=1)
    )


def claims(of: study.Study) -> str:
    """The findings' first sentences alone."""
    return "\n".join(f"{n}. {one.claim}" for n, one in enumerate(_found(of), start=1))


def _found(of: study.Study) -> list[Finding]:
    """As `evaluate` has just derived them, or derived here."""
    kept = stored.load(of)
    return stored.derive(of) if kept is None else kept


def training(of: study.Study) -> str:
    """How each cell's training went: epochs, best validation accuracy, time."""
    if of.history is None or of.history.empty:
        return "No history is kept."
    rows = [
        "| cell | epochs | best epoch | validation accuracy there | training accuracy there "
        "| minutes |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for key, epochs in of.history.groupby(study.CELL, sort=True):
        protocol, fold, seed, model = (str(part) for part in key)
        # as hvc_core.fit chooses: the highest accuracy, then the lowest loss
        best = epochs.sort_values(["val_accuracy", "val_loss"], ascending=[False, True]).iloc[0]
        rows.append(
            f"| {study.cell_name(protocol, int(fold), int(seed), model)} | {len(epochs)} "
            f"| {best['epoch']} | {best['val_accuracy']:.1%} | {best['accuracy']:.1%} "
            f"| {epochs['seconds'].sum() / 60:.0f} |"
        )
    return "\n".join(rows)


def conditions(of: study.Study) -> str:
    """Accuracy of every model under every condition; in bold where it is broken."""
    asked = behaviour.asked(of)
    if asked is None:
        return "No clip was disturbed yet."
    protocol, tables = asked
    names = list(tables)
    made: dict[str, dict[str, tuple[float, bool]]] = {}
    for name, table in tables.items():
        accuracy = table.set_index("condition")["accuracy"]
        under = robustness.BROKEN * accuracy[study.CLEAN]
        made[name] = {str(c): (100 * value, value < under) for c, value in accuracy.items()}
    lines = [
        f"| condition, `{protocol}` | " + " | ".join(f"`{n}`" for n in names) + " |",
        "| --- |" + " ---: |" * len(names),
    ]
    titles = {study.CLEAN: "As they are"} | {n: c.title for n, c in CONDITIONS.items()}
    for condition, title in titles.items():
        found = [made[name].get(condition) for name in names]
        if any(found):
            said = [
                "not run" if one is None else f"**{one[0]:.1f}**" if one[1] else f"{one[0]:.1f}"
                for one in found
            ]
            lines.append(f"| {title} | " + " | ".join(said) + " |")
    return "\n".join(lines)


PARTS = {
    "results": results,
    "matrix": matrix,
    "verdicts": verdicts,
    "claims": claims,
    "findings": findings,
    "classes": classes,
    "conditions": conditions,
    "training": training,
}


def fill(text: str, of: study.Study) -> str:
    """The text with every part of this study between its markers written anew.

    Markers: `<!-- <study's name> <part> -->` … `<!-- / -->`, with a part of PARTS.

    Raises:
        ValueError: a marker names a part that does not exist, or is never closed.
    """

    def anew(match: re.Match[str]) -> str:
        if match["part"] not in PARTS:
            raise ValueError(f"{match['open']}: no such part; there are {', '.join(PARTS)}")
        return f"{match['open']}\n{PARTS[match['part']](of)}\n<!-- / -->"

    name = re.escape(of.name)
    opened = len(re.findall(rf"<!-- {name} \S+ -->", text))
    pattern = rf"(?P<open><!-- {name} (?P<part>\S+) -->)\n.*?<!-- / -->"
    filled, count = re.subn(pattern, anew, text, flags=re.DOTALL)
    if count != opened:
        raise ValueError(f"{opened - count} markers of {of.name} have no `<!-- / -->` after them")
    return filled


def percent(value: stats.Estimate) -> str:
    """With its interval: '90.5 % (88.0 to 92.8)'."""
    return f"{100 * value.mean:.1f} % ({100 * value.lo:.1f} to {100 * value.hi:.1f})"


def _count(value: int | None) -> str:
    return "not measured" if value is None else f"{value:,}"


def _millions(value: int | None) -> str:
    return "not measured" if value is None else f"{value / 1e6:,.0f} M"


def _latency(of: dict[str, Any]) -> str:
    if of.get("p50") is None:
        return "not measured"
    return f"{of['p50']:.1f} ms on {of['threads']} thread{'s' if of['threads'] != 1 else ''}"
