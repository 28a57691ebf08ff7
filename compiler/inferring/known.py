"""What follows from a part of the facts: those that are trained, or those that an arm is shown.

A set is some facts of one world. All sets are closed at once: to inference each is a world of its own.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.facts import Closure, Facts, Ints, Populated, Rows
from wug.compiler.inferring.infer import infer
from wug.compiler.inferring.lists import distinct
from wug.compiler.inferring.proofs import Proofs, stated_rows
from wug.compiler.inferring.truth import is_false
from wug.compiler.populating.drawn import Drawn, Mask
from wug.compiler.world import Relation, World


@dataclass(frozen=True)
class Known:
    """Sets of facts, closed: set s is of world `of[s]`, and `closures` number sets where others do worlds."""

    world: World
    of: Ints  # [sets]
    populated: Populated
    closures: dict[str, Closure]

    @cached_property
    def proofs(self) -> Proofs:
        """Why these facts follow."""
        return Proofs(self.world, self.populated, self.closures)

    def rows(self, relation: str, sets: Ints, arguments: Ints) -> Rows:
        """Where these facts are in the relation's closure; -1 where they do not follow."""
        columns = [arguments[:, place] for place in range(arguments.shape[1])]
        return self.closures[relation].extent.find(sets, columns)

    def rests_on_absence(self, relation: str, row: int) -> bool:
        """Whether a proof uses that something does not hold, or counts: a part of the facts cannot tell."""
        stack, seen = [(relation, row)], set()
        while stack:
            at = stack.pop()
            if at in seen:
                continue
            seen.add(at)
            proof = self.proofs.of(*at)
            if proof is None:
                continue
            if proof.absent or proof.rule.counted is not None:
                return True
            stack += proof.premises
        return False

    def size(self, relation: str, sets: Ints, arguments: Ints) -> Rows:
        """On how many facts of its set each fact rests at least; 0 where it does not follow, 1 also where it
        follows from what its members are composed of alone."""
        rows = self.rows(relation, sets, arguments)
        size = self.closures[relation].size
        return (
            np.where(rows >= 0, np.maximum(size[rows], 1), 0) if len(size) else np.zeros(len(rows), np.int64)
        )

    def false(self, relation: str, sets: Ints, arguments: Ints) -> Mask:
        """Which facts are provably false by what is in their set."""
        made = self.world.relations[relation]
        return is_false(self.world, self.populated, made, self.closures, sets, arguments)

    def about(self, relation: Relation, sets: Ints, arguments: Ints, free: int) -> Mask:
        """Whether any fact follows that differs from these in the argument `free` at most."""
        places = tuple(place for place in range(len(relation.arguments)) if place != free)
        columns = [arguments[:, place] for place in places]
        return self.closures[relation.name].extent.any(places, sets, columns)


def in_full(known: Known, drawn: Drawn, relation: str, rows: Rows) -> Rows:
    """Where facts of the sets are in the closure of the full worlds; -1 where they are not true there."""
    facts = known.closures[relation].facts
    columns = [facts.arguments[rows, place] for place in range(facts.arguments.shape[1])]
    return drawn.closures[relation].extent.find(known.of[facts.world[rows]], columns)


def from_full(known: Known, drawn: Drawn, relation: NDArray[np.str_], rows: Rows) -> Rows:
    """Where facts of the full worlds are, each a row of its own relation's closure, in those of what is
    known of these worlds; -1 where they do not follow."""
    found = np.full(len(rows), -1, np.int64)
    for name in dict.fromkeys(relation.tolist()):
        mine = np.flatnonzero((relation == name) & (rows >= 0))
        facts, own = drawn.closures[name].facts, rows[mine]
        found[mine] = known.rows(name, facts.world[own], facts.arguments[own])
    return found


def columns_of(drawn: Drawn, sets: Sequence[Iterable[tuple[str, int]]]) -> dict[str, Facts]:
    """Sets of facts of the full worlds as columns, the number of its set for each fact's world."""
    rows: dict[str, list[tuple[int, int]]] = {}
    for number, seen in enumerate(sets):
        for relation, row in sorted(seen):
            rows.setdefault(relation, []).append((number, row))
    found = {}
    for relation, pairs in rows.items():
        number, row = np.array(pairs, np.int64).T
        found[relation] = Facts(number.astype(np.int32), drawn.closures[relation].facts.arguments[row])
    return found


def closed(drawn: Drawn, of: Ints, facts: Mapping[str, Facts], report: Report) -> Known:
    """Close sets of facts; in `facts` the number of a set stands for that of a world."""
    populated, world = drawn.populated, drawn.experiment.world
    given = {
        name: facts.get(name, Facts(np.empty(0, np.int32), np.empty((0, len(r.arguments)), np.int32)))
        for name, r in world.relations.items()
    }
    # what a member is composed of its name says, whoever hears it
    told = {name: _in_each(populated.facts[name], of) for name, r in world.relations.items() if r.built_in}
    counts = {name: count[of] for name, count in populated.counts.items()}
    names = {
        name: np.broadcast_to(texts[:1], (len(of), texts.shape[1])) for name, texts in populated.names.items()
    }
    sets = dataclasses.replace(populated, worlds=len(of), counts=counts, names=names, facts=given | told)
    return Known(world, of, sets, infer(world, sets, report))


def _in_each(facts: Facts, of: Ints) -> Facts:
    """The facts of the world that each set is of, as those of the set."""
    order = np.argsort(facts.world, kind="stable")
    first, last = (np.searchsorted(facts.world[order], of, side=side) for side in ("left", "right"))
    many = last - first
    place = np.arange(int(many.sum())) - np.repeat(np.cumsum(many) - many, many)
    rows = order[np.repeat(first, many) + place]
    return Facts(np.repeat(np.arange(len(of), dtype=np.int32), many), facts.arguments[rows])


def taught(drawn: Drawn, report: Report) -> Known:
    """What follows from all that is trained; the sets are the worlds."""
    of = np.arange(drawn.populated.worlds, dtype=np.int32)
    facts: dict[str, Facts] = {}
    whole = True
    for name, closure in drawn.closures.items():
        parts = [drawn.trained_rows(t) for t in drawn.experiment.trains if t.relation == name]
        rows = distinct(np.concatenate(parts)) if parts else np.empty(0, np.int64)
        facts[name] = Facts(closure.facts.world[rows], closure.facts.arguments[rows])
        whole &= len(rows) == len(stated_rows(closure))
    world = drawn.experiment.world
    if whole:
        return Known(world, of, drawn.populated, drawn.closures)
    known = closed(drawn, of, facts, report)
    named = dataclasses.replace(known.populated, names=drawn.populated.names)  # the sets are the worlds
    return dataclasses.replace(known, populated=named)


def everything(drawn: Drawn) -> Known:
    """What follows from all facts of the full worlds."""
    of = np.arange(drawn.populated.worlds, dtype=np.int32)
    return Known(drawn.experiment.world, of, drawn.populated, drawn.closures)
