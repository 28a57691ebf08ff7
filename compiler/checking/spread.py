"""Distributions of attributes: uniform, weighted, by Zipf's law, evenly, over members, rows or a range."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from math import gcd, lcm
from typing import Any

from wug.compiler.checking import settings
from wug.compiler.checking.takers import count_range, exact
from wug.compiler.data.typed import DECIMALS, VALUE_TYPES, key_of
from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.entities import Entity, Table
from wug.compiler.language import syntax
from wug.compiler.language.source import Span
from wug.compiler.populations import Between

_MOST_WEIGHT = 2**40
Written = tuple[syntax.Range | syntax.ValueRange, Span]


def _weights(cursor: settings.Cursor, key: syntax.Name) -> tuple[int, ...] | None:
    """`weighted 50 30 20`: numbers or percentages, in smallest terms."""
    found: list[Fraction] = []
    span = key.span
    while isinstance(number := cursor.peek(), syntax.Number):
        cursor.index += 1
        span = number.span
        found.append(exact(number) or Fraction(0))
    if not found:
        message = "'weighted' needs a weight for each value"
        cursor.report.add("W0107", message, key.span, help="weighted 50 30 20")
        return None
    scale = lcm(*(weight.denominator for weight in found))
    whole = [int(weight * scale) for weight in found]
    shared = gcd(*whole)
    if not shared or min(whole) <= 0 or sum(whole) // shared > _MOST_WEIGHT:
        cursor.report.add("W0204", "weights are greater than 0 and not too far apart", span)
        return None
    return tuple(weight // shared for weight in whole)


def _exponent(cursor: settings.Cursor, key: syntax.Name) -> str | None:
    atom = cursor.peek()
    value = settings.decimal(0, 10)(cursor, key)
    if value is None or not isinstance(atom, syntax.Number):
        return None
    return f"{value:.12g}"


def _between(cursor: settings.Cursor, key: syntax.Name) -> syntax.Range | syntax.ValueRange | None:
    atom = cursor.take((syntax.Range, syntax.ValueRange))
    if atom is None:
        where = cursor.peek() or key
        help = "between 18..90, between 0.5..9.5, between 1950-01-01..2000-12-31"
        cursor.report.add("W0203", "'between' takes a range of values", where.span, help=help)
        return None
    assert isinstance(atom, syntax.Range | syntax.ValueRange)
    return atom


def _step(cursor: settings.Cursor, key: syntax.Name) -> syntax.Number | None:
    atom = cursor.peek()
    return atom if settings.decimal(0, 10**9)(cursor, key) is not None else None  # type: ignore[return-value]


EACH = count_range(0, 1000)
SPREAD: settings.Schema = {
    "uniform": settings.flag,
    "weighted": _weights,
    "zipf": _exponent,
    "evenly": settings.flag,
    "between": _between,
    "step": _step,
}
_KINDS = ("uniform", "weighted", "zipf", "evenly")


def read_spread(
    values: dict[str, Any],
    type: str,
    populate: syntax.Populate,
    entities: Mapping[str, Entity],
    tables: Mapping[str, Table],
    report: Report,
) -> dict[str, Any]:
    """The settings of `populate attribute` over a type, as fields of a population."""
    kinds = [kind for kind in _KINDS if kind in values]
    fields: dict[str, Any] = {"each": values.get("each", (1, 1)), "spread": (*kinds, "uniform")[0]}
    if len(kinds) > 1:
        message = f"an attribute is distributed in one way, not both {kinds[0]} and {kinds[1]}"
        report.add("W0203", message, populate.span)
    fields["weights"] = values.get("weighted", ())
    fields["exponent"] = values.get("zipf", "")
    if "along" in values:
        fields["along"] = values["along"]
    if type not in VALUE_TYPES:
        for key in ("between", "step"):
            if key in values:
                message = f"'{key}' is for values; '{type}' has members of its own to choose from"
                report.add("W0202", message, populate.span)
        rows = len(tables[type].rows) if type in tables else entities[type].count
        if fields["weights"] and rows and len(fields["weights"]) != rows:
            message = f"there are {len(fields['weights'])} weights, and {rows:,} of '{type}' to choose from"
            report.add("W0201", message, populate.span)
        return fields
    if type == "text":
        help = "list the texts in a table, or name things by an entity"
        report.add("W0202", "texts cannot be drawn", populate.span, help=help)
    elif fields["weights"] or fields["exponent"]:
        message = f"'{kinds[0]}' needs something to count, rows of a table or members of an entity"
        report.add("W0202", message, populate.span)
    elif "between" in values:
        fields["between"] = _range_of(type, values["between"], values.get("step"), report)
    elif not _said(populate, "between"):
        help = "say from which: between 18..90"
        report.add("W0107", f"which {type} to draw is not said", populate.span, help=help)
    return fields


def _said(populate: syntax.Populate, key: str) -> bool:
    atoms = populate.settings.atoms if populate.settings else ()
    return any(isinstance(atom, syntax.Name) and atom.text == key for atom in atoms)


def _range_of(
    type: str, written: syntax.Range | syntax.ValueRange, step: syntax.Number | None, report: Report
) -> Between | None:
    """A range as keys: in days, in units, or in as many decimals as its ends are written with."""
    ends = [_end(type, end) for end in (written.low, written.high)]
    if ends[0] is None or ends[1] is None:
        report.add("W0203", f"this is no range of the type {type}", written.span)
        return None
    (low, low_step), (high, high_step) = ends  # type: ignore[misc]
    size = min(low_step, high_step)
    if step is not None:
        size = _key(type, step) or 0
        if not size:
            report.add("W0203", f"this is no step of the type {type}", step.span)
            return None
    if low > high:
        report.add("W0204", "a range goes from low to high", written.span)
        return None
    return Between(low, size, (high - low) // size + 1)


def _key(type: str, number: syntax.Number) -> int | None:
    if type == "date":
        return int(number.value) if number.kind == "int" else None
    value = exact(number)
    return None if value is None else key_of(type, format_of(value))


def _end(type: str, end: int | syntax.Number | syntax.Date) -> tuple[int, int] | None:
    """The key of one end of a range, and the step that its decimals stand for."""
    if isinstance(end, syntax.Date) or type == "date":
        key = key_of(type, end.text) if isinstance(end, syntax.Date) and type == "date" else None
        return None if key is None else (key, 1)
    value = Fraction(end) if isinstance(end, int) else exact(end)
    if value is None:
        return None
    text = format_of(value)
    key = key_of(type, text)
    if key is None:
        return None
    if type == "money":
        return key, 1
    return key, 10 ** (DECIMALS[type] - len(text.partition(".")[2]))


def format_of(number: Fraction) -> str:
    """A decimal fraction as digits."""
    whole, rest = divmod(number, 1)
    digits = ""
    while rest and len(digits) < 12:
        digit, rest = divmod(rest * 10, 1)
        digits += str(digit)
    return f"{whole}.{digits}" if digits else str(whole)
