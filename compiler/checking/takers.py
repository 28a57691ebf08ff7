"""What keys of populations take beyond the common kinds: ranges of counts, exact shares, columns."""

from __future__ import annotations

from fractions import Fraction
from math import isfinite

from wug.compiler.checking import settings
from wug.compiler.checking.entities import WHOLE
from wug.compiler.language import syntax


def count_range(low: int, high: int) -> settings.Taker:
    """`2..4`, or `3` for 3..3."""

    def take(cursor: settings.Cursor, key: syntax.Name) -> tuple[int, int] | None:
        atom = cursor.take((syntax.Range, syntax.Number))
        if isinstance(atom, syntax.Number) and atom.kind == "int":
            first = last = int(atom.value)
        elif isinstance(atom, syntax.Range):
            first, last = atom.low, atom.high
        else:
            message = f"'{key.text}' takes a range such as {max(low, 1)}..3"
            cursor.report.add("W0203", message, (atom or key).span)
            return None
        if first > last or first < low or last < 1 or last > high:
            message = f"'{key.text}' must be a range from low to high, at least {low} and at most {high}"
            cursor.report.add("W0204", message, atom.span)
            return None
        return first, last

    return take


def share(cursor: settings.Cursor, key: syntax.Name) -> int | None:
    """A percentage, in billionths."""
    value = settings.share(cursor, key)
    return None if value is None else max(1, round(value * WHOLE))


def column(cursor: settings.Cursor, key: syntax.Name) -> str | None:
    """The name of a column in quotes."""
    atom = cursor.take(syntax.Text)
    if atom is None:
        wrong = cursor.take((syntax.Name, syntax.Number)) or key
        message = f"'{key.text}' takes the name of a column in quotes"
        cursor.report.add("W0203", message, wrong.span)
        return None
    return atom.text


def exact(number: syntax.Number) -> Fraction | None:
    """A number as it was written, free of the rounding of floats; none for one beyond all floats."""
    return Fraction(f"{number.value:.12g}") if isfinite(number.value) else None
