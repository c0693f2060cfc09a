"""Cells that a recipe asks for beside those that a study has.

May import: the standard library, hvc_core, tests.support.
"""

from __future__ import annotations

import dataclasses
import json

from hvc_core import study
from hvc_core.planned import planned
from tests.support.studies import make_study


def test_planned_counts_cells_of_the_recipe(tmp_path):
    folder = make_study(tmp_path / "study", protocol=["holdout", "group5"], seeds=1)
    meta = json.loads((folder / "study.json").read_text())
    meta["recipe"] = {
        "protocols": {
            "holdout": {"models": {"convlstm": [1], "lrcn": [1, 2]}},
            "group5": {"models": {"lrcn": [1]}},
        }
    }
    (folder / "study.json").write_text(json.dumps(meta))
    of = study.read(folder)
    rows = of.predictions
    of = dataclasses.replace(of, predictions=rows[(rows["protocol"] != "group5") | (rows.fold < 2)])
    found = {tuple(row[:2]): row[2:] for row in planned(of).to_numpy().tolist()}
    assert found["holdout", "lrcn"] == [2, 1]
    assert found["group5", "lrcn"] == [5, 2]
    assert found["group5", "convlstm"] == [2, 2]  # not asked for, yet there
    old = dataclasses.replace(of, meta={**of.meta, "recipe": {}})
    found = {tuple(row[:2]): row[2:] for row in planned(old).to_numpy().tolist()}
    assert found["group5", "lrcn"] == [5, 2]
