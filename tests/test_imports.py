"""The rooms: dashboard -> hvc_core <- training, and what is light stays light.

What a file imports is read from its source, so that a rule also holds for an import inside a
function; what a start loads is seen in a fresh process.
"""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
# Each takes seconds and hundreds of megabytes; the hosted demo has neither.
HEAVY = ("tensorflow", "keras", "sklearn", "cv2", "scipy", "onnx", "matplotlib", "torch")
# Never imported in the room, not even inside a function.
FORBIDDEN = {
    "hvc_core": {"streamlit", "argparse", "dashboard", "training", "benchmarks", "tests"},
    "training": {"streamlit", "plotly", "dashboard", "benchmarks", "tests"},
    "dashboard": {"training", "benchmarks", "tests", "argparse", *HEAVY},
}
# What of hvc_core only training needs, and so may load a framework. Nothing else loads these.
TRAINING_HALF = {
    *(
        f"hvc_core/{name}.py"
        for name in "audit augment cost export features fit layer_cost pace stress train".split()
    ),
    *(f"hvc_core/models/{p.name}" for p in (ROOT / "hvc_core" / "models").glob("[a-z]*.py")),
}
# Packages whose name is not that of what is imported.
PACKAGE_OF = {"PIL": "pillow", "cv2": "opencv-python-headless", "sklearn": "scikit-learn"}
# The files behind hvc_core.video, the only place that decodes.
DECODERS = {f"hvc_core/{name}.py" for name in ("video", "containers", "preview", "turns")}


def sources(room: str) -> list[Path]:
    return sorted((ROOT / room).rglob("*.py"))


def imported(tree: ast.AST) -> Iterator[str]:
    """The full names of the modules that a piece of source imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or "" if not node.level else "."


def on_import(tree: ast.Module) -> Iterator[str]:
    """The same for what runs when the module is loaded: not in functions, not for checkers."""
    for node in tree.body:
        checkers_only = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        if isinstance(node, ast.Import | ast.ImportFrom | ast.Try | ast.If) and not checkers_only:
            yield from imported(node)


@pytest.mark.parametrize("room", FORBIDDEN)
def test_no_file_imports_what_its_room_may_not(room):
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in sources(room)
        for name in imported(ast.parse(path.read_text(encoding="utf-8")))
        if name.split(".")[0] in FORBIDDEN[room]
    ]
    assert not wrong


@pytest.mark.parametrize("room", FORBIDDEN)
def test_rooms_import_each_other_by_full_name(room):
    relative = [
        str(path.relative_to(ROOT))
        for path in sources(room)
        if "." in imported(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert not relative, "write `from hvc_core import video`, not `from . import video`"


def test_only_the_training_half_imports_a_framework():
    """Elsewhere a framework is loaded inside a function at most, where it is really needed."""
    wrong = [
        f"{path.relative_to(ROOT)} loads {name} when it is imported"
        for room in ("hvc_core", "training")
        for path in sources(room)
        for name in on_import(ast.parse(path.read_text(encoding="utf-8")))
        if name.split(".")[0] in HEAVY and path.relative_to(ROOT).as_posix() not in TRAINING_HALF
    ]
    assert not wrong


def required(file: str) -> set[str]:
    """The packages that a requirement file names, as they are imported."""
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
    named = (re.match(r"[A-Za-z0-9-]+", line) for line in lines)
    back = {package: module for module, package in PACKAGE_OF.items()}
    return {back.get(n[0], n[0].replace("-", "_")) for n in named if n}


def test_every_package_that_is_imported_is_required():
    own = {"hvc_core", "training", "dashboard", "benchmarks", "tests"}
    serving = required("dashboard/requirements.txt")
    everything = serving | required("requirements.txt")
    for room in own:
        for path in sources(room):
            name = path.relative_to(ROOT).as_posix()
            light = room == "dashboard" or (room == "hvc_core" and name not in TRAINING_HALF)
            tree = ast.parse(path.read_text(encoding="utf-8"))
            # The light half may load a framework inside a function that only training calls.
            names = on_import(tree) if room == "hvc_core" else imported(tree)
            third = {n.split(".")[0] for n in names} - own - set(sys.stdlib_module_names)
            missing = third - (serving if light else everything)
            assert not missing, f"{name} imports {missing}, which its requirement file lacks"


def test_only_the_decoders_open_videos():
    openers = {
        path.relative_to(ROOT).as_posix()
        for room in ("hvc_core", "dashboard", "training")
        for path in sources(room)
        if "av" in {n.split(".")[0] for n in imported(ast.parse(path.read_text("utf-8")))}
    }
    assert openers <= DECODERS | {"dashboard/assets/render_clip.py"}  # that one only writes


def loaded_by(code: str) -> set[str]:
    """The top-level modules that a fresh process has after running some code."""
    ask = f"{code}\nimport json, sys\nprint(json.dumps(list(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", ask], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return {name.split(".")[0] for name in json.loads(done.stdout.splitlines()[-1])}


def importing(names: Iterable[str]) -> str:
    return "import importlib\n" + "".join(f"importlib.import_module({n!r})\n" for n in names)


def test_the_light_half_of_the_core_loads_no_framework():
    paths = (p.relative_to(ROOT) for p in sources("hvc_core"))
    names = [".".join(p.with_suffix("").parts) for p in paths if p.as_posix() not in TRAINING_HALF]
    assert "hvc_core.classify" in names
    light = loaded_by(importing(name.removesuffix(".__init__") for name in names))
    assert not light & {*HEAVY, "training", "streamlit"}


def test_the_dashboard_loads_no_framework():
    """Its pages are scripts that draw when loaded: what they import is loaded in their stead."""
    names = {
        name
        for path in sources("dashboard")
        for name in on_import(ast.parse(path.read_text(encoding="utf-8")))
    }
    assert "streamlit" in names
    assert not loaded_by(importing(sorted(names))) & {*HEAVY, "training"}


@pytest.mark.parametrize("words", [["index", "--help"], ["fetch", "--help"], ["--help"]])
def test_the_light_commands_load_no_framework(words):
    code = (
        "from training.__main__ import main\n"
        f"try:\n    main({words!r})\nexcept SystemExit:\n    pass"
    )
    assert not loaded_by(code) & {*HEAVY, "onnxruntime", "pandas", "streamlit"}
