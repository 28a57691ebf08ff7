"""Rules: positive Datalog over known relations, every variable of one type and bound by the body."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from wug.compiler import syntax
from wug.compiler.check_forms import article
from wug.compiler.diagnostics import Note, Report, did_you_mean
from wug.compiler.source import Span
from wug.compiler.world import Literal, Relation, Rule, Term


class RuleChecker:
    """Reads rules over these relations; `known` says whether types are, so that errors have no echo."""

    def __init__(self, relations: Mapping[str, Relation], known: Callable[..., bool], report: Report) -> None:
        self.relations = relations
        self._known = known
        self.report = report

    def rule(self, rule: syntax.Rule) -> Rule | None:
        variables: dict[str, int] = {}
        types: dict[int, tuple[str, Span]] = {}
        before = len(self.report.items)
        for condition in rule.body:
            if isinstance(condition, syntax.Comparison) or condition.negated:
                help = "leave it out for now"
                message = "negation and comparison are not yet understood"
                self.report.add("W0011", message, condition.span, help=help)
                return None
        body = tuple(
            self._literal(literal, variables, types)
            for literal in rule.body
            if isinstance(literal, syntax.Literal)
        )
        bound = set(variables)
        head = self._literal(rule.head, variables, types)
        for term in rule.head.terms:
            # a literal of the body that is wrong may be the one that would bind it
            if isinstance(term, syntax.Name) and term.text not in bound and None not in body:
                help = "every variable of the head must occur behind 'if'"
                self.report.add(
                    "W0205", f"'{term.text}' in the head is bound by nothing", term.span, help=help
                )
        if head is None or None in body or len(self.report.items) > before:
            return None
        return Rule(head, tuple(b for b in body if b is not None), tuple(variables), rule.head.relation.span)

    def _literal(
        self, literal: syntax.Literal, variables: dict[str, int], types: dict[int, tuple[str, Span]]
    ) -> Literal | None:
        name = literal.relation
        relation = self.relations.get(name.text)
        if relation is None:
            help = did_you_mean(name.text, self.relations)
            self.report.add("W0101", f"unknown relation '{name.text}'", name.span, help=help)
            return None
        if len(literal.terms) != len(relation.arguments):
            message = (
                f"'{name.text}' takes {len(relation.arguments)} arguments, here are {len(literal.terms)}"
            )
            notes = [Note("declared here", relation.span)]
            self.report.add("W0201", message, literal.span, notes=notes)
            return None
        terms: list[Term] = []
        for term, argument in zip(literal.terms, relation.arguments, strict=True):
            if not isinstance(term, syntax.Name):
                help = "use a variable, and a relation that holds only of what is meant"
                self.report.add(
                    "W0011", "constants and aggregates in rules are not yet understood", term.span, help=help
                )
                return None
            index = variables.setdefault(term.text, len(variables))
            known, where = types.setdefault(index, (argument.type, term.span))
            if known != argument.type and self._known(known, argument.type):
                message = f"'{term.text}' is {article(known)} and cannot be {article(argument.type)} too"
                self.report.add("W0202", message, term.span, notes=[Note("it is so because of this", where)])
            terms.append(index)
        return Literal(relation.name, tuple(terms))
