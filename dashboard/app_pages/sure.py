"""How sure: the rule behind the verdict, tests by seed and class, and what accuracy varies with."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from dashboard import charts, evidence, numbers, show, state
from hvc_core.statistics import paired
from hvc_core.statistics.stats import Estimate

view = state.view()
show.heading(view, "How sure?", "What the verdict rests on.", both=True)

decided = numbers.decision(view)
if decided is None:
    st.info("No clip was put to both models under this protocol.", icon=":material/balance:")
    st.stop()
if decided.winner is None:
    st.warning(
        "Not all of what was asked shows a difference, or not on the same side."
        if decided.shown
        else "Nothing of what was asked shows a difference.",
        title="One cannot tell",
        icon=":material/balance:",
    )
else:
    st.success(
        "All of the reasons below agree.",
        title=f"{state.title(view.study, decided.winner)} is better",
        icon=":material/trophy:",
    )
st.markdown("\n".join(f"- {reason}" for reason in decided.reasons))
st.caption(f"The rule: {paired.RULE}")

st.header("The same clips, both models")
st.table(
    pd.DataFrame(
        [
            {
                "Seed": str(a) if a == b else f"{a} and {b}",
                "Both right": f"{test.both:,}",
                f"Only {view.titles[0]} right": f"{test.a_only:,}",
                f"Only {view.titles[1]} right": f"{test.b_only:,}",
                "Neither right": f"{test.neither:,}",
                "Exact p": show.p_value(test.exact),
                "Mid-p": show.p_value(test.mid_p),
            }
            for a, b, test in decided.tests
        ]
    ),
    hide_index=True,
    alt="McNemar's table and test for every seed",
)
st.caption(
    "McNemar's test asks whether the clips that only one model gets right are as often the one's "
    "as the other's. It takes clips for independent, which clips of one source video are not, so "
    "its p is too small; the resampled intervals do not make that mistake."
)

st.header("Class by class")
tests = evidence.class_tests(view)
tests = tests.reindex(tests["difference"].abs().sort_values(ascending=False).index)
held = tests[tests["clips"] > 0]
sure = (held["p_holm"] < paired.ALPHA).tolist()
gaps = [
    Estimate(*values)
    for values in held[["difference", "low", "high"]].itertuples(index=False, name=None)
]
ahead = f"{sum(sure)} of {len(held)} classes differ after Holm's correction."
show.chart(
    charts.dots(
        f"Recall of {view.titles[1]} minus {view.titles[0]}",
        f"points of recall; right of zero {view.titles[1]} is ahead",
        held["class"].tolist(),
        [charts.Series("Difference, 95 % interval", gaps, 1, marked=sure)],
        points=True,
        said=ahead,
    ),
    "class-gaps",
    tabled=False,
)
st.caption(
    f"{ahead} {show.marked_note(held)} The test flips the two models within whole source videos; "
    "Holm's correction keeps the chance of any false alarm over all classes under 5 %, so a hollow "
    "point's own interval may lie clear of zero."
)
show.table(
    pd.DataFrame(
        {
            "Class": held["class"],
            "Clips": held["clips"],
            f"{view.titles[0]} recall, %": 100 * held["a_recall"],
            f"{view.titles[1]} recall, %": 100 * held["b_recall"],
            "Difference, points": 100 * held["difference"],
            "p": [show.p_value(p) for p in held["p"]],
            "p, corrected (Holm)": [show.p_value(p) for p in held["p_holm"]],
            "McNemar's mid-p": [show.p_value(p) for p in held["mcnemar"]],
        }
    ),
    "Recall of both models by class with tests",
)

st.header("What accuracy varies with")
known = [(name, evidence.spread_of(view, name)) for name in view.pair]
spreads = [(state.title(view.study, name), found) for name, found in known if found is not None]

show.chart(
    charts.dots(
        "The naive interval and the honest one",
        "accuracy of one seed, percent of test clips",
        [name for name, _ in spreads],
        [
            charts.Series(
                "As if clips were independent (Wilson)",
                [Estimate(one.first, *one.wilson) for _, one in spreads],
                hollow=True,
            ),
            charts.Series(
                "Source videos resampled",
                [Estimate(one.first, *one.grouped) for _, one in spreads],
            ),
        ],
        said=" ".join(
            f"{name}: {100 * (one.wilson[1] - one.wilson[0]):.1f} points wide if clips were "
            f"independent, {100 * (one.grouped[1] - one.grouped[0]):.1f} with source videos "
            "resampled."
            for name, one in spreads
        ),
    ),
    "naive",
    tabled=False,
)
st.table(
    pd.DataFrame(
        [
            {
                "Model": name,
                "By seed": ", ".join(f"{100 * v:.1f}" for v in one.by_seed.values()),
                "Spread over seeds": show.points(one.seed_sd),
                "By fold": ", ".join(f"{100 * v:.1f}" for v in one.by_fold.values()),
                "Spread over folds": show.points(one.fold_sd),
                "Spread over source videos": show.points(one.source_se),
                "If clips were independent": show.points(one.clip_se),
                "Clips of one video count as": "–"
                if not one.design_effect
                else f"1 in {one.design_effect:.1f}",
            }
            for name, one in spreads
        ]
    ),
    hide_index=True,
    alt="What the accuracy of both models varies with",
)
st.caption(
    "Spreads are standard deviations, in points of accuracy. Over seeds: other first weights, "
    "other validation clips and, under random, another split. Over folds: other test films and "
    "other training films. Over source videos: the standard error of one seed's accuracy, had "
    "other films been drawn."
)
