"""Every clip with both models' answers: what stands behind a number.

Pure functions. May import: numpy, pandas, .calibration.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from hvc_core.statistics.calibration import arrays

OUTCOMES = ("both right", "only A right", "only B right", "both wrong")
COLUMNS = [
    "clip", "class", "group", "fold", "seed", "a_says", "a_sure", "a_right", "b_says", "b_sure",
    "b_right", "outcome", "disagreement",
]  # fmt: skip


def by_clip(
    predictions: pd.DataFrame, a: str, b: str, protocol: str, classes: list[str]
) -> pd.DataFrame:
    """One row a clip and seed, with what each model answered.

    A seed that only one of the models has is there with that one's answer alone, so that the rows
    add up to both models' confusion matrices.

    Args:
        predictions: DataFrame. A study's predictions.
        a: str. A model.
        b: str. Another.
        protocol: str.
        classes: list of C names, in the order of `probabilities`.

    Returns:
        DataFrame with COLUMNS, by class, group, clip and seed. `a_says` (str or None: the class it
        finds likeliest), `a_sure` (float, 0 to 1: that class's probability), `a_right` (bool or
        None), the same for b; `outcome` (one of OUTCOMES, None where one did not answer);
        `disagreement` (float, 0 to 1: half the sum of the absolute differences of the two sets of
        probabilities; 0 where they are the same, 1 where they share nothing; NaN where one did not
        answer).
    """
    rows = predictions[predictions["protocol"] == protocol]
    keys = ["clip", "class", "group", "fold", "seed"]
    told, values = [], []
    for name, slot in zip((a, b), "ab", strict=True):
        own = rows[rows["model"] == name]
        probabilities, true = arrays(own, classes)
        said = probabilities.argmax(axis=1) if len(own) else true
        answered = {
            f"{slot}_says": np.array(classes, object)[said],
            f"{slot}_sure": probabilities[np.arange(len(own)), said],
            f"{slot}_right": (true == said).astype(object),
            f"{slot}_row": np.arange(len(own)),
        }
        told.append(own[keys].assign(**answered))
        values.append(probabilities)
    made = told[0].merge(told[1], how="outer", on=keys)
    known = (made["a_says"].notna() & made["b_says"].notna()).to_numpy()
    pair = made[known]
    wrong = [~pair[f"{slot}_right"].to_numpy(bool) for slot in "ab"]
    made["outcome"] = None
    made.loc[known, "outcome"] = np.array(OUTCOMES, object)[2 * wrong[0] + wrong[1]]
    of_a, of_b = (v[pair[f"{s}_row"].astype(int)] for v, s in zip(values, "ab", strict=True))
    made["disagreement"] = np.nan
    made.loc[known, "disagreement"] = np.abs(of_a - of_b).sum(axis=1) / 2
    return made[COLUMNS].sort_values(["class", "group", "clip", "seed"], ignore_index=True)
