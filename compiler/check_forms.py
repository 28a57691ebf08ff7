"""Forms: texts with slots, each of which says one fact and no other."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from wug.compiler import syntax
from wug.compiler.diagnostics import Note, Report, did_you_mean
from wug.compiler.world import Argument, Form, Relation, Slot, Table

_SLOT = re.compile(r"\{([^{}]*)\}")


class FormChecker:
    """Reads the forms of relations whose arguments may be rows of these tables."""

    def __init__(self, tables: Mapping[str, Table], report: Report) -> None:
        self.tables = tables
        self.report = report

    def form(self, form: syntax.Form, arguments: list[Argument]) -> Form | None:
        if len(form.wordings) != 1 or form.wordings[0].marks:
            help = "keep one wording for now"
            self.report.add("W0011", "several wordings are not yet understood", form.span, help=help)
            return None
        wording = form.wordings[0]
        cue = self._pieces(wording.cue, arguments)
        answer = self._pieces(wording.answer, arguments) if wording.answer else ()
        if cue is None or answer is None:
            return None
        pieces = (*cue, *answer)
        used = {arguments[piece.argument].name for piece in pieces if isinstance(piece, Slot)}
        missing = [argument.name for argument in arguments if argument.name not in used]
        if missing:
            listed = " and ".join(f"'{name}'" for name in missing)
            self.report.add(
                "W0301",
                f"form '{form.name.text}' leaves out {listed}: it would not say which fact it means",
                wording.cue.span,
                help=f"write {{{missing[0]}}} where it belongs",
            )
            return None
        if wording.answer and not any(isinstance(piece, Slot) for piece in answer):
            help = "the answer after '=>' should hold what is asked for"
            self.report.add("W0302", "the answer holds no argument", wording.answer.span, help=help)
        return Form(form.name.text, pieces, len(cue) if wording.answer else len(pieces), form.name.span)

    def _pieces(self, text: syntax.Text, arguments: list[Argument]) -> tuple[str | Slot, ...] | None:
        pieces: list[str | Slot] = []
        position, good = 0, True
        for match in _SLOT.finditer(text.text):
            if match.start() > position:
                pieces.append(text.text[position : match.start()])
            position = match.end()
            slot = self._slot(match.group(1).strip(), text, arguments)
            good = good and slot is not None
            if slot is not None:
                pieces.append(slot)
        if position < len(text.text):
            pieces.append(text.text[position:])
        loose = [piece for piece in pieces if isinstance(piece, str) and ("{" in piece or "}" in piece)]
        if loose:
            self.report.add(
                "W0302", "a brace in this text has no partner", text.span, help="slots are {argument}"
            )
            return None
        return tuple(pieces) if good else None

    def _slot(self, written: str, text: syntax.Text, arguments: list[Argument]) -> Slot | None:
        name, _, column = written.partition(".")
        names = [argument.name for argument in arguments]
        if name not in names:
            help = did_you_mean(name, names)
            self.report.add(
                "W0101", f"'{{{written}}}' names no argument of this relation", text.span, help=help
            )
            return None
        index = names.index(name)
        table = self.tables.get(arguments[index].type)
        if table is None:
            if column:
                message = f"'{name}' is {article(arguments[index].type)} and has no column '{column}'"
                self.report.add("W0302", message, text.span, help=f"write {{{name}}}")
                return None
            return Slot(index)
        if column not in table.columns:
            message = f"'{name}' is a row of table '{table.name}': say which column"
            if column:
                message = f"table '{table.name}' has no column '{column}'"
            help = did_you_mean(column, table.columns) if column else f"write {{{name}.{table.columns[0]}}}"
            self.report.add("W0302", message, text.span, help=help)
            return None
        return Slot(index, table.columns.index(column))


def check_forms_differ(relations: Iterable[Relation], report: Report) -> None:
    """Two forms with the same words and the same kinds of slots cannot be told apart when read back.

    The forms of one relation that is `symmetric` or has a `converse` may: they then say the same fact.
    """
    seen: dict[tuple[Any, ...], tuple[Relation, Form]] = {}
    for relation in relations:
        for form in relation.forms:
            shape = tuple(
                piece if isinstance(piece, str) else (relation.arguments[piece.argument].type,)
                for piece in form.pieces
            )
            if shape not in seen:
                seen[shape] = (relation, form)
                continue
            other, first = seen[shape]
            if other is relation and (relation.converse is not None or "symmetric" in relation.traits):
                continue
            report.add(
                "W0303",
                f"form '{form.name}' reads like form '{first.name}' of '{other.name}'",
                form.span,
                notes=[Note("the other form is here", first.span)],
                help="give each its own words, so that a sentence has one meaning",
            )


def article(type: str) -> str:
    return f"an {type}" if type[0] in "aeiou" else f"a {type}"
