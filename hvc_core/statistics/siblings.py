"""Tested clips whose film trained after all, by way of a copy in another group.

A group protocol keeps a group out of training, and of another group each clip that the audit finds
near-identical to a tested one. That clip's siblings, cut from the same source video, stay.

Pure functions. May import: pandas, hvc_core.splits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from hvc_core.splits import twins_of

Pairs = Sequence[tuple[str, str]]  # near-identical clips of two groups, by name
Source = tuple[str, int]  # class, group


def sources_of(rows: pd.DataFrame) -> dict[str, Source]:
    """The source video of every clip of a study's predictions."""
    clips = rows[["clip", "class", "group"]].drop_duplicates("clip")
    return {
        str(clip): (str(name), int(group))
        for clip, name, group in clips.itertuples(index=False, name=None)
    }


def links(pairs: Pairs, of: Mapping[str, Source]) -> set[frozenset[Source]]:
    """The pairs of source videos that the pairs of clips lie in; clips not in `of` are left out."""
    return {frozenset((of[a], of[b])) for a, b in pairs if a in of and b in of}


def films(pairs: Pairs, of: Mapping[str, Source]) -> dict[Source, frozenset[Source]]:
    """Each source video that has a link -> all that show its film, itself among them."""
    found: dict[Source, frozenset[Source]] = {}
    for link in links(pairs, of):
        whole = frozenset().union(*(found.get(source, {source}) for source in link))
        found |= dict.fromkeys(whole, whole)
    return found


def trained(rows: pd.DataFrame, validation: pd.DataFrame, pairs: Pairs) -> set[str]:
    """The tested clips whose film has clips of another group in their fold's training.

    Args:
        rows: DataFrame. One model's predictions of one seed, under a group protocol that tests
            every clip once.
        validation: DataFrame. The same cells' answers to validation clips. A fold without them is
            taken to train with all that it does not test.
        pairs: the audit's pairs of near-identical clips.

    Returns:
        set of clips' names.
    """
    of = sources_of(rows)
    film = films(pairs, of)
    found: set[str] = set()
    for fold, own in rows.groupby("fold"):
        tested = set(own["clip"])
        left = set(validation.loc[validation["fold"] == fold, "clip"]) | twins_of(tested, pairs)
        seen = {source for clip, source in of.items() if clip not in tested | left}
        found |= {clip for clip in tested if film.get(of[clip], frozenset()) & seen}
    return found
