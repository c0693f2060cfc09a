"""Films that train by way of a copy's siblings, by hand.

May import: pandas, hvc_core.statistics.siblings.
"""

from __future__ import annotations

import pandas as pd

from hvc_core.statistics import siblings

# Group 1 is tested in fold 0, group 2 in fold 1, group 3 in fold 2.
CLIPS = ["g01_c01", "g01_c02", "g02_c01", "g02_c02", "g03_c01"]
ROWS = pd.DataFrame(
    {
        "clip": CLIPS,
        "class": "A",
        "group": [int(clip[1:3]) for clip in CLIPS],
        "fold": [int(clip[1:3]) - 1 for clip in CLIPS],
    }
)
TWINS = [("g01_c01", "g02_c01")]


def test_the_siblings_of_a_twin_train():
    # In fold 0 the twin g02_c01 is left out and g02_c02 trains; in fold 1 the other way round.
    assert siblings.trained(ROWS, ROWS.head(0), TWINS) == set(CLIPS[:4])
    assert siblings.trained(ROWS, ROWS.head(0), []) == set()


def test_a_sibling_that_validates_does_not_train():
    validates = ROWS[ROWS["clip"] == "g02_c02"].assign(fold=0)
    assert siblings.trained(ROWS, validates, TWINS) == {"g02_c01", "g02_c02"}


def test_a_twin_without_siblings_leaves_nothing_behind():
    alone = ROWS[~ROWS["clip"].isin(["g01_c02", "g02_c02"])]
    assert siblings.trained(alone, alone.head(0), TWINS) == set()


def test_a_copy_of_a_copy_is_the_same_film():
    chain = [*TWINS, ("g02_c02", "g03_c01")]
    of = siblings.sources_of(ROWS)
    assert siblings.links(chain, of) == {
        frozenset({("A", 1), ("A", 2)}),
        frozenset({("A", 2), ("A", 3)}),
    }
    whole = frozenset({("A", 1), ("A", 2), ("A", 3)})
    assert siblings.films(chain, of) == dict.fromkeys(whole, whole)
    assert "g03_c01" in siblings.trained(ROWS, ROWS.head(0), chain)


def test_a_pair_of_clips_that_were_never_tested_links_nothing():
    assert siblings.links([("x", "g01_c01")], siblings.sources_of(ROWS)) == set()
