"""What a study's recipe asks for and what was run: nothing is passed over in silence.

Pure functions. May import: pandas, hvc_core.study.
"""

from __future__ import annotations

import pandas as pd

from hvc_core.study import CELL, Study


def planned(of: Study) -> pd.DataFrame:
    """Cells asked for and cells there, for each protocol and model.

    Where a study's recipe does not say which seeds a model gets under a protocol, every model that
    has predictions there is taken to be asked for all of the protocol's folds and seeds.

    Returns:
        DataFrame, a row for each protocol and model that is asked for or there: protocol, model,
        asked (int, cells), there (int, cells).
    """
    cells = of.predictions[CELL].drop_duplicates()
    there = {
        (str(protocol), str(model)): len(own)
        for (protocol, model), own in cells.groupby(["protocol", "model"])
    }
    recipe = of.meta.get("recipe") or {}
    rows = []
    for protocol, said in of.protocols.items():
        own = (recipe.get("protocols") or {}).get(protocol)
        seeds = own.get("models") if isinstance(own, dict) else None
        if not isinstance(seeds, dict):  # schema version 1
            run = [model for model in of.models if (protocol, model) in there]
            seeds = dict.fromkeys(run, said["seeds"])
        for model in of.models:
            found = there.get((protocol, model), 0)
            asked = said["folds"] * len(seeds.get(model, ()))
            if asked or found:
                rows.append((protocol, model, max(asked, found), found))
    return pd.DataFrame(rows, columns=["protocol", "model", "asked", "there"])
