"""The shipped studies, looked at from outside: which clips were tested, and which trained.

Everything here is read from a study's tables and held against the protocols made anew, so it would
notice rows of another split, whatever trained them. May import: pytest, hvc_core.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from hvc_core import splits, study
from hvc_core.clips import Clip
from hvc_core.findings import stored
from hvc_core.statistics import paired

ROOT = Path(__file__).resolve().parents[1]
SHIPPED = sorted(p.parent for p in ROOT.glob("studies/*/study.json"))
CELL = ["protocol", "fold", "seed", "model"]


@pytest.fixture(scope="module", params=SHIPPED, ids=lambda p: p.name)
def shipped(request: pytest.FixtureRequest) -> study.Study:
    return study.read(request.param)


def test_what_derives_its_numbers_finds_the_stored_ones(shipped):
    assert study.check(shipped.folder) == []
    assert stored.load(shipped) is not None
    assert stored.differences(shipped) == []


def test_no_source_video_that_is_tested_has_a_clip_that_chose_the_epoch(shipped):
    """Validation clips are the part of a cell's training groups that the study has on record."""
    rows = shipped.predictions[shipped.predictions["protocol"].isin(splits.GROUPED)]
    for key, tested in rows.groupby(CELL):
        own = shipped.validation
        validated = own[(own[CELL] == list(key)).all(axis=1)]
        assert not set(tested["group"]) & set(validated["group"]), key


def test_every_cell_tested_the_groups_of_its_fold(shipped):
    clips = [Clip(f"v_A_g{g:02d}_c01", "A", g, Path("a")) for g in range(1, 26)]
    rows = shipped.predictions[shipped.predictions["protocol"].isin(splits.GROUPED)]
    for (protocol, fold, seed, model), tested in rows.groupby(CELL):
        parts = splits.split(clips, protocol, fold, seed)
        expected = {clips[row].group for row in parts.test}
        assert set(tested["group"]) == expected, (protocol, fold, seed, model)
        assert not expected & {clips[row].group for row in parts.train}


def test_every_cell_tested_and_validated_the_clips_of_its_split(shipped):
    """Clip by clip, and without the audit's twins, where the study names all of its clips."""
    both = [shipped.predictions, shipped.validation]
    found = {
        (str(name), str(class_name), int(group))
        for df in both
        for name, class_name, group in df[["clip", "class", "group"]].itertuples(index=False)
    }
    clips = [
        Clip(name, class_name, group, Path(name))
        for name, class_name, group in sorted(found, key=lambda c: (c[1], c[0]))
    ]
    if len(clips) != shipped.meta["dataset"]["clips"]:
        assert "group5" not in set(shipped.predictions["protocol"])  # which names them all
        return
    at = {clip.name: row for row, clip in enumerate(clips)}
    assert shipped.audit is not None
    twins = [(at[pair["a"]], at[pair["b"]]) for pair in shipped.audit["pairs"]]
    seen = 0
    for (protocol, fold, seed, model), tested in shipped.predictions.groupby(CELL):
        parts = splits.split(clips, protocol, fold, seed, twins)
        key = (protocol, fold, seed, model)
        assert {at[name] for name in tested["clip"]} == set(parts.test.tolist()), key
        own = shipped.validation
        validated = own[(own[CELL] == list(key)).all(axis=1)]
        if len(validated):
            assert {at[name] for name in validated["clip"]} == set(parts.validation.tolist()), key
        if protocol in splits.GROUPED:
            test = {clips[row].group for row in parts.test}
            assert not test & {clips[row].group for row in parts.train}, key
            near = {b for a, b in twins if a in parts.test} | {
                a for a, b in twins if b in parts.test
            }
            assert not near & {*parts.train.tolist(), *parts.validation.tolist()}, key
        seen += 1
    assert seen


def test_every_clip_of_group5_is_predicted_once(shipped):
    rows = shipped.predictions[shipped.predictions["protocol"] == "group5"]
    for (seed, model), own in rows.groupby(["seed", "model"]):
        assert not own["clip"].duplicated().any(), (seed, model)
        if own["fold"].nunique() == splits.folds("group5"):
            assert len(own) == shipped.meta["dataset"]["clips"], (seed, model)


def test_the_trials_tell_what_the_readme_says_of_them():
    """Augmentation is better than none; no other step is told from chance, nor LRCN's together."""
    trials = study.read(ROOT / "studies" / "ucf50-15-tuning")
    text = (ROOT / "studies" / "ucf50-15" / "README.md").read_text()
    assert "no other single step is told from chance" in text
    told = set()
    for model in ("convlstm", "lrcn"):
        steps = [*zip("abcdef", "bcdefg", strict=True), ("c", "g")]
        for before, after in steps:
            pair = f"{model}-{after}", f"{model}-{before}"
            if paired.decide(trials.predictions, *pair, "tune", trials.classes).winner == pair[0]:
                told.add(pair)
    assert told == {("convlstm-b", "convlstm-a")}
