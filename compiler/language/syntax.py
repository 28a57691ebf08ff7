"""The syntax tree: frozen dataclasses, one per phrase of the grammar, each with its span.

Spans do not take part in equality, so two trees are equal when the specs say the same.
"""

from __future__ import annotations

from typing import Literal as OneOf

from wug.compiler.language.source import Source, Span
from wug.compiler.record import Record


class Name(Record):
    text: str
    span: Span


class Text(Record):
    """A quoted string, unescaped."""

    text: str
    span: Span


class Number(Record):
    """`kind` says how it was written: 3, 0.5 or 1e-3, 50%. Percent values are shares of one."""

    value: float
    kind: OneOf["int", "decimal", "percent"]
    span: Span


class Date(Record):
    """A day, as written: 2026-11-24. Whether there is such a day is checked where it is used."""

    text: str
    span: Span


class Range(Record):
    low: int
    high: int
    span: Span


class ValueRange(Record):
    """A range of decimals or of days."""

    low: Number | Date
    high: Number | Date
    span: Span


class Call(Record):
    name: Name
    arguments: tuple[Atom, ...]
    span: Span


class Settings(Record):
    """What stands between braces: keys and values in one flat row, told apart by checking/settings.py."""

    atoms: tuple[Atom, ...]
    span: Span


Atom = Name | Text | Number | Date | Range | ValueRange | Call | Settings


class Parameter(Record):
    """`param people = 120`: a value that an import, an experiment or the command line may set."""

    name: Name
    value: Atom
    doc: str
    span: Span


class Lexicon(Record):
    name: Name
    settings: Settings
    doc: str
    span: Span


class Part(Record):
    """A part and its size: a number, or the name of a parameter that is one."""

    name: Name
    count: Atom


class Partition(Record):
    parts: tuple[Part, ...]
    span: Span


class Entity(Record):
    name: Name
    source: Text | None
    settings: Settings
    partitions: tuple[Partition, ...]
    doc: str
    span: Span


class Row(Record):
    cells: tuple[Text, ...]
    mirrored: bool
    span: Span


class Table(Record):
    name: Name
    columns: tuple[Name, ...]
    rows: tuple[Row, ...]
    doc: str
    span: Span


class Param(Record):
    name: Name
    type: Name
    span: Span


class Populate(Record):
    method: Name
    settings: Settings | None
    span: Span


class Wording(Record):
    """One way to say a form. `marks` stand before it: a weight, or `held` for testing only."""

    marks: tuple[Name | Number, ...]
    cue: Text
    answer: Text | None
    span: Span


class Form(Record):
    name: Name
    wordings: tuple[Wording, ...]
    span: Span


class Shape(Record):
    """A term of a rewriting: a variable, where there are no `parts`, or an operator applied to them."""

    name: Name
    parts: tuple[Shape, ...]
    span: Span


class Rewriting(Record):
    left: Shape
    right: Shape
    span: Span


class Relation(Record):
    name: Name
    params: tuple[Param, ...]
    traits: tuple[Name, ...]
    populates: tuple[Populate, ...]
    forms: tuple[Form, ...]
    rewritings: tuple[Rewriting, ...]
    doc: str
    span: Span


class Aggregate(Record):
    """`count(c)` or `join(c)` in the head of a rule."""

    function: Name
    variable: Name
    span: Span


Term = Name | Text | Number | Date | Aggregate
"""In a rule: a variable (a name), a constant, or in heads an aggregate."""


class Literal(Record):
    """A condition of a rule: a relation applied to terms, or that it does not hold of them (`negated`)."""

    relation: Name
    terms: tuple[Term, ...]
    negated: bool
    span: Span


class Comparison(Record):
    """`op` is one of = != < <= > >=."""

    left: Term
    op: str
    right: Term
    span: Span


class Rule(Record):
    head: Literal
    body: tuple[Literal | Comparison, ...]
    doc: str
    span: Span


class Never(Record):
    """`never all(a, b), no(a, b)`: these do not hold together, so some of them make the rest false."""

    body: tuple[Literal | Comparison, ...]
    doc: str
    span: Span


class Preamble(Record):
    name: Name
    texts: tuple[Text, ...]
    doc: str
    span: Span


class Document(Record):
    """`document article(c: category) { ... }`: paragraphs about one thing."""

    name: Name
    param: Param
    settings: Settings
    doc: str
    span: Span


class Case(Record):
    """The facts that are stated in a scene of this kind, over variables."""

    facts: tuple[Literal, ...]
    span: Span


class Scene(Record):
    """`scene syllogism { count 69 ... }`: small worlds within the world, drawn from its cases."""

    name: Name
    settings: Settings
    cases: tuple[Case, ...]
    declarations: tuple[Declaration, ...]
    doc: str
    span: Span


class Operator(Record):
    name: Name
    operands: tuple[Name, ...]
    text: Text
    span: Span


class Terms(Record):
    """`terms expression { ... }`: things composed of smaller things, and how they are said."""

    name: Name
    settings: Settings
    partitions: tuple[Partition, ...]
    operators: tuple[Operator, ...]
    doc: str
    span: Span


class Given(Record):
    """`given NAME from "x.jsonl"`: texts of the user's own, without facts behind them."""

    name: Name
    source: Text
    settings: Settings | None
    doc: str
    span: Span


Declaration = (
    Parameter
    | Lexicon
    | Entity
    | Table
    | Relation
    | Rule
    | Never
    | Preamble
    | Document
    | Scene
    | Terms
    | Given
)


class World(Record):
    name: Name
    declarations: tuple[Declaration, ...]
    doc: str
    span: Span


class Import(Record):
    """`import "kin.world" as kin { people 500 }`."""

    path: Text
    alias: Name | None
    settings: Settings | None
    span: Span


class WorldFile(Record):
    source: Source
    edition: Number | None
    imports: tuple[Import, ...]
    world: World | None
