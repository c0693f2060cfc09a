"""Which rows of two models can be held against each other: the same clips, seed by seed.

Under `random` every seed has test clips of its own, so the mean over one model's seeds and that
over another's are of other clips unless the seeds are the same. Pure functions. May import: numpy,
pandas.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

Pair = tuple[int, int, pd.DataFrame, pd.DataFrame]  # seed of a, seed of b, rows of a, rows of b


def matched(predictions: pd.DataFrame, a: str, b: str, protocol: str) -> list[Pair]:
    """Seeds of a and b with both models' rows of the clips that both predicted, in one order.

    Equal seeds are paired; where the models have none in common, theirs are paired in order, as
    far as both have one. A pair without a common clip is left out.
    """
    own = _of_both(predictions, a, b, protocol)
    clips = _numbered(own)
    at = [df["seed"].to_numpy(np.int64) for df in own]
    seeds = [sorted(set(of.tolist())) for of in at]
    common = sorted(set(seeds[0]) & set(seeds[1]))
    # Under `random`, equal seeds have the same clips: a common one is better than any other.
    pairs = zip(common, common, strict=True) if common else zip(*seeds, strict=False)
    found: list[Pair] = []
    for seed_a, seed_b in pairs:
        rows = []
        for number, of, seed in zip(clips, at, (seed_a, seed_b), strict=True):
            here = np.flatnonzero(of == seed)
            rows.append(here[np.argsort(number[here], kind="stable")])
        of_a, of_b = (number[row] for number, row in zip(clips, rows, strict=True))
        both = np.isin(of_a, of_b), np.isin(of_b, of_a)
        if both[0].any():
            frames = (df.iloc[row[here]] for df, row, here in zip(own, rows, both, strict=True))
            found.append((seed_a, seed_b, *frames))
    return found


def comparable(
    predictions: pd.DataFrame, a: str, b: str, protocol: str
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows of a and of b whose means over seeds are of the same clips.

    Where every seed of both has the same clips among those that both models predicted, all of
    these rows; otherwise those of the pairs of seeds of `matched`, so that each mean is over the
    same pairs. Both are empty where no clip has a prediction of both.
    """
    own = _of_both(predictions, a, b, protocol)
    clips = _numbered(own)
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
        of_a, of_b = (
            df if shared[number].all() else df[shared[number]]
            for df, number in zip(own, clips, strict=True)
        )
        return of_a, of_b
    pairs = matched(predictions, a, b, protocol)
    if not pairs:
        return own[0].head(0), own[1].head(0)
    return pd.concat([pair[2] for pair in pairs]), pd.concat([pair[3] for pair in pairs])


def _of_both(predictions: pd.DataFrame, a: str, b: str, protocol: str) -> list[pd.DataFrame]:
    under = (predictions["protocol"] == protocol).to_numpy()
    rows = predictions if under.all() else predictions[under]
    return [rows[rows["model"] == name] for name in (a, b)]


def _numbered(own: list[pd.DataFrame]) -> list[np.ndarray]:
    """The clips of both models' rows as numbers in the order of their names, int64 arrays."""
    number, names = pd.factorize(pd.concat([df["clip"] for df in own]))
    order = np.argsort(np.argsort(names.to_numpy(object), kind="stable"), kind="stable")
    return np.split(order[number], [len(own[0])])
