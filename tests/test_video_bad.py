"""hvc_core.video on bad input: a clear message or what can be had, never another error.

May import: numpy, PyAV, Pillow, pytest, hypothesis, hvc_core.video, tests.support.videos.
"""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from hvc_core import video
from tests.support import videos

SIZE = (48, 96)
LIMITS = video.Limits()
KINDS = {  # ending: codec, pixel format, flags of the MP4 writer
    "mp4": ("libx264", "yuv420p", "faststart"),
    "mov": ("mjpeg", "yuvj420p", "faststart"),
    "avi": ("mpeg4", "yuv420p", ""),
    "mkv": ("libx264", "yuv420p", ""),
    "webm": ("libvpx", "yuv420p", ""),
    "gif": ("gif", "gray", ""),
}


def make(path: Path, frames: int = 60) -> Path:
    codec, pix_fmt, flags = KINDS[path.suffix[1:]]
    images = videos.noisy(frames)
    return videos.write(path, images, codec=codec, pix_fmt=pix_fmt, movflags=flags)


def refused(source: Path | bytes, limits: video.Limits | None = LIMITS) -> str:
    """The message with which all three refuse the file."""
    messages = set()
    for use in (
        lambda: video.sample(source, [SIZE], limits=limits),
        lambda: video.preview(source, limits=limits),
    ):
        with pytest.raises(video.VideoError) as caught:
            use()
        messages.add(str(caught.value))
    (message,) = messages
    return message


def test_empty_file(tmp_path):
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"")
    assert "empty" in refused(path)
    assert "empty" in refused(b"")


@pytest.mark.parametrize(
    "text",
    [
        "Not a video. " * 20,
        "Größe: 3 µm, 日本語 " * 300,
        "ffconcat version 1.0\nfile other.mp4\n",
        "#EXTM3U\n#EXTINF:10,\nhttp://127.0.0.1:9/clip.ts\n",
        "v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nm=video 9 RTP/AVP 96\n",
    ],
)
def test_text_named_mp4_and_playlists(tmp_path, text):
    videos.write(tmp_path / "other.mp4", 5)
    path = tmp_path / "clip.mp4"
    path.write_text(text, encoding="utf-8")
    assert "the file is text" in refused(path)
    assert "the file is text" in refused(path.read_bytes())


def test_bytes_that_are_nothing():
    assert "not a video" in refused(np.random.default_rng(0).bytes(5000))


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp"])
def test_a_picture(kind):
    image = io.BytesIO()
    Image.fromarray(videos.numbered(1)).save(image, kind)
    assert "not a video" in refused(image.getvalue())


def test_no_such_file_and_a_folder(tmp_path):
    assert "cannot be read" in refused(tmp_path / "nothing.mp4")
    assert "cannot be read" in refused(tmp_path)


@pytest.mark.parametrize("ending", ["mp4", "mov", "mkv", "m4a"])
def test_sound_without_a_picture(tmp_path, ending):
    message = refused(videos.write_sound(tmp_path / f"clip.{ending}"))
    assert "no video stream, only sound" in message


def test_the_cover_of_a_sound_file_is_no_video(tmp_path):
    cover = io.BytesIO()
    Image.fromarray(videos.numbered(1)).save(cover, "jpeg")
    picture = b"\0image/jpeg\0\3\0" + cover.getvalue()
    frame = b"APIC" + len(picture).to_bytes(4, "big") + b"\0\0" + picture
    size = bytes(len(frame) >> shift & 127 for shift in (21, 14, 7, 0))
    silence = (b"\xff\xfb\x90\xc4" + b"\0" * 413) * 40  # MPEG-1 layer 3, 128 kbit/s, 44.1 kHz
    assert "no video stream" in refused(b"ID3\3\0\0" + size + frame + silence)


@pytest.mark.parametrize("ending", ["mp4", "mov", "avi", "mkv", "webm"])
def test_no_frame(tmp_path, ending):
    codec, pix_fmt, _ = KINDS[ending]
    path = videos.write(tmp_path / f"clip.{ending}", 0, codec=codec, pix_fmt=pix_fmt)
    message = refused(path)
    assert "no frame" in message or "no video stream" in message or "empty inside" in message
    with pytest.raises(video.VideoError):
        video.probe(path)


def test_header_of_a_fragmented_mp4_without_its_fragments(tmp_path):
    path = videos.write(tmp_path / "clip.mp4", 30, movflags="frag_keyframe+empty_moov")
    data = path.read_bytes()
    assert "no frame" in refused(data[: data.index(b"moof") - 4])


def test_cut_mp4_without_its_index(tmp_path):
    path = videos.cut(videos.write(tmp_path / "clip.mp4", videos.noisy(60)), 0.9)
    message = refused(path)
    assert "cut short" in message
    assert "index" in message


@pytest.mark.parametrize("part", [0.6, 0.97])
@pytest.mark.parametrize("ending", KINDS)
def test_a_cut_file_is_answered_from_what_decodes(tmp_path, ending, part):
    path = videos.cut(make(tmp_path / f"clip.{ending}"), part)
    sampled = video.sample(path, [SIZE], limits=LIMITS)
    assert 8 < sampled.decoded <= 60
    last = sampled.decoded - 1
    assert sampled.images[SIZE].shape == (20, *SIZE, 3)
    # The middle of the last segment lies in the last frames that decode.
    assert last - 3 <= round(sampled.seconds[-1] * 25) <= last + 2
    note = sampled.notes[0]
    assert "cut short" in note
    assert f"{sampled.decoded} of 60 frame" in note or f"{sampled.decoded} frame" in note
    again = video.sample(path.read_bytes(), [SIZE], limits=LIMITS)
    np.testing.assert_array_equal(again.images[SIZE], sampled.images[SIZE])


@pytest.mark.parametrize("ending", ["mp4", "avi", "gif"])
def test_padding_at_the_end_is_no_damage(tmp_path, ending):
    data = make(tmp_path / f"clip.{ending}").read_bytes()
    padding = b"\0" * 8 if ending == "gif" else b"padding " * 9
    assert video.sample(data + padding, [SIZE]).notes == ()


@pytest.mark.parametrize("ending", KINDS)
def test_whole_files_carry_no_note(tmp_path, ending):
    assert video.sample(make(tmp_path / f"clip.{ending}"), [SIZE]).notes == ()


@pytest.mark.parametrize("ending", ["mp4", "mov", "avi", "mkv", "webm"])
def test_damage_in_the_middle_is_noted(tmp_path, ending):
    path = videos.scratch(make(tmp_path / f"clip.{ending}"), 0.4, 0.5)
    sampled = video.sample(path, [SIZE], limits=LIMITS)
    assert sampled.decoded >= 8
    assert "damaged" in " ".join(sampled.notes)
    again = video.sample(path, [SIZE], limits=LIMITS)
    np.testing.assert_array_equal(again.images[SIZE], sampled.images[SIZE])


def test_damage_makes_no_noise(tmp_path, capfd):
    path = videos.scratch(make(tmp_path / "clip.mp4"), 0.4, 0.5)
    capfd.readouterr()
    video.sample(path, [SIZE])
    video.probe(path)
    assert capfd.readouterr() == ("", "")


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return videos.write(tmp_path_factory.mktemp("clips") / "clip.mp4", 75).read_bytes()  # 3 s


def test_size_limit(tmp_path, clip):
    limits = video.Limits(max_bytes=1000)
    message = refused(clip, limits)
    assert "0.0 MB; the limit is 0.001 MB" in message
    path = tmp_path / "clip.mp4"
    path.write_bytes(clip)
    assert refused(path, limits) == message
    assert video.sample(clip, [SIZE], limits=video.Limits(max_bytes=len(clip))).decoded == 75


@pytest.mark.parametrize("ending", ["mp4", "mkv", "avi", "ts", "gif"])
def test_duration_limit(tmp_path, ending):
    codec, pix_fmt, _ = KINDS.get(ending, KINDS["mkv"])
    path = videos.write(tmp_path / f"clip.{ending}", 75, codec=codec, pix_fmt=pix_fmt)
    with pytest.raises(video.VideoError, match="lasts .* s; the limit is 2 s"):
        video.sample(path, [SIZE], limits=video.Limits(max_seconds=2))
    assert video.sample(path, [SIZE], limits=video.Limits(max_seconds=3.1)).decoded == 75


def test_duration_that_the_header_understates(clip):
    data = bytearray(clip)
    for box, offset in ((b"mvhd", 20), (b"tkhd", 24), (b"mdhd", 20)):
        at = data.index(box) + offset
        data[at : at + 4] = (1).to_bytes(4, "big")
    with pytest.raises(video.VideoError, match="limit is 2 s"):
        video.sample(bytes(data), [SIZE], limits=video.Limits(max_seconds=2))


def test_duration_that_the_header_overstates(tmp_path):
    path = videos.write(tmp_path / "clip.avi", 50, codec="mpeg4")
    data = bytearray(path.read_bytes())  # what a program leaves that writes to a pipe
    at = data.index(b"strh") + 40
    assert int.from_bytes(data[at : at + 4], "little") == 50
    data[at : at + 4] = (2**30).to_bytes(4, "little")
    data[4:8] = b"\xff\xff\xff\xff"
    sampled = video.sample(bytes(data), [SIZE], limits=LIMITS)
    assert sampled.decoded == 50
    assert sampled.notes == ()
    probed = video.probe(bytes(data), LIMITS)
    assert (probed.frames, probed.seconds) == (None, None)


def test_live_webm_that_says_no_duration(tmp_path):
    # As browsers record: no duration, no index, and sizes left open.
    path = videos.write(tmp_path / "clip.webm", 50, codec="libvpx", live=True)
    sampled = video.sample(path, [SIZE], limits=LIMITS)
    assert sampled.decoded == 50
    assert sampled.notes == ()
    assert video.probe(path).seconds is None


def test_live_webm_in_the_rhythm_of_a_camera(tmp_path):
    # No frame for a while, then fewer a second: time decides, not their number.
    times = [0.04 * i for i in range(25)] + [3 + 0.1 * i for i in range(21)]
    path = videos.write(tmp_path / "a.webm", 46, codec="libvpx", live=True, times=times, rate=1000)
    sampled = video.sample(path, [SIZE], count=5, limits=LIMITS)
    assert videos.numbers_of(sampled.images[SIZE]) == [12, 24, 24, 30, 40]
    assert (sampled.decoded, sampled.notes) == (46, ())


def test_frame_limit(clip):
    with pytest.raises(video.VideoError, match="more than 50 frames"):
        video.sample(clip, [SIZE], limits=video.Limits(max_frames=50))
    with pytest.raises(video.VideoError, match="more than 50 frames"):
        for _ in _frames(clip, video.Limits(max_frames=50)):
            pass


def _frames(source, limits):
    from hvc_core.containers import opened

    with opened(source, limits) as file:
        yield from file.frames()


def test_8k_is_refused(tmp_path):
    image = np.full((4320, 7680, 3), 90, np.uint8)
    options = {"preset": "ultrafast"}
    path = videos.write(tmp_path / "clip.mp4", [image], options=options)
    message = refused(path)
    assert "7680 x 4320" in message
    assert "the limit is 9.4 megapixels" in message
    with pytest.raises(video.VideoError, match="7680"):
        video.probe(path, LIMITS)
    data = bytearray(path.read_bytes())  # and where the header says that it is small
    at = data.index(b"avc1", data.index(b"stsd")) + 28
    assert data[at : at + 4] == (7680).to_bytes(2, "big") + (4320).to_bytes(2, "big")
    data[at : at + 4] = (160).to_bytes(2, "big") + (120).to_bytes(2, "big")
    refused(bytes(data))


def test_4k_is_taken():
    LIMITS.check_pixels(3840, 2160)
    LIMITS.check_pixels(2160, 4096)


def test_own_files_have_no_limits(clip):
    assert video.sample(clip, [SIZE], limits=None).decoded == 75


@settings(max_examples=60)
@given(data=st.data())
def test_any_damage_gives_an_answer_or_a_message(clip, data):
    broken = bytearray(clip)
    if data.draw(st.booleans(), "cut"):
        del broken[data.draw(st.integers(0, len(broken)), "at") :]
    for _ in range(data.draw(st.integers(0, 12), "bytes")):
        if broken:
            at = data.draw(st.integers(0, len(broken) - 1))
            broken[at] = data.draw(st.integers(0, 255))
    limits = video.Limits(10**6, 60, 10**6, 1000)
    try:
        sampled = video.sample(bytes(broken), [(24, 48)], limits=limits)
    except video.VideoError:
        return
    assert sampled.images[24, 48].shape == (20, 24, 48, 3)
    assert np.all(np.diff(sampled.seconds) >= 0)
