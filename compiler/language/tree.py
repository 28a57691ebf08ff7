"""Lark's tree to our syntax tree: the phrases of an experiment, and whole files."""

from __future__ import annotations

from typing import Any

from lark import Token, v_args

from wug.compiler.language import syntax, syntax_experiment
from wug.compiler.language.source import Span
from wug.compiler.language.tree_world import WorldBuilder
from wug.compiler.record import Record


class _SaidIn(Record):
    """The `in FORM` of a train or test."""

    form: syntax.Name


@v_args(meta=True)
class Builder(WorldBuilder):
    """Builds the tree of one source: one method per rule of the grammars."""

    def seeds(self, meta: Any, children: list[Any]) -> syntax.Number:
        return self._number(children[0])

    def world(self, meta: Any, children: list[Any]) -> syntax.World | syntax_experiment.UsedWorld:
        rest = self._without_doc(children)
        if rest[0].type == "STRING":
            settings = rest[1] if len(rest) > 1 else None
            return syntax_experiment.UsedWorld(self._text(rest[0]), settings, self._span(meta))
        return syntax.World(self._name(rest[0]), tuple(rest[1:]), self._doc(children), self._span(meta))

    def update(self, meta: Any, children: list[Any]) -> syntax_experiment.Update:
        settings = children[3] if len(children) > 3 else None
        return syntax_experiment.Update(self._text(children[2]), settings, self._span(meta))

    def said_in(self, meta: Any, children: list[Any]) -> _SaidIn:
        return _SaidIn(self._name(children[-1]))

    def train(self, meta: Any, children: list[Any]) -> syntax_experiment.Train:
        _, relation, *rest = self._without_doc(children)
        form, where, others = _stated(rest)
        settings = others[0] if others else None
        return syntax_experiment.Train(self._name(relation), form, where, settings, self._span(meta))

    def test(self, meta: Any, children: list[Any]) -> syntax_experiment.Test:
        name, relation, *rest = self._without_doc(children)
        form, where, others = _stated(rest)
        span = self._span(meta)
        settings = syntax.Settings(tuple(others), span)
        return syntax_experiment.Test(self._name(name), self._name(relation), form, where, settings, span)

    def holdout(self, meta: Any, children: list[Any]) -> syntax_experiment.Holdout:
        name, *rest = (c for c in self._without_doc(children) if not isinstance(c, Token) or c.type == "NAME")
        span = self._span(meta)
        atoms = (self._name(atom) if isinstance(atom, Token) else atom for atom in rest)
        settings = syntax.Settings(tuple(atoms), span)
        return syntax_experiment.Holdout(self._name(name), settings, self._doc(children), span)

    def model(self, meta: Any, children: list[Any]) -> syntax_experiment.Model:
        name, settings = self._without_doc(children)
        return syntax_experiment.Model(self._name(name), settings, self._span(meta))

    def arm(self, meta: Any, children: list[Any]) -> syntax_experiment.Arm:
        name, settings = self._without_doc(children)
        return syntax_experiment.Arm(self._name(name), settings, self._span(meta))

    def mesh(self, meta: Any, children: list[Any]) -> syntax_experiment.Mesh:
        return syntax_experiment.Mesh(children[-1], self._span(meta))

    def measured(self, meta: Any, children: list[Any]) -> syntax_experiment.Sum:
        token = children[0]
        arm, _, split = token.rpartition(".")
        if not arm:
            help = "name what is measured: ARM.TEST"
            self.report.add(
                "W0101", f"'{token}' names an arm or a test, not both", self._at(token), help=help
            )
        start, middle, end = self._at(token).start, token.rfind("."), len(token)
        names = (
            syntax.Name(arm, Span(self.source, start, start + max(middle, 0))),
            syntax.Name(split, Span(self.source, start + middle + 1, start + end)),
        )
        return (
            syntax_experiment.Sum(*names, 0.0, self._span(meta))
            if arm
            else syntax_experiment.Sum(None, None, 0.0, self._span(meta))
        )

    def term(self, meta: Any, children: list[Any]) -> syntax_experiment.Sum:
        return syntax_experiment.Sum(None, None, float(children[0].value), self._span(meta))

    def sum(self, meta: Any, children: list[Any]) -> syntax_experiment.Sum:
        term = children[0]
        if len(children) == 1:
            return term
        sign = -1.0 if children[1] == "-" else 1.0
        return syntax_experiment.Sum(
            term.arm, term.split, term.offset + sign * children[2].value, self._span(meta)
        )

    def compare(
        self, meta: Any, children: list[Any]
    ) -> tuple[str, syntax.Number | None, syntax_experiment.Sum]:
        return str(children[0]), None, children[1]

    def within(
        self, meta: Any, children: list[Any]
    ) -> tuple[str, syntax.Number | None, syntax_experiment.Sum]:
        return "within", children[0], children[1]

    def expect(self, meta: Any, children: list[Any]) -> syntax_experiment.Expect:
        rest = self._without_doc(children)
        text = self._text(rest[0]) if isinstance(rest[0], Token) else None
        left, (op, margin, right) = rest[-2:]
        return syntax_experiment.Expect(text, left, op, right, margin, self._span(meta))

    def varied(self, meta: Any, children: list[Any]) -> syntax_experiment.Varied:
        kind, *rest = children
        name = self._name(rest[0]) if rest else None
        form = rest[1].form if len(rest) > 1 else None
        return syntax_experiment.Varied(str(kind), name, form, self._span(meta))

    def value(self, meta: Any, children: list[Any]) -> syntax.Settings:
        return syntax.Settings(tuple(children), self._span(meta))

    def vary(self, meta: Any, children: list[Any]) -> syntax_experiment.Vary:
        return syntax_experiment.Vary(children[0], tuple(children[1:]), self._span(meta))

    def sweep(self, meta: Any, children: list[Any]) -> syntax_experiment.Sweep:
        return syntax_experiment.Sweep(tuple(children), self._span(meta))

    def experiment(self, meta: Any, children: list[Any]) -> syntax_experiment.Experiment:
        rest = self._without_doc(children)

        def of(kind: type) -> tuple[Any, ...]:
            return tuple(c for c in rest[1:] if isinstance(c, kind))

        return syntax_experiment.Experiment(
            name=self._name(rest[0]),
            worlds=of(syntax_experiment.UsedWorld),
            updates=of(syntax_experiment.Update),
            seeds=of(syntax.Number),
            trains=of(syntax_experiment.Train),
            tests=of(syntax_experiment.Test),
            holdouts=of(syntax_experiment.Holdout),
            models=of(syntax_experiment.Model),
            arms=of(syntax_experiment.Arm),
            meshes=of(syntax_experiment.Mesh),
            expects=of(syntax_experiment.Expect),
            doc=self._doc(children),
            span=self._span(meta),
            sweeps=of(syntax_experiment.Sweep),
        )

    def start(self, meta: Any, children: list[Any]) -> syntax.WorldFile | syntax_experiment.ExperimentFile:
        edition = next((c for c in children if isinstance(c, syntax.Number)), None)
        experiment = next((c for c in children if isinstance(c, syntax_experiment.Experiment)), None)
        if experiment is not None:
            return syntax_experiment.ExperimentFile(self.source, edition, experiment)
        imports = tuple(c for c in children if isinstance(c, syntax.Import))
        world = next((c for c in children if isinstance(c, syntax.World)), None)
        return syntax.WorldFile(self.source, edition, imports, world)


def _stated(rest: list[Any]) -> tuple[syntax.Name | None, tuple[syntax_experiment.Where, ...], list[Any]]:
    """Form, conditions and settings of `in FORM where c in d ...`."""
    form = next((c.form for c in rest if isinstance(c, _SaidIn)), None)
    where = tuple(c for c in rest if isinstance(c, syntax_experiment.Where))
    return form, where, [c for c in rest if not isinstance(c, _SaidIn | syntax_experiment.Where)]
