"""What the pages share: the study, the chosen pair, and everything that is worth keeping.

May import: streamlit, pandas, numpy, hvc_core. The rules of keeping:
- a study and its opened models are resources, shared by all visitors, keyed by the folder and
  its revision, so that a study that changes on disk is read again;
- numbers derived from predictions are data, keyed alike;
- what a visitor uploads is keyed by its content and bounded; who asked is kept in the session.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from hvc_core import memory
from hvc_core import study as studies
from hvc_core.findings import main_protocol
from hvc_core.hub import address, standing

memory.settle()
ROOT = Path(__file__).resolve().parent.parent
# A Space of another study has that one instead: `training space`
SHIPPED = ROOT / (os.environ.get("HVC_SHIPPED") or "studies/ucf50-15")
SEED_STUDY = ROOT / "studies" / "seed_study.json"
LOTTERY = ROOT / "studies" / "seed_lottery"
STOOD = "what stands for the study"
ASSETS = Path(__file__).resolve().parent / "assets"


@dataclass(frozen=True)
class View:
    """What every page shows.

    Attributes:
        study: the study that is open.
        revision: str. Changes whenever a file of the study does.
        a: str. Model A's name.
        b: str. Model B's name.
        protocol: str. How clips were divided into training and test.
    """

    study: studies.Study
    revision: str
    a: str
    b: str
    protocol: str

    @property
    def pair(self) -> tuple[str, str]:
        """Both models' names, A first."""
        return self.a, self.b

    @property
    def titles(self) -> tuple[str, str]:
        """Both models' titles, A first."""
        labels = _labels(self.study)
        return labels[self.a], labels[self.b]


def stand() -> None:
    """Decides what this run of the script shows; app.py calls it first.

    Once a run: the Hub may answer in the middle of one, and half a page of another study is worse
    than a page of the older one.
    """
    named = os.environ.get("HVC_STUDY", "").strip()
    if not named.startswith(address.PREFIX):
        return
    try:
        stood = standing.stand(address.parse(named))
    except studies.StudyError as error:
        stood = standing.Standing(None, None, f"{error} The study that came with the app is shown.")
    st.session_state[STOOD] = stood


def folder() -> Path:
    """The study to show: what HVC_STUDY names, a folder or `hf:namespace/name@revision`; else, and
    where the Hub does not give it, the one shipped with the code."""
    named = os.environ.get("HVC_STUDY", "").strip()
    if named.startswith(address.PREFIX):
        stood = st.session_state.get(STOOD)
        return (stood.folder if stood else None) or SHIPPED
    return Path(named).expanduser() if named else SHIPPED


def note() -> str:
    """One line for a person where the study is not the one that HVC_STUDY names; else empty."""
    stood = st.session_state.get(STOOD)
    return stood.note if stood else ""


def shelf() -> Path:
    """The folder whose studies may be set beside the open one: HVC_STUDIES, else what ships."""
    named = os.environ.get("HVC_STUDIES", "").strip()
    return Path(named).expanduser() if named else SHIPPED.parent


def revision(path: Path) -> str:
    """A short digest of the names, sizes and times of a study's files (not of its clips)."""
    whole = hashlib.sha256(str(path.resolve()).encode())
    for file in sorted([*path.glob("*.json"), *path.glob("*.parquet"), *path.glob("models/*/*")]):
        if file.is_file():
            stat = file.stat()
            whole.update(f"{file.relative_to(path)} {stat.st_size} {stat.st_mtime_ns}\n".encode())
    return whole.hexdigest()[:16]


@st.cache_resource(max_entries=4, show_spinner="Opening the study …")
def _read(path: str, revision: str) -> studies.Study:
    found = studies.read(Path(path))
    memory.give_back()  # reading takes a multiple of what is kept
    return found


def open_study() -> tuple[studies.Study, str]:
    """The study and its revision.

    Raises:
        StudyError: the study is missing or broken; the message names file and field.
    """
    return open_folder(folder())


def open_folder(path: Path) -> tuple[studies.Study, str]:
    """A study and its revision.

    Raises:
        StudyError: the study is missing or broken; the message names file and field.
    """
    now = revision(path)
    return _read(str(path), now), now


def title(study: studies.Study, model: str) -> str:
    """A model's title, its name where it has none."""
    return str(study.models[model].get("title") or model)


def architecture(study: studies.Study, model: str) -> str:
    """What a model is built of, and whether its backbone was left alone."""
    built = str(study.models[model]["architecture"])
    recipe = (study.meta.get("recipe") or {}).get("models", {}).get(model)
    if isinstance(recipe, dict) and recipe.get("epochs") == 0:
        return f"{built}; here nothing of the backbone is fine-tuned, only what follows it trains"
    return built


def view() -> View:
    """The open study with the pair and protocol that app.py's selectors hold."""
    study, now = open_study()
    chosen = st.session_state
    return View(study, now, chosen["a"], chosen["b"], chosen["protocol"])


def _labels(study: studies.Study) -> dict[str, str]:
    """Model -> title; the address holds them, so no two are the same."""
    labels = {name: title(study, name) for name in study.models}
    twice = {label for label in labels.values() if list(labels.values()).count(label) > 1}
    return {n: f"{label} ({n})" if label in twice else label for n, label in labels.items()}


def select(study: studies.Study) -> None:
    """Draws the selectors of both models and the protocol; they live in the page's address.

    The three keys a, b and protocol are query parameters of the same names: a copied link
    opens the same comparison. Choosing for one side what the other has swaps the two.
    """
    names = list(study.models)
    first, second = study.headline

    labels = _labels(study)
    for key in ("a", "b"):  # an address made by hand may say lrcn for LRCN
        asked = st.query_params.get(key)
        if key not in st.session_state and asked in names:
            st.session_state[key] = asked

    with st.grid(3, wrap=False, min_column_width=96, gap="xsmall"):
        a = st.selectbox(
            "Model A",
            names,
            index=names.index(first),
            format_func=labels.__getitem__,
            key="a",
            bind="query-params",
            on_change=_swap,
            args=("a", "b"),
        )
        others = [name for name in names if name != a]
        b = st.selectbox(
            "Model B",
            others,
            index=others.index(second if second != a else first),
            format_func=labels.__getitem__,
            key="b",
            bind="query-params",
            on_change=_swap,
            args=("b", "a"),
        )
        protocols = list(study.protocols)
        run = run_under(study, a, b)
        st.selectbox(
            "Protocol",
            protocols,
            index=protocols.index(main_protocol_of(study, open_study()[1])),
            key="protocol",
            bind="query-params",
            help="How the clips were divided into training and test. "
            + " ".join(
                f"**{name}**{'' if name in run else ' (not run for this pair)'}: "
                f"{said['description'].rstrip('.')}."
                for name, said in study.protocols.items()
            ),
        )
    st.session_state["_pair"] = {"a": a, "b": b}


@st.cache_data(max_entries=8, show_spinner=False)
def main_protocol_of(_study: studies.Study, revision: str) -> str:
    """The protocol that a first visit opens with: by group, never the one that flatters."""
    return main_protocol(_study) or next(iter(_study.protocols))


def run_under(study: studies.Study, a: str, b: str) -> list[str]:
    """The protocols under which two models both have predictions."""
    return [p for p in study.protocols if study.has(a, p) and study.has(b, p)]


def choose_protocol(name: str) -> None:
    """Puts a protocol into the selector at the top; for a callback."""
    st.session_state["protocol"] = name


def _swap(changed: str, other: str) -> None:
    """Keeps the two models different: the other side takes what this side had."""
    before = st.session_state.get("_pair", {})
    if st.session_state[changed] == st.session_state.get(other) and changed in before:
        st.session_state[other] = before[changed]


def lottery_study() -> studies.Study | None:
    """The seed study's recipe run with many seeds; None where it is not shipped or not whole."""
    try:
        return _read(str(LOTTERY), revision(LOTTERY)) if LOTTERY.is_dir() else None
    except studies.StudyError:
        return None


@st.cache_data(max_entries=1)
def seed_study() -> dict[str, Any]:
    """The published figures that this project started from; empty where the file is missing."""
    try:
        found: dict[str, Any] = json.loads(SEED_STUDY.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found
