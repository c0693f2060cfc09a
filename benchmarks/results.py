"""What a benchmark finds: rows, and the CSV files that keep them.

May import: the standard library, hvc_core.storage (atomic writes).
"""

from __future__ import annotations

import csv
import re
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from hvc_core.storage import write_atomic

KINDS = ("serve", "memory", "visitors", "train", "parity", "pages")  # their order in tables
PAGE = "Page "  # how rows of a single page begin: they are kept, but too many for the table


class BenchmarkError(ValueError):
    """Something a benchmark needs is missing or malformed; the message says what to do."""


@dataclass(frozen=True)
class Context:
    """What every row of one run shares.

    Attributes:
        hardware: str. Processor and cores: `AMD EPYC 7763 (x86_64), 4 cores`.
        versions: str. Python and the packages that matter.
        date: str. UTC, `2026-01-31T12:00Z`.
        load: float. Load average of the last minute when the run began; a busy machine's figures
            are worth less.
    """

    hardware: str
    versions: str
    date: str
    load: float


@dataclass(frozen=True)
class Row:
    """One comparison; the fields are the CSV's columns.

    Attributes:
        what: str. What is compared, for people.
        ours, common: float or None. Medians, in `unit`; None where there is nothing to compare.
        ratio: float or None. How many times better ours is: above 1 is better.
        unit: str. Of `ours` and `common`: `ms`, `MB`, `clips/s`.
        target: str. `>= 4` (of the ratio), `<= 0.0001` (of ours), or empty: no target.
        met: str. `yes`, `no`, or empty: no target.
        runs: int. Figures that each median is of.
        ours_min ... ratio_max: float or None. Extremes; of the ratio, those of neighbouring runs.
        clip: str. What it was measured on: the clip's or the study's name.
        note: str. What a reader must know to judge the row.
    """

    what: str
    ours: float
    common: float | None
    ratio: float | None
    unit: str
    target: str
    met: str
    runs: int
    ours_min: float
    ours_max: float
    common_min: float | None
    common_max: float | None
    ratio_min: float | None
    ratio_max: float | None
    clip: str
    note: str


def compare(
    what: str,
    ours: Sequence[float],
    common: Sequence[float],
    unit: str,
    target: float | None = None,
    *,
    more_is_better: bool = False,
    clip: str = "",
    note: str = "",
) -> Row:
    """A row from the figures of both ways, taken in turns.

    Args:
        what: str. What is compared.
        ours, common: sequences of the same length, in `unit`, above 0.
        unit: str. Of both.
        target: float or None. The least ratio wanted.
        more_is_better: bool. Clips a second are better the more, milliseconds the fewer.
        clip, note: str. See Row.
    """
    a, b = statistics.median(ours), statistics.median(common)
    ratio = a / b if more_is_better else b / a
    pairs = [x / y if more_is_better else y / x for x, y in zip(ours, common, strict=True)]
    return Row(
        what, a, b, ratio, unit,
        "" if target is None else f">= {target:g}",
        "" if target is None else _yes(ratio >= target),
        len(ours), min(ours), max(ours), min(common), max(common), min(pairs), max(pairs),
        clip, note,
    )  # fmt: skip


def at_most(what: str, value: float, most: float, unit: str, runs: int, note: str) -> Row:
    """A row of one figure that must not be over a limit."""
    return Row(
        what, value, None, None, unit, f"<= {most:g}", _yes(value <= most), runs,
        value, value, None, None, None, None, "", note,
    )  # fmt: skip


def within(
    what: str, ours: Sequence[float], most: float | None, unit: str, clip: str = "", note: str = ""
) -> Row:
    """A row of one way's figures, whose median must not be over a limit, if there is one.

    Args:
        what: str. What is measured.
        ours: sequence of figures, in `unit`.
        most: float or None. The limit.
        unit, clip, note: str. See Row.
    """
    middle = statistics.median(ours)
    target, met = ("", "") if most is None else (f"<= {most:g}", _yes(middle <= most))
    return Row(
        what, middle, None, None, unit, target, met, len(ours), min(ours), max(ours),
        None, None, None, None, clip, note,
    )  # fmt: skip


def missed(row: Row) -> str:
    """By how much a row misses its target; empty where it does not."""
    if row.met != "no":
        return ""
    limit = float(row.target.split()[1])
    if row.ratio is None:
        return f"{row.what}: {row.ours:.3g}, {row.ours / limit:.2g} times the limit"
    return (
        f"{row.what}: {row.ratio:.2f} times instead of {limit:g}, "
        f"{100 * (1 - row.ratio / limit):.0f} % short"
    )


# -- files ----------------------------------------------------------------------------------------


def slug(hardware: str) -> str:
    """Hardware as a part of a file name: lower-case letters and digits, joined by single dashes.

    Example:
        >>> slug("Intel(R) Core(TM) i7-8700 CPU @ 3.20GHz (x86_64), 12 cores")
        'intel-core-i7-8700-cpu-3-20ghz-x86-64-12-cores'
    """
    plain = re.sub(r"\((r|tm|c)\)", " ", hardware.lower())
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-") or "unknown"


def write(folder: Path, kind: str, rows: Sequence[Row], context: Context) -> Path:
    """Writes `<folder>/<kind>-<hardware>.csv`, atomically; an older one is replaced."""
    file = folder / f"{kind}-{slug(context.hardware)}.csv"
    names = [field.name for field in fields(Row)] + [field.name for field in fields(Context)]

    def fill(temporary: Path) -> None:
        with temporary.open("w", newline="", encoding="utf-8") as out:
            table = csv.DictWriter(out, names, lineterminator="\n")
            table.writeheader()
            for row in rows:
                values = {**asdict(row), **asdict(context)}
                table.writerow({name: _text(value) for name, value in values.items()})

    write_atomic(file, fill)
    return file


def read(file: Path) -> tuple[list[Row], Context]:
    """Reads what `write` wrote.

    Raises:
        BenchmarkError: the file is missing, or a column is missing or malformed.
    """
    try:
        with file.open(newline="", encoding="utf-8") as source:
            lines = list(csv.DictReader(source))
        rows = [Row(**_fields(Row, line)) for line in lines]
        context = Context(**_fields(Context, lines[0]))
    except (OSError, KeyError, IndexError, ValueError, TypeError) as error:
        raise BenchmarkError(
            f"{file}: cannot be read as a benchmark's results ({error!r}). Delete it, and take "
            "the figures again with `make benchmark`."
        ) from error
    return rows, context


def newest(folder: Path) -> tuple[dict[str, list[Row]], dict[str, Context]]:
    """The results of the machine that was measured last: kind -> rows, kind -> context.

    One machine's only: ratios of several do not belong into one table.

    Raises:
        BenchmarkError: there are none, or one is malformed.
    """
    files = [f for f in sorted(folder.glob("*.csv")) if f.name.split("-")[0] in KINDS]
    if not files:
        raise BenchmarkError(f"{folder}: no results yet. Take them with `make benchmark`.")
    found = [(file.name.split("-")[0], *read(file)) for file in files]
    machine = max(found, key=lambda entry: entry[2].date)[2].hardware
    own = sorted(
        (entry for entry in found if entry[2].hardware == machine),
        key=lambda entry: KINDS.index(entry[0]),
    )
    return {k: rows for k, rows, _ in own}, {k: context for k, _, context in own}


def _yes(met: bool) -> str:
    return "yes" if met else "no"


def _fields(kind: type, line: dict[str, str | None]) -> dict[str, Any]:
    return {field.name: _value(line[field.name], field.type) for field in fields(kind)}


def _text(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _value(text: str | None, kind: object) -> float | int | str | None:
    """The reverse of `_text`; `kind` is the field's annotation, a string here."""
    if text is None:
        raise ValueError("a row is cut short")
    if kind == "str":
        return text
    if kind == "float | None" and not text:
        return None
    return int(text) if kind == "int" else float(text)
