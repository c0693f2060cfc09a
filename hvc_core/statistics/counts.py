"""What every metric is counted from: the confusion of clips, whole and per source video.

A source video is a (class, group) pair: the clips of one pair were cut from the same film, so it,
not the clip, is what another data set would draw anew.

May import: numpy, pandas.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Scores:
    """Scores of each class; every array is float64 and ends in the class axis.

    Attributes:
        precision: array (..., C), 0 to 1; 0 where the class was never answered.
        recall: array (..., C), 0 to 1; 0 where the class has no clip.
        f1: array (..., C), 0 to 1; 0 where both are 0.
        support: array (..., C). Clips that are of the class.
    """

    precision: np.ndarray
    recall: np.ndarray
    f1: np.ndarray
    support: np.ndarray


def answers(df: pd.DataFrame, classes: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """The true and the answered class of every row (the most probable; the first of equals).

    Args:
        df: DataFrame (N rows) with `class` and `probabilities`.
        classes: list of C names.

    Returns:
        two int64 arrays (N,), values 0 to C-1.

    Raises:
        ValueError: a row's class is not in `classes`, or its probabilities are not C values.
    """
    count = len(classes)
    true = pd.Index(classes).get_indexer(pd.Index(df["class"])).astype(np.int64)
    if (true < 0).any():
        raise ValueError(f"class {df['class'].iloc[int((true < 0).argmax())]!r} is not in classes")
    if not len(df):
        return true, true.copy()
    rows = df["probabilities"].tolist()
    if set(map(len, rows)) != {count}:
        raise ValueError(f"expected {count} probabilities a row, one a class")
    values = np.concatenate(rows).reshape(-1, count)
    return true, values.argmax(axis=1).astype(np.int64)


def confusion(df: pd.DataFrame, classes: list[str]) -> np.ndarray:
    """Counts of clips by true class (rows) and answered class (columns).

    Args:
        df: DataFrame with `class` and `probabilities`.
        classes: list of C names.

    Returns:
        int64 array (C, C); its sum is the number of rows of `df`.
    """
    true, answered = answers(df, classes)
    count = len(classes)
    return np.bincount(true * count + answered, minlength=count**2).reshape(count, count)


def scores(hits: np.ndarray, support: np.ndarray, answered: np.ndarray) -> Scores:
    """Precision, recall and F1 of each class.

    Args:
        hits: array (..., C). Clips of the class that were answered so.
        support: array (..., C). Clips of the class.
        answered: array (..., C). Clips answered as the class.
    """
    hits, support, answered = (np.asarray(a, np.float64) for a in (hits, support, answered))
    # A zero divisor means zero hits: dividing by 1 there gives the agreed 0.
    return Scores(
        precision=hits / np.maximum(answered, 1),
        recall=hits / np.maximum(support, 1),
        f1=2 * hits / np.maximum(support + answered, 1),
        support=support,
    )


def sources(df: pd.DataFrame, classes: list[str]) -> pd.MultiIndex:
    """The source videos of `df`'s rows: unique (class, group), in the order of `classes`.

    Returns:
        MultiIndex of V pairs (class number, group).
    """
    number = pd.Index(classes).get_indexer(pd.Index(df["class"]))
    frame = pd.DataFrame({"class": number, "group": df["group"].to_numpy(np.int64)})
    return pd.MultiIndex.from_frame(frame.drop_duplicates().sort_values(["class", "group"]))


def per_source(df: pd.DataFrame, classes: list[str], index: pd.MultiIndex) -> np.ndarray:
    """Counts per source video: all that accuracy and each class's scores need.

    Args:
        df: DataFrame with `class`, `group`, `probabilities`; its sources are all in `index`.
        classes: list of C names.
        index: MultiIndex of V source videos, from `sources`.

    Returns:
        float64 array (V, 3, C): hits, support, answered.
    """
    true, answered = answers(df, classes)
    pairs = pd.MultiIndex.from_arrays([true, df["group"].to_numpy(np.int64)])
    at = index.get_indexer(pairs)
    if (at < 0).any():
        raise ValueError("a row's source video is not in the index")
    shape = len(index), len(classes)
    hit = true == answered

    def table(source: np.ndarray, column: np.ndarray) -> np.ndarray:
        flat = np.bincount(source * shape[1] + column, minlength=shape[0] * shape[1])
        return flat.reshape(shape).astype(np.float64)

    counts = [table(at[hit], true[hit]), table(at, true), table(at, answered)]
    return np.stack(counts, axis=1)
