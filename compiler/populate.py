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
from wug.compiler.fresh import fresh_like
from wug.compiler.words import draw_names, spell
from wug.compiler.world import Entity, Population, Relation, Table, World


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
    names = _real_names(world, seeds, table)
    values, offsets = _values(
        world, table, lambda _, __, real: np.broadcast_to(np.array(real), (len(seeds), len(real)))
    )
    return _lay_out(world, seeds, Sizes(facts, entities), names, values, offsets)


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
    names: dict[str, NDArray[np.str_]] = {}
    taken: dict[int, Rows] = {}
    for entity in world.entities.values():
        most = int(entities[entity.name].max())
        if entity.data is not None:
            real = table[entity.name][0]
            names[entity.name] = fresh_like(real, seeds, f"{entity.name}/names", most, entity.span, report)
        else:
            names[entity.name] = _nonce(entity, seeds, most, False, taken)

    def fresh_cells(relation: Relation, column: str, real: list[str]) -> NDArray[np.str_]:
        count = names[relation.arguments[0].type].shape[1]
        return fresh_like(real, seeds, f"{relation.name}/{column}", count, relation.span, report)

    values, offsets = _values(world, table, fresh_cells)
    return _lay_out(world, seeds, Sizes(facts, entities), names, values, offsets)


# Names and values


def _columns(world: World, entity: Entity) -> tuple[str, ...]:
    """The columns of an entity's table that are read: its names first, then what `populate rows` takes."""
    assert entity.data is not None
    wanted = [entity.data.name_column]
    for relation in world.relations.values():
        rows = relation.population is not None and relation.population.method == "rows"
        if rows and relation.arguments[0].type == entity.name:
            wanted += [a.name for a in relation.arguments[1:] if a.name not in wanted]
    return tuple(wanted)


def read_data(world: World, report: Report) -> dict[str, list[list[str]]]:
    """The columns of every entity that comes from a CSV."""
    found: dict[str, list[list[str]]] = {}
    for entity in world.entities.values():
        if entity.data is None:
            continue
        columns = _columns(world, entity)
        found[entity.name] = read_columns(entity.data, columns, entity.span, report)
        integers = {
            argument.name
            for relation in world.relations.values()
            if relation.arguments[0].type == entity.name
            for argument in relation.arguments[1:]
            if argument.type == "integer"
        }
        for column, cells in zip(columns, found[entity.name], strict=True):
            bad = [cell for cell in cells if not cell.isdecimal()] if column in integers else []
            if bad:
                message = f"'{bad[0]}' in column '{column}' of '{entity.data.written}' is no integer"
                report.add("W0407", message, entity.span, help="declare the argument as text")
    return found


def characters(table: dict[str, list[list[str]]]) -> str:
    """Every character that the texts of the user's tables are spelled with, in order."""
    cells = (cell for columns in table.values() for column in columns for cell in column)
    return "".join(sorted({character for cell in cells for character in cell if not character.isspace()}))


def _nonce(
    entity: Entity, seeds: Words, count: int, reserved: bool, taken: dict[int, Rows]
) -> NDArray[np.str_]:
    """Invented names; types that share a lexicon share no name, the one declared first choosing first."""
    held = taken.get(entity.syllables)
    words = draw_names(seeds, f"{entity.name}/names", count, entity.syllables, reserved, held)
    taken[entity.syllables] = words if held is None else np.concatenate([held, words], axis=1)
    return np.array(spell(words.reshape(-1), entity.syllables)).reshape(words.shape)


def _real_names(world: World, seeds: Words, table: dict[str, list[list[str]]]) -> dict[str, NDArray[np.str_]]:
    """The names of evaluation worlds; those of a table are the same in all of them."""
    names: dict[str, NDArray[np.str_]] = {}
    taken: dict[int, Rows] = {}
    for entity in world.entities.values():
        if entity.data is None:
            names[entity.name] = _nonce(entity, seeds, entity.count, True, taken)
        else:
            real = np.array(table[entity.name][0])
            names[entity.name] = np.broadcast_to(real, (len(seeds), len(real)))
    return names


def _values(
    world: World,
    table: dict[str, list[list[str]]],
    cells: Callable[[Relation, str, list[str]], NDArray[np.str_]],
) -> tuple[dict[str, NDArray[np.str_]], dict[tuple[str, int], int]]:
    """All values of each type side by side, and where those of each (relation, argument) begin.

    `cells` makes the texts [worlds, rows] of a relation's column out of the real ones.
    """
    values: dict[str, NDArray[np.str_]] = {}
    offsets: dict[tuple[str, int], int] = {}
    for relation in world.relations.values():
        if relation.population is None or relation.population.method != "rows":
            continue
        entity = world.entities[relation.arguments[0].type]
        for place, argument in enumerate(relation.arguments[1:], start=1):
            real = table[entity.name][_columns(world, entity).index(argument.name)]
            made = cells(relation, argument.name, real)
            held = values.get(argument.type)
            offsets[relation.name, place] = 0 if held is None else held.shape[1]
            values[argument.type] = made if held is None else np.concatenate([held, made], axis=1)
    return values, offsets


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
    world: World,
    seeds: Words,
    sizes: Sizes,
    names: dict[str, NDArray[np.str_]],
    values: dict[str, NDArray[np.str_]],
    offsets: dict[tuple[str, int], int],
) -> Populated:
    facts: dict[str, Facts] = {}
    for relation in world.relations.values():
        if relation.population is None or relation.name not in sizes.facts:
            nothing = np.empty((0, len(relation.arguments)), np.int32)
            facts[relation.name] = Facts(np.empty(0, np.int32), nothing)
            continue
        grid, kept = _columns_of(relation, relation.population, world, seeds, sizes)
        if relation.population.method == "rows":
            grid = [grid[0]] + [
                grid[0] + offsets[relation.name, p] for p in range(1, len(relation.arguments))
            ]
        rows, index = np.nonzero(kept)
        columns = [np.broadcast_to(column, kept.shape)[rows, index] for column in grid]
        facts[relation.name] = Facts(rows.astype(np.int32), np.stack(columns, axis=1).astype(np.int32))
    values = {type: _numbered(texts, type, world, facts) for type, texts in values.items()}
    return Populated(len(seeds), sizes.entities, names, values, facts)


def _numbered(texts: NDArray[np.str_], type: str, world: World, facts: dict[str, Facts]) -> NDArray[np.str_]:
    """Give equal values of a type one number, where all worlds share them; facts are renumbered in place."""
    if not (texts.shape[0] == 1 or texts.strides[0] == 0 or bool((texts == texts[:1]).all())):
        return texts
    distinct, number = np.unique(texts[0], return_inverse=True)
    for relation in world.relations.values():
        for place, argument in enumerate(relation.arguments):
            if argument.type == type:
                column = facts[relation.name].arguments[:, place]
                facts[relation.name].arguments[:, place] = number[column]
    return np.broadcast_to(distinct, (texts.shape[0], len(distinct)))


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
