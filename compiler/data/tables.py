"""Tables of the user's own, read strictly: what is wrong is told with its line.

A cell that is used is filled, of its type and, in columns that name or refer, unlike all others.
"""

from __future__ import annotations

from collections.abc import Sequence

from wug.compiler.data.files import header_of, missing_file, rows_of_file
from wug.compiler.data.typed import WANTED, canonical_text
from wug.compiler.diagnosis.diagnostics import Report, did_you_mean
from wug.compiler.entities import Data
from wug.compiler.language.lookalikes import looks
from wug.compiler.language.source import Span
from wug.compiler.record import Record

CHECKED_WHOLE = 2_000_000
"""Bytes: a table up to this size is read whole by `wug check`, of a larger one only the header."""


class Wanted(Record):
    """A column to read. `empty` says that its cells may be, `unique` that no two may be alike."""

    column: str
    type: str
    empty: bool = False
    unique: bool = False


class Table(Record):
    """Some columns as canonical texts, "" where a cell is empty, and the line (or row) of each."""

    columns: list[list[str]]
    lines: list[int]


def check_data(data: Data, span: Span, column: Span, report: Report, key: Span | None = None) -> None:
    """Report what is wrong with a table at `span`, and whether it has the columns named at `column` and
    `key`. Of a Parquet file, which takes a library to read, only whether it looks like one."""
    if data.format == "parquet":
        missing_file(data, span, report)
        return
    header = header_of(data, span, report)
    if header is None:
        return
    found = _find(data.name_column, data, header, column, report)
    wanted = [Wanted(data.name_column, "text", unique=True)]
    if key is not None and _find(data.key, data, header, key, report):
        wanted.append(Wanted(data.key, "text", unique=True))
    if found and not report.failed and data.path.stat().st_size <= CHECKED_WHOLE:
        read_columns(data, wanted, span, report)


def check_column(data: Data, wanted: Wanted, place: Span, report: Report) -> None:
    """Report whether a table that is otherwise sound lacks a column, or has cells there that do not fit."""
    if data.format == "parquet":
        return
    header = header_of(data, place, Report())
    if header is None or not _find(wanted.column, data, header, place, report):
        return
    if data.path.stat().st_size <= CHECKED_WHOLE:
        sound = Report()
        read_columns(data, [], place, sound)
        if not sound.failed:
            read_columns(data, [wanted], place, report)


def read_columns(data: Data, wanted: Sequence[Wanted], span: Span, report: Report) -> Table:
    """The cells of some columns; what is wrong is reported at `span`."""
    before = len(report.items)
    table = Table([[] for _ in wanted], [])
    rows = rows_of_file(data, [each.column for each in wanted], span, report)
    _, header = next(rows, (0, None))
    if header is None:
        return table
    for each in wanted:
        if each.column not in header:
            report.add("W0406", f"'{data.written}' has no column '{each.column}'", span)
            return table
    places = [header.index(each.column) for each in wanted]
    first_line: list[dict[str, int]] = [{} for _ in wanted]
    odd: list[dict[str, str]] = [{} for _ in wanted]  # what texts look like that look like something else
    for number, row in rows:
        table.lines.append(number)
        for place, cells, each, seen, like in zip(
            places, table.columns, wanted, first_line, odd, strict=True
        ):
            cell = row[place].strip()
            problem, help = _problem(cell, each)
            if problem:
                report.add("W0407", f"{data.unit} {number} of '{data.written}' {problem}", span, help=help)
                return table
            value = canonical_text(each.type, cell) if cell else ""
            assert value is not None
            if each.unique and value in seen:
                both = f"{data.unit} {seen[value]} and {data.unit} {number} of '{data.written}'"
                message = f"'{value}' names {both}"
                report.add("W0407", message, span, help="a name must mean one thing")
                return table
            if each.unique:
                seen[value] = number
                shown = looks(value)
                other = like.get(shown, shown if shown in seen else value)
                if shown != value:
                    like[shown] = value
                if other != value:
                    both = f"{data.unit} {seen[other]} and {data.unit} {number} of '{data.written}'"
                    message = f"names of {both} look the same, '{value}', and are not"
                    report.add(
                        "W0407", message, span, help="write one of them so that a reader sees which it is"
                    )
                    return table
            cells.append(value)
    if not table.lines and len(report.items) == before:
        report.add("W0407", f"'{data.written}' has a header and no rows", span)
    return table


def _problem(cell: str, wanted: Wanted) -> tuple[str, str]:
    """What is wrong with a cell and what helps, or nothing."""
    if not cell:
        if wanted.empty:
            return "", ""
        help = (
            "fill it, or leave the row out" if wanted.unique else "fill it, or add 'empty' to 'populate rows'"
        )
        return f"has an empty cell in column '{wanted.column}'", help
    if canonical_text(wanted.type, cell) is None:
        what = f"has '{cell}' in column '{wanted.column}', which is not {WANTED[wanted.type]}"
        return what, "correct it, or declare the argument as text"
    return "", ""


def _find(name: str, data: Data, header: list[str], place: Span, report: Report) -> bool:
    if name in header:
        return True
    report.add("W0406", f"'{data.written}' has no column '{name}'", place, help=did_you_mean(name, header))
    return False
