"""The syntax tree of an experiment, as it is written: nothing is looked up yet."""

from __future__ import annotations

from wug.compiler.language.source import Source, Span
from wug.compiler.language.syntax import Name, Number, Settings, Text
from wug.compiler.record import Record


class Where(Record):
    """`where p in a, b`, or `where p not in a`."""

    argument: Name
    negated: bool
    parts: tuple[Name, ...]
    span: Span


class UsedWorld(Record):
    """The world of an experiment, and the values it sets for the world's parameters."""

    path: Text
    settings: Settings | None
    span: Span


class Holdout(Record):
    """`holdout unseen = 10 leaf category { keep is_a }`."""

    name: Name
    settings: Settings
    doc: str
    span: Span


class Train(Record):
    """`train RELATION in FORM`, or `train NAME` of a document or of given texts, where there is no form."""

    relation: Name
    form: Name | None
    where: tuple[Where, ...]
    settings: Settings | None
    span: Span


class Test(Record):
    name: Name
    relation: Name
    form: Name | None
    where: tuple[Where, ...]
    settings: Settings
    span: Span


class Model(Record):
    name: Name
    settings: Settings
    span: Span


class Arm(Record):
    name: Name
    settings: Settings
    span: Span


class Mesh(Record):
    """`mesh { data 4  fsdp 2 }`."""

    settings: Settings
    span: Span


class Sum(Record):
    """`arm.split + offset`, or a bare number where `arm` is none."""

    arm: Name | None
    split: Name | None
    offset: float
    span: Span


class Expect(Record):
    text: Text | None
    left: Sum
    op: str
    right: Sum
    margin: Number | None
    span: Span


class Experiment(Record):
    name: Name
    worlds: tuple[UsedWorld, ...]
    seeds: tuple[Number, ...]
    trains: tuple[Train, ...]
    tests: tuple[Test, ...]
    holdouts: tuple[Holdout, ...]
    models: tuple[Model, ...]
    arms: tuple[Arm, ...]
    meshes: tuple[Mesh, ...]
    expects: tuple[Expect, ...]
    doc: str
    span: Span


class ExperimentFile(Record):
    source: Source
    edition: Number | None
    experiment: Experiment | None
