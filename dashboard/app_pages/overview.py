"""Overview: who is better, by how much, how sure, at what cost; and what the seed study said."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from dashboard import charts, evidence, numbers, show, show_pair, state

view = state.view()
found = [numbers.summary(view, name) for name in view.pair]
published = state.seed_study()

show.heading(
    view,
    f"{view.titles[0]} or {view.titles[1]}?",
    "Two ways to recognise what someone does in a video.",
    "predictions",
    "cost",
)

verdict = numbers.verdict(view)
plain = show_pair.in_a_hundred(view, found)
if verdict.winner is None:
    st.warning(f"{plain} {verdict.sentence}", title="One cannot tell", icon=":material/balance:")
else:
    st.success(
        f"{plain} {verdict.sentence}",
        icon=":material/trophy:",
        title=f"{state.title(view.study, verdict.winner)} recognises more clips",
    )

also = evidence.like_for_like(view)
if also:
    st.info(
        "The two differ in more than the part that looks over time, so their gap is not owed to it "
        f"alone. {also}",
        icon=":material/balance:",
    )
with st.container(horizontal=True):
    for page, label, icon in (
        ("try_a_clip", "Try a clip of your own", "movie"),
        ("choose", "Say what matters, get a model", "rule"),
        ("findings", "All findings", "lightbulb"),
        ("clips", "Look at the clips", "video_library"),
    ):
        st.page_link(
            f"app_pages/{page}.py", label=label, icon=f":material/{icon}:", width="content"
        )

for slot, (column, name) in enumerate(zip(st.columns(2), view.pair, strict=True)):
    with column.container(border=True, height="stretch"):
        show_pair.card(view, name, slot)

if found[0] is None or found[1] is None:
    show.no_predictions(view)
    st.stop()

estimates = tuple({key: getattr(one, key) for key in charts.METRICS} for one in found if one)
seed_rows = [
    (str(model["title"]), float(model["accuracy_percent"]) / 100)
    for model in published.get("models", {}).values()
]
made = charts.quality(view.titles, (estimates[0], estimates[1]), seed_rows)
show.chart(made, "quality", tabled=False)
if published:
    each = " and ".join(f"{name} {100 * value:.2f} %" for name, value in seed_rows)
    st.caption(
        f"Crosses: the seed study's own figures, {each}. Its protocol is another, as inferred: "
        f"{published['protocol']['inferred']}. With a random split nearly every test clip has a "
        "sibling from the same film in the training set, so its figures and ours do not answer "
        "the same question."
    )

st.header("All figures")
st.table(
    show_pair.overview_table(view, found, published),
    hide_index=True,
    alt="Measures and costs of both models beside the seed study's figures",
)
difference = numbers.difference(view)
if difference is not None:
    st.caption(
        "In brackets: 95 % intervals from resampling source videos. B − A is of the "
        f"{difference.clips:,} clips of {difference.sources} source videos that both were tested "
        "on, drawn alike for both; where one was tested on more, the columns do not subtract. "
        f"Values are means over {show.seeds(view)}. A dash: not derived here, or not published "
        "there."
    )

rows = []
for name in view.study.protocols:
    a, b = (numbers.brief(view, model, name) for model in view.pair)
    if a or b:
        rows.append((name, (a.accuracy if a else None, b.accuracy if b else None)))
if len(rows) > 1:
    st.header("What the protocol does")
    show.chart(charts.protocols(view.titles, rows), "protocols")
    said = [{"Protocol": n, "What it is": view.study.protocols[n]["description"]} for n, _ in rows]
    st.table(pd.DataFrame(said), hide_index=True, alt="What each protocol is")
