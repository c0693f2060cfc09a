"""A film with what each model says along it: a click or an arrow key in a strip seeks.

Streamlit's own player tells nobody where it is and cannot be told to go anywhere, so this is a
component of its own. May import: streamlit, hvc_core.timeline.
"""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any

import streamlit as st

from hvc_core.timeline import Timeline

_HERE = Path(__file__).parent
_PLAYER = st.components.v2.component(
    "hvc_player",
    html='<div\nid="player"></div>',
    css=(_HERE / "player.css").read_text(encoding="utf-8"),
    js=(_HERE / "player.js").read_text(encoding="utf-8"),
)


def strips(of: Timeline) -> list[dict[str, Any]]:
    """What the strips show: of each model and window the answer, how sure, and if all agree."""
    agree = of.agree
    return [
        {
            "title": title,
            "slot": slot,
            "windows": [
                {
                    "start": float(of.starts[k]),
                    "end": float(of.ends[k]),
                    "said": of.classes[int(of.top[slot, k])],
                    "sure": float(of.probabilities[slot, k].max()),
                    "agree": bool(agree[k]),
                }
                for k in range(len(of.starts))
            ],
        }
        for slot, title in enumerate(of.titles)
    ]


def player(film: bytes, of: Timeline, alt: str, key: str) -> None:
    """Draws the film and a strip for each model.

    Args:
        film: bytes. An MP4 that browsers play.
        of: what the models say along it.
        alt: str. What the film is, for screen readers.
        key: str. The element's.
    """
    shown = strips(of)
    mark = hashlib.sha256(film + repr(shown).encode()).hexdigest()
    _PLAYER(
        key=key,
        data={
            "key": mark,
            "src": "data:video/mp4;base64," + base64.b64encode(film).decode(),
            "alt": alt,
            "seconds": of.seconds,
            "strips": shown,
        },
    )
