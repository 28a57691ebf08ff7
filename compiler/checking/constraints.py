"""What populations are asked to keep to, and whether they can: every W0401 says which constraint cannot hold.

Traits are part of it where they speak of two arguments alone; the sampler then keeps to them by construction.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.populating.levels import level_sizes
from wug.compiler.populations import Population
from wug.compiler.world import Relation, World

Problem = tuple[str, str]
"""What cannot be, and what helps."""


def check_population(
    world: World, relation: Relation, population: Population, counts: Mapping[str, int], report: Report
) -> None:
    """Report what a population cannot do (W0401), as far as `counts` of members are known."""

    def size(type: str) -> int:
        return len(world.tables[type].rows) if type in world.tables else counts.get(type, 0)

    types = [argument.type for argument in relation.arguments[:2]]
    if types[0] not in counts or (
        population.between is None and types[1] in world.entities and types[1] not in counts
    ):
        return
    first = size(types[0])
    second = population.between.count if population.between else size(types[1])
    named = f"'{types[0]}'", f"'{types[1]}'"
    check = _CHECKS.get(population.method)
    for message, help in check(relation, population, first, second, named) if check else ():
        report.add("W0401", message, population.span, help=help)
        return  # one thing at a time: the next would be of the same numbers


def _traits(relation: Relation) -> frozenset[str]:
    return relation.traits if len(relation.arguments) == 2 else frozenset()


def _forest(
    relation: Relation, population: Population, first: int, second: int, named: tuple[str, str]
) -> Iterator[Problem]:
    roots, (_, most), (parents, several) = population.roots, population.children, population.parents
    parents, several = max(parents, population.together), max(several, population.together)
    up = population.upward
    if roots >= first:
        message = f"a forest of {first} {named[0]} cannot have {roots} roots"
        yield message, "lower 'roots', or raise the entity's count"
    one = "functional" if up else "injective"
    if several > 1 and one in _traits(relation):
        yield f"'{relation.name}' is {one}, so nothing has {several} parents", "leave one of the two out"
    other = "injective" if up else "functional"
    if most > 1 and other in _traits(relation):
        message = f"'{relation.name}' is {other}, so nothing has {most} children"
        help = "write 'upward' where the child comes first" if not up else "leave 'upward' out"
        yield message, help
    sizes = level_sizes(first, roots, population.children, population.depth, population.together)
    if roots < population.together:
        yield "couples have children, and a single root is no couple", "write: roots 2, or more"
    elif sum(sizes) < first:
        deep = f"{roots} root{'s' if roots > 1 else ''}, {most} children each"
        if population.depth:
            deep += f" and a depth of {population.depth}"
        yield f"{deep} give room to {sum(sizes):,} {named[0]}; there are {first:,}", "raise one of them"
    narrow = min(sizes[:-1], default=parents)
    if parents > narrow:
        yield (
            f"{parents} parents are asked for where there are only {narrow} above",
            "raise 'roots', or lower 'parents'",
        )


def _chain(
    relation: Relation, population: Population, first: int, second: int, named: tuple[str, str]
) -> Iterator[Problem]:
    if population.length > first:
        message = f"a chain of {population.length} cannot be made of {first} {named[0]}"
        yield message, "lower 'length', or raise the entity's count"


def _pairs(
    relation: Relation, population: Population, first: int, second: int, named: tuple[str, str]
) -> Iterator[Problem]:
    same = relation.arguments[0].type == relation.arguments[1].type
    partners, wanted = population.partners, population.count
    if partners:
        most = first * partners // (partners + 1) if same else min(first * partners, second)
    elif same:
        most = first * ((first - 1) // 2) if first > 2 else first // 2
    else:
        most = first * second
    if wanted > most:
        few = f" with {partners} partner{'s' if partners > 1 else ''} each" if partners else ""
        message = f"{wanted} pairs are asked for; {first} {named[0]}{few} give at most {most}"
        yield message, "lower the count, or raise the entity's"
    if partners > 1:
        yield from _never(relation, {"functional"}, f"each of {named[0]} has {partners} partners")
    elif not partners:
        yield from _once(relation, "functional", wanted, first, named[0])
        yield from _once(relation, "injective", wanted, second, named[1])
        once = _traits(relation) & {"functional", "injective"}
        if same and "acyclic" in _traits(relation) and once and wanted >= first:
            message = f"'{relation.name}' is acyclic and {min(once)}: {first} {named[0]} give at most"
            yield f"{message} {first - 1} facts, not {wanted}", "lower the count, or raise the entity's"


def _bipartite(
    relation: Relation, population: Population, first: int, second: int, named: tuple[str, str]
) -> Iterator[Problem]:
    wanted, most = population.count, population.degree[1]
    if wanted > first * second:
        both = f"{first} {named[0]} and {second} {named[1]}"
        message = f"{wanted:,} pairs are asked for; {both} give {first * second:,}"
        yield message, "lower the count, or raise the entity's"
    if most > second:
        yield f"a degree of {most} needs as many {named[1]}; there are {second}", "lower the degree"
    if most > 1:
        yield from _never(relation, {"functional"}, f"each of {named[0]} has up to {most} partners")
    yield from _once(relation, "functional", wanted, first, named[0])
    yield from _once(relation, "injective", wanted or first * most, second, named[1])


def _grid(
    relation: Relation, population: Population, first: int, second: int, named: tuple[str, str]
) -> Iterator[Problem]:
    if population.width > first:
        message = f"a grid {population.width} wide cannot be made of {first} {named[0]}"
        yield message, "lower 'width', or raise the entity's count"
    if first > population.width > 1:
        yield from _never(relation, {"functional", "injective"}, "members have two neighbours")


def _graph(
    relation: Relation, population: Population, first: int, second: int, named: tuple[str, str]
) -> Iterator[Problem]:
    low, high = population.degree
    if high > first - 1:
        yield f"{first} {named[0]} have at most {first - 1} neighbours each, not {high}", "lower the degree"
    elif high % 2 and first % 2 and low == high and not population.directed:
        message = f"{first} {named[0]} cannot have {high} neighbours each: {first} times {high} is odd"
        yield message, f"write degree {low - 1}..{high}, or change the count"
    if population.directed:
        yield from _never(relation, {"asymmetric", "acyclic"}, "'directed' may lead back")
        if high > 1:
            yield from _never(relation, {"functional"}, f"each leads to up to {high} others")
        yield from _never(relation, {"injective"}, "drawn edges may meet")
    elif high > 1:
        yield from _never(relation, {"functional", "injective"}, f"members have up to {high} neighbours")


def _permutation(
    relation: Relation, population: Population, first: int, second: int, named: tuple[str, str]
) -> Iterator[Problem]:
    if relation.arguments[0].type != relation.arguments[1].type:
        if first != second:
            message = f"{first} {named[0]} and {second} {named[1]} cannot each be taken once"
            yield message, "give both the same count"
        return
    if first < 2:
        yield f"one {named[0]} alone has none to go with", "raise the entity's count"
    if first < 3 and "asymmetric" in relation.traits:
        yield f"of two {named[0]}, each would be before the other: not asymmetric", "raise the entity's count"
    yield from _never(relation, {"acyclic"}, "it goes around a circle")


def _attribute(
    relation: Relation, population: Population, first: int, second: int, named: tuple[str, str]
) -> Iterator[Problem]:
    most = population.each[1]
    what = "values" if population.between else named[1]
    if population.weights and len(population.weights) != second:
        message = f"there are {len(population.weights)} weights, and {second:,} of {named[1]} to choose from"
        yield message, "write one weight for each"
    if most > second:
        yield f"'each' asks for {most} different {what}; there are {second}", "lower 'each'"
    if most > 1:
        yield from _never(relation, {"functional"}, f"each of {named[0]} has up to {most}")
    yield from _once(relation, "injective", first * most, second, what)


_CHECKS = {
    "forest": _forest,
    "chain": _chain,
    "pairs": _pairs,
    "bipartite": _bipartite,
    "grid": _grid,
    "graph": _graph,
    "permutation": _permutation,
    "attribute": _attribute,
}


def _once(relation: Relation, trait: str, wanted: int, most: int, what: str) -> Iterator[Problem]:
    """A trait that lets each of so many be taken once, against how many facts are wanted."""
    if trait in _traits(relation) and wanted > most:
        message = f"'{relation.name}' is {trait}, and {most:,} {what} give at most {most:,} facts"
        yield f"{message}, not {wanted:,}", f"leave '{trait}' out, or change the numbers"


def _never(relation: Relation, traits: set[str], why: str) -> Iterator[Problem]:
    """Traits that a population never has."""
    for trait in sorted(traits & _traits(relation)):
        yield f"'{relation.name}' is {trait}, but {why}", f"leave '{trait}' out, or choose another population"
