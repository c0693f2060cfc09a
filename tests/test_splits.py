"""Protocols: no group on two sides, no tuning on test groups, twins left out.

May import: numpy, pytest, hypothesis, sklearn, hvc_core.splits, tests.support.data.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.model_selection import train_test_split

from hvc_core import splits
from tests.support import data

CLIPS = data.unread(classes=4, each=2)
GROUPS = np.array([clip.group for clip in CLIPS])
protocols = st.sampled_from(sorted(splits.PROTOCOLS))
grouped = st.sampled_from(sorted(splits.GROUPED))
seeds = st.integers(0, 10_000)


def groups(rows):
    return set(GROUPS[rows].tolist())


def parts(fold):
    return fold.train, fold.validation, fold.test


@given(grouped, seeds)
def test_no_group_is_in_two_parts(protocol, seed):
    for number in range(splits.folds(protocol)):
        fold = splits.split(CLIPS, protocol, number, seed)
        train, validation, test = (groups(rows) for rows in parts(fold))
        assert not train & validation
        assert not train & test
        assert not validation & test
        for rows in parts(fold):
            assert len(rows)
            assert rows.dtype == np.int64
            assert (np.diff(rows) > 0).all()


@given(
    grouped,
    seeds,
    st.sets(st.integers(1, 25), min_size=8),
    st.lists(st.tuples(st.integers(0, 199), st.integers(0, 199)), max_size=20),
)
def test_with_any_groups_and_any_twins(protocol, seed, there, pairs):
    """Whatever the data and the audit say: parts are disjoint by group, twins of test are out."""
    clips = data.unread(classes=4, groups=sorted(there), each=2)
    twins = [(a % len(clips), b % len(clips)) for a, b in pairs]
    try:
        fold = splits.split(clips, protocol, 0, seed, twins)
    except splits.SplitError:
        return  # a part is left empty: said, not returned
    of = np.array([clip.group for clip in clips])
    sides = [set(of[rows].tolist()) for rows in parts(fold)]
    assert not sides[0] & sides[1] | sides[0] & sides[2] | sides[1] & sides[2]
    test, rest = set(fold.test.tolist()), {*fold.train.tolist(), *fold.validation.tolist()}
    for a, b in twins:
        assert not (a in test and b in rest)
        assert not (b in test and a in rest)


@given(seeds)
def test_holdout_is_the_five_groups_of_the_design(seed):
    fold = splits.split(CLIPS, "holdout", 0, seed)
    assert groups(fold.test) == {2, 6, 8, 20, 22}
    assert len(fold.train) + len(fold.validation) + len(fold.test) == len(CLIPS)
    assert len(groups(fold.validation)) == 4
    assert len(groups(fold.train)) == 16


@given(seeds)
def test_tuning_never_sees_the_holdout_groups(seed):
    fold = splits.split(CLIPS, "tune", 0, seed)
    for rows in parts(fold):
        assert not groups(rows) & set(splits.HOLDOUT_GROUPS)
    assert groups(fold.test) == {1, 9, 14, 19}  # the same for every seed


@given(grouped, seeds)
def test_a_split_is_the_same_every_time_and_seeds_choose_the_validation(protocol, seed):
    one, two = (splits.split(CLIPS, protocol, 0, seed) for _ in range(2))
    for a, b in zip(parts(one), parts(two), strict=True):
        np.testing.assert_array_equal(a, b)
    other = splits.split(CLIPS, protocol, 0, seed + 1)
    np.testing.assert_array_equal(one.test, other.test)
    assert not groups(one.validation) & groups(other.validation)


@pytest.mark.parametrize("protocol", ["group5", "logo25"])
def test_every_clip_is_predicted_once(protocol):
    tested = [splits.split(CLIPS, protocol, f, 3).test for f in range(splits.folds(protocol))]
    np.testing.assert_array_equal(np.sort(np.concatenate(tested)), np.arange(len(CLIPS)))
    sizes = {len(groups(rows)) for rows in tested}
    assert sizes == ({5} if protocol == "group5" else {1})


@given(seeds)
def test_the_first_fold_of_group5_is_holdout(seed):
    one, two = (splits.split(CLIPS, name, 0, seed) for name in ("holdout", "group5"))
    for a, b in zip(parts(one), parts(two), strict=True):
        np.testing.assert_array_equal(a, b)


@given(seeds)
def test_random_is_the_split_of_the_seed_studys_source(seed):
    """Its split is scikit-learn's; its validation is Keras's last fifth of what that leaves."""
    fold = splits.split(CLIPS, "random", 0, seed, [(0, 1), (1, 2)])
    train, test = train_test_split(np.arange(len(CLIPS)), test_size=0.25, random_state=seed)
    cut = int(len(train) * 0.8)
    for rows, expected in zip(parts(fold), (train[:cut], train[cut:], test), strict=True):
        np.testing.assert_array_equal(rows, np.sort(expected))
        assert rows.dtype == np.int64


def test_random_has_siblings_on_both_sides():
    fold = splits.split(CLIPS, "random", 0, 27)
    assert len(groups(fold.test) & groups(fold.train)) > 20


def test_five_seeds_validate_every_training_group_once():
    chosen = [groups(splits.split(CLIPS, "holdout", 0, s).validation) for s in range(5)]
    assert sum(map(len, chosen)) == 20
    assert set().union(*chosen) == set(range(1, 26)) - set(splits.HOLDOUT_GROUPS)


def test_twins_of_test_clips_are_left_out_and_no_others():
    before = splits.split(CLIPS, "holdout", 0, 0)
    tested, trained, validated = before.test[0], before.train[3], before.validation[1]
    twins = [(tested, trained), (validated, tested), (before.train[5], before.train[6])]
    after = splits.split(CLIPS, "holdout", 0, 0, twins)
    assert set(before.train) - set(after.train) == {trained}
    assert set(before.validation) - set(after.validation) == {validated}
    np.testing.assert_array_equal(after.test, before.test)


def test_twins_within_the_test_set_stay():
    before = splits.split(CLIPS, "holdout", 0, 0)
    after = splits.split(CLIPS, "holdout", 0, 0, [(before.test[0], before.test[1])])
    for a, b in zip(parts(after), parts(before), strict=True):
        np.testing.assert_array_equal(a, b)


def test_what_cannot_be_split_says_why():
    with pytest.raises(splits.SplitError, match="no protocol 'hold'; there are holdout"):
        splits.split(CLIPS, "hold", 0, 0)
    with pytest.raises(splits.SplitError, match="'holdout' has no fold 1"):
        splits.split(CLIPS, "holdout", 1, 0)
    with pytest.raises(splits.SplitError, match="'holdout' has no fold -1"):
        splits.split(CLIPS, "holdout", -1, 0)
    few = data.unread(groups=(1, 3, 4, 5, 7))
    with pytest.raises(splits.SplitError, match=r"no clip to test: .* \[1, 3, 4, 5, 7\]; UCF50"):
        splits.split(few, "holdout", 0, 0)
