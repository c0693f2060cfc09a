"""Clips as time and the world may spoil them: is their order used, and what do models bear?

Four conditions change the order of the 20 frames that a model sees; seven families spoil the clip
in five strengths, from hardly visible to hardly usable at 160x120. The families and the five
strengths follow Hendrycks & Dietterich, Benchmarking Neural Network Robustness to Common
Corruptions and Perturbations, ICLR 2019; drops and H.264 are video's own. As there, no model is
trained on them.

The same clip name and condition give the same bytes, on one machine. Within a family the chance
is the same at every strength (a frame lost at one is lost at all above it), so that a curve shows
the strength and not the luck.

Frames are changed in their stored form, YUV 4:2:0, before they are scaled, and then go the clean
frames' own way: nothing but the condition differs. May import: the standard library, numpy,
hvc_core.video, .whole; opencv inside functions, so that what is light stays light.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hvc_core import video, whole

CLEAN = "clean"  # the frames of `video.sample`, untouched; not in CONDITIONS
TIME = "time"

Size = tuple[int, int]


@dataclass(frozen=True)
class Condition:
    """One way to spoil a clip.

    Attributes:
        name: str. `shuffled`, `blur-3`.
        family: str. `time`, or the name without its strength.
        title: str. For a reader.
        strength: int. 0 in the family `time`, else 1 (mildest) to 5.
        what: str. One plain sentence, with the parameter's value and unit.
        value: float. The parameter, 0 in the family `time`.
    """

    name: str
    family: str
    title: str
    strength: int
    what: str
    value: float


_TIME = {
    "shuffled": (
        "Frames shuffled",
        "The 20 frames in an order by chance, another for each clip.",
    ),
    "reversed": ("Frames reversed", "The 20 frames from the last to the first."),
    "frozen": ("One frame frozen", "The middle one of the 20 frames, 20 times."),
    # Models that take frames in pairs (hvc_core.models.two_stream) then get pairs of equal frames:
    # their motion stream sees no motion at all, not half as much.
    "halved": (
        "Half the frames",
        "Every second one of the 20 frames, each shown twice: a model that takes differences of "
        "frames in pairs then sees no motion.",
    ),
}
# family -> title, sentence, the parameter at strengths 1 to 5
_WORLD: dict[str, tuple[str, str, tuple[float, ...]]] = {
    # The chosen frames are about ten apart: losing half of all frames hardly changes them.
    "drop": (
        "Frames lost",
        "{:.0%} of the clip's frames never arrive, by chance; the last that did stays on display.",
        (0.5, 0.75, 0.9, 0.95, 0.98),
    ),
    "blur": (
        "Blur",
        "A Gaussian blur with a standard deviation of {:g} pixels of a frame 120 pixels high.",
        (0.5, 1, 2, 3, 5),
    ),
    "noise": (
        "Noise",
        "Gaussian noise with a standard deviation of {:g} of 255 levels on every pixel and colour.",
        (8, 16, 32, 48, 64),
    ),
    "h264": (
        "H.264 compression",
        "The whole clip encoded again as H.264 with a constant rate factor of {:g} (51 is the "
        "worst there is).",
        (30, 36, 42, 47, 51),
    ),
    "jpeg": (
        "JPEG compression",
        "Every frame saved as a JPEG of quality {:g} of 100.",
        (50, 25, 12, 6, 3),
    ),
    "dark": (
        "Darkness",
        "Every pixel at {:.0%} of its level.",
        (0.7, 0.5, 0.35, 0.2, 0.1),
    ),
    "crop": (
        "Crop",
        "Only the middle {:.0%} of the width and of the height, enlarged to the whole frame.",
        (0.9, 0.8, 0.7, 0.6, 0.5),
    ),
}


def _registry() -> dict[str, Condition]:
    every = [Condition(name, TIME, title, 0, what, 0) for name, (title, what) in _TIME.items()]
    for family, (title, what, values) in _WORLD.items():
        for strength, value in enumerate(values, start=1):
            name, text = f"{family}-{strength}", what.format(value)
            every.append(Condition(name, family, f"{title} {strength}", strength, text, value))
    return {condition.name: condition for condition in every}


CONDITIONS = _registry()


def conditioned(
    source: Path | bytes, sizes: Sequence[Size], names: Sequence[str], clip_name: str
) -> dict[str, dict[Size, np.ndarray]]:
    """A clip under several conditions, decoded once.

    Args:
        source: Path or bytes. The video file; one's own, for all its frames are kept in memory.
        sizes: (height, width) pairs, as for `video.sample`.
        names: str sequence. Of CONDITIONS, or `clean`.
        clip_name: str. `v_Punch_g02_c01`: what chance is drawn from.

    Returns:
        dict. name -> (height, width) -> uint8 array (20, height, width, 3), RGB.

    Raises:
        ValueError: no condition has that name.
        VideoError: the file is no video, or nothing in it decodes.
    """
    if unknown := [name for name in names if name != CLEAN and name not in CONDITIONS]:
        raise ValueError(f"no condition {unknown[0]!r}; there are {CLEAN}, {', '.join(CONDITIONS)}")
    clip = video.whole(source)
    chosen = whole.chosen(clip)
    clean = _taken(clip, chosen, sizes)
    colours: dict[int, np.ndarray] = {}  # made once, if at all, for all the conditions
    given = {}
    for name in names:
        if name == CLEAN:
            images = {size: kept.copy() for size, kept in clean.items()}
        elif name in _TIME:
            order = reordered(name, len(chosen), clip_name)
            images = {size: kept[order] for size, kept in clean.items()}
        elif CONDITIONS[name].family == "drop":
            shown = on_display(name, len(clip.frames), clip_name)
            images = _taken(clip, shown[chosen], sizes)
        elif CONDITIONS[name].family == "h264":
            crf = int(CONDITIONS[name].value)
            images = _taken(whole.reencoded(clip, crf), chosen, sizes)
        else:
            if not colours:
                colours = {
                    number: whole.to_rgb(whole.planes(clip, number))
                    for number in set(chosen.tolist())
                }
            changed = {
                number: whole.images_of(
                    whole.to_planes(altered(name, rgb, number, clip_name)), clip, number, sizes
                )
                for number, rgb in colours.items()
            }
            images = _stacked(changed, chosen, sizes)
        given[name] = images
    return given


def _taken(clip: video.Whole, numbers: np.ndarray, sizes: Sequence[Size]) -> dict[Size, np.ndarray]:
    """The frames of those numbers, in every size."""
    kept = {number: whole.images(clip, number, sizes) for number in set(numbers.tolist())}
    return _stacked(kept, numbers, sizes)


def _stacked(
    kept: dict[int, list[np.ndarray]], numbers: np.ndarray, sizes: Sequence[Size]
) -> dict[Size, np.ndarray]:
    return {
        size: np.stack([kept[number][at] for number in numbers.tolist()])
        for at, size in enumerate(sizes)
    }


# -- which frames ---------------------------------------------------------------------------------


def reordered(name: str, count: int, clip_name: str) -> np.ndarray:
    """The order in which the chosen frames are shown under a condition of the family `time`.

    Args:
        name: str. Of CONDITIONS.
        count: int, even. The chosen frames: 20.
        clip_name: str. What chance is drawn from.

    Returns:
        int64 array (count,), values 0 to count - 1.
    """
    straight = np.arange(count)
    if name == "reversed":
        return straight[::-1]
    if name == "frozen":
        return np.full(count, count // 2)  # the one on display in the middle of the clip
    if name == "halved":
        return straight // 2 * 2 + 1  # 1 1 3 3 5 5 ...: as `video.middles` chooses 10 of 20
    rng = _chance(name, clip_name)
    order = rng.permutation(count)
    while (order == straight).all():
        order = rng.permutation(count)
    return order


def on_display(name: str, total: int, clip_name: str) -> np.ndarray:
    """Which frame is on display in place of each, when some never arrive; the first always does.

    Args:
        name: str. `drop-1` to `drop-5`.
        total: int. The clip's frames.
        clip_name: str. What chance is drawn from.

    Returns:
        int64 array (total,): each value is its own place or an earlier one, never decreasing.
    """
    arrived = _chance("drop", clip_name).random(total) >= CONDITIONS[name].value
    return np.maximum.accumulate(np.where(arrived, np.arange(total), 0))


def _chance(*what: str | int) -> np.random.Generator:
    """A source of chance that is the same for the same words."""
    return np.random.default_rng(zlib.crc32("/".join(map(str, what)).encode()))


# -- what is in them ------------------------------------------------------------------------------


def altered(name: str, rgb: np.ndarray, number: int, clip_name: str) -> np.ndarray:
    """A frame under a condition of the families blur, noise, jpeg, dark or crop.

    Args:
        name: str. Of CONDITIONS.
        rgb: float32 array (H, W, 3), 0 to 255, or a little beyond, as `whole.to_rgb` gives it.
        number: int. The frame's number in the clip: noise differs from frame to frame.
        clip_name: str. What chance is drawn from.

    Returns:
        float32 array (H, W, 3).
    """
    condition = CONDITIONS[name]
    if condition.family == "noise":
        grain = _chance("noise", clip_name, number).standard_normal(rgb.shape, np.float32)
        return np.clip(rgb + np.float32(condition.value) * grain, 0, 255)
    return _ALTER[condition.family](rgb, condition.value)


def _blur(rgb: np.ndarray, sigma: float) -> np.ndarray:
    return _cv2().GaussianBlur(rgb, (0, 0), sigma * min(rgb.shape[:2]) / 120)  # or lying on a side


def _jpeg(rgb: np.ndarray, quality: float) -> np.ndarray:
    cv2 = _cv2()
    levels = np.clip(np.rint(rgb[..., ::-1]), 0, 255).astype(np.uint8)  # OpenCV wants BGR
    done, data = cv2.imencode(".jpg", levels, [cv2.IMWRITE_JPEG_QUALITY, int(quality)])
    if not done:
        raise RuntimeError(f"OpenCV wrote no JPEG of a frame of shape {rgb.shape}")
    return cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1].astype(np.float32)


def _dark(rgb: np.ndarray, part: float) -> np.ndarray:
    return rgb * np.float32(part)


def _crop(rgb: np.ndarray, part: float) -> np.ndarray:
    height, width = rgb.shape[:2]
    h, w = max(1, round(height * part)), max(1, round(width * part))
    y, x = (height - h) // 2, (width - w) // 2
    cv2 = _cv2()
    return cv2.resize(rgb[y : y + h, x : x + w], (width, height), interpolation=cv2.INTER_LINEAR)


_ALTER: dict[str, Callable[[np.ndarray, float], np.ndarray]] = {
    "blur": _blur,
    "jpeg": _jpeg,
    "dark": _dark,
    "crop": _crop,
}


def _cv2() -> Any:
    """OpenCV, loaded where it is needed: the command line has it, the app has not."""
    import cv2

    cv2.setNumThreads(1)  # the frames are small: threads cost more than they give
    return cv2
