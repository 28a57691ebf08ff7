"""What is withheld: a drawn share of what augmentation could say, of which nothing is asked or said."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from wug.compiler.draw import permute
from wug.compiler.facts import Rows
from wug.compiler.plan import Augment
from wug.compiler.populating.drawn import Drawn
from wug.compiler.world import Relation


def asked(augment: Augment, relation: Relation, rows: Rows, drawn: Drawn) -> NDArray[np.bool_]:
    """Which of these facts are not withheld: of each world a drawn choice of first arguments, rounded up,
    with all their facts. So what is said of one fact tells nothing of another that is withheld.
    """
    facts, seeds = drawn.closures[relation.name].facts, drawn.seeds
    of, first = facts.world[rows], facts.arguments[rows, 0]
    groups, group = np.unique(np.stack([of, first], axis=1), axis=0, return_inverse=True)
    world = groups[:, 0]
    counts = np.bincount(world, minlength=len(seeds))
    number = np.arange(len(groups)) - (np.cumsum(counts) - counts)[world]
    # the path does not name the arm: two arms that withhold one share withhold the same facts
    ticket = permute(seeds[world], f"augment/{relation.name}", number, counts[world])
    kept = ticket < np.ceil(counts[world] * (1 - augment.withhold))
    return np.asarray(kept[group.reshape(-1)])
