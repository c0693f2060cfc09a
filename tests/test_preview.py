"""hvc_core.video.preview: what a browser plays, upright, small, in the clip's own rhythm.

May import: numpy, PyAV, pytest, hvc_core.video, tests.support.videos.
"""

from __future__ import annotations

import io
from pathlib import Path

import av
import numpy as np
import pytest

from hvc_core import video
from tests.support import videos
from tests.test_video import KINDS, corners


def played(data: bytes) -> tuple[list[np.ndarray], list[float]]:
    """Decodes a preview: its frames and when each is shown; checks that a browser plays it."""
    assert data[4:8] == b"ftyp"
    assert data.index(b"moov") < data.index(b"mdat")  # plays before all of it is there
    with av.open(io.BytesIO(data), "r") as container:
        (stream,) = container.streams
        assert isinstance(stream, av.VideoStream)
        assert stream.codec_context.name == "h264"
        assert stream.codec_context.pix_fmt == "yuv420p"
        assert stream.width % 2 == stream.height % 2 == 0
        frames = list(container.decode(stream))
        return [f.to_ndarray(format="rgb24") for f in frames], [float(f.time) for f in frames]


@pytest.mark.parametrize(("ending", "codec", "pix_fmt"), KINDS)
def test_every_container_plays(tmp_path, ending, codec, pix_fmt):
    path = videos.write(tmp_path / f"clip.{ending}", 30, codec=codec, pix_fmt=pix_fmt)
    data = video.preview(path)
    if data == path.read_bytes():  # an MP4 as it is may have its index at the end
        assert (ending, pix_fmt) in {("mp4", "yuv420p"), ("mov", "yuv420p")}
        return
    frames, times = played(data)
    assert [videos.number_of(frame) for frame in frames] == list(range(30))
    np.testing.assert_allclose(times, np.arange(30) / 25, atol=2e-3)
    again, _ = played(video.preview(path.read_bytes()))
    np.testing.assert_allclose(np.array(again, int), np.array(frames, int), atol=4)


def test_small_h264_is_passed_on(tmp_path):
    path = videos.write(tmp_path / "clip.mp4", 30, sound=True)
    assert video.preview(path) == path.read_bytes()
    assert video.preview(path.read_bytes()) == path.read_bytes()


@pytest.mark.parametrize(
    "options",
    [
        {"height": 480, "width": 640},
        {"degrees": 90},
        {"hflip": True},
        {"pix_fmt": "yuv444p"},
        {"codec": "mpeg4"},
    ],
)
def test_other_mp4_is_made_anew(tmp_path, options):
    path = videos.write(tmp_path / "clip.mp4", 10, **options)
    data = video.preview(path)
    assert data != path.read_bytes()
    assert len(played(data)[0]) == 10


def test_large_clips_are_made_smaller(tmp_path):
    path = videos.write(tmp_path / "clip.mkv", 5, height=720, width=1280)
    frames, _ = played(video.preview(path))
    assert frames[0].shape == (360, 640, 3)
    frames, _ = played(video.preview(path, max_height=90))
    assert frames[0].shape == (90, 160, 3)


@pytest.mark.parametrize("degrees", [90, 180, -90])
def test_phone_clips_are_upright(tmp_path, degrees):
    image = corners()
    path = videos.write(tmp_path / "clip.mp4", [image] * 5, degrees=degrees)
    frames, _ = played(video.preview(path))
    upright = np.rot90(image, degrees // 90)
    assert frames[0].shape == upright.shape
    assert np.mean(np.abs(frames[0].astype(int) - upright)) < 12
    assert video.probe(video.preview(path)).rotation == 0


def test_pixels_that_are_not_square(tmp_path):
    path = tmp_path / "clip.avi"
    videos.write(path, 10, codec="mpeg4", height=48, width=48, options={"aspect": "2:1"})
    frames, _ = played(video.preview(path))
    assert frames[0].shape == (48, 96, 3)


def test_odd_sizes(tmp_path):
    path = videos.write(
        tmp_path / "clip.mkv", 10, codec="ffv1", pix_fmt="bgr0", height=47, width=95
    )
    frames, _ = played(video.preview(path))
    assert frames[0].shape == (48, 96, 3)


def test_long_clips_are_cut(tmp_path):
    path = videos.write(tmp_path / "clip.mp4", 100, rate=2)  # 50 s
    _, times = played(video.preview(path))
    assert times[-1] == 30
    _, times = played(video.preview(path, max_seconds=5))
    assert times[-1] == 5


def test_variable_rhythm_is_kept(tmp_path):
    times = [0, 0.1, 0.2, 0.25, 0.3, 1.3, 1.4]
    path = videos.write(tmp_path / "clip.mkv", len(times), times=times)
    frames, got = played(video.preview(path))
    assert [videos.number_of(frame) for frame in frames] == list(range(7))
    np.testing.assert_allclose(got, times, atol=2e-3)


def test_high_rates_are_thinned(tmp_path):
    path = videos.write(tmp_path / "clip.mkv", 60, rate=60)
    frames, times = played(video.preview(path))
    assert len(frames) == 30
    assert np.diff(times).min() > 1 / 31


def test_a_single_frame_is_shown_for_a_while(tmp_path):
    path = videos.write(tmp_path / "clip.gif", 1, codec="gif", pix_fmt="gray")
    frames, times = played(video.preview(path))
    assert times == [0, 1]
    np.testing.assert_allclose(frames[0].astype(int), frames[1].astype(int), atol=3)


def test_a_cut_file_plays_as_far_as_it_goes(tmp_path):
    path = videos.write(tmp_path / "clip.mp4", videos.noisy(60), movflags="faststart")
    videos.cut(path, 0.6)
    frames, _ = played(video.preview(path))
    assert 20 < len(frames) < 60


def test_nothing_is_left_behind(tmp_path, monkeypatch):
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    path = videos.write(tmp_path / "clip.avi", 10, codec="mpeg4")
    video.preview(path)
    videos.scratch(path, 0.0, 1.0)
    with pytest.raises(video.VideoError):
        video.preview(path)
    assert list(Path(folder).iterdir()) == []
