"""The syntax tree: frozen dataclasses, one per phrase of the grammar, each with its span.

Spans do not take part in equality, so two trees are equal when the specs say the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal as OneOf

from wug.compiler.source import Source, Span


@dataclass(frozen=True)
class Name:
    text: str
    span: Span


@dataclass(frozen=True)
class Text:
    """A quoted string, unescaped."""

    text: str
    span: Span


@dataclass(frozen=True)
class Number:
    """`kind` says how it was written: 3, 0.5 or 1e-3, 50%. Percent values are shares of one."""

    value: float
    kind: OneOf["int", "decimal", "percent"]
    span: Span


@dataclass(frozen=True)
class Range:
    low: int
    high: int
    span: Span


@dataclass(frozen=True)
class Call:
    name: Name
    arguments: tuple[Atom, ...]
    span: Span


@dataclass(frozen=True)
class Settings:
    """What stands between braces: keys and values in one flat row, told apart by compiler/settings.py."""

    atoms: tuple[Atom, ...]
    span: Span


Atom = Name | Text | Number | Range | Call | Settings


@dataclass(frozen=True)
class Part:
    name: Name
    count: Number


@dataclass(frozen=True)
class Partition:
    parts: tuple[Part, ...]
    span: Span


@dataclass(frozen=True)
class Entity:
    name: Name
    source: Text | None
    settings: Settings
    partitions: tuple[Partition, ...]
    doc: str
    span: Span


@dataclass(frozen=True)
class Row:
    cells: tuple[Text, ...]
    mirrored: bool
    span: Span


@dataclass(frozen=True)
class Table:
    name: Name
    columns: tuple[Name, ...]
    rows: tuple[Row, ...]
    doc: str
    span: Span


@dataclass(frozen=True)
class Param:
    name: Name
    type: Name
    span: Span


@dataclass(frozen=True)
class Populate:
    method: Name
    settings: Settings | None
    span: Span


@dataclass(frozen=True)
class Form:
    name: Name
    cue: Text
    answer: Text | None
    span: Span


@dataclass(frozen=True)
class Relation:
    name: Name
    params: tuple[Param, ...]
    traits: tuple[Name, ...]
    populates: tuple[Populate, ...]
    forms: tuple[Form, ...]
    doc: str
    span: Span


@dataclass(frozen=True)
class Literal:
    """An atom of a rule: a relation applied to variables (names) and constants."""

    relation: Name
    terms: tuple[Name | Text | Number, ...]
    span: Span


@dataclass(frozen=True)
class Rule:
    head: Literal
    body: tuple[Literal, ...]
    doc: str
    span: Span


@dataclass(frozen=True)
class Preamble:
    name: Name
    texts: tuple[Text, ...]
    doc: str
    span: Span


@dataclass(frozen=True)
class Later:
    """A construct with a place in the grammar whose meaning comes later."""

    kind: str
    name: Name
    span: Span


Declaration = Entity | Table | Relation | Rule | Preamble | Later


@dataclass(frozen=True)
class World:
    name: Name
    declarations: tuple[Declaration, ...]
    doc: str
    span: Span


@dataclass(frozen=True)
class WorldFile:
    source: Source
    edition: Number | None
    imports: tuple[Text, ...]
    world: World | None


@dataclass(frozen=True)
class Where:
    argument: Name
    parts: tuple[Name, ...]
    span: Span


@dataclass(frozen=True)
class Train:
    relation: Name
    form: Name
    where: Where | None
    settings: Settings | None
    span: Span


@dataclass(frozen=True)
class Test:
    name: Name
    relation: Name
    form: Name
    where: Where | None
    settings: Settings
    span: Span


@dataclass(frozen=True)
class Model:
    name: Name
    settings: Settings
    span: Span


@dataclass(frozen=True)
class Arm:
    name: Name
    settings: Settings
    span: Span


@dataclass(frozen=True)
class Sum:
    """`arm.split + offset`, or a bare number where `arm` is none."""

    arm: Name | None
    split: Name | None
    offset: float
    span: Span


@dataclass(frozen=True)
class Expect:
    text: Text | None
    left: Sum
    op: str
    right: Sum
    margin: Number | None
    span: Span


@dataclass(frozen=True)
class Experiment:
    name: Name
    worlds: tuple[Text, ...]
    seeds: tuple[Number, ...]
    trains: tuple[Train, ...]
    tests: tuple[Test, ...]
    models: tuple[Model, ...]
    arms: tuple[Arm, ...]
    expects: tuple[Expect, ...]
    doc: str
    span: Span


@dataclass(frozen=True)
class ExperimentFile:
    source: Source
    edition: Number | None
    experiment: Experiment | None
