"""Forms: texts with slots, each of which says one fact and no other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import prod

from wug.compiler.checking.wording_text import Reading, read_pieces
from wug.compiler.diagnosis.diagnostics import Note, Report, did_you_mean
from wug.compiler.entities import Argument, Table
from wug.compiler.forms import INFLECTIONS, Form, Option, Piece, Slot, Wording
from wug.compiler.language import syntax
from wug.compiler.language.source import Span

HEAVIEST = 1_000_000
"""The largest weight of a wording."""

MOST_WAYS = 4096
"""In so many ways may the options of a wording be said: free answers are found by saying each."""


class FormChecker:
    """Reads the forms of relations whose arguments may be rows of these tables."""

    def __init__(self, tables: Mapping[str, Table], report: Report) -> None:
        self.tables = tables
        self.report = report

    def form(self, form: syntax.Form, arguments: list[Argument]) -> Form | None:
        name = form.name.text
        if not form.wordings:
            help = f'write one at least: form {name} {{ "{{{arguments[0].name}}} ..." }}'
            self.report.add("W0107", f"form '{name}' has no wordings", form.name.span, help=help)
            return None
        found = [self._wording(name, wording, arguments) for wording in form.wordings]
        wordings = [wording for wording in found if wording is not None]
        if len(wordings) < len(found):
            return None
        if all(wording.held for wording in wordings):
            help = "leave one without 'held': it is what training says"
            self.report.add("W0304", f"all wordings of form '{name}' are held out", form.name.span, help=help)
            return None
        self._one_direction(name, wordings, arguments)
        return Form(name, tuple(wordings), form.name.span)

    def _one_direction(self, form: str, wordings: list[Wording], arguments: list[Argument]) -> None:
        """All wordings of a form ask for the same, or none of them asks."""
        first = wordings[0]
        for other in wordings[1:]:
            asked, wanted = (_asked(wording, arguments) for wording in (other, first))
            if asked == wanted:
                continue
            self.report.add(
                "W0305",
                f"this wording of form '{form}' asks for {asked}, the first one for {wanted}",
                other.span,
                notes=[Note("the first one is here", first.span)],
                help="put '=>' before the same arguments, or make a second form of it",
            )
            return

    def _wording(self, form: str, wording: syntax.Wording, arguments: list[Argument]) -> Wording | None:
        weight, held = self._marks(wording)
        reading = Reading()
        cue = self.pieces(wording.cue, arguments, reading)
        answer = self.pieces(wording.answer, arguments, reading) if wording.answer else ()
        if cue is None or answer is None:
            return None
        pieces = (*cue, *answer)
        said = _said(pieces)
        missing = [argument.name for place, argument in enumerate(arguments) if place not in said]
        if missing:
            listed = " and ".join(f"'{name}'" for name in missing)
            self.report.add(
                "W0301",
                f"form '{form}' leaves out {listed}: it would not say which fact it means",
                wording.cue.span,
                help=f"write {{{missing[0]}}} where it belongs",
            )
            return None
        if wording.answer and not _said(answer):
            help = "the answer after '=>' should hold what is asked for"
            self.report.add("W0302", "the answer holds no argument", wording.answer.span, help=help)
        if wording.answer and _ends(cue, -1, " ") and (_ends(answer, 0, " ") or _ends(cue, -1, "  ")):
            self.report.add(
                "W0302",
                "question and answer are joined as they stand, and two spaces come together",
                wording.answer.span,
                help="leave out the space before '=>'",
            )
        if (ways := prod(len(option.alternatives) for option in _options(pieces))) > MOST_WAYS:
            self.report.add(
                "W0204",
                f"this wording can be said in {ways:,} ways; at most {MOST_WAYS:,} are possible",
                wording.cue.span,
                help="use fewer options, or make several wordings of it",
            )
        end = len(cue) if wording.answer else len(pieces)
        return Wording(pieces, end, weight, held, wording.cue.span)

    def _marks(self, wording: syntax.Wording) -> tuple[int, bool]:
        """The weight of a wording, and whether it is held out."""
        weight, held = 1, False
        weighed = False
        for mark in wording.marks:
            if isinstance(mark, syntax.Name):
                if mark.text != "held":
                    help = did_you_mean(mark.text, ["held"])
                    self.report.add("W0102", f"unknown mark '{mark.text}'", mark.span, help=help)
                held = True
            elif weighed:
                self.report.add("W0103", "this wording has two weights", mark.span)
            elif mark.kind != "int":
                self.report.add("W0203", "a weight is a number without a fraction", mark.span)
            elif not 1 <= mark.value <= HEAVIEST:
                self.report.add("W0204", f"a weight must be between 1 and {HEAVIEST:,}", mark.span)
            else:
                weight, weighed = int(mark.value), True
        return weight, held

    # Texts

    def pieces(
        self, text: syntax.Text, arguments: list[Argument], reading: Reading
    ) -> tuple[Piece, ...] | None:
        """The pieces of a text, or none where something in it is wrong."""
        good = True

        def slot(written: str) -> Slot:
            nonlocal good
            made = self._slot(written, text.span, arguments)
            good = good and made is not None
            return made or Slot(0)

        pieces, wrong, help = read_pieces(text.text, slot, reading)
        if wrong:
            self.report.add("W0302", wrong, text.span, help=help)
            return None
        return pieces if good else None

    def _slot(self, written: str, span: Span, arguments: list[Argument]) -> Slot | None:
        """`argument`, or `argument.column` of a table, then inflections, and `*` for many."""
        many = written.endswith("*")
        name, *rest = written.removesuffix("*").split(".")
        names = [argument.name for argument in arguments]
        if name not in names:
            help = did_you_mean(name, names)
            self.report.add("W0101", f"'{{{written}}}' names no argument of this relation", span, help=help)
            return None
        index = names.index(name)
        table = self.tables.get(arguments[index].type)
        column = -1
        if table is not None:
            first = rest.pop(0) if rest else ""
            if first not in table.columns:
                message = f"'{name}' is a row of table '{table.name}': say which column"
                if first:
                    message = f"table '{table.name}' has no column '{first}'"
                help = did_you_mean(first, table.columns) if first else f"write {{{name}.{table.columns[0]}}}"
                self.report.add("W0302", message, span, help=help)
                return None
            column = table.columns.index(first)
        for inflection in rest:
            if inflection not in INFLECTIONS:
                message = f"'{name}' is {article(arguments[index].type)} and has no column '{inflection}'"
                if table is not None:
                    message = f"'{inflection}' is no inflection"
                help = did_you_mean(inflection, INFLECTIONS) if rest else ""
                if not help.startswith("did"):
                    help = f"write {{{name}}}, or behind it one of: .{', .'.join(INFLECTIONS)}"
                self.report.add("W0302", message, span, help=help)
                return None
        if not self._fits(name, arguments[index].type, rest, span):
            return None
        return Slot(index, column, tuple(rest), many)

    def _fits(self, name: str, type: str, inflections: list[str], span: Span) -> bool:
        """Whether dates alone are `long`, and numbers alone `ordinal`."""
        for inflection, wanted in (("long", "date"), ("ordinal", "integer")):
            if inflection in inflections and (type != wanted or inflections[0] != inflection):
                message = f"'.{inflection}' is for {wanted}s, and '{name}' is {article(type)}"
                if type == wanted:
                    message = f"'.{inflection}' comes before the other inflections"
                self.report.add("W0302", message, span, help=f"write {{{name}}}")
                return False
        return True


def _said(pieces: Iterable[Piece]) -> set[int]:
    """The arguments that are said whichever alternatives are drawn."""
    said: set[int] = set()
    for piece in pieces:
        if isinstance(piece, Slot):
            said.add(piece.argument)
        elif isinstance(piece, Option):
            said |= set.intersection(*(_said(alternative) for alternative in piece.alternatives))
    return said


def _options(pieces: Iterable[Piece]) -> list[Option]:
    return [piece for piece in pieces if isinstance(piece, Option)]


def _ends(pieces: Sequence[Piece], place: int, space: str) -> bool:
    """Whether some pieces may begin (`place` 0) or end (-1) with this space."""
    if not pieces:
        return False
    piece = pieces[place]
    if isinstance(piece, Option):
        return any(_ends(alternative, place, space) for alternative in piece.alternatives)
    if not isinstance(piece, str):
        return False
    return piece.startswith(space) if place == 0 else piece.endswith(space)


def _asked(wording: Wording, arguments: list[Argument]) -> str:
    """What stands behind '=>', for messages."""
    asked = sorted(_said(wording.pieces[wording.answer :]))
    return " and ".join(f"'{arguments[place].name}'" for place in asked) or "nothing"


def article(type: str) -> str:
    return f"an {type}" if type[0] in "aeiou" else f"a {type}"
