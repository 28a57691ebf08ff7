"""Facts to their closure: semi-naive evaluation of stratified Datalog, with a smallest proof for each fact.

Strata are closed one after the other, so that what a rule denies or counts is whole before. The size of a
proof is the number of stated facts at its leaves; a fact that is found again with a smaller proof counts as
new, so the proofs kept at the end are smallest ones (Knuth, "A generalization of Dijkstra's algorithm",
1977). A round costs what is new in it: indexes grow, and nothing is sorted twice.
"""

from __future__ import annotations

import math

import numpy as np

from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.facts import Closure, Populated, Rows
from wug.compiler.inferring.extent import MOST_SIZE, Derived, Extent
from wug.compiler.inferring.inference import Inference, constant_numbers, inferences
from wug.compiler.inferring.lists import Lists, changes
from wug.compiler.inferring.match import Match, begin, head_columns, solve
from wug.compiler.inferring.runs import TooMany
from wug.compiler.inferring.strata import strata
from wug.compiler.populating.sequences import find_sequences, padded
from wug.compiler.world import World

MOST_FACTS = 20_000_000
"""The most facts that may follow: about 2 GB. Above it the rules are refused before memory is gone."""


def infer(world: World, populated: Populated, report: Report) -> dict[str, Closure]:
    """Every relation's closure, in all worlds at once. Reports rules that explode (W0409)."""
    return _Inferring(world, populated, report).run()


def domain(world: World, populated: Populated, type: str) -> int:
    """How many things of a type there are at most: members in one world, rows of a table, or values."""
    if type in world.tables:
        return len(world.tables[type].rows)
    if type in populated.values:
        return len(populated.values[type])
    return int(populated.names[type].shape[1])


class _Inferring:
    def __init__(self, world: World, populated: Populated, report: Report) -> None:
        self.world = world
        self.report = report
        self.populated = populated
        self.values = populated.values
        self.made: dict[str, list[Rows]] = {}
        self.facts = 0
        self.extents: dict[str, Extent] = {}
        self.rules: dict[str, list[tuple[int, Inference, dict[int, int]]]] = {}
        stepping: dict[str, int] = {}
        for number, rule in enumerate(inferences(world)):
            constants = constant_numbers(world, populated, rule.body.constants)
            if constants is not None:
                self.rules.setdefault(rule.head, []).append((number, rule, constants))
            if rule.stepwise:
                stepping[rule.head] = number
        for relation in world.relations.values():
            sizes = tuple(max(1, domain(world, populated, a.type)) for a in relation.arguments)
            possible = math.prod((populated.worlds, *sizes))
            if possible >= 2**63:
                message = f"'{relation.name}' could hold {possible:.0e} facts: more than can be numbered"
                help = "lower the counts, or split the relation into some of fewer arguments"
                report.fail("W0409", message, relation.span, help=help)
            self.extents[relation.name] = Extent(
                populated.facts[relation.name],
                populated.worlds,
                sizes,
                stepping.get(relation.name),
                leaf=0 if relation.built_in else 1,
            )

    def run(self) -> dict[str, Closure]:
        for group in strata(self.world.relations, self.world.rules):
            self._close(group)
        return {name: extent.closure() for name, extent in self.extents.items()}

    def _close(self, group: tuple[str, ...]) -> None:
        """All that follows of some relations that depend on each other, those below them being whole."""
        rules = [each for name in group for each in self.rules.get(name, ())]
        for number, rule, constants in rules:
            seed = min(
                range(len(rule.body.holds)), key=lambda place: self.extents[rule.body.holds[place][0]].seen
            )
            extent = self.extents[rule.body.holds[seed][0]]
            self._apply(number, rule, constants, seed, np.arange(extent.seen), {})
        while self._advance(group):
            for number, rule, constants in rules:
                for turn, (relation, _) in enumerate(rule.body.holds):
                    # each combination once: new in this place, old in those before it that may be new too
                    before = {
                        place: self.extents[other].before
                        for place, (other, _) in enumerate(rule.body.holds[:turn])
                        if other in group
                    }
                    if relation in group and all(before.values()):
                        delta = self.extents[relation].delta
                        self._apply(number, rule, constants, turn, delta, before)

    def _advance(self, group: tuple[str, ...]) -> bool:
        """Go on to the next round, if anything changed in the last."""
        for name in group:
            self.extents[name].advance()
        return any(len(self.extents[name].delta) for name in group)

    def _apply(
        self,
        number: int,
        rule: Inference,
        constants: dict[int, int],
        place: int,
        rows: Rows,
        before: dict[int, int],
    ) -> None:
        """One rule with some facts in one place of its body."""
        relation, terms = rule.body.holds[place]
        extent = self.extents[relation]
        if rule.stepwise and place == 0:
            rows = extent.steps_of(rows)
        if not len(rows):
            return
        columns = [column.values[rows] for column in extent.columns]
        match = begin(place, terms, rows, extent.world.values[rows], columns, constants)
        wanted = frozenset(rule.head_terms) | {-1 if rule.counted is None else rule.counted}
        wanted |= set() if rule.joined is None else {rule.joined.variable, rule.joined.place}
        try:
            match = solve(match, rule.body, self.extents, wanted, rule.stepwise, before)
        except TooMany as many:
            self.report.fail(
                "W0409",
                f"{rule.name} would join {many.total:,} rows at once, about {many.total * 72 / 1e9:.0f} GB",
                rule.span,
                help="lower the counts, or let the rule's body share more variables",
            )
        if not len(match):
            return
        make = self._derived if rule.counted is None else self._counted
        if rule.joined is not None:
            make = self._joined
        self.facts += self.extents[rule.head].offer(make(number, rule, match))
        if self.facts > MOST_FACTS:
            self.report.fail(
                "W0409",
                f"more than {MOST_FACTS:,} facts follow, and {rule.name} gives more",
                rule.span,
                help="lower the counts, or leave out a rule whose facts nothing asks for",
            )

    def _sizes(self, rule: Inference, match: Match) -> Rows:
        """The leaves of each match's proof."""
        size = np.zeros(len(match), np.int64)
        for place, (relation, _) in enumerate(rule.body.holds):
            size += self.extents[relation].size.values[match.rows[place]]
        return np.minimum(size, MOST_SIZE, out=size)

    def _derived(self, number: int, rule: Inference, match: Match) -> Derived:
        premises = Lists.of([match.rows[place] for place in range(len(rule.body.holds))])
        return Derived(match.world, head_columns(rule, match), number, premises, self._sizes(rule, match))

    def _counted(self, number: int, rule: Inference, match: Match) -> Derived:
        """One fact for each group: its proof rests on a smallest proof for each thing that is counted."""
        assert rule.counted is not None
        size, thing = self._sizes(rule, match), match.columns[rule.counted]
        group = [match.world, *(match.columns[term] for term in rule.head_terms if term >= 0)]
        order = np.lexsort((size, thing, *reversed(group)))
        group_begins = changes([column[order] for column in group])
        thing_begins = group_begins | changes([thing[order]])
        chosen = order[thing_begins]  # the smallest proof of each thing, group after group
        first = np.flatnonzero(group_begins[thing_begins])
        many = np.diff(first, append=len(chosen))
        integers = self.values["integer"].keys
        counts = np.searchsorted(integers, many).astype(np.int32)
        columns = [
            counts if place == rule.count_place else match.columns[term][chosen[first]]
            for place, term in enumerate(rule.head_terms)
        ]
        width = len(rule.body.holds)
        flat = np.stack([match.rows[place][chosen] for place in range(width)], axis=1).astype(np.int32)
        premises = Lists(flat.reshape(-1), first * width, (many * width).astype(np.int32))
        total = np.minimum(np.add.reduceat(size[chosen], first), MOST_SIZE)
        return Derived(match.world[chosen[first]], columns, number, premises, total)

    def _joined(self, number: int, rule: Inference, match: Match) -> Derived:
        """One fact for each group whose sequence is whole: of each place the one thing that stands there."""
        join = rule.joined
        assert join is not None
        group = [match.world, *(match.columns[term] for term in rule.head_terms if term >= 0)]
        place, thing, size = match.columns[join.place], match.columns[join.variable], self._sizes(rule, match)
        order = np.lexsort((size, thing, place, *reversed(group)))
        group_begins = changes([column[order] for column in group])
        place_begins = group_begins | changes([place[order]])
        clash = changes([thing[order]]) & ~place_begins
        if bool(clash.any()):
            message = f"{rule.name} has two things to join at one place of a sequence"
            help = (
                "the relation that gives them must be functional, and the head name all that they depend on"
            )
            self.report.fail("W0212", message, rule.span, help=help)
        chosen = order[place_begins]
        first = np.flatnonzero(group_begins[place_begins])
        many = np.diff(first, append=len(chosen))
        along = match.columns[join.along][chosen[first]]
        whole = many == self._lengths(self._along(rule))[match.world[chosen[first]], along]
        first, many = first[whole], many[whole]
        sequences = np.full((len(first), 1 + int(many.max(initial=0))), -1, np.int64)
        sequences[:, 0] = match.world[chosen[first]]
        rows = np.repeat(np.arange(len(first)), many)
        at = np.arange(len(rows)) - (np.cumsum(many) - many)[rows]
        flat = chosen[first[rows] + at]
        sequences[rows, 1 + at] = thing[flat]
        self.made.setdefault(join.sequence, []).append(sequences)
        member = find_sequences(self.populated.facts[join.sequence], self.values["integer"], sequences)
        there = member >= 0  # all are, once the sequences that rules join are members
        kept = there[rows]
        first, many, flat = first[there], many[there], flat[kept]
        columns = [
            member[there].astype(np.int32)
            if at_place == rule.count_place
            else match.columns[term][chosen[first]]
            for at_place, term in enumerate(rule.head_terms)
        ]
        width = len(rule.body.holds)
        starts = np.cumsum(many) - many
        held = np.stack([match.rows[place][flat] for place in range(width)], axis=1).astype(np.int32)
        premises = Lists(held.reshape(-1), starts * width, (many * width).astype(np.int32))
        total = np.add.reduceat(size[flat], starts) if len(starts) else np.empty(0, np.int64)
        return Derived(match.world[chosen[first]], columns, number, premises, np.minimum(total, MOST_SIZE))

    def _along(self, rule: Inference) -> str:
        """The type of sequences along which a rule joins."""
        join = rule.joined
        return next(
            name
            for name, terms in rule.body.holds
            if join is not None and name in self.world.entities and terms[0] == join.along
        )

    def _lengths(self, sequence: str) -> Rows:
        """The length of each sequence of a type [worlds, most members]."""
        facts = self.populated.facts[sequence]
        members = max(1, domain(self.world, self.populated, sequence))
        number = facts.world.astype(np.int64) * members + facts.arguments[:, 0]
        counts = np.bincount(number, minlength=self.populated.worlds * members)
        return counts.reshape(self.populated.worlds, members)


def joined_sequences(world: World, populated: Populated, sequence: str, report: Report) -> Rows:
    """The sequences of a type that rules join: their world and what stands at each place, -1 behind the end
    [sequences, 1 + longest]."""
    inferring = _Inferring(world, populated, report)
    inferring.run()
    return padded([np.empty((0, 1), np.int64), *inferring.made.get(sequence, [])])
