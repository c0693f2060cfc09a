"""A small study whose models look exported, and a Hub that holds what was published.

May import: the standard library, hvc_core.study, hvc_core.hub.repos,
tests.support.
"""

from __future__ import annotations

import json
from pathlib import Path

from hvc_core import study
from hvc_core.hub import repos
from tests.support.hub_server import Hub
from tests.support.studies import make_study


def make_exported(folder: Path) -> Path:
    """Makes a study of two models and three classes; real are the ONNX files alone, and tiny."""
    made = make_study(folder, classes=3, models=2)
    of = study.read(made)
    for model in of.models:
        for name in repos.MODEL_FILES:
            file = made / "models" / model / name
            if name == "labels.json":
                file.write_text(json.dumps(of.classes))
            elif not file.is_file():
                file.write_text("{}" if name.endswith(".json") else f"{model} {name}")
    return made


def hold(server: Hub, plan: repos.Plan) -> None:
    """Puts all repositories of a plan into the test's Hub, as publishing would."""
    for repo in plan.repos:
        files = {
            path: content if isinstance(content, bytes) else content.read_bytes()
            for path, content in repo.files.items()
        }
        server.hold(f"{repo.kind}s", repo.id, files, plan.tag)
