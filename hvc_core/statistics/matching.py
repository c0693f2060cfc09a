"""Which rows of two models can be held against each other: the same clips, seed by seed.

Under `random` every seed has test clips of its own, so the mean over one model's seeds and that
over another's are of other clips unless the seeds are the same. Pure functions. May import: numpy,
pandas, .counts.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from hvc_core.statistics.counts import rows_where

Pair = tuple[int, int, np.ndarray, np.ndarray]  # seed of a, of b, where in a's rows, in b's


def of_both(
    predictions: pd.DataFrame, a: str, b: str, protocol: str
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows of a and of b under the protocol."""
    rows = rows_where(predictions, "protocol", protocol)
    return rows_where(rows, "model", a), rows_where(rows, "model", b)


def matched(of_a: pd.DataFrame, of_b: pd.DataFrame) -> list[Pair]:
    """Seeds of a and b, and where the clips that both predicted stand in their rows, in one order.

    Equal seeds are paired; where the models have none in common, theirs are paired in order, as
    far as both have one. A pair without a common clip is left out.

    Args:
        of_a: DataFrame of a's rows, from `of_both`.
        of_b: DataFrame of b's.

    Returns:
        list of (seed of a, seed of b, int array (N,), int array (N,)).

    Raises:
        ValueError: a clip has more rows of one model than of the other in a pair of seeds.
    """
    at = [df["seed"].to_numpy(np.int64) for df in (of_a, of_b)]
    if np.array_equal(at[0], at[1]) and of_a["clip"].array.equals(
        of_b["clip"].array
    ):  # row by row alike
        own = ((int(seed), np.flatnonzero(at[0] == seed)) for seed in np.unique(at[0]))
        return [(seed, seed, rows, rows) for seed, rows in own]
    clips = _numbered(of_a, of_b)
    seeds = [sorted(set(of.tolist())) for of in at]
    common = sorted(set(seeds[0]) & set(seeds[1]))
    # Under `random`, equal seeds have the same clips: a common one is better than any other.
    pairs = zip(common, common, strict=True) if common else zip(*seeds, strict=False)
    found = []
    for pair in pairs:
        rows = []
        for number, of, seed in zip(clips, at, pair, strict=True):
            here = np.flatnonzero(of == seed)
            rows.append(here[np.argsort(number[here], kind="stable")])
        in_a, in_b = (number[row] for number, row in zip(clips, rows, strict=True))
        both = np.isin(in_a, in_b), np.isin(in_b, in_a)
        if both[0].sum() != both[1].sum():
            raise ValueError(f"a clip has more than one row in seed {pair[0]} or {pair[1]}")
        if both[0].any():
            found.append((*pair, rows[0][both[0]], rows[1][both[1]]))
    return found


def comparable(of_a: pd.DataFrame, of_b: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows of a and of b whose means over seeds are of the same clips.

    Where every seed of both has the same clips among those that both models predicted, all of
    these rows; otherwise those of the pairs of seeds of `matched`, so that each mean is over the
    same pairs. Both are empty where no clip has a prediction of both.
    """
    own = of_a, of_b
    clips = _numbered(of_a, of_b)
    count = max((int(number.max()) + 1 for number in clips if len(number)), default=0)
    there: list[np.ndarray] = []  # of each model, which seed has which clip
    for df, number in zip(own, clips, strict=True):
        seeds, of_seed = np.unique(df["seed"].to_numpy(np.int64), return_inverse=True)
        has = np.zeros((len(seeds), count), bool)
        has[of_seed, number] = True
        there.append(has)
    anywhere = [np.asarray(has.any(axis=0)) for has in there]
    shared = anywhere[0] & anywhere[1]
    held = [has[:, shared] for has in there]
    if shared.any() and all(has[has.any(axis=1)].all() for has in held):
        a, b = (
            df if shared[number].all() else df[shared[number]]
            for df, number in zip(own, clips, strict=True)
        )
        return a, b
    pairs = matched(of_a, of_b)
    if not pairs:
        return of_a.head(0), of_b.head(0)
    in_a, in_b = (np.concatenate([pair[i] for pair in pairs]) for i in (2, 3))
    return of_a.iloc[in_a], of_b.iloc[in_b]


def _numbered(of_a: pd.DataFrame, of_b: pd.DataFrame) -> list[np.ndarray]:
    """The clips of both models' rows as numbers, int64 arrays."""
    number, _ = pd.factorize(pd.concat([of_a["clip"], of_b["clip"]]))
    return np.split(number, [len(of_a)])
