"""What may be inferred: what follows from what a teacher is shown and rests on what it is asked about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from wug.compiler.augmenting.kind import is_reversal
from wug.compiler.augmenting.requests import Request
from wug.compiler.augmenting.strength import Strength
from wug.compiler.augmenting.units import Fact, Unit
from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.inferring.known import Known, closed, columns_of, in_full
from wug.compiler.populating.drawn import Drawn
from wug.compiler.saying.render import fill


@dataclass(frozen=True)
class Inferred:
    """A statement that may be made about a unit: a fact of the full world in one form, what kind of inference
    it is, on how many stated facts it rests at least, and its proof in a line. `statement` is it in the first
    words of its form, and `stated` whether training says it already."""

    fact: Fact
    form: str
    kind: str
    depth: int
    statement: str
    stated: bool
    proof: str


def admissible(
    asked: Sequence[Request], drawn: Drawn, taught: Known, of: int, said: frozenset[str]
) -> list[tuple[Inferred, ...]]:
    """For each request of world `of` the statements that it admits: local, what follows from the unit alone;
    global, what follows from all that is trained by a proof that rests on the unit. `said` are the statements
    that training makes. Where a test accepts the strongest statements alone, no weaker one is among them."""
    shown = list(dict.fromkeys(each.unit.shown for each in asked if each.scope == "local"))
    alone = closed(drawn, np.full(len(shown), of, np.int32), columns_of(drawn, shown), Report())
    sets = {facts: number for number, facts in enumerate(shown)}
    resting = _resting(drawn, taught, of) if any(each.scope == "global" for each in asked) else {}
    following: list[dict[Fact, int]] = []
    for each in asked:
        if each.scope == "local":
            following.append(_of_set(alone, sets[each.unit.shown], drawn))
        else:
            following.append(
                {fact: row for stated in each.unit.shown for fact, row in resting.get(stated, {}).items()}
            )
    strength = Strength(drawn, (fact for facts in following for fact in facts))
    return [
        tuple(
            _statements(
                each.unit,
                strength.strongest(facts),
                alone if each.scope == "local" else taught,
                drawn,
                of,
                said,
            )
        )
        for each, facts in zip(asked, following, strict=True)
    ]


def _of_set(known: Known, number: int, drawn: Drawn) -> dict[Fact, int]:
    """What follows in one set without resting on an absence, and is so in the full world: facts, and their
    rows in the closures of the sets."""
    found: dict[Fact, int] = {}
    for name, closure in known.closures.items():
        for row in np.flatnonzero(closure.facts.world == number).tolist():
            fact = _in_full(name, row, known, drawn)
            if fact is not None and not _rests_on_absence(known, name, row):
                found[fact] = row
    return found


def _in_full(relation: str, row: int, known: Known, drawn: Drawn) -> Fact | None:
    """A fact of a set as one of the full world, none where it is not true there."""
    at = int(in_full(known, drawn, relation, np.array([row]))[0])
    return (relation, at) if at >= 0 else None


def _rests_on_absence(known: Known, relation: str, row: int) -> bool:
    """Whether a proof uses that something does not hold, or counts: a part of the facts cannot tell that."""
    stack, seen = [(relation, row)], set()
    while stack:
        at = stack.pop()
        if at in seen:
            continue
        seen.add(at)
        proof = known.proofs.of(*at)
        if proof is None:
            continue
        if proof.absent or proof.rule.counted is not None:
            return True
        stack += proof.premises
    return False


def _resting(drawn: Drawn, taught: Known, of: int) -> dict[Fact, dict[Fact, int]]:
    """For each trained fact of world `of` what follows from all that is trained by a proof that uses it."""
    found: dict[Fact, dict[Fact, int]] = {}
    for name, closure in taught.closures.items():
        for row in np.flatnonzero(closure.facts.world == of).tolist():
            fact = _in_full(name, row, taught, drawn)
            if fact is None:
                continue
            for stated, at in taught.proofs.leaves(name, row):
                leaf = _in_full(stated, at, taught, drawn)
                if leaf is not None:
                    found.setdefault(leaf, {})[fact] = row
    return found


def _statements(
    unit: Unit, facts: dict[Fact, int], known: Known, drawn: Drawn, of: int, said: frozenset[str]
) -> list[Inferred]:
    found = []
    world = drawn.experiment.world
    for (name, row), at in sorted(facts.items()):
        relation = world.relations[name]
        if relation.built_in:
            continue
        depth = max(1, int(known.closures[name].size[at]))
        proof = known.proofs.text(name, at)
        for form in relation.forms:
            arguments = drawn.closures[name].facts.arguments[[row]]
            where = np.array([of], np.int32)
            text = str(fill(world, drawn.populated, relation, form.pieces, where, arguments)[0])
            kind = kind_of(unit, (name, row), form.name, depth, drawn)
            found.append(Inferred((name, row), form.name, kind, depth, text, text in said, proof))
    return found


def kind_of(unit: Unit, fact: Fact, form: str, depth: int, drawn: Drawn) -> str:
    """Rephrasing, reversal, inference or composition: what a statement is to one who is shown a unit.

    A fact that turns one of the unit's round (of the same relation, about the same members) is a reversal.
    """
    told = dict(unit.facts)
    relation = drawn.experiment.world.relations[fact[0]]
    if fact in told:
        turned = is_reversal(relation.form(told[fact]), relation.form(form))
        return "reversal" if turned else "rephrasing"
    if fact in unit.shown:
        return "rephrasing"
    if any(name == fact[0] and _members(drawn, (name, row)) == _members(drawn, fact) for name, row in told):
        return "reversal"
    return "composition" if depth > 1 else "inference"


def _members(drawn: Drawn, fact: Fact) -> set[tuple[str, int]]:
    """The members of entities that a fact is about."""
    world = drawn.experiment.world
    types = [argument.type for argument in world.relations[fact[0]].arguments]
    numbers = drawn.closures[fact[0]].facts.arguments[fact[1]].tolist()
    return {pair for pair in zip(types, numbers, strict=True) if pair[0] in world.entities}
