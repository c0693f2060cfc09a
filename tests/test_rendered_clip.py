"""The clip that ships with the app is what dashboard/assets/render_clip.py draws.

May import: numpy, hvc_core.video, dashboard.assets.render_clip.
"""

from __future__ import annotations

import numpy as np

from dashboard.assets import render_clip
from hvc_core import video

SIZE = (render_clip.HEIGHT, render_clip.WIDTH)


def test_the_shipped_clip_is_the_rendered_one():
    drawn = np.array(list(render_clip.frames()))
    shipped = video.sample(render_clip.CLIP, [SIZE], len(drawn))
    assert shipped.notes == ()
    assert shipped.decoded == len(drawn)
    difference = np.abs(shipped.images[SIZE].astype(int) - drawn)
    assert difference.mean(axis=(1, 2, 3)).max() < 4  # what the codec loses


def test_rendering_again_gives_the_same_pictures(tmp_path):
    again = render_clip.render(tmp_path / "again.mp4")
    assert [path.name for path in tmp_path.iterdir()] == ["again.mp4"]
    a, b = (video.sample(path, [SIZE]).images[SIZE] for path in (again, render_clip.CLIP))
    assert np.abs(a.astype(int) - b).mean() < 3


def test_it_is_small_short_named_as_rendered_and_plays_in_a_browser():
    assert "rendered" in render_clip.CLIP.name
    assert render_clip.CLIP.stat().st_size < 150_000
    probed = video.probe(render_clip.CLIP)
    assert probed.seconds is not None
    assert 3 <= probed.seconds <= 4
    assert video.preview(render_clip.CLIP) == render_clip.CLIP.read_bytes()  # as it is


def test_the_figure_moves():
    images = video.sample(render_clip.CLIP, [(60, 80)]).images[60, 80].astype(int)
    assert np.abs(np.diff(images, axis=0)).mean(axis=(1, 2, 3)).min() > 0.5
