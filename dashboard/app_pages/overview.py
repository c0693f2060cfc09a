"""Overview: who is better, by how much, how sure, at what cost; and what the seed study said."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from dashboard import charts, numbers, show, state

view = state.view()
found = [numbers.summary(view, name) for name in view.pair]
published = state.seed_study()

st.title(f"{view.titles[0]} or {view.titles[1]}?")
st.caption(f"Two ways to recognise what someone does in a video. {show.basis(view)}")

verdict = numbers.verdict(view)
if verdict.winner is None:
    st.warning(verdict.sentence, title="One cannot tell", icon=":material/balance:")
else:
    st.success(
        verdict.sentence,
        icon=":material/trophy:",
        title=f"{state.title(view.study, verdict.winner)} recognises more clips",
    )

for slot, (column, name) in enumerate(zip(st.columns(2), view.pair, strict=True)):
    with column.container(border=True, height="stretch"):
        show.card(view, name, slot)

if found[0] is None or found[1] is None:
    show.no_predictions(view)
    st.stop()

estimates = tuple({key: getattr(one, key) for key in charts.METRICS} for one in found if one)
seed_rows = [
    (model["title"], model["accuracy_percent"] / 100)
    for model in published.get("models", {}).values()
]
show.chart(
    charts.quality(view.titles, (estimates[0], estimates[1]), seed_rows), "quality", tabled=False
)
if published:
    said = published["protocol"]
    st.caption(
        f"Crosses: the seed study's own figures, {seed_rows[0][0]} "
        f"{100 * seed_rows[0][1]:.2f} % and {seed_rows[1][0]} {100 * seed_rows[1][1]:.2f} %. "
        f"Its protocol is another: {said['inferred']}. With a random split nearly every test clip "
        "has a sibling from the same film in the training set, so its figures and ours do not "
        "answer the same question."
    )

st.subheader("All figures")
st.table(
    show.overview_table(view, found, published),
    hide_index=True,
    alt="Measures and costs of both models beside the seed study's figures",
)
difference = numbers.difference(view)
if difference is not None:
    st.caption(
        f"Intervals: 95 %, from resampling the {difference.sources} source videos; the same draws "
        "for both models, so differences are paired. Values are means over "
        f"{show.seeds(found)}. Difference: B minus A."
    )

rows = [
    (
        name,
        *(
            None if s is None else s.accuracy
            for s in (numbers.summary(view, model, name) for model in view.pair)
        ),
    )
    for name in view.study.protocols
]
rows = [row for row in rows if row[1] or row[2]]
if len(rows) > 1:
    st.subheader("What the protocol does")
    show.chart(charts.protocols(view.titles, rows), "protocols")
    st.table(
        pd.DataFrame(
            [
                {"Protocol": name, "What it is": view.study.protocols[name]["description"]}
                for name, *_ in rows
            ]
        ),
        hide_index=True,
        alt="What each protocol is",
    )
