"""Two studies side by side: what of them can be compared, and the figures of both.

Two models of two studies are told apart by the paired difference only where both were put to the
same clips of the same data; else their intervals stand beside each other and no test is made.
May import: pandas, streamlit, dashboard, hvc_core.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import streamlit as st

from dashboard import costs, numbers, state
from dashboard.sources import escaped
from hvc_core.statistics import stats
from hvc_core.study import Study

OURS, THEIRS = "this", "other"
BOTH = ("This", "The other")


@dataclass(frozen=True)
class Two:
    """Two open studies.

    Attributes:
        ours: View. The study that the app shows, with the pair and protocol of the page's top.
        theirs: View. Another, under the same or another protocol.
    """

    ours: state.View
    theirs: state.View

    @property
    def views(self) -> tuple[state.View, state.View]:
        return self.ours, self.theirs

    @property
    def same_data(self) -> bool:
        """Whether both were made of the same clips with the same classes."""
        a, b = (v.study.meta["dataset"] for v in self.views)
        return bool(a["fingerprint"] == b["fingerprint"] and a["classes"] == b["classes"])

    @property
    def shared(self) -> int:
        """How many clips of the two studies bear the same name."""
        a, b = (set(view.study.predictions["clip"].unique()) for view in self.views)
        return len(a & b)

    @property
    def classes(self) -> list[str]:
        """The classes that both have, in our order."""
        return [name for name in self.ours.study.classes if name in self.theirs.study.classes]


def beside(study: Study) -> dict[str, Path]:
    """Name -> folder of the studies that may be set beside a study: those of `state.shelf`."""
    found = {file.parent.name: file.parent for file in sorted(state.shelf().glob("*/study.json"))}
    return {n: path for n, path in found.items() if path.resolve() != study.folder.resolve()}


def facts(two: Two) -> pd.DataFrame:
    """What each of the studies is, as Markdown that shows a stranger's words as they are."""
    rows = []
    for view in two.views:
        meta, data = view.study.meta, view.study.meta["dataset"]
        rows.append(
            {
                "Title": view.study.title,
                "Made": str(meta["created"]).partition("T")[0],
                "Data": f"{data['name']}, {data['clips']:,} clips",
                "Classes": f"{len(view.study.classes)}, {len(two.classes)} in both",
                "Data fingerprint": str(data["fingerprint"])[:12],
                "Protocols": ", ".join(view.study.protocols),
                "Models": ", ".join(view.study.models),
                "Code commit": str(meta.get("code_commit") or "not recorded")[:12],
                "Revision": view.revision,
            }
        )
    names = [f"{word}: {escaped(v.study.name)}" for word, v in zip(BOTH, two.views, strict=True)]
    return pd.DataFrame(rows, index=names).T.reset_index(names="").map(escaped)


def scores(two: Two) -> pd.DataFrame:
    """Accuracy of every model of both studies, under the protocol chosen for each.

    Returns:
        DataFrame, a row a model's name: model, title, ours, theirs (Summary or None each),
        paired (Difference, theirs minus ours, or None where they were not put to the same clips).
    """
    names = list(dict.fromkeys([*two.ours.study.models, *two.theirs.study.models]))
    rows = []
    for name in names:
        ours, theirs = (
            numbers.summary(view, name) if name in view.study.models else None for view in two.views
        )
        if ours is None and theirs is None:
            continue
        known = two.ours.study if name in two.ours.study.models else two.theirs.study
        both = ours is not None and theirs is not None and two.same_data
        rows.append(
            {
                "model": name,
                "title": state.title(known, name),
                "ours": ours,
                "theirs": theirs,
                "paired": _difference(two, name) if both else None,
            }
        )
    return pd.DataFrame(rows, columns=["model", "title", "ours", "theirs", "paired"], dtype=object)


def _difference(two: Two, model: str) -> stats.Difference | None:
    return _paired(
        two.ours.study,
        two.theirs.study,
        two.ours.revision,
        two.theirs.revision,
        model,
        two.ours.protocol,
        two.theirs.protocol,
    )


@st.cache_data(max_entries=64, show_spinner="Resampling the source videos …")
def _paired(
    _ours: Study,
    _theirs: Study,
    ours: str,
    theirs: str,
    model: str,
    our_protocol: str,
    their_protocol: str,
) -> stats.Difference | None:
    parts = []
    for of, name, protocol in (
        (_ours, OURS, our_protocol),
        (_theirs, THEIRS, their_protocol),
    ):
        own = of.rows(protocol, model)
        parts.append(own.assign(model=name, protocol="both"))
    try:
        found = stats.difference(pd.concat(parts), THEIRS, OURS, "both", _ours.classes)
    except ValueError:
        return None
    return found if found.sources >= stats.MIN_SOURCES else None


def by_class(two: Two, ours: str, theirs: str) -> pd.DataFrame | None:
    """F1 of the classes in common, of one model of each: `numbers.side_by_side`."""
    a, b = numbers.summary(two.ours, ours), numbers.summary(two.theirs, theirs)
    return None if a is None or b is None else numbers.side_by_side(a, b, two.classes)


def cost(two: Two) -> pd.DataFrame:
    """What the models of both studies cost: the Cost page's table of each, one under the other."""
    parts = []
    for word, view in zip(BOTH, two.views, strict=True):
        table = costs.cost_table(view.study, list(view.study.models))
        parts.append(table.assign(Study=word))
    whole = pd.concat(parts, ignore_index=True)
    return whole[["Study", *(name for name in whole.columns if name != "Study")]]
