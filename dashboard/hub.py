"""A study on the Hub that a visitor names: downloaded once, shared by all, and never trusted.

May import: the standard library, streamlit, dashboard.state, hvc_core.
"""

from __future__ import annotations

import dataclasses
import json
import re
import threading
from pathlib import Path

import streamlit as st

from hvc_core import study as studies
from hvc_core.hub import visit
from hvc_core.study import Study, StudyError

_reading = threading.Lock()  # reading takes more memory than what is read
# What is shown as it is, in charts and tables too: no markup, and short.
NAME = re.compile(r"[\w .,+()-]{1,80}")


def open_study(address: str) -> tuple[Study, str]:
    """The study at an address, with its commit; says so where it is an older copy.

    Raises:
        StudyError: it cannot be had; the message is for the visitor.
    """
    pulled = _pulled(address)
    if isinstance(pulled, str):
        raise StudyError(address[:80], None, pulled)
    if pulled.note:
        st.warning(pulled.note, icon=":material/cloud_off:")
    return _read(str(pulled.folder), pulled.commit), pulled.commit


# For a minute: a branch may move, but a Hub that fails need not be asked on every click.
@st.cache_data(max_entries=16, ttl="1m", show_spinner="Asking the Hub …")
def _pulled(address: str) -> visit.Pulled | str:
    try:
        return visit.pull(address)
    except StudyError as error:
        return str(error).removeprefix(f"{error.file}: ").rstrip(".")


# Apart from the app's own study, which a stranger's must not drive out; one, for the largest that
# `visit` lets in takes 150 MB, and a host has 700.
@st.cache_resource(max_entries=1, show_spinner="Opening the study …")
def _read(folder: str, commit: str) -> Study:
    with _reading:
        return tamed(studies.read(Path(folder)))


def tamed(of: Study) -> Study:
    """The study without markup in its words.

    Raises:
        StudyError: a class, model or protocol has a name that is not shown here.
    """
    for name in (of.name, *of.classes, *of.models, *of.protocols):
        if not NAME.fullmatch(name):
            raise StudyError(
                "study.json", None, f"has the name {name[:80]!r}, not to be shown here"
            )
    text = re.sub("[<>]", "", json.dumps(of.meta))
    return dataclasses.replace(of, meta=json.loads(text))
