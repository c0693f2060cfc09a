"""Leakage: what a random split flatters, the copies that the audit found, the seed lottery."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from dashboard import charts, evidence, show, state
from hvc_core.statistics.lottery import PLAYED_NOTE, lottery, published
from hvc_core.statistics.stats import Estimate

view = state.view()
study = view.study
show.heading(
    view,
    "Leakage",
    "Clips of one source video are near-copies of each other. A random split puts them on both "
    "sides, and a model that remembers passes for one that understands.",
    "predictions",
    "audit",
    "lottery",
    of=False,
    under=("random", "group5"),
)

st.header("The leakage meter")
names = [*view.pair, *(name for name in study.models if name not in view.pair)]
slots = {view.a: 0, view.b: 1}
meters = {name: found for name in names if (found := evidence.meter(view, name)) is not None}
absent = [state.title(study, name) for name in names if name not in meters]
if not meters:
    st.info(
        "The meter needs predictions under both protocols, random and group5; no model of this "
        "study has them. `python -m training train` runs what a recipe asks for.",
        title="Not measured",
        icon=":material/hourglass_empty:",
    )
else:
    labels = [state.title(study, name) for name in meters]
    show.chart(
        charts.dots(
            "Accuracy by kind of split",
            "accuracy, percent of test clips",
            labels,
            [
                charts.Series(
                    "random: siblings on both sides",
                    [m.leaky for m in meters.values()],
                    hollow=True,
                ),
                charts.Series(
                    "group5: no group on both sides", [m.honest for m in meters.values()]
                ),
            ],
            span=(0, 101),
        ),
        "meter",
    )
    said = "; ".join(
        f"{label} {100 * m.overall.mean:.1f} points"
        for label, m in zip(labels, meters.values(), strict=True)
    )
    show.chart(
        charts.dots(
            "Accuracy that the random split adds",
            "points, random minus group5",
            labels,
            [charts.Series("Leak, 95 % interval", [m.overall for m in meters.values()])],
            points=True,
            said=f"{said}.",
        ),
        "leak",
    )
    leaks = [
        (name, leak)
        for name in view.pair
        if name in meters and (leak := evidence.leak_by_class(view, name)) is not None
    ]
    if leaks:
        order = leaks[0][1]["difference"].sort_values(ascending=False).index
        show.chart(
            charts.dots(
                "The leak of each class, in recall",
                "points, random minus group5",
                leaks[0][1].loc[order, "class"].tolist(),
                [
                    charts.Series(
                        state.title(study, name),
                        [
                            Estimate(*row) if row[0] == row[0] else None
                            for row in leak.loc[order, ["difference", "low", "high"]].itertuples(
                                index=False, name=None
                            )
                        ],
                        slots[name],
                    )
                    for name, leak in leaks
                ],
                points=True,
            ),
            "leak-classes",
        )
    if absent:
        st.caption(f"Not run under both protocols, so not drawn: {', '.join(absent)}.")

tickets, drawn = state.lottery_study(), []
for model, figure in published(state.seed_study()).items():
    if tickets is not None and model in tickets.models and tickets.has(model, "random"):
        ticket = lottery(tickets.predictions, model, figure, tickets.classes)
        values = list(ticket.by_seed.values())
        drawn.append((state.title(tickets, model), values, figure, ticket.words))
if tickets is not None and drawn:
    st.header("The seed lottery")
    st.markdown(
        "The seed study's recipe, as its abstract and its well-known source tell it, run with "
        f"{' and '.join(str(n) for n in dict.fromkeys(len(v) for _, v, *_ in drawn))} seeds on "
        f"**a stand-in** for its data: {', '.join(tickets.classes)}, "
        f"{tickets.meta['dataset']['clips']} clips. A seed chooses the split, the first weights "
        "and the order."
    )
    made = charts.strip(
        "The same recipe, another seed",
        "accuracy, percent of test clips",
        drawn,
        "Published by the seed study",
    )
    show.chart(made, "lottery")
    st.caption(
        "The seed study's clips were others, so its figures are held beside the spread, not "
        f"tested against it. {PLAYED_NOTE}"
    )

st.header("Copies across groups")
if study.audit is None:
    st.info(
        "This study holds no audit; `python -m training audit DATA` makes one of a data folder.",
        title="Not audited",
        icon=":material/hourglass_empty:",
    )
    st.stop()
pairs = pd.DataFrame(study.audit["pairs"], columns=["a", "b", "similarity", "identical"])
st.markdown(
    f"A split by group does not see everything: **{len(pairs)} pairs** of clips of different "
    f"source videos show the same film, **{int(pairs['identical'].sum())}** of them byte for byte. "
    "The protocols by group leave such a clip out of training and validation where its "
    "twin is tested, but not its siblings, other clips of the same source video: *Findings* has "
    "how many tested clips that touches, and accuracy without them."
)
st.caption(study.audit["method"])
if len(pairs):
    with st.expander("All pairs", icon=":material/content_copy:"):
        show.table(
            pd.DataFrame(
                {
                    "Clip": pairs["a"],
                    "Its twin": pairs["b"],
                    "Similarity, %": 100 * pairs["similarity"],
                    "Same file": ["yes" if same else "no" for same in pairs["identical"]],
                }
            ),
            "Near-identical pairs of clips",
        )
    folds = evidence.left_out(view)
    with st.expander("Clips left out of each fold", icon=":material/playlist_remove:"):
        show.table(
            pd.DataFrame(
                {
                    "Protocol": folds["protocol"],
                    "Fold": folds["fold"],
                    "Clips tested": folds["tested"],
                    "Left out": [len(names) for names in folds["left_out"]],
                    "Which": [", ".join(names) or "–" for names in folds["left_out"]],
                }
            ),
            "Clips that the audit takes from the training of each fold",
        )
