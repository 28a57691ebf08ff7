"""What is withheld: a drawn share of what augmentation could say, of which nothing is asked or said.

Of the trained facts it is a share of their first arguments, with all that follows from one of these facts
alone, so that what is withheld is said in no other way either. Of what follows from several facts together it
is a share of its own first arguments.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from wug.compiler.draw import permute
from wug.compiler.facts import Rows
from wug.compiler.inferring.known import Known, in_full
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


def withheld(augment: Augment, drawn: Drawn, taught: Known) -> dict[str, NDArray[np.bool_]]:
    """Which facts of the full worlds' closures are withheld, of those that follow from what is trained."""
    held = {name: np.zeros(len(closure.facts), np.bool_) for name, closure in drawn.closures.items()}
    if not augment.withhold:
        return held
    trained: dict[str, Rows] = {}
    for name in held:
        own = {row for each in drawn.trained for of, row in each if of == name}
        trained[name] = np.array(sorted(own), np.int64)
        kept = asked(augment, drawn.experiment.world.relations[name], trained[name], drawn)
        held[name][trained[name][~kept]] = True
    rest: dict[str, Rows] = {}
    for name, closure in taught.closures.items():
        full = in_full(taught, drawn, name, np.arange(len(closure.facts)))
        derived = np.flatnonzero((full >= 0) & ~np.isin(full, trained[name]))
        several = []
        for row in derived.tolist():
            leaves = taught.proofs.leaves(name, row)
            if len(leaves) == 1:
                leaf, at = leaves[0]
                held[name][full[row]] = held[leaf][in_full(taught, drawn, leaf, np.array([at]))[0]]
            else:
                several.append(int(full[row]))
        rest[name] = np.array(sorted(several), np.int64)
    for name, rows in rest.items():
        if len(rows):
            kept = asked(augment, drawn.experiment.world.relations[name], rows, drawn)
            held[name][rows[~kept]] = True
    return held
