"""hvc_core.clips: names, the index of a folder, what is left out and why, the fingerprint."""

from __future__ import annotations

import contextlib
import hashlib
import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hvc_core import clips
from hvc_core.clips import DataError
from tests.support import data
from tests.support.trees import write_bytes, write_clip

CLASS_NAMES = (
    "BaseballPitch Basketball HighJump TaiChi RockClimbingIndoor WalkingWithDog YoYo HulaHoop "
    "PommelHorse CleanAndJerk"
).split()


@given(
    name=st.one_of(
        st.sampled_from(CLASS_NAMES),
        st.text(string.ascii_letters, min_size=1).filter(lambda s: s not in clips._SPELLINGS),
    ),
    group=st.integers(1, 25),
    number=st.integers(1, 120),
    ending=st.sampled_from(["", *sorted(clips.SUFFIXES), ".AVI"]),
)
def test_a_name_comes_back_as_it_was_put_together(name, group, number, ending):
    stem = f"v_{name}_g{group:02d}_c{number:02d}"
    clip = clips.parse_name(Path("somewhere") / (stem + ending))
    assert (clip.name, clip.class_name, clip.group, clip.number) == (stem, name, group, number)


@given(st.text(max_size=40))
def test_any_other_name_is_a_data_error_and_nothing_else(text):
    with contextlib.suppress(DataError):
        assert clips.parse_name(Path(text)).path == Path(text)


@pytest.mark.parametrize(
    "name",
    [
        "v_Punch_g00_c01.avi",
        "v_Punch_g2_c01.avi",
        "v_Punch_g02.avi",
        "Punch_g02_c01.avi",
        "v_Punch_g02_c01.old.avi",
        "v_Punch_g02_c01 (1).avi",
        "v_Punch_g٠٢_c01.avi",
        "",
    ],
)
def test_names_that_are_not_ucf50s(name):
    with pytest.raises(DataError, match="not a UCF50 name"):
        clips.parse_name(Path(name))


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("v_Pullup_g01_c02.avi", "v_PullUps_g01_c02"),
        ("v_Billards_g25_c10.avi", "v_Billiards_g25_c10"),
    ],
)
def test_the_two_classes_that_ucf50s_files_spell_otherwise(tmp_path, file, name):
    folder = name.split("_")[1]
    write_bytes(tmp_path / folder / file)
    (clip,) = clips.index(tmp_path, probe=False).clips
    assert (clip.name, clip.class_name) == (name, folder)
    assert clips.parse_name(Path(file)).name == name


def test_the_original_tree_of_fifty_classes(tmp_path):
    names = [f"{a}{b}" for a in ("Tai", "Jump") for b in string.ascii_uppercase[:25]]
    for name in names:
        for group in (1, 25):
            write_bytes(tmp_path / name / f"v_{name}_g{group:02d}_c01.avi", name.encode())
    index = clips.index(tmp_path, probe=False)
    assert index.classes == tuple(sorted(names))
    assert len(index.clips) == 100
    assert [c.name for c in index.clips] == sorted(c.name for c in index.clips)
    assert not index.problems


def test_what_is_left_out_and_why(tmp_path):
    good = write_clip(tmp_path / "Punch" / "v_Punch_g01_c01.avi")
    text = write_bytes(tmp_path / "Punch" / "v_Punch_g01_c02.avi")
    empty = write_bytes(tmp_path / "Punch" / "v_Punch_g01_c03.mp4", b"")
    folder = tmp_path / "Punch" / "v_Punch_g01_c04.avi"
    folder.mkdir()
    wrong_name = write_bytes(tmp_path / "Punch" / "holiday.mp4")
    wrong_place = write_clip(tmp_path / "Punch" / "v_Diving_g01_c01.avi")
    twice = write_clip(tmp_path / "Punch" / "v_Punch_g01_c01.mp4")
    write_bytes(tmp_path / "Punch" / "._v_Punch_g01_c01.avi")
    write_bytes(tmp_path / ".Trash" / "v_Punch_g09_c01.avi")
    write_bytes(tmp_path / "Punch" / "Thumbs.db")
    write_bytes(tmp_path / "README.txt")

    seen: list[tuple[int, int]] = []
    index = clips.index(tmp_path, progress=lambda done, total: seen.append((done, total)))

    assert [clip.path for clip in index.clips] == [good]
    assert {p for p, _ in index.unreadable} == {text, empty, folder}
    reasons = dict(index.misnamed)
    assert set(reasons) == {wrong_name, wrong_place, twice}
    assert "not a UCF50 name" in reasons[wrong_name]
    assert "Diving" in reasons[wrong_place]
    assert "'Punch'" in reasons[wrong_place]
    assert "v_Punch_g01_c01.avi" in reasons[twice]
    assert len(index.problems) == 6
    assert seen == [(done, 7) for done in range(1, 8)]


def test_the_same_bytes_under_two_names_are_two_clips(tmp_path):
    # Some clips of UCF50 are byte-identical; the leakage audit deals with them, not the index.
    write_bytes(tmp_path / "Punch" / "v_Punch_g01_c01.avi")
    write_bytes(tmp_path / "Punch" / "v_Punch_g02_c01.avi")
    assert len(clips.index(tmp_path, probe=False).clips) == 2


def test_a_folder_whose_letters_differ_in_case_only_gives_the_class_its_name(tmp_path):
    write_bytes(tmp_path / "HandstandPushups" / "v_HandStandPushups_g01_c01.avi")
    index = clips.index(tmp_path, probe=False)
    assert index.classes == ("HandstandPushups",)
    assert index.clips[0].name == "v_HandstandPushups_g01_c01"


def test_a_file_that_cannot_be_opened(tmp_path):
    write_bytes(tmp_path / "Punch" / "v_Punch_g01_c01.avi")
    gone = tmp_path / "Punch" / "v_Punch_g01_c02.avi"
    gone.symlink_to(tmp_path / "nowhere")
    index = clips.index(tmp_path, probe=False)
    assert index.unreadable == ((gone, "No such file or directory"),)


@pytest.mark.parametrize("deep", ["UCF50", "unpacked/UCF50"])
def test_class_folders_lie_deeper(tmp_path, deep):
    write_bytes(tmp_path / deep / "Punch" / "v_Punch_g01_c01.avi")
    with pytest.raises(DataError) as caught:
        clips.index(tmp_path, probe=False)
    assert (tmp_path / deep).as_posix() in str(caught.value)
    assert clips.index(tmp_path / deep, probe=False).classes == ("Punch",)


def test_the_folder_of_one_class_is_given(tmp_path):
    write_bytes(tmp_path / "Punch" / "v_Punch_g01_c01.avi")
    with pytest.raises(DataError, match="give the one above it") as caught:
        clips.index(tmp_path / "Punch", probe=False)
    assert str(tmp_path) in str(caught.value)


def test_no_folder_a_file_an_empty_folder(tmp_path):
    with pytest.raises(DataError, match="no such folder"):
        clips.index(tmp_path / "nowhere")
    with pytest.raises(DataError, match="not a folder"):
        clips.index(write_bytes(tmp_path / "UCF50.rar"))
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(DataError, match="v_Punch_g02_c01.avi"):
        clips.index(empty)


def test_only_files_that_cannot_be_used(tmp_path):
    write_bytes(tmp_path / "Punch" / "v_Punch_g01_c01.avi")
    write_bytes(tmp_path / "Punch" / "holiday.avi")
    with pytest.raises(DataError, match="2 files left out") as caught:
        clips.index(tmp_path)
    assert "holiday.avi" in str(caught.value)


def test_the_fingerprint_is_of_names_and_contents_wherever_they_lie(tmp_path):
    def tree(root: Path, second: bytes = b"two") -> Path:
        write_bytes(root / "Punch" / "v_Punch_g01_c01.avi", b"one")
        write_bytes(root / "TaiChi" / "v_TaiChi_g01_c01.avi", second)
        return root

    first = clips.index(tree(tmp_path / "a"), probe=False)
    lines = [
        f"v_Punch_g01_c01 {hashlib.sha256(b'one').hexdigest()}\n",
        f"v_TaiChi_g01_c01 {hashlib.sha256(b'two').hexdigest()}\n",
    ]
    assert first.fingerprint == hashlib.sha256("".join(lines).encode()).hexdigest()
    assert clips.fingerprint(reversed(first.clips)) == first.fingerprint
    assert clips.index(tree(tmp_path / "b"), probe=False).fingerprint == first.fingerprint
    changed = clips.index(tree(tmp_path / "c", b"2"), probe=False)
    assert changed.fingerprint != first.fingerprint


def test_the_real_clips(ucf50):
    index = clips.index(ucf50, probe=False)
    assert len(index.clips) == 1776
    assert len(index.classes) == 15
    groups = {(clip.class_name, clip.group) for clip in index.clips}
    assert groups == {(name, group) for name in index.classes for group in range(1, 26)}
    assert not index.problems
    assert index.fingerprint == "25d60dd33fd72b8c35f6e80cf630cae7afe706b7112745d02a965e5a9764e9db"


def test_some_classes_of_an_index_are_a_data_set_of_their_own(tmp_path):
    index = clips.index(data.make(tmp_path), probe=False)
    part = clips.only(index, ["Swing", "Punch"])
    assert part.classes == ("Punch", "Swing")
    assert part.clips == tuple(c for c in index.clips if c.class_name != "PullUps")
    assert part.fingerprint == clips.fingerprint(part.clips) != index.fingerprint
    assert clips.only(index, []) is index
    with pytest.raises(clips.DataError, match="no clip of TaiChi; the data has only PullUps, "):
        clips.only(index, ["TaiChi", "Punch"])
