"""Strength: where a test accepts the strongest statements alone, no weaker one is inferred beside them.

That "some" are follows from that all are. Who is trained on both learns to say either, and a test that counts
"all" alone then calls half of it wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

import numpy as np

from wug.compiler.asking.about_pairs import asks
from wug.compiler.augmenting.units import Fact
from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.inferring.known import closed, columns_of, in_full
from wug.compiler.populating.drawn import Drawn

Value = TypeVar("Value")


class Strength:
    """What each of some facts of world `of` entails by itself about the same members, among the relations of
    which a test accepts the strongest statements."""

    def __init__(self, drawn: Drawn, of: int, facts: Iterable[Fact]) -> None:
        tests = [ask for ask in asks(drawn.experiment.tests) if ask.strongest]
        relations = {relation for ask in tests for relation, _ in ask.statements}
        every = sorted({fact for fact in facts if fact[0] in relations})
        self._entailed: dict[Fact, set[Fact]] = {fact: set() for fact in every}
        if not every:
            return
        sets = columns_of(drawn, [[fact] for fact in every])
        alone = closed(drawn, np.full(len(every), of, np.int32), sets, Report())
        members = {fact: _members(drawn, fact) for fact in every}
        for name in sorted(relations):
            rows = np.arange(len(alone.closures[name].facts))
            numbers = alone.closures[name].facts.world.tolist()
            for number, at in zip(numbers, in_full(alone, drawn, name, rows).tolist(), strict=True):
                if members[every[number]] == members.get((name, at)):
                    self._entailed[every[number]].add((name, at))

    def strongest(self, facts: Mapping[Fact, Value]) -> dict[Fact, Value]:
        """The facts that none of the others entails without being entailed by it."""
        weaker = {
            entailed
            for fact in facts
            for entailed in self._entailed.get(fact, ())
            if fact not in self._entailed.get(entailed, ())
        }
        return {fact: value for fact, value in facts.items() if fact not in weaker}


def _members(drawn: Drawn, fact: Fact) -> frozenset[int]:
    return frozenset(drawn.closures[fact[0]].facts.arguments[fact[1], :2].tolist())
