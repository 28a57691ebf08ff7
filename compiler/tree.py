"""Lark's tree to our syntax tree: one method per rule of the grammar."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lark import Token, Transformer, v_args

from wug.compiler import syntax
from wug.compiler.diagnostics import Report
from wug.compiler.source import Source, Span

_ESCAPES = {"n": "\n", "t": "\t", '"': '"', "\\": "\\"}


@dataclass(frozen=True)
class _Origin:
    """The `from "..."` of an entity, told apart from a text among its settings."""

    text: syntax.Text


@v_args(meta=True)
class Builder(Transformer[Token, Any]):
    """Builds the tree of one source; bad escapes in texts are reported."""

    def __init__(self, source: Source, report: Report) -> None:
        super().__init__()
        self.source = source
        self.report = report

    # Leaves

    def _span(self, meta: Any) -> Span:
        start = getattr(meta, "start_pos", 0) or 0
        end = getattr(meta, "end_pos", None)  # none where the phrase ends in a token that Lark has copied
        return Span(self.source, start, start + 1 if end is None else end)

    def _at(self, token: Token) -> Span:
        start = token.start_pos or 0  # the end is not asked for: Lark drops it where it copies a token
        return Span(self.source, start, start + len(token))

    def _name(self, token: Token) -> syntax.Name:
        return syntax.Name(str(token), self._at(token))

    def _text(self, token: Token) -> syntax.Text:
        body, out, index = token[1:-1], [], 0
        while index < len(body):
            character = body[index]
            if character == "\\":
                index += 1
                if body[index] not in _ESCAPES:
                    self.report.add(
                        "W0013",
                        f"unknown escape '\\{body[index]}' in a text",
                        self._at(token),
                        help='the escapes are \\n, \\t, \\" and \\\\',
                    )
                character = _ESCAPES.get(body[index], body[index])
            out.append(character)
            index += 1
        return syntax.Text("".join(out), self._at(token))

    def _number(self, token: Token) -> syntax.Number:
        if token.type == "PERCENT":
            return syntax.Number(float(token[:-1]) / 100, "percent", self._at(token))
        if token.type == "DECIMAL":
            return syntax.Number(float(token), "decimal", self._at(token))
        return syntax.Number(int(token[:300]), "int", self._at(token))

    def _doc(self, children: list[Any]) -> str:
        lines = [str(c)[3:].strip() for c in children if isinstance(c, Token) and c.type == "DOC"]
        return "\n".join(lines)

    def _without_doc(self, children: list[Any]) -> list[Any]:
        return [c for c in children if not (isinstance(c, Token) and c.type == "DOC")]

    # Settings

    def settings(self, meta: Any, children: list[Any]) -> syntax.Settings:
        return syntax.Settings(tuple(children), self._span(meta))

    def name_atom(self, meta: Any, children: list[Any]) -> syntax.Name:
        return self._name(children[0])

    def number(self, meta: Any, children: list[Any]) -> syntax.Number:
        return self._number(children[0])

    decimal = number

    def string_atom(self, meta: Any, children: list[Any]) -> syntax.Text:
        return self._text(children[0])

    def range_atom(self, meta: Any, children: list[Any]) -> syntax.Range:
        low, high = children[0].split("..")
        return syntax.Range(int(low[:18]), int(high[:18]), self._span(meta))

    def call_atom(self, meta: Any, children: list[Any]) -> syntax.Call:
        return syntax.Call(self._name(children[0]), tuple(children[1:]), self._span(meta))

    def where(self, meta: Any, children: list[Any]) -> syntax.Where:
        names = [self._name(c) for c in children if c.type == "NAME"]
        return syntax.Where(names[0], tuple(names[1:]), self._span(meta))

    def edition(self, meta: Any, children: list[Any]) -> syntax.Number:
        return self._number(children[-1])

    def param(self, meta: Any, children: list[Any]) -> syntax.Param:
        return syntax.Param(self._name(children[0]), self._name(children[1]), self._span(meta))

    # Worlds

    def origin(self, meta: Any, children: list[Any]) -> _Origin:
        return _Origin(self._text(children[0]))

    def import_(self, meta: Any, children: list[Any]) -> syntax.Text:
        return self._text(children[0])

    def part(self, meta: Any, children: list[Any]) -> syntax.Part:
        return syntax.Part(self._name(children[0]), self._number(children[1]))

    def partition(self, meta: Any, children: list[Any]) -> syntax.Partition:
        return syntax.Partition(tuple(children), self._span(meta))

    def entity(self, meta: Any, children: list[Any]) -> syntax.Entity:
        rest = self._without_doc(children)
        name, rest = self._name(rest[0]), rest[1:]
        source = None
        if rest and isinstance(rest[0], _Origin):
            source, rest = rest[0].text, rest[1:]
        partitions = tuple(c for c in rest if isinstance(c, syntax.Partition))
        atoms = tuple(c for c in rest if not isinstance(c, syntax.Partition))
        span = self._span(meta)
        return syntax.Entity(
            name, source, syntax.Settings(atoms, span), partitions, self._doc(children), span
        )

    def row(self, meta: Any, children: list[Any]) -> syntax.Row:
        return syntax.Row(tuple(self._text(c) for c in children), False, self._span(meta))

    def mirrored(self, meta: Any, children: list[Any]) -> syntax.Row:
        return syntax.Row(tuple(self._text(c) for c in children), True, self._span(meta))

    def table(self, meta: Any, children: list[Any]) -> syntax.Table:
        rest = self._without_doc(children)
        names = [self._name(c) for c in rest if isinstance(c, Token)]
        rows = tuple(c for c in rest if isinstance(c, syntax.Row))
        return syntax.Table(names[0], tuple(names[1:]), rows, self._doc(children), self._span(meta))

    def trait(self, meta: Any, children: list[Any]) -> syntax.Name:
        return self._name(children[0])

    def populate(self, meta: Any, children: list[Any]) -> syntax.Populate:
        settings = children[1] if len(children) > 1 else None
        return syntax.Populate(self._name(children[0]), settings, self._span(meta))

    def answer(self, meta: Any, children: list[Any]) -> syntax.Text:
        return self._text(children[0])

    def form(self, meta: Any, children: list[Any]) -> syntax.Form:
        answer = children[2] if len(children) > 2 else None
        return syntax.Form(self._name(children[0]), self._text(children[1]), answer, self._span(meta))

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
            doc=self._doc(children),
            span=self._span(meta),
        )

    def variable(self, meta: Any, children: list[Any]) -> syntax.Name:
        return self._name(children[0])

    def constant(self, meta: Any, children: list[Any]) -> syntax.Text | syntax.Number:
        token = children[0]
        return self._text(token) if token.type == "STRING" else self._number(token)

    def literal(self, meta: Any, children: list[Any]) -> syntax.Literal:
        return syntax.Literal(self._name(children[0]), tuple(children[1:]), self._span(meta))

    def rule(self, meta: Any, children: list[Any]) -> syntax.Rule:
        head, *body = self._without_doc(children)
        return syntax.Rule(head, tuple(body), self._doc(children), self._span(meta))

    def preamble(self, meta: Any, children: list[Any]) -> syntax.Preamble:
        name, *texts = self._without_doc(children)
        doc = self._doc(children)
        return syntax.Preamble(self._name(name), tuple(self._text(t) for t in texts), doc, self._span(meta))

    def _later(self, kind: str, meta: Any, children: list[Any]) -> syntax.Later:
        return syntax.Later(kind, self._name(self._without_doc(children)[0]), self._span(meta))

    def holdout(self, meta: Any, children: list[Any]) -> syntax.Later:
        return self._later("holdout", meta, children)

    def document(self, meta: Any, children: list[Any]) -> syntax.Later:
        return self._later("document", meta, children)

    def scene(self, meta: Any, children: list[Any]) -> syntax.Later:
        return self._later("scene", meta, children)

    # Experiments

    def seeds(self, meta: Any, children: list[Any]) -> syntax.Number:
        return self._number(children[0])

    def world(self, meta: Any, children: list[Any]) -> syntax.World | syntax.Text:
        rest = self._without_doc(children)
        if isinstance(rest[0], Token) and rest[0].type == "STRING":
            return self._text(rest[0])
        return syntax.World(self._name(rest[0]), tuple(rest[1:]), self._doc(children), self._span(meta))

    def _stated(self, children: list[Any]) -> tuple[list[syntax.Name], syntax.Where | None, list[Any]]:
        """Names, condition and settings of `a in b where c in d ...`."""
        rest = self._without_doc(children)
        names = [self._name(c) for c in rest if isinstance(c, Token) and c.type == "NAME"]
        where = next((c for c in rest if isinstance(c, syntax.Where)), None)
        return names, where, [c for c in rest if not isinstance(c, Token | syntax.Where)]

    def train(self, meta: Any, children: list[Any]) -> syntax.Train:
        names, where, rest = self._stated(children)
        return syntax.Train(names[0], names[1], where, rest[0] if rest else None, self._span(meta))

    def test(self, meta: Any, children: list[Any]) -> syntax.Test:
        names, where, rest = self._stated(children)
        span = self._span(meta)
        return syntax.Test(names[0], names[1], names[2], where, syntax.Settings(tuple(rest), span), span)

    def model(self, meta: Any, children: list[Any]) -> syntax.Model:
        name, settings = self._without_doc(children)
        return syntax.Model(self._name(name), settings, self._span(meta))

    def arm(self, meta: Any, children: list[Any]) -> syntax.Arm:
        name, settings = self._without_doc(children)
        return syntax.Arm(self._name(name), settings, self._span(meta))

    def measured(self, meta: Any, children: list[Any]) -> syntax.Sum:
        return syntax.Sum(self._name(children[0]), self._name(children[1]), 0.0, self._span(meta))

    def term(self, meta: Any, children: list[Any]) -> syntax.Sum:
        return syntax.Sum(None, None, float(children[0].value), self._span(meta))

    def sum(self, meta: Any, children: list[Any]) -> syntax.Sum:
        term = children[0]
        if len(children) == 1:
            return term
        sign = -1.0 if children[1] == "-" else 1.0
        return syntax.Sum(term.arm, term.split, term.offset + sign * children[2].value, self._span(meta))

    def compare(self, meta: Any, children: list[Any]) -> tuple[str, syntax.Number | None, syntax.Sum]:
        return str(children[0]), None, children[1]

    def within(self, meta: Any, children: list[Any]) -> tuple[str, syntax.Number | None, syntax.Sum]:
        return "within", children[0], children[1]

    def expect(self, meta: Any, children: list[Any]) -> syntax.Expect:
        rest = self._without_doc(children)
        text = self._text(rest[0]) if isinstance(rest[0], Token) else None
        left, (op, margin, right) = rest[-2:]
        return syntax.Expect(text, left, op, right, margin, self._span(meta))

    def experiment(self, meta: Any, children: list[Any]) -> syntax.Experiment:
        rest = self._without_doc(children)

        def of(kind: type) -> tuple[Any, ...]:
            return tuple(c for c in rest[1:] if isinstance(c, kind))

        return syntax.Experiment(
            name=self._name(rest[0]),
            worlds=of(syntax.Text),
            seeds=of(syntax.Number),
            trains=of(syntax.Train),
            tests=of(syntax.Test),
            models=of(syntax.Model),
            arms=of(syntax.Arm),
            expects=of(syntax.Expect),
            doc=self._doc(children),
            span=self._span(meta),
        )

    def start(self, meta: Any, children: list[Any]) -> syntax.WorldFile | syntax.ExperimentFile:
        edition = next((c for c in children if isinstance(c, syntax.Number)), None)
        experiment = next((c for c in children if isinstance(c, syntax.Experiment)), None)
        if experiment is not None:
            return syntax.ExperimentFile(self.source, edition, experiment)
        imports = tuple(c for c in children if isinstance(c, syntax.Text))
        world = next((c for c in children if isinstance(c, syntax.World)), None)
        return syntax.WorldFile(self.source, edition, imports, world)
