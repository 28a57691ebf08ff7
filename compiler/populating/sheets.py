"""Tables of the user's own as a world uses them: names, keys, and a column for each argument of `rows`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wug.compiler.data.tables import Wanted, read_columns
from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.draw import Words, below, draw, scaled
from wug.compiler.entities import Entity
from wug.compiler.facts import Rows
from wug.compiler.populating.fresh import fresh_values
from wug.compiler.populating.values import Column, column_of
from wug.compiler.world import Relation, World


@dataclass(frozen=True)
class Sheet:
    """What is read of an entity's table: `columns` by their name and type, "" where a cell is empty."""

    names: list[str]
    keys: dict[str, int]  # the row of each key
    columns: dict[tuple[str, str], list[str]]
    lines: list[int]

    def __len__(self) -> int:
        return len(self.names)


@dataclass(frozen=True)
class Cells:
    """The columns behind the first one of a relation that takes its facts from rows [worlds or 1, rows]:
    keys or texts of values, numbers of members. `filled` says where none of them is empty."""

    filled: NDArray[np.bool_]
    columns: tuple[Column, ...]


def read_data(world: World, report: Report) -> dict[str, Sheet]:
    """What the world uses of every table of the user's own."""
    return {
        entity.name: _sheet(world, entity, report)
        for entity in world.entities.values()
        if entity.data is not None
    }


def characters(sheets: dict[str, Sheet]) -> str:
    """Every character that the texts of the user's tables are spelled with, in order."""
    columns = [cells for sheet in sheets.values() for cells in (sheet.names, *sheet.columns.values())]
    found = {character for cells in columns for cell in cells for character in cell}
    return "".join(sorted(character for character in found if not character.isspace()))


def _of_rows(world: World, entity: Entity) -> list[Relation]:
    """The relations that take their facts from an entity's rows."""
    return [
        relation
        for relation in world.relations.values()
        if relation.population is not None
        and relation.population.method == "rows"
        and relation.arguments[0].type == entity.name
    ]


def _column(world: World, relation: Relation, place: int) -> tuple[str, str]:
    """The column of an argument and its type; what names a member elsewhere is a text."""
    argument = relation.arguments[place]
    assert relation.population is not None
    named = dict(relation.population.columns)
    type = "text" if argument.type in world.entities else argument.type
    return named.get(argument.name, argument.name), type


def _sheet(world: World, entity: Entity, report: Report) -> Sheet:
    assert entity.data is not None
    empty: dict[tuple[str, str], bool] = {}
    for relation in _of_rows(world, entity):
        for place in range(1, len(relation.arguments)):
            at = _column(world, relation, place)
            assert relation.population is not None
            empty[at] = empty.get(at, True) and relation.population.empty
    wanted = [Wanted(entity.data.name_column, "text", unique=True)]
    if entity.data.key:
        wanted.append(Wanted(entity.data.key, "text", unique=True))
    wanted += [Wanted(column, type, may_be_empty) for (column, type), may_be_empty in empty.items()]
    table = read_columns(entity.data, wanted, entity.span, report)
    keys = table.columns[1] if entity.data.key else []
    rest = table.columns[len(wanted) - len(empty) :]
    return Sheet(
        table.columns[0],
        {key: row for row, key in enumerate(keys)},
        dict(zip(empty, rest, strict=True)),
        table.lines,
    )


def real_cells(world: World, sheets: dict[str, Sheet], report: Report) -> dict[str, Cells]:
    """The cells of every relation of rows, as they are. A key that no row has is reported."""
    found: dict[str, Cells] = {}
    for entity in world.entities.values():
        if entity.data is None:
            continue
        sheet = sheets[entity.name]
        for relation in _of_rows(world, entity):
            columns: list[Column] = []
            filled = np.ones((1, len(sheet)), bool)
            for place, argument in enumerate(relation.arguments[1:], start=1):
                column, type = _column(world, relation, place)
                texts = sheet.columns[column, type]
                here = np.array([bool(text) for text in texts], bool)[None, :]
                filled = filled & here
                if argument.type in world.entities:
                    columns.append(_joined(world, relation, place, sheets, entity, report))
                else:
                    filler = next((text for text in texts if text), "")
                    columns.append(column_of(type, [text or filler for text in texts])[None, :])
            found[relation.name] = Cells(filled, tuple(columns))
    return found


def _joined(
    world: World, relation: Relation, place: int, sheets: dict[str, Sheet], entity: Entity, report: Report
) -> Rows:
    """The members that a column's keys name [1, rows]."""
    sheet, other = sheets[entity.name], world.entities[relation.arguments[place].type]
    column, _ = _column(world, relation, place)
    keys = sheets[other.name].keys
    numbers = np.zeros((1, len(sheet)), np.int64)
    assert entity.data is not None
    assert other.data is not None
    assert relation.population is not None
    for row, text in enumerate(sheet.columns[column, "text"]):
        if not text:
            continue
        if text not in keys:
            where = f"{entity.data.unit} {sheet.lines[row]} of '{entity.data.written}'"
            message = f"{where} has '{text}' in column '{column}', which is no '{other.data.key}'"
            help = f"every cell must be the key of a row of '{other.data.written}'"
            report.add("W0407", f"{message} of '{other.name}'", relation.population.span, help=help)
            break
        numbers[0, row] = keys[text]
    return numbers


def fresh_cells(
    world: World, sheets: dict[str, Sheet], seeds: Words, members: dict[str, Rows], report: Report
) -> dict[str, Cells]:
    """Fresh cells in the shape of the real ones, as often empty as they are; drawn members for keys."""
    found: dict[str, Cells] = {}
    for entity in world.entities.values():
        if entity.data is None:
            continue
        sheet = sheets[entity.name]
        count = int(members[entity.name].max())
        row = np.arange(count, dtype=np.int64)[None, :]
        for relation in _of_rows(world, entity):
            columns: list[Column] = []
            filled = np.ones((len(seeds), count), bool)
            for place, argument in enumerate(relation.arguments[1:], start=1):
                path = f"{relation.name}/{argument.name}"
                texts = sheet.columns[_column(world, relation, place)]
                there = sum(map(bool, texts))
                ticket = scaled(draw(seeds[:, None], f"{path}/empty", row), len(texts))
                filled &= ticket < there
                if argument.type in members:
                    others = members[argument.type][:, None]
                    columns.append(below(draw(seeds[:, None], path, row), others))
                else:
                    real = [text for text in texts if text]
                    columns.append(
                        fresh_values(argument.type, real, seeds, path, count, relation.span, report)
                    )
            found[relation.name] = Cells(filled, tuple(columns))
    return found
