"""A small app of two pages that call a choice alike, for AppTest; `?page=` says which is drawn.

A file, and guarded: AppTest leaves it as this process's main module, which processes that are
spawned later import. May import: streamlit, dashboard.address.
"""

from __future__ import annotations

import streamlit as st

from dashboard import address

PAGES = {
    "clips": (["Name", "Most apart"], st.selectbox),
    "classes": (["Widest gap", "Name"], st.pills),
}

if __name__ == "__main__":
    page = st.query_params["page"]
    address.turn(page)
    options, widget = PAGES[page]
    kept = address.kept("order", options[0], address.one_of(options))
    st.text(str(widget("Sort by", options, **kept)))  # type: ignore[operator]
