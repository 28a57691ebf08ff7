"""Rules and nevers: every name known, every variable of one type and bound by a fact that holds."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from wug.compiler.checking.forms import article
from wug.compiler.data.typed import ORDERED, WANTED, canonical_text
from wug.compiler.diagnosis.diagnostics import Note, Report, did_you_mean
from wug.compiler.entities import Entity, Table
from wug.compiler.language import syntax
from wug.compiler.language.source import Span
from wug.compiler.rules import Body, Comparison, Constant, Count, Join, Literal, Never, Rule, Term
from wug.compiler.world import Relation

AGGREGATES = ("count", "join")


@dataclass
class _Scope:
    """The variables of one rule by name, and the type of each with the place that says so.

    `bound` are those that facts that hold bind; `doubt` is that one of these facts is in error.
    """

    variables: dict[str, int] = field(default_factory=dict)
    types: dict[int, tuple[str, Span]] = field(default_factory=dict)
    bound: set[str] = field(default_factory=set)
    doubt: bool = False


class RuleChecker:
    """Reads rules over these relations; `known` says whether types are, so that errors have no echo."""

    def __init__(
        self,
        entities: Mapping[str, Entity],
        tables: Mapping[str, Table],
        relations: Mapping[str, Relation],
        known: Callable[..., bool],
        report: Report,
    ) -> None:
        self.entities = entities
        self.tables = tables
        self.relations = relations
        self._known = known
        self.report = report

    def rule(self, rule: syntax.Rule) -> Rule | None:
        scope = _Scope()
        before = len(self.report.items)
        body = self._body(rule.body, scope, rule.head.span)
        head = self._literal(rule.head, scope, head=True)
        self._check_aggregate(rule.head)
        for term in rule.head.terms:
            if isinstance(term, syntax.Name):
                self._check_bound(term, scope, "in the head", "occur behind 'if', in a fact that holds")
            if isinstance(term, syntax.Aggregate):
                self._check_bound(term.variable, scope, "in the head", "occur behind 'if'")
        if head is None or body is None or len(self.report.items) > before:
            return None
        made = Rule(head, body, tuple(scope.variables), rule.head.relation.span)
        whole = [literal for literal in rule.body if isinstance(literal, syntax.Literal)]
        if made.counts is not None:
            self._check_complete(whole, "counted")
        else:
            self._check_complete([literal for literal in whole if literal.negated], "denied")
        return self._along(made, rule)

    def never(self, never: syntax.Never) -> Never | None:
        scope = _Scope()
        before = len(self.report.items)
        body = self._body(never.body, scope, never.span)
        if body is None or len(self.report.items) > before:
            return None
        negated = [each for each in never.body if isinstance(each, syntax.Literal) and each.negated]
        self._check_complete(negated, "denied")
        span = never.body[0].span
        return Never(body, tuple(scope.variables), Span(span.source, span.start, never.body[-1].span.end))

    # Conditions

    def _body(
        self, conditions: tuple[syntax.Literal | syntax.Comparison, ...], scope: _Scope, span: Span
    ) -> Body | None:
        literals = [each for each in conditions if isinstance(each, syntax.Literal)]
        holds = [self._literal(each, scope) for each in literals if not each.negated]
        scope.bound = set(scope.variables)
        scope.doubt = None in holds or not holds
        absent = [self._literal(each, scope) for each in literals if each.negated]
        comparisons = [
            self._comparison(each, scope) for each in conditions if isinstance(each, syntax.Comparison)
        ]
        if not holds:
            help = "begin with a fact that holds, for the variables to stand for something"
            self.report.add("W0205", "no condition here says that something holds", span, help=help)
            return None
        for literal in literals:
            for term in literal.terms if literal.negated else ():
                if isinstance(term, syntax.Name):
                    way = f"derive a relation without '{term.text}' first, and deny that"
                    self._check_bound(term, scope, "behind 'not'", "occur in a fact that holds too", way)
        kept = [each for each in (*holds, *absent, *comparisons) if each is not None]
        if len(kept) < len(conditions):
            return None
        return Body(
            tuple(each for each in holds if each is not None),
            tuple(each for each in absent if each is not None),
            tuple(each for each in comparisons if each is not None),
        )

    def _literal(self, literal: syntax.Literal, scope: _Scope, head: bool = False) -> Literal | None:
        name = literal.relation
        relation = self.relations.get(name.text)
        if relation is None:
            help = did_you_mean(name.text, self.relations)
            self.report.add("W0101", f"unknown relation '{name.text}'", name.span, help=help)
        elif len(literal.terms) != len(relation.arguments):
            message = (
                f"'{name.text}' takes {len(relation.arguments)} arguments, here are {len(literal.terms)}"
            )
            notes = [Note("declared here", relation.span)]
            self.report.add("W0201", message, literal.span, notes=notes)
            relation = None
        if relation is None:
            return None
        terms = [
            self._term(term, argument.type, scope, head)
            for term, argument in zip(literal.terms, relation.arguments, strict=True)
        ]
        kept = tuple(term for term in terms if term is not None)
        return Literal(relation.name, kept) if len(kept) == len(terms) else None

    def _term(self, term: syntax.Term, type: str, scope: _Scope, head: bool) -> Term | None:
        if isinstance(term, syntax.Name):
            return self._variable(term, type, scope)
        if not isinstance(term, syntax.Aggregate):
            return self._constant(term, type)
        if not head:
            help = "derive a relation that holds the number, and use it here"
            self.report.add("W0208", "counting stands in the head of a rule only", term.span, help=help)
            return None
        if term.function.text == "join":
            return self._join(term, type, scope)
        if term.function.text not in AGGREGATES:
            help = did_you_mean(term.function.text, AGGREGATES)
            self.report.add("W0101", f"unknown aggregate '{term.function.text}'", term.span, help=help)
            return None
        if type != "integer":
            if self._known(type):
                message = f"a count is an integer and cannot be {article(type)}"
                self.report.add("W0202", message, term.span, help="declare the argument as integer")
            return None
        return Count(scope.variables.setdefault(term.variable.text, len(scope.variables)))

    def _join(self, term: syntax.Aggregate, type: str, scope: _Scope) -> Join | None:
        """A join of what stands at the places of a sequence; which sequence that is, the body says."""
        entity = self.entities.get(type)
        if entity is None or entity.sequence is None:
            if self._known(type):
                help = "declare a type for the results: entity coded { sequence code }"
                message = f"a join is a sequence and cannot be {article(type)}"
                self.report.add("W0202", message, term.span, help=help)
            return None
        variable = self._variable(term.variable, entity.sequence.of, scope)
        return Join(variable, -1, -1, type)

    def _along(self, rule: Rule, written: syntax.Rule) -> Rule | None:
        """The rule with the sequence along which it joins."""
        join = rule.joins
        if join is None:
            return rule
        span = next(t.span for t in written.head.terms if isinstance(t, syntax.Aggregate))
        named = [term for term in rule.head.terms if isinstance(term, int)]
        found = [
            literal
            for literal in rule.body.holds
            if literal.relation in self.entities
            and literal.terms[0] in named
            and literal.terms[1] not in named
        ]
        if len(found) != 1 or not all(isinstance(term, int) for term in found[0].terms[:2]):
            help = "as in: rule encode(m, join(c)) if message(m, i, w), code(w, c)"
            message = "a join goes along one sequence, which the head names and whose place it does not name"
            self.report.add("W0208", message, span, help=help)
            return None
        along, place = (term for term in found[0].terms[:2] if isinstance(term, int))
        made = Join(join.variable, place, along, join.sequence)
        terms = tuple(made if isinstance(term, Join) else term for term in rule.head.terms)
        return dataclasses.replace(rule, head=Literal(rule.head.relation, terms))

    def _variable(self, name: syntax.Name, type: str, scope: _Scope) -> int:
        index = scope.variables.setdefault(name.text, len(scope.variables))
        known, where = scope.types.setdefault(index, (type, name.span))
        if known != type and self._known(known, type):
            message = f"'{name.text}' is {article(known)} and cannot be {article(type)} too"
            self.report.add("W0202", message, name.span, notes=[Note("it is so because of this", where)])
        return index

    def _constant(self, term: syntax.Text | syntax.Number | syntax.Date, type: str) -> Constant | None:
        """A constant where something of a type is wanted."""
        if not self._known(type):
            return None
        text = written(term)
        quoted = isinstance(term, syntax.Text)
        if type in WANTED:
            number = canonical_text(type, text)
            if number is None or quoted:
                message = f"{article(type)} is wanted here: {WANTED[type]}"
                help = "write it without quotes" if number is not None else ""
                self.report.add("W0202", message, term.span, help=help)
                return None
            return Constant(type, number)
        if not quoted:
            message = f"{article(type)} is wanted here, named by a text in quotes"
            self.report.add("W0202", message, term.span)
            return None
        if type in self.entities and self.entities[type].data is None:
            help = f"tell it by a relation, or make '{type}' a table of words"
            message = f"the names of '{type}' are invented: no rule can know one"
            self.report.add("W0202", message, term.span, help=help)
            return None
        if type in self.tables:
            rows = [row[0] for row in self.tables[type].rows]
            if rows.count(text) != 1:
                many = f"{rows.count(text)} rows" if text in rows else "no row"
                help = "" if text in rows else did_you_mean(text, rows)
                self.report.add("W0101", f"'{text}' begins {many} of table '{type}'", term.span, help=help)
                return None
        return Constant(type, text)

    def _comparison(self, comparison: syntax.Comparison, scope: _Scope) -> Comparison | None:
        sides = (comparison.left, comparison.right)
        names = [side for side in sides if isinstance(side, syntax.Name)]
        if not names:
            help = "compare with a variable"
            self.report.add("W0202", "both sides are constants", comparison.span, help=help)
            return None
        for name in names:
            if not self._check_bound(name, scope, "in a comparison", "occur in a fact that holds"):
                return None
        first = scope.variables[names[0].text]
        if first not in scope.types:
            return None
        type = scope.types[first][0]
        if comparison.op not in ("=", "!=") and type not in ORDERED:
            if self._known(type):
                help = "numbers, amounts and days have an order; others are compared by = and !="
                message = f"'{names[0].text}' is {article(type)} and has no order"
                self.report.add("W0202", message, comparison.span, help=help)
            return None
        left, right = (
            self._variable(side, type, scope) if isinstance(side, syntax.Name) else self._constant(side, type)
            for side in sides
            if not isinstance(side, syntax.Aggregate)
        )
        return None if left is None or right is None else Comparison(left, comparison.op, right)

    # What must be so

    def _check_bound(self, name: syntax.Name, scope: _Scope, where: str, must: str, way: str = "") -> bool:
        """Whether a fact that holds binds a variable; one that is in error may be the one that would."""
        if name.text in scope.bound:
            return True
        if not scope.doubt:
            message = f"'{name.text}' {where} is bound by nothing"
            help = f"every variable {where} must {must}"
            self.report.add("W0205", message, name.span, help=f"{help}; {way}" if way else help)
        return False

    def _check_aggregate(self, head: syntax.Literal) -> None:
        counts = [term for term in head.terms if isinstance(term, syntax.Aggregate)]
        for other in counts[1:]:
            help = "write a rule for each"
            self.report.add("W0208", "a head counts one thing", other.span, help=help)
        names = {term.text for term in head.terms if isinstance(term, syntax.Name)}
        for term in counts[:1]:
            if term.variable.text in names:
                message = f"'{term.variable.text}' is counted and cannot stand beside its count"
                help = "the head names what the count is of, not what is counted"
                self.report.add("W0208", message, term.span, help=help)

    def _check_complete(self, literals: list[syntax.Literal], how: str) -> None:
        """What is denied or counted must be declared complete: else what does not follow is unknown."""
        for literal in literals:
            relation = self.relations[literal.relation.text]
            if "complete" in relation.traits:
                continue
            self.report.add(
                "W0207",
                f"'{relation.name}' is {how if not literal.negated else 'denied'} here but not complete",
                literal.span,
                notes=[Note("declared here", relation.span)],
                help=f"declare '{relation.name}' complete: what does not follow is then false, not unknown",
            )


def written(term: syntax.Text | syntax.Number | syntax.Date) -> str:
    """A constant as a text."""
    if not isinstance(term, syntax.Number):
        return term.text
    return str(int(term.value)) if term.kind == "int" else format(Decimal(repr(term.value)), "f")
