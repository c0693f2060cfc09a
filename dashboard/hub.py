"""A study on the Hub that a visitor names: downloaded once, shared by all, opened like any other.

May import: streamlit, dashboard.state, hvc_core.
"""

from __future__ import annotations

import streamlit as st

from dashboard import state
from hvc_core import hub
from hvc_core.study import Study


def open_study(address: str) -> tuple[Study, str]:
    """The study at an address, with its revision; says so where it is an older copy.

    Raises:
        StudyError: it cannot be had; the message is for the visitor.
    """
    pulled = _pulled(address)
    if pulled.note:
        st.warning(pulled.note, icon=":material/cloud_off:")
    study, _ = state.open_folder(pulled.folder)
    return study, pulled.commit


# Ten minutes: a branch may move, and the Hub need not be asked on every click.
@st.cache_data(max_entries=8, ttl="10m", show_spinner="Asking the Hub …")
def _pulled(address: str) -> hub.Pulled:
    return hub.pull(address)
