"""The extent of a relation: what it holds of, with indexes to find it, and its proofs while they are found.

Rows are only ever appended or given a smaller proof. What is appended in one round of inference is found
through `pairs` from the next round on, so that a round sees one state of all relations.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wug.compiler.facts import Closure, Facts, Ints, Rows
from wug.compiler.inferring.lists import Column, Lists
from wug.compiler.inferring.runs import Runs, sort_keys

MOST_SIZE = 2**31 - 1
"""Proofs of more leaves than this count as so large: the number of leaves can double with each step."""


@dataclass(frozen=True)
class Derived:
    """Facts that a rule gives: their proofs rest on `premises` and have `size` leaves."""

    world: Ints
    columns: list[Ints]
    rule: int
    premises: Lists
    size: Rows


class Extent:
    """The facts of one relation in all worlds; argument i is less than `sizes[i]`.

    `stepping` is the number of the rule by which the relation is transitive. Facts that it alone gives are
    no steps, and chains are built step by step: each of their facts is found once for each last step, not
    once for each place where it can be cut in two. A stated fact counts as `leaf` leaves of a proof.
    """

    def __init__(
        self,
        stated: Facts,
        worlds: int,
        sizes: tuple[int, ...],
        stepping: int | None = None,
        leaf: int = 1,
    ) -> None:
        self.worlds = worlds
        self.sizes = sizes
        self.stepping = stepping
        self.world = Column(np.int32)
        self.columns = [Column(np.int32) for _ in sizes]
        self.rule = Column(np.int32)
        self.size = Column(np.int64)
        self.seen = 0
        self.before = 0
        self.delta = np.empty(0, np.int64)
        self._start, self._many, self._flat = Column(np.int64), Column(np.int32), Column(np.int32)
        self._step = Column(bool)
        self._changed: list[Rows] = []
        self._new_steps: list[Rows] = []
        self._whole = Runs(self._domain(range(len(sizes))))
        self._indexes: dict[tuple[tuple[int, ...], bool], Runs] = {}
        columns = [stated.arguments[:, place] for place in range(len(sizes))]
        keys = self._keys(range(len(sizes)), stated.world, columns)
        best, ordered = _smallest(*sort_keys(keys, self._domain(range(len(sizes)))), np.ones_like(keys))
        first = np.sort(best)  # as they were drawn, each once
        self._append(
            stated.world[first],
            [column[first] for column in columns],
            np.full(len(first), -1, np.int32),
            Lists(np.empty(0, np.int32), np.zeros(len(first), np.int64), np.zeros(len(first), np.int32)),
            np.full(len(first), leaf, np.int64),
        )
        place = np.empty(len(keys), np.int64)
        place[first] = np.arange(len(first))
        self._whole.add_sorted(ordered, place[best])
        self.advance()

    def __len__(self) -> int:
        return len(self.world)

    def _domain(self, places: Sequence[int]) -> int:
        domain = self.worlds
        for place in places:
            domain *= self.sizes[place]
        return domain

    def _keys(self, places: Sequence[int], world: Ints, columns: Sequence[Ints]) -> Rows:
        keys = world.astype(np.int64)
        for place, column in zip(places, columns, strict=True):  # in place: a fresh array costs more than it
            keys *= self.sizes[place]
            keys += column
        return keys

    def find(self, world: Ints, columns: Sequence[Ints]) -> Rows:
        """The row of each fact, -1 where it does not hold."""
        if not len(self):
            return np.full(len(world), -1, np.int64)
        return self._whole.find(self._keys(range(len(self.sizes)), world, columns))

    def pairs(
        self, places: tuple[int, ...], world: Ints, columns: Sequence[Ints], steps: bool = False
    ) -> tuple[Rows, Rows]:
        """All (place in these columns, row) that agree on the world and on the arguments at `places`; with
        `steps` only rows that are steps. Raises TooMany."""
        return self._index(places, steps).pairs(self._keys(places, world, columns))

    def any(self, places: tuple[int, ...], world: Ints, columns: Sequence[Ints]) -> NDArray[np.bool_]:
        """Whether there is a row that agrees on the world and on the arguments at `places`."""
        return self._index(places, False).any(self._keys(places, world, columns))

    def _index(self, places: tuple[int, ...], steps: bool) -> Runs:
        index = self._indexes.get((places, steps))
        if index is None:
            index = self._indexes[places, steps] = Runs(self._domain(places))
            rows = np.arange(self.seen)
            self._add_to(index, places, self.steps_of(rows) if steps else rows)
        return index

    def _add_to(self, index: Runs, places: tuple[int, ...], rows: Rows) -> None:
        columns = [self.columns[place].values[rows] for place in places]
        index.add(self._keys(places, self.world.values[rows], columns), rows)

    def steps_of(self, rows: Rows) -> Rows:
        """Those of some rows that are steps."""
        return rows[self._step.values[rows]]

    def offer(self, derived: Derived) -> int:
        """Take what is new or has a smaller proof; returns how many are new."""
        if not len(derived.world):
            return 0
        domain = self._domain(range(len(self.sizes)))
        keys, order = sort_keys(self._keys(range(len(self.sizes)), derived.world, derived.columns), domain)
        best, keys = _smallest(keys, order, derived.size)
        row = self._whole.find(keys)
        new = row < 0
        kept = best
        if not bool(new.all()):
            self._replace(derived, best[~new], row[~new])
            kept, keys = best[new], keys[new]
        first = len(self)
        self._append(
            derived.world[kept],
            [column[kept] for column in derived.columns],
            np.full(len(kept), derived.rule, np.int32),
            derived.premises.take(kept),
            derived.size[kept],
        )
        self._whole.add_sorted(keys, first + np.arange(len(kept)))
        return len(kept)

    def _append(self, world: Ints, columns: list[Ints], rule: Ints, premises: Lists, size: Rows) -> None:
        self.world.append(world)
        for mine, column in zip(self.columns, columns, strict=True):
            mine.append(column)
        self.rule.append(rule)
        self._step.append(rule != (self.stepping if self.stepping is not None else -2))
        self._start.append(premises.start + len(self._flat))
        self._many.append(premises.many)
        self._flat.append(premises.flat)
        self.size.append(size)

    def _replace(self, derived: Derived, given: Rows, rows: Rows) -> None:
        smaller = derived.size[given] < self.size.values[rows]
        given, rows = given[smaller], rows[smaller]
        if not len(rows):
            return
        premises = derived.premises.take(given)
        self.rule.values[rows] = derived.rule
        self.size.values[rows] = derived.size[given]
        self._start.values[rows] = premises.start + len(self._flat)
        self._many.values[rows] = premises.many
        self._flat.append(premises.flat)
        self._changed.append(rows)
        if derived.rule != self.stepping:
            self._new_steps.append(rows[~self._step.values[rows]])
            self._step.values[rows] = True

    def advance(self) -> None:
        """End a round: `delta` is what is new or has a smaller proof since, `before` what was there."""
        fresh = np.arange(self.seen, len(self))
        steps = [rows[rows < self.seen] for rows in self._new_steps]
        for (places, only_steps), index in self._indexes.items():
            rows = np.concatenate([*steps, self.steps_of(fresh)]) if only_steps else fresh
            self._add_to(index, places, rows)
        changed = [rows[rows < self.seen] for rows in self._changed]
        self.delta = np.concatenate([np.unique(np.concatenate(changed)), fresh]) if changed else fresh
        self.before, self.seen = self.seen, len(self)
        self._changed, self._new_steps = [], []

    def closure(self) -> Closure:
        """What holds, for good."""
        arguments = np.stack([column.values for column in self.columns], axis=1)
        premises = Lists(self._flat.values, self._start.values, self._many.values)
        facts = Facts(self.world.values, arguments)
        return Closure(facts, self.rule.values, premises, self.size.values, self)


def _smallest(keys: Rows, order: Rows, size: Rows) -> tuple[Rows, Rows]:
    """Of facts in the order of their keys, the first smallest of each key: (place, key)."""
    first = np.ones(len(keys), bool)
    first[1:] = keys[1:] != keys[:-1]
    if bool(first.all()):
        return order, keys
    begins = np.flatnonzero(first)
    ordered = size[order]
    least: NDArray[np.int64] = np.repeat(
        np.minimum.reduceat(ordered, begins), np.diff(begins, append=len(keys))
    )
    smallest = np.flatnonzero(ordered == least)
    of = keys[smallest]
    alone = np.ones(len(of), bool)
    alone[1:] = of[1:] != of[:-1]
    return order[smallest[alone]], of[alone]
