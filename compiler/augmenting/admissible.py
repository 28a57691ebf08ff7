"""What may be inferred: what follows from what a teacher is shown and rests on what it is asked about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from wug.compiler.augmenting.kind import Told, wanted
from wug.compiler.augmenting.requests import Request
from wug.compiler.augmenting.strength import Strength
from wug.compiler.augmenting.units import stated, told_in
from wug.compiler.augmenting.withheld import Fact
from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.inferring.known import Known, closed, columns_of, in_full
from wug.compiler.plan import Augment
from wug.compiler.populating.drawn import Drawn
from wug.compiler.saying.render import fill
from wug.compiler.saying.said import Documents


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
    augment: Augment, asked: Sequence[Request], drawn: Drawn, taught: Known, of: int, documents: Documents
) -> list[tuple[Inferred, ...]]:
    """For each request of world `of`, whose documents these are, the statements that it admits: local, what
    follows from the unit alone; global, what follows from all that is trained by a proof that rests on the
    unit. Turned round is, in the global scope, what any document says in the other order. Where a test
    accepts the strongest statements alone, no weaker one is among them."""
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
                {fact: row for leaf in each.unit.shown for fact, row in resting.get(leaf, {}).items()}
            )
    strength = Strength(drawn, (fact for facts in following for fact in facts))
    said, everything = stated(documents), Told(drawn, told_in(documents))
    found = []
    for each, facts in zip(asked, following, strict=True):
        local = each.scope == "local"
        told = Told(drawn, each.unit.told) if local else everything
        known = alone if local else taught
        strongest = strength.strongest(facts)
        found.append(tuple(_statements(augment, told, strongest, known, drawn, of, said)))
    return found


def _of_set(known: Known, number: int, drawn: Drawn) -> dict[Fact, int]:
    """What follows in one set without resting on an absence, and is so in the full world: facts, and their
    rows in the closures of the sets."""
    found: dict[Fact, int] = {}
    for name, closure in known.closures.items():
        for row in np.flatnonzero(closure.facts.world == number).tolist():
            fact = _in_full(name, row, known, drawn)
            if fact is not None and not known.rests_on_absence(name, row):
                found[fact] = row
    return found


def _in_full(relation: str, row: int, known: Known, drawn: Drawn) -> Fact | None:
    """A fact of a set as one of the full world, none where it is not true there."""
    at = int(in_full(known, drawn, relation, np.array([row]))[0])
    return (relation, at) if at >= 0 else None


def _resting(drawn: Drawn, taught: Known, of: int) -> dict[Fact, dict[Fact, int]]:
    """For each trained fact of world `of` what follows from all that is trained by a proof that uses it."""
    found: dict[Fact, dict[Fact, int]] = {}
    for name, closure in taught.closures.items():
        for row in np.flatnonzero(closure.facts.world == of).tolist():
            fact = _in_full(name, row, taught, drawn)
            if fact is None:
                continue
            for premise, at in taught.proofs.leaves(name, row):
                leaf = _in_full(premise, at, taught, drawn)
                if leaf is not None:
                    found.setdefault(leaf, {})[fact] = row
    return found


def _statements(
    augment: Augment,
    told: Told,
    facts: dict[Fact, int],
    known: Known,
    drawn: Drawn,
    of: int,
    said: frozenset[str],
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
            kind = told.kind((name, row), form.name, depth)
            if not wanted(augment, kind):
                continue
            arguments = drawn.closures[name].facts.arguments[[row]]
            where = np.array([of], np.int32)
            text = str(fill(world, drawn.populated, relation, form.pieces, where, arguments)[0])
            found.append(Inferred((name, row), form.name, kind, depth, text, text in said, proof))
    return found
