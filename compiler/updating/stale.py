"""Answers that were right before: what the old version of a world says to the question of an item."""

from __future__ import annotations

import numpy as np

from wug.compiler.asking.choices import of_the_question
from wug.compiler.facts import Ints, Rows
from wug.compiler.inferring.known import everything
from wug.compiler.populating.drawn import Drawn
from wug.compiler.saying.render import Texts
from wug.compiler.world import Relation


def old_facts(drawn: Drawn, relation: Relation, place: int, rows: Rows) -> Ints | None:
    """For each of these facts the one that was true in its place before, with another value in the argument
    `place`: its arguments [rows, arity], all -1 where there is none. None where the world is not updated."""
    changes = drawn.changes
    if changes is None or place < 0:
        return None
    then = np.where(changes.same(relation.name) >= 0, -1, changes.instead(relation.name, place))[rows]
    facts = drawn.closures[relation.name].facts
    of, now = facts.world[rows], facts.arguments[rows]
    was = now.copy()
    was[:, place] = changes.new_numbers(relation.name, place, then)
    there = np.asarray(was[:, place] >= 0)
    there &= ~of_the_question(relation, place, now, was[:, place])
    there[there] = everything(drawn).false(relation.name, of[there], was[there])
    was[~there] = -1
    return was


def offered(wrong: list[Ints], was: Ints | None) -> list[Ints]:
    """Wrong choices, the old value among them where there is one: it takes the last place."""
    if was is None or not wrong:
        return wrong
    there = np.asarray((was >= 0).all(axis=1))
    for given in wrong:
        there &= ~(given == was).all(axis=1)
    return [*wrong[:-1], np.where(there[:, None], was, wrong[-1])]


def state_of(drawn: Drawn, relation: str, varied: int, rows: Rows) -> Texts:
    """What became of the facts of items that ask for the argument `varied`."""
    changes = drawn.changes
    if changes is None:
        return np.full(len(rows), "")
    place = varied if changes.decided(relation, varied) else changes.place(relation)
    return changes.states(relation, place)[rows]


def removed(drawn: Drawn, relation: Relation, varied: int, stated: bool) -> tuple[Ints, Ints]:
    """What was true of members and values that there still are, and in whose place nothing is true now, in
    world and arguments as numbers of the new version; of facts that were `stated`, or that followed."""
    changes = drawn.changes
    none = np.empty(0, np.int32), np.empty((0, len(relation.arguments)), np.int32)
    if changes is None or relation.name not in changes.old.closures or changes.place(relation.name) != varied:
        return none
    closure = changes.old.closures[relation.name]
    rows = np.flatnonzero((changes.replaced(relation.name) < 0) & ((closure.rule < 0) == stated))
    if not len(rows):
        return none
    places = range(len(relation.arguments))
    arguments = np.stack([changes.new_numbers(relation.name, place, rows) for place in places], axis=1)
    there = np.asarray((arguments >= 0).all(axis=1))
    of, arguments = closure.facts.world[rows][there], arguments[there].astype(np.int32)
    false = everything(drawn).false(relation.name, of, arguments)
    return of[false], arguments[false]


def foremost(wrong: list[Ints], was: Ints) -> list[Ints]:
    """Wrong choices of which the first is what was true; where another one is that, they change places."""
    found = [wrong[0], *(np.where((each == was).all(axis=1)[:, None], wrong[0], each) for each in wrong[1:])]
    return [was, *found[1:]]
