"""Who decodes and answers next: so many visitors at once, the others in the order they came.

May import: the standard library, streamlit.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import streamlit as st

AT_ONCE = 2  # visitors whose clips are worked on at the same time on one server
_GLANCE = 0.25  # seconds between two looks at the line, and so until Stop is heard


class Line:
    """A line of those who wait; whoever leaves it, however, holds up nobody.

    Args:
        at_once: int. How many are served at the same time.

    Example:
        >>> line = Line(1)
        >>> with line.turn(lambda before: None):
        ...     pass
    """

    def __init__(self, at_once: int) -> None:
        self._at_once = at_once
        self._served = 0
        self._waiting: list[object] = []
        self._changed = threading.Condition()

    @contextmanager
    def turn(self, tell: Callable[[int], object]) -> Iterator[None]:
        """Waits for a turn, holds it while the block runs, and gives it on.

        Args:
            tell: called while waiting, again and again, with how many come before (0 or more);
                what it raises leaves the line.
        """
        ticket = object()
        with self._changed:
            self._waiting.append(ticket)
        try:
            while (before := self._step(ticket)) is not None:
                tell(before)
        except BaseException:
            with self._changed:
                self._waiting.remove(ticket)
                self._changed.notify_all()
            raise
        try:
            yield
        finally:
            with self._changed:
                self._served -= 1
                self._changed.notify_all()

    def _step(self, ticket: object) -> int | None:
        """None where it is this one's turn, which is taken; else how many come before."""
        with self._changed:
            before = self._waiting.index(ticket)
            if before == 0 and self._served < self._at_once:
                self._waiting.pop(0)
                self._served += 1
                self._changed.notify_all()
                return None
            self._changed.wait(_GLANCE)
            return self._waiting.index(ticket)


@st.cache_resource(show_spinner=False)
def _line() -> Line:
    """The one line of this server."""
    return Line(AT_ONCE)


@contextmanager
def turn() -> Iterator[None]:
    """A turn of the visitor's, whose place in the line is shown while there is one."""
    shown = None

    def tell(before: int) -> None:
        nonlocal shown
        shown = shown or st.empty()
        # Said again though nothing changed: with a word to the page a visitor's Stop is heard.
        shown.info(place(before), icon=":material/hourglass_top:")

    with _line().turn(tell):
        if shown is not None:
            shown.empty()
        yield


def place(before: int) -> str:
    """A place in the line in words."""
    if before == 0:
        return "Other visitors' clips are being worked on. Yours is next."
    others = "one other clip comes" if before == 1 else f"{before} other clips come"
    return f"Other visitors' clips are being worked on, and {others} before yours."
