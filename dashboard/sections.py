"""What a report of the chosen pair and protocol holds: the pages' own numbers, charts and words.

May import: pandas, dashboard, hvc_core.
"""

from __future__ import annotations

import re

import pandas as pd

from dashboard import charts, evidence, numbers, report, show, show_pair, sources, state
from dashboard.report import Section
from hvc_core.statistics import paired

BADGE = re.compile(r":\w+-badge\[(\w)\]")
MARKS = re.compile(r"\*\*|`")


def plain(text: str) -> str:
    """Markdown as plain words: ':blue-badge[A] **LRCN**' -> 'A LRCN'."""
    return MARKS.sub("", BADGE.sub(r"\1", text)).replace("\u00a0", " ")


def sections(view: state.View) -> list[Section]:
    """The report's parts, in order; what was not run is left out."""
    made = [Section("What the study found", tuple(f.claim for f in evidence.found(view)))]
    found = [numbers.summary(view, name) for name in view.pair]
    a, b = found
    verdict = numbers.verdict(view)
    decided = numbers.decision(view)
    reasons = (*decided.reasons, f"The rule: {paired.RULE}") if decided else ()
    made.insert(0, Section(f"{view.titles[0]} or {view.titles[1]}?", (verdict.sentence, *reasons)))
    if a is None or b is None:
        return made
    of_a, of_b = ({key: getattr(one, key) for key in charts.METRICS} for one in (a, b))
    table = show_pair.overview_table(view, found, {}).map(plain).rename(columns=plain)
    made.append(
        Section("All figures", chart=charts.quality(view.titles, (of_a, of_b), ()), table=table)
    )
    first, second = matrices = [numbers.matrix(view, name) for name in view.pair]
    classes = view.study.classes
    for title, counts in zip(view.titles, matrices, strict=True):
        chart = charts.confusion(counts, classes, title, True, 100.0)
        made.append(Section(f"Confusion of {title}", chart=chart))
    made.append(Section("Confusion, B minus A", chart=charts.difference(first, second, classes)))
    by_class = numbers.classes(view)
    if by_class is not None:
        order = by_class["gap"].abs().sort_values(ascending=False).index
        ordered = by_class.reindex(order).reset_index(drop=True)
        made.append(Section("Classes, F1", chart=charts.class_scores(view.titles, ordered)))
    made.append(_leak(view))
    return [one for one in made if one.words or one.numbers is not None]


def _leak(view: state.View) -> Section:
    study = view.study
    pair = [m for m in view.pair if study.has(m, "random") and study.has(m, "group5")]
    meters = {m: evidence.meter(view, m) for m in pair}
    rows = pd.DataFrame(
        [
            {
                "Model": state.title(study, m),
                "random, %": round(100 * one.leaky.mean, 1),
                "group5, %": round(100 * one.honest.mean, 1),
                "Leak, points": round(100 * one.overall.mean, 1),
            }
            for m, one in meters.items()
            if one
        ]
    )
    return Section("What a random split flatters", table=rows if len(rows) else None)


def page(view: state.View, parts: list[Section] | None = None) -> str:
    """The report as one HTML file, of these parts or of all."""
    commands = show.commands(view.study, sources.shown_path(view.study.folder))
    title = f"{view.titles[0]} or {view.titles[1]}?"
    return report.html(title, sources.facts(view), parts or sections(view), commands)


def archive(view: state.View) -> bytes:
    """The report, its tables and every clip in one ZIP."""
    parts = sections(view)
    clips = Section("Every clip", table=numbers.by_clip(view))
    return report.archive(page(view, parts), [*parts, clips])
