"""What is withheld: a drawn share of what augmentation could say, of which nothing is asked or said.

All facts about the same members are withheld or said together, so that what is withheld is said in no other
relation, form or order either; those about one member, where they are about the same values too. Of the
trained facts it is a share of their first arguments. What follows from the facts about some members alone
goes with these; of what follows from several it is a share of the groups of members that it is about.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.draw import permute
from wug.compiler.facts import Rows
from wug.compiler.inferring.known import Known, closed, columns_of, in_full
from wug.compiler.plan import Augment
from wug.compiler.populating.drawn import Drawn, Mask
from wug.compiler.saying.naming import Member, about
from wug.compiler.world import Relation

Fact = tuple[str, int]
"""A relation, and a row of its closure in the full worlds."""

Group = tuple[int, frozenset[Member]]
"""A world, and members and values of it that facts are about."""


@dataclass(frozen=True)
class Withheld:
    """What is withheld: which facts of the full worlds' closures, and the groups that these are about."""

    facts: dict[str, Mask]
    groups: frozenset[Group]

    def named(self, of: int, members: frozenset[Member], single: bool) -> bool:
        """Whether these members of world `of` are all that some withheld fact is about; a fact that is about
        one member alone counts only with `single`, since that is named whatever is said of it."""
        return any(
            members >= group
            for member in members
            for group in self._by_member.get((of, member), ())
            if single or len(group) > 1
        )

    @cached_property
    def _by_member(self) -> dict[tuple[int, Member], list[frozenset[Member]]]:
        found: dict[tuple[int, Member], list[frozenset[Member]]] = {}
        for of, group in self.groups:
            if group:
                found.setdefault((of, min(group)), []).append(group)
        return found


def trained_and_withheld(augment: Augment, drawn: Drawn) -> set[Fact]:
    """The trained facts that nothing is asked about: of each relation and world those of a drawn share of its
    first arguments, and others that name the same members."""
    if not augment.withhold:
        return set()
    out: set[Group] = set()
    for name in {train.relation for train in drawn.experiment.trains}:
        rows = np.array(sorted(row for each in drawn.trained for of, row in each if of == name), np.int64)
        lost = rows[~_drawn(augment, drawn.experiment.world.relations[name], rows, drawn)]
        out.update(_groups(drawn, name, lost))
    trained = {fact for each in drawn.trained for fact in each}
    return {
        fact for group, facts in _by_group(drawn, trained).items() if _holds(group, out) for fact in facts
    }


def withheld(augment: Augment, drawn: Drawn, taught: Known) -> Withheld:
    """What is withheld of what follows from what is trained."""
    held = {name: np.zeros(len(closure.facts), np.bool_) for name, closure in drawn.closures.items()}
    if not augment.withhold:
        return Withheld(held, frozenset())
    trained = {fact for each in drawn.trained for fact in each}
    lost = trained_and_withheld(augment, drawn)
    groups = _by_group(drawn, trained | _following(drawn, taught))
    out = set(_by_group(drawn, lost))
    kept = {group: group not in out for group in _by_group(drawn, trained)}
    behind = _behind(drawn, groups, set(groups) - set(kept))
    kept |= _shared(augment, drawn, groups, [group for group, others in behind.items() if not others], out)
    waiting = {group: others for group, others in behind.items() if group not in kept}
    while waiting:
        ready = [group for group, others in waiting.items() if others.isdisjoint(waiting)]
        for group in ready or [next(iter(waiting))]:  # groups that follow from one another in turn
            others = waiting.pop(group)
            kept[group] = any(kept.get(other, False) for other in others) and not _holds(group, out)
    for group, good in kept.items():
        if not good:
            for name, row in groups[group]:
                held[name][row] = True
    return Withheld(held, frozenset(group for group, good in kept.items() if not good))


def _drawn(augment: Augment, relation: Relation, rows: Rows, drawn: Drawn) -> Mask:
    """Which of a relation's trained facts are drawn to be said: of each world a choice of first arguments,
    rounded up, with all their facts. So what is said of one fact tells nothing of another that is withheld.
    """
    facts = drawn.closures[relation.name].facts
    of, first = facts.world[rows], facts.arguments[rows, 0]
    groups, group = np.unique(np.stack([of, first], axis=1), axis=0, return_inverse=True)
    return _choice(augment, drawn, f"augment/{relation.name}", groups[:, 0])[group.reshape(-1)]


def _choice(augment: Augment, drawn: Drawn, path: str, world: NDArray[np.int32]) -> Mask:
    """A drawn choice among things that are ordered by their `world`, rounded up in each."""
    counts = np.bincount(world, minlength=len(drawn.seeds))
    number = np.arange(len(world)) - (np.cumsum(counts) - counts)[world]
    # the path does not name the arm: two arms that withhold one share withhold the same facts
    ticket = permute(drawn.seeds[world], path, number, counts[world])
    return np.asarray(ticket < np.ceil(counts[world] * (1 - augment.withhold)))


def _following(drawn: Drawn, taught: Known) -> set[Fact]:
    """All true facts that follow from what is trained, but those that names tell."""
    found: set[Fact] = set()
    for name, closure in taught.closures.items():
        if not drawn.experiment.world.relations[name].built_in:
            rows = in_full(taught, drawn, name, np.arange(len(closure.facts)))
            found |= {(name, row) for row in rows[rows >= 0].tolist()}
    return found


def _groups(drawn: Drawn, relation: str, rows: Rows) -> list[Group]:
    worlds = drawn.closures[relation].facts.world[rows].tolist()
    return list(zip(worlds, about(drawn, relation, rows), strict=True))


def _by_group(drawn: Drawn, facts: set[Fact]) -> dict[Group, list[Fact]]:
    """Facts by what they are about, in the order of the world's relations."""
    rows: dict[str, list[int]] = {}
    for name, row in sorted(facts):
        rows.setdefault(name, []).append(row)
    found: dict[Group, list[Fact]] = {}
    for name in drawn.experiment.world.relations:
        own = rows.get(name, [])
        for group, row in zip(_groups(drawn, name, np.array(own, np.int64)), own, strict=True):
            found.setdefault(group, []).append((name, row))
    return found


def _behind(
    drawn: Drawn, groups: dict[Group, list[Fact]], derived: set[Group]
) -> dict[Group, frozenset[Group]]:
    """For each `derived` group the others of which some fact follows, or which name it: who says these says,
    or as good as says, something about it."""
    behind: dict[Group, set[Group]] = {group: set() for group in groups if group in derived}
    every = list(groups)
    of = np.array([world for world, _ in every], np.int32)
    alone = closed(drawn, of, columns_of(drawn, [groups[group] for group in every]), Report())
    group_of = {fact: group for group, facts in groups.items() for fact in facts}
    nothing = closed(drawn, np.arange(len(drawn.seeds), dtype=np.int32), {}, Report())
    for name, closure in alone.closures.items():
        rows = np.arange(len(closure.facts))
        free = in_full(nothing, drawn, name, np.arange(len(nothing.closures[name].facts)))
        full = in_full(alone, drawn, name, rows)
        told = np.flatnonzero((full >= 0) & ~np.isin(full, free))
        for row, at in zip(told.tolist(), full[told].tolist(), strict=True):
            entailed = group_of.get((name, at))
            teller = every[closure.facts.world[row]]
            if entailed in behind and entailed != teller and not alone.rests_on_absence(name, row):
                behind[entailed].add(teller)
    for group in groups:
        for part in _parts(group):
            if part in behind:
                behind[part].add(group)
    return {group: frozenset(others) for group, others in behind.items()}


def _shared(
    augment: Augment,
    drawn: Drawn,
    groups: dict[Group, list[Fact]],
    roots: Iterable[Group],
    out: set[Group],
) -> dict[Group, bool]:
    """Which of the groups of compositions are drawn to be said: a share of those of each relation, where a
    group is of the relation that is declared first."""
    found: dict[Group, bool] = {}
    by_relation: dict[str, list[Group]] = {}
    for group in roots:
        by_relation.setdefault(groups[group][0][0], []).append(group)
    for name, own in by_relation.items():
        own.sort(key=lambda group: (group[0], groups[group][0][1]))
        world = np.array([of for of, _ in own], np.int32)
        chosen = _choice(augment, drawn, f"augment/{name}/together", world)
        for group, good in zip(own, chosen.tolist(), strict=True):
            found[group] = good and not _holds(group, out)
    return found


def _parts(group: Group) -> list[Group]:
    """The smaller groups of two members or more among these."""
    of, members = group
    ordered = sorted(members)
    sizes = range(2, len(ordered))
    return [(of, frozenset(part)) for size in sizes for part in itertools.combinations(ordered, size)]


def _holds(group: Group, out: set[Group]) -> bool:
    """Whether a group names all of one that is withheld."""
    return group in out or any(part in out for part in _parts(group))
