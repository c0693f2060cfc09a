"""Temperature scaling of a study's answers, each cell by its own validation clips.

Pure functions. May import: numpy, pandas, .calibration, .counts, hvc_core.tables.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from hvc_core.statistics import calibration
from hvc_core.statistics.counts import ANSWERED
from hvc_core.tables import CELL


def scaled(
    predictions: pd.DataFrame, validation: pd.DataFrame, classes: list[str]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Predictions after temperature scaling, fitted on each cell's validation clips alone.

    No test clip has a say: a cell without validation clips in the study is left out.

    Args:
        predictions: DataFrame of a study's predictions, of any clips and conditions.
        validation: DataFrame. The same columns: clips that chose each cell's best epoch.
        classes: list of C names, in the order of `probabilities`.

    Returns:
        the rows of those cells that have validation clips, scaled; a table with `CELL` and
        `temperature` (float, above 0; over 1 where the cell was too sure), a row a cell.
    """
    found, parts = [], []
    predictions = predictions.drop(columns=ANSWERED, errors="ignore")  # rounding may make equals
    known = dict(list(validation.groupby(CELL)))
    for key, rows in predictions.groupby(CELL, sort=True):
        if key not in known:
            continue
        temperature = calibration.fit_temperature(*calibration.arrays(known[key], classes))
        raw = np.array(rows["probabilities"].tolist(), np.float64)
        values = calibration.apply_temperature(raw, temperature)
        parts.append(rows.assign(probabilities=list(values.astype("float32"))))
        found.append((*key, temperature))
    table = pd.DataFrame(found, columns=[*CELL, "temperature"])
    return (pd.concat(parts) if parts else predictions.head(0)), table
