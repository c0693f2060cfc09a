"""How much of visitors' clips this server holds: each file alone, and all visits' together.

Streamlit keeps what is uploaded in memory until its visit ends, and gives the page a copy.
May import: streamlit, hvc_core.
"""

from __future__ import annotations

import dataclasses
import gc
from collections.abc import Sequence

import streamlit as st
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.typing import UploadedFile

from hvc_core.limits import Limits

FILES = 2  # files of the largest size are held at once, whoever brought them
SMALL = 5_000_000  # bytes of one visit that always have room: open tabs shut nobody out


class FullError(ValueError):
    """No room for a visitor's clips; the message is for the visitor."""


def limits() -> Limits:
    """What is taken on of one clip: the usual, and no file that Streamlit would not take."""
    usual = Limits()
    taken = int(st.get_option("server.maxUploadSize")) * 1_000_000
    return dataclasses.replace(usual, max_bytes=min(usual.max_bytes, taken))


def admit(files: Sequence[UploadedFile]) -> None:
    """Lets go of a visit's files where all visits hold too much with them.

    Args:
        files: what `st.file_uploader` gave in this run.

    Raises:
        FullError: they were let go.
    """
    own = sum(file.size for file in files)
    if own <= SMALL:
        return
    gc.collect()  # of files let go before; those of a visit are in cycles, and few objects
    most = FILES * limits().max_bytes
    if own > most:
        _drop(files)
        raise FullError(
            f"Together they have {own / 1e6:,.0f} MB; {most / 1e6:.0f} MB at a time is the limit. "
            "Bring fewer, or shorter ones."
        )
    if held() > most:
        _drop(files)
        raise FullError(
            f"Other visitors' clips take all the room for files over {SMALL / 1e6:.0f} MB. "
            "Bring yours again in a minute, or cut it to the action itself."
        )


def held() -> int:
    """Bytes of uploaded files that this server holds, of all visits."""
    manager, _ = _place()
    families = manager.get_stats().values() if manager else ()
    return sum(stat.byte_length for stats in families for stat in stats)


def _drop(files: Sequence[UploadedFile]) -> None:
    manager, visit = _place()
    if manager:
        for file in files:
            manager.remove_file(visit, file.file_id)


def _place() -> tuple[MemoryUploadedFileManager | None, str]:
    """Where Streamlit keeps what is uploaded, and what it calls this visit."""
    run = get_script_run_ctx()
    if run is None or not isinstance(run.uploaded_file_mgr, MemoryUploadedFileManager):
        return None, ""
    return run.uploaded_file_mgr, run.session_id
