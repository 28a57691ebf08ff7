"""Tables as JSON lines: byte for byte what json.dumps writes of each row."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wug.compiler.emitting import lines
from wug.compiler.emitting.lines import json_lines

_TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
_SCHEMA = pa.schema(
    [
        ("number", pa.int32()),
        ('na"me', pa.string()),
        ("true", pa.bool_()),
        ("share", pa.float64()),
        ("texts", pa.list_(pa.string())),
        ("flags", pa.list_(pa.bool_())),
        ("absent", pa.list_(pa.list_(pa.string()))),
    ]
)
_VALUES = st.tuples(
    st.none() | st.integers(-(2**31), 2**31 - 1),
    st.none() | _TEXTS,
    st.none() | st.booleans(),
    st.none() | st.floats(allow_nan=False, allow_infinity=False),
    st.none() | st.lists(st.none() | _TEXTS, max_size=3),
    st.none() | st.lists(st.booleans(), max_size=3),
    st.none() | st.lists(st.lists(_TEXTS, max_size=2), max_size=2),
)
_ROWS = st.lists(_VALUES.map(lambda values: dict(zip(_SCHEMA.names, values, strict=True))), max_size=7)


def _written(table: pa.Table) -> bytes:
    return b"".join(buffer.to_pybytes() for buffer in json_lines(table))


def _by_the_book(rows: list[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(r, ensure_ascii=False, separators=(",", ":")) + "\n" for r in rows).encode()


@given(_ROWS)
def test_every_row_is_what_json_writes(rows: list[dict[str, Any]]) -> None:
    assert _written(pa.Table.from_pylist(rows, schema=_SCHEMA)) == _by_the_book(rows)


def test_escapes_are_those_of_json() -> None:
    rows = [{"text": chr(code)} for code in (*range(0x300), 0x2028, 0x1F600)] + [{"text": 'a"b\\c\nd'}]
    assert _written(pa.Table.from_pylist(rows)) == _by_the_book(rows)


@given(_ROWS, st.integers(0, 7))
def test_a_table_may_be_cut_anywhere(rows: list[dict[str, Any]], start: int) -> None:
    table = pa.Table.from_pylist(rows, schema=_SCHEMA)
    assert _written(table.slice(start)) == _by_the_book(rows[start:])


def test_rows_come_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "ROWS", 3)
    rows = [{"number": number, "texts": ["a"] * number} for number in range(8)]
    pieces = [buffer.to_pybytes() for buffer in json_lines(pa.Table.from_pylist(rows))]
    assert (len(pieces), b"".join(pieces)) == (3, _by_the_book(rows))
