"""Where a page's numbers come from: study, revision, protocol, folds, seeds, clips, file, command.

Every heading but About's, which has it whole, holds it, and the report prints it. May import: the
standard library, streamlit, dashboard.numbers, .state, hvc_core.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from dashboard import numbers, state
from hvc_core.hub import fetch
from hvc_core.study import Study


@dataclass(frozen=True)
class Table:
    """A file of a study that pages draw from.

    Attributes:
        file: str. Its name in the study's folder.
        holds: str. What it holds, for a person.
        command: str. What makes or checks it; `{place}` is the study's folder.
    """

    file: str
    holds: str
    command: str


TABLES = {
    "predictions": Table(
        "predictions.parquet",
        "one row for each protocol, fold, seed, model and tested clip",
        "python -m training evaluate {place} --check   # they give the figures in metrics.json",
    ),
    "conditions": Table(
        "predictions.parquet",
        "the rows of disturbed clips",
        "python -m training stress {place} --data DATA",
    ),
    "validation": Table(
        "validation.parquet",
        "answers to the clips that chose a cell's epoch, never tested ones",
        "python -m training train RECIPE --data DATA --study {place}",
    ),
    "unseen": Table(
        "unseen.parquet",
        "answers to clips of none of the classes",
        "python -m training stress {place} --data DATA --unseen UNSEEN",
    ),
    "history": Table(
        "history.parquet",
        "one row for each cell and epoch",
        "python -m training train RECIPE --data DATA --study {place}",
    ),
    "cost": Table(
        "cost.json",
        "parameters, operations, time and memory, with the machine",
        "python -m training export {place}",
    ),
    "audit": Table(
        "audit.json",
        "pairs of clips that show the same film",
        "python -m training audit DATA --study {place}",
    ),
    "lottery": Table(
        "studies/seed_lottery/predictions.parquet",
        "the seed study's recipe on a stand-in, with many seeds",
        "python -m training evaluate studies/seed_lottery --check",
    ),
    "models": Table(
        "models/",
        "the weights of the holdout's first seed as model.onnx",
        "python -m training predict {place} CLIP --json",
    ),
}


def shown_path(folder: Path) -> str:
    """A folder as a person would type it: relative to the project where it lies in it."""
    if came := fetch.came_from(folder):
        return came.repo.split("/")[1]  # what `pull` calls it
    try:
        return str(folder.resolve().relative_to(state.ROOT))
    except ValueError:
        return folder.name  # a visitor has no business with the server's other folders


def facts(view: state.View, under: Sequence[str] = ()) -> dict[str, str]:
    """What the numbers are of, a line each; plain words.

    Args:
        view: the open study.
        under: protocols that they are under, where it is not the one chosen at the top.
    """
    study, meta = view.study, view.study.meta
    protocols = [name for name in under or (view.protocol,) if name in study.protocols]
    return {
        "Study": f"{study.title} ({study.name}), made {str(meta['created']).partition('T')[0]}",
        **({"On the Hub": str(came)} if (came := fetch.came_from(study.folder)) else {}),
        "Revision": view.revision,
        "Code commit": str(meta.get("code_commit") or "not recorded"),
        "Data": f"{meta['dataset']['name']}, fingerprint {meta['dataset']['fingerprint']}",
        "Protocol": " ".join(
            f"{name}: {study.protocols[name]['description'].rstrip('.')}." for name in protocols
        ),
        "Model A": _tested(view, 0, protocols),
        "Model B": _tested(view, 1, protocols),
    }


def _tested(view: state.View, slot: int, protocols: Sequence[str]) -> str:
    """'LRCN (lrcn): folds 0 to 4, seed 0, 1,776 clips of 375 source videos'."""
    model, title = view.pair[slot], view.titles[slot]
    said = []
    for protocol in protocols:
        found = numbers.extent(view, model, protocol)
        where = f"under {protocol} " if len(protocols) > 1 else ""
        if found is None:
            said.append(f"{where}not run")
            continue
        said.append(
            f"{where}{_counted('fold', found.folds)}, {_counted('seed', found.seeds)}, "
            f"{found.clips:,} clips of {found.sources:,} source videos"
        )
    return f"{title} ({model}): {'; '.join(said)}"


def _counted(word: str, values: Sequence[int]) -> str:
    """'seed 3', 'folds 0 to 4' or 'seeds 0, 2'."""
    first, last = values[0], values[-1]
    if first == last:
        return f"{word} {first}"
    if list(values) == list(range(first, last + 1)):
        return f"{word}s {first} to {last}"
    return f"{word}s {', '.join(map(str, values))}"


def made_by(study: Study, tables: Sequence[str]) -> str:
    """The files behind a page and the commands that make or check them, as one would type them."""
    place = shown_path(study.folder)
    came = fetch.came_from(study.folder)
    lines = [f"python -m training pull {came}"] if came else []
    for name in tables:
        table = TABLES[name]
        lines += [f"# {table.file}: {table.holds}", table.command.format(place=place)]
    return "\n".join(lines)


def button(view: state.View, tables: Sequence[str], under: Sequence[str] = ()) -> None:
    """A button that opens where the numbers of a page come from; `under` as in `facts`."""
    with st.popover("Where these numbers come from", icon=":material/database:", type="tertiary"):
        said = [f"- **{name}:** {escaped(words)}" for name, words in facts(view, under).items()]
        st.markdown("\n".join(said))
        st.code(made_by(view.study, tables), language=None, wrap_lines=True)


def escaped(text: str) -> str:
    """Words as Markdown that shows them as they are: no emphasis, link, picture, formula."""
    return re.sub(r"([\\`*_{}\[\]()<>#+!|~$:])", r"\\\1", text)
