"""Files of tables: CSV, JSON lines and Parquet, all as rows of texts behind a header.

The standard library reads the first two. What is added is strictness: UTF-8, one width, no cell that holds
more than one value.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from wug.compiler.diagnosis.diagnostics import Report, did_you_mean
from wug.compiler.entities import FORMATS, Data
from wug.compiler.language.source import Span, neighbours

Row = tuple[int, list[str]]
"""The line of a row (in Parquet its number, from 1) and its cells."""


class _Nested(Exception):
    """A cell that holds no single value."""


def header_of(data: Data, span: Span, report: Report) -> list[str] | None:
    """The names of the columns, none where the file does not read; what is wrong is reported at `span`."""
    return next(rows_of_file(data, [], span, report), (0, None))[1]


def rows_of_file(data: Data, columns: Sequence[str], span: Span, report: Report) -> Iterator[Row]:
    """The header and then the rows of a file; stops at what is wrong, after reporting it at `span`.

    Of a Parquet file only the cells of `columns` are read, of JSON lines only theirs must be single values.
    """
    if missing_file(data, span, report):
        return
    if data.format == "parquet":
        yield from _parquet(data, columns, span, report)
        return
    text = decoded(data, "the table", FORMATS[data.format], span, report)
    if text is None:
        return
    read = _jsonl if data.format == "jsonl" else _csv
    yield from read(data, text, columns, span, report)


def decoded(data: Data, whole: str, kind: str, span: Span, report: Report) -> str | None:
    """The text of a file that is `whole` and of a `kind`, as errors call it; None where it is no UTF-8, or
    binary, which is reported at `span`."""
    raw = data.path.read_bytes()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        message = f"line {line} of '{data.written}' is not UTF-8"
        report.add("W0405", message, span, help=f"save {whole} as UTF-8")
        return None
    if "\0" in text:
        report.add("W0405", f"'{data.written}' is a binary file, not {kind}", span)
        return None
    return text


def missing_file(data: Data, span: Span, report: Report) -> bool:
    """Report a file that is not there, may not be read, or as Parquet does not begin and end as one."""
    path = data.path
    try:
        if path.exists() and not path.is_file():
            what = "a folder, not a file" if path.is_dir() else "no regular file"
            report.add("W0403", f"'{data.written}' is {what}", span)
            return True
        with path.open("rb") as file:
            if data.format == "parquet":
                head, tail = file.read(4), b""
                if file.seek(0, io.SEEK_END) >= 12:
                    file.seek(-4, io.SEEK_END)
                    tail = file.read(4)
                if (head, tail) != (b"PAR1", b"PAR1"):
                    report.add("W0404", f"'{data.written}' does not read as Parquet", span)
                    return True
    except OSError as error:
        absent = isinstance(error, FileNotFoundError)
        reason = "there is no such file" if absent else (error.strerror or "unreadable")
        help = did_you_mean(path.name, neighbours(path, path.suffix))
        report.add("W0403", f"cannot read '{data.written}': {reason}", span, help=help)
        return True
    return False


def _csv(data: Data, text: str, columns: Sequence[str], span: Span, report: Report) -> Iterator[Row]:
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    width = 0
    try:
        for row in rows:
            if not row:
                continue
            if not width:
                width = len(row)
                header = [cell.strip() for cell in row]
                twice = next((name for name in header if header.count(name) > 1), None)
                if twice is not None and twice in columns:
                    report.add("W0406", f"'{data.written}' has two columns '{twice}'", span)
                    return
                yield rows.line_num, header
                continue
            if len(row) != width:
                message = f"line {rows.line_num} of '{data.written}' has {len(row)} cells"
                help = 'quote a cell that holds a comma: "a, b"'
                report.add("W0404", f"{message}, the header has {width}", span, help=help)
                return
            yield rows.line_num, row
    except csv.Error as error:
        report.add("W0404", f"line {rows.line_num} of '{data.written}' does not read as CSV: {error}", span)
        return
    if not width:
        report.add("W0407", f"'{data.written}' is empty", span)


def _jsonl(data: Data, text: str, columns: Sequence[str], span: Span, report: Report) -> Iterator[Row]:
    """The columns are all keys there are; a key that a line leaves out is an empty cell."""
    objects: list[tuple[int, dict[str, Any]]] = []
    header: dict[str, None] = {}
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            found = json.loads(
                line, parse_float=str, parse_int=str, parse_constant=_no_value, object_pairs_hook=_object
            )
        except (ValueError, RecursionError) as error:
            reason = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
            message = f"line {number} of '{data.written}' does not read as JSON: {reason}"
            report.add("W0404", message, span)
            return
        if not isinstance(found, dict):
            help = 'write {"name": "helium", "number": 2}'
            message = f"line {number} of '{data.written}' is no JSON object"
            report.add("W0404", message, span, help=help)
            return
        objects.append((number, found))
        header.update(dict.fromkeys(found))
    if not objects:
        report.add("W0407", f"'{data.written}' is empty", span)
        return
    yield 0, list(header)
    wanted = set(columns)
    for number, found in objects:
        row = []
        for name in header:
            try:
                row.append(_text(found.get(name)) if name in wanted else "")
            except _Nested:
                message = f"line {number} of '{data.written}' has more than one value in column '{name}'"
                report.add("W0407", message, span, help="a cell is a text, a number, true, false or null")
                return
        yield number, row


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"'{twice}' is there twice")
    return found


def _no_value(name: str) -> None:
    raise ValueError(f"{name} is no number")


def _parquet(data: Data, columns: Sequence[str], span: Span, report: Report) -> Iterator[Row]:
    import pyarrow as pa
    import pyarrow.parquet as parquet

    try:
        with parquet.ParquetFile(data.path) as file:
            names = file.schema_arrow.names
            read = [name for name in names if name in columns]
            batches = file.iter_batches(columns=read)
            yield 0, names
            number = 0
            for batch in batches:
                cells = {name: column.to_pylist() for name, column in zip(read, batch.columns, strict=True)}
                for at in range(batch.num_rows):
                    number += 1
                    try:
                        row = [_text(cells[name][at]) if name in cells else "" for name in names]
                    except _Nested:
                        message = f"row {number} of '{data.written}' has a cell that is no single value"
                        help = "columns hold texts, numbers, booleans or days"
                        report.add("W0407", message, span, help=help)
                        return
                    yield number, row
    except (pa.ArrowException, OSError) as error:
        reason = str(error).partition("\n")[0]
        report.add("W0404", f"'{data.written}' does not read as Parquet: {reason}", span)


def _text(cell: Any) -> str:
    """A single value as it is written, "" for none. Raises _Nested for anything else."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, str):
        return cell
    if isinstance(cell, int):
        return str(cell)
    if isinstance(cell, float):
        cell = Decimal(repr(cell))
    if isinstance(cell, Decimal) and cell.is_finite():
        return format(cell, "f")
    if isinstance(cell, datetime) or not isinstance(cell, date):
        raise _Nested
    return cell.isoformat()
