"""What a clip is: UCF50's file names, the index of a data folder, and its fingerprint.

May import: the standard library, and hvc_core.video to see whether a file decodes.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from hvc_core import video

SUFFIXES = frozenset({".avi", ".mp4", ".mov", ".mkv", ".webm", ".gif"})
_NAME = re.compile(r"v_(?P<cls>[A-Za-z][A-Za-z0-9]*)_g(?P<group>[0-9]{2})_c(?P<number>[0-9]{2,3})")
# In the original UCF50 the files of two classes spell the class otherwise than their folder does.
_SPELLINGS = {"Billards": "Billiards", "Pullup": "PullUps"}
_NESTED_DEPTH = 3  # how deep an archive may have put the class folders under the folder given

Problem = tuple[Path, str]


class DataError(ValueError):
    """A data folder or a clip's name that cannot be used; the message says what to do."""


@dataclass(frozen=True)
class Clip:
    """One clip of a data folder.

    Attributes:
        name: str. UCF50's name without its ending: `v_Punch_g02_c01`; its class is spelled as
            `class_name` is, so that a clip has one name in every copy of the data.
        class_name: str. What is done in it: `Punch`.
        group: int. The source video it was cut from, 1 to 25 in UCF50.
        path: Path. The file.
    """

    name: str
    class_name: str
    group: int
    path: Path

    @property
    def number(self) -> int:
        """Which clip of its group this is, from 1; a group may have gaps."""
        return int(self.name.rpartition("_c")[2])


@dataclass(frozen=True)
class Index:
    """What a data folder holds.

    Attributes:
        clips: tuple of Clip, sorted by name.
        classes: tuple of str, sorted.
        unreadable: tuple of (Path, str). Files left out because nothing decodes, with the reason.
        misnamed: tuple of (Path, str). Files left out for their name or place, with the reason.
        fingerprint: str. 64 hex digits; two folders with the same clips have the same one.
    """

    clips: tuple[Clip, ...]
    classes: tuple[str, ...]
    unreadable: tuple[Problem, ...]
    misnamed: tuple[Problem, ...]
    fingerprint: str

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Every file left out, with the reason, sorted by path."""
        return tuple(sorted(self.unreadable + self.misnamed))


def parse_name(path: Path) -> Clip:
    """Reads class, group and number from a UCF50 file name.

    Args:
        path: Path. The file; only its name is looked at, and its ending does not matter.

    Example:
        >>> parse_name(Path("v_Punch_g02_c01.avi")).group
        2

    Raises:
        DataError: the name is not UCF50's.
    """
    match = _NAME.fullmatch(path.stem)
    if match is None or match["group"] == "00":
        raise DataError(
            f"{path.name!r}: not a UCF50 name; expected v_<Class>_g<group>_c<clip>, "
            "such as v_Punch_g02_c01.avi"
        )
    clip = Clip(path.stem, match["cls"], int(match["group"]), path)
    return _of_class(clip, _SPELLINGS.get(clip.class_name, clip.class_name))


def _of_class(clip: Clip, class_name: str) -> Clip:
    """The clip with its class spelled as given, in its name too."""
    tail = clip.name.removeprefix(f"v_{clip.class_name}")
    return replace(clip, name=f"v_{class_name}{tail}", class_name=class_name)


def index(
    data: Path, probe: bool = True, progress: Callable[[int, int], object] | None = None
) -> Index:
    """Lists the clips of a UCF50-like folder: `<data>/<Class>/v_<Class>_gGG_cCC.<ending>`.

    Hidden files and files that are no video by their ending are passed over. Every clip is read
    once, for the fingerprint.

    Args:
        data: Path. The folder that holds one folder a class.
        probe: bool. Whether to open each file and leave out those that do not decode.
        progress: called with (files done, files in all) after each file.

    Raises:
        DataError: the folder is missing, cannot be read, or holds no clip.
    """
    files = _video_files(data)
    digests: dict[Clip, str] = {}
    named: dict[str, Path] = {}
    unreadable: list[Problem] = []
    misnamed: list[Problem] = []
    for done, path in enumerate(files, start=1):
        try:
            clip = _placed(path)
            if clip.name in named:
                raise DataError(
                    f"{path.name!r}: the same clip as {named[clip.name].name!r} beside it, "
                    "which is kept"
                )
            if probe:
                video.probe(path)
            digests[clip] = file_digest(path)
            named[clip.name] = path
        except DataError as error:
            misnamed.append((path, str(error)))
        except (video.VideoError, OSError) as error:
            unreadable.append((path, getattr(error, "strerror", None) or str(error)))
        if progress:
            progress(done, len(files))
    clips = tuple(sorted(digests, key=lambda clip: clip.name))
    result = Index(
        clips,
        tuple(sorted({clip.class_name for clip in clips})),
        tuple(unreadable),
        tuple(misnamed),
        _fingerprint((clip.name, digests[clip]) for clip in clips),
    )
    if not clips:
        raise DataError(_none_found(data, result.problems))
    return result


def paths(data: Path) -> dict[str, Path]:
    """Where each clip of a data folder lies, by its name; no file is read.

    Of two files of one name the first counts, as in `index`; what has no UCF50 name, or lies in
    another class's folder, is passed over.

    Raises:
        DataError: the folder is missing or cannot be read.
    """
    found: dict[str, Path] = {}
    for path in _video_files(data):
        try:
            found.setdefault(_placed(path).name, path)
        except DataError:
            continue
    return found


def only(found: Index, classes: Sequence[str]) -> Index:
    """The part of an index that is of some classes, with a fingerprint of its own.

    Args:
        found: Index.
        classes: the classes to keep; none keeps all.

    Raises:
        DataError: a class has no clip.
    """
    if not classes:
        return found
    missing = sorted(set(classes) - set(found.classes))
    if missing:
        raise DataError(
            f"no clip of {', '.join(missing)}; the data has only {', '.join(found.classes)}"
        )
    clips = tuple(clip for clip in found.clips if clip.class_name in classes)
    return replace(
        found, clips=clips, classes=tuple(sorted(classes)), fingerprint=fingerprint(clips)
    )


def _video_files(data: Path) -> list[Path]:
    """The files two levels down that are videos by their ending, sorted; hidden ones are not."""
    if not data.exists():
        raise DataError(f"{data}: no such folder; give the one that holds a folder per class")
    if not data.is_dir():
        raise DataError(f"{data}: not a folder; give the one that holds a folder per class")
    try:
        folders = sorted(p for p in data.iterdir() if _visible(p) and p.is_dir())
        return [
            path
            for folder in folders
            for path in sorted(folder.iterdir())
            if _visible(path) and path.suffix.lower() in SUFFIXES
        ]
    except OSError as error:
        raise DataError(f"{error.filename or data}: cannot be listed ({error.strerror})") from error


def _visible(path: Path) -> bool:
    # macOS puts a `._name.avi` beside every file it copies to a foreign disk.
    return not path.name.startswith(".")


def _placed(path: Path) -> Clip:
    """The clip that a file is, checked against the folder that it lies in."""
    clip, folder = parse_name(path), path.parent.name
    if clip.class_name.casefold() != folder.casefold():
        raise DataError(
            f"{path.name!r}: names class {clip.class_name} but lies in folder {folder!r}; "
            "move it, or rename it"
        )
    return _of_class(clip, folder) if clip.class_name != folder else clip


def _none_found(data: Path, problems: tuple[Problem, ...]) -> str:
    """Why a folder has no clip, and what to give instead where that can be seen."""
    if problems:
        path, reason = problems[0]
        more = f" ({len(problems)} files left out)" if len(problems) > 1 else ""
        return f"{data}: no clip can be used{more}; the first: {path}: {reason}"
    if any(p.suffix.lower() in SUFFIXES and _visible(p) for p in data.iterdir()):
        return f"{data}: holds clips, not a folder per class; give the one above it, {data.parent}"
    inner: list[Path] = [data]
    for _ in range(_NESTED_DEPTH):
        # glob, unlike iterdir, passes over what may not be listed.
        inner = [p for f in inner for p in sorted(f.glob("*")) if _visible(p) and p.is_dir()]
        holders = [f for f in inner if _has_clip(f)]
        if holders:
            return f"{data}: no clip found here; the clips are deeper, give {holders[0].as_posix()}"
    return f"{data}: no clip found; expected files such as {data}/Punch/v_Punch_g02_c01.avi"


def _has_clip(folder: Path) -> bool:
    return any(p.suffix.lower() in SUFFIXES and _NAME.fullmatch(p.stem) for p in folder.glob("*/*"))


def file_digest(path: Path) -> str:
    """The SHA-256 of a file, read piece by piece.

    Returns:
        64 hex digits.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fingerprint(clips: Iterable[Clip]) -> str:
    """SHA-256 over every clip's name and its file's SHA-256, in the order of names.

    Returns:
        64 hex digits.
    """
    return _fingerprint((clip.name, file_digest(clip.path)) for clip in clips)


def _fingerprint(digests: Iterable[tuple[str, str]]) -> str:
    whole = hashlib.sha256()
    for name, digest in sorted(digests):
        whole.update(f"{name} {digest}\n".encode())
    return whole.hexdigest()
