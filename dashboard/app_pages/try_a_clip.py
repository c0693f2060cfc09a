"""Try a clip: a video of the visitor's own through both models at once."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from dashboard import (
    answering,
    camera,
    charts,
    costs,
    many,
    show,
    show_clip,
    show_deeper,
    state,
    trust,
    uploads,
)
from dashboard.answering import Clip, ClipError
from hvc_core import apart, splits

view = state.view()
limits = uploads.limits()
upload = f"upload-{st.session_state.get('refused', 0)}"  # another: without what was let go
ORIGINS = {
    answering.RENDERED: "Rendered by this project: free of rights, no real video.",
    answering.EXAMPLE: "An example clip of the study.",
    answering.UPLOAD: "Your clip.",
    answering.RECORDING: "Recorded with your camera.",
}


def choose(source: str | None) -> None:
    """Remembers which clip is asked for: the upload (None), or one that lies at hand."""
    many.resume()
    st.session_state.pop("full", None)
    if source is not None or st.session_state.get(upload):
        st.session_state["source"] = source
    elif st.session_state.get("source") is None:
        answering.forget()  # the visitor took away the file whose answer is shown


show.heading(
    view,
    "Try a clip",
    f"Drop a short video of someone doing something. {view.titles[0]} and {view.titles[1]} look at "
    f"the same moments of it and answer at once, each with one of the study's "
    f"{len(view.study.classes)} classes, whatever the video shows. It stays in this visit: nothing "
    "is kept or shared. Each model has one set of weights: here the protocol makes no difference.",
    "models",
    "validation",
    of=False,
    under=("holdout",),
)

able = answering.servable(view)
if able and not set(view.pair) <= set(able):
    dumb = [state.title(view.study, name) for name in dict.fromkeys(view.pair) if name not in able]
    st.info(
        f"The study tells about {' and '.join(dumb)} but does not hold the weights. Choose among "
        f"{', '.join(state.title(view.study, name) for name in able)} at the top.",
        title="Not here to be asked",
        icon=":material/block:",
    )
    st.stop()

apart.warm()  # while the visitor looks for a clip
given = st.file_uploader(
    f"Your video, or several, up to {limits.max_bytes / 1e6:.0f} MB and "
    f"{limits.max_seconds / 60:.0f} minutes each",
    type=list(answering.ENDINGS),
    accept_multiple_files=True,
    key=upload,
    on_change=choose,
    args=(None,),
)
with st.expander("Record with the camera", icon=":material/videocam:"):
    recorded = camera.recorded("camera", limits)
    if recorded is not None:
        answering.keep_recording(recorded.name, recorded.content)
        choose(answering.RECORDING)
at_hand: dict[str, tuple[Path, str]] = {}
with st.container(horizontal=True, vertical_alignment="center"):
    for path in answering.rendered():
        at_hand[path.name] = (path, answering.RENDERED)
        st.button(
            show_clip.rendered_label(path.stem),
            key=path.name,
            icon=":material/animation:",
            on_click=choose,
            args=(path.name,),
            help="Drawn by this project's own code: free of rights, and no real video.",
        )
    for path in answering.examples(view):
        key = path.relative_to(view.study.folder).as_posix()  # two folders may share a name
        at_hand[key] = (path, answering.EXAMPLE)
        st.button(
            path.stem,
            key=key,
            icon=":material/movie:",
            on_click=choose,
            args=(key,),
            help="An example clip of the study.",
        )
with st.expander("The classes that the models know", icon=":material/list:"):
    st.write(", ".join(view.study.classes) + ".")


def wanted() -> Clip | None:
    """The clip that the visitor asks for now; after a look at another page, the last one."""
    source = st.session_state.get("source")
    if source in at_hand:
        path, origin = at_hand[source]
        return answering.load(path, origin)
    if source == answering.RECORDING:
        return answering.recording()
    if given:
        uploads.admit(given)
        if len(given) > many.MOST:
            st.warning(f"The first {many.MOST} of {len(given)} clips are asked about.")
        own = [Clip(file.name, file.getvalue(), answering.UPLOAD) for file in given[: many.MOST]]
        return many.draw(view, many.named_apart(own)) if len(own) > 1 else own[0]
    kept = answering.last()
    return None if kept is None else kept.clip


answered = None
if full := st.session_state.get("full"):
    st.warning(full, title="No room for so much", icon=":material/error:")
try:
    clip = wanted()
    if clip is not None:
        with st.spinner("Decoding, then asking both models …"):
            answered = answering.answer(view, clip)
except uploads.FullError as error:
    st.session_state["full"] = str(error)
    st.session_state["refused"] = st.session_state.get("refused", 0) + 1
    st.rerun()
except ClipError as error:
    st.error(str(error), title="No answer for this clip", icon=":material/error:")
    answered = answering.last(view)
    if answered is not None:
        st.caption(f"Below is still the last good answer, for {answered.clip.name}.")
if answered is None:
    st.stop()

clip = answered.clip
answer, known = trust.believed(view, answered.answer)
show_clip.agreement(answer, answering.true_class(clip, answer.classes))
show_clip.doubts(answer, known)
show_clip.nearness(answered.twins, set(splits.HOLDOUT_GROUPS))
for note in answer.notes:
    st.warning(note, icon=":material/info:")

film, *columns = st.columns(3)
for slot, (column, one) in enumerate(zip(columns, answer.models, strict=True)):
    with column.container(border=True, height="stretch"):
        made = charts.top(one.title, answer.classes, one.probabilities, slot)
        show.chart(made, f"top-{slot}")
with st.grid(3, min_column_width=150):
    st.metric(
        "Decoding",
        costs.milliseconds(answer.decode_ms),
        help="Once for both models: the frames are scaled to each model's size on the way.",
    )
    for one in answer.models:
        st.metric(
            one.title,
            costs.milliseconds(one.milliseconds),
            help="One clip, on this server, while the other model works beside it.",
        )
if any(known):
    st.caption(
        "Probabilities are temperature-scaled by validation clips: "
        + ", ".join(
            f"{one.title} {how.temperature:.2f}"
            for one, how in zip(answer.models, known, strict=True)
            if how
        )
        + "; over 1 makes a model more modest."
    )
show_clip.downloads(view, clip.name, answer, known)
along = st.container()
show_clip.frames(view, answered)

with film.container(border=True, height="stretch"):  # last: the answers need not wait for it
    with st.spinner("Making a preview …"):
        playable = answering.preview(clip)
    if playable is None:
        st.info("No preview could be made of this clip; the answers stand.")
    else:
        st.video(playable, format="video/mp4", loop=True, muted=True, alt=f"The clip {clip.name}")
    st.markdown(f"**{clip.name}**")
    st.caption(f"{ORIGINS[clip.origin]} {answer.frames.decoded:,} frames decoded.")

with along:
    show_deeper.along(view, answered)
    show_deeper.where(view, answered)
