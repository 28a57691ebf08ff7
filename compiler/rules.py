"""Checked rules: literals, comparisons, counts, rewritings, and what must never hold."""

from __future__ import annotations

from dataclasses import field

from wug.compiler.language.source import Span
from wug.compiler.record import Record


class Constant(Record):
    """What a rule names itself: a member by its name, a table's row by its first column, or a value."""

    type: str
    text: str


class Count(Record):
    """In a head: how many different things the variable stands for, the rest of the head being the same."""

    variable: int


class Join(Record):
    """In a head: the sequence of what the variable stands for at each `place` of the sequence `along`, which
    the head names too. Both are variables."""

    variable: int
    place: int
    along: int
    sequence: str


Term = int | Constant | Count | Join
"""In a rule: a variable by its number, a constant, or in heads a count or a join."""


class Literal(Record):
    relation: str
    terms: tuple[Term, ...]


class Comparison(Record):
    """`op` is one of = != < <= > >=."""

    left: Term
    op: str
    right: Term


class Body(Record):
    """Conditions that are met together: facts that hold, facts that do not, and comparisons.

    Every variable occurs in a fact that holds.
    """

    holds: tuple[Literal, ...]
    absent: tuple[Literal, ...] = ()
    comparisons: tuple[Comparison, ...] = ()


class Rule(Record):
    """The head holds wherever the body is met. `variables` names them for messages."""

    head: Literal
    body: Body
    variables: tuple[str, ...] = field(compare=False)
    span: Span = field(compare=False)
    name: str = field(compare=False, default="")

    @property
    def counts(self) -> int | None:
        """The variable that the head counts, if it does."""
        return next((term.variable for term in self.head.terms if isinstance(term, Count)), None)

    @property
    def joins(self) -> Join | None:
        """What the head joins to a sequence, if it does."""
        return next((term for term in self.head.terms if isinstance(term, Join)), None)


class Applied(Record):
    """An operator, by its place among those of its terms, over its operands."""

    operator: int
    operands: tuple[Composed, ...]


class Called(Record):
    """What a relation, functional in its first argument, gives; it is `of_atoms` or else of terms."""

    relation: str
    of: Composed
    of_atoms: bool


Composed = int | Applied | Called
"""The right side of a rewriting; a number is that operand of the left side, of an atom itself."""


class Rewriting(Record):
    """`relation` gives `result` for terms of one operator, by its place, or for atoms (-1)."""

    relation: str
    operator: int
    result: Composed
    text: str = field(compare=False)
    span: Span = field(compare=False)


class Never(Record):
    """A body that is never met."""

    body: Body
    variables: tuple[str, ...] = field(compare=False)
    span: Span = field(compare=False)
