"""About: the data, the protocols, the terms, and the commands that make every number again."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from dashboard import glossary, sections, show, sources, state
from hvc_core.hub import fetch

study, revision = state.open_study()
meta = study.meta
data = meta["dataset"]
published = state.seed_study()

st.title("About")
st.markdown(
    "Which of two ways to recognise what someone does in a video should one take? **ConvLSTM** "
    "puts convolutions inside the recurrent cell and treats space and time together; **LRCN** "
    "looks at every frame with a convolutional network and reads the result over time with an "
    "LSTM. This app shows a study of both. Its table of predictions is the only source of "
    "numbers: every measure, matrix, interval and verdict here is derived from it."
)

st.header("The study")
st.table(
    {
        "Study": f"{study.title} (`{study.name}`)",
        "Made": str(meta["created"]).partition("T")[0],
        "Data": f"{data['name']}: {data['clips']:,} clips of {len(study.classes)} classes",
        "Data fingerprint": f"`{data['fingerprint']}`",
        "Code commit": f"`{meta['code_commit']}`" if meta.get("code_commit") else "not recorded",
        **({"On the Hub": f"`{came}`"} if (came := fetch.came_from(study.folder)) else {}),
        "Folder": f"`{sources.shown_path(study.folder)}`, revision `{revision}`",
        "Trained with": show.environment(meta["environment"]),
    },
    border="horizontal",
    alt="What the study is, what it was made from and with",
)

st.header("The models")
st.markdown(show.model_list(study))

st.header("The protocols")
st.table(
    pd.DataFrame(
        [
            {
                "Protocol": f"**{name}**",
                "What it is": entry["description"],
                "Folds": str(entry["folds"]),
                "Seeds": ", ".join(map(str, entry["seeds"])),
            }
            for name, entry in study.protocols.items()
        ]
    ),
    hide_index=True,
    alt="The protocols of the study",
)
st.markdown(
    "Clips of one group are cut from the same source video. Where a split tears a group apart, a "
    "model has seen a test clip's sibling, and its accuracy says less about other videos. "
    "Intervals here are 95 % percentile intervals from resampling source videos, not clips, with "
    "the same draws for both models."
)

st.header("Words used here")
st.table(glossary.WORDS, border="horizontal", alt="What the words mean that the pages use")

st.header("The data and its terms")
if data.get("note"):
    st.markdown(str(data["note"]))
st.markdown(
    "UCF50 is research data drawn from YouTube, for non-commercial research; no licence to pass "
    "it on is known. So no clip, frame or thumbnail of it comes with this app or its code; "
    "trained weights, predictions and measures do. Get the data from the page of UCF's Center for "
    "Research in Computer Vision. The clip named *rendered* was drawn by this project and is free "
    "of rights. The code is under the MIT licence."
)
with st.expander(f"The {len(study.classes)} classes", icon=":material/list:"):
    st.write(", ".join(study.classes) + ".")

st.header("Make every number again")
place = sources.shown_path(study.folder)
st.code(show.commands(study, place), language=None, wrap_lines=True)

if published:
    st.header("The seed study")
    said = published["protocol"]
    st.markdown(
        f"*{published['title']}.* What it published: "
        + ", ".join(
            f"{m['title']} {m['accuracy_percent']:.2f} %" for m in published["models"].values()
        )
        + f". Protocol: {said['published']}. Inferred: {said['inferred']}. "
        f"Not published: {', '.join(published['not_published'])}."
    )
    st.caption(f"Source: {published['source']}.")

if len(study.models) > 1:
    view = state.view()
    st.header("Take it with you")
    st.caption(
        f"The study as chosen at the top: {view.titles[0]}, {view.titles[1]}, protocol "
        f"{view.protocol}. The report is one HTML file that opens without network."
    )
    name = f"{study.name}-{view.a}-{view.b}-{view.protocol}"
    with st.container(horizontal=True):
        st.download_button(
            "Report (HTML)",
            lambda: sections.page(view).encode(),
            f"{name}.html",
            "text/html",
            icon=":material/description:",
            on_click="ignore",
        )
        st.download_button(
            "Report and tables (ZIP of CSV)",
            lambda: sections.archive(view),
            f"{name}.zip",
            "application/zip",
            icon=":material/folder_zip:",
            on_click="ignore",
        )

st.header("Papers")
st.markdown(
    "- X. Shi, Z. Chen, H. Wang, D.-Y. Yeung, W.-K. Wong, W.-C. Woo: *Convolutional LSTM Network: "
    "A Machine Learning Approach for Precipitation Nowcasting*, NIPS 2015.\n"
    "- J. Donahue, L. A. Hendricks, S. Guadarrama, M. Rohrbach, S. Venugopalan, K. Saenko, "
    "T. Darrell: *Long-term Recurrent Convolutional Networks for Visual Recognition and "
    "Description*, CVPR 2015.\n"
    "- K. K. Reddy, M. Shah: *Recognizing 50 Human Action Categories of Web Videos*, Machine "
    "Vision and Applications 24, 2013 (UCF50)."
)
