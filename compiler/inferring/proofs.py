"""Proofs: why a fact follows, as the stated facts that it rests on and as a text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from wug.compiler.facts import Closure, Populated, Rows
from wug.compiler.inferring.inference import Inference, constant_numbers, inferences
from wug.compiler.saying.render import describe, text_of
from wug.compiler.world import Relation, World


@dataclass(frozen=True)
class Proof:
    """The last step of a proof: the rule, the facts that it was given as (relation, row), and the facts that
    do not hold as (relation, arguments)."""

    rule: Inference
    premises: tuple[tuple[str, int], ...]
    absent: tuple[tuple[str, tuple[int, ...]], ...]


class Proofs:
    """The proofs of all facts of some closures."""

    def __init__(self, world: World, populated: Populated, closures: Mapping[str, Closure]) -> None:
        self.world = world
        self.populated = populated
        self.closures = closures
        self.rules = inferences(world)

    def of(self, relation: str, row: int) -> Proof | None:
        """Why a fact follows, none where it is stated."""
        closure = self.closures[relation]
        if closure.rule[row] < 0:
            return None
        rule = self.rules[closure.rule[row]]
        names = [name for name, _ in rule.body.holds]
        rows = closure.premises[row]
        premises = tuple((names[i % len(names)], at) for i, at in enumerate(rows))
        bindings = self.bindings(rule, premises) if rule.body.absent else []
        absent = [
            (name, tuple(bound[term] for term in terms))
            for bound in bindings
            for name, terms in rule.body.absent
        ]
        return Proof(rule, premises, tuple(dict.fromkeys(absent)))

    def bindings(self, rule: Inference, premises: tuple[tuple[str, int], ...]) -> list[dict[int, int]]:
        """What the variables of a rule stand for: once, or for each thing that is counted or joined."""
        constants = constant_numbers(self.world, self.populated, rule.body.constants)
        assert constants is not None, "a rule was applied, so its constants are there"
        found = []
        width = len(rule.body.holds)
        for first in range(0, len(premises), width):
            bound = dict(constants)
            for (name, terms), (_, at) in zip(rule.body.holds, premises[first : first + width], strict=True):
                bound.update(zip(terms, self.closures[name].facts.arguments[at].tolist(), strict=True))
            found.append(bound)
        return found

    def value(self, rule: Inference, variable: int, number: int, of: int) -> str:
        """What a variable of a rule stands for in a world, as a person reads it."""
        where, numbers = np.array([of], np.int32), np.array([number], np.int32)
        type = self.type_of(rule, variable)
        return str(text_of(self.world, self.populated, type, 0, where, numbers)[0])

    def type_of(self, rule: Inference, variable: int) -> str:
        """The type of a variable of a rule, or of what is a constant there."""
        if variable in rule.body.constants:
            return rule.body.constants[variable].type
        return next(
            self.world.relations[name].arguments[terms.index(variable)].type
            for name, terms in rule.body.holds
            if variable in terms
        )

    def text(self, relation: str, row: int, most: int = 12) -> str:
        """A proof in one line: `ancestor(a, c) by rule ancestor from [parent(a, b) is stated, ...]`."""
        closure = self.closures[relation]
        text = describe_row(self.world, self.populated, self.world.relations[relation], closure, row)
        proof = self.of(relation, row)
        if proof is None:
            return f"{text} is stated"
        if most <= 0:
            return f"{text} by ..."
        told = [each for each in proof.premises if not self.world.relations[each[0]].built_in]
        parts = [self.text(name, at, most - 1) for name, at in told]
        of = int(closure.facts.world[row])
        parts += [
            f"{absent_text(self.world, self.populated, name, of, arguments)} does not hold"
            for name, arguments in proof.absent
        ]
        if proof.absent:
            parts[-1] = f"and {parts[-1]}"
        return f"{text} by {proof.rule.name} from [{', '.join(parts)}]"

    def leaves(self, relation: str, row: int) -> list[tuple[str, int]]:
        """The stated facts that a fact's proof rests on: (relation, row), each once, in order of use."""
        found: dict[tuple[str, int], None] = {}
        stack = [(relation, row)]
        seen: set[tuple[str, int]] = set()
        while stack:
            name, at = stack.pop()
            if (name, at) in seen:
                continue
            seen.add((name, at))
            closure = self.closures[name]
            if closure.rule[at] < 0:
                if not self.world.relations[name].built_in:
                    found[name, at] = None
                continue
            body = self.rules[closure.rule[at]].body.holds
            premises = closure.premises[at]
            stack += [(body[i % len(body)][0], premises[i]) for i in range(len(premises) - 1, -1, -1)]
        return list(found)


def describe_row(world: World, populated: Populated, relation: Relation, closure: Closure, row: int) -> str:
    facts = closure.facts
    return describe(world, populated, relation, int(facts.world[row]), facts.arguments[row])


def absent_text(world: World, populated: Populated, relation: str, of: int, arguments: Sequence[int]) -> str:
    """A fact that does not hold, as a person reads it."""
    return describe(world, populated, world.relations[relation], of, np.array(arguments, np.int32))


def stated_rows(closure: Closure) -> Rows:
    """The rows of a closure that were stated, in the order in which they were drawn."""
    return np.flatnonzero(closure.rule < 0)
