"""How pages draw clips of the study: a table to choose from, and one clip with both answers.

The chosen clip is in the address (`clip`, and `seed` where a clip has several), so that a copied
link shows it; the table's own selection follows it. May import: streamlit, pandas, dashboard,
hvc_core.
"""

from __future__ import annotations

import pandas as pd
import streamlit as st

from dashboard import charts, footage, show, state

SIGN = {True: "✓", False: "✗"}
MOST = 1_000  # rows that a table sends to the browser
Row = tuple[str, int]  # clip, seed


def asked() -> Row | None:
    """The clip that the address names."""
    name = st.query_params.get("clip")
    seed = st.query_params.get("seed", "")
    known = seed.isascii() and seed.isdigit() and len(seed) < 10  # an address made by hand
    return (name, int(seed) if known else -1) if name else None


def choose(row: Row) -> None:
    """Puts a clip into the address; for a callback or the page itself."""
    st.query_params["clip"], st.query_params["seed"] = row[0], str(row[1])


def position(rows: pd.DataFrame, row: Row | None) -> int | None:
    """Where a clip stands among rows: with its seed, else its first."""
    if row is None:
        return None
    same = rows.index[rows["clip"] == row[0]]
    exact = [i for i in same if rows["seed"].iloc[i] == row[1]]
    return int(exact[0]) if exact else int(same[0]) if len(same) else None


def table(
    view: state.View, rows: pd.DataFrame, key: str, what: str = "Clips of the study"
) -> int | None:
    """A table of clips with one to choose; returns which of them the address names.

    Of many it shows the first `MOST`, and the one that the address names at their end where it is
    not among them.

    Args:
        view: the open study.
        rows: DataFrame of `by_clip`, with a running index.
        key: str. Another for other rows: a selection is a row's number.
        what: str. Which clips these are; on one page no two tables may be named alike.
    """
    at = position(rows, asked())
    every, rows = len(rows), rows.iloc[sent(len(rows), at)]
    chosen = [] if at is None else [min(at, len(rows) - 1)]
    show.mark(key, chosen)
    shown = pd.DataFrame({"Clip": rows["clip"], "Class": rows["class"], "Group": rows["group"]})
    if rows["seed"].nunique() > 1:
        shown["Seed"] = rows["seed"]
    for slot, title in zip("ab", view.titles, strict=True):
        right = rows[f"{slot}_right"].map(SIGN).fillna("")
        shown[f"{title} says"] = (right + " " + rows[f"{slot}_says"].fillna("–")).str.strip()
        shown[f"{title} sure, %"] = 100 * rows[f"{slot}_sure"]
    shown["Apart, %"] = 100 * rows["disagreement"]
    st.dataframe(
        shown,
        hide_index=True,
        key=key,
        on_select=lambda: _picked(rows, key, chosen),
        selection_mode="single-row",
        height="auto" if len(rows) < 9 else 320,
        placeholder="–",
        alt=f"{what} with both models' answers; choose one to see it",
        column_config={
            str(name): st.column_config.NumberColumn(format="%.0f")
            for name in shown
            if str(name).endswith("%")
        },
    )
    if every > len(rows):
        st.caption(
            f"The table holds {len(rows):,} of these {every:,} answers, the first in this order"
            f"{'' if at is None or at < MOST else ' and the chosen one'}. Narrow down to see the "
            f"other {every - len(rows):,}."
        )
    return at


def sent(count: int, at: int | None) -> list[int]:
    """Which of `count` rows are sent to the browser: the first `MOST`, then `at` if it is later."""
    first = list(range(min(count, MOST)))
    return first if at is None or at < MOST else [*first, at]


def _picked(rows: pd.DataFrame, key: str, before: list[int]) -> None:
    """Puts the clip that was chosen in a table into the address, or takes it out."""
    picked = st.session_state[key]["selection"]["rows"]
    if picked == before:  # a table that was just drawn tells of itself, too
        return
    if picked:
        row = rows.iloc[picked[0]]
        choose((str(row["clip"]), int(row["seed"])))
    else:
        for name in ("clip", "seed"):
            st.query_params.pop(name, None)


def clip(view: state.View, row: pd.Series) -> None:
    """One clip: the film where it is at hand, and both models' probabilities over all classes."""
    film, *columns = st.columns(3)
    with film.container(border=True, height="stretch"):
        path = footage.find(view, str(row["clip"]))
        playable = footage.preview(path) if path else None
        if playable:
            st.video(playable, loop=True, muted=True, alt=f"The clip {row['clip']}")
        else:
            st.info(footage.HINT, icon=":material/movie_off:")
        st.markdown(f"**{row['clip']}**")
        st.caption(
            f"{row['class']}, group {row['group']}; tested under protocol {view.protocol}, fold "
            f"{row['fold']}, seed {row['seed']}, by a net that trained on other clips."
        )
    rows = view.study.rows(view.protocol, *view.pair)
    of_clip = rows[rows["clip"] == row["clip"]]
    for slot, (column, model) in enumerate(zip(columns, view.pair, strict=True)):
        own = of_clip[(of_clip["model"] == model) & (of_clip["seed"] == row["seed"])]
        with column.container(border=True, height="stretch"):
            if not len(own):
                st.caption(f"{view.titles[slot]} was not trained with this seed.")
                continue
            values = own["probabilities"].iloc[0]
            made = charts.top(view.titles[slot], view.study.classes, values, slot)
            show.chart(made, f"clip-top-{slot}")
