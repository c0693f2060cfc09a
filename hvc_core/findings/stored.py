"""findings.json: what a study found, kept beside it, with what it was derived from.

Deriving takes seconds to minutes, and a page should not. `evaluate` writes the file and
`evaluate --check` derives it again; a reader takes it only while the files behind it are the same.
May import: the standard library, hvc_core.findings, .statistics.lottery, .storage, .study.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from pathlib import Path

from hvc_core.findings import findings
from hvc_core.findings.words import Finding
from hvc_core.schema import SCHEMA_VERSION
from hvc_core.statistics import lottery
from hvc_core.storage import StudyError, read_json, write_json
from hvc_core.study import Study, read

FILE = "findings.json"
BEHIND = (
    "study.json",
    "predictions.parquet",
    "validation.parquet",
    "unseen.parquet",
    "cost.json",
    "audit.json",
)


def derive(of: Study) -> list[Finding]:
    """What a study found: `findings`, with the seed lottery where its files lie beside the study.

    Raises:
        StudyError: the lottery's study is malformed.
    """
    folder, figures = _beside(of.folder)
    if not ((folder / "study.json").exists() and figures.exists()):
        return findings(of)
    return findings(of, read(folder), lottery.published(read_json(figures)))


def load(of: Study) -> list[Finding] | None:
    """The stored findings; None where there are none, or they are of other files than these."""
    file = of.folder / FILE
    if not file.is_file():
        return None
    try:
        stored = read_json(file)
        if stored["schema_version"] != SCHEMA_VERSION or stored["of"] != digest(of.folder):
            return None
        return [Finding(**one | {"numbers": tuple(one["numbers"])}) for one in stored["findings"]]
    except (StudyError, KeyError, TypeError):
        return None  # they can be derived again


def save(of: Study, found: list[Finding]) -> None:
    """Writes findings.json, atomically."""
    stored = [asdict(one) for one in found]
    text = {"schema_version": SCHEMA_VERSION, "of": digest(of.folder), "findings": stored}
    write_json(of.folder / FILE, text)


def differences(of: Study) -> list[str]:
    """How findings.json differs from what the study's tables give; empty where it does not.

    A study need not have the file. Returns one line a difference.
    """
    if not (of.folder / FILE).exists():
        return []
    kept = load(of)
    if kept is None:
        return [f"{FILE}: of other files than these, or malformed"]
    derived = derive(of)
    lines = [
        f"{FILE}: finding {number} differs: {one.claim}"
        for number, (one, other) in enumerate(zip(derived, kept, strict=False), start=1)
        if one != other
    ]
    if len(kept) != len(derived):
        lines.append(f"{FILE}: stored {len(kept)} findings, derived {len(derived)}")
    return lines


def digest(folder: Path) -> str:
    """SHA-256 of everything that findings are derived from, rules and all: 64 hex digits."""
    lottery_folder, figures = _beside(folder)
    files = [folder / name for name in BEHIND]
    files += [lottery_folder / "study.json", lottery_folder / "predictions.parquet", figures]
    files += sorted(Path(__file__).parent.glob("*.py"))  # other rules find other things
    whole = hashlib.sha256()
    for file in files:
        if file.is_file():
            with file.open("rb") as opened:
                whole.update(f"{file.name} ".encode())
                whole.update(hashlib.file_digest(opened, "sha256").digest())
    return whole.hexdigest()


def _beside(folder: Path) -> tuple[Path, Path]:
    """The study of the seed study's recipe, and its published figures, where they lie beside."""
    return folder.parent / "seed_lottery", folder.parent / "seed_study.json"
