"""What became of facts from one version of a world to the next, by what they say.

Facts of both versions are compared as texts, so it makes no difference how members and values are numbered,
or whether they are there in both. A fact is *kept* where the old version has it too. Where a relation gives
one value (`functional`, `injective`, or a `converse` that is `asymmetric`) and the old version gave another
one in its place, it is *changed*; else it is *added*. What the old version has and the new one has not, and
has nothing else in its place, is *removed*.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from wug.compiler.facts import Ints, Populated, Rows
from wug.compiler.saying.render import Texts, text_of
from wug.compiler.updating.versions import ADDED, CHANGED, KEPT
from wug.compiler.world import Relation, World

if TYPE_CHECKING:
    from wug.compiler.populating.drawn import Drawn

Codes = NDArray[np.int64]


@dataclass(frozen=True)
class Changes:
    """Two versions of an experiment's worlds, drawn from the same seeds."""

    old: Drawn
    new: Drawn

    def same(self, relation: str) -> Rows:
        """For each fact of the new version where it is in the old one's closure, -1 where it is not there."""
        new, old = self._codes[relation]
        return _found(new, old)

    def kept(self, relation: str) -> Rows:
        """For each fact of the old version where it is in the new one's closure, -1 where it is not there."""
        if relation not in self._codes:
            return np.full(len(self.old.closures[relation].facts), -1, np.int64)
        new, old = self._codes[relation]
        return _found(old, new)

    def instead(self, relation: str, place: int) -> Rows:
        """For each fact of the new version the one of the old closure that differs from it in the argument
        `place` at most; -1 where there is none, or the relation may have several values there."""
        new, old = self._codes[relation]
        if not self.decided(relation, place):
            return np.full(len(new), -1, np.int64)
        return _found(np.delete(new, place + 1, axis=1), np.delete(old, place + 1, axis=1))

    def replaced(self, relation: str) -> Rows:
        """For each fact of the old version the one of the new closure that has its place, itself where it is
        kept; -1 where nothing has."""
        place = self.place(relation)
        if relation not in self._codes or place < 0:
            return self.kept(relation)
        new, old = self._codes[relation]
        return _found(np.delete(old, place + 1, axis=1), np.delete(new, place + 1, axis=1))

    def decided(self, relation: str, place: int) -> bool:
        """Whether all other arguments of a fact leave one value for this one, in both versions."""
        worlds = self.old.experiment.world, self.new.experiment.world
        return all(
            relation in world.relations and _decides(world.relations[relation], place) for world in worlds
        )

    def place(self, relation: str) -> int:
        """The argument whose value a fact of this relation gives; -1 where it gives none."""
        if relation not in self._codes:
            return -1
        every = range(len(self.new.experiment.world.relations[relation].arguments))
        order = sorted(every, key=lambda place: (place != 1, place))  # what is functional comes first
        return next((place for place in order if self.decided(relation, place)), -1)

    def states(self, relation: str, place: int) -> Texts:
        """What became of each fact of the new version, its value standing in the argument `place`."""
        instead = self.instead(relation, place) if place >= 0 else np.full(len(self.same(relation)), -1)
        new = np.where(instead >= 0, CHANGED, ADDED)
        return np.where(self.same(relation) >= 0, KEPT, new).astype(np.str_)

    def new_numbers(self, relation: str, place: int, rows: Rows) -> Ints:
        """What facts of the old version have in the argument `place`, as a number of the new one; -1 where
        that has no such member or value, and for the row -1."""
        old, new = self.old, self.new
        facts = old.closures[relation].facts
        type = new.experiment.world.relations[relation].arguments[place].type
        of, number = facts.world[rows], facts.arguments[rows, place]
        there = _members(new.experiment.world, new.populated, type, np.unique(of))
        texts = [
            _texts(old.experiment.world, old.populated, type, of, number),
            _texts(new.experiment.world, new.populated, type, *there),
        ]
        wanted, known = _coded([of, there[0]], [texts])
        found = _found(wanted, known)
        return np.where((rows >= 0) & (found >= 0), there[1][found] if len(there[1]) else -1, -1)

    @cached_property
    def _codes(self) -> dict[str, tuple[Codes, Codes]]:
        """The facts of each relation of both versions as numbers [facts, 1 + arity], the same for the same
        world and texts."""
        found = {}
        for name, relation in self.new.experiment.world.relations.items():
            both = [self.new, self.old] if name in self.old.closures else [self.new]
            facts = [each.closures[name].facts for each in both]
            texts = [
                [
                    _texts(each.experiment.world, each.populated, a.type, own.world, own.arguments[:, place])
                    for each, own in zip(both, facts, strict=True)
                ]
                for place, a in enumerate(relation.arguments)
            ]
            codes = _coded([own.world for own in facts], texts)
            found[name] = codes[0], codes[1] if len(codes) > 1 else codes[0][:0]
        return found


def _decides(relation: Relation, place: int) -> bool:
    if place == relation.converse:
        return "asymmetric" in relation.traits
    return (place == 1 and "functional" in relation.traits) or (
        place == 0 and "injective" in relation.traits and len(relation.arguments) > 1
    )


def _texts(world: World, populated: Populated, type: str, of: Ints, number: Ints) -> Texts:
    """How values read, a table's rows in all of their columns."""
    if type not in world.tables:
        return text_of(world, populated, type, 0, of, number)
    return np.array(["\t".join(row) for row in world.tables[type].rows])[number]


def _members(world: World, populated: Populated, type: str, worlds: Rows) -> tuple[Ints, Ints]:
    """All members, rows or values of a type in some worlds: in which one, and their numbers."""
    if type in world.tables:
        counts = np.full(len(worlds), len(world.tables[type].rows))
    elif type in populated.values:
        counts = np.full(len(worlds), len(populated.values[type]))
    else:
        counts = populated.counts[type][worlds]
    of = np.repeat(worlds, counts).astype(np.int32)
    number = np.arange(len(of)) - np.repeat(np.cumsum(counts) - counts, counts)
    return of, number.astype(np.int32)


def _coded(worlds: Sequence[Ints], columns: Sequence[Sequence[Texts]]) -> list[Codes]:
    """Tables of a world and texts as numbers, equal where the texts are; `columns` are by place and table."""
    ends = np.cumsum([len(world) for world in worlds])[:-1]
    parts = [np.concatenate(worlds).astype(np.int64)]
    parts += [np.unique(np.concatenate(texts), return_inverse=True)[1].reshape(-1) for texts in columns]
    return np.split(np.stack(parts, axis=1), ends)


def _found(wanted: Codes, among: Codes) -> Rows:
    """Where each row stands among others, -1 where it does not."""
    if not len(wanted) or not len(among):
        return np.full(len(wanted), -1, np.int64)
    _, number = np.unique(np.concatenate([wanted, among]), axis=0, return_inverse=True)
    number = number.reshape(-1)
    place = np.full(int(number.max()) + 1, -1, np.int64)
    place[number[len(wanted) :]] = np.arange(len(among))
    return place[number[: len(wanted)]]
