"""Cost: parameters, operations, time, size and memory of every model of the study."""

from __future__ import annotations

import math

import streamlit as st

from dashboard import charts, costs, numbers, show, state

view = state.view()
study = view.study
show.heading(
    view,
    "Cost",
    "What each model asks of the machine that runs it. A and B in their colours, the "
    "study's other models in grey.",
    "cost",
    "predictions",
    of=False,
)

names = [*view.pair, *(name for name in study.models if name not in view.pair)]
slots = {view.a: 0, view.b: 1}
measured = {name: costs.cost(study, name) for name in names}


def column(*path: str, unit: float = 1.0) -> list[tuple[str, float, int | None]]:
    """One number of cost.json for every model, in a unit; nan where it was not measured."""
    found = []
    for name in names:
        value = costs.part(measured[name], *path)
        if path == ("parameters", "total"):
            value = costs.parameters(study, name)
        found.append(
            (state.title(study, name), math.nan if value is None else value / unit, slots.get(name))
        )
    return found


if not any(measured.values()):
    st.info(
        "cost.json has no measurement yet: only the parameters that study.json states are known.",
        title="Not measured",
        icon=":material/hourglass_empty:",
    )

TRAINING = "Training, an epoch of 1,000 clips"
MEASURES = [
    ("Parameters", "millions", column("parameters", "total", unit=1e6), ",.3f"),
    ("Multiply-adds a clip", "millions", column("multiply_adds_per_clip", unit=1e6), ",.0f"),
    ("Median latency a clip", "milliseconds", column("latency_ms", "p50"), ",.1f"),
    ("95th percentile of latency", "milliseconds", column("latency_ms", "p95"), ",.1f"),
    ("Weights on disk", "megabytes", column("weights_bytes", unit=1e6), ",.2f"),
    ("Peak memory", "megabytes", column("peak_memory_bytes", unit=1e6), ",.0f"),
    (TRAINING, "seconds", column("training", "seconds_per_clip", unit=1e-3), ",.1f"),
]
with st.grid(2, min_column_width=320, gap="medium"):
    for heading, unit, rows, kind in MEASURES:
        with st.container(border=True, height="stretch"):
            if any(math.isfinite(value) for _, value, _ in rows):
                show.chart(charts.bars(heading, unit, rows, kind), f"cost-{heading}", tabled=False)
            else:
                st.markdown(f"**{heading}**")
                st.caption("Not measured for any model of this study.")

st.markdown(costs.ratios(view))
for quote in state.seed_study().get("quotes", []):
    if "computational" in quote:
        st.caption(
            f"The seed study says of its own two models: “{quote}” Its LRCN may be another net "
            "than the one measured here; the abstract does not say."
        )

if any(costs.part(measured[name], "training", "seconds_per_clip") for name in names):
    st.caption(
        f"{TRAINING}: steps as the recipe has them, with augmentation, measured on the machine "
        "below. A pretrained model trains on features of its first blocks; preparing those, once "
        "for all cells, is not in it but in the table below."
    )

AGAINST = {
    heading: (
        unit,
        {title: value for title, value, _ in rows if math.isfinite(value) and value > 0},
    )
    for heading, unit, rows, _ in MEASURES
}
scored = {name: one for name in names if (one := numbers.brief(view, name)) is not None}
against = [
    heading
    for heading, (_, known) in AGAINST.items()
    if sum(state.title(study, name) in known for name in scored) > 1
]
if against:
    st.header("What accuracy costs")
    default = "Multiply-adds a clip" if "Multiply-adds a clip" in against else against[0]
    chosen = st.selectbox("Against", against, against.index(default), key="against")
    unit, known = AGAINST[chosen]
    points = [
        (title, known[title], one.accuracy, slots.get(name))
        for name, one in scored.items()
        if (title := state.title(study, name)) in known
    ]
    show.chart(
        charts.trade(points, f"{chosen.lower()}, {unit}", f"Accuracy against {chosen.lower()}"),
        "trade",
    )
    st.caption(
        f"{show.basis(view)} The dotted line is the frontier: the best accuracy to be had for "
        "a cost. A model under it is beaten by one that costs no more; where the intervals "
        "overlap, another choice of films might turn that."
        + (" Preparing features is not counted." if chosen == TRAINING else "")
    )
    clips = {name: run.clips for name in scored if (run := numbers.extent(view, name))}
    most = max(clips.values())
    fewer = [
        f"{state.title(study, name)} ({count:,})" for name, count in clips.items() if count < most
    ]
    if fewer:
        st.warning(
            f"Not of the same clips: {', '.join(fewer)} against {most:,} of the others. Their "
            "points may lie higher or lower for that alone.",
            icon=":material/info:",
        )

sizes = []
for name in names:
    head, body = (costs.part(measured[name], "parameters", key) for key in ("head", "body"))
    if head is not None and body is not None:
        each = head / len(study.classes)  # every head is dense: as many weights for each class
        sizes.append((state.title(study, name), body, each, slots.get(name)))
if sizes:
    st.header("What more classes cost")
    show.chart(charts.sizes(sizes, 101, len(study.classes)), "sizes")
    st.caption(
        "Which model is the smaller one depends on how many classes it is asked to tell apart: "
        "the heads grow with them, the bodies do not."
    )

st.header("All figures")
show.table(costs.cost_table(study, names), "Every cost of every model")
st.caption(costs.measured_on(study))
runtimes = costs.runtime_table(study, names)
if len(runtimes):
    st.header("By runtime")
    show.table(runtimes, "Latency and memory of every model by runtime")
    st.caption(
        "Each in a fresh process that holds nothing else, one clip at a time. Keras with "
        "TensorFlow is what trained the models; the app runs ONNX Runtime."
    )
