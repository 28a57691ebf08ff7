"""Populations: how the stated facts of a relation are drawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from wug.compiler import settings, syntax
from wug.compiler.check_entities import COUNT, MOST
from wug.compiler.data import check_data
from wug.compiler.diagnostics import Report, did_you_mean
from wug.compiler.typed import VALUE_TYPES
from wug.compiler.world import Argument, Data, Entity, Population


def _range(cursor: settings.Cursor, key: syntax.Name) -> tuple[int, int] | None:
    atom = cursor.take(syntax.Range)
    if atom is None:
        cursor.report.add("W0203", f"'{key.text}' takes a range such as 0..3", key.span)
        return None
    if atom.low > atom.high or atom.high < 1 or atom.high > 1000:
        cursor.report.add("W0204", f"'{key.text}' must be a range from low to high, at most 1000", atom.span)
        return None
    return atom.low, atom.high


POPULATIONS: dict[str, settings.Schema] = {
    "pairs": {"count": COUNT, "partners": settings.integer(1, MOST), "each_once": settings.flag},
    "forest": {"roots": COUNT, "children": _range},
    "chain": {"length": settings.integer(2, MOST)},
    "rows": {},
}


class PopulationChecker:
    """Reads populations over these entities; `known` says whether types are, so that errors have no echo."""

    def __init__(self, entities: Mapping[str, Entity], known: Callable[..., bool], report: Report) -> None:
        self.entities = entities
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
        values = settings.read(populate.settings, POPULATIONS[method], f"populate {method}", self.report)
        types = [argument.type for argument in arguments]
        if values.pop("each_once", False):
            values["partners"] = 1
        if not self._known(*types):
            return Population(method, populate.span, **values)
        entity_pair = len(types) >= 2 and types[0] in self.entities and types[1] in self.entities
        if method == "rows":
            of_data = (
                len(types) >= 2 and types[0] in self.entities and self.entities[types[0]].data is not None
            )
            if not of_data or any(t not in VALUE_TYPES for t in types[1:]):
                message = "'populate rows' needs an entity from a CSV and then columns, of value types"
                self.report.add("W0202", message, populate.span)
                return None
            data = self.entities[types[0]].data
            if data is not None and data.path != Path():
                for param in declaration.params[1:]:
                    column = Data(data.path, data.written, param.name.text)
                    check_data(column, param.span, param.name.span, self.report, only_column=True)
        elif not entity_pair or (method != "pairs" and (len(types) != 2 or types[0] != types[1])):
            shape = "two entities first" if method == "pairs" else "exactly two arguments of one entity"
            self.report.add("W0202", f"'populate {method}' needs {shape}", populate.span)
            return None
        elif method == "pairs" and "count" not in values:
            help = "say how many: populate pairs { count 100 }"
            self.report.add("W0107", "'populate pairs' has no count", populate.span, help=help)
            return None
        elif any(t in VALUE_TYPES for t in types):
            message = f"'populate {method}' cannot draw values"
            self.report.add(
                "W0202", message, populate.span, help="read such values from a CSV with 'populate rows'"
            )
            return None
        return Population(method, populate.span, **values)
