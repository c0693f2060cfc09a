"""What every metric is counted from: the confusion of clips, whole and per source video.

A source video is a (class, group) pair: the clips of one pair were cut from the same film, so it,
not the clip, is what another data set would draw anew.

May import: numpy, pandas.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

# Columns of `Study.rows` and `with_answers`, Categorical: the class again, and the answered one
OF_CLASS, ANSWERED = "of_class", "answered"


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


@dataclass(frozen=True)
class PerSource:
    """What one model's rows hold of each source video, seed by seed: whole numbers as float64.

    All that accuracy and each class's scores need. The clips of a source video are all of its
    class, so that right clips and clips need no class axis.

    Attributes:
        seeds: tuple of S ints, sorted.
        number: int64 array (V,), 0 to C-1. The class of each source video.
        hits: array (S, V). Its clips that were answered rightly.
        clips: array (S, V). Its clips; 0 where a seed has none of it.
        answered: array (S, V, C). Its clips that were answered as each class.
    """

    seeds: tuple[int, ...]
    number: np.ndarray
    hits: np.ndarray
    clips: np.ndarray
    answered: np.ndarray


def answers(df: pd.DataFrame, classes: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """The true and the answered class of every row (the most probable; the first of equals).

    Args:
        df: DataFrame (N rows) with `class` and `probabilities`; where it has `OF_CLASS` and
            `ANSWERED` and they are of these classes, neither is looked at again.
        classes: list of C names.

    Returns:
        two int64 arrays (N,), values 0 to C-1.

    Raises:
        ValueError: a row's class is not in `classes`, or its probabilities are not C values.
    """
    count = len(classes)
    true = _class_numbers(df, classes)
    if (true < 0).any():
        raise ValueError(f"class {df['class'].iloc[int((true < 0).argmax())]!r} is not in classes")
    if not len(df):
        return true, true.copy()
    said = _codes(df, ANSWERED, classes)
    if said is not None:
        return true, said
    rows = df["probabilities"].tolist()
    if set(map(len, rows)) != {count}:
        raise ValueError(f"expected {count} probabilities a row, one a class")
    values = np.concatenate(rows).reshape(-1, count)
    return true, values.argmax(axis=1).astype(np.int64)


def with_answers(df: pd.DataFrame, classes: list[str]) -> pd.DataFrame:
    """`df` with `OF_CLASS` and `ANSWERED`, for rows that are parted and counted many times.

    Raises:
        ValueError: as `answers`.
    """
    names = pd.Index(classes)
    known = zip((OF_CLASS, ANSWERED), answers(df, classes), strict=True)
    return df.assign(**{col: pd.Categorical.from_codes(codes, names) for col, codes in known})


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
    return Scores(
        precision=score("precision", hits, support, answered),
        recall=score("recall", hits, support, answered),
        f1=score("f1", hits, support, answered),
        support=np.asarray(support, np.float64),
    )


def score(kind: str, hits: np.ndarray, support: np.ndarray, answered: np.ndarray) -> np.ndarray:
    """One of the `scores`, "precision", "recall" or "f1", of the same arrays."""
    hits, support, answered = (np.asarray(a, np.float64) for a in (hits, support, answered))
    # A zero divisor means zero hits: dividing by 1 there gives the agreed 0.
    if kind == "f1":
        return 2 * hits / np.maximum(support + answered, 1)
    return hits / np.maximum({"precision": answered, "recall": support}[kind], 1)


def _class_numbers(df: pd.DataFrame, classes: list[str]) -> np.ndarray:
    """The number of each row's class, int64; -1 of one that is none of the classes."""
    known = _codes(df, OF_CLASS, classes)
    if known is not None:
        return known
    codes, names = pd.factorize(df["class"])  # few names in many rows: each is looked up once
    return np.append(pd.Index(classes).get_indexer(pd.Index(names)), -1)[codes].astype(np.int64)


def _codes(df: pd.DataFrame, column: str, classes: list[str]) -> np.ndarray | None:
    """The numbers that `Study.rows` knew already; None where these are other rows or classes."""
    known = df[column].array if column in df else None
    if not isinstance(known, pd.Categorical) or known.categories.tolist() != classes:
        return None
    codes = known.codes.astype(np.int64)
    return codes if (codes >= 0).all() else None  # rows that were put together may lack some


def rows_where(df: pd.DataFrame, column: str, value: str) -> pd.DataFrame:
    """The rows that hold a value; the table itself where all do, for no page needs a copy."""
    held = (df[column] == value).to_numpy()
    return df if held.all() else df[held]


def sources(df: pd.DataFrame, classes: list[str]) -> pd.MultiIndex:
    """The source videos of `df`'s rows: unique (class, group), in the order of `classes`.

    Returns:
        MultiIndex of V pairs (class number, group).
    """
    groups, number = df["group"].to_numpy(np.int64), _class_numbers(df, classes)
    known = np.sort(pd.unique(groups))
    pairs = np.sort(pd.unique(number * len(known) + np.searchsorted(known, groups)))
    of_class, of_group = np.divmod(pairs, max(len(known), 1))
    return pd.MultiIndex.from_arrays([of_class, known[of_group]], names=["class", "group"])


def per_source(df: pd.DataFrame, classes: list[str], index: pd.MultiIndex) -> PerSource:
    """Counts per seed and source video.

    Args:
        df: DataFrame of one model's predictions under one protocol, with `seed`, `class`, `group`
            and `probabilities`; its source videos are all in `index`.
        classes: list of C names.
        index: MultiIndex of V source videos, from `sources`.

    Raises:
        ValueError: a row's source video is not in the index.
    """
    true, answered = answers(df, classes)
    at = places(true, df["group"].to_numpy(np.int64), index)
    of_seed, seeds = pd.factorize(df["seed"].to_numpy(np.int64), sort=True)
    shape = len(seeds), len(index), len(classes)
    at += of_seed * shape[1]

    def count(where: np.ndarray, size: tuple[int, ...]) -> np.ndarray:
        return np.bincount(where, minlength=math.prod(size)).reshape(size).astype(np.float64)

    return PerSource(
        seeds=tuple(seeds.tolist()),
        number=index.get_level_values(0).to_numpy(np.int64),
        hits=count(at[true == answered], shape[:2]),
        clips=count(at, shape[:2]),
        answered=count(at * shape[2] + answered, shape),
    )


def places(number: np.ndarray, groups: np.ndarray, index: pd.MultiIndex) -> np.ndarray:
    """Where source videos stand in an index of them.

    Args:
        number: int64 array (N,). The class of each.
        groups: int64 array (N,).
        index: MultiIndex, from `sources`.

    Returns:
        int64 array (N,).

    Raises:
        ValueError: one is not in the index.
    """
    of_class, of_group = (index.get_level_values(i).to_numpy(np.int64) for i in (0, 1))
    known = pd.Index(pd.unique(of_group))
    group = known.get_indexer(pd.Index(groups))
    pairs = pd.Index(of_class * len(known) + known.get_indexer(pd.Index(of_group)))
    at = pairs.get_indexer(pd.Index(number * len(known) + group)).astype(np.int64)
    if ((at < 0) | (group < 0)).any():
        raise ValueError("a row's source video is not in the index")
    return at
