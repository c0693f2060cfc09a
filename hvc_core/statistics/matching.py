"""Which rows of two models can be held against each other: the same clips, seed by seed.

Under `random` every seed has test clips of its own, so the mean over one model's seeds and that
over another's are of other clips unless the seeds are the same. Pure functions. May import: pandas.
"""

from __future__ import annotations

import pandas as pd

Pair = tuple[int, int, pd.DataFrame, pd.DataFrame]  # seed of a, seed of b, rows of a, rows of b


def matched(predictions: pd.DataFrame, a: str, b: str, protocol: str) -> list[Pair]:
    """Seeds of a and b with both models' rows of the clips that both predicted, in one order.

    Equal seeds are paired; where the models have none in common, theirs are paired in order, as
    far as both have one. A pair without a common clip is left out.
    """
    own = _of_both(predictions, a, b, protocol)
    seeds = [sorted(int(seed) for seed in df["seed"].unique()) for df in own]
    common = sorted(set(seeds[0]) & set(seeds[1]))
    # Under `random`, equal seeds have the same clips: a common one is better than any other.
    pairs = zip(common, common, strict=True) if common else zip(*seeds, strict=False)
    found = []
    for seed_a, seed_b in pairs:
        of_a, of_b = (
            df[df["seed"] == seed].set_index("clip", drop=False)
            for df, seed in zip(own, (seed_a, seed_b), strict=True)
        )
        shared = of_a.index.intersection(of_b.index).sort_values()
        if len(shared):
            found.append((seed_a, seed_b, of_a.loc[shared], of_b.loc[shared]))
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
    there = [set(df["clip"].unique()) for df in own]
    shared = there[0] & there[1]
    own = [
        df if len(clips) == len(shared) else df[df["clip"].isin(shared)]
        for df, clips in zip(own, there, strict=True)
    ]
    if all((df.groupby("seed")["clip"].nunique() == len(shared)).all() for df in own):
        return own[0], own[1]
    pairs = matched(predictions, a, b, protocol)
    if not pairs:
        return own[0].head(0), own[1].head(0)
    return pd.concat([pair[2] for pair in pairs]), pd.concat([pair[3] for pair in pairs])


def _of_both(predictions: pd.DataFrame, a: str, b: str, protocol: str) -> list[pd.DataFrame]:
    rows = predictions[predictions["protocol"] == protocol]
    return [rows[rows["model"] == name] for name in (a, b)]
