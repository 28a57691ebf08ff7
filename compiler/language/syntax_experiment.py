"""The syntax tree of an experiment, as it is written: nothing is looked up yet."""

from __future__ import annotations

from dataclasses import field

from wug.compiler.language.source import Source, Span
from wug.compiler.language.syntax import Name, Number, Settings, Text
from wug.compiler.record import LATER, Record


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


class Update(Record):
    """`update from "old.world" { people 12 }`: the world as it was, and values for its parameters."""

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


class Varied(Record):
    """The declaration of which a setting varies: its keyword, a name, the form of a `train`."""

    kind: str
    name: Name | None
    form: Name | None
    span: Span


class Vary(Record):
    """`vary arm finetune  steps 50, 100`: what stands between commas, the way to the setting in the first."""

    varied: Varied
    values: tuple[Settings, ...]
    span: Span


class Sweep(Record):
    varies: tuple[Vary, ...]
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
    sweeps: tuple[Sweep, ...] = field(default=(), metadata=LATER)
    updates: tuple[Update, ...] = field(default=(), metadata=LATER)


class ExperimentFile(Record):
    source: Source
    edition: Number | None
    experiment: Experiment | None
