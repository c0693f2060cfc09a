"""Windows along a clip: they cover it, and a short clip is asked as it always was.

May import: hypothesis, numpy, pytest, hvc_core, tests.support.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hvc_core import classify, video
from hvc_core.timeline import MOST, STRIDE, WINDOW, along, timeline, windows
from tests.support import videos
from tests.support.studies import make_study


@given(st.floats(0.01, 36_000), st.integers(1, 40))
def test_windows_cover_the_clip_and_are_not_many(seconds: float, frames: int) -> None:
    count, starts = windows(seconds, frames)
    assert starts[0] == 0 and starts[-1] == count - frames
    assert len(starts) <= MOST
    assert (np.diff(starts) > 0).all() and (np.diff(starts) <= STRIDE).all()
    if seconds < WINDOW:
        assert count == frames and len(starts) == 1


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = make_study(tmp_path_factory.mktemp("study") / "study", models=2, classes=5)
    return classify.open_models(folder)


def film(path: Path, seconds: float) -> Path:
    """25 frames a second that change from dark to light half way."""
    count = round(25 * seconds)
    images = [np.full((60, 80, 3), 30 if i < count / 2 else 220, np.uint8) for i in range(count)]
    return videos.write(path, images)


def test_a_clip_no_longer_than_a_window_is_asked_as_a_whole(models, tmp_path):
    clip = film(tmp_path / "short.mp4", 3)
    made = timeline(models, along(models, clip))
    whole = classify.classify(models, clip)
    assert made.probabilities.shape == (2, 1, 5)
    for told, answer in zip(made.probabilities, whole.models, strict=True):
        assert told[0] == pytest.approx(answer.probabilities, abs=1e-5)
    assert made.agree.tolist() == [whole.agree]
    assert made.starts.tolist() == [0] and made.ends.tolist() == pytest.approx([made.seconds])


def test_each_window_is_asked_as_a_clip_of_its_own(models, tmp_path):
    clip = film(tmp_path / "long.mp4", 12)
    seen: list[tuple[int, int]] = []
    made = timeline(models, along(models, clip), lambda *at: seen.append(at))
    count, starts = windows(video.length(clip), models.frames)
    assert made.probabilities.shape == (2, len(starts), 5)
    assert seen[-1] == (2 * len(starts), 2 * len(starts))
    frames = video.sample(clip, [models.models[0].size], count).images[models.models[0].size]
    for k, start in enumerate(starts):
        told = models.models[0].probabilities(frames[start : start + models.frames], 5)
        assert made.probabilities[0, k] == pytest.approx(told, abs=1e-6)
    assert made.ends[-1] == pytest.approx(made.seconds)
    # Dark and light windows are answered otherwise; those of one kind alike.
    assert np.ptp(made.probabilities[0, :, :], axis=0).max() > 1e-4
    assert made.probabilities[0, 0] == pytest.approx(made.probabilities[0, 1], abs=1e-3)


def test_work_can_be_ended(models, tmp_path):
    class Enough(Exception):
        pass

    def stop(done: int, total: int) -> None:
        if done == 3:
            raise Enough

    with pytest.raises(Enough):
        timeline(models, along(models, film(tmp_path / "long.mp4", 12)), stop)


def test_the_length_is_that_of_the_frames(tmp_path):
    assert video.length(film(tmp_path / "a.mp4", 5)) == pytest.approx(5)
    with pytest.raises(video.VideoError):
        video.length(b"no video")
