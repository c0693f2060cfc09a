"""Where a clip of the study can be seen: the data folder at hand, else the study's examples.

The folder follows `--data` in `streamlit run dashboard/app.py -- --data DIR`, else it is HVC_DATA.
May import: streamlit, hvc_core, dashboard.state.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from pathlib import Path

import streamlit as st

from dashboard.state import View
from hvc_core import apart, clips, study, video

HINT = (
    "The clip itself is not here: no study ships clips. With the data folder at hand, "
    "`streamlit run dashboard/app.py -- --data DATA` or the environment variable HVC_DATA shows it."
)
_log = logging.getLogger(__name__)


def data_folder() -> Path | None:
    """The folder of clips that this server was told of; None without."""
    told = sys.argv[1:]
    if "--data" in told[:-1]:
        return Path(told[told.index("--data") + 1]).expanduser()
    named = os.environ.get("HVC_DATA", "").strip()
    return Path(named).expanduser() if named else None


def find(view: View, name: str) -> Path | None:
    """The file of a clip of the study; None where it is not at hand.

    Args:
        view: the open study.
        name: str. A clip of its predictions, `v_Punch_g02_c01`.
    """
    folder = data_folder()
    if folder is not None and (found := _paths(str(folder)).get(name)):
        return found
    return {path.stem: path for path in study.example_clips(view.study)}.get(name)


@st.cache_data(max_entries=2, ttl="10m", show_spinner="Looking for the clips …")
def _paths(folder: str) -> dict[str, Path]:
    try:
        return clips.paths(Path(folder))
    except clips.DataError as error:
        _log.warning("no clips to show: %s", error)
        return {}


_making = threading.BoundedSemaphore(1)  # a decoder takes up to 600 MB beside those of uploads


@st.cache_data(max_entries=8, show_spinner="Making a preview …")
def preview(path: Path) -> bytes | None:
    """An MP4 of a clip that every browser plays; None where none can be made."""
    try:
        with _making:
            return apart.preview(path.read_bytes(), limits=video.Limits())
    except Exception:
        _log.exception("no preview of %s", path.name)
        return None
