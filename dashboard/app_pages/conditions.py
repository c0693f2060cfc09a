"""Time and the world: what the LSTM adds, whether order matters, which model breaks first."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from dashboard import address, charts, evidence, show, state
from hvc_core.conditions import CONDITIONS
from hvc_core.statistics import paired, robustness
from hvc_core.statistics.stats import Estimate

TIME = {"clean": "As they are"} | {n: c.title for n, c in CONDITIONS.items() if c.family == "time"}
# The first of a family is called "Blur 1".
FAMILIES = {c.family: c.title.removesuffix(" 1") for c in CONDITIONS.values() if c.strength == 1}

view = state.view()
show.heading(
    view,
    "Time and the world",
    "What looking over time is worth, and what the models bear: clips disturbed and really "
    "put through them.",
    "predictions",
    "conditions",
    both=True,
    under=list(dict.fromkeys([view.protocol, evidence.asked_under(view, "conditions").protocol])),
)


def meant(gain: Estimate) -> str:
    """What an interval says of the LSTM."""
    if gain.lo > 0:
        return "it helps"
    return "it harms" if gain.hi < 0 else "one cannot tell"


gains = {
    f"{pair.titles[1]} minus {pair.titles[0]}": (pair, gain)
    for pair, gain in evidence.over_mean(view)
}
if gains:
    st.header("What does the LSTM add over the mean?")
    st.markdown(
        "\n".join(
            f"- {names}: **{show.signed(gain.accuracy.mean)} points** of accuracy "
            f"({show.signed(gain.accuracy.lo)} to {show.signed(gain.accuracy.hi)}) on "
            f"{gain.clips:,} clips: {meant(gain.accuracy)}."
            for names, (_, gain) in gains.items()
        )
    )
    st.caption("These pairs are the same whatever models A and B are; the protocol counts.")
    which = st.segmented_control(
        "Class by class", list(gains), default=next(iter(gains)), required=True
    )
    tests = evidence.class_tests(gains[which][0])
    tests = tests[tests["clips"] > 0].sort_values("difference", ascending=False)
    show.chart(
        charts.dots(
            which,
            "points of recall; right of zero the LSTM helps",
            tests["class"].tolist(),
            [
                charts.Series(
                    "Difference, 95 % interval",
                    [
                        Estimate(*row)
                        for row in tests[["difference", "low", "high"]].itertuples(
                            index=False, name=None
                        )
                    ],
                    marked=(tests["p_holm"] < paired.ALPHA).tolist(),
                )
            ],
            points=True,
        ),
        "lstm-classes",
    )
    st.caption(
        f"{(tests['p_holm'] < paired.ALPHA).sum()} of {len(tests)} classes differ after Holm's "
        f"correction. {show.marked_note(tests)}"
    )

# Disturbed clips are put to few cells, so they are shown under whichever protocol has them.
asked = evidence.asked_under(view, "conditions")
tables = [evidence.conditions(asked, name) for name in view.pair]
if not all(len(made) for made in tables):
    st.info(
        "This study holds no answers to disturbed clips for both models. "
        "`python -m training stress` makes them where the weights are.",
        title="Not run",
        icon=":material/hourglass_empty:",
    )
    st.stop()
if asked.protocol != view.protocol:
    st.info(
        f"Disturbed clips were put to the models of protocol {asked.protocol}, so from here on "
        f"its {tables[0]['clips'].iloc[0]:,} test clips are meant.",
        icon=":material/info:",
    )


def estimates(made: pd.DataFrame, names: list[str], columns: list[str]) -> list[Estimate | None]:
    """One estimate a condition, None where it was not run."""
    by_name = made.set_index("condition")
    return [
        Estimate(*by_name.loc[name, columns]) if name in by_name.index else None for name in names
    ]


st.header("Does the order of the frames matter?")
names = [name for name in TIME if any(name in set(made["condition"]) for made in tables)]
labels = [TIME[name] for name in names]
show.chart(
    charts.dots(
        "Accuracy when the frames lose their order",
        "accuracy, percent of test clips",
        labels,
        [
            charts.Series(title, estimates(made, names, ["accuracy", "low", "high"]), slot)
            for slot, (title, made) in enumerate(zip(view.titles, tables, strict=True))
        ],
        span=(0, 101),
    ),
    "time",
)
for slot, (title, made) in enumerate(zip(view.titles, tables, strict=True)):
    changes = estimates(made, names[1:], ["lost", "lost_high", "lost_low"])
    chance = made.set_index("condition")["p"]
    words = [
        f"{TIME[name].lower()} {show.signed(-e.mean)} ({show.signed(-e.lo)} to "
        f"{show.signed(-e.hi)}; p {show.p_value(chance[name])})"
        for name, e in zip(names[1:], changes, strict=True)
        if e is not None
    ]
    st.markdown(f"{show.DOT[slot]} **{title}**, points of accuracy: " + "; ".join(words) + ".")
st.caption(
    "Each p flips the answers with and without the condition within whole source videos. It stands "
    "by itself: of many such tests some are small by chance, which *Findings* corrects for."
)

st.header("Which model breaks first?")
drawn = []
for family, heading in FAMILIES.items():
    parts = []
    for slot, made in enumerate(tables):
        own = made[(made["family"] == family) & (made["strength"] > 0)]
        parts.append(pd.concat([made[made["condition"] == "clean"], own]).assign(slot=slot))
    if all(len(part) > 1 for part in parts):
        drawn.append(charts.strengths(view.titles, heading, pd.concat(parts)))
if drawn:
    with st.grid(3, min_column_width=280, gap="small"):
        for one in drawn:
            with st.container():
                show.chart(one, f"strength-{one.figure.layout.title.text}", tabled=False)
    with st.expander("The same numbers as a table", icon=":material/table:"):
        show.table(pd.concat([one.table for one in drawn]), "Accuracy under each disturbance")
    broken = [robustness.breaks(made) for made in tables]
    st.table(
        pd.DataFrame(
            [
                {
                    "Disturbance": FAMILIES.get(family, family),
                    **{
                        f"{show.DOT[i]} {view.titles[i]}": one[family].words
                        if family in one
                        else "not run"
                        for i, one in enumerate(broken)
                    },
                }
                for family in FAMILIES
                if any(family in one for one in broken)
            ]
        ),
        hide_index=True,
        alt="At which strength of each disturbance each model breaks",
    )
    with st.expander("What was done to the clips", icon=":material/list:"):
        st.table(
            pd.DataFrame(
                [{"Condition": c.title, "What it is": c.what} for c in CONDITIONS.values()]
            ),
            hide_index=True,
            alt="Every condition in a sentence",
        )
    st.caption(
        f"Broken: under {robustness.BROKEN:.0%} of its accuracy on the clips as they are, with the "
        "whole 95 % interval; perhaps, where the interval reaches under it. A model that starts "
        "low falls less far before it breaks, so look at the curves too."
    )

st.header("Class by class")
names = [name for name in CONDITIONS if any(name in set(made["condition"]) for made in tables)]
condition = st.selectbox(
    "What was done to the clips",
    names,
    format_func=lambda name: CONDITIONS[name].title,
    **address.kept("condition", names[0], address.one_of(names)),
)
losses = [evidence.class_loss(asked, name, condition) for name in view.pair]
show.chart(
    charts.dots(
        f"Recall lost: {CONDITIONS[condition].title.lower()}",
        "points of recall lost; left of zero the class gains",
        view.study.classes,
        [
            charts.Series(title, loss, slot)
            for slot, (title, loss) in enumerate(zip(view.titles, losses, strict=True))
        ],
        points=True,
    ),
    "condition-classes",
)
