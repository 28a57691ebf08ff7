"""Strength: where a test accepts the strongest statements alone, no weaker one is inferred beside them.

That "some" are follows from that all are. Who is trained on both learns to say either, and a test that counts
"all" alone then calls half of it wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

import numpy as np

from wug.compiler.asking.about_pairs import asks
from wug.compiler.augmenting.withheld import Fact
from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.experiment import Test
from wug.compiler.inferring.known import closed, columns_of, in_full
from wug.compiler.populating.drawn import Drawn

Value = TypeVar("Value")


def ranked(tests: Iterable[Test]) -> frozenset[str]:
    """The relations of which some test accepts the strongest statements alone."""
    return frozenset(relation for ask in asks(tests) if ask.strongest for relation, _ in ask.statements)


class Strength:
    """What each of some facts entails by itself about the same members, among ranked relations."""

    def __init__(self, drawn: Drawn, facts: Iterable[Fact]) -> None:
        relations = ranked(drawn.experiment.tests)
        every = sorted({fact for fact in facts if fact[0] in relations}) if relations else []
        self._entailed: dict[Fact, set[Fact]] = {fact: set() for fact in every}
        if not every:
            return
        of = np.array([drawn.closures[name].facts.world[row] for name, row in every], np.int32)
        alone = closed(drawn, of, columns_of(drawn, [[fact] for fact in every]), Report())
        members = {fact: _members(drawn, fact) for fact in every}
        for name in sorted(relations):
            rows = np.arange(len(alone.closures[name].facts))
            numbers = alone.closures[name].facts.world.tolist()
            for number, at in zip(numbers, in_full(alone, drawn, name, rows).tolist(), strict=True):
                if members[every[number]] == members.get((name, at)):
                    self._entailed[every[number]].add((name, at))

    def weaker(self, facts: Iterable[Fact]) -> set[Fact]:
        """All that one of these facts entails without being entailed by it."""
        return {
            entailed
            for fact in facts
            for entailed in self._entailed.get(fact, ())
            if fact not in self._entailed.get(entailed, ())
        }

    def strongest(self, facts: Mapping[Fact, Value]) -> dict[Fact, Value]:
        """The facts that none of the others entails without being entailed by it."""
        weaker = self.weaker(facts)
        return {fact: value for fact, value in facts.items() if fact not in weaker}


def _members(drawn: Drawn, fact: Fact) -> frozenset[int]:
    return frozenset(drawn.closures[fact[0]].facts.arguments[fact[1], :2].tolist())
