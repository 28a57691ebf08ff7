"""What a population is laid out over, and what comes of it: grids of numbers, worlds by places for facts.

Members are laid out by number. Names are drawn, so which name stands where is random; members of a table of
the user's own, whose order means something, are shuffled afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wug.compiler.draw import Words, draw, permute
from wug.compiler.entities import Table
from wug.compiler.facts import Rows
from wug.compiler.populations import Population
from wug.compiler.world import Relation, World

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Plot:
    """A relation's ground in all worlds. `counts[i]` [worlds, 1] says how many members or rows argument i
    may be (0: it is a value). `most` [worlds, 1] bounds the facts of a fresh world."""

    world: World
    relation: Relation
    population: Population
    seeds: Words  # [worlds, 1]
    counts: tuple[Rows, ...]
    most: Rows | None

    @property
    def fresh(self) -> bool:
        return self.most is not None

    @property
    def same(self) -> bool:
        """Whether the first two arguments are of one type."""
        return self.relation.arguments[0].type == self.relation.arguments[1].type

    def path(self, what: str) -> str:
        """The path of a draw of this relation."""
        return f"{self.relation.name}/{what}"

    def nodes(self, argument: int = 0) -> Rows:
        """The numbers of an argument's members [1, most of any world]."""
        return np.arange(max(1, int(self.counts[argument].max())), dtype=np.int64)[None, :]

    def has(self, trait: str) -> bool:
        """Whether a trait holds of the two arguments alone."""
        return trait in self.relation.traits and len(self.relation.arguments) == 2


@dataclass(frozen=True)
class Laid:
    """The first two arguments of every fact [worlds, places], and which places hold one."""

    first: Rows
    second: Rows
    kept: Mask

    @classmethod
    def by_member(cls, second: Rows, kept: Mask) -> Laid:
        """Out of grids [worlds, first members, turns]."""
        first = np.broadcast_to(np.arange(kept.shape[1], dtype=np.int64)[None, :, None], kept.shape)
        flat = (len(kept), -1)
        return cls(first.reshape(flat), second.reshape(flat), kept.reshape(flat))


def further(plot: Plot, place: int, index: Rows) -> Rows:
    """An argument after the first two: entities or table rows, used as evenly as possible.

    Two facts in a row take a row of a mirrored table and its mirror, in drawn order, so that neither side
    of the table is right by habit.
    """
    argument = plot.relation.arguments[place]
    path = plot.path(argument.name)
    table: Table | None = plot.world.tables.get(argument.type)
    if table is None or -1 in table.mirror:
        counts = plot.counts[place]
        return permute(draw(plot.seeds, path, index // counts), "lap", index % counts, counts)
    couples = len(table.rows) // 2
    couple = index // 2
    chosen = permute(draw(plot.seeds, path, couple // couples), "lap", couple % couples, couples)
    turned = (draw(plot.seeds, f"{path}/turned", couple) & np.uint64(1)).astype(np.int64)
    return 2 * chosen + (turned ^ (index % 2))


def shuffled(plot: Plot, place: int, column: Rows, kept: Mask) -> Rows:
    """A column of members by number, under other numbers."""
    argument = plot.relation.arguments[place]
    inside = np.where(kept, column, 0)
    return permute(plot.seeds, plot.path(argument.type), inside, np.maximum(plot.counts[place], 1))
