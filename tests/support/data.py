"""A tiny data folder like UCF50's: made clips of three classes, the same every time.

A class is a direction of motion and a colour, a group a background and a speed: enough to learn
from, and no two groups near-identical. May import: numpy, hvc_core.recipe, tests.support.videos.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from hvc_core import clips as clips_of
from hvc_core.clips import Clip
from tests.support import videos

CLASSES = ("PullUps", "Punch", "Swing")
# Seven groups fill every part of a fold: 2 and 6 test, one of the others validates.
GROUPS = tuple(range(1, 8))
HEIGHT, WIDTH = 48, 64

RECIPE = """
name = "tiny"
title = "Made clips"
note = "made clips of three classes"

[protocols.holdout]
seeds = [0]

[train]
epochs = 2
batch = 4
augment = { zoom = 0.3, light = 0.2 }

[models.convlstm]

[models.lrcn-scratch]
"""


def make(
    folder: Path,
    classes: Sequence[str] = CLASSES,
    groups: Iterable[int] = GROUPS,
    copies: Sequence[tuple[int, int]] = (),
) -> Path:
    """Makes a data folder with one clip a class and group.

    Args:
        folder: Path. Made if it does not exist.
        copies: (group, group) pairs. The second one's clip of the first class shows the same as
            the first one's, encoded again, a little worse.
    """
    shown = {second: first for first, second in copies}
    for number, name in enumerate(classes):
        (folder / name).mkdir(parents=True, exist_ok=True)
        for group in groups:
            source = shown.get(group, group) if number == 0 else group
            path = folder / name / f"v_{name}_g{group:02d}_c01.mp4"
            worse = {"crf": "30"} if source != group else {}
            videos.write(path, moving(number, source), options=worse)
    return folder


def moving(number: int, group: int) -> Iterator[np.ndarray]:
    """The frames of one clip: a coloured bar that moves, 12 to 24 of them."""
    rng = np.random.default_rng((number, group))
    back = rng.integers(20, 200, (6, 8, 3)).repeat(8, axis=0).repeat(8, axis=1)
    back = (0.4 * back + 24 * (group % 7)).astype(np.uint8)
    for at in range(12 + group % 13):
        image = back.copy()
        place = 2 * at + 3 * (group % 5)
        if number % 2:
            image[place % HEIGHT : place % HEIGHT + 8, :, number % 3] = 255
        else:
            image[:, place % WIDTH : place % WIDTH + 8, number % 3] = 255
        yield image


def unread(classes: int = 3, groups: Iterable[int] = range(1, 26), each: int = 1) -> list[Clip]:
    """Clips without files, in the index's order: for what looks only at names."""
    return [
        clips_of.parse_name(Path(f"v_{name}_g{group:02d}_c{number:02d}.mp4"))
        for name in [*CLASSES, "TaiChi", "Yoyo"][:classes]
        for group in groups
        for number in range(1, each + 1)
    ]
