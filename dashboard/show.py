"""How the pages draw what they have alike: a chart with its table, a message, a number.

May import: streamlit, pandas, dashboard, hvc_core.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
import streamlit as st
from PIL import Image

from dashboard import charts, costs, numbers, sources, state
from dashboard.charts import Chart
from hvc_core.statistics import paired
from hvc_core.statistics.stats import Estimate
from hvc_core.study import Study, StudyError

# Words on charts: Streamlit's own grey for them is too faint to read (3.7:1 on white). These have
# 6:1 and more. After a visitor changes the theme a chart keeps its ink until the next click, as
# Plotly's explicit colours do, so each stays legible (2.6:1) on the other theme as well.
INK = {"light": "#59626C", "dark": "#98A1AB"}
CONFIG = {"displayModeBar": False, "scrollZoom": False, "responsive": True}
DOT = (":blue-badge[A]", ":orange-badge[B]")


def theme() -> str:
    """'light' or 'dark': what the visitor sees, or light before the browser has told."""
    return "dark" if st.context.theme.type == "dark" else "light"


def chart(
    made: Chart, key: str, tabled: bool = True, on_select: Callable[[], None] | None = None
) -> None:
    """A chart, named for screen readers, and the same numbers as a table one click away.

    Args:
        made: what is drawn.
        key: str. The element's, in this run's pages.
        tabled: bool. Whether its table is put under it.
        on_select: called when a point is clicked; the state under `key` has it.
    """
    ink = INK[theme()]
    made.figure.update_xaxes(tickfont_color=ink, title_font_color=ink)
    made.figure.update_yaxes(tickfont_color=ink, title_font_color=ink)
    for kind in ("bar", "scatter"):  # not heatmaps: there each number follows its cell
        made.figure.update_traces(textfont_color=ink, selector={"type": kind})
    made.figure.update_annotations(font_color=ink)
    st.plotly_chart(
        made.figure,
        key=key,
        alt=made.alt,
        config=CONFIG,
        on_select=on_select or "ignore",
        selection_mode="points",
    )
    if tabled and len(made.table):
        with st.expander("The same numbers as a table", icon=":material/table:"):
            table(made.table, f"The numbers of the chart {made.figure.layout.title.text}")


def table(
    rows: pd.DataFrame,
    alt: str,
    key: str | None = None,
    on_select: Callable[[], None] | Literal["rerun", "ignore"] = "ignore",
) -> None:
    """A table that sorts on a click and downloads as CSV.

    Args:
        rows: what it shows.
        alt: str. What it is, for screen readers.
        key: str. The element's, where a row can be chosen.
        on_select: what is done when a row is chosen; the state under `key` has it.
    """
    st.dataframe(
        rows,
        hide_index=True,
        alt=alt,
        key=key,
        on_select=on_select,
        selection_mode="single-row",
        placeholder="–",
        column_config={
            str(name): st.column_config.NumberColumn(
                format="%.1f" if pd.api.types.is_float_dtype(kind) else "localized"
            )
            for name, kind in rows.dtypes.items()
            if pd.api.types.is_numeric_dtype(kind)
        },
    )


def mark(key: str, rows: list[int]) -> None:
    """Marks rows of a table, by number, before it is drawn.

    Only where others are marked: a table that is told which tells of them again when it is drawn,
    as if the visitor had chosen, and what was chosen meanwhile would be lost.
    """
    now = st.session_state[key]["selection"]["rows"] if key in st.session_state else []
    if list(now) != rows:
        st.session_state[key] = {"selection": {"rows": rows, "columns": []}}


def icon() -> Image.Image:
    """The browser tab's picture: the two models' colours side by side, drawn here."""
    picture = np.zeros((32, 32, 4), np.uint8)
    for slot, color in enumerate(charts.COLORS):
        picture[4:28, 2 + 15 * slot : 15 + 15 * slot] = [*charts.rgb(color), 255]
    return Image.fromarray(picture)


def broken(error: Exception) -> None:
    """The message for a study that cannot be shown."""
    known = isinstance(error, StudyError)
    said = str(error) if known else f"Reading it failed ({type(error).__name__}); see the log."
    st.error(said, title="This study cannot be shown", icon=":material/folder_off:")
    st.caption(
        "The app is up and reads the study again on the next click. The study is the folder that "
        "the environment variable HVC_STUDY names, else the one shipped with the code."
    )


def alone(study: Study) -> None:
    """The message for a study with nothing to compare."""
    names = ", ".join(state.title(study, name) for name in study.models)
    st.info(
        f"Study {study.name} has one model, {names}; the pages compare two. Add another to its "
        "recipe and train it with `python -m training train`.",
        title="Nothing to compare yet",
        icon=":material/hourglass_empty:",
    )


def basis(view: state.View) -> str:
    """One sentence: which study, classes, clips, folds, seeds and protocol the page speaks of."""
    known = [one for name in view.pair if (one := numbers.extent(view, name)) is not None]
    study = view.study
    if not known:
        return f"Study {study.name}, {len(study.classes)} classes, protocol {view.protocol}."
    clips = " and ".join(f"{n:,}" for n in dict.fromkeys(one.clips for one in known))
    films = " and ".join(f"{n:,}" for n in dict.fromkeys(one.sources for one in known))
    folds = _many("fold", [len(one.folds) for one in known])
    return (
        f"Study {study.name}: {len(study.classes)} classes, {clips} clips of {films} source "
        f"videos under protocol {view.protocol}, {folds}, {seeds(view)}."
    )


def seeds(view: state.View) -> str:
    """'3 seeds', or '3 and 1 seeds' where the pair's differ."""
    known = [one for name in view.pair if (one := numbers.extent(view, name)) is not None]
    return _many("seed", [len(one.seeds) for one in known])


def _many(word: str, counts: Sequence[int]) -> str:
    """'1 seed', '3 seeds' or '3 and 1 seeds'."""
    found = list(dict.fromkeys(counts))
    return f"{' and '.join(map(str, found))} {word}{'' if found == [1] else 's'}"


def heading(
    view: state.View,
    title: str,
    words: str,
    *tables: str,
    both: bool = False,
    of: bool = True,
    under: Sequence[str] = (),
) -> None:
    """A page's title, what it is about, and where its numbers come from.

    Args:
        view: the open study.
        title: str.
        words: str. What the page is about.
        tables: names in `sources.TABLES`. What the page draws from.
        both: bool. Whether the page is of no use without predictions of both models; then it ends
            here, with a message.
        of: bool. Whether the words go on with what the pair was tested on.
        under: protocols of the page's numbers, where it is not the one chosen at the top.
    """
    st.title(title)
    st.caption(f"{words} {basis(view)}" if of else words)
    sources.button(view, tables or ("predictions",), under)
    if both and numbers.missing(view):
        no_predictions(view)
        st.stop()


def no_predictions(view: state.View) -> None:
    """The message where the pair was not trained under the chosen protocol, and a way out."""
    absent = numbers.missing(view)
    names = " and ".join(state.title(view.study, name) for name in absent)
    st.info(
        f"{names} {'has' if len(absent) == 1 else 'have'} no predictions under protocol "
        f"{view.protocol}. Choose another protocol or another model at the top, or train the "
        "missing cells with `python -m training train`.",
        title="Nothing to compare here",
        icon=":material/hourglass_empty:",
    )
    for protocol in state.run_under(view.study, *view.pair):
        st.button(
            f"Compare them under {protocol}",
            icon=":material/arrow_forward:",
            on_click=state.choose_protocol,
            args=(protocol,),
        )


def metric(label: str, found: Estimate, help: str | None = None) -> None:
    """A figure with its 95 % interval under it."""
    st.metric(
        label,
        charts.percent(found.mean),
        delta=charts.interval(found),
        delta_color="off",
        delta_arrow="off",
        help=help,
    )


def p_value(value: float) -> str:
    """A p-value as a person reads it; a dash where there is none."""
    if value != value:
        return "–"
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def marked_note(tests: pd.DataFrame) -> str:
    """What filled points mean, or why none can be: with few films all on one side may be chance.

    Args:
        tests: DataFrame. `paired.per_class`'s rows of the classes that have clips.
    """
    films = int(tests["sources"].max())
    least = 2 * 0.5**films  # of the 2**n ways to flip n films, two are as extreme
    if (tests["p_holm"] < paired.ALPHA).any():
        return "Those are filled."
    if least * len(tests) <= paired.ALPHA:
        return "So none is filled."
    return (
        f"With {films} source videos a class no class can: the smallest p there is is "
        f"{least:.3f}, before it is corrected for {len(tests)} classes. More source videos can "
        "tell more: all folds of a protocol that tests every group, with both models."
    )


def signed(value: float) -> str:
    """A difference of fractions in points: 0.0123 -> '+1.2'."""
    return f"{round(100 * value, 1) + 0.0:+.1f}"  # -0.0 + 0.0 is 0.0


def points(value: float | None) -> str:
    """A spread of fractions in points; a dash where there is none."""
    return "–" if value is None else f"{100 * value:.1f}"


def environment(found: dict[str, Any]) -> str:
    """What the study was trained with, in one line."""
    packages = found.get("packages") or {}
    words = [f"Python {found['python']}"] if found.get("python") else []
    words += [f"{name} {version}" for name, version in packages.items()]
    machine = found.get("machine")
    if isinstance(machine, dict):
        machine = ", ".join(f"{key} {value}" for key, value in machine.items())
    return "; ".join(filter(None, [", ".join(words), str(machine or "")])) or "not recorded"


def model_list(study: Study) -> str:
    """What each model of the study is, one a line of Markdown: a table is too wide for a phone."""
    lines = []
    for name, entry in study.models.items():
        size = entry["input"]
        body = f" on {entry['backbone']}" if entry.get("backbone") else ""
        lines.append(
            f"- **{state.title(study, name)}** (`{name}`): {state.architecture(study, name)}; "
            f"{'pretrained' if entry['pretrained'] else 'from scratch'}{body}; "
            f"{costs.count(costs.parameters(study, name))} parameters; {size['frames']} frames of "
            f"{size['width']} × {size['height']}"
        )
    return "\n".join(lines)


def commands(study: Study, place: str) -> str:
    """The commands that make the study again from the data, as one would type them."""
    recipe = study.meta["recipe"]
    name = recipe.get("name", study.name) if isinstance(recipe, dict) else study.name
    return (
        "# DATA is the folder with one folder of clips a class\n"
        "python -m training index DATA                    # the fingerprint above\n"
        f"python -m training train training/recipes/{name}.toml --data DATA --study again\n"
        "python -m training export again                  # its weights, ONNX files and costs\n"
        "python -m training evaluate again                # its figures, to hold beside these\n"
        f"python -m training evaluate {place} --check      # the predictions give these numbers\n"
        f"python -m training predict {place} CLIP --json   # what Try a clip answers, unscaled\n"
        f"HVC_STUDY={place} streamlit run dashboard/app.py\n"
    )
