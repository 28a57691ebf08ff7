"""What is false in the full world, and whether the facts keep to their relation's traits.

A fact is false only where that is proved: the relation is `complete` and it does not follow, or it clashes
with a fact that follows by `asymmetric`, `acyclic`, `irreflexive`, `functional` or `injective`. All else is
unknown, and an unknown statement is never offered as a wrong choice.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from wug.compiler.diagnostics import Note, Report
from wug.compiler.facts import Closure, Ints, Populated, Rows, pack
from wug.compiler.infer import domain, inferences
from wug.compiler.render import describe
from wug.compiler.world import Relation, World

Mask = NDArray[np.bool_]


def domain_sizes(world: World, populated: Populated, relation: Relation) -> tuple[int, ...]:
    """The most different values each argument can have."""
    return tuple(domain(world, populated, argument.type) for argument in relation.arguments)


def follows(closure: Closure, sizes: tuple[int, ...], of: Ints, arguments: Ints) -> Mask:
    """Which facts are in the closure."""
    return np.isin(pack(of, arguments, sizes), pack(closure.facts.world, closure.facts.arguments, sizes))


def is_false(
    world: World, populated: Populated, relation: Relation, closure: Closure, of: Ints, arguments: Ints
) -> Mask:
    """Which facts are provably false."""
    sizes = domain_sizes(world, populated, relation)
    known = follows(closure, sizes, of, arguments)
    false = np.zeros(len(of), bool)
    if "complete" in relation.traits:
        false |= ~known
    if len(relation.arguments) < 2:
        return false
    swapped = _swap(arguments)
    if relation.traits & {"asymmetric", "acyclic"}:
        swapped_sizes = (sizes[1], sizes[0], *sizes[2:])
        false |= follows(closure, swapped_sizes, of, swapped)
    if relation.traits & {"irreflexive", "asymmetric", "acyclic"}:
        false |= arguments[:, 0] == arguments[:, 1]
    for trait, free in (("functional", 1), ("injective", 0)):
        if trait in relation.traits:
            others = [place for place in range(len(sizes)) if place != free]
            own = tuple(sizes[place] for place in others)
            held = pack(closure.facts.world, closure.facts.arguments[:, others], own)
            false |= np.isin(pack(of, arguments[:, others], own), held) & ~known
    return false


def _swap(arguments: Ints) -> Ints:
    return arguments[:, [1, 0, *range(2, arguments.shape[1])]]


def check_traits(world: World, populated: Populated, closures: dict[str, Closure], report: Report) -> None:
    """Report the first clash of each trait with the facts, with the proofs of both."""
    for relation in world.relations.values():
        closure = closures[relation.name]
        for trait in sorted(relation.traits):
            clash = _clash(trait, world, populated, relation, closure)
            if clash is None:
                continue
            first, second = (describe_row(world, populated, relation, closure, row) for row in clash)
            both = f"{first} and {second}" if clash[0] != clash[1] else first
            notes = [
                Note(proof_text(world, populated, closures, relation.name, row))
                for row in dict.fromkeys(clash)
            ]
            report.add(
                "W0408",
                f"'{relation.name}' is declared {trait}, but {both} both hold"
                if clash[0] != clash[1]
                else f"'{relation.name}' is declared {trait}, but {both} holds",
                relation.span,
                notes=notes,
                help="change the population or the rules, or drop the trait",
            )


def describe_row(world: World, populated: Populated, relation: Relation, closure: Closure, row: int) -> str:
    facts = closure.facts
    return describe(world, populated, relation, int(facts.world[row]), facts.arguments[row])


def _clash(
    trait: str, world: World, populated: Populated, relation: Relation, closure: Closure
) -> tuple[int, int] | None:
    sizes = domain_sizes(world, populated, relation)
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
        return _cycle(of, arguments)
    elif trait in ("functional", "injective"):
        free = 1 if trait == "functional" else 0
        others = [place for place in range(len(sizes)) if place != free]
        key = pack(of, arguments[:, others], tuple(sizes[place] for place in others))
        order = np.argsort(key, kind="stable")
        same = np.flatnonzero(key[order][1:] == key[order][:-1])
        if len(same):
            return int(order[same[0]]), int(order[same[0] + 1])
    return None


def _cycle(of: Ints, arguments: Ints) -> tuple[int, int] | None:
    """Two facts on a cycle, found by peeling off what nothing points to."""
    most = int(arguments[:, :2].max()) + 1
    start = of.astype(np.int64) * most + arguments[:, 0]
    end = of.astype(np.int64) * most + arguments[:, 1]
    alive = np.ones(len(of), bool)
    while alive.any():
        kept = alive & np.isin(start, end[alive])
        if (kept == alive).all():
            break
        alive = kept
    while alive.any():  # the other way round, so that what hangs off a cycle goes too
        kept = alive & np.isin(end, start[alive])
        if (kept == alive).all():
            break
        alive = kept
    rows = np.flatnonzero(alive)
    if not len(rows):
        return None
    following = rows[start[rows] == end[rows[0]]]
    return int(rows[0]), int(following[0])


def leaves(world: World, closures: dict[str, Closure], relation: str, row: int) -> list[tuple[str, int]]:
    """The stated facts that a fact's proof rests on: (relation, row), each once, in order of use."""
    rules = inferences(world)
    found: dict[tuple[str, int], None] = {}
    stack = [(relation, row)]
    while stack:
        name, at = stack.pop()
        closure = closures[name]
        if closure.rule[at] < 0:
            found[name, at] = None
            continue
        body = rules[closure.rule[at]].body
        stack += [(body[i], int(closure.premises[at, i])) for i in range(len(body) - 1, -1, -1)]
    return list(found)


def proof_text(
    world: World, populated: Populated, closures: dict[str, Closure], relation: str, row: int, most: int = 12
) -> str:
    """A proof in one line: `ancestor(a, c) by rule ancestor from [parent(a, b), ancestor(b, c) by ...]`."""
    rules = inferences(world)
    closure = closures[relation]
    text = describe_row(world, populated, world.relations[relation], closure, row)
    if closure.rule[row] < 0:
        return f"{text} is stated"
    if most <= 0:
        return f"{text} by ..."
    rule = rules[closure.rule[row]]
    parts = [
        proof_text(world, populated, closures, body, int(closure.premises[row, i]), most - 1)
        for i, body in enumerate(rule.body)
    ]
    return f"{text} by {rule.name} from [{', '.join(parts)}]"


def stated_rows(closure: Closure) -> Rows:
    """The rows of a closure that were stated, in the order in which they were drawn."""
    return np.flatnonzero(closure.rule < 0)
