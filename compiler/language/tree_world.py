"""Lark's tree to our syntax tree: the phrases of a world."""

from __future__ import annotations

from typing import Any

from lark import Token, v_args

from wug.compiler.language import syntax
from wug.compiler.language.tree_common import CommonBuilder
from wug.compiler.record import Record


class _Origin(Record):
    """The `from "..."` of an entity, told apart from a text among its settings."""

    text: syntax.Text


class _Answer(Record):
    """The `=> "..."` of a wording, told apart from its cue."""

    text: syntax.Text


class _Alias(Record):
    name: syntax.Name


@v_args(meta=True)
class WorldBuilder(CommonBuilder):
    """One method per rule of grammar/world.lark."""

    def alias(self, meta: Any, children: list[Any]) -> _Alias:
        return _Alias(self._name(children[0]))

    def import_(self, meta: Any, children: list[Any]) -> syntax.Import:
        path, *rest = children
        alias = next((c.name for c in rest if isinstance(c, _Alias)), None)
        settings = next((c for c in rest if isinstance(c, syntax.Settings)), None)
        return syntax.Import(self._text(path), alias, settings, self._span(meta))

    def parameter(self, meta: Any, children: list[Any]) -> syntax.Parameter:
        name, value = (c for c in self._without_doc(children) if not _is(c, "EQUAL"))
        return syntax.Parameter(self._name(name), value, self._doc(children), self._span(meta))

    def lexicon(self, meta: Any, children: list[Any]) -> syntax.Lexicon:
        name, settings = self._without_doc(children)
        return syntax.Lexicon(self._name(name), settings, self._doc(children), self._span(meta))

    # Entities and tables

    def origin(self, meta: Any, children: list[Any]) -> _Origin:
        return _Origin(self._text(children[-1]))

    def part(self, meta: Any, children: list[Any]) -> syntax.Part:
        return syntax.Part(self._name(children[0]), children[1])

    def partition(self, meta: Any, children: list[Any]) -> syntax.Partition:
        return syntax.Partition(tuple(children), self._span(meta))

    def entity(self, meta: Any, children: list[Any]) -> syntax.Entity:
        rest = self._without_doc(children)
        name, rest = self._name(rest[0]), rest[1:]
        source = None
        if rest and isinstance(rest[0], _Origin):
            source, rest = rest[0].text, rest[1:]
        partitions, settings = self._partitions(meta, rest)
        return syntax.Entity(name, source, settings, partitions, self._doc(children), self._span(meta))

    def _partitions(self, meta: Any, rest: list[Any]) -> tuple[tuple[syntax.Partition, ...], syntax.Settings]:
        """Partitions apart from the settings that stand among them."""
        partitions = tuple(c for c in rest if isinstance(c, syntax.Partition))
        atoms = tuple(c for c in rest if isinstance(c, syntax.Atom))
        return partitions, syntax.Settings(atoms, self._span(meta))

    def row(self, meta: Any, children: list[Any]) -> syntax.Row:
        return syntax.Row(tuple(self._text(c) for c in children), False, self._span(meta))

    def mirrored(self, meta: Any, children: list[Any]) -> syntax.Row:
        return syntax.Row(tuple(self._text(c) for c in children), True, self._span(meta))

    def table(self, meta: Any, children: list[Any]) -> syntax.Table:
        rest = self._without_doc(children)
        names = [self._name(c) for c in rest if isinstance(c, Token)]
        rows = tuple(c for c in rest if isinstance(c, syntax.Row))
        return syntax.Table(names[0], tuple(names[1:]), rows, self._doc(children), self._span(meta))

    # Relations

    def trait(self, meta: Any, children: list[Any]) -> syntax.Name:
        return self._name(children[0])

    def populate(self, meta: Any, children: list[Any]) -> syntax.Populate:
        settings = children[1] if len(children) > 1 else None
        return syntax.Populate(self._name(children[0]), settings, self._span(meta))

    def answer(self, meta: Any, children: list[Any]) -> _Answer:
        return _Answer(self._text(children[0]))

    def wording(self, meta: Any, children: list[Any]) -> syntax.Wording:
        answer = next((c.text for c in children if isinstance(c, _Answer)), None)
        cue = next(self._text(c) for c in children if _is(c, "STRING"))
        marks = tuple(
            self._name(c) if _is(c, "NAME") else c
            for c in children
            if _is(c, "NAME") or isinstance(c, syntax.Number)
        )
        return syntax.Wording(marks, cue, answer, self._span(meta))

    def form(self, meta: Any, children: list[Any]) -> syntax.Form:
        return syntax.Form(self._name(children[0]), tuple(children[1:]), self._span(meta))

    def leaf(self, meta: Any, children: list[Any]) -> syntax.Shape:
        return syntax.Shape(self._name(children[0]), (), self._span(meta))

    def compound(self, meta: Any, children: list[Any]) -> syntax.Shape:
        return syntax.Shape(self._name(children[0]), tuple(children[1:]), self._span(meta))

    def rewriting(self, meta: Any, children: list[Any]) -> syntax.Rewriting:
        return syntax.Rewriting(children[0], children[1], self._span(meta))

    def relation(self, meta: Any, children: list[Any]) -> syntax.Relation:
        rest = self._without_doc(children)

        def of(kind: type) -> tuple[Any, ...]:
            return tuple(c for c in rest[1:] if isinstance(c, kind))

        return syntax.Relation(
            name=self._name(rest[0]),
            params=of(syntax.Param),
            traits=of(syntax.Name),
            populates=of(syntax.Populate),
            forms=of(syntax.Form),
            rewritings=of(syntax.Rewriting),
            doc=self._doc(children),
            span=self._span(meta),
        )

    # Rules

    def variable(self, meta: Any, children: list[Any]) -> syntax.Name:
        return self._name(children[0])

    def constant(self, meta: Any, children: list[Any]) -> syntax.Text | syntax.Number | syntax.Date:
        token = children[0]
        if token.type == "DATE":
            return self.date(meta, children)
        return self._text(token) if token.type == "STRING" else self._number(token)

    def aggregate(self, meta: Any, children: list[Any]) -> syntax.Aggregate:
        return syntax.Aggregate(self._name(children[0]), self._name(children[1]), self._span(meta))

    def literal(self, meta: Any, children: list[Any]) -> syntax.Literal:
        return syntax.Literal(self._name(children[0]), tuple(children[1:]), False, self._span(meta))

    def negated(self, meta: Any, children: list[Any]) -> syntax.Literal:
        inner = children[-1]
        return syntax.Literal(inner.relation, inner.terms, True, self._span(meta))

    def comparison(self, meta: Any, children: list[Any]) -> syntax.Comparison:
        left, op, right = children
        return syntax.Comparison(left, str(op), right, self._span(meta))

    def rule(self, meta: Any, children: list[Any]) -> syntax.Rule:
        head, *body = self._without_doc(children)
        return syntax.Rule(head, tuple(body), self._doc(children), self._span(meta))

    def never(self, meta: Any, children: list[Any]) -> syntax.Never:
        return syntax.Never(tuple(self._without_doc(children)), self._doc(children), self._span(meta))

    # Texts

    def preamble(self, meta: Any, children: list[Any]) -> syntax.Preamble:
        name, *texts = self._without_doc(children)
        doc = self._doc(children)
        return syntax.Preamble(self._name(name), tuple(self._text(t) for t in texts), doc, self._span(meta))

    def document(self, meta: Any, children: list[Any]) -> syntax.Document:
        name, param, settings = self._without_doc(children)
        return syntax.Document(self._name(name), param, settings, self._doc(children), self._span(meta))

    def given(self, meta: Any, children: list[Any]) -> syntax.Given:
        name, _, source, *rest = self._without_doc(children)
        settings = rest[0] if rest else None
        doc = self._doc(children)
        return syntax.Given(self._name(name), self._text(source), settings, doc, self._span(meta))

    # Worlds within the world, and terms

    def case(self, meta: Any, children: list[Any]) -> syntax.Case:
        return syntax.Case(tuple(children), self._span(meta))

    def scene(self, meta: Any, children: list[Any]) -> syntax.Scene:
        name, *rest = self._without_doc(children)
        cases = tuple(c for c in rest if isinstance(c, syntax.Case))
        atoms = tuple(c for c in rest if isinstance(c, syntax.Atom))
        declarations = tuple(c for c in rest if isinstance(c, syntax.Declaration))
        settings = syntax.Settings(atoms, self._span(meta))
        doc = self._doc(children)
        return syntax.Scene(self._name(name), settings, cases, declarations, doc, self._span(meta))

    def operator(self, meta: Any, children: list[Any]) -> syntax.Operator:
        name, *operands, text = children
        names = tuple(self._name(c) for c in operands)
        return syntax.Operator(self._name(name), names, self._text(text), self._span(meta))

    def terms(self, meta: Any, children: list[Any]) -> syntax.Terms:
        name, *rest = self._without_doc(children)
        partitions, settings = self._partitions(meta, rest)
        operators = tuple(c for c in rest if isinstance(c, syntax.Operator))
        doc = self._doc(children)
        return syntax.Terms(self._name(name), settings, partitions, operators, doc, self._span(meta))


def _is(child: Any, type: str) -> bool:
    return isinstance(child, Token) and child.type == type
