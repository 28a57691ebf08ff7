"""Checked rules: literals, comparisons, counts, rewritings, and what must never hold."""

from __future__ import annotations

from dataclasses import dataclass, field

from wug.compiler.language.source import Span


@dataclass(frozen=True)
class Constant:
    """What a rule names itself: a member by its name, a table's row by its first column, or a value."""

    type: str
    text: str


@dataclass(frozen=True)
class Count:
    """In a head: how many different things the variable stands for, the rest of the head being the same."""

    variable: int


@dataclass(frozen=True)
class Join:
    """In a head: the sequence of what the variable stands for at each `place` of the sequence `along`, which
    the head names too. Both are variables."""

    variable: int
    place: int
    along: int
    sequence: str


Term = int | Constant | Count | Join
"""In a rule: a variable by its number, a constant, or in heads a count or a join."""


@dataclass(frozen=True)
class Literal:
    relation: str
    terms: tuple[Term, ...]


@dataclass(frozen=True)
class Comparison:
    """`op` is one of = != < <= > >=."""

    left: Term
    op: str
    right: Term


@dataclass(frozen=True)
class Body:
    """Conditions that are met together: facts that hold, facts that do not, and comparisons.

    Every variable occurs in a fact that holds.
    """

    holds: tuple[Literal, ...]
    absent: tuple[Literal, ...] = ()
    comparisons: tuple[Comparison, ...] = ()


@dataclass(frozen=True)
class Rule:
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


@dataclass(frozen=True)
class Applied:
    """An operator, by its place among those of its terms, over its operands."""

    operator: int
    operands: tuple[Composed, ...]


@dataclass(frozen=True)
class Called:
    """What a relation, functional in its first argument, gives; it is `of_atoms` or else of terms."""

    relation: str
    of: Composed
    of_atoms: bool


Composed = int | Applied | Called
"""The right side of a rewriting; a number is that operand of the left side, of an atom itself."""


@dataclass(frozen=True)
class Rewriting:
    """`relation` gives `result` for terms of one operator, by its place, or for atoms (-1)."""

    relation: str
    operator: int
    result: Composed
    text: str = field(compare=False)
    span: Span = field(compare=False)


@dataclass(frozen=True)
class Never:
    """A body that is never met."""

    body: Body
    variables: tuple[str, ...] = field(compare=False)
    span: Span = field(compare=False)
