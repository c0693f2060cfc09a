"""What a clip is: UCF50's file names, the index of a data folder, and its fingerprint.

May import: the standard library, and hvc_core.video to see whether a file decodes.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from hvc_core import video

SUFFIXES = frozenset({".avi", ".mp4", ".mov", ".mkv", ".webm", ".gif"})
_NAME = re.compile(r"v_(?P<class_name>[A-Za-z]+)_g(?P<group>\d{2})_c(?P<number>\d{2,3})")


class DataError(ValueError):
    """A data folder or a clip's name that cannot be used; the message says what to do."""


@dataclass(frozen=True)
class Clip:
    """One clip of a data folder.

    Attributes:
        name: str. UCF50's name without its ending: `v_Punch_g02_c01`.
        class_name: str. What is done in it: `Punch`.
        group: int. The source video it was cut from, 1 to 25 in UCF50.
        path: Path. The file.
    """

    name: str
    class_name: str
    group: int
    path: Path


@dataclass(frozen=True)
class Index:
    """What a data folder holds.

    Attributes:
        clips: tuple of Clip, sorted by name.
        classes: tuple of str, sorted.
        problems: tuple of (Path, str). Files left out, each with the reason.
        fingerprint: str. 64 hex digits; two folders with the same clips have the same one.
    """

    clips: tuple[Clip, ...]
    classes: tuple[str, ...]
    problems: tuple[tuple[Path, str], ...]
    fingerprint: str


def parse_name(path: Path) -> Clip:
    """Reads class and group from a UCF50 file name.

    Example:
        >>> parse_name(Path("v_Punch_g02_c01.avi")).group
        2

    Raises:
        DataError: the name is not UCF50's.
    """
    match = _NAME.fullmatch(path.stem)
    if match is None:
        raise DataError(
            f"{path.name}: not a UCF50 name; expected v_<Class>_g<group>_c<clip>, "
            "such as v_Punch_g02_c01.avi"
        )
    return Clip(path.stem, match["class_name"], int(match["group"]), path)


def index(data: Path, probe: bool = True) -> Index:
    """Lists the clips of a UCF50-like folder: `<data>/<Class>/v_<Class>_gGG_cCC.<ending>`.

    Args:
        data: Path. The folder that holds one folder a class.
        probe: bool. Whether to open each file and leave out those that do not decode.

    Raises:
        DataError: the folder is missing, or holds no clip.
    """
    if not data.is_dir():
        raise DataError(f"{data}: no such folder; give the one that holds a folder per class")
    clips: list[Clip] = []
    problems: list[tuple[Path, str]] = []
    names: set[str] = set()
    for path in sorted(p for p in data.glob("*/*") if p.suffix.lower() in SUFFIXES):
        try:
            clip = parse_name(path)
            if clip.class_name != path.parent.name:
                raise DataError(
                    f"{path.name}: names class {clip.class_name} but lies in folder "
                    f"{path.parent.name}"
                )
            if clip.name in names:
                raise DataError(f"{path.name}: another file has the same clip name")
            if probe:
                video.probe(path)
        except (DataError, video.VideoError) as error:
            problems.append((path, str(error)))
        else:
            names.add(clip.name)
            clips.append(clip)
    if not clips:
        raise DataError(
            f"{data}: no clip found; expected files such as "
            f"{data}/Punch/v_Punch_g02_c01.avi ({len(problems)} files left out)"
        )
    clips.sort(key=lambda clip: clip.name)
    classes = tuple(sorted({clip.class_name for clip in clips}))
    return Index(tuple(clips), classes, tuple(problems), fingerprint(clips))


def fingerprint(clips: Iterable[Clip]) -> str:
    """SHA-256 over every clip's name and its file's SHA-256, in the order of names."""
    whole = hashlib.sha256()
    for clip in sorted(clips, key=lambda clip: clip.name):
        digest = hashlib.sha256(clip.path.read_bytes()).hexdigest()
        whole.update(f"{clip.name} {digest}\n".encode())
    return whole.hexdigest()
