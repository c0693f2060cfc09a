"""The leakage audit: planted copies are found, unlike and plain clips are not.

May import: numpy, pytest, imagehash, hvc_core.audit, tests.support.
"""

from __future__ import annotations

import imagehash
import numpy as np
import pytest
from PIL import Image, ImageFilter

from hvc_core import audit, splits
from hvc_core.clips import Clip

T = 20


def film(seed: int) -> np.ndarray:
    """A made film: uint8 (3 * T, 64, 64, 3), a smooth picture that drifts and changes."""
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 256, (24, 24, 3), np.uint8)
    wide = np.asarray(Image.fromarray(small).resize((400, 400), Image.Resampling.BICUBIC))
    return np.stack([wide[2 * t : 2 * t + 64, 5 * t : 5 * t + 64] for t in range(3 * T)])


@pytest.fixture
def made(tmp_path):
    """Twelve clips of two classes and six groups, all unlike, and their files."""
    clips: list[Clip] = []
    frames: list[np.ndarray] = []
    for name in ("Punch", "Swing"):
        for group in range(1, 7):
            path = tmp_path / f"v_{name}_g{group:02}_c01.mp4"
            path.write_bytes(f"{name} {group}".encode())
            clips.append(Clip(path.stem, name, group, path))
            frames.append(film(len(frames))[:T])
    return clips, np.stack(frames)


def pairs(clips: list[Clip], frames: np.ndarray) -> list[audit.Pair]:
    return audit.pairs(clips, audit.hashed(frames))


def test_unlike_clips_are_no_pairs(made):
    assert pairs(*made) == []


def test_a_copy_shifted_in_time_and_encoded_again_is_found(made):
    clips, frames = made
    whole = film(99)
    noise = np.random.default_rng(0).normal(0, 4, (T, 64, 64, 3))
    frames[1], frames[4] = whole[:T], np.clip(whole[T // 2 : T + T // 2] + noise, 0, 255)
    (pair,) = pairs(clips, frames)
    assert (pair.a, pair.b, pair.identical) == (1, 4, False)
    assert 0.5 <= pair.similarity < 1  # half of the frames are the same; neighbours are alike


def test_a_clip_inside_another_counts_by_the_shorter_part(made):
    """Whichever of both is shown whole decides: a cut-out of a long clip is its copy."""
    clips, frames = made
    whole = film(99)
    frames[2], frames[3] = whole[:: len(whole) // T], np.repeat(whole[[9, 12]], T // 2, axis=0)
    (pair,) = pairs(clips, frames)
    assert pair.similarity == 1


def test_pairs_across_classes_count_and_within_a_source_video_do_not(made):
    clips, frames = made
    frames[7] = frames[0]
    twin = Clip("v_Punch_g01_c02", "Punch", 1, clips[0].path.with_name("v_Punch_g01_c02.mp4"))
    twin.path.write_bytes(b"other")
    found = pairs([*clips, twin], np.concatenate([frames, frames[:1]]))
    assert [(p.a, p.b) for p in found] == [(0, 7), (7, 12)]


def test_the_same_bytes_are_named_even_where_frames_are_plain(made):
    clips, frames = made
    frames[[3, 8, 10]] = 7  # black: hashes of nothing
    clips[8].path.write_bytes(clips[3].path.read_bytes())
    assert pairs(clips, frames) == [audit.Pair(3, 8, 1.0, True)]


def test_a_hash_is_the_librarys(made):
    frames = made[1][0]
    hashes, plain = audit.hash_frames(frames)
    assert hashes.dtype == np.uint64 and not plain.any()
    ours = np.bitwise_count(hashes[:, None] ^ hashes[None])
    theirs = [imagehash.phash(Image.fromarray(f).convert("L")) for f in frames]
    np.testing.assert_array_equal(ours, [[a - b for b in theirs] for a in theirs])


def test_a_blurred_copy_is_found(made):
    clips, frames = made
    frames[6] = [
        np.asarray(Image.fromarray(f).filter(ImageFilter.GaussianBlur(2))) for f in frames[0]
    ]
    assert [(p.a, p.b) for p in pairs(clips, frames)] == [(0, 6)]


def test_progress_counts_the_clips(made):
    told = []
    audit.hashed(made[1], lambda done, total: told.append((done, total)))
    assert told[-1] == (12, 12) and len(told) == 12


def test_a_chain_of_copies_leaves_only_what_touches_the_test_set(made):
    """Left out are twins of test clips, not twins of twins: a pair is what the audit saw."""
    clips = [Clip(f"v_Punch_g{g:02}_c01", "Punch", g, made[0][0].path) for g in range(1, 26)]
    twins = [(1, 2), (2, 3)]  # group 2 is tested in holdout; groups 3 and 4 train
    fold = splits.split(clips, "holdout", 0, 0, twins)
    kept = {*fold.train.tolist(), *fold.validation.tolist()}
    assert 2 not in kept and 3 in kept
