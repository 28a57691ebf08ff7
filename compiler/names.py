"""The names of entities: invented ones, those of a table of the user's own, and fresh ones in their shape."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from wug.compiler.diagnostics import Report
from wug.compiler.draw import Words
from wug.compiler.facts import Rows
from wug.compiler.fresh import fresh_like
from wug.compiler.words import draw_names, spell
from wug.compiler.world import Entity, World

Names = dict[str, NDArray[np.str_]]
"""The names of each type's members [worlds, count]."""


def real_names(world: World, seeds: Words, table: dict[str, list[list[str]]]) -> Names:
    """The names of evaluation worlds; those of a table are the same in all of them."""
    names: Names = {}
    taken: dict[int, Rows] = {}
    for entity in world.entities.values():
        if entity.data is None:
            names[entity.name] = _nonce(entity, seeds, entity.count, True, taken)
        else:
            real = np.array(table[entity.name][0])
            names[entity.name] = np.broadcast_to(real, (len(seeds), len(real)))
    return names


def fresh_names(
    world: World,
    seeds: Words,
    table: dict[str, list[list[str]]],
    counts: dict[str, Rows],
    report: Report,
) -> Names:
    """The names of fresh worlds with so many members of each type."""
    names: Names = {}
    taken: dict[int, Rows] = {}
    for entity in world.entities.values():
        most = int(counts[entity.name].max())
        if entity.data is not None:
            real = table[entity.name][0]
            names[entity.name] = fresh_like(real, seeds, f"{entity.name}/names", most, entity.span, report)
        else:
            names[entity.name] = _nonce(entity, seeds, most, False, taken)
    return names


def _nonce(
    entity: Entity, seeds: Words, count: int, reserved: bool, taken: dict[int, Rows]
) -> NDArray[np.str_]:
    """Invented names; types that share a lexicon share no name, the one declared first choosing first."""
    held = taken.get(entity.syllables)
    words = draw_names(seeds, f"{entity.name}/names", count, entity.syllables, reserved, held)
    taken[entity.syllables] = words if held is None else np.concatenate([held, words], axis=1)
    return np.array(spell(words.reshape(-1), entity.syllables)).reshape(words.shape)
