"""The syntax tree of an experiment, as it is written: nothing is looked up yet."""

from __future__ import annotations

from dataclasses import dataclass

from wug.compiler.language.source import Source, Span
from wug.compiler.language.syntax import Name, Number, Settings, Text


@dataclass(frozen=True)
class Where:
    """`where p in a, b`, or `where p not in a`."""

    argument: Name
    negated: bool
    parts: tuple[Name, ...]
    span: Span


@dataclass(frozen=True)
class UsedWorld:
    """The world of an experiment, and the values it sets for the world's parameters."""

    path: Text
    settings: Settings | None
    span: Span


@dataclass(frozen=True)
class Holdout:
    """`holdout unseen = 10 leaf category { keep is_a }`."""

    name: Name
    settings: Settings
    doc: str
    span: Span


@dataclass(frozen=True)
class Train:
    """`train RELATION in FORM`, or `train NAME` of a document or of given texts, where there is no form."""

    relation: Name
    form: Name | None
    where: tuple[Where, ...]
    settings: Settings | None
    span: Span


@dataclass(frozen=True)
class Test:
    name: Name
    relation: Name
    form: Name | None
    where: tuple[Where, ...]
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
    worlds: tuple[UsedWorld, ...]
    seeds: tuple[Number, ...]
    trains: tuple[Train, ...]
    tests: tuple[Test, ...]
    holdouts: tuple[Holdout, ...]
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
