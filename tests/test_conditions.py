"""hvc_core.conditions and .whole: clips spoiled as said, and by nothing else.

May import: numpy, pytest, hvc_core.conditions, .video and .whole, tests.support.videos.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from hvc_core import video, whole
from hvc_core.conditions import CONDITIONS, altered, conditioned, on_display, reordered
from tests.support import videos

SIZES = [(64, 64), (120, 160)]
NAME = "v_Made_g01_c01"
FAMILIES = ("drop", "blur", "noise", "h264", "jpeg", "dark", "crop")
KINDS = [  # ending, codec, pixel format, options
    ("mp4", "libx264", "yuv420p", {}),
    ("mp4", "libx264", "yuv420p", {"x264-params": "colormatrix=bt709:fullrange=on"}),
    ("avi", "mpeg4", "yuv420p", {"bf": "2"}),
    ("webm", "libvpx", "yuv420p", {}),
    ("ts", "libx264", "yuv420p", {}),
    ("mov", "mjpeg", "yuvj420p", {}),
    ("mp4", "libx264", "yuv444p", {}),
    ("mp4", "libx264", "yuv420p10le", {}),
    ("mkv", "ffv1", "bgr0", {}),
    ("gif", "gif", "gray", {}),
]


def scene(count: int, height: int = 120, width: int = 160) -> Iterator[np.ndarray]:
    """Frames with colours, edges and fine grain, in which something moves all the time."""
    rng = np.random.default_rng(1)
    rough = rng.uniform(30, 220, (6, 8, 3))
    ground = rough.repeat(-(-height // 6), axis=0).repeat(-(-width // 8), axis=1)[:height, :width]
    ground = ground + rng.normal(0, 12, (height, width, 1))
    for number in range(count):
        image = np.roll(np.clip(ground, 0, 255).astype(np.uint8), number, axis=1)
        left = (number * width) // (count + 4)
        image[height // 3 : 2 * height // 3, left : left + width // 6] = (240, 30, 60)
        yield image


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("conditions") / "clip.mp4"
    return videos.write(path, scene(60), options={"crf": "18"})


@pytest.fixture(scope="module")
def given(clip: Path) -> dict[str, dict[tuple[int, int], np.ndarray]]:
    """The made clip under everything."""
    return conditioned(clip, SIZES, ["clean", *CONDITIONS], NAME)


def by_family(family: str) -> list[str]:
    return [name for name, condition in CONDITIONS.items() if condition.family == family]


def apart(a: np.ndarray, b: np.ndarray) -> float:
    """The mean absolute difference, in levels."""
    return float(np.abs(a.astype(int) - b).mean())


# -- the whole clip -------------------------------------------------------------------------------


def same_frames(path: Path, sizes: list[tuple[int, int]]) -> video.Whole:
    """Makes sure that a whole clip gives the frames that `sample` takes, byte for byte."""
    sampled, clip = video.sample(path, sizes), video.whole(path)
    numbers = whole.chosen(clip)
    assert len(clip.frames) == len(clip.times) == sampled.decoded
    for number, *wanted in zip(numbers, *sampled.images.values(), strict=True):
        for got, frame in zip(whole.images(clip, number, sizes), wanted, strict=True):
            np.testing.assert_array_equal(got, frame)
    return clip


def unchanged_planes(clip: video.Whole, sizes: list[tuple[int, int]]) -> None:
    """Makes sure that a frame taken out, made colours, and put back is the same, byte for byte."""
    for number in np.unique(whole.chosen(clip))[::4]:
        planes = whole.to_planes(whole.to_rgb(whole.planes(clip, number)))
        np.testing.assert_array_equal(planes, whole.planes(clip, number))
        back = whole.images_of(planes, clip, number, sizes)
        for got, wanted in zip(back, whole.images(clip, number, sizes), strict=True):
            np.testing.assert_array_equal(got, wanted)


@pytest.mark.parametrize(("ending", "codec", "pix_fmt", "options"), KINDS)
def test_a_whole_clip_gives_the_frames_of_sample(tmp_path, ending, codec, pix_fmt, options):
    path = tmp_path / f"clip.{ending}"
    videos.write(path, scene(24, 48, 64), codec=codec, pix_fmt=pix_fmt, options=options)
    sizes = [(48, 64), (24, 24), (33, 50)]
    clip = same_frames(path, sizes)
    if pix_fmt == "yuv420p":
        unchanged_planes(clip, sizes)
    given = conditioned(path, sizes, ["clean", "blur-1"], NAME)
    for size, images in video.sample(path, sizes).images.items():
        np.testing.assert_array_equal(given["clean"][size], images)
        assert apart(given["blur-1"][size], images) < 20


@pytest.mark.parametrize("degrees", [90, 180, -90])
def test_a_turned_clip(tmp_path, degrees):
    path = videos.write(tmp_path / "clip.mp4", scene(24, 48, 64), degrees=degrees)
    size = (48, 40)
    unchanged_planes(same_frames(path, [size]), [size])
    given = conditioned(path, [size], ["clean", "h264-1", "blur-1", "crop-1"], NAME)
    upside_down = apart(given["clean"][size], given["clean"][size][:, ::-1])
    for name, images in given.items():
        assert apart(images[size], given["clean"][size]) < upside_down / 2, name


def test_a_clip_with_a_rhythm_of_its_own(tmp_path):
    times = np.cumsum([0.0, *[0.1] * 12, *[0.02] * 30, 1.5, *[0.05] * 8]).tolist()
    path = videos.write(tmp_path / "clip.mp4", len(times), times=times)
    same_frames(path, [(48, 96)])
    given = conditioned(path, [(48, 96)], ["clean", "h264-1"], NAME)
    numbers = [videos.numbers_of(images[48, 96]) for images in given.values()]
    assert numbers[0] == numbers[1]


def test_a_damaged_clip(tmp_path):
    path = videos.write(tmp_path / "clip.avi", videos.noisy(60), codec="mpeg4")
    same_frames(videos.scratch(path, 0.4, 0.45), [(24, 24)])


@pytest.mark.parametrize(("count", "size"), [(1, (48, 96)), (2, (48, 96)), (25, (47, 95))])
def test_odd_clips_under_everything(tmp_path, count, size):
    frames = scene(count, *size)
    path = videos.write(tmp_path / "clip.mkv", frames, codec="ffv1", pix_fmt="bgr0")
    names = [name for name, condition in CONDITIONS.items() if condition.strength in (0, 5)]
    for name, images in conditioned(path, [(24, 24)], names, NAME).items():
        assert images[24, 24].shape == (20, 24, 24, 3), name
        assert images[24, 24].dtype == np.uint8, name


def test_real_clips_whole_give_the_frames_of_sample(ucf50):
    for path in sorted(ucf50.glob("*/*.mp4"))[::178][:10]:
        unchanged_planes(same_frames(path, SIZES), SIZES)


def test_any_planes_come_back_from_their_colours():
    planes = np.random.default_rng(0).integers(0, 256, (36, 32), np.uint8)
    np.testing.assert_array_equal(whole.to_planes(whole.to_rgb(planes)), planes)


def test_colours_of_the_planes():
    white, black, red = (235, 128, 128), (16, 128, 128), (81.4812, 90.203, 240)  # BT.601
    for yuv, rgb in ((white, (255, 255, 255)), (black, (0, 0, 0)), (red, (255, 0, 0))):
        planes = np.repeat(np.rint(yuv), [16, 4, 4]).astype(np.uint8).reshape(6, 4)
        np.testing.assert_allclose(whole.to_rgb(planes)[1, 2], rgb, atol=1.5)


# -- the registry ---------------------------------------------------------------------------------


def test_every_condition_is_there_and_says_what_it_does():
    assert len(CONDITIONS) == 4 + 5 * len(FAMILIES)
    assert by_family("time") == ["shuffled", "reversed", "frozen", "halved"]
    for family in FAMILIES:
        assert by_family(family) == [f"{family}-{k}" for k in range(1, 6)]
        assert [CONDITIONS[name].strength for name in by_family(family)] == [1, 2, 3, 4, 5]
    for name, condition in CONDITIONS.items():
        assert condition.name == name
        assert condition.title[0].isupper() and condition.what.endswith(".")
    assert "95%" in CONDITIONS["drop-4"].what
    assert len({condition.what for condition in CONDITIONS.values()}) == len(CONDITIONS)
    assert len({condition.title for condition in CONDITIONS.values()}) == len(CONDITIONS)


def test_an_unknown_name_is_told(clip):
    with pytest.raises(ValueError, match="no condition 'blur-6'; there are clean, shuffled"):
        conditioned(clip, SIZES, ["clean", "blur-6"], NAME)


# -- everything together --------------------------------------------------------------------------


def test_shapes(given):
    assert list(given) == ["clean", *CONDITIONS]
    for images in given.values():
        assert {size: kept.shape for size, kept in images.items()} == {
            size: (20, *size, 3) for size in SIZES
        }
        assert {kept.dtype for kept in images.values()} == {np.dtype(np.uint8)}


def test_clean_is_what_sample_gives(clip, given):
    for size, images in video.sample(clip, SIZES).images.items():
        np.testing.assert_array_equal(given["clean"][size], images)


def test_the_same_again_and_one_by_one(clip, given):
    names = ["shuffled", "drop-3", "noise-2", "h264-5", "jpeg-4", "blur-1"]
    for name in names:
        (images,) = conditioned(clip, SIZES[:1], [name], NAME).values()
        np.testing.assert_array_equal(images[SIZES[0]], given[name][SIZES[0]])


def test_h264_does_not_depend_on_what_lay_in_memory(tmp_path):
    # x264's macroblock tree reads memory that it did not write: other bytes at each run.
    rng = np.random.default_rng(0)
    ground = rng.normal(128, 50, (30, 40, 3)).repeat(4, axis=0).repeat(4, axis=1)
    moving = (
        np.roll(ground, (2 * k, 3 * k), (0, 1)) + rng.normal(0, 10, ground.shape) for k in range(60)
    )
    images = (np.clip(image, 0, 255).astype(np.uint8) for image in moving)
    path = videos.write(tmp_path / "grainy.mp4", images, options={"crf": "18"})
    seen = set()
    for _ in range(20):
        clip = video.whole(path)
        junk = [rng.integers(0, 256, size, np.uint8) for size in rng.integers(99, 300_000, 60)]
        rng.shuffle(junk)
        del junk
        frames = (whole.planes(clip, number) for number in range(60))
        seen.add(video.h264(frames, Fraction(25), 30, clip.frames[0], "medium"))
    assert len(seen) == 1


def test_chance_is_another_for_another_clip(clip, given):
    names = ["shuffled", "drop-3", "noise-2"]
    for name, images in conditioned(clip, SIZES[:1], names, "v_Made_g01_c02").items():
        assert (images[SIZES[0]] != given[name][SIZES[0]]).any()


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("size", SIZES)
def test_each_strength_is_further_from_clean(given, family, size):
    steps = [apart(given[name][size], given["clean"][size]) for name in by_family(family)]
    assert steps[0] > 0
    assert (np.diff(steps) > 0).all(), steps


# -- time -----------------------------------------------------------------------------------------


def distinct(images: np.ndarray) -> int:
    return len({image.tobytes() for image in images})


@pytest.mark.parametrize("size", SIZES)
def test_time_conditions_only_move_frames(given, size):
    clean = given["clean"][size]
    assert distinct(clean) == 20
    np.testing.assert_array_equal(given["reversed"][size][::-1], clean)
    assert (given["frozen"][size] == clean[10]).all()
    assert distinct(given["halved"][size]) == 10
    np.testing.assert_array_equal(given["halved"][size][::2], clean[1::2])
    np.testing.assert_array_equal(given["halved"][size][1::2], clean[1::2])
    order = reordered("shuffled", 20, NAME)
    np.testing.assert_array_equal(given["shuffled"][size], clean[order])


def test_shuffled_is_a_permutation_for_each_clip_and_never_none():
    orders = [reordered("shuffled", 20, f"clip {k}").tolist() for k in range(50)]
    assert all(sorted(order) == list(range(20)) for order in orders)
    assert len({tuple(order) for order in orders}) == 50
    assert reordered("shuffled", 20, "clip 3").tolist() == orders[3]
    # Of two frames, half of all permutations by chance leave them as they are.
    assert all(reordered("shuffled", 2, f"{k}").tolist() == [1, 0] for k in range(20))


# -- lost frames ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", by_family("drop"))
def test_lost_frames_leave_the_last_one_on_display(name):
    total = 20_000
    shown, own = on_display(name, total, NAME), np.arange(total)
    assert shown[0] == 0
    assert (shown <= own).all() and (np.diff(shown) >= 0).all()
    arrived = shown == own
    assert set(shown) == set(own[arrived])
    assert 1 - arrived.mean() == pytest.approx(CONDITIONS[name].value, abs=0.015)


def test_what_is_lost_stays_lost_at_every_greater_strength():
    arrived = [set(on_display(name, 300, NAME)) for name in by_family("drop")]
    assert all(more > fewer for more, fewer in pairwise(arrived))


def test_dropped_frames_are_the_clip_s_own(tmp_path):
    path = videos.write(tmp_path / "clip.mp4", 200)
    given = conditioned(path, [(48, 96)], ["drop-2", "clean"], NAME)
    shown = on_display("drop-2", 200, NAME)
    clean = videos.numbers_of(given["clean"][48, 96])
    assert videos.numbers_of(given["drop-2"][48, 96]) == shown[clean].tolist() != clean


# -- what is in the frames ------------------------------------------------------------------------


@pytest.mark.parametrize("name", by_family("blur"))
@pytest.mark.parametrize("height", [120, 240])
def test_blur_spreads_a_point_as_far_as_it_says(name, height):
    image = np.zeros((height, height * 4 // 3, 3), np.float32)
    row, column = height // 2, height * 2 // 3
    image[row, column] = 255
    spread = altered(name, image, 0, NAME)[..., 0]
    assert spread.sum() == pytest.approx(255, rel=1e-3)
    across = spread.sum(0) @ (np.arange(image.shape[1]) - column) ** 2.0 / 255
    sigma = CONDITIONS[name].value * height / 120
    assert np.sqrt(across) == pytest.approx(sigma, rel=0.08)


@pytest.mark.parametrize("name", by_family("noise"))
def test_noise_is_as_strong_as_it_says_and_new_in_every_frame(name):
    gray = np.full((120, 160, 3), 127.5, np.float32)
    grain = [altered(name, gray, number, NAME) - gray for number in (0, 1)]
    level = CONDITIONS[name].value
    inside = np.abs(grain[0]) < 127  # the rest was cut to 0 to 255
    assert np.quantile(np.abs(grain[0]), 0.6827) == pytest.approx(level, rel=0.03)
    assert abs(grain[0].mean()) < level / 50
    assert inside.all() or np.abs(grain[0]).max() == 127.5
    assert abs(np.corrcoef(grain[0].ravel(), grain[1].ravel())[0, 1]) < 0.02


@pytest.mark.parametrize("name", by_family("dark"))
def test_dark_frames_keep_their_part_of_the_light(name, given):
    part = CONDITIONS[name].value
    for size in SIZES:
        clean = given["clean"][size].astype(float)
        np.testing.assert_allclose(given[name][size].mean(), clean.mean() * part, atol=1.5)
        assert np.corrcoef(given[name][size].ravel(), clean.ravel())[0, 1] > 0.97


@pytest.mark.parametrize("name", by_family("crop"))
def test_crop_shows_the_middle(name):
    height, width, part = 120, 160, CONDITIONS[name].value
    image = np.empty((height, width, 3), np.float32)
    image[..., 0], image[..., 1] = np.arange(width), np.arange(height)[:, None]
    image[..., 2] = 7
    got = altered(name, image, 0, NAME)
    assert got.shape == image.shape
    middle = (np.arange(width) + 0.5 - width / 2) * part + width / 2 - 0.5
    np.testing.assert_allclose(got[60, 2:-2, 0], middle[2:-2], atol=0.6)
    middle = (np.arange(height) + 0.5 - height / 2) * part + height / 2 - 0.5
    np.testing.assert_allclose(got[2:-2, 80, 1], middle[2:-2], atol=0.6)
    np.testing.assert_allclose(got[..., 2], 7, atol=1e-4)


def test_jpeg_keeps_the_colours_in_their_places():
    image = np.empty((48, 64, 3), np.float32)
    image[:] = (200, 120, 40)
    np.testing.assert_allclose(altered("jpeg-1", image, 0, NAME), image, atol=6)


def test_h264_gives_as_many_frames_at_the_same_times(clip):
    before = video.whole(clip)
    after = whole.reencoded(before, 30)
    assert len(after.frames) == len(before.frames)
    np.testing.assert_array_equal(after.times, before.times)
    assert after.end == before.end
    pair = [whole.images(each, 33, [(120, 160)])[0] for each in (before, after)]
    assert 0 < apart(*pair) < 8
