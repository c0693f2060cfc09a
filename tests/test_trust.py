"""How far an answer to one's own clip is to be believed: temperature, doubt, a study's own clip.

May import: the standard library, numpy, pytest, dashboard, hvc_core, tests.support.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dashboard import state
from dashboard.trust import SHARE, Trust, trust
from hvc_core import audit, fingerprints, video
from hvc_core import study as studies
from hvc_core.clips import parse_name
from hvc_core.statistics import calibration
from tests.support import videos
from tests.support.app import open_page, words
from tests.support.studies import make_study


@pytest.fixture(scope="module")
def made_study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trust") / "study"
    return make_study(folder, protocol="holdout", evidence=True)


def view_of(folder: Path) -> state.View:
    of = studies.read(folder)
    return state.View(of, "r", *of.headline, "holdout")


def test_the_floor_and_the_temperature_are_of_validation_clips_alone(made_study: Path) -> None:
    view = view_of(made_study)
    found = trust(view, view.a)
    assert found is not None and found.temperature > 0
    own = view.study.validation
    own = own[(own["model"] == view.a) & (own["seed"] == own["seed"].min())]
    values, true = calibration.arrays(own, view.study.classes)
    assert found.temperature == calibration.fit_temperature(values, true)
    tops = calibration.apply_temperature(values, found.temperature).max(axis=1)
    assert (tops < found.floor).mean() == pytest.approx(SHARE, abs=2 / len(tops))
    assert found.caught is not None and 0 <= found.caught <= 1
    assert found.lost is not None and 0 <= found.lost <= 1
    assert found.tells == (found.caught > 2 * found.lost)


def test_scaling_keeps_the_order_and_sums_to_one() -> None:
    scaled = Trust(2.0, 0.3, None, None).scaled(np.array([0.7, 0.2, 0.1], np.float32))
    assert scaled.sum() == pytest.approx(1, abs=1e-6) and list(np.argsort(-scaled)) == [0, 1, 2]
    assert scaled[0] < 0.7


def test_a_study_without_validation_answers_scales_nothing(
    shown: Path, own: Path, tmp_path: Path
) -> None:
    (own / "validation.parquet").unlink()
    app = open_page("try_a_clip")
    app.file_uploader[0].upload("a.mp4", videos.write(tmp_path / "a.mp4", 25).read_bytes()).run()
    assert not app.exception and "temperature-scaled" not in words(app)


def test_an_answer_less_sure_than_nearly_all_is_doubted(
    shown: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = videos.write(tmp_path / "a.mp4", 25).read_bytes()
    for floor, lost, title in (
        (1.01, 0.1, "Perhaps none of these actions"),
        (1.01, 0.3, "Not sure"),  # known clips lie there nearly as often
        (0.0, 0.1, None),
    ):
        known = Trust(1.0, floor, 0.4, lost)
        monkeypatch.setattr("dashboard.trust.trust", lambda *_, of=known: of)
        app = open_page("try_a_clip")
        app.file_uploader[0].upload("a.mp4", clip).run()
        assert not app.exception
        titles = {one.proto.title for one in app.warning}
        said = titles & {"Perhaps none of these actions", "Not sure"}
        assert said == ({title} if title else set())


def test_a_clip_of_the_study_is_told_so(own: Path, tmp_path: Path) -> None:
    path = videos.write(tmp_path / "v_Punch_g01_c01.mp4", videos.noisy(40))
    images = video.sample(path, [audit.SIZE]).images[audit.SIZE]
    fingerprints.write(own, [parse_name(path)], audit.hashed(images[None]))
    app = open_page("try_a_clip")
    app.file_uploader[0].upload("mine.mp4", path.read_bytes()).run()
    assert not app.exception
    said = words(app)
    assert "This is a clip of the study" in said and "nearly v_Punch_g01_c01" in said
    assert "trained on that source video" in said
    other = videos.write(tmp_path / "b.mp4", 25).read_bytes()
    app.file_uploader[0].clear().run()
    app.file_uploader[0].upload("other.mp4", other).run()
    assert "This is a clip of the study" not in words(app)


def test_answers_download_as_json_and_csv(shown: Path, tmp_path: Path) -> None:
    app = open_page("try_a_clip")
    app.file_uploader[0].upload("a.mp4", videos.write(tmp_path / "a.mp4", 25).read_bytes()).run()
    assert len(app.get("download_button")) == 2
