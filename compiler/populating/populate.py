"""Draws worlds: names for entities, stated facts for relations.

Every population lays its facts out over the numbers of members and values; then the values of each type are
numbered for all worlds together. Fresh worlds, for pretraining, are small and use other names.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wug.compiler.checking.counts import check_counts
from wug.compiler.data.typed import VALUE_TYPES
from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.draw import Words
from wug.compiler.entities import Entity
from wug.compiler.facts import Facts, Populated, Rows
from wug.compiler.populating.compose import compose, fresh_count
from wug.compiler.populating.fresh_sizes import supported, wanted_members
from wug.compiler.populating.lay_attribute import lay_attribute
from wug.compiler.populating.lay_cases import lay_cases
from wug.compiler.populating.lay_couples import lay_couples
from wug.compiler.populating.lay_exceptions import lay_exceptions
from wug.compiler.populating.lay_forest import lay_forest, level_bounds
from wug.compiler.populating.lay_graph import lay_graph, lay_grid
from wug.compiler.populating.lay_pairs import (
    lay_bipartite,
    lay_chain,
    lay_pairs,
    lay_permutation,
    lay_permutations,
)
from wug.compiler.populating.names import Names, fresh_names, real_names
from wug.compiler.populating.partition import draw_parts
from wug.compiler.populating.plot import Plot, further, shuffled
from wug.compiler.populating.sheets import Cells, Sheet, fresh_cells, read_data, real_cells
from wug.compiler.populating.sizes import check_drawn
from wug.compiler.populating.values import Column, Values, column_of, tabulate
from wug.compiler.world import Relation, World, counted_types, rule_constants

_LAYERS = {
    "pairs": lay_pairs,
    "chain": lay_chain,
    "forest": lay_forest,
    "bipartite": lay_bipartite,
    "permutation": lay_permutation,
    "graph": lay_graph,
    "attribute": lay_attribute,
}
_IN_ORDER = ("forest", "chain", "grid")
"""Populations that lay members out in the order of their numbers; those of a user's table are shuffled."""


@dataclass(frozen=True)
class Stated:
    """A relation's facts before its values are numbered: in which world, and a column for each argument."""

    world: Rows
    columns: tuple[Column, ...]

    def facts(self, relation: Relation, values: dict[str, Values]) -> Facts:
        """With the numbers of the values."""
        numbers = [
            values[argument.type].numbers(column) if argument.type in values else column
            for argument, column in zip(relation.arguments, self.columns, strict=True)
        ]
        return Facts(self.world.astype(np.int32), np.stack(numbers, axis=1).astype(np.int32))


def populate(world: World, seeds: Words, report: Report, old: Populated | None = None) -> Populated:
    """The evaluation worlds of these seeds, at the declared sizes. Counts that cannot be met are reported.
    The values of an `old` version are numbered too, so that they can be asked about."""
    sheets = read_data(world, report)
    report.stop_if_failed()
    counts = member_counts(world, sheets)
    check_counts(world, counts, report)
    check_drawn(world, counts, len(seeds), report)
    report.stop_if_failed()
    members = {name: np.full(len(seeds), count) for name, count in counts.items()}
    names = real_names(world, seeds, sheets, report)
    cells = real_cells(world, sheets, report)
    report.stop_if_failed()
    populated = _lay_out(world, seeds, members, {}, names, cells, old)
    _check_exceptions(world, populated, report)
    return compose(world, populated, seeds, True, report)


def _check_exceptions(world: World, populated: Populated, report: Report) -> None:
    """Report exceptions that nothing can be: whether there are any depends on what is drawn."""
    for relation in world.relations.values():
        if relation.population is None or not relation.population.of:
            continue
        facts = np.bincount(populated.facts[relation.name].world, minlength=populated.worlds)
        if not facts.all():
            above = f"no '{relation.arguments[0].type}' has anything above it that it lacks itself"
            message = f"'{relation.name}' has no exceptions with seed {int(np.argmin(facts))}: {above}"
            help = f"raise the counts, or 'each' of '{relation.population.of}'"
            report.add("W0401", message, relation.population.span, help=help)


def populate_fresh(
    world: World,
    seeds: Words,
    facts: dict[str, Rows],
    sheets: dict[str, Sheet],
    report: Report,
    without: frozenset[str] = frozenset(),
) -> Populated:
    """Small fresh worlds for pretraining with about so many `facts` of each relation in each world, and
    `without` members of these composed types."""
    facts = supported(world, facts)
    members = wanted_members(world, member_counts(world, sheets), facts, len(seeds))
    for entity in world.entities.values():
        if entity.composed and entity.count:
            members[entity.name] = fresh_count(entity, members) * (entity.name not in without)
    names = fresh_names(world, seeds, sheets, members, report)
    cells = fresh_cells(world, sheets, seeds, members, report)
    populated = _lay_out(world, seeds, members, facts, names, cells)
    return compose(world, populated, seeds, False, report)


def member_counts(world: World, sheets: dict[str, Sheet]) -> dict[str, int]:
    """How many members each type has."""
    return {
        entity.name: len(sheets[entity.name]) if entity.data else entity.count
        for entity in world.entities.values()
    }


def _lay_out(
    world: World,
    seeds: Words,
    members: dict[str, Rows],
    most: dict[str, Rows],
    names: Names,
    cells: dict[str, Cells],
    old: Populated | None = None,
) -> Populated:
    """`most` bounds the facts of fresh worlds; where it is empty there is no bound."""
    stated: dict[str, Stated] = {}
    populated = [r for r in world.relations.values() if r.population and (not most or r.name in most)]
    for relation in sorted(populated, key=_waits):
        bound = most[relation.name] if most else None
        stated[relation.name] = _stated(world, relation, seeds, members, bound, cells, stated)
    values = _values(world, stated, members, old)
    facts = {
        relation.name: stated[relation.name].facts(relation, values)
        if relation.name in stated
        else Facts(np.empty(0, np.int32), np.empty((0, len(relation.arguments)), np.int32))
        for relation in world.relations.values()
    }
    parts = {e.name: draw_parts(e, seeds, members[e.name]) for e in world.entities.values()}
    scenes = {e.name: _scenes(e, members[e.name]) for e in world.entities.values()}
    return Populated(len(seeds), members, names, values, facts, parts, scenes)


def _waits(relation: Relation) -> bool:
    """Whether a population is drawn after another one, which it speaks of."""
    population = relation.population
    return population is not None and bool(population.of or population.couples)


def _scenes(entity: Entity, counts: Rows) -> Rows:
    """The scene of each member [worlds, most members], -1 where there is none."""
    member = np.arange(int(counts.max(initial=0)), dtype=np.int64)[None, :]
    return np.where((member < counts[:, None]) & bool(entity.scene), member // max(1, entity.per_scene), -1)


def _values(
    world: World, stated: dict[str, Stated], members: dict[str, Rows], old: Populated | None
) -> dict[str, Values]:
    """One table for each type of all values there are, constants of rules and those of an `old` version among
    them, and whatever counting may give, because facts are counted when values are numbered already."""
    found: dict[str, list[Column]] = {
        type: [column_of(type, rule_constants(world, type))] for type in VALUE_TYPES
    }
    for name, each in stated.items():
        for argument, column in zip(world.relations[name].arguments, each.columns, strict=True):
            if argument.type in found:
                found[argument.type].append(column)
    most = 0
    for type in counted_types(world):
        if type in found:
            most = max(most, sum(len(np.unique(column)) for column in found[type]))
        else:
            rows = len(world.tables[type].rows) if type in world.tables else members[type].max(initial=0)
            most = max(most, int(rows))
    lengths = [entity.sequence.length[1] for entity in world.entities.values() if entity.sequence]
    most = max(most, *lengths, 0)
    found["integer"].append(np.arange(most + 1 if most else 0))
    for type, values in (old.values if old is not None else {}).items():
        found[type].append(values.keys)
    return {type: tabulate(type, columns) for type, columns in found.items()}


def _stated(
    world: World,
    relation: Relation,
    seeds: Words,
    members: dict[str, Rows],
    bound: Rows | None,
    cells: dict[str, Cells],
    others: dict[str, Stated],
) -> Stated:
    """One relation's facts, laid out."""
    population = relation.population
    assert population is not None
    counts = tuple(
        members[a.type][:, None]
        if a.type in members
        else np.full((len(seeds), 1), len(world.tables[a.type].rows) if a.type in world.tables else 0)
        for a in relation.arguments
    )
    most = None if bound is None else bound[:, None]
    plot = Plot(world, relation, population, seeds[:, None], counts, most)
    if population.method == "rows":
        return _rows(plot, cells[relation.name])
    if population.method == "cases":
        of_case, arguments = lay_cases(
            plot, world.scenes[population.scene], members[population.scene][:, None]
        )
        return Stated(of_case, arguments)
    way: Rows | None = None
    if population.method == "exceptions":
        hierarchy, of = world.relations[population.along], world.relations[population.of]
        upward = hierarchy.population is not None and hierarchy.population.upward
        laid = lay_exceptions(
            plot, others[hierarchy.name].facts(hierarchy, {}), upward, others[of.name].facts(of, {})
        )
    elif population.couples:
        sex = world.relations[population.couples]
        said = others.get(sex.name, Stated(np.empty(0, np.int64), (np.empty(0, np.int64),) * 2))
        laid = lay_couples(plot, level_bounds(plot), said.facts(sex, {}))
    elif population.method == "grid":
        laid, way = lay_grid(plot)
    elif population.for_each:
        laid, way = lay_permutations(plot)
    else:
        laid = _LAYERS[population.method](plot)
    kept = laid.kept if most is None else laid.kept & (np.cumsum(laid.kept, axis=1) <= most)
    columns = [laid.first, laid.second]
    for place, argument in enumerate(relation.arguments[:2]):
        # pairs: so that two relations do not compare the same neighbours; data: its order means something
        of_data = argument.type in world.entities and world.entities[argument.type].data is not None
        if population.method == "pairs" or (of_data and population.method in _IN_ORDER):
            columns[place] = shuffled(plot, place, columns[place], kept)
    index = np.arange(kept.shape[1], dtype=np.int64)[None, :]
    for place in range(2, len(relation.arguments)):
        if way is not None and place == (population.for_each or 2):
            columns.append(way)
        else:
            columns.append(further(plot, place, index))
    of_fact, at = np.nonzero(kept)
    return Stated(of_fact, tuple(np.broadcast_to(c, kept.shape)[of_fact, at] for c in columns))


def _rows(plot: Plot, cells: Cells) -> Stated:
    """A fact for each row of a table of the user's own whose cells are all filled."""
    index = plot.nodes()
    kept = (index < plot.counts[0]) & cells.filled
    if plot.most is not None:
        kept &= np.cumsum(kept, axis=1) <= plot.most
    of, row = np.nonzero(np.broadcast_to(kept, (len(plot.seeds), kept.shape[1])))
    columns: list[NDArray[np.int64] | NDArray[np.str_]] = [row]
    for column in cells.columns:
        columns.append(column[of if len(column) > 1 else 0, row])
    return Stated(of, tuple(columns))
