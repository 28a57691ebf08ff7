"""Wordings that can say the same sentence, found in the forms themselves before anything is drawn.

Two walks go through the automaton of all wordings at once, letter by letter. Where both can end, there is a
sentence of two wordings, or of one in two ways; it is shown. Names are taken for what they are: a name of a
type is no other type's, and no word of a form. Cells of tables are spelled; values are only their type. What
names and values of the user's own tables may spell is seen when a world is drawn: saying/check_reading.py.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import NamedTuple

from wug.compiler.checking.automaton import End, Node, lay
from wug.compiler.diagnosis.diagnostics import Note, Report
from wug.compiler.entities import Table
from wug.compiler.forms import Form, Slot, slots
from wug.compiler.language.source import Span
from wug.compiler.world import Relation

MOST_STATES = 50_000
"""So many pairs of places are looked at; more would make `wug check` slow, and drawing finds the rest."""

MOST_PAIRS = 100_000
"""So many pairs of wordings that share a sentence are looked at; those of the first forms come first."""


Filled = tuple[int, int] | None
"""What a letter or name belongs to: the argument of a slot and, where a cell ends, its row; else none."""

_INSIDE = -2
_NAME = -1


class _Beginning(NamedTuple):
    """So many letters of a cell: the first row whose cell begins so and goes on."""

    size: int
    row: int


_NOTHING = _Beginning(0, 0)


class _Cell(NamedTuple):
    """The beginning of a cell that a slot says."""

    type: str
    slot: Slot
    said: _Beginning


class _Place(NamedTuple):
    """Where a walk is: at a node, or with `left` of a name or the rest of a `cell` to say before that.

    `rows` are those that fill arguments of which a wording says several cells.
    """

    node: int
    left: tuple[str, ...] = ()
    argument: int = _NAME
    cell: _Cell | None = None
    rows: frozenset[tuple[int, int]] = frozenset()


_State = tuple[_Place, _Place, bool]
"""Two walks, and whether a slot was ever filled in the one and not the other with the same."""


class _Step(NamedTuple):
    """What is said (a letter, or a name or cell as a whole), where that leads, and what it belongs to.

    `begins` is the column of which a cell begins here that can also be said as a whole.
    """

    text: str
    place: _Place
    filled: Filled = None
    begins: tuple[str, int] | None = None


def check_ambiguity(relations: Mapping[str, Relation], tables: Mapping[str, Table], report: Report) -> None:
    """Report every form that shares a sentence with an earlier one, or has one with two meanings (W0303), and
    every held wording that training may say (W0307)."""
    found = _Pairs(relations, tables)
    for first, second, example in found.collisions():
        _report(first, second, example, relations, report)


def _report(
    first: End,
    second: End,
    example: str,
    relations: Mapping[str, Relation],
    report: Report,
) -> None:
    form, other = (relations[end.relation].form(end.form) for end in (second, first))
    notes = [Note(f"both can say: {example}")]
    help = "give each its own words, so that a sentence has one meaning"
    if form is not other:
        message = f"form '{form.name}' reads like form '{other.name}' of '{first.relation}'"
        notes.append(Note("the other form is here", _span(other, first.wording)))
    elif form.wordings[first.wording].held != form.wordings[second.wording].held:
        message = f"a held wording of form '{form.name}' is said in training too"
        notes.append(Note("the other wording is here", _span(other, first.wording)))
        report.add("W0307", message, _span(form, second.wording), notes=notes, help="hold out other words")
        return
    else:
        message = f"form '{form.name}' can say two facts in one sentence"
        notes = [Note(f"for example: {example}")]
        if first.wording != second.wording:
            notes.append(Note("the other wording is here", _span(other, first.wording)))
    report.add("W0303", message, _span(form, second.wording), notes=notes, help=help)


def _span(form: Form, wording: int) -> Span:
    span = form.wordings[wording].span
    return form.span if len(form.wordings) == 1 or span is None else span


class _Pairs:
    """Pairs of walks through the wordings of some relations."""

    def __init__(self, relations: Mapping[str, Relation], tables: Mapping[str, Table]) -> None:
        self.relations = relations
        self.tables = tables
        self.order: dict[End, int] = {}
        self.several: set[tuple[str, int]] = set()
        root = Node()
        for relation in relations.values():
            for form in relation.forms:
                for place, wording in enumerate(form.wordings):
                    end = End(relation.name, form.name, place)
                    self.order[end] = len(self.order)
                    lay(root, relation, wording, end)
                    columns = {(slot.argument, slot.column) for slot in slots(wording.pieces)}
                    for argument in {at for at, _ in columns if sum(at == each for each, _ in columns) > 1}:
                        self.several.add((relation.arguments[argument].type, argument))
        self.nodes: list[Node] = []
        self.numbers: dict[int, int] = {}
        self._number(root)
        self.cells: dict[tuple[str, int], list[str]] = {}
        self.rows: dict[tuple[tuple[str, int], _Beginning], list[int]] = {}
        self.whole: dict[tuple[str, int], bool] = {}
        self.known: dict[_Place, tuple[list[_Step], list[End]]] = {}

    def _number(self, node: Node) -> int:
        """The number of a node; nodes are kept in order of first sight."""
        if id(node) not in self.numbers:
            self.numbers[id(node)] = len(self.nodes)
            self.nodes.append(node)
        return self.numbers[id(node)]

    def collisions(self) -> Iterator[tuple[End, End, str]]:
        """Pairs of wordings that share a sentence they should not, the earlier one first, with an example: of
        each form the first."""
        start: _State = _Place(0), _Place(0), False
        before: dict[_State, tuple[_State, str] | None] = {start: None}
        waiting = deque([start])
        found: dict[tuple[int, int], tuple[End, End, _State]] = {}
        looked = 0
        while waiting and len(before) < MOST_STATES and looked < MOST_PAIRS:
            state = waiting.popleft()
            left, right, crossed = state
            steps, ends = self._from(left)
            others, other_ends = self._from(right)
            for first, second in itertools.islice(itertools.product(ends, other_ends), MOST_PAIRS - looked):
                looked += 1
                pair = self.order[first], self.order[second]
                if pair[0] <= pair[1] and pair not in found and self._wrong(first, second, crossed):
                    found[pair] = first, second, state
            by_text: dict[str, list[_Step]] = {}
            for step in others:
                by_text.setdefault(step.text, []).append(step)
            for one in steps:
                for other in by_text.get(one.text, ()):
                    if one.begins is not None and one.begins == other.begins:
                        continue  # both say a cell of this column, so the same one, as a whole
                    following: _State = one.place, other.place, crossed or one.filled != other.filled
                    if following not in before:
                        before[following] = state, one.text
                        waiting.append(following)
        told: set[tuple[str, str]] = set()
        for pair in sorted(found, key=lambda pair: (pair[1], pair[0])):
            first, second, state = found[pair]
            if (second.relation, second.form) not in told:
                told.add((second.relation, second.form))
                yield first, second, _spelled(before, state)

    def _wrong(self, first: End, second: End, crossed: bool) -> bool:
        """Whether two wordings may not share a sentence (`crossed`: one that fills their slots otherwise)."""
        one, other = self.relations[first.relation], self.relations[second.relation]
        if one is other:
            both_ways = one.converse is not None or "symmetric" in one.traits
            if first.form == second.form:
                wordings = one.form(first.form).wordings
                apart = wordings[first.wording].held != wordings[second.wording].held
                return (apart and not crossed) or (crossed and not both_ways)
            return not both_ways
        return True

    def _from(self, place: _Place) -> tuple[list[_Step], list[End]]:
        """The steps from a place, and the wordings that may end there."""
        if place not in self.known:
            steps: list[_Step] = []
            ends: list[End] = []
            if place.left:
                steps.append(_said(place))
            elif place.cell is not None:
                steps += self._spell(place, place.cell)
            else:
                self._from_node(self.nodes[place.node], place.rows, steps, ends)
            self.known[place] = steps, ends
        return self.known[place]

    def _from_node(
        self, node: Node, rows: frozenset[tuple[int, int]], steps: list[_Step], ends: list[End]
    ) -> None:
        ends += node.ends
        for letter, following in node.letters.items():
            steps.append(_Step(letter, _Place(self._number(following), rows=rows)))
        for silent in node.silent:
            self._from_node(silent, rows, steps, ends)
        for (type, slot), following in node.slots.items():
            number = self._number(following)
            if type in self.tables and not slot.inflections:
                steps += self._cells_of(
                    _Place(number, cell=_Cell(type, slot, _NOTHING), rows=rows), type, slot
                )
                continue
            for text in _named(type, slot):
                steps.append(_said(_Place(number, text, slot.argument, rows=rows)))

    def _cells_of(self, place: _Place, type: str, slot: Slot) -> Iterator[_Step]:
        """The first letters of all cells of a column and, where none begins another, a cell as a whole."""
        column = type, slot.column
        if column not in self.cells:
            texts = [cells[slot.column] for cells in self.tables[type].rows]
            self.cells[column] = texts
            self.rows[column, _NOTHING] = [row for row, text in enumerate(texts) if text]
            ordered = sorted(texts)
            self.whole[column] = not any(longer.startswith(text) for text, longer in pairwise(ordered))
        whole = self.whole[column] and (type, slot.argument) not in self.several
        if whole:
            text = "{" + f"{type}.{self.tables[type].columns[slot.column]}" + "}"
            yield _Step(text, _Place(place.node, rows=place.rows), (slot.argument, _NAME), None)
        assert place.cell is not None
        for step in self._spell(place, place.cell):
            yield step._replace(begins=column) if whole else step

    def _spell(self, place: _Place, cell: _Cell) -> Iterator[_Step]:
        """The next letters of the cells that begin so; where one ends, its row is known."""
        column, argument = (cell.type, cell.slot.column), cell.slot.argument
        texts, size = self.cells[column], cell.said.size + 1
        by_letter: dict[str, list[int]] = {}
        for row in self.rows[column, cell.said]:
            by_letter.setdefault(texts[row][cell.said.size], []).append(row)
        for letter, rows in by_letter.items():
            if longer := [row for row in rows if len(texts[row]) > size]:
                said = _Beginning(size, longer[0])
                self.rows[column, said] = longer
                longer_place = _Place(place.node, cell=_Cell(cell.type, cell.slot, said), rows=place.rows)
                yield _Step(letter, longer_place, (argument, _INSIDE))
            for row in (row for row in rows if len(texts[row]) == size):
                if dict(place.rows).get(argument, row) == row:
                    several = (cell.type, argument) in self.several
                    kept = place.rows | {(argument, row)} if several else place.rows
                    yield _Step(letter, _Place(place.node, rows=kept), (argument, row))


def _said(place: _Place) -> _Step:
    """The first of what is left to say of a name. The letters around it fill nothing."""
    first, *rest = place.left
    filled = (place.argument, _NAME) if first.startswith("{") else None
    argument = place.argument if rest else _NAME
    return _Step(first, _Place(place.node, tuple(rest), argument, rows=place.rows), filled)


def _named(type: str, slot: Slot) -> Iterator[tuple[str, ...]]:
    """A name or value is said as a whole; "a" and "the" before it, and endings behind it, are spelled."""
    said = [kind for kind in slot.inflections if kind not in ("a", "the", "possessive", "plural")]
    name = "{" + ".".join([type, *([str(slot.column)] if slot.column >= 0 else []), *said]) + "}"
    fronts = {"a": ("a ", "an "), "the": ("the ",)}
    endings: tuple[str, ...] = ("s", "es") if "plural" in slot.inflections else ("",)
    if "possessive" in slot.inflections:
        endings = tuple(ending + mark for ending in endings for mark in ("'s", "'"))
    for front in next((fronts[kind] for kind in slot.inflections if kind in fronts), ("",)):
        for ending in endings:
            yield (*front, name, *ending)


def _spelled(before: Mapping[_State, tuple[_State, str] | None], state: _State) -> str:
    """The sentence that leads to a state, with names as {type}."""
    texts: list[str] = []
    while (back := before[state]) is not None:
        state, text = back
        texts.append(text)
    return "".join(reversed(texts))
