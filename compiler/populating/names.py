"""The names of entities: invented ones, those of a table of the user's own, and fresh ones in their shape."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.draw import Words, permute
from wug.compiler.entities import Entity, Naming
from wug.compiler.facts import Rows
from wug.compiler.populating.fresh import fresh_like
from wug.compiler.populating.sheets import Sheet
from wug.compiler.words.pools import Pool, pool_of
from wug.compiler.world import World

Names = dict[str, NDArray[np.str_]]
"""The names of each type's members [worlds, count]."""


class Namer:
    """Hands out invented names. Types of one lexicon share no word; the first declared chooses first."""

    def __init__(self, world: World, seeds: Words, reserved: bool, report: Report) -> None:
        self.world = world
        self.seeds = seeds
        self.reserved = reserved
        self.report = report
        self.taken: dict[str, Rows] = {}

    def names(self, entity: Entity, count: int) -> NDArray[np.str_]:
        """Names [worlds, count]. Reports a lexicon that is too small (W0401)."""
        naming = entity.naming
        if naming is None:
            names = np.array([f"{entity.numbered} {number}" for number in range(1, count + 1)], np.str_)
            return np.broadcast_to(names, (len(self.seeds), count))
        pool = pool_of(self.world, naming, self.reserved, self.report)
        if naming.shared and self.reserved:
            texts = pool.texts[self._shared(entity, naming, pool, count)]
        else:
            words = self._words(entity, pool, count * naming.words)
            texts = pool.texts[words].reshape(len(self.seeds), count, naming.words)
        name = texts[..., 0]
        for place in range(1, naming.words):
            name = np.char.add(np.char.add(name, " "), texts[..., place])
        return name

    def _shared(self, entity: Entity, naming: Naming, pool: Pool, count: int) -> Rows:
        """Names that share their words, no two alike, as places in the pool [worlds, count, words].

        However many members there are, each place has as many words, so that a raised count keeps the first
        names. Fresh worlds are too small to share any: there each name has words of its own.
        """
        size = naming.shared
        lists = self._words(entity, pool, size * naming.words).reshape(len(self.seeds), naming.words, size)
        index = np.arange(count, dtype=np.int64)[None, :]
        number = permute(self.seeds[:, None], f"{entity.name}/names/shared", index, size**naming.words)
        places = [
            np.take_along_axis(lists[:, place], number // size**place % size, axis=1)
            for place in range(naming.words)
        ]
        return np.stack(places, axis=-1)

    def _words(self, entity: Entity, pool: Pool, count: int) -> Rows:
        """Distinct words that no other type has, as places in the pool [worlds, count]."""
        taken = self.taken.get(pool.group)
        held = 0 if taken is None else taken.shape[1]
        drawn = pool.draw(self.seeds, f"{entity.name}/names", min(count + held, len(pool.numbers)))
        numbers = pool.numbers[drawn]
        free = np.ones(drawn.shape, bool)
        if taken is not None:
            world = np.arange(len(self.seeds), dtype=np.int64)[:, None] * pool.bound
            free = ~np.isin(numbers + world, taken + world)
        kept = free & (np.cumsum(free, axis=1) <= count)
        if bool((kept.sum(axis=1) < count).any()):
            self._too_few(entity, pool, count)
        words = drawn[kept].reshape(len(self.seeds), count)
        chosen = pool.numbers[words]
        self.taken[pool.group] = chosen if taken is None else np.concatenate([taken, chosen], axis=1)
        return words

    def _too_few(self, entity: Entity, pool: Pool, count: int) -> None:
        what = "of those kept for worlds" if self.reserved else "for pretraining's fresh worlds"
        held = self.taken[pool.group].shape[1] if pool.group in self.taken else 0
        others = f", and {held:,} are taken by other types" if held else ""
        message = f"'{entity.name}' needs {count:,} words {what}; there are {len(pool.numbers):,}{others}"
        help = "more letters, syllables, onsets, nuclei or codas make more words"
        self.report.fail("W0401", message, entity.span, help=help)


def real_names(world: World, seeds: Words, sheets: dict[str, Sheet], report: Report) -> Names:
    """The names of evaluation worlds; those of a table are the same in all of them."""
    names: Names = {}
    namer = Namer(world, seeds, True, report)
    for entity in world.entities.values():
        if entity.data is None and not entity.composed:
            names[entity.name] = namer.names(entity, entity.count)
        elif entity.data is not None:
            real = np.array(sheets[entity.name].names)
            names[entity.name] = np.broadcast_to(real, (len(seeds), len(real)))
    return names


def fresh_names(
    world: World,
    seeds: Words,
    sheets: dict[str, Sheet],
    counts: dict[str, Rows],
    report: Report,
) -> Names:
    """The names of fresh worlds with so many members of each type."""
    names: Names = {}
    namer = Namer(world, seeds, False, report)
    for entity in world.entities.values():
        most = int(counts[entity.name].max())
        if entity.data is not None:
            real = sheets[entity.name].names
            names[entity.name] = fresh_like(real, seeds, f"{entity.name}/names", most, entity.span, report)
        elif not entity.composed:
            names[entity.name] = namer.names(entity, most)
    return names
