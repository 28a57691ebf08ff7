"""Rewritings as rules: each step of a rewriting is a fact that follows from facts about the parts."""

from __future__ import annotations

from wug.compiler.entities import Entity
from wug.compiler.rules import Applied, Body, Composed, Literal, Rewriting, Rule
from wug.compiler.world import Relation


def rule_of(rewriting: Rewriting, relation: Relation, entity: Entity) -> Rule:
    """The rule that a rewriting stands for: it joins the built-in relations that say what terms are made of.

    `rewrite plus(x, y) => plus(derive(x), derive(y))` is
    `rule derive(e, r) if plus(e, x, y), derive(x, a), derive(y, b), plus(r, a, b)`.
    """
    return _Translation(rewriting, relation, entity).rule()


class _Translation:
    """Variable 0 is the term that is rewritten, those behind it are its operands, or the atom that it is."""

    def __init__(self, rewriting: Rewriting, relation: Relation, entity: Entity) -> None:
        assert entity.terms is not None
        self.rewriting = rewriting
        self.relation = relation
        self.terms = entity.terms
        prefix, dot, _ = entity.name.rpartition(".")
        self.operators = [prefix + dot + operator.name for operator in self.terms.operators]
        self.of_atom = entity.name + self.terms.made_of_atom
        self.names = [relation.arguments[0].name]
        self.body: list[Literal] = []

    def rule(self) -> Rule:
        place = self.rewriting.operator
        arity = self.terms.operators[place].arity if place >= 0 else 1
        operands = tuple(self._new() for _ in range(arity))
        self.body.append(Literal(self.operators[place] if place >= 0 else self.of_atom, (0, *operands)))
        head = Literal(self.relation.name, (0, self._term(self.rewriting.result)))
        span, name = self.rewriting.span, f"rewriting {self.rewriting.text}"
        return Rule(head, Body(tuple(self.body)), tuple(self.names), span, name)

    def _new(self) -> int:
        self.names.append(f"_{len(self.names)}")
        return len(self.names) - 1

    def _term(self, composed: Composed) -> int:
        """The variable that stands for a composed term."""
        if isinstance(composed, int):
            return 0 if self.rewriting.operator < 0 else 1 + composed
        if isinstance(composed, Applied):
            operands = tuple(self._term(operand) for operand in composed.operands)
            made = self._new()
            self.body.append(Literal(self.operators[composed.operator], (made, *operands)))
        elif composed.of_atoms:
            atom = self._atom(composed)
            made = self._new()
            self.body.append(Literal(self.of_atom, (made, atom)))
        else:
            part = self._term(composed.of)
            made = self._new()
            self.body.append(Literal(composed.relation, (part, made)))
        return made

    def _atom(self, composed: Composed) -> int:
        """The variable that stands for an atom by itself, which is not the term that it is."""
        if isinstance(composed, int):
            return 1
        assert not isinstance(composed, Applied)
        inner = self._atom(composed.of)
        made = self._new()
        self.body.append(Literal(composed.relation, (inner, made)))
        return made
