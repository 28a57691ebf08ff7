"""Whether the facts keep to what is declared: the traits of relations, and what never holds together."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from wug.compiler.diagnosis.diagnostics import Note, Report, did_you_mean
from wug.compiler.facts import Closure, Ints, Populated, Rows, pack
from wug.compiler.inferring.cycles import find_cycle, leading_back
from wug.compiler.inferring.inference import Conditions, conditions, constant_numbers
from wug.compiler.inferring.match import Match, begin, solve
from wug.compiler.inferring.proofs import Proofs, absent_text, describe_row
from wug.compiler.inferring.runs import TooMany
from wug.compiler.rules import Never
from wug.compiler.world import Relation, World


def check_constraints(
    world: World, populated: Populated, closures: dict[str, Closure], report: Report
) -> None:
    """Report the first clash of each trait and of each never with the facts, with all proofs (W0408)."""
    proofs = Proofs(world, populated, closures)
    _check_traits(proofs, report)
    for never in world.nevers:
        _check_never(never, proofs, report)


def check_constants(world: World, populated: Populated, report: Report) -> None:
    """Report what a rule names but a table of the user's own does not hold (W0101)."""
    bodies = [(rule.span, conditions(rule.body, 0, rule.head.terms)[0]) for rule in world.rules]
    bodies += [(never.span, conditions(never.body, 0)[0]) for never in world.nevers]
    for span, body in bodies:
        for constant in body.constants.values():
            if constant.type in world.entities:
                names = populated.names[constant.type][0].tolist()
                if constant.text not in names:
                    help = did_you_mean(constant.text, names)
                    report.add("W0101", f"no {constant.type} is called '{constant.text}'", span, help=help)


def contradictory(
    world: World, populated: Populated, closures: dict[str, Closure], report: Report
) -> NDArray[np.bool_]:
    """Which worlds contradict what is declared [worlds]: a trait of a relation, or a never."""
    bad = np.zeros(populated.worlds, bool)
    for relation in world.relations.values():
        for trait in sorted(relation.traits):
            bad[_clashing(trait, relation, closures[relation.name])] = True
    for never in world.nevers:
        body, _ = conditions(never.body, len(never.variables))
        bad[_met(never, body, world, populated, closures, report).world] = True
    return bad


def _met(
    never: Never,
    body: Conditions,
    world: World,
    populated: Populated,
    closures: Mapping[str, Closure],
    report: Report,
) -> Match:
    """The ways in which facts meet what never holds together."""
    constants = constant_numbers(world, populated, body.constants)
    if constants is None:
        return Match(np.empty(0, np.int32), {}, {})
    extents = {name: closure.extent for name, closure in closures.items()}
    seed = min(range(len(body.holds)), key=lambda place: len(extents[body.holds[place][0]]))
    relation, terms = body.holds[seed]
    extent = extents[relation]
    columns = [column.values for column in extent.columns]
    match = begin(seed, terms, np.arange(len(extent)), extent.world.values, columns, constants)
    try:
        return solve(match, body, extents, body.variables())
    except TooMany as many:
        report.fail(
            "W0409",
            f"to look for what never holds together, {many.total:,} rows would be joined at once",
            never.span,
            help="lower the counts, or let the conditions share more variables",
        )


def _check_never(never: Never, proofs: Proofs, report: Report) -> None:
    world, populated, closures = proofs.world, proofs.populated, proofs.closures
    body, _ = conditions(never.body, len(never.variables))
    match = _met(never, body, world, populated, closures, report)
    if not len(match):
        return
    facts = [(name, int(match.rows[place][0])) for place, (name, _) in enumerate(body.holds)]
    told = [describe_row(world, populated, world.relations[name], closures[name], row) for name, row in facts]
    number = {variable: int(column[0]) for variable, column in match.columns.items()}
    told += [
        f"not {absent_text(world, populated, name, int(match.world[0]), [number[t] for t in terms])}"
        for name, terms in body.absent
    ]
    notes = [Note(proofs.text(name, row)) for name, row in dict.fromkeys(facts)]
    report.add(
        "W0408",
        f"what is declared never to be is so: {', '.join(dict.fromkeys(told))}",
        never.span,
        notes=notes,
        help="change the population or the rules, or drop the 'never'",
    )


def _check_traits(proofs: Proofs, report: Report) -> None:
    for relation in proofs.world.relations.values():
        closure = proofs.closures[relation.name]
        for trait in sorted(relation.traits):
            clash = _clash(trait, relation, closure)
            if clash is None:
                continue
            first, second = (
                describe_row(proofs.world, proofs.populated, relation, closure, row) for row in clash
            )
            both = f"{first} and {second}" if clash[0] != clash[1] else first
            notes = [Note(proofs.text(relation.name, row)) for row in dict.fromkeys(clash)]
            report.add(
                "W0408",
                f"'{relation.name}' is declared {trait}, but {both} both hold"
                if clash[0] != clash[1]
                else f"'{relation.name}' is declared {trait}, but {both} holds",
                relation.span,
                notes=notes,
                help="change the population or the rules, or drop the trait",
            )


def _clashing(trait: str, relation: Relation, closure: Closure) -> Ints:
    """The worlds, some of them more than once, in which facts clash with a trait."""
    sizes = closure.extent.sizes
    of, arguments = closure.facts.world, closure.facts.arguments
    if not len(of):
        return of
    if trait in ("functional", "injective"):
        key = np.sort(_keys(trait, closure))
        same = key[1:][key[1:] == key[:-1]]
        free = 1 if trait == "functional" else 0
        return (same // (math.prod(sizes) // sizes[free])).astype(np.int32)
    if trait == "irreflexive":
        return of[arguments[:, 0] == arguments[:, 1]]
    if trait == "asymmetric" or (trait == "acyclic" and "transitive" in relation.traits):
        turned = np.isin(pack(of, _swap(arguments), sizes), pack(of, arguments, sizes))
        return of[turned]  # a loop turned round is itself
    if trait == "acyclic":
        return of[leading_back(*_edges(closure))]
    return of[:0]


def _clash(trait: str, relation: Relation, closure: Closure) -> tuple[int, int] | None:
    sizes = closure.extent.sizes
    of, arguments = closure.facts.world, closure.facts.arguments
    if not len(of):
        return None
    if trait in ("asymmetric", "irreflexive", "acyclic"):
        loops = np.flatnonzero(arguments[:, 0] == arguments[:, 1])
        if len(loops):
            return int(loops[0]), int(loops[0])
    if trait == "asymmetric" or (trait == "acyclic" and "transitive" in relation.traits):
        keys, turned = pack(of, arguments, sizes), pack(of, _swap(arguments), sizes)
        clashing = np.flatnonzero(np.isin(turned, keys))
        if len(clashing):
            row = int(clashing[0])
            return row, int(np.flatnonzero(keys == turned[row])[0])
    elif trait == "acyclic":
        return find_cycle(*_edges(closure))
    elif trait in ("functional", "injective"):
        key = _keys(trait, closure)
        order = np.argsort(key, kind="stable")
        same = np.flatnonzero(key[order][1:] == key[order][:-1])
        if len(same):
            return int(order[same[0]]), int(order[same[0] + 1])
    return None


def _edges(closure: Closure) -> tuple[Rows, Rows]:
    """Where each fact leads from and to, a number for each argument with those that the others go with."""
    sizes = closure.extent.sizes
    arguments = closure.facts.arguments
    group = pack(closure.facts.world, arguments[:, 2:], sizes[2:]) * sizes[0]
    return group + arguments[:, 0], group + arguments[:, 1]


def _keys(trait: str, closure: Closure) -> Rows:
    """A number for each fact without the argument of which a trait allows one alone, the world in front."""
    free = 1 if trait == "functional" else 0
    sizes = closure.extent.sizes
    others = [place for place in range(len(sizes)) if place != free]
    return pack(
        closure.facts.world,
        closure.facts.arguments[:, others],
        tuple(sizes[place] for place in others),
    )


def _swap(arguments: Ints) -> Ints:
    return arguments[:, [1, 0, *range(2, arguments.shape[1])]]
