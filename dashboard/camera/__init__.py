"""A few seconds from the visitor's camera: recorded by the browser, handed over as a file's bytes.

The browser records, so this needs no server but Streamlit's own. It asks for the camera after a
click alone and lets it go when the recording ends. What it sends is a stranger's: read strictly.
May import: the standard library, streamlit, hvc_core.video.
"""

from __future__ import annotations

import binascii
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from hvc_core import video

SECONDS = 5  # a recording ends by itself after so many
_MOST = 15_000_000  # bytes that are sent: Streamlit drops messages over 25 MB, and this is base64
ENDINGS = {"video/webm": "webm", "video/mp4": "mp4"}  # what browsers record
_HERE = Path(__file__).parent
_CAMERA = st.components.v2.component(
    "hvc_camera",
    html='<div\nid="camera"></div>',
    css=(_HERE / "camera.css").read_text(encoding="utf-8"),
    js=(_HERE / "camera.js").read_text(encoding="utf-8"),
)


class RecordingError(ValueError):
    """What the browser sent is no recording; the message is for the visitor."""


@dataclass(frozen=True)
class Recording:
    """What the camera saw.

    Attributes:
        name: str. A file name: `recording.webm`.
        content: bytes. The whole file, as the browser made it; nobody has decoded it yet.
    """

    name: str
    content: bytes


def recorded(key: str, limits: video.Limits) -> Recording | None:
    """Draws the recorder.

    Args:
        key: str. The element's.
        limits: Limits. How much is taken on.

    Returns:
        A recording, in the one run that it arrives in; None in every other. One that cannot be
        read is a message here, and None.
    """
    data = {"seconds": SECONDS, "most": _MOST}
    sent = _CAMERA(key=key, data=data, on_clip_change=lambda: None).get("clip")  # a trigger: once
    if sent is None:
        return None
    try:
        return read(sent, limits)
    except RecordingError as error:
        st.error(str(error), title="No recording", icon=":material/error:")
        return None


def read(sent: Any, limits: video.Limits) -> Recording:
    """Reads what the browser sent: `{"type": "video/webm;codecs=vp8", "content": base64}`.

    Args:
        sent: whatever JSON can hold.
        limits: Limits. Text too long for a file of `max_bytes` is refused before it is decoded.

    Raises:
        RecordingError: it is anything else.
    """
    kind, text = (sent.get("type"), sent.get("content")) if isinstance(sent, dict) else (None, None)
    if not isinstance(kind, str) or not isinstance(text, str):
        raise RecordingError(
            "What the browser sent is no recording. Reload the page, record again."
        )
    ending = ENDINGS.get(kind.partition(";")[0].strip().lower())
    if ending is None:
        raise RecordingError(
            "The browser recorded in a form that is not known here (WebM and MP4 are). Record with "
            "another program and upload the file."
        )
    if len(text) > 4 * -(-limits.max_bytes // 3):  # base64: 4 characters for 3 bytes or fewer
        raise RecordingError(
            f"The recording has more than {limits.max_bytes / 1e6:g} MB, which is the limit. "
            "Record again and stop sooner."
        )
    try:
        content = binascii.a2b_base64(text, strict_mode=True)
    except ValueError as error:  # binascii.Error is one; so is what letters beyond ASCII raise
        raise RecordingError("The recording arrived damaged. Record again.") from error
    if not content:
        raise RecordingError("The recording is empty: the camera gave no picture. Record again.")
    return Recording(f"recording.{ending}", content)
