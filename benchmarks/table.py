"""Results as the README shows them: no figure there is typed by hand.

May import: the standard library, benchmarks.results, hvc_core.storage (atomic writes).
"""

from __future__ import annotations

from pathlib import Path

from benchmarks.results import PAGE, BenchmarkError, Context, Row
from hvc_core.storage import write_atomic

BEGIN, END = "<!-- benchmark -->", "<!-- /benchmark -->"


def table(rows: dict[str, list[Row]], contexts: dict[str, Context]) -> str:
    """Results as Markdown: the table, and beneath it what it was measured on.

    Rows of a single page stay in their CSV: there are two of each page and study.

    Args:
        rows: kind -> list of Row. From `newest`.
        contexts: kind -> Context.
    """
    every = [row for kind in rows for row in rows[kind] if not row.what.startswith(PAGE)]
    notes = list(dict.fromkeys(row.note for row in every if row.note))
    lines = ["| | ours | the common way | ratio | target |", "| --- | ---: | ---: | ---: | --- |"]
    for row in every:
        what = row.what
        if row.clip:
            what += f" (`{row.clip}`)"
        if row.note:
            what += f" [{notes.index(row.note) + 1}]"
        cells = (what, figure(row.ours, row.unit), figure(row.common, row.unit), ratio(row))
        lines.append(f"| {' | '.join((*cells, verdict(row)))} |")
    least = min((row.runs for row in every if row.common is not None), default=0)
    latest = max(contexts.values(), key=lambda context: context.date)
    dates = sorted({context.date[:10] for context in contexts.values()})
    load = max(context.load for context in contexts.values())
    lines += [
        "",
        f"Medians of {least} or more runs of each way, taken in turns; in brackets the smallest "
        f"and the largest ratio of two neighbouring runs. {latest.hardware}; {latest.versions}; "
        f"{' and '.join(dates)}, load average at most {load:.1f} at the start.",
    ]
    if notes:
        lines += ["", *(f"{number}. {note}" for number, note in enumerate(notes, start=1))]
    return "\n".join(lines)


def put_into_readme(readme: Path, text: str) -> bool:
    """Replaces what stands between the README's two markers, atomically.

    Returns:
        bool. Whether anything changed.

    Raises:
        BenchmarkError: there is no such file, or it lacks the markers.
    """
    try:
        old = readme.read_text(encoding="utf-8")
    except OSError as error:
        raise BenchmarkError(f"{readme}: cannot be read ({error.strerror}).") from error
    if old.count(BEGIN) != 1 or old.count(END) != 1 or old.index(BEGIN) > old.index(END):
        raise BenchmarkError(
            f"{readme}: needs one line {BEGIN} and, after it, one line {END}: the table goes "
            "between them."
        )
    before, rest = old.split(BEGIN)
    after = rest.split(END)[1]
    new = f"{before}{BEGIN}\n{text}\n{END}{after}"
    if new != old:
        write_atomic(readme, lambda temporary: temporary.write_text(new, encoding="utf-8"))
    return new != old


def figure(value: float | None, unit: str) -> str:
    """A figure with its unit, in three digits or so."""
    if value is None:
        return "–"
    digits = f"{value:.1e}" if 0 < abs(value) < 1e-3 else f"{value:.3g}"
    if abs(value) >= 100:
        digits = f"{value:,.0f}"
    return f"{digits} {unit}".strip()


def ratio(row: Row) -> str:
    """A row's ratio with its extremes."""
    if row.ratio is None or row.ratio_min is None or row.ratio_max is None:
        return "–"
    return f"{row.ratio:.1f}x ({row.ratio_min:.1f} to {row.ratio_max:.1f})"


def verdict(row: Row) -> str:
    """A row's target and whether it is met."""
    if not row.target:
        return ""
    sign, limit = row.target.split()
    bound = f"{'≥' if sign == '>=' else '≤'} {limit}{'x' if row.ratio is not None else ''}"
    return f"{bound}, {'met' if row.met == 'yes' else '**missed**'}"
