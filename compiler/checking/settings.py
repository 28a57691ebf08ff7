"""Reading `{ key value key value flag }`: which keys a block knows and what each one takes.

A schema maps a key to a taker, a function that takes the key's value from the row of atoms. Every key that
is not in the schema is an error with a suggestion, and so is a value of another type or out of range.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from typing import Any

from wug.compiler.diagnosis.diagnostics import Report, did_you_mean
from wug.compiler.language import syntax
from wug.compiler.language.source import Span


class Cursor:
    """The row of atoms of one block, read from left to right."""

    def __init__(self, settings: syntax.Settings, report: Report) -> None:
        self.atoms = settings.atoms
        self.index = 0
        self.report = report

    def peek(self, ahead: int = 0) -> syntax.Atom | None:
        place = self.index + ahead
        return self.atoms[place] if place < len(self.atoms) else None

    def take(self, kind: type | tuple[type, ...]) -> Any:
        """The next atom if it is of this kind, else none (and it stays)."""
        atom = self.peek()
        if isinstance(atom, kind):
            self.index += 1
            return atom
        return None


Taker = Callable[[Cursor, syntax.Name], Any]
Schema = Mapping[str, Taker]


def read(settings: syntax.Settings | None, schema: Schema, what: str, report: Report) -> dict[str, Any]:
    """The values of a block by key. `what` names the block in messages ("an entity")."""
    values: dict[str, Any] = {}
    if settings is None:
        return values
    cursor = Cursor(settings, report)
    while (atom := cursor.peek()) is not None:
        cursor.index += 1
        key = atom.name if isinstance(atom, syntax.Call) else atom
        if not isinstance(key, syntax.Name) and written(atom) in schema:
            _report_parameter(written(atom), atom.span, report)
            key = syntax.Name(written(atom), atom.span)
        if isinstance(key, syntax.Name) and key.text not in schema and written(key) in schema:
            key = syntax.Name(written(key), key.span)
        if not isinstance(key, syntax.Name):
            report.add("W0102", f"a key is missing before this value in {what}", atom.span)
            continue
        if key.text not in schema:
            help = did_you_mean(key.text, schema)
            report.add("W0102", f"unknown key '{key.text}' in {what}", key.span, help=help)
            _skip_value(cursor, schema)
            continue
        if isinstance(atom, syntax.Call):
            report.add("W0203", f"'{key.text}' does not take arguments in parentheses", atom.span)
            continue
        if key.text in values and not isinstance(values[key.text], list):
            report.add("W0103", f"'{key.text}' is set twice in {what}", key.span)
        place = cursor.index
        before = len(report.items)
        value = schema[key.text](cursor, key)
        _name_for_value(cursor, schema, before)
        if value is None and cursor.index == place and not isinstance(cursor.peek(), syntax.Name | None):
            cursor.index += (
                1  # it was reported that this is no value of the key, so it is not taken for one without
            )
        if isinstance(value, list):
            values.setdefault(key.text, []).extend(value)
        elif value is not None:
            values[key.text] = value
    return values


def _name_for_value(cursor: Cursor, schema: Schema, before: int) -> None:
    """Where a key lacks its value, and behind it stands a name that is no key: that was meant to be it."""
    atom, items = cursor.peek(), cursor.report.items
    if not isinstance(atom, syntax.Name) or len(items) != before + 1 or items[-1].code != "W0107":
        return
    if written(atom) in schema or difflib.get_close_matches(atom.text, schema, n=1):
        return
    message = items.pop().message.replace("needs a value:", "takes") + f", not '{atom.text}'"
    help = f"if it is a parameter, the world must declare it: param {atom.text} = 120"
    cursor.report.add("W0203", message, atom.span, help=help)
    cursor.index += 1


def _report_parameter(name: str, span: Span, report: Report) -> None:
    """Say once of a parameter that it has the name of a key, wherever the key stands first."""
    message = f"a parameter is called '{name}', which is a key here"
    if all(item.message != message for item in report.items):
        report.add("W0108", message, span, help="give the parameter another name")


def written(atom: syntax.Atom) -> str:
    """How an atom stands in its file, where a name has no prefix yet and a parameter no value."""
    return atom.span.source.text[atom.span.start : atom.span.end]


def _skip_value(cursor: Cursor, schema: Schema) -> None:
    """After an unknown key, skip what is surely its value."""
    while (atom := cursor.peek()) is not None:
        name = atom.name if isinstance(atom, syntax.Call) else atom
        if isinstance(name, syntax.Name) and difflib.get_close_matches(name.text, schema, n=1):
            break
        cursor.index += 1
        if isinstance(atom, syntax.Name | syntax.Settings):
            break


def _wrong(cursor: Cursor, key: syntax.Name, wanted: str) -> None:
    atom = cursor.peek()
    if atom is None or (
        isinstance(atom, syntax.Name) and wanted.startswith(("a number", "a percentage", "a text"))
    ):
        cursor.report.add("W0107", f"'{key.text}' needs a value: {wanted}", key.span)
        return
    cursor.index += 1
    cursor.report.add("W0203", f"'{key.text}' takes {wanted}", atom.span)


def flag(cursor: Cursor, key: syntax.Name) -> bool:
    return True


def _in_range(value: float, low: float, high: float, span: Span, key: syntax.Name, report: Report) -> bool:
    if low <= value <= high:
        return True
    bounds = f"between {low:,} and {high:,}"
    report.add("W0204", f"'{key.text}' must be {bounds}", span)
    return False


def integer(low: int, high: int) -> Taker:
    def take(cursor: Cursor, key: syntax.Name) -> int | None:
        atom = cursor.peek()
        if not (isinstance(atom, syntax.Number) and atom.kind == "int"):
            _wrong(cursor, key, "a number without a fraction")
            return None
        cursor.index += 1
        return int(atom.value) if _in_range(atom.value, low, high, atom.span, key, cursor.report) else None

    return take


def decimal(low: float, high: float) -> Taker:
    def take(cursor: Cursor, key: syntax.Name) -> float | None:
        atom = cursor.peek()
        if not (isinstance(atom, syntax.Number) and atom.kind != "percent"):
            _wrong(cursor, key, "a number")
            return None
        cursor.index += 1
        return float(atom.value) if _in_range(atom.value, low, high, atom.span, key, cursor.report) else None

    return take


def share(cursor: Cursor, key: syntax.Name) -> float | None:
    atom = cursor.peek()
    if not (isinstance(atom, syntax.Number) and atom.kind == "percent"):
        _wrong(cursor, key, "a percentage such as 50%")
        return None
    cursor.index += 1
    return atom.value if _in_range(atom.value, 0, 1, atom.span, key, cursor.report) else None


def name(what: str) -> Taker:
    def take(cursor: Cursor, key: syntax.Name) -> syntax.Name | None:
        atom = cursor.take(syntax.Name)
        if atom is None:
            _wrong(cursor, key, what)
        return atom

    return take


def word(*options: str) -> Taker:
    """One of a few words."""
    wanted = " or ".join(options)

    def take(cursor: Cursor, key: syntax.Name) -> str | None:
        atom = cursor.take(syntax.Name)
        if atom is None:
            _wrong(cursor, key, wanted)
            return None
        if atom.text not in options and written(atom) in options:
            return written(atom)
        if atom.text not in options:
            help = did_you_mean(atom.text, options)
            cursor.report.add(
                "W0203", f"'{key.text}' takes {wanted}, not '{atom.text}'", atom.span, help=help
            )
            return None
        return atom.text

    return take


def several(one: Taker, more: Callable[[syntax.Atom], bool], twice: Callable[[Any], str]) -> Taker:
    """One or more values, all different, as long as the next atom is one `more`. `twice` says of a value what
    is wrong with it, behind the key."""

    def take(cursor: Cursor, key: syntax.Name) -> tuple[Any, ...] | None:
        found: list[Any] = []
        while not found or ((following := cursor.peek()) is not None and more(following)):
            atom = cursor.peek()
            value = one(cursor, key)
            if value is None or atom is None:
                return None
            if value in found:
                cursor.report.add("W0203", f"'{key.text}' {twice(value)}", atom.span)
                return None
            found.append(value)
        return tuple(found)

    return take


def block(schema: Schema, what: str) -> Taker:
    def take(cursor: Cursor, key: syntax.Name) -> dict[str, Any] | None:
        atom = cursor.take(syntax.Settings)
        if atom is None:
            _wrong(cursor, key, "a block { ... }")
            return None
        return read(atom, schema, what, cursor.report)

    return take


NONE = "none"
"""In the place of a block: nothing of it, though the arm that this one is like has it."""


def none(cursor: Cursor) -> dict[str, Any] | None:
    """`none` where a block may stand, as the settings of that; None where something else does."""
    atom = cursor.peek()
    if not (isinstance(atom, syntax.Name) and written(atom) == NONE):
        return None
    cursor.index += 1
    return {NONE: True}


def laid_over(base: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """The settings of a block, or `none`, over those of the arm that it is like."""
    return own if NONE in (*base, *own) else base | own


def sound(block: syntax.Settings, schema: Schema, what: str, report: Report) -> dict[str, Any] | None:
    """What a block says, or None where anything of it is wrong."""
    before = len(report.items)
    values = read(block, schema, what, report)
    return values if len(report.items) == before else None
