"""Facts as columns: what `populate` draws and `infer` closes, for many worlds at once.

A world is a number in a column, so that 50,000 small worlds and one large world take the same path.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from wug.compiler.inferring.lists import Lists
from wug.compiler.populating.values import Values

if TYPE_CHECKING:
    from wug.compiler.inferring.extent import Extent

Ints = NDArray[np.int32]
Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Facts:
    """The facts of one relation in all worlds. Row i says that in world `world[i]` the relation holds of
    `arguments[i]`: numbers of entities, table rows or values, by the types of the relation's arguments."""

    world: Ints  # [facts]
    arguments: Ints  # [facts, arity]

    def __len__(self) -> int:
        return len(self.world)


@dataclass(frozen=True)
class Populated:
    """Worlds with names and stated facts.

    `names[entity]` are texts [worlds, count]; in a world that has fewer members the rest is unused, see
    `counts[entity]` [worlds]. `values[type]` are those of all worlds together. `parts[entity]` is the number
    of each member's part [worlds, count], -1 where its type is not divided; `scene[entity]` likewise of the
    scene that it belongs to.
    """

    worlds: int
    counts: dict[str, Rows]
    names: dict[str, NDArray[np.str_]]
    values: dict[str, Values]
    facts: dict[str, Facts]
    parts: dict[str, Rows]
    scene: dict[str, Rows]


@dataclass(frozen=True)
class Closure:
    """All facts of one relation that follow, with one proof each.

    `rule[i]` is -1 where row i was stated, else the number of the rule that gave it, and `premises[i]` are
    the rows that it was given, in the closures of the rule's body; of a rule that counts, those of one thing
    after another. `size[i]` counts the stated facts at the leaves of the proof, which is a smallest one.
    """

    facts: Facts
    rule: Ints  # [facts]
    premises: Lists  # [facts]
    size: Rows  # [facts]
    extent: Extent = field(repr=False, compare=False)


def pack(world: Ints, arguments: Ints, sizes: tuple[int, ...]) -> Rows:
    """Each (world, arguments) as one integer, mixed radix with the world in front; `sizes` bounds each
    argument. Keys of two calls with the same sizes can be compared.

    Raises OverflowError where the product of all sizes does not fit 63 bits.
    """
    worlds = int(world.max(initial=0)) + 1
    total = worlds
    for size in sizes:
        total *= max(size, 1)
    if total >= 2**63:
        raise OverflowError("too many possible facts to number")
    packed = world.astype(np.int64)
    for column, size in enumerate(sizes):
        packed = packed * max(size, 1) + arguments[:, column]
    return packed
