"""Diagnostics: what is wrong with a spec, where, and the way out.

Passes report into a `Report` and go on, so that one run finds every error. A pass that cannot go on raises
`SpecError`, which carries the report. So does a report that is full: nobody waits for a million findings.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NoReturn

from wug.compiler.diagnosis.catalogue import CATALOGUE
from wug.compiler.language.source import Span
from wug.compiler.record import Record


class Note(Record):
    """A second place that matters, or a line of explanation without a place."""

    text: str
    span: Span | None = None


class Diagnostic(Record):
    """One finding. `code` is a key of the catalogue, `help` the way out in a sentence."""

    code: str
    message: str
    span: Span | None = None
    file: str = ""
    help: str = ""
    notes: tuple[Note, ...] = ()

    @property
    def severity(self) -> str:
        return CATALOGUE[self.code].severity


class SpecError(Exception):
    """The spec is at fault (exit status 1); what was found is in `report`."""

    def __init__(self, report: Report) -> None:
        super().__init__("\n".join(item.message for item in report.items))
        self.report = report


MOST = 50
"""Findings. Nobody reads more of them, and the first ones explain the others."""

TOO_MANY = "W0016"
NOT_AS_LOCKED = "W0017"
"""Of a spec beside its lock: no example shows it by itself."""


@dataclass
class Report:
    """The findings of a run, in the order of their places; after `MOST` of them the run ends."""

    items: list[Diagnostic] = field(default_factory=list)

    def add(
        self,
        code: str,
        message: str,
        span: Span | None = None,
        *,
        help: str = "",
        notes: Iterable[Note] = (),
        file: str = "",
    ) -> None:
        finding = Diagnostic(code, message, span, file, help, tuple(notes))
        if finding.span is None and finding in self.items:
            return
        self.items.append(finding)
        if len(self.items) == MOST:
            name = span.source.name if span else file
            message = f"{MOST} findings, and perhaps more: nothing was looked for after these"
            self.items.append(Diagnostic(TOO_MANY, message, None, name, "correct these first"))
            raise SpecError(self)

    def fail(self, code: str, message: str, span: Span | None = None, **rest: Any) -> NoReturn:
        """Report and stop here: nothing after this could be right."""
        self.add(code, message, span, **rest)
        raise SpecError(self)

    @property
    def failed(self) -> bool:
        return any(item.severity == "error" for item in self.items)

    def stop_if_failed(self) -> None:
        if self.failed:
            raise SpecError(self)

    def sorted(self) -> list[Diagnostic]:
        def place(item: Diagnostic) -> tuple[bool, str, int]:
            name, start = (item.span.source.name, item.span.start) if item.span else (item.file, -1)
            return item.code == TOO_MANY, name, start

        return sorted(self.items, key=place)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A help sentence for an unknown name: the nearest known one, or all of them where they are few."""
    names = sorted(set(known))
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    if near:
        return f"did you mean '{near[0]}'?"
    if not names:
        return ""
    listed = ", ".join(names[:12]) + (", ..." if len(names) > 12 else "")
    return f"known here: {listed}"


Piece = tuple[str, str]
"""A run of text and its role: error, warning, place, excerpt, mark, help or plain."""


def layout(item: Diagnostic) -> list[Piece]:
    """A diagnostic as a person reads it: message, file:line:column, the line, a mark below it, help."""
    pieces: list[Piece] = [(f"{item.severity} {item.code}", item.severity), (f": {item.message}\n", "plain")]
    if item.span:
        pieces += _excerpt(item.span)
    elif item.file:
        pieces.append((f"  --> {item.file}\n", "place"))
    for note in item.notes:
        pieces += [("   note", "help"), (f": {note.text}\n", "plain")]
        if note.span:
            pieces += _excerpt(note.span)
    if item.help:
        pieces += [("   help", "help"), (f": {item.help}\n", "plain")]
    return pieces


def _excerpt(span: Span) -> list[Piece]:
    line, column = span.source.line_and_column(span.start)
    text = span.source.line(line)
    shown, column_shown = text, column
    if len(text) > 120:  # a window around the place, for lines that no screen holds
        left = max(0, min(column - 40, len(text) - 120))
        shown, column_shown = text[left : left + 120], column - left
    shown = "".join(c if c == "\t" or c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in shown)
    width = max(1, min(span.end - span.start, len(shown) - column_shown + 1))
    pad = "".join("\t" if character == "\t" else " " for character in shown[: column_shown - 1])
    gutter = " " * len(str(line))
    return [
        (f"  {gutter}--> {span.source.name}:{line}:{column}\n", "place"),
        (f"  {line} | ", "place"),
        (f"{shown}\n", "excerpt"),
        (f"  {gutter} | ", "place"),
        (f"{pad}{'^' * width}\n", "mark"),
    ]


def as_text(items: Iterable[Diagnostic]) -> str:
    return "\n".join("".join(text for text, _ in layout(item)) for item in items)


def as_json(items: Iterable[Diagnostic]) -> str:
    """One JSON document: a list of diagnostics with one-based lines and columns."""

    def place(span: Span | None, file: str) -> dict[str, Any]:
        if span is None:
            return {"file": file or None}
        line, column = span.source.line_and_column(span.start)
        end_line, end_column = span.source.line_and_column(span.end)
        return {
            "file": span.source.name,
            "line": line,
            "column": column,
            "end_line": end_line,
            "end_column": end_column,
        }

    rows = [
        {
            "code": item.code,
            "severity": item.severity,
            "message": item.message,
            **place(item.span, item.file),
            "help": item.help or None,
            "notes": [{"message": note.text, **place(note.span, "")} for note in item.notes],
        }
        for item in items
    ]
    return json.dumps({"diagnostics": rows}, indent=2, ensure_ascii=False)
