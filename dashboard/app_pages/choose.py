"""Which one should I take?: what matters in, the model that fits out, and what would flip it."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from dashboard import address, charts, choosing, show, state
from hvc_core.choice import CRITERIA, RULE, choose

view = state.view()
study = view.study
show.heading(
    view,
    "Which one should I take?",
    "Say what matters; leave the rest empty. All models of the study that were tested under "
    f"protocol {view.protocol} are asked, whatever A and B are.",
    "predictions",
    "cost",
    of=False,
)

needs: dict[str, float] = {}
with st.grid(3, min_column_width=180, gap="small"):
    for criterion in CRITERIA:
        limit = "at least" if criterion.kind == "least" else "at most"
        need = st.number_input(
            f"{criterion.title}, {limit}, {criterion.unit}",
            min_value=0.0,
            value=None,
            max_value=100.0 if criterion.unit == "%" else None,
            format=f"%.{criterion.digits}f",
            placeholder="anything",
            **address.kept(
                f"need_{criterion.name}",
                None,
                address.number(100.0 if criterion.unit == "%" else None),
                address.written,
            ),
        )
        if need is not None:
            needs[criterion.name] = need

candidates, facts = choosing.candidates(view)
if not candidates:
    show.no_predictions(view)
    st.stop()
made = choose(candidates, needs, lambda a, b: choosing.told_apart(view, a, b))

# -- the answer ------------------------------------------------------------------------------------

if made.taken is None:
    st.warning(
        "No model of this study meets all of that. " + " ".join(made.flips),
        title="None",
        icon=":material/block:",
    )
else:
    taken = made.taken
    tied = ", ".join(one.title for one in [taken, *made.tied] if one is not made.best)
    st.success(
        f"Accuracy {charts.percent(facts[taken.model].accuracy.mean)} "
        f"({charts.interval(facts[taken.model].accuracy)}), worst class "
        f"{facts[taken.model].worst_class}."
        + (
            f" The most accurate that fits is {made.best.title}; one cannot tell {tied} from it, "
            "and of all these this one asks the least work."
            if tied and made.best is not None
            else ""
        ),
        title=f"Take {taken.title}",
        icon=":material/check_circle:",
    )
    if made.flips:
        st.header("What would flip it")
        st.markdown("\n".join(f"- {one}" for one in made.flips))

st.header("The evidence")
rows = []
for one in sorted(candidates, key=lambda c: -(c.values["accuracy"] or 0)):
    missed = made.failed.get(one.model, [])
    fit = "taken" if made.taken is one else "fits" if not missed else "misses " + ", ".join(
        k.title.lower() for k in missed
    )  # fmt: skip
    row = {"Model": one.title, "Answer": fit}
    for criterion in CRITERIA:
        value = one.values.get(criterion.name)
        row[criterion.title] = "not measured" if value is None else criterion.words(value)
    row[CRITERIA[0].title] += f" ({charts.interval(facts[one.model].accuracy)})"
    row[CRITERIA[1].title] += f", {facts[one.model].worst_class}"
    rows.append(row)
show.table(pd.DataFrame(rows), "What every model measures, and which needs it misses")
st.caption(
    f"{RULE} Intervals are of other films; the costs are those of the machine that the Cost page "
    "names, as this app runs the models."
)
