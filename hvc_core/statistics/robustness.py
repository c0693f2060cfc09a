"""What a condition does to a model: accuracy under it, beside that of the clips as they are.

Pure functions. May import: numpy, pandas, .bootstrap, .counts, .significance, .spread, .stats.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from hvc_core.statistics.bootstrap import bootstrap_weights, intervals, known_intervals, strata
from hvc_core.statistics.counts import per_source, sources, with_answers
from hvc_core.statistics.significance import flip_test
from hvc_core.statistics.spread import share, share_by_class
from hvc_core.statistics.stats import Estimate
from hvc_core.tables import CELL, CLEAN

COLUMNS = [
    "condition", "family", "strength", "clips", "accuracy", "low", "high", "lost", "lost_low",
    "lost_high", "p", "above_low", "above_high",
]  # fmt: skip
BROKEN = 0.5  # of the accuracy on clips as they are: what "broken" means on the pages


def parts(condition: str) -> tuple[str, int]:
    """Family and strength of a condition: `blur-3` -> (`blur`, 3), `frozen` -> (`time`, 0)."""
    family, _, strength = condition.rpartition("-")
    return (family, int(strength)) if family and strength.isdigit() else ("time", 0)


def rows_of(
    predictions: pd.DataFrame, conditions: pd.DataFrame, model: str, protocol: str
) -> pd.DataFrame:
    """A model's rows under every condition, `clean` with them, of the cells that were put to both.

    Returns:
        DataFrame with the columns of predictions; empty where no condition was run.
    """
    own = conditions[(conditions["model"] == model) & (conditions["protocol"] == protocol)]
    cells = pd.MultiIndex.from_frame(own[CELL].drop_duplicates())
    clean = predictions[pd.MultiIndex.from_frame(predictions[CELL]).isin(cells)]
    return pd.concat([clean, own], ignore_index=True)


def table(rows: pd.DataFrame, classes: list[str]) -> pd.DataFrame:
    """Accuracy of one model under each condition, and how much it loses, with intervals.

    Args:
        rows: DataFrame from `rows_of`.
        classes: list of C names, in the order of `probabilities`.

    Returns:
        DataFrame, a row a condition, `clean` first: condition, family, strength (int), clips;
        accuracy, low, high (0 to 1); lost, lost_low, lost_high (clean minus it, paired by the same
        resampled source videos); p (`flip_test` of the same loss, clean answers and these flipped
        within whole source videos); above_low, above_high (the interval of accuracy minus `BROKEN`
        of the clean one).
    """
    if not len(rows):
        return pd.DataFrame(columns=COLUMNS)
    rows = with_answers(rows, classes)  # once, and not for each condition and what it is held to
    index = sources(rows, classes)
    weights = bootstrap_weights(strata(index))
    cell = pd.MultiIndex.from_frame(rows[CELL])
    undisturbed = (rows["condition"] == CLEAN).to_numpy()
    # Beside the clean answers of the cells that were put to it: others' may be better.
    asked: dict[str, set[tuple]] = {}
    for condition, *of in rows[["condition", *CELL]].drop_duplicates().itertuples(index=False):
        asked.setdefault(condition, set()).add(tuple(of))
    found = []
    clean: dict[frozenset, tuple[float, np.ndarray, np.ndarray]] = {}
    for condition, own in rows.groupby("condition", sort=False):
        if (key := frozenset(asked[str(condition)])) not in clean:
            of_cells = rows[undisturbed & cell.isin(list(key))]
            if not len(of_cells):
                continue  # nothing to hold it against
            clean[key] = _accuracy(of_cells, classes, index, weights)
        base, drawn_base, right_base = clean[key]
        mean, drawn, right = _accuracy(own, classes, index, weights)
        among = np.stack([drawn, drawn_base - drawn, drawn - BROKEN * drawn_base])
        of_mean, of_loss, above = intervals(among)
        lost = base - mean, *of_loss, flip_test(right_base - right)
        number = own["clip"].nunique()
        shown = mean, *of_mean, *lost, *above
        found.append((condition, *parts(str(condition)), number, *shown))
    made = pd.DataFrame(found, columns=COLUMNS)
    order = made["condition"].ne(CLEAN)
    return made.assign(_o=order).sort_values("_o", kind="stable").drop(columns="_o")


def _accuracy(
    rows: pd.DataFrame, classes: list[str], index: pd.MultiIndex, weights: np.ndarray
) -> tuple[float, np.ndarray, np.ndarray]:
    """The mean over seeds, of all clips and resampled; right answers of each source video."""
    found = per_source(rows, classes, index)
    return *share(found.hits, found.clips, weights), found.hits.sum(axis=0).astype(np.int64)


@dataclass(frozen=True)
class Break:
    """Where one family of disturbances breaks a model.

    Attributes:
        surely: int or None. The first strength at which the whole 95 % interval of accuracy lies
            under `BROKEN` of the clean one.
        perhaps: int or None. The first weaker strength, or any where none is sure, at which that
            interval reaches under it.
    """

    surely: int | None
    perhaps: int | None

    @property
    def words(self) -> str:
        """For a table: 'breaks at strength 4, perhaps at 3'."""
        if self.surely is None:
            return "holds" if self.perhaps is None else f"may break at strength {self.perhaps}"
        said = f"breaks at strength {self.surely}"
        return said if self.perhaps is None else f"{said}, perhaps at {self.perhaps}"


def breaks(made: pd.DataFrame) -> dict[str, Break]:
    """At which strength of each family a model is broken: under half of its clean accuracy.

    Args:
        made: DataFrame from `table`.
    """
    found = {}
    for family, own in made[made["strength"] > 0].groupby("family", sort=False):
        surely = own.loc[own["above_high"] < 0, "strength"].min()
        maybe = own.loc[own["above_low"] < 0, "strength"].min()
        known = None if np.isnan(surely) else int(surely)
        earlier = not np.isnan(maybe) and (known is None or maybe < known)
        found[str(family)] = Break(known, int(maybe) if earlier else None)
    return found


def by_class(rows: pd.DataFrame, condition: str, classes: list[str]) -> list[Estimate | None]:
    """How much of each class's recall a condition takes: clean minus it, with its interval.

    Means over seeds, as in `table`.

    Returns:
        an Estimate a class (-1 to 1), None where it has no clip.
    """
    under = rows[rows["condition"] == condition]
    asked = pd.MultiIndex.from_frame(under[CELL].drop_duplicates())
    clean_rows = rows[rows["condition"] == CLEAN]
    base = clean_rows[pd.MultiIndex.from_frame(clean_rows[CELL]).isin(asked)]
    index = sources(rows, classes)
    weights = bootstrap_weights(strata(index))
    counted = [per_source(df, classes, index) for df in (base, under)]
    (clean, drawn), (other, drawn_other) = (share_by_class(one, weights) for one in counted)
    ends = known_intervals((drawn - drawn_other).T)
    films = np.bincount(counted[0].number, minlength=len(classes))
    return [
        Estimate(float(clean[i] - other[i]), *(ends[i] if films[i] > 1 else (np.nan, np.nan)))
        if films[i]
        else None
        for i in range(len(classes))
    ]
