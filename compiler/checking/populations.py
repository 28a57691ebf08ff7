"""Populations: how the stated facts of a relation are drawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from wug.compiler.checking import settings
from wug.compiler.checking.entities import COUNT, MOST
from wug.compiler.checking.spread import EACH, SPREAD, read_spread
from wug.compiler.checking.takers import column, count_range, share
from wug.compiler.data.tables import Wanted, check_column
from wug.compiler.data.typed import VALUE_TYPES
from wug.compiler.diagnosis.diagnostics import Report, did_you_mean
from wug.compiler.entities import Argument, Entity, Table
from wug.compiler.language import syntax
from wug.compiler.populations import Population
from wug.compiler.world import Relation

_NAME = settings.name("the name of a relation")
POPULATIONS: dict[str, settings.Schema] = {
    "pairs": {"count": COUNT, "partners": settings.integer(1, MOST), "each_once": settings.flag},
    "forest": {
        "roots": COUNT,
        "children": count_range(0, 1000),
        "depth": settings.integer(1, 1000),
        "parents": count_range(1, 100),
        "upward": settings.flag,
        "couples": _NAME,
    },
    "chain": {"length": settings.integer(2, MOST)},
    "rows": {},
    "bipartite": {"count": COUNT, "degree": count_range(0, 1000)},
    "grid": {"width": settings.integer(1, MOST)},
    "graph": {"degree": count_range(0, 1000), "directed": settings.flag},
    "permutation": {"for_each": _NAME},
    "attribute": {"each": EACH, "along": _NAME, **SPREAD},
    "exceptions": {"of": _NAME, "along": _NAME, "share": share},
}
"""What each population takes; `rows` takes names of arguments too."""

_NEEDED = {"pairs": ("count", "100"), "grid": ("width", "10"), "graph": ("degree", "2..4")}
_SHAPES = {
    "pairs": "two entities first",
    "forest": "exactly two arguments of one entity",
    "chain": "exactly two arguments of one entity",
    "bipartite": "entities of two types first",
    "grid": "two arguments of one entity, and at most a table of directions",
    "graph": "two arguments of one entity first",
    "permutation": "two entities first",
    "attribute": "an entity first",
    "exceptions": "exactly two arguments, an entity first",
}
"""The arguments that each population needs, for messages."""


class PopulationChecker:
    """Reads populations over these types; `known` says whether types are, so that errors have no echo."""

    def __init__(
        self,
        entities: Mapping[str, Entity],
        tables: Mapping[str, Table],
        known: Callable[..., bool],
        report: Report,
    ) -> None:
        self.entities = entities
        self.tables = tables
        self._known = known
        self.report = report

    def population(
        self, populate: syntax.Populate, declaration: syntax.Relation, arguments: list[Argument]
    ) -> Population | None:
        method = populate.method.text
        if method not in POPULATIONS:
            help = did_you_mean(method, POPULATIONS)
            self.report.add("W0101", f"unknown population '{method}'", populate.method.span, help=help)
            return None
        before = len(self.report.items)
        if method == "rows":
            return self._rows(populate, declaration, arguments)
        values = settings.read(populate.settings, POPULATIONS[method], f"populate {method}", self.report)
        types = [argument.type for argument in arguments]
        if not self._known(*types):
            return Population(method, populate.span)
        if not self._fits(method, types):
            message = f"'populate {method}' needs {_SHAPES[method]}"
            self.report.add("W0202", message, populate.span)
            return None
        drawn = types if method != "attribute" else types[2:]
        if any(type in VALUE_TYPES for type in drawn):
            message = f"'populate {method}' cannot draw values"
            help = "read them from a table with 'populate rows', or draw them with 'populate attribute'"
            self.report.add("W0202", message, populate.span, help=help)
            return None
        if method == "attribute":
            values = read_spread(values, types[1], populate, self.entities, self.tables, self.report)
        values = self._complete(method, values, populate)
        if "for_each" in values:
            values["for_each"] = self._further(values["for_each"], declaration)
        if len(self.report.items) > before:
            return None
        return Population(method, populate.span, **values)

    def _further(self, name: syntax.Name | str, declaration: syntax.Relation) -> int:
        """The place of an argument after the first two, for each of which something is drawn anew."""
        names = [param.name.text for param in declaration.params]
        written = name if isinstance(name, str) else name.text
        if written in names[2:]:
            return names.index(written)
        help = did_you_mean(written, names[2:]) or "it names an argument after the first two"
        span = declaration.populates[0].span if isinstance(name, str) else name.span
        self.report.add("W0101", f"'{written}' is no further argument", span, help=help)
        return 0

    def _fits(self, method: str, types: list[str]) -> bool:
        if not types or types[0] not in self.entities or len(types) < 2:
            return False
        pair, same = types[1] in self.entities, types[0] == types[1]
        if method in ("forest", "chain"):
            return same and len(types) == 2
        if method == "bipartite":
            return pair and not same
        if method == "grid":
            return same and (len(types) == 2 or (len(types) == 3 and self._directions(types[2])))
        if method == "graph":
            return same
        if method == "exceptions":
            return len(types) == 2
        return pair or method == "attribute"

    def _directions(self, type: str) -> bool:
        """Whether a table has a row for each of two directions, or two rows and their mirrors."""
        table = self.tables.get(type)
        return table is not None and len(table.rows) >= (2 if -1 in table.mirror else 4)

    def _complete(self, method: str, values: dict[str, Any], populate: syntax.Populate) -> dict[str, Any]:
        """What is needed is there, and nothing is said twice."""
        if values.pop("each_once", False):
            if values.get("partners", 1) != 1:
                message = "'each_once' is one partner each; 'partners' asks for more"
                self.report.add("W0203", message, populate.span, help="leave one of the two out")
            values["partners"] = 1
        needed, example = _NEEDED.get(method, ("", ""))
        if needed and needed not in values and not self._is_wrong(populate, needed):
            help = f"say how many: populate {method} {{ {needed} {example} }}"
            self.report.add("W0107", f"'populate {method}' has no {needed}", populate.span, help=help)
        if "couples" in values and "parents" in values:
            message = "'couples' says how many parents there are; 'parents' would say it again"
            self.report.add("W0203", message, populate.span, help="leave 'parents' out")
        for key in ("of", "along", "couples"):
            if key in values:
                values[key] = values[key].text
        if method == "bipartite" and ("count" in values) == ("degree" in values):
            message = "'populate bipartite' needs either a count or a degree"
            help = "populate bipartite { count 100 }, or { degree 1..3 } for each first one"
            self.report.add("W0107", message, populate.span, help=help)
        if method == "exceptions" and ("of" not in values or "share" not in values):
            message = "'populate exceptions' needs what they are exceptions to, and how many there are"
            help = "populate exceptions { of has  share 10% }"
            self.report.add("W0107", message, populate.span, help=help)
        return values

    def _is_wrong(self, populate: syntax.Populate, key: str) -> bool:
        """Whether a key is there, so that what is wrong with it has been said."""
        atoms = populate.settings.atoms if populate.settings else ()
        return any(isinstance(atom, syntax.Name) and atom.text == key for atom in atoms)

    def _rows(
        self, populate: syntax.Populate, declaration: syntax.Relation, arguments: list[Argument]
    ) -> Population | None:
        named: settings.Schema = {argument.name: column for argument in arguments[1:]}
        schema = {"empty": settings.flag, **named}
        before = len(self.report.items)
        values = settings.read(populate.settings, schema, "populate rows", self.report)
        empty = "empty" not in named and values.pop("empty", False)
        types = [argument.type for argument in arguments]
        if not self._known(*types) or len(self.report.items) > before:
            return Population("rows", populate.span)
        entity = self.entities.get(types[0]) if len(types) >= 2 else None
        if entity is None or entity.data is None or any(type in self.tables for type in types[1:]):
            message = "'populate rows' needs an entity from a table of yours, and then its columns"
            help = "columns are values, or entities whose key they hold"
            self.report.add("W0202", message, populate.span, help=help)
            return None
        columns = {argument.name: values.get(argument.name, argument.name) for argument in arguments[1:]}
        for param, argument in zip(declaration.params[1:], arguments[1:], strict=True):
            other = self.entities.get(argument.type)
            if other is not None and (other.data is None or not other.data.key):
                message = f"'{argument.name}' is found by the key of '{other.name}', which has none"
                help = f'name the column that holds it: entity {other.name} from "..." {{ ...  key id }}'
                self.report.add("W0202", message, param.type.span, help=help)
                continue
            if entity.data.path != Path():
                wanted = Wanted(columns[argument.name], "text" if other else argument.type, empty)
                check_column(entity.data, wanted, param.name.span, self.report)
        return Population("rows", populate.span, columns=tuple(columns.items()), empty=empty)


def check_references(
    relations: Mapping[str, Relation], tables: Mapping[str, Table], report: Report
) -> dict[str, Relation]:
    """The relations with what their exceptions are exceptions to, after a look at those relations, and at
    others that populations name."""
    found = dict(relations)
    for relation in relations.values():
        population = relation.population
        if population is not None and population.of:
            found[relation.name] = _exceptions(relation, population, relations, report)
        elif population is not None and population.along:
            _along(relation, population, relations, report)
        elif population is not None and population.couples:
            _couples(relation, population, relations, tables, report)
    return found


def _known(name: str, population: Population, relations: Mapping[str, Relation], report: Report) -> bool:
    if name not in relations:
        help = did_you_mean(name, relations)
        report.add("W0101", f"unknown relation '{name}'", population.span, help=help)
    return name in relations


def _along(
    relation: Relation, population: Population, relations: Mapping[str, Relation], report: Report
) -> None:
    """An attribute that grows from one level of a forest to the next."""
    if not _known(population.along, population, relations, report):
        return
    forest = relations[population.along]
    levels = (
        forest.population is not None and forest.population.method == "forest" and forest.population.depth
    )
    if not levels or forest.arguments[0].type != relation.arguments[0].type:
        message = f"'{forest.name}' is no forest of '{relation.arguments[0].type}' with a depth"
        help = "'along' needs a relation with 'populate forest { depth 3 }'"
        report.add("W0202", message, population.span, help=help)
    elif population.between is None or population.spread != "uniform" or population.each != (1, 1):
        message = "along a forest, each has one value of a range, and it is distributed by level"
        report.add("W0203", message, population.span, help=f"between 18..90  along {forest.name}")


def _couples(
    relation: Relation,
    population: Population,
    relations: Mapping[str, Relation],
    tables: Mapping[str, Table],
    report: Report,
) -> None:
    """Whose sex is said by a populated relation to a table of two rows."""
    if not _known(population.couples, population, relations, report):
        return
    sex = relations[population.couples]
    types = [argument.type for argument in sex.arguments]
    rows = len(tables[types[1]].rows) if len(types) == 2 and types[1] in tables else 0
    one = (
        sex.population is not None and sex.population.method == "attribute" and sex.population.each == (1, 1)
    )
    if not one or rows != 2 or types[0] != relation.arguments[0].type:
        message = f"'{sex.name}' does not give each '{relation.arguments[0].type}' one of a table's two rows"
        help = 'table sex(word) { "woman" "man" }, and populate attribute { evenly }'
        report.add("W0202", message, population.span, help=help)


def _exceptions(
    relation: Relation, population: Population, relations: Mapping[str, Relation], report: Report
) -> Relation:
    types = tuple(argument.type for argument in relation.arguments)
    of = relations.get(population.of)
    if of is None:
        help = did_you_mean(population.of, relations)
        report.add("W0101", f"unknown relation '{population.of}'", population.span, help=help)
        return relation
    stated = of.population is not None and of.population.method != "exceptions"
    if not stated or tuple(argument.type for argument in of.arguments) != types:
        message = (
            f"exceptions need a populated relation of '{types[0]}' and '{types[1]}'; '{of.name}' is none"
        )
        report.add("W0202", message, population.span)
        return relation
    forests = [
        other.name
        for other in relations.values()
        if other.population is not None
        and other.population.method == "forest"
        and other.arguments[0].type == types[0]
    ]
    along = population.along or (forests[0] if len(forests) == 1 else "")
    if along not in forests:
        message = f"exceptions go along a forest of '{types[0]}'"
        help = f"say which: along {' or '.join(forests)}" if forests else "populate a relation with 'forest'"
        report.add("W0202", message, population.span, help=help)
        return relation
    return replace(relation, population=replace(population, along=along))
