"""Tables of the user's own: reading a CSV, with errors that name the line.

The standard library's reader does the quoting; what is added here is strictness: one width, UTF-8, no
empty cell and no name twice.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from pathlib import Path

from wug.compiler.diagnostics import Report, did_you_mean
from wug.compiler.source import Span, neighbours
from wug.compiler.typed import WANTED, canonical_text
from wug.compiler.world import Data

CHECKED_WHOLE = 2_000_000
"""Bytes: a CSV up to this size is read whole by `wug check`, of a larger one only the header."""


def check_data(data: Data, span: Span, column: Span, report: Report, only_column: bool = False) -> None:
    """Report what is wrong with a CSV at `span`, and whether the column named at `column` is in it."""
    if only_column:
        quiet = Report()
        header = _header(data, span, quiet)
        if header is not None:
            _find(data, header, column, report)
        return
    header = _header(data, span, report)
    if header is None or _find(data, header, column, report) < 0:
        return
    if data.path.stat().st_size <= CHECKED_WHOLE:
        read_columns(data, {data.name_column: "text"}, span, report)


def read_columns(data: Data, columns: Mapping[str, str], span: Span, report: Report) -> list[list[str]]:
    """The cells of some columns of known types as canonical texts, a list per column; what is wrong is
    reported at `span`.

    The first column is the one that names things: its cells must differ.
    """
    before = len(report.items)
    rows = _rows(data, span, report)
    _, header = next(rows, (0, None))
    if header is None:
        return [[] for _ in columns]
    places = [header.index(column) if column in header else -1 for column in columns]
    found: list[list[str]] = [[] for _ in columns]
    first_line: dict[str, int] = {}
    if -1 in places:
        missing = list(columns)[places.index(-1)]
        report.add("W0406", f"'{data.written}' has no column '{missing}'", span)
        return found
    for number, row in rows:
        if len(row) != len(header):
            report.add(
                "W0404",
                f"line {number} of '{data.written}' has {len(row)} cells, the header has {len(header)}",
                span,
                help='quote a cell that holds a comma: "a, b"',
            )
            return found
        for place, cells, (column, type) in zip(places, found, columns.items(), strict=True):
            cell = row[place].strip()
            if not cell:
                message = f"line {number} of '{data.written}' has an empty cell in column '{column}'"
                report.add("W0407", message, span, help="fill it or leave the row out")
                return found
            value = canonical_text(type, cell)
            if value is None:
                what = f"has '{cell}' in column '{column}', which is not {WANTED[type]}"
                message = f"line {number} of '{data.written}' {what}"
                report.add("W0407", message, span, help="correct it, or declare the argument as text")
                return found
            cells.append(value)
        name = found[0][-1]
        if name in first_line:
            message = f"'{name}' names line {first_line[name]} and line {number} of '{data.written}'"
            report.add("W0407", message, span, help="a name must mean one thing")
            return found
        first_line[name] = number
    if not found[0] and len(report.items) == before:
        report.add("W0407", f"'{data.written}' has a header and no rows", span)
    return found


def _header(data: Data, span: Span, report: Report) -> list[str] | None:
    return next(_rows(data, span, report), (0, None))[1]


def _find(data: Data, header: list[str], column: Span, report: Report) -> int:
    name = data.name_column
    if name in header:
        return header.index(name)
    report.add("W0406", f"'{data.written}' has no column '{name}'", column, help=did_you_mean(name, header))
    return -1


def _rows(data: Data, span: Span, report: Report) -> Iterator[tuple[int, list[str]]]:
    """The rows of a CSV and their lines, header first; stops at what is wrong, after reporting it."""
    path: Path = data.path
    try:
        if path.exists() and not path.is_file():
            what = "a folder, not a file" if path.is_dir() else "no regular file"
            report.add("W0403", f"'{data.written}' is {what}", span)
            return
        raw = path.read_bytes()
    except OSError as error:
        reason = (
            "there is no such file"
            if isinstance(error, FileNotFoundError)
            else (error.strerror or "unreadable")
        )
        help = did_you_mean(path.name, neighbours(path, ".csv"))
        report.add("W0403", f"cannot read '{data.written}': {reason}", span, help=help)
        return
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        message = f"line {line} of '{data.written}' is not UTF-8"
        report.add("W0405", message, span, help="save the table as UTF-8")
        return
    if "\0" in text:
        report.add("W0405", f"'{data.written}' is a binary file, not a CSV", span)
        return
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    empty = True
    try:
        for row in rows:
            if row:
                yield rows.line_num, [cell.strip() for cell in row] if empty else row
                empty = False
    except csv.Error as error:
        report.add("W0404", f"line {rows.line_num} of '{data.written}' does not read as CSV: {error}", span)
        return
    if empty:
        report.add("W0407", f"'{data.written}' is empty", span)
