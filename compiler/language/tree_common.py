"""Lark's tree to our syntax tree: what worlds and experiments share."""

from __future__ import annotations

from typing import Any

from lark import Token, Transformer, v_args

from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.language import syntax, syntax_experiment
from wug.compiler.language.source import Source, Span

_ESCAPES = {"n": "\n", "t": "\t", '"': '"', "\\": "\\"}


@v_args(meta=True)
class CommonBuilder(Transformer[Token, Any]):
    """The leaves and phrases of grammar/common.lark; bad escapes in texts are reported."""

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

    def date(self, meta: Any, children: list[Any]) -> syntax.Date:
        return syntax.Date(str(children[0]), self._at(children[0]))

    def range_atom(self, meta: Any, children: list[Any]) -> syntax.Range | syntax.ValueRange:
        span = self._span(meta)
        low, high = children[0].split("..")
        if children[0].type == "RANGE":
            return syntax.Range(int(low[:300]), int(high[:300]), span)
        if children[0].count("-") == 4:
            return syntax.ValueRange(syntax.Date(low, span), syntax.Date(high, span), span)
        first, last = (syntax.Number(float(end), "decimal", span) for end in (low, high))
        return syntax.ValueRange(first, last, span)

    def call_atom(self, meta: Any, children: list[Any]) -> syntax.Call:
        return syntax.Call(self._name(children[0]), tuple(children[1:]), self._span(meta))

    def where(self, meta: Any, children: list[Any]) -> syntax_experiment.Where:
        names = [self._name(c) for c in children if c.type == "NAME"]
        negated = any(c.type == "NOT" for c in children)
        return syntax_experiment.Where(names[0], negated, tuple(names[1:]), self._span(meta))

    def edition(self, meta: Any, children: list[Any]) -> syntax.Number:
        return self._number(children[-1])

    def param(self, meta: Any, children: list[Any]) -> syntax.Param:
        return syntax.Param(self._name(children[0]), self._name(children[1]), self._span(meta))
