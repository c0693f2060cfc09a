"""What a study is on the Hub: one repository a model, and one for the study that names them all.

`manifest.json`, in the study's repository, has the size and SHA-256 of every file of all of them:
whoever fetches the study at a revision holds the models to it, too. Nothing here asks a network.
May import: the standard library, .address, .cards, hvc_core.storage, hvc_core.study.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from hvc_core.hub.address import NAME
from hvc_core.storage import StudyError
from hvc_core.study import CLIP_SUFFIXES, Study

SCHEMA_VERSION = 1
MANIFEST = "manifest.json"
TAG = "@@tag@@"
# What a study is read from, and what its pages show beside.
NEEDED = ("study.json", "predictions.parquet", "metrics.json", "cost.json")
STUDY_FILES = (
    *NEEDED, "history.parquet", "validation.parquet", "unseen.parquet", "audit.json",
    "findings.json", "fingerprints.parquet", "FINDINGS.md",
)  # fmt: skip
MODEL_FILES = (
    "config.json", "metadata.json", "model.weights.h5", "model.onnx", "labels.json",
    "preprocessing.json", "parity.json",
)  # fmt: skip
SERVED = ("model.onnx", "labels.json", "preprocessing.json", "parity.json")  # what the app reads

Content = Path | bytes


@dataclass(frozen=True)
class Repo:
    """A repository as it should be.

    Attributes:
        id: str. `namespace/name`.
        kind: "model" or "dataset".
        files: dict of path in the repository to a local file or its content; all that it holds.
        what: str. What it is, for a person: a model's name, or "study".
    """

    id: str
    kind: Literal["model", "dataset"]
    files: dict[str, Content]
    what: str


@dataclass(frozen=True)
class Plan:
    """What publishing a study means.

    Attributes:
        tag: str. Of all its repositories: it follows from their content.
        models: list of Repo. They come first: the study names them.
        study: Repo.
        title: str. Of the collection that ties them.
    """

    tag: str
    models: list[Repo]
    study: Repo
    title: str

    @property
    def repos(self) -> list[Repo]:
        """All of them, in the order of publishing."""
        return [*self.models, self.study]


def plan(of: Study, namespace: str, examples: Iterable[Path] = ()) -> Plan:
    """The repositories of a study under a user's or an organisation's name.

    Args:
        of: Study. Models without exported weights get no repository.
        namespace: str.
        examples: clips that go with the study, as `<class>/<file>`.

    Raises:
        StudyError: a name cannot be used on the Hub, or a model's export is not whole.
    """
    from huggingface_hub.utils import validate_repo_id

    from hvc_core.hub import cards  # with the Hub's client: only who publishes waits for it

    for name in (namespace, of.name, *of.models):
        if not NAME.fullmatch(name):
            raise StudyError(
                of.folder / "study.json", "name",
                f"{name!r} cannot be used on the Hub",
                "Letters, digits, '-', '_' and '.' can, and at most 96 characters.",
            )  # fmt: skip
    names = {model: f"{namespace}/{of.name}-{model}" for model in of.models}
    for repo in (f"{namespace}/{of.name}", *names.values()):
        try:
            validate_repo_id(repo)
        except ValueError as error:
            raise StudyError(of.folder / "study.json", "name", str(error).rstrip(".")) from error
    parts = {model: _model_files(of, model) for model in of.models if has_weights(of, model)}
    own: dict[str, Content] = {
        name: of.folder / name for name in STUDY_FILES if (of.folder / name).is_file()
    }
    own |= {f"examples/{clip.parent.name}/{clip.name}": clip for clip in examples}
    manifest = {
        "schema_version": SCHEMA_VERSION,
        "study": of.name,
        "files": {path: facts(content) for path, content in sorted(own.items())},
        "models": {
            model: {
                "repo": names[model],
                "files": {path: facts(content) for path, content in sorted(files.items())},
            }
            for model, files in parts.items()
        },
    }
    study_id = f"{namespace}/{of.name}"

    # The cards name the tag, and the tag follows from the cards: they are written with a stand-in.
    texts = {model: cards.of_model(of, model, names[model], study_id, TAG) for model in parts}
    texts[""] = cards.of_study(of, study_id, {model: names[model] for model in parts}, TAG)
    whole = json.dumps([manifest, texts])
    tag = f"study-{hashlib.sha256(whole.encode()).hexdigest()[:12]}"
    card = {name: text.replace(TAG, tag).encode() for name, text in texts.items()}
    own[MANIFEST] = _json({"tag": tag, **manifest})
    models = [
        Repo(names[model], "model", {"README.md": card[model], **files}, model)
        for model, files in parts.items()
    ]
    study = Repo(study_id, "dataset", {"README.md": card[""], **own}, "study")
    return Plan(tag, models, study, of.title)


def has_weights(of: Study, model: str) -> bool:
    """Whether a model was exported into the study."""
    return (of.folder / "models" / model / "model.onnx").is_file()


def _model_files(of: Study, model: str) -> dict[str, Content]:
    folder = of.folder / "models" / model
    lacking = [name for name in MODEL_FILES if not (folder / name).is_file()]
    if lacking:
        raise StudyError(
            folder, None,
            f"lacks {', '.join(lacking)}",
            f"Export it again: python -m training export {of.folder} --only {model}",
        )  # fmt: skip
    cells = [cell for cell in of.metrics["cells"] if cell["model"] == model]
    own = {**of.metrics, "cells": cells}
    return {name: folder / name for name in MODEL_FILES} | {"metrics.json": _json(own)}


def examples_of(folder: Path, classes: Iterable[str], per_class: int) -> list[Path]:
    """The first clips of each class of a data folder, by name.

    Raises:
        StudyError: a class has not so many.
    """
    if per_class < 1:
        raise StudyError(folder, None, f"{per_class} clips a class are asked for", "Ask for 1.")
    found = []
    for name in classes:
        clips = sorted(
            path for path in (folder / name).glob("*") if path.suffix.lower() in CLIP_SUFFIXES
        )
        if len(clips) < per_class:
            raise StudyError(
                folder / name, None,
                f"holds {len(clips)} clips where {per_class} are asked for",
                "Name the folder that has one folder of clips a class.",
            )  # fmt: skip
        found += clips[:per_class]
    return found


def size(content: Content) -> int:
    """Bytes of a file of a repository."""
    return content.stat().st_size if isinstance(content, Path) else len(content)


def facts(content: Content) -> dict[str, Any]:
    """What the manifest says of a file: `bytes` and `sha256`."""
    if isinstance(content, bytes):
        return {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    with content.open("rb") as opened:
        digest = hashlib.file_digest(opened, "sha256").hexdigest()
    return {"bytes": content.stat().st_size, "sha256": digest}


def _json(value: Mapping[str, Any]) -> bytes:
    return (json.dumps(value, indent=1) + "\n").encode()
