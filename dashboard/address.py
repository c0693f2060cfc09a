"""What a page's own choices are, kept in its address: links open them, Back and Forward undo them.

Streamlit can bind a widget to the address by itself; the pair and the protocol at the top of every
page are so. But what only one page has it takes out of the address when that page is left, as an
entry of its own in the browser's history, and Back leads to a page without it. So what belongs
to one page is written here, when the visitor chooses it. May import: streamlit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

PAGE = "page of the address"


def turn(page: str) -> None:
    """Says which page is drawn; called before it is.

    Pages call alike what they filter by, and right after a turn, on a busy machine, the session
    may still hold what the page before had under that key.
    """
    st.session_state[PAGE] = page


def kept(
    key: str,
    default: Any,
    read: Callable[[str], Any],
    write: Callable[[Any], str] = str,
    then: Callable[[], None] | None = None,
) -> dict[str, Any]:
    """The arguments of a widget whose value is in the address.

    Args:
        key: str. The widget's, and the parameter's name.
        default: the value that the address need not say.
        read: what a text of the address means; None where it means nothing, which is the default.
        write: a value as text.
        then: called after the visitor has chosen.

    Returns:
        dict: key, on_change. The value itself is put under the key in the session's state.

    Example:
        >>> st.selectbox("Class", classes, **address.kept("class", None, address.one_of(classes)))
    """
    said, mark = st.query_params.get(key), _mark(key)
    page = st.session_state.get(PAGE)
    of_page, text = st.session_state.get(mark, ("", None))
    fresh = key not in st.session_state or of_page != page
    if fresh or (text != said and _came_by_history()):
        value = None if said is None else read(said)
        st.session_state[key] = default if value is None else value
        st.session_state[mark] = (page, said)
    elif text != said:
        # A message that the browser had under way brought an older address: what was chosen holds.
        put(key, st.session_state[key], default, write)
    now = st.session_state[key]
    if now is not None and now != default and read(write(now)) is None:
        put(key, default, default)  # what was chosen is no choice any more

    def chosen() -> None:
        put(key, st.session_state[key], default, write)
        if then is not None:
            then()

    return {"key": key, "on_change": chosen}


def put(key: str, value: Any, default: Any = None, write: Callable[[Any], str] = str) -> None:
    """Makes a choice: in the session, and in the address unless it is the default.

    For a callback, or before the widget is drawn.
    """
    st.session_state[key] = default if value is None else value
    if value is None or value == default:
        st.query_params.pop(key, None)
    else:
        st.query_params[key] = write(value)
    st.session_state[_mark(key)] = (st.session_state.get(PAGE), st.query_params.get(key))


def _mark(key: str) -> str:
    """Where the session holds the page and the text of the address that a choice is from."""
    return f"{key} in the address"


def _came_by_history() -> bool:
    """Whether Back or Forward led to this run: then the address says what is chosen."""
    ctx = get_script_run_ctx()
    return ctx is None or ctx.is_history_navigation


def one_of(options: Sequence[Any]) -> Callable[[str], Any]:
    """Reads one of some options by what it is called."""
    called = {str(option): option for option in options}
    return called.get


def number(most: float | None = None) -> Callable[[str], float | None]:
    """Reads a number from 0 to `most`."""

    def read(text: str) -> float | None:
        try:
            value = float(text)
        except ValueError:
            return None
        return value if 0 <= value < float("inf") and (most is None or value <= most) else None

    return read


def written(value: float) -> str:
    """A number as it will be read, without a needless '.0'."""
    return repr(value).removesuffix(".0")


def span(text: str) -> tuple[int, int] | None:
    """Reads two percentages, `10-90`."""
    ends = text.split("-")
    if len(ends) != 2 or not all(end.isascii() and end.isdigit() and len(end) < 4 for end in ends):
        return None
    low, high = (min(int(end), 100) for end in ends)
    return (low, high) if low <= high else None
