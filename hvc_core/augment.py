"""Changes a training clip a little, the same way in all its frames.

Pure functions of frames and a random generator. May import: numpy, opencv.
"""

from __future__ import annotations

import cv2
import numpy as np

from hvc_core.frames import PHASES
from hvc_core.recipe import Augment

cv2.setNumThreads(1)  # the frames are small: threads cost more than they give


def clean(frames: np.ndarray) -> np.ndarray:
    """The 20 frames that `video.sample` gives: the middle phase.

    Args:
        frames: uint8 array (20 * PHASES, H, W, 3).

    Returns:
        uint8 array (20, H, W, 3).
    """
    return frames[PHASES // 2 :: PHASES]


def augment(frames: np.ndarray, rng: np.random.Generator, how: Augment) -> np.ndarray:
    """One augmented view of a clip.

    Args:
        frames: uint8 array (20 * PHASES, H, W, 3), RGB: the cache's row.
        rng: the source of chance.
        how: Augment. What may change.

    Returns:
        uint8 array (20, H, W, 3).
    """
    phase = rng.integers(PHASES) if how.shift else PHASES // 2
    view = frames[phase::PHASES]
    height, width = view.shape[1:3]
    if how.zoom or how.stretch:
        # A crop of random size, aspect and place, resized back to the whole frame.
        side = 1 - how.zoom * rng.random()
        aspect = np.exp(rng.uniform(-1, 1) * np.log1p(how.stretch) / 2)
        h, w = min(1.0, side / aspect) * height, min(1.0, side * aspect) * width
        y, x = rng.random() * (height - h), rng.random() * (width - w)
        matrix = np.array([[width / w, 0, -x * width / w], [0, height / h, -y * height / h]])
        view = np.stack(
            [
                cv2.warpAffine(f, matrix, (width, height), borderMode=cv2.BORDER_REFLECT_101)
                for f in view
            ]
        )
    if how.flip and rng.random() < 0.5:
        view = view[:, :, ::-1]
    if how.light:
        view = _relight(view, rng, how.light)
    return np.ascontiguousarray(view)


def _relight(view: np.ndarray, rng: np.random.Generator, light: float) -> np.ndarray:
    """Brightness, contrast and saturation, each by a factor of 1 - light to 1 + light."""
    bright, contrast, colour = 1 + light * rng.uniform(-1, 1, 3)
    x = view.astype(np.float32)
    gray = x @ np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601 luma
    x = gray[..., None] * (1 - colour) + x * colour
    x = (x - gray.mean()) * contrast + gray.mean() * bright
    return np.clip(x, 0, 255).astype(np.uint8)
