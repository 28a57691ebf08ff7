"""Draws worlds: names for entities, stated facts for relations.

Forests and chains are laid out over entity numbers and the names are drawn, so which name stands where is
random; pairs, and entities from a table of the user's own, are shuffled first. Fresh worlds, for
pretraining, use other names.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wug.compiler.counts import check_counts, declared_count
from wug.compiler.data import read_columns
from wug.compiler.diagnostics import Report
from wug.compiler.draw import Words, below, draw, permute
from wug.compiler.facts import Facts, Populated, Rows
from wug.compiler.fresh import fresh_values
from wug.compiler.names import Names, fresh_names, real_names
from wug.compiler.partition import draw_parts
from wug.compiler.typed import VALUE_TYPES
from wug.compiler.values import Column, Values, column_of, tabulate
from wug.compiler.world import Argument, Entity, Population, Relation, Table, World, rule_constants


@dataclass(frozen=True)
class Sizes:
    """How many facts each relation and how many entities each type has, per world [worlds]."""

    facts: dict[str, Rows]
    entities: dict[str, Rows]


def populate(world: World, seeds: Words, report: Report) -> Populated:
    """The evaluation worlds of these seeds, at the declared sizes. Counts that cannot be met are reported."""
    table = read_data(world, report)
    report.stop_if_failed()
    counts = {e.name: len(table[e.name][0]) if e.data else e.count for e in world.entities.values()}
    check_counts(world, counts, report)
    report.stop_if_failed()
    ones = np.ones(len(seeds), np.int64)
    entities = {name: count * ones for name, count in counts.items()}
    facts = {
        r.name: declared_count(r.population, counts[r.arguments[0].type]) * ones
        for r in world.relations.values()
        if r.population is not None
    }
    names = real_names(world, seeds, table, report)

    def real_cells(relation: Relation, argument: Argument, real: list[str]) -> Column:
        return column_of(argument.type, real)[None, :]

    return _lay_out(world, seeds, Sizes(facts, entities), names, _cells(world, table, real_cells))


def populate_fresh(world: World, seeds: Words, facts: dict[str, Rows], report: Report) -> Populated:
    """Small fresh worlds for pretraining with so many `facts` of each relation in each world."""
    table = read_data(world, report)
    report.stop_if_failed()
    entities = {e.name: np.full(len(seeds), 2, np.int64) for e in world.entities.values()}
    for relation in world.relations.values():
        if relation.population is None or relation.name not in facts:
            continue
        for place, needed in _needed(relation, relation.population, world, facts[relation.name]).items():
            entities[place] = np.maximum(entities[place], needed)
    names = fresh_names(world, seeds, table, entities, report)

    def fresh_cells(relation: Relation, argument: Argument, real: list[str]) -> Column:
        count = names[relation.arguments[0].type].shape[1]
        path = f"{relation.name}/{argument.name}"
        return fresh_values(argument.type, real, seeds, path, count, relation.span, report)

    return _lay_out(world, seeds, Sizes(facts, entities), names, _cells(world, table, fresh_cells))


# Tables of the user's own


def _columns(world: World, entity: Entity) -> dict[str, str]:
    """The columns of an entity's table that are read, with their types: its names first, then what
    `populate rows` takes."""
    assert entity.data is not None
    wanted = {entity.data.name_column: "text"}
    for relation in world.relations.values():
        rows = relation.population is not None and relation.population.method == "rows"
        if rows and relation.arguments[0].type == entity.name:
            for argument in relation.arguments[1:]:
                if wanted.get(argument.name, "text") == "text":
                    wanted[argument.name] = argument.type
    return wanted


def read_data(world: World, report: Report) -> dict[str, list[list[str]]]:
    """The columns of every entity that comes from a CSV."""
    return {
        entity.name: read_columns(entity.data, _columns(world, entity), entity.span, report)
        for entity in world.entities.values()
        if entity.data is not None
    }


def characters(table: dict[str, list[list[str]]]) -> str:
    """Every character that the texts of the user's tables are spelled with, in order."""
    cells = (cell for columns in table.values() for column in columns for cell in column)
    return "".join(sorted({character for cell in cells for character in cell if not character.isspace()}))


def _cells(
    world: World,
    table: dict[str, list[list[str]]],
    cells: Callable[[Relation, Argument, list[str]], Column],
) -> dict[tuple[str, int], Column]:
    """The values of each (relation, argument) that takes them from a table [worlds or 1, rows].

    `cells` makes them out of the real ones.
    """
    found: dict[tuple[str, int], Column] = {}
    for relation in world.relations.values():
        if relation.population is None or relation.population.method != "rows":
            continue
        entity = world.entities[relation.arguments[0].type]
        columns = list(_columns(world, entity))
        for place, argument in enumerate(relation.arguments[1:], start=1):
            real = table[entity.name][columns.index(argument.name)]
            found[relation.name, place] = cells(relation, argument, real)
    return found


# Counts


def _needed(relation: Relation, population: Population, world: World, facts: Rows) -> dict[str, Rows]:
    """How many entities of each type a fresh world needs for so many facts, in the declared proportion."""
    first, second = relation.arguments[0].type, relation.arguments[1].type
    if population.method == "rows":
        return {first: facts}
    if population.method == "forest":
        return {first: facts + 1}
    if population.method == "chain":
        length = population.length or int(facts.max(initial=1)) + 1
        return {first: facts + -(-facts // (length - 1))}
    if first != second:
        return {
            place: np.maximum(1, -(-facts * world.entities[place].count // population.count))
            for place in (first, second)
        }
    if population.partners:
        return {first: facts + -(-facts // population.partners)}
    needed = np.maximum(2, -(-facts * world.entities[first].count // population.count))
    while bool((short := (facts > 1) & (needed * ((needed - 1) // 2) < facts)).any()):
        needed = needed + short
    return {first: needed}


# Facts


def _lay_out(
    world: World, seeds: Words, sizes: Sizes, names: Names, cells: dict[tuple[str, int], Column]
) -> Populated:
    facts: dict[str, Facts] = {}
    values, numbers = _numbered(world, cells)
    for relation in world.relations.values():
        if relation.population is None or relation.name not in sizes.facts:
            nothing = np.empty((0, len(relation.arguments)), np.int32)
            facts[relation.name] = Facts(np.empty(0, np.int32), nothing)
            continue
        grid, kept = _columns_of(relation, relation.population, world, seeds, sizes)
        if relation.population.method == "rows":
            row = np.minimum(grid[0], sizes.entities[relation.arguments[0].type].max() - 1)
            for place in range(1, len(relation.arguments)):
                number = np.broadcast_to(
                    numbers[relation.name, place], (len(seeds), numbers[relation.name, place].shape[1])
                )
                grid.append(np.take_along_axis(number, row, axis=1))
        rows, index = np.nonzero(kept)
        columns = [np.broadcast_to(column, kept.shape)[rows, index] for column in grid]
        facts[relation.name] = Facts(rows.astype(np.int32), np.stack(columns, axis=1).astype(np.int32))
    parts = {e.name: draw_parts(e, seeds, sizes.entities[e.name]) for e in world.entities.values()}
    return Populated(len(seeds), sizes.entities, names, values, facts, parts)


def _numbered(
    world: World, cells: dict[tuple[str, int], Column]
) -> tuple[dict[str, Values], dict[tuple[str, int], Rows]]:
    """One table for each type of all values there are, and the cells as numbers in it."""
    values: dict[str, Values] = {}
    numbers: dict[tuple[str, int], Rows] = {}
    for type in VALUE_TYPES:
        places = [at for at in cells if world.relations[at[0]].arguments[at[1]].type == type]
        constants = column_of(type, rule_constants(world, type))
        values[type], found = tabulate(type, [constants, *(cells[place] for place in places)])
        numbers.update(zip(places, found[1:], strict=True))
    return values, numbers


def _columns_of(
    relation: Relation, population: Population, world: World, seeds: Words, sizes: Sizes
) -> tuple[list[Rows], NDArray[np.bool_]]:
    """Argument columns [worlds, most facts] and which of them are facts."""
    wanted = sizes.facts[relation.name][:, None]
    index = np.arange(max(1, int(wanted.max(initial=0))), dtype=np.int64)[None, :]
    kept = index < wanted
    seed = seeds[:, None]
    first, second = relation.arguments[0].type, relation.arguments[1].type
    counts = sizes.entities[first][:, None], sizes.entities.get(second, sizes.entities[first])[:, None]
    if population.method == "rows":
        return [np.broadcast_to(index, kept.shape)], kept
    if population.method == "pairs":
        columns = _pairs(relation, population, seed, index, wanted, counts)
    elif population.method == "chain":
        length = population.length or int(counts[0].max())
        start = index // (length - 1) * length + index % (length - 1)
        columns, kept = [start, start + 1], kept & (start + 1 < counts[0])
    else:
        columns = _forest(relation, population, seed, index, counts[0])
        kept = kept & (columns[0] < columns[1])
    for place, type in enumerate((first, second)):
        # pairs: so that two relations do not compare the same neighbours; data: its order means something
        if population.method == "pairs" or world.entities[type].data is not None:
            inside = np.where(kept, columns[place], 0)
            columns[place] = permute(seed, f"{relation.name}/{type}", inside, counts[place])
    for place in range(2, len(relation.arguments)):
        columns.append(_further(relation, place, world, seed, index, sizes))
    return columns, kept


def _pairs(
    relation: Relation,
    population: Population,
    seed: Words,
    index: Rows,
    wanted: Rows,
    counts: tuple[Rows, Rows],
) -> list[Rows]:
    """Who is paired with whom, by number: the caller shuffles the entities.

    With `partners`, each first entity with its own; else around a circle, each entity in as many facts as
    any other and as often first as second.
    """
    same = relation.arguments[0].type == relation.arguments[1].type
    if population.partners:
        group = index // population.partners
        groups = -(-wanted // population.partners)
        return [group, groups + index if same else index]
    order = permute(
        seed, f"{relation.name}/pairs", np.minimum(index, np.maximum(wanted, 1) - 1), np.maximum(wanted, 1)
    )
    first, second = counts
    if same:
        a = order % first
        return [a, (a + 1 + order // first) % first]
    cycle = first * second // np.gcd(first, second)
    return [order % first, (order + order // cycle) % second]


def _forest(relation: Relation, population: Population, seed: Words, index: Rows, count: Rows) -> list[Rows]:
    """Parents and children: node k has a drawn number of children, which are the next nodes in order.

    Where the draws run out of children before all nodes have a parent, the last node takes one more.
    """
    low, high = population.children
    nodes = np.arange(int(count.max()), dtype=np.int64)[None, :]
    drawn = low + below(draw(seed, f"{relation.name}/children", nodes), high - low + 1)
    roots = np.minimum(population.roots, np.maximum(count - 1, 1))
    child = roots + index
    # a node must exist before its children: the number of children so far reaches at least the node itself
    reached = np.maximum(np.cumsum(drawn, axis=1), nodes + 2 - roots)
    reached = np.maximum.accumulate(reached, axis=1)
    ends = roots + reached
    parent = np.stack([np.searchsorted(ends[w], child[w], side="right") for w in range(len(ends))])
    return [parent, np.where(child < count, child, 0)]


def _further(relation: Relation, place: int, world: World, seed: Words, index: Rows, sizes: Sizes) -> Rows:
    """Arguments after the first two: entities or table rows, used as evenly as possible.

    Two facts in a row take a row of a mirrored table and its mirror, in drawn order, so that neither side
    of the table is right by habit.
    """
    argument = relation.arguments[place]
    path = f"{relation.name}/{argument.name}"
    table: Table | None = world.tables.get(argument.type)
    if table is None:
        counts = sizes.entities[argument.type][:, None]
        return permute(draw(seed, path, index // counts), "lap", index % counts, counts)
    if -1 in table.mirror:
        rows = len(table.rows)
        return permute(draw(seed, path, index // rows), "lap", index % rows, rows)
    couples = len(table.rows) // 2
    couple = index // 2
    chosen = permute(draw(seed, path, couple // couples), "lap", couple % couples, couples)
    turned = (draw(seed, f"{path}/turned", couple) & np.uint64(1)).astype(np.int64)
    return 2 * chosen + (turned ^ (index % 2))
