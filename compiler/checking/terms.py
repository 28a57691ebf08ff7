"""Terms: composed things, what is said of them, and rewritings that end and give one result each."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping

from wug.compiler.checking import settings
from wug.compiler.checking.entities import COUNT, EntityChecker
from wug.compiler.diagnosis.diagnostics import Note, Report, did_you_mean
from wug.compiler.entities import Argument, Entity, Operator, Terms
from wug.compiler.language import syntax
from wug.compiler.language.source import Span
from wug.compiler.record import Record
from wug.compiler.rules import Applied, Called, Composed, Rewriting
from wug.compiler.world import Relation

DEEPEST = 3
_OPERANDS = 3
_READ = 4_000
"""So many terms are read aloud to see whether two sound the same."""
_LETTERS = 4_000_000
"""Of all of these; where operators say so much, fewer terms are read."""


class TermChecker:
    """Reads terms over these entities, and the rewritings of relations over those."""

    def __init__(
        self,
        entities: dict[str, Entity],
        relations: dict[str, Relation],
        checker: EntityChecker,
        report: Report,
    ) -> None:
        self.entities = entities
        self.relations = relations
        self.checker = checker
        self.report = report

    # Terms

    def terms(self, declaration: syntax.Terms) -> None:
        """Declare the type of some terms and the relations that say what each is composed of."""
        name = declaration.name
        what = f"terms '{name.text}'"
        schema: settings.Schema = {"atoms": settings.name("an entity"), "depth": _depth, "count": COUNT}
        before = len(self.report.items)
        values = settings.read(declaration.settings, schema, what, self.report)
        atoms: syntax.Name | None = values.get("atoms")
        for key, way in (("atoms", "atoms leaf"), ("count", "count 100")):
            if key not in values and len(self.report.items) == before:
                self.report.add("W0107", f"{what} has no {key}", name.span, help=f"say: {way}")
        if atoms is not None and (atoms.text not in self.entities or self.entities[atoms.text].composed):
            simple = [each.name for each in self.entities.values() if not each.composed]
            help = did_you_mean(atoms.text, simple)
            self.report.add("W0101", f"'{atoms.text}' is no entity", atoms.span, help=help)
            atoms = None
        operators = self._operators(declaration)
        if not declaration.operators:
            help = 'say at least one: operator plus(x, y) "the sum of {x} and {y}"'
            self.report.add("W0107", f"{what} has no operators", name.span, help=help)
        made = Terms(atoms.text if atoms else "", values.get("depth", (1, 2)), operators)
        for partition in declaration.partitions:
            for part in partition.parts:
                if isinstance(part.count, syntax.Number) and part.count.kind != "percent":
                    help = "the operators that terms are made of are divided, not the terms: part 70%"
                    self.report.add("W0203", "parts of terms are percentages", part.count.span, help=help)
        parts = self.checker.partition(declaration.partitions)
        self.entities[name.text] = Entity(
            name.text, values.get("count", 0), None, None, name.span, parts, terms=made
        )
        if len(self.report.items) > before:
            return
        own = Argument("of", name.text)
        prefix, dot, _ = name.text.rpartition(".")
        for operator, written in zip(operators, declaration.operators, strict=True):
            operands = tuple(Argument(each.text, name.text) for each in written.operands)
            self._built_in(prefix + dot + operator.name, (own, *operands), written.name.span)
        self._built_in(name.text + made.made_of_atom, (own, Argument("atom", made.atoms)), name.span)
        self._check_heard(made, declaration)

    def _built_in(self, name: str, arguments: tuple[Argument, ...], span: Span) -> None:
        traits = frozenset({"complete", "functional"})
        self.relations[name] = Relation(name, arguments, traits, None, None, (), span, built_in=True)

    def _operators(self, declaration: syntax.Terms) -> tuple[Operator, ...]:
        return tuple(self._operator(each) for each in declaration.operators)

    def _operator(self, written: syntax.Operator) -> Operator:
        names = [operand.text for operand in written.operands]
        before = len(self.report.items)
        for place, operand in enumerate(written.operands):
            if operand.text in names[:place]:
                message = f"two operands are called '{operand.text}'"
                self.report.add("W0103", message, operand.span)
        if len(names) > _OPERANDS:
            self.report.add("W0204", f"an operator has at most {_OPERANDS} operands", written.span)
        pieces: list[str | int] = []
        for place, piece in enumerate(re.split(r"\{([^{}]*)\}", written.text.text)):
            if place % 2 == 0:
                pieces += [piece] if piece else []
            elif piece in names:
                pieces.append(names.index(piece))
            else:
                help = did_you_mean(piece, names)
                self.report.add("W0301", f"unknown operand '{piece}'", written.text.span, help=help)
        for place, operand in enumerate(written.operands):
            if pieces.count(place) != 1 and len(self.report.items) == before:
                message = f"the text of '{written.name.text}' says '{operand.text}' not once"
                help = f"write {{{operand.text}}} at one place of it"
                self.report.add("W0302", message, written.text.span, help=help)
        return Operator(written.name.text, len(names), tuple(pieces))

    def _check_heard(self, terms: Terms, declaration: syntax.Terms) -> None:
        """Report two terms that read the same."""
        heard: dict[str, _Heard] = {}
        letters = 0
        for term in itertools.islice(_aloud(terms), _READ):
            letters += len(term.text)
            if letters > _LETTERS:
                return
            other = heard.setdefault(term.text, term)
            if other.written != term.written:
                message = f"{other.written} and {term.written} read the same"
                notes = [Note(f'both are "{term.text.replace(_ATOM, "...")}"')]
                help = "put brackets around what an operator says, or its own word in front"
                self.report.add("W0308", message, declaration.operators[0].span, notes=notes, help=help)
                return

    # Rewritings

    def rewritings(self, declaration: syntax.Relation, relation: Relation) -> tuple[Rewriting, ...]:
        """The rewritings of a relation between terms: one for each operator, and one for atoms."""
        if not declaration.rewritings:
            return ()
        first = declaration.rewritings[0].span
        types = [argument.type for argument in relation.arguments]
        entity = self.entities.get(types[0]) if types else None
        if len(types) != 2 or types[0] != types[1] or entity is None or entity.terms is None:
            help = "declare it as: relation derive(e: expression, r: expression)"
            self.report.add("W0202", "'rewrite' needs a relation of two terms", first, help=help)
            return ()
        if relation.population is not None:
            message = f"'{relation.name}' is populated and cannot be rewritten too"
            self.report.add("W0202", message, first)
            return ()
        found: dict[int, Rewriting] = {}
        before = len(self.report.items)
        for written in declaration.rewritings:
            made = _Reader(entity, relation, self, written).rewriting()
            if made is None:
                continue
            if made.operator in found:
                notes = [Note("the other one is here", found[made.operator].span)]
                what = self._kind(entity.terms, made.operator)
                message = f"two rewritings of '{relation.name}' are for {what}"
                self.report.add("W0211", message, written.left.span, notes=notes)
                continue
            found[made.operator] = made
        for operator in range(-1, len(entity.terms.operators)):
            if operator not in found and len(self.report.items) == before:
                what = self._kind(entity.terms, operator)
                help = "each operator needs a rewriting, and so do atoms: rewrite x => base(x)"
                message = f"no rewriting of '{relation.name}' is for {what}"
                self.report.add("W0211", message, declaration.name.span, help=help)
        return tuple(found.values())

    def _kind(self, terms: Terms, operator: int) -> str:
        return "atoms" if operator < 0 else f"'{terms.operators[operator].name}'"


class _Reader:
    """Reads one rewriting."""

    def __init__(
        self, entity: Entity, relation: Relation, checker: TermChecker, written: syntax.Rewriting
    ) -> None:
        assert entity.terms is not None
        self.terms = entity.terms
        self.type = entity.name
        self.relation = relation
        self.relations: Mapping[str, Relation] = checker.relations
        self.report = checker.report
        self.written = written
        self.variables: dict[str, int] = {}
        self.of_atom = not written.left.parts

    def rewriting(self) -> Rewriting | None:
        before = len(self.report.items)
        operator = self._left(self.written.left)
        result = None if operator is None else self._right(self.written.right)
        if operator is None or result is None or len(self.report.items) > before:
            return None
        span = self.written.span
        text = " ".join(span.source.text[span.start : span.end].removeprefix("rewrite").split())
        return Rewriting(self.relation.name, operator, result, text, span)

    def _left(self, left: syntax.Shape) -> int | None:
        parts = left.parts or (left,)
        for part in parts:
            if part.parts or part.name.text in self.variables:
                message = "the left side is an operator of different variables"
                self.report.add("W0211", message, part.span, help="or one variable, for atoms")
                return None
            self.variables[part.name.text] = len(self.variables)
        if self.of_atom:
            return -1
        return self._operator(left)

    def _operator(self, shape: syntax.Shape) -> int | None:
        names = [operator.name for operator in self.terms.operators]
        if shape.name.text not in names:
            help = did_you_mean(shape.name.text, names)
            self.report.add("W0101", f"unknown operator '{shape.name.text}'", shape.name.span, help=help)
            return None
        place = names.index(shape.name.text)
        arity = self.terms.operators[place].arity
        if len(shape.parts) != arity:
            message = f"'{shape.name.text}' takes {arity} operands, here are {len(shape.parts)}"
            self.report.add("W0201", message, shape.span)
            return None
        return place

    def _right(self, shape: syntax.Shape) -> Composed | None:
        name = shape.name.text
        if not shape.parts:
            if name not in self.variables:
                help = did_you_mean(name, self.variables)
                self.report.add("W0205", f"'{name}' is bound by nothing", shape.span, help=help)
                return None
            return self.variables[name]
        called = self.relation if name == self.relation.name else self.relations.get(name)
        if called is not None and not called.built_in:
            return self._called(shape, called)
        operator = self._operator(shape)
        operands = [self._right(part) for part in shape.parts]
        kept = tuple(part for part in operands if part is not None)
        return None if operator is None or len(kept) < len(operands) else Applied(operator, kept)

    def _called(self, shape: syntax.Shape, relation: Relation) -> Composed | None:
        types = [argument.type for argument in relation.arguments]
        if len(shape.parts) != 1 or len(types) != 2 or types[0] != types[1]:
            message = f"'{relation.name}' is no function of one argument here"
            self.report.add("W0201", message, shape.span)
            return None
        inner = self._right(shape.parts[0])
        if types[0] == self.type:
            if self.of_atom or shape.parts[0].parts:
                message = f"'{relation.name}' is applied to what is no part of the left side"
                help = "apply it to a variable of the left side, so that every step has less to rewrite"
                self.report.add("W0210", message, shape.span, help=help)
                return None
        elif types[0] == self.terms.atoms:
            if not self.of_atom or isinstance(inner, Applied):
                message = f"'{relation.name}' is about '{types[0]}', and an operand may be composed"
                self.report.add("W0202", message, shape.span, help="use it in the rewriting of atoms")
                return None
            if "functional" not in relation.traits or relation.population is None:
                help = "declare it functional, and populate it for every atom"
                message = f"'{relation.name}' must be functional and populated to be used here"
                self.report.add("W0202", message, shape.span, help=help)
                return None
        else:
            message = f"'{relation.name}' is about '{types[0]}', not about terms or their atoms"
            self.report.add("W0202", message, shape.span)
            return None
        return None if inner is None else Called(relation.name, inner, types[0] == self.terms.atoms)


# Reading aloud

_ATOM = "\0"


class _Heard(Record):
    """A term as it is written and as it is said, and its depth; all atoms are one."""

    written: str
    text: str
    depth: int


def _aloud(terms: Terms) -> Iterator[_Heard]:
    """Terms by depth, deeper than any that is drawn, as long as the caller listens."""
    known = [_Heard("_", _ATOM, 0)]
    yield from known
    for depth in range(1, terms.depth[1] + 3):
        new: list[_Heard] = []
        for operator in terms.operators:
            for operands in itertools.product(known, repeat=operator.arity):
                if all(operand.depth < depth - 1 for operand in operands):
                    continue
                text = "".join(p if isinstance(p, str) else operands[p].text for p in operator.pieces)
                written = f"{operator.name}({', '.join(each.written for each in operands)})"
                new.append(_Heard(written, text, depth))
                yield new[-1]
        known = [*known, *new]


def _depth(cursor: settings.Cursor, key: syntax.Name) -> tuple[int, int] | None:
    atom = cursor.take((syntax.Range, syntax.Number))
    if isinstance(atom, syntax.Range):
        ends = atom.low, atom.high
    elif isinstance(atom, syntax.Number) and atom.kind == "int":
        ends = int(atom.value), int(atom.value)
    else:
        cursor.report.add("W0203", f"'{key.text}' takes a range such as 1..2", key.span)
        return None
    if not 0 <= ends[0] <= ends[1] <= DEEPEST or ends[1] < 1:
        message = f"'{key.text}' must be a range from low to high within 0..{DEEPEST}"
        cursor.report.add("W0204", message, atom.span)
        return None
    return ends
