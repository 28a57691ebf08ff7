"""How large fresh worlds are: members for about so many facts, in the declared proportion."""

from __future__ import annotations

from fractions import Fraction
from math import gcd

import numpy as np

from wug.compiler.facts import Rows
from wug.compiler.populations import Population
from wug.compiler.world import Relation, World


def fact_weights(world: World, relations: list[Relation], counts: dict[str, int]) -> list[int]:
    """How many facts these relations have to one another, in smallest terms.

    They are proportional to the counts of the world, so that one twice as large has the same weights.
    """
    weights = [
        _facts(world, relation, relation.population, counts) for relation in relations if relation.population
    ]
    scale = np.lcm.reduce([weight.denominator for weight in weights], dtype=object) if weights else 1
    whole = [max(1, int(weight * scale)) for weight in weights]
    shared = gcd(*whole) or 1
    return [weight // shared for weight in whole]


def _facts(world: World, relation: Relation, population: Population, counts: dict[str, int]) -> Fraction:
    if population.scene:
        cases = world.scenes[population.scene].cases
        times = sum(fact.relation == relation.name for case in cases for fact in case)
        return Fraction(counts[population.scene] * times, len(cases))
    first = counts[relation.arguments[0].type]
    if population.count:
        return Fraction(population.count)
    if population.for_each:
        each = relation.arguments[population.for_each].type
        return Fraction(first * (counts[each] if each in counts else len(world.tables[each].rows)))
    if population.method == "grid":
        return Fraction(2 * first)
    if population.method == "attribute":
        return Fraction(first * sum(population.each), 2)
    if population.method in ("graph", "bipartite"):
        half = population.method == "graph" and not population.directed
        return Fraction(first * sum(population.degree), 4 if half else 2)
    if population.method == "exceptions":
        return Fraction(first * population.share, 1_000_000_000)
    return Fraction(first)


def supported(world: World, facts: dict[str, Rows]) -> dict[str, Rows]:
    """The same numbers of facts, with more of what exceptions are exceptions to where they have too few."""
    facts = dict(facts)
    for relation in world.relations.values():
        if relation.population is None or not relation.population.of or relation.name not in facts:
            continue
        for other in (relation.population.of, relation.population.along):
            facts[other] = np.maximum(facts.get(other, 0), facts[relation.name])
    return facts


def wanted_members(
    world: World, counts: dict[str, int], facts: dict[str, Rows], worlds: int
) -> dict[str, Rows]:
    """How many members of each type fresh worlds have for so many facts of each relation: two at least."""
    members = {name: np.full(worlds, 2, np.int64) for name in counts}
    for relation in world.relations.values():
        if relation.population is None or relation.name not in facts or relation.population.scene:
            continue
        wanted = facts[relation.name]
        for type, needed in _needed(relation, relation.population, counts, wanted).items():
            members[type] = np.maximum(members[type], needed)
    for name, scene in world.scenes.items():
        stated = sum(
            (facts[r.name] for r in world.relations.values() if r.name in facts and _in_scene(r, name)),
            start=np.zeros(worlds, np.int64),
        )
        total = sum(map(len, scene.cases))
        scenes = np.maximum(1, -(-stated * len(scene.cases) // max(1, total)))
        for entity in world.entities.values():
            if entity.scene == name:
                members[entity.name] = scenes * entity.per_scene
    return members


def _in_scene(relation: Relation, scene: str) -> bool:
    return relation.population is not None and relation.population.scene == scene


def _needed(
    relation: Relation, population: Population, counts: dict[str, int], facts: Rows
) -> dict[str, Rows]:
    first, second = relation.arguments[0].type, relation.arguments[1].type
    if population.method == "rows":
        own = {first: facts}
        for argument in relation.arguments[1:]:
            if argument.type in counts:
                own[argument.type] = _in_proportion(facts, counts, argument.type, first)
        return own
    if population.method == "forest":
        return {first: facts + np.minimum(population.roots, 1 + facts // 3)}
    if population.method == "chain":
        length = population.length or int(facts.max(initial=1)) + 1
        return {first: facts + -(-facts // (length - 1))}
    if population.method == "grid":
        return {first: facts // 2 + 3}
    if population.method == "graph":
        sum_ = sum(population.degree)
        nodes = -(-facts * (2 if population.directed else 4) // sum_)
        return {first: np.maximum(nodes, population.degree[1] + 2)}
    if population.for_each:
        return {first: facts // 2 + 1, second: facts // 2 + 1}
    if population.method == "permutation":
        return {first: facts + 1, second: facts + 1}
    if population.method == "exceptions":
        return {}
    if population.method == "attribute" or population.degree[1]:
        low, high = population.each if population.method == "attribute" else population.degree
        nodes = np.maximum(1, -(-2 * facts // (low + high)))
        if second not in counts:
            return {first: nodes}
        return {first: nodes, second: np.maximum(high, _in_proportion(nodes, counts, second, first))}
    return _for_pairs(relation, population, counts, facts)


def _for_pairs(
    relation: Relation, population: Population, counts: dict[str, int], facts: Rows
) -> dict[str, Rows]:
    first, second = relation.arguments[0].type, relation.arguments[1].type
    if first != second:
        return {type: np.maximum(1, -(-facts * counts[type] // population.count)) for type in (first, second)}
    if population.partners:
        return {first: facts + -(-facts // population.partners)}
    needed = np.maximum(2, -(-facts * counts[first] // population.count))
    while bool((short := (facts > 1) & (needed * ((needed - 1) // 2) < facts)).any()):
        needed = needed + short
    return {first: needed}


def _in_proportion(count: Rows, counts: dict[str, int], type: str, to: str) -> Rows:
    """So many of a type as there are declared to another one, two at least."""
    return np.maximum(2, -(-count * counts[type] // max(1, counts[to])))
