"""hvc_core.video: which frames are taken, from every container, the right way up.

May import: numpy, PyAV, Pillow, pytest, hypothesis, hvc_core.video, tests.support.videos.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from hvc_core import video
from tests.support import videos

SIZE = (48, 96)
KINDS = [  # ending, codec, pixel format
    ("mp4", "libx264", "yuv420p"),
    ("mp4", "libx264", "yuv420p10le"),
    ("mp4", "libx264", "yuv444p"),
    ("mov", "libx264", "yuv420p"),
    ("mov", "mjpeg", "yuvj420p"),
    ("mov", "prores", "yuv422p10le"),
    ("avi", "mpeg4", "yuv420p"),
    ("avi", "mjpeg", "yuvj420p"),
    ("mkv", "libx264", "yuv420p"),
    ("mkv", "ffv1", "gray"),
    ("mkv", "ffv1", "bgr0"),
    ("webm", "libvpx", "yuv420p"),
    ("webm", "libvpx-vp9", "yuv420p"),
    ("gif", "gif", "gray"),
    ("wmv", "wmv2", "yuv420p"),
    ("ts", "libx264", "yuv420p"),
]


def numbers(source: Path | bytes, count: int = video.FRAMES) -> list[int]:
    return videos.numbers_of(video.sample(source, [SIZE], count).images[SIZE])


def expected(frames: int, count: int = video.FRAMES) -> list[int]:
    return [(2 * k + 1) * frames // (2 * count) for k in range(count)]


def shown(times: list[float], end: float, count: int = video.FRAMES) -> list[int]:
    """The rule in plain words: the last frame that has begun at the middle of each segment."""
    chosen = []
    for k in range(count):
        middle = times[0] + (k + 0.5) * (end - times[0]) / count
        chosen.append(max(i for i, time in enumerate(times) if time <= middle + 1e-6))
    return chosen


@given(
    frames=st.integers(1, 3000),
    count=st.integers(1, 40),
    rate=st.sampled_from([1.0, 10.0, 15.0, 24000 / 1001, 25.0, 30000 / 1001, 50.0, 120.0]),
    start=st.sampled_from([0.0, 0.08, 12.5]),
)
def test_middles_at_a_constant_rate(frames, count, rate, start):
    times = start + np.arange(frames) / rate
    chosen = video.middles(times, start + frames / rate, count)
    assert chosen.tolist() == expected(frames, count)


@given(st.lists(st.floats(0.001, 5), min_size=1, max_size=200), st.integers(1, 40))
def test_middles_at_any_rate(durations, count):
    edges = np.cumsum([0.0, *durations])
    chosen = video.middles(edges[:-1], float(edges[-1]), count)
    assert chosen.tolist() == shown(edges[:-1].tolist(), float(edges[-1]), count)


@pytest.mark.parametrize(("ending", "codec", "pix_fmt"), KINDS)
def test_every_container(tmp_path, ending, codec, pix_fmt):
    path = videos.write(tmp_path / f"clip.{ending}", 50, codec=codec, pix_fmt=pix_fmt)
    sampled = video.sample(path, [SIZE, (24, 24)])
    assert videos.numbers_of(sampled.images[SIZE]) == expected(50)
    assert sampled.images[SIZE].shape == (20, *SIZE, 3)
    assert sampled.images[24, 24].shape == (20, 24, 24, 3)
    assert sampled.images[24, 24].dtype == np.uint8
    assert sampled.decoded == 50
    assert sampled.notes == ()
    np.testing.assert_allclose(sampled.seconds, np.array(expected(50)) / 25, atol=1e-3)
    again = video.sample(path.read_bytes(), [SIZE])
    np.testing.assert_array_equal(again.images[SIZE], sampled.images[SIZE])


@pytest.mark.parametrize("frames", [20, 21, 39, 97])
def test_number_of_frames(tmp_path, frames):
    path = videos.write(tmp_path / "clip.mp4", frames)
    assert numbers(path) == expected(frames)
    assert numbers(path, 7) == expected(frames, 7)


@pytest.mark.parametrize("frames", [2, 7, 19])
def test_fewer_frames_than_wanted_are_repeated(tmp_path, frames):
    path = videos.write(tmp_path / "clip.avi", frames, codec="mpeg4")
    sampled = video.sample(path, [SIZE])
    assert videos.numbers_of(sampled.images[SIZE]) == expected(frames)
    (note,) = sampled.notes
    assert f"{frames} frames, fewer than the 20" in note


@pytest.mark.parametrize(("ending", "codec"), [("mp4", "libx264"), ("gif", "gif")])
def test_a_single_frame(tmp_path, ending, codec):
    pix_fmt = "gray" if codec == "gif" else "yuv420p"
    path = videos.write(tmp_path / f"clip.{ending}", 1, codec=codec, pix_fmt=pix_fmt)
    sampled = video.sample(path, [SIZE])
    assert videos.numbers_of(sampled.images[SIZE]) == [0] * 20
    assert sampled.seconds.tolist() == [0.0] * 20
    assert "single frame" in sampled.notes[0]


@pytest.mark.parametrize(
    ("ending", "codec"), [("mp4", "libx264"), ("mov", "libx264"), ("mkv", "libx264"),
                          ("webm", "libvpx")]
)  # fmt: skip
def test_variable_frame_rate(tmp_path, ending, codec):
    # Slow, then fast, then one long pause, then slow: as a phone does in changing light.
    steps = [0.1] * 12 + [0.02] * 30 + [1.5] + [0.05] * 8
    times = np.cumsum([0.0, *steps]).tolist()
    path = videos.write(tmp_path / f"clip.{ending}", len(times), codec=codec, times=times)
    assert numbers(path) == shown(times, times[-1] + 0.04)  # the writer's
    sampled = video.sample(path, [SIZE])
    np.testing.assert_allclose(sampled.seconds, np.array(times)[numbers(path)], atol=2e-3)


def test_time_that_does_not_start_at_zero(tmp_path):
    times = (5 + np.arange(40) * 0.04).tolist()
    path = videos.write(tmp_path / "clip.mkv", 40, times=times)
    sampled = video.sample(path, [SIZE])
    assert videos.numbers_of(sampled.images[SIZE]) == expected(40)
    assert sampled.seconds[0] == pytest.approx(0.04, abs=1e-3)


def test_avi_without_display_times(tmp_path):
    # AVI stores no display times, and with B-frames the decoding order is another.
    path = videos.write(tmp_path / "clip.avi", 60, codec="mpeg4", options={"bf": "2"})
    assert numbers(path) == expected(60)


def test_missing_or_repeated_times_are_counted():
    np.testing.assert_allclose(video._clean_times([0, None, 80], 1e-3, 25), [0, 0.04, 0.08])
    np.testing.assert_allclose(video._clean_times([0, 40, 40], 1e-3, 25), [0, 0.04, 0.08])
    np.testing.assert_allclose(video._clean_times([80, 0, 30], 1e-3, 25), [0, 0.03, 0.08])


def test_gif_keeps_its_rhythm_and_ends_with_its_last_pause(tmp_path):
    milliseconds = [100] * 10 + [2000]
    images = [Image.fromarray(videos.numbered(i)) for i in range(11)]
    path = tmp_path / "clip.gif"
    images[0].save(path, save_all=True, append_images=images[1:], duration=milliseconds)
    times = (np.cumsum([0, *milliseconds[:-1]]) / 1000).tolist()
    assert numbers(path) == shown(times, 3.0)


@pytest.mark.parametrize("disposal", [1, 2, 3])
def test_gif_palette_disposal_and_transparency(tmp_path, disposal):
    frames = []
    for at in range(4):
        image = Image.new("RGBA", (64, 48), (0, 0, 0, 0))
        colour = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0)][at]
        image.paste((*colour, 255), (at * 16, 8, at * 16 + 16, 40))
        frames.append(image)
    path = tmp_path / "clip.gif"
    frames[0].save(
        path, save_all=True, append_images=frames[1:], duration=100, disposal=disposal, loop=0
    )
    with Image.open(path) as gif:  # Pillow as the judge, on a white page
        for at in range(4):
            gif.seek(at)
            page = Image.new("RGBA", gif.size, "white")
            page.alpha_composite(gif.convert("RGBA"))
            wanted = np.asarray(page.convert("RGB"))
            got = video.sample(path, [(48, 64)], 4).images[48, 64][at]
            np.testing.assert_allclose(got.astype(int), wanted.astype(int), atol=2)


def test_hidden_start_of_an_edited_clip(tmp_path):
    # A phone's trim keeps the frames before the cut, and an edit list says not to show them.
    path = videos.write(tmp_path / "clip.mp4", 50, options={"bf": "0"})
    data = bytearray(path.read_bytes())
    at = data.index(b"elst") + 16  # version and flags, count, duration, then the media time
    scale_at = data.index(b"mdhd") + 16
    scale = int.from_bytes(data[scale_at : scale_at + 4], "big")
    data[at : at + 4] = (int.from_bytes(data[at : at + 4], "big") + 10 * scale // 25).to_bytes(
        4, "big"
    )
    sampled = video.sample(bytes(data), [SIZE])
    assert videos.numbers_of(sampled.images[SIZE]) == [10 + i for i in expected(40)]
    assert sampled.decoded == 40
    assert sampled.notes == ()


def corners(height: int = 48, width: int = 96) -> np.ndarray:
    """A picture that looks different in all eight positions."""
    image = np.full((height, width, 3), 128, np.uint8)
    image[: height // 2, : width // 2] = (220, 30, 30)
    image[: height // 2, width // 2 :] = (30, 220, 30)
    image[height // 2 :, : width // 2] = (30, 30, 220)
    return image


@pytest.mark.parametrize("ending", ["mp4", "mov", "mkv"])
@pytest.mark.parametrize("flips", [(False, False), (True, False), (False, True)])
@pytest.mark.parametrize("degrees", [0, 90, 180, -90])
def test_phone_clips_are_turned_upright(tmp_path, degrees, flips, ending):
    image = corners()
    hflip, vflip = flips
    path = videos.write(
        tmp_path / f"clip.{ending}", [image] * 5, degrees=degrees, hflip=hflip, vflip=vflip
    )
    upright = np.rot90(image, degrees // 90)  # counter-clockwise, both
    upright = upright[:, ::-1] if hflip else upright
    upright = upright[::-1] if vflip else upright
    height, width = upright.shape[:2]
    (got,) = video.sample(path, [(height, width)], 1).images[height, width]
    difference = np.abs(got.astype(int) - upright.astype(int))
    assert np.mean(difference) < 8  # the codec blurs the edges between the colours
    probed = video.probe(path)
    assert (probed.height, probed.width) == (height, width)
    if not any(flips):
        assert probed.rotation == -degrees % 360


def test_rotated_clips_are_squashed_after_turning(tmp_path):
    path = videos.write(tmp_path / "clip.mp4", [corners()] * 5, degrees=-90)
    (tall,) = video.sample(path, [(64, 32)], 1).images[64, 32]
    (wide,) = video.sample(path, [(32, 64)], 1).images[32, 64]
    for image in (tall, wide):  # clockwise: what was at the lower left is now at the upper left
        height, width = image.shape[:2]
        assert image[height // 4, width // 4].argmax() == 2
        assert image[height // 4, 3 * width // 4].argmax() == 0
        assert image[3 * height // 4, 3 * width // 4].argmax() == 1


@pytest.mark.parametrize("size", [(47, 95), (33, 17), (50, 98)])
def test_odd_sizes(tmp_path, size):
    height, width = size
    path = videos.write(
        tmp_path / "clip.mkv", 30, codec="ffv1", pix_fmt="bgr0", height=height, width=width
    )
    assert numbers(path) == expected(30)
    assert (video.probe(path).height, video.probe(path).width) == size


def test_probe_says_what_a_file_is(tmp_path):
    probed = video.probe(videos.write(tmp_path / "clip.avi", 50, codec="mpeg4", rate=10))
    assert probed == video.Probe(
        container="avi",
        codec="mpeg4",
        pixels="yuv420p",
        width=96,
        height=48,
        rotation=0,
        fps=10.0,
        seconds=5.0,
        frames=50,
    )


@pytest.mark.parametrize("name", ["concat:a.mp4", "a%03d.mp4", "http:clip.mp4", "ü ñ .mp4"])
def test_odd_file_names(tmp_path, name, monkeypatch):
    monkeypatch.chdir(tmp_path)
    videos.write(tmp_path / "plain.mp4", 25).rename(tmp_path / name)
    assert numbers(Path(name)) == expected(25)


def test_real_clips_do_what_the_manifest_says(ucf50):
    for path in sorted(ucf50.glob("*/*.mp4"))[::400]:
        sampled = video.sample(path, [(64, 64)], limits=video.Limits())
        assert sampled.images[64, 64].shape == (20, 64, 64, 3)
        assert sampled.notes == ()


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak of memory as Linux gives it")
def test_memory_does_not_grow_with_the_clip(tmp_path):
    # All 240 frames at full size would take 660 MB.
    image = videos.numbered(1, 720, 1280)
    path = videos.write(
        tmp_path / "clip.mp4", (image for _ in range(240)), options={"preset": "ultrafast"}
    )
    code = (
        "import sys; from pathlib import Path; from hvc_core import latency, video\n"
        "video.sample(Path(sys.argv[1]), [(64, 64), (120, 160)])\n"
        "video.preview(Path(sys.argv[1]))\n"
        "print(latency.peak_memory() // 2**20)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": "."},
    )
    assert int(done.stdout) < 250
