"""Syntax to a checked world: names resolved, arities and types compared, forms and settings understood."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from wug.compiler import settings, syntax
from wug.compiler.check_forms import FormChecker, check_forms_differ
from wug.compiler.check_rules import RuleChecker
from wug.compiler.counts import check_counts
from wug.compiler.data import check_data
from wug.compiler.diagnostics import Note, Report, did_you_mean
from wug.compiler.resolve import WorldFiles, inside
from wug.compiler.source import Span
from wug.compiler.world import (
    Argument,
    Data,
    Entity,
    Form,
    Population,
    Relation,
    Rule,
    Table,
    World,
)

MOST = 10_000_000
"""The most entities or facts that one declaration may ask for."""

TRAITS = (
    "symmetric",
    "asymmetric",
    "transitive",
    "irreflexive",
    "functional",
    "injective",
    "acyclic",
    "complete",
)
VALUE_TYPES = ("text", "integer")

_LATER = (
    syntax.Parameter
    | syntax.Lexicon
    | syntax.Never
    | syntax.Document
    | syntax.Scene
    | syntax.Terms
    | syntax.Given
)
_COUNT = settings.integer(1, MOST)
_POPULATIONS: dict[str, settings.Schema] = {
    "pairs": {"count": _COUNT, "partners": settings.integer(1, MOST), "each_once": settings.flag},
    "forest": {"roots": _COUNT, "children": lambda cursor, key: _range(cursor, key)},
    "chain": {"length": settings.integer(2, MOST)},
    "rows": {},
}


def check_world(files: WorldFiles, report: Report) -> World:
    """The world that the files declare together, as far as it can be understood; errors go to `report`."""
    return _WorldChecker(files, report).run()


def _range(cursor: settings.Cursor, key: syntax.Name) -> tuple[int, int] | None:
    atom = cursor.take(syntax.Range)
    if atom is None:
        cursor.report.add("W0203", f"'{key.text}' takes a range such as 0..3", key.span)
        return None
    if atom.low > atom.high or atom.high < 1 or atom.high > 1000:
        cursor.report.add("W0204", f"'{key.text}' must be a range from low to high, at most 1000", atom.span)
        return None
    return atom.low, atom.high


def _nonce(cursor: settings.Cursor, key: syntax.Name) -> tuple[str, Any] | None:
    """`named nonce(syllables 2)`, or the CSV column that holds the names."""
    call = cursor.take(syntax.Call)
    if call is None:
        column = cursor.take(syntax.Name)
        if column is None:
            cursor.report.add("W0107", "'named' needs a value: nonce(syllables 2), or a column", key.span)
            return None
        return ("nonce", 2) if column.text == "nonce" else ("column", column)
    if call.name.text != "nonce":
        help = did_you_mean(call.name.text, ["nonce"])
        cursor.report.add("W0101", f"unknown lexicon '{call.name.text}'", call.name.span, help=help)
        return None
    schema = {"syllables": settings.integer(2, 3)}
    inner = settings.read(syntax.Settings(call.arguments, call.span), schema, "nonce(...)", cursor.report)
    return "nonce", inner.get("syllables", 2)


class _WorldChecker:
    def __init__(self, files: WorldFiles, report: Report) -> None:
        self.files = files
        self.report = report
        self.places: dict[str, Span] = {}
        self.entities: dict[str, Entity] = {}
        self.tables: dict[str, Table] = {}
        self.relations: dict[str, Relation] = {}
        self.preambles: dict[str, tuple[str, ...]] = {}

    def run(self) -> World:
        worlds = [file for file in self.files.files if file.world is not None]
        declared = [(file, d) for file in worlds if file.world for d in file.world.declarations]
        for file, declaration in declared:
            self._declare(file, declaration)
        for _, declaration in declared:
            if isinstance(declaration, syntax.Relation) and declaration.name.text not in self.relations:
                self._relation(declaration)
        reader = RuleChecker(self.relations, self._known, self.report)
        rules = [reader.rule(d) for _, d in declared if isinstance(d, syntax.Rule)]
        kept = tuple(rule for rule in rules if rule is not None)
        self._check_populated(kept)
        check_forms_differ(self.relations.values(), self.report)
        main = worlds[-1].world if worlds else None
        name, doc = (main.name.text, main.doc) if main else ("", "")
        world = World(name, self.entities, self.tables, self.relations, kept, self.preambles, doc)
        counts = {entity.name: entity.count for entity in self.entities.values() if entity.count}
        check_counts(world, counts, self.report)
        return world

    def _declare(self, file: syntax.WorldFile, declaration: syntax.Declaration) -> None:
        if isinstance(declaration, syntax.Rule):
            return
        if isinstance(declaration, _LATER):
            self.report.add(
                "W0011",
                f"'{type(declaration).__name__.lower()}' is not yet understood by this version",
                declaration.span,
                help="its place in the language is kept; leave it out for now",
            )
            return
        name = declaration.name
        if name.text in self.places:
            notes = [Note("first declared here", self.places[name.text])]
            self.report.add("W0103", f"'{name.text}' is declared twice", name.span, notes=notes)
            return
        if name.text in VALUE_TYPES:
            self.report.add("W0012", f"'{name.text}' is a built-in type and cannot be declared", name.span)
            return
        self.places[name.text] = name.span
        if isinstance(declaration, syntax.Entity):
            self._entity(file, declaration)
        elif isinstance(declaration, syntax.Table):
            self._table(declaration)
        elif isinstance(declaration, syntax.Preamble):
            if not declaration.texts:
                help = 'write at least one text; "" is the sentence alone'
                self.report.add("W0107", f"preamble '{name.text}' has no texts", name.span, help=help)
            self.preambles[name.text] = tuple(text.text for text in declaration.texts)

    # Entities and tables

    def _entity(self, file: syntax.WorldFile, declaration: syntax.Entity) -> None:
        for partition in declaration.partitions:
            help = "leave it out for now"
            self.report.add(
                "W0011", "'partition' is not yet understood by this version", partition.span, help=help
            )
        schema: settings.Schema = (
            {"named": _nonce} if declaration.source else {"count": _COUNT, "named": _nonce}
        )
        what = f"entity '{declaration.name.text}'"
        values = settings.read(declaration.settings, schema, what, self.report)
        kind, value = values.get("named", ("nonce", 2))
        name = declaration.name
        if declaration.source is None:
            if kind == "column":
                help = "invented names are 'named nonce(syllables 2)'"
                self.report.add("W0101", f"unknown lexicon '{value.text}'", value.span, help=help)
                value = 2
            if "count" not in values and not any(
                i.span and _within(i.span, declaration.span) for i in self.report.items
            ):
                help = f"say how many there are: entity {name.text} {{ count 100 }}"
                self.report.add("W0107", f"{what} has no count", name.span, help=help)
            self.entities[name.text] = Entity(name.text, values.get("count", 0), value, None, name.span)
            return
        if kind != "column":
            help = "say which column holds the names: named name"
            self.report.add("W0107", f"{what} does not say which column names it", name.span, help=help)
            self.entities[name.text] = Entity(name.text, 0, 2, None, name.span)
            return
        path = inside(file.source.path, declaration.source, self.files.root, self.report)
        data = Data(path or Path(), declaration.source.text, value.text)
        if path is not None:
            check_data(data, declaration.source.span, value.span, self.report)
        self.entities[name.text] = Entity(name.text, 0, 0, data, name.span)

    def _table(self, declaration: syntax.Table) -> None:
        columns = tuple(column.text for column in declaration.columns)
        if len(set(columns)) != len(columns):
            self.report.add("W0103", "two columns have one name", declaration.columns[-1].span)
        rows: list[tuple[str, ...]] = []
        mirror: list[int] = []
        seen: dict[tuple[str, ...], Span] = {}
        for row in declaration.rows:
            cells = tuple(cell.text for cell in row.cells)
            if len(cells) != len(columns):
                message = f"this row has {len(cells)} cells, the table has {len(columns)} columns"
                self.report.add("W0201", message, row.span)
                continue
            new = [cells, cells[::-1]] if row.mirrored else [cells]
            for cells in new:
                if cells in seen:
                    notes = [Note("first written here", seen[cells])]
                    self.report.add("W0103", "this row is in the table already", row.span, notes=notes)
                    break
            for cells in new:
                seen[cells] = row.span
            base = len(rows)
            rows += new
            mirror += [base + 1, base] if row.mirrored else [-1]
        if not declaration.rows:
            self.report.add("W0107", f"table '{declaration.name.text}' has no rows", declaration.name.span)
        name = declaration.name.text
        self.tables[name] = Table(name, columns, tuple(rows), tuple(mirror))

    # Relations

    def _known(self, *types: str) -> bool:
        """Whether all of these are types; what is said of an unknown one would only be an echo."""
        return all(type in self.entities or type in self.tables or type in VALUE_TYPES for type in types)

    def _relation(self, declaration: syntax.Relation) -> None:
        arguments: list[Argument] = []
        for param in declaration.params:
            if any(argument.name == param.name.text for argument in arguments):
                self.report.add("W0103", f"two arguments are called '{param.name.text}'", param.name.span)
            if param.type.text not in (*self.entities, *self.tables, *VALUE_TYPES):
                known = [*self.entities, *self.tables, *VALUE_TYPES]
                help = did_you_mean(param.type.text, known)
                self.report.add("W0101", f"unknown type '{param.type.text}'", param.type.span, help=help)
            arguments.append(Argument(param.name.text, param.type.text))
        for rewriting in declaration.rewritings:
            help = "leave it out for now"
            self.report.add("W0011", "'rewrite' is not yet understood", rewriting.span, help=help)
        traits, converse = self._traits(declaration, arguments)
        population = None
        for populate in declaration.populates:
            population = self._population(populate, declaration, arguments)
        for populate in declaration.populates[1:]:
            self.report.add("W0103", "a relation is populated once", populate.span)
        forms: list[Form] = []
        reader = FormChecker(self.tables, self.report)
        for form in declaration.forms:
            if any(other.name == form.name.text for other in forms):
                self.report.add("W0103", f"two forms are called '{form.name.text}'", form.name.span)
            made = reader.form(form, arguments)
            if made is not None:
                forms.append(made)
        self.relations[declaration.name.text] = Relation(
            declaration.name.text,
            tuple(arguments),
            traits,
            converse,
            population,
            tuple(forms),
            declaration.name.span,
        )

    def _traits(
        self, declaration: syntax.Relation, arguments: list[Argument]
    ) -> tuple[frozenset[str], int | None]:
        traits: set[str] = set()
        converse: int | None = None
        names = iter(declaration.traits)
        for trait in names:
            if trait.text == "converse":
                over = next(names, None)
                converse = self._converse(trait, over, arguments)
                continue
            if trait.text not in TRAITS:
                help = did_you_mean(trait.text, [*TRAITS, "converse"])
                self.report.add("W0102", f"unknown trait '{trait.text}'", trait.span, help=help)
                continue
            pair = trait.text not in ("complete",)
            if pair and len(arguments) < 2:
                self.report.add("W0202", f"'{trait.text}' needs a relation of two arguments", trait.span)
                continue
            same = trait.text not in ("complete", "functional", "injective")
            both = [argument.type for argument in arguments[:2]]
            if same and both[0] != both[1] and self._known(*both):
                message = f"'{trait.text}' needs the first two arguments to have one type"
                self.report.add("W0202", message, trait.span)
                continue
            traits.add(trait.text)
        return frozenset(traits), converse

    def _converse(
        self, trait: syntax.Name, over: syntax.Name | None, arguments: list[Argument]
    ) -> int | None:
        if over is None:
            help = "say which argument turns round: converse on"
            self.report.add("W0107", "'converse' needs an argument", trait.span, help=help)
            return None
        found = [i for i, argument in enumerate(arguments) if argument.name == over.text]
        if not found:
            help = did_you_mean(over.text, [a.name for a in arguments])
            self.report.add("W0101", f"unknown argument '{over.text}'", over.span, help=help)
            return None
        if not self._known(*(argument.type for argument in arguments)):
            return found[0]
        table = self.tables.get(arguments[found[0]].type)
        if table is None or -1 in table.mirror or found[0] < 2 or arguments[0].type != arguments[1].type:
            self.report.add(
                "W0202",
                f"'converse {over.text}' does not fit",
                over.span,
                help='the first two arguments need one type, and this one a table of \'"a" <-> "b"\' rows',
            )
            return None
        return found[0]

    def _population(
        self, populate: syntax.Populate, declaration: syntax.Relation, arguments: list[Argument]
    ) -> Population | None:
        method = populate.method.text
        if method not in _POPULATIONS:
            help = did_you_mean(method, _POPULATIONS)
            self.report.add("W0101", f"unknown population '{method}'", populate.method.span, help=help)
            return None
        values = settings.read(populate.settings, _POPULATIONS[method], f"populate {method}", self.report)
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
                message = (
                    "'populate rows' needs an entity from a CSV and then columns of type text or integer"
                )
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
            message = f"'populate {method}' cannot draw a text or an integer"
            self.report.add(
                "W0202", message, populate.span, help="read such values from a CSV with 'populate rows'"
            )
            return None
        return Population(method, populate.span, **values)

    # All together

    def _check_populated(self, rules: tuple[Rule, ...]) -> None:
        derived = {rule.head.relation for rule in rules}
        for relation in self.relations.values():
            if relation.population is None and relation.name not in derived:
                if any(item.span and _within(relation.span, item.span) for item in self.report.items):
                    continue
                if self.report.failed:  # the rule or population may be the one that is in error
                    continue
                help = "add 'populate ...' to it, or a rule whose head it is"
                message = f"relation '{relation.name}' has no facts: nothing populates or derives it"
                self.report.add("W0402", message, relation.span, help=help)


def _within(inner: Span, outer: Span) -> bool:
    return inner.source is outer.source and outer.start <= inner.start and inner.end <= outer.end
