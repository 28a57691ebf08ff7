"""What is false in the full world, and what is unknown.

A fact is false only where that is proved: the relation is `complete` and it does not follow, or it clashes
with facts that follow, by `asymmetric`, `acyclic`, `irreflexive`, `functional`, `injective` or a `never`, as
it is or turned round. All else is unknown, and an unknown statement is never offered as a wrong choice.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from wug.compiler.facts import Closure, Ints, Populated
from wug.compiler.inferring.extent import Extent
from wug.compiler.inferring.infer import domain
from wug.compiler.inferring.inference import Conditions, conditions, constant_numbers
from wug.compiler.inferring.lists import changes
from wug.compiler.inferring.match import Filters, Match, begin, bound, extend
from wug.compiler.inferring.runs import TooMany
from wug.compiler.world import Relation, World

Mask = NDArray[np.bool_]

_ASKED = -1
"""The variable that numbers the facts that are asked about."""


def domain_sizes(world: World, populated: Populated, relation: Relation) -> tuple[int, ...]:
    """The most different values each argument can have."""
    return tuple(domain(world, populated, argument.type) for argument in relation.arguments)


def is_false(
    world: World,
    populated: Populated,
    relation: Relation,
    closures: Mapping[str, Closure],
    of: Ints,
    arguments: Ints,
) -> Mask:
    """Which facts are provably false."""
    extent = closures[relation.name].extent
    columns = [arguments[:, place] for place in range(arguments.shape[1])]
    follows = extent.find(of, columns) >= 0
    if "complete" in relation.traits:
        return ~follows
    false = np.zeros(len(of), bool)
    extents = {name: closure.extent for name, closure in closures.items()}
    for said in _otherwise(world, relation, columns):
        false |= _by_trait(relation, extent, of, said)
        for never in world.nevers:
            body, _ = conditions(never.body, len(never.variables))
            constants = constant_numbers(world, populated, body.constants)
            if constants is not None:
                false |= _completes(body, constants, extents, relation.name, of, said)
    return false & ~follows


def _otherwise(world: World, relation: Relation, columns: list[Ints]) -> list[list[Ints]]:
    """Facts, and the same facts turned round as `symmetric` and `converse` say: all are false if one is."""
    found = [columns]
    if "symmetric" in relation.traits:
        found.append([columns[1], columns[0], *columns[2:]])
    if relation.converse is not None:
        mirror = np.array(world.tables[relation.arguments[relation.converse].type].mirror, np.int32)
        for first, second, *rest in list(found):
            turned = [second, first, *rest]
            turned[relation.converse] = mirror[turned[relation.converse]]
            found.append(turned)
    return found


def _by_trait(relation: Relation, extent: Extent, of: Ints, columns: list[Ints]) -> Mask:
    false = np.zeros(len(of), bool)
    if len(columns) < 2:
        return false
    if relation.traits & {"asymmetric", "acyclic"}:
        false |= extent.find(of, [columns[1], columns[0], *columns[2:]]) >= 0
    if relation.traits & {"irreflexive", "asymmetric", "acyclic"}:
        false |= columns[0] == columns[1]
    for trait, free in (("functional", 1), ("injective", 0)):
        if trait in relation.traits:
            others = tuple(place for place in range(len(columns)) if place != free)
            false |= extent.any(others, of, [columns[place] for place in others])
    return false


def _completes(
    body: Conditions,
    constants: dict[int, int],
    extents: Mapping[str, Extent],
    relation: str,
    of: Ints,
    columns: list[Ints],
) -> Mask:
    """Which facts would, with facts that follow, meet a body that is never met."""
    met = np.zeros(len(of), bool)
    for place, (name, terms) in enumerate(body.holds):
        if name != relation:
            continue
        match = begin(place, terms, np.arange(len(of)), of, columns, constants)
        match.columns[_ASKED] = match.rows[place].astype(np.int32)
        try:
            match = _met(match, place, body, extents, relation, columns)
        except TooMany:  # too much to look through: unknown, unless halves are less
            if len(of) > 1:
                half = len(of) // 2
                for part in (slice(0, half), slice(half, None)):
                    some = [column[part] for column in columns]
                    met[part] |= _completes(body, constants, extents, relation, of[part], some)
            return met
        met[match.columns[_ASKED]] = True
    return met


def _met(
    match: Match,
    place: int,
    body: Conditions,
    extents: Mapping[str, Extent],
    relation: str,
    columns: list[Ints],
) -> Match:
    """Meet the other places of a body by facts that follow, or by the one that is asked about again."""
    filters = Filters(body, extents)
    match = filters.apply(match)
    left = [other for other in range(len(body.holds)) if other != place]
    while left and len(match):
        other = max(left, key=lambda p: (sum(t in match.columns for t in body.holds[p][1]), -p))
        left.remove(other)
        name, terms = body.holds[other]
        ways = [extend(match, other, terms, extents[name])]
        if name == relation:
            asked = match.columns[_ASKED]
            again = Match(match.world, dict(match.columns), {})
            ways.append(bound(again, terms, [column[asked] for column in columns]))
        needed = {_ASKED, *filters.needed(), *(term for p in left for term in body.holds[p][1]), *terms}
        match = filters.apply(_joined(ways, needed))
        match = _distinct(match, {_ASKED, *filters.needed(), *(t for p in left for t in body.holds[p][1])})
    return match


def _joined(ways: list[Match], variables: set[int]) -> Match:
    kept = [variable for variable in ways[0].columns if variable in variables]
    world = np.concatenate([way.world for way in ways])
    return Match(world, {v: np.concatenate([way.columns[v] for way in ways]) for v in kept}, {})


def _distinct(match: Match, variables: set[int]) -> Match:
    """The different rows of some variables: how a body was met so far does not matter."""
    columns = {variable: column for variable, column in match.columns.items() if variable in variables}
    order = np.lexsort(tuple(columns.values()))
    first = order[changes([column[order] for column in columns.values()])]
    return Match(match.world, columns, {}).take(first)
