"""Entities and tables: how many there are, what they are called, where they come from."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wug.compiler.checking import settings
from wug.compiler.checking.lexicons import LexiconChecker, between, named
from wug.compiler.data.tables import check_data
from wug.compiler.diagnosis.diagnostics import Note, Report
from wug.compiler.entities import FORMATS, NONCE, Data, Entity, Lexicon, Naming, Part, Sequence, Table
from wug.compiler.language import syntax
from wug.compiler.language.resolve import inside
from wug.compiler.language.source import Span

MOST = 10_000_000
"""The most entities or facts that one declaration may ask for."""

WHOLE = 1_000_000_000
"""Shares are integers, in billionths."""

_KEY = settings.name("the name of a column")
COUNT = settings.integer(1, MOST)


_INVENTED: settings.Schema = {"count": COUNT, "named": named}
_LENGTH = between(1, 12)


class EntityChecker:
    """Reads entities and tables of a world whose project is `root`, and whose lexicons are `known`."""

    def __init__(self, root: Path, known: Mapping[str, Lexicon], report: Report) -> None:
        self.root = root
        self.known = known
        self.report = report
        self.lexicons = LexiconChecker(root, report)

    def entity(self, file: syntax.WorldFile, declaration: syntax.Entity) -> Entity:
        made = self._entity(file, declaration)
        return dataclasses.replace(made, partition=self.partition(declaration.partitions))

    def _entity(self, file: syntax.WorldFile, declaration: syntax.Entity) -> Entity:
        schema: settings.Schema = (
            {"named": named, "key": _KEY}
            if declaration.source
            else {**_INVENTED, "sequence": settings.name("an entity"), "length": _LENGTH}
        )
        what = f"entity '{declaration.name.text}'"
        values = settings.read(declaration.settings, schema, what, self.report)
        name, called = declaration.name, values.get("named")
        if "sequence" in values or "length" in values:
            return self._sequence(name, values)
        if declaration.source is None:
            naming = self.lexicons.naming(file, called, self.known)
            if "count" not in values and not any(
                i.span and within(i.span, declaration.span) for i in self.report.items
            ):
                help = f"say how many there are: entity {name.text} {{ count 100 }}"
                self.report.add("W0107", f"{what} has no count", name.span, help=help)
            return Entity(name.text, values.get("count", 0), naming or Naming(), None, name.span)
        if not isinstance(called, syntax.Name) or called.text == NONCE.name:
            help = "say which column holds the names: named name"
            self.report.add("W0107", f"{what} does not say which column names it", name.span, help=help)
            return Entity(name.text, 0, Naming(), None, name.span)
        path = inside(file.source.path, declaration.source, self.root, self.report)
        key = values.get("key")
        data = Data(path or Path(), declaration.source.text, called.text, key.text if key else "")
        if path is not None and path.is_file() and path.suffix.removeprefix(".").lower() not in FORMATS:
            message = f"'{data.written}' ends in none of .csv, .jsonl and .parquet"
            self.report.add("W0010", message, declaration.source.span)
        elif path is not None:
            place = key.span if key else None
            check_data(data, declaration.source.span, called.span, self.report, place)
        return Entity(name.text, 0, None, data, name.span)

    def _sequence(self, name: syntax.Name, values: dict[str, Any]) -> Entity:
        """`sequence word  length 3..5  count 100`, or `sequence code` for those that rules join."""
        of: syntax.Name | None = values.get("sequence")
        if of is None:
            help = "say of what it is a sequence: sequence word"
            self.report.add("W0107", f"'{name.text}' has a length and is no sequence", name.span, help=help)
        if "named" in values:
            help = "leave out 'named': it is called by the names of its members"
            self.report.add(
                "W0203", f"'{name.text}' is a sequence and has no names of its own", name.span, help=help
            )
        if ("count" in values) != ("length" in values):
            help = "count 100  length 3..5; leave out both where rules join its sequences"
            self.report.add("W0107", f"'{name.text}' needs both a count and a length", name.span, help=help)
        sequence = Sequence(of.text if of else "", values.get("length", (0, 0)))
        return Entity(name.text, values.get("count", 0), None, None, name.span, sequence=sequence)

    def partition(self, written: tuple[syntax.Partition, ...]) -> tuple[Part, ...]:
        """The parts of a type, as counts or as shares of its members."""
        for extra in written[1:]:
            self.report.add("W0103", "a type is divided once", extra.span)
        if not written:
            return ()
        parts: dict[str, Part] = {}
        partition = written[0]
        sizes = [self._size(part) for part in partition.parts]
        if None in sizes:
            return ()
        before = len(self.report.items)
        counts = [size for size in sizes if size is not None]
        kinds = {count.kind for count in counts}
        if kinds - {"int", "percent"} or len(kinds) > 1:
            help = "partition a 30, b 60 or partition a 25%, b 75%"
            message = "the parts are all counts or all percentages"
            self.report.add("W0203", message, partition.span, help=help)
            return ()
        for part, count in zip(partition.parts, counts, strict=True):
            name = part.name
            if name.text in parts:
                self.report.add("W0103", f"two parts are called '{name.text}'", name.span)
            elif count.kind == "percent":
                parts[name.text] = Part(name.text, share=round(count.value * WHOLE), span=name.span)
            else:
                parts[name.text] = Part(name.text, count=int(count.value), span=name.span)
            if not count.value:
                self.report.add("W0204", f"part '{name.text}' is empty", count.span)
        if len(self.report.items) > before:
            return ()
        whole = sum(part.share for part in parts.values())
        if kinds == {"percent"} and whole != WHOLE:
            message = f"the parts add up to {whole * 100 / WHOLE:g}%, not to 100%"
            self.report.add("W0204", message, partition.span)
        return tuple(parts.values())

    def _size(self, part: syntax.Part) -> syntax.Number | None:
        """How many are in a part: by now a parameter is its value."""
        if isinstance(part.count, syntax.Number):
            return part.count
        if isinstance(part.count, syntax.Name):
            help = f"declare it: param {part.count.text} = 30"
            message = f"part '{part.name.text}' takes a number, and '{part.count.text}' is no parameter"
            self.report.add("W0101", message, part.count.span, help=help)
        else:
            message = f"part '{part.name.text}' takes a number or a percentage"
            self.report.add("W0203", message, part.count.span)
        return None

    def table(self, declaration: syntax.Table) -> Table:
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
        return Table(name, columns, tuple(rows), tuple(mirror))


def within(inner: Span, outer: Span) -> bool:
    """Whether a place lies inside another one of the same file."""
    return inner.source is outer.source and outer.start <= inner.start and inner.end <= outer.end
