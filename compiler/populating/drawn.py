"""Drawn worlds of an experiment, and which of their facts are trained: who is chosen and who is held out."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.draw import Words, draw
from wug.compiler.experiment import Experiment, Holdout, Train, Where
from wug.compiler.facts import Closure, Ints, Populated, Rows
from wug.compiler.inferring.lists import distinct
from wug.compiler.inferring.proofs import stated_rows
from wug.compiler.world import IN_SCENE, Relation

if TYPE_CHECKING:
    from wug.compiler.updating.changes import Changes

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Drawn:
    """All worlds of an experiment: facts, proofs, and the members of each holdout, `held` [worlds, count]."""

    experiment: Experiment
    seeds: Words
    populated: Populated
    closures: dict[str, Closure]
    held: dict[str, Mask]
    changes: Changes | None = field(default=None, kw_only=True)
    """What became of the facts of the old version, where the world is one in two."""

    def chosen(self, relation: Relation, rows: Rows, wheres: tuple[Where, ...]) -> Mask:
        """Which rows of a relation's closure meet every condition."""
        facts = self.closures[relation.name].facts
        of, arguments = facts.world[rows], facts.arguments[rows]
        kept = np.ones(len(rows), bool)
        for where in wheres:
            entity, member = self.about(relation, where.argument, of, arguments)
            inside = np.zeros(len(rows), bool)
            for part in where.parts:
                inside |= self.members(entity, part)[of, member]
            kept &= ~inside if where.negated else inside
        return kept

    def about(self, relation: Relation, place: int, of: Ints, arguments: Ints) -> tuple[str, Rows]:
        """The type that facts are about at an argument, or IN_SCENE, and of each fact the member."""
        if place != IN_SCENE:
            return relation.arguments[place].type, arguments[:, place].astype(np.int64)
        types = [argument.type for argument in relation.arguments]
        entities = self.experiment.world.entities
        place = next(p for p, type in enumerate(types) if type in entities and entities[type].scene)
        return entities[types[place]].scene, self.populated.scene[types[place]][of, arguments[:, place]]

    def members(self, entity: str, part: str) -> Mask:
        """The members of a part or holdout [worlds, count]."""
        if part in self.held:
            return self.held[part]
        number = self.experiment.world.entities[entity].parts.index(part)
        return self.populated.parts[entity] == number

    def trained_rows(self, train: Train, worlds: Mask | None = None) -> Rows:
        """The facts that a `train` line trains, in all worlds or in some [worlds]: rows of its relation's
        closure. They are stated ones; of a relation whose facts are composed, which has none, they are all
        that follow."""
        rows = self._trained_by.get(train)
        closure = self.closures[train.relation]
        if rows is None:
            relation = self.experiment.world.relations[train.relation]
            rows = stated_rows(closure) if relation.population else np.flatnonzero(closure.rule >= 0)
            rows = rows[self.chosen(relation, rows, train.where) & ~self.kept_back(relation, rows)]
            self._trained_by[train] = rows
        return rows if worlds is None else rows[worlds[closure.facts.world[rows]]]

    @cached_property
    def _trained_by(self) -> dict[Train, Rows]:
        return {}

    @cached_property
    def trained_facts(self) -> dict[str, Rows]:
        """The facts that are trained in all worlds: rows of the closures, each once and in order."""
        rows: dict[str, list[Rows]] = {}
        for train in self.experiment.trains:
            rows.setdefault(train.relation, []).append(self.trained_rows(train))
        return {name: distinct(np.concatenate(parts)) for name, parts in rows.items()}

    @cached_property
    def trained(self) -> tuple[frozenset[tuple[str, int]], ...]:
        """The facts that are trained in each world: relation, and row of its closure."""
        found: list[set[tuple[str, int]]] = [set() for _ in self.seeds]
        for name, rows in self.trained_facts.items():
            worlds = self.closures[name].facts.world[rows]
            for of, row in zip(worlds.tolist(), rows.tolist(), strict=True):
                found[of].add((name, row))
        return tuple(map(frozenset, found))

    def kept_back(self, relation: Relation, rows: Rows) -> Mask:
        """Which facts speak of a member that is held out, and are of no relation that its holdout keeps."""
        facts = self.closures[relation.name].facts
        of, arguments = facts.world[rows], facts.arguments[rows]
        back = np.zeros(len(rows), bool)
        for holdout in self.experiment.holdouts:
            if relation.name in holdout.keep:
                continue
            for place, argument in enumerate(relation.arguments):
                entity = self.experiment.world.entities.get(argument.type)
                if argument.type == holdout.entity:
                    back |= self.held[holdout.name][of, arguments[:, place]]
                elif entity is not None and entity.scene == holdout.entity:
                    scene = self.populated.scene[argument.type][of, arguments[:, place]]
                    back |= self.held[holdout.name][of, scene]
        return back


def drawn(
    experiment: Experiment, seeds: Words, populated: Populated, closures: dict[str, Closure], report: Report
) -> Drawn:
    """The worlds with their holdouts drawn; one that cannot be met is reported."""
    held = {h.name: _hold_out(h, experiment, seeds, populated, closures, report) for h in experiment.holdouts}
    return Drawn(experiment, seeds, populated, closures, held)


def _hold_out(
    holdout: Holdout,
    experiment: Experiment,
    seeds: Words,
    populated: Populated,
    closures: dict[str, Closure],
    report: Report,
) -> Mask:
    """The members that a holdout takes in each world: the first of those that it may take, in drawn order."""
    names = populated.names[holdout.entity]
    index = np.arange(names.shape[1])[None, :]
    free = index < populated.counts[holdout.entity][:, None]
    for relation in experiment.world.forests(holdout.entity) if holdout.leaf else []:
        facts = closures[relation.name].facts
        stated = stated_rows(closures[relation.name])
        parent = 1 if relation.population is not None and relation.population.upward else 0
        free[facts.world[stated], facts.arguments[stated, parent]] = False
    there = free.sum(axis=1)
    wanted = np.ceil(there * holdout.share).astype(np.int64) if holdout.share else holdout.count
    short = np.flatnonzero(there < wanted)
    if len(short):
        what = f"leaf '{holdout.entity}'" if holdout.leaf else f"'{holdout.entity}'"
        message = f"{holdout.count} {what} are held out; world {short[0]} has {there[short[0]]}"
        report.add("W0401", message, holdout.span, help="hold out fewer, or raise the entity's count")
    ticket = draw(seeds[:, None], f"holdout/{holdout.name}", index)
    ticket = np.where(free, ticket, np.iinfo(np.uint64).max)
    order = np.argsort(ticket, axis=1, kind="stable")
    rank = np.empty_like(order)
    np.put_along_axis(rank, order, np.broadcast_to(index, order.shape), axis=1)
    return free & (rank < np.reshape(wanted, (-1, 1)))
