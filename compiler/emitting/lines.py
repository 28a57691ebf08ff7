"""Tables as JSON lines, column by column: what `json.dumps` writes of each row, without an object a row."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

ROWS = 1 << 15
"""So many rows are lines in memory at once."""


def _text(value: str) -> pa.Scalar:
    """A text of a stated type: to find out the type of one, Arrow looks for a module (dateutil) each time."""
    return pa.scalar(value, pa.string())


_NOTHING, _QUOTE, _COMMA, _OPEN, _CLOSE = map(_text, ("", '"', ",", "[", "]"))
_END, _TRUE, _FALSE = map(_text, ("}\n", "true", "false"))
_ESCAPED = r'[\x00-\x1f"\\]'


def json_lines(table: pa.Table) -> Iterator[pa.Buffer]:
    """The rows of a table as JSON objects without spaces, a line each; some thousands of them at a time.

    The bytes are those of `json.dumps(row, ensure_ascii=False, separators=(",", ":"))`.
    """
    for batch in table.to_batches(max_chunksize=ROWS):
        parts: list[pa.Array | pa.Scalar] = []
        for place, field in enumerate(batch.schema):
            before = f"{',' if place else '{'}{_dumped(field.name)}:"
            parts += [_text(before), _texts(batch.column(place))]
        lines = pc.binary_join_element_wise(*parts, _END, _NOTHING)
        ends = memoryview(lines.buffers()[1]).cast("i")
        first, last = ends[lines.offset], ends[lines.offset + len(lines)]
        yield lines.buffers()[2][first:last]


def _texts(column: pa.Array) -> pa.Array:
    """Each value of a column as JSON writes it."""
    type = column.type
    if pa.types.is_string(type):
        texts = _quoted(column)
    elif pa.types.is_integer(type):
        texts = column.cast(pa.string())
    elif pa.types.is_boolean(type):
        texts = pc.if_else(column, _TRUE, _FALSE)
    elif pa.types.is_list(type):
        texts = _listed(column)
    else:
        texts = pa.array([_dumped(value) for value in column.to_pylist()], pa.string())
    return texts.fill_null("null") if texts.null_count else texts


def _listed(column: pa.ListArray) -> pa.Array:
    first, last = column.offsets[0].as_py(), column.offsets[-1].as_py()  # of a slice, not all values
    values = _texts(column.values.slice(first, last - first))
    within = pa.ListArray.from_arrays(pc.subtract(column.offsets, first), values)
    lists = pc.binary_join_element_wise(_OPEN, pc.binary_join(within, _COMMA), _CLOSE, _NOTHING)
    return pc.if_else(column.is_valid(), lists, None) if column.null_count else lists


def _quoted(column: pa.StringArray) -> pa.Array:
    """Texts in quotes. Few need an escape, and a column in which none does is joined as it is."""
    escaped = pc.match_substring_regex(column, _ESCAPED)
    if pc.any(escaped).as_py():
        texts = pa.array([_dumped(value) for value in column.filter(escaped).to_pylist()], pa.string())
        plain = pc.binary_join_element_wise(_QUOTE, column, _QUOTE, _NOTHING)
        return pc.replace_with_mask(plain, escaped.fill_null(False), texts)
    return pc.binary_join_element_wise(_QUOTE, column, _QUOTE, _NOTHING)


def _dumped(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
