"""A checked world: every name resolved, every type known, nothing drawn yet.

Frozen and free of numpy, so that `wug check` starts in no time. Equality is meaning: spans do not count.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from wug.compiler.source import Span

VALUE_TYPES = ("text", "integer")


@dataclass(frozen=True)
class Data:
    """The CSV behind an entity: its path, what the spec calls it, and the column that names the entity."""

    path: Path = field(compare=False)
    written: str
    name_column: str


@dataclass(frozen=True)
class Entity:
    """A type of things. Either `count` of them with invented names of `syllables`, or rows of `data`."""

    name: str
    count: int
    syllables: int
    data: Data | None
    span: Span = field(compare=False)


@dataclass(frozen=True)
class Table:
    """An enumeration with text columns. `mirror[i]` is the row that says the opposite of row i, or -1."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    mirror: tuple[int, ...]


@dataclass(frozen=True)
class Argument:
    """One place of a relation. `type` names an entity or a table, or is `text` or `integer`."""

    name: str
    type: str


@dataclass(frozen=True)
class Slot:
    """A place in a form that is filled with an argument: its name, or a column of its table."""

    argument: int
    column: int = -1


@dataclass(frozen=True)
class Form:
    """One way to say a relation. `pieces[:answer]` is the cue, `pieces[answer:]` the answer."""

    name: str
    pieces: tuple[str | Slot, ...]
    answer: int
    span: Span = field(compare=False)


@dataclass(frozen=True)
class Population:
    """How facts are drawn: method is pairs, forest, chain or rows; the rest are its settings.

    With `partners` of pairs, each first entity has so many partners and each partner is in one fact; 0 lays
    the pairs around a circle, so that each entity is first and second equally often.
    """

    method: str
    span: Span = field(compare=False)
    count: int = 0
    partners: int = 0
    roots: int = 1
    children: tuple[int, int] = (0, 3)
    length: int = 0


@dataclass(frozen=True)
class Relation:
    """A relation with its traits. They speak of the first two arguments, for each value of the others.

    `converse` is the argument whose table row turns into its mirror when the first two change places.
    """

    name: str
    arguments: tuple[Argument, ...]
    traits: frozenset[str]
    converse: int | None
    population: Population | None
    forms: tuple[Form, ...]
    span: Span = field(compare=False)

    def form(self, name: str) -> Form:
        return next(form for form in self.forms if form.name == name)


Term = int | str
"""In a rule: a variable by its number, or a constant as text."""


@dataclass(frozen=True)
class Literal:
    relation: str
    terms: tuple[Term, ...]


@dataclass(frozen=True)
class Rule:
    """Positive Datalog: the head holds where the whole body does. `variables` names them for proofs."""

    head: Literal
    body: tuple[Literal, ...]
    variables: tuple[str, ...] = field(compare=False)
    span: Span = field(compare=False)


@dataclass(frozen=True)
class World:
    """All declarations by name, in the order of the files."""

    name: str
    entities: dict[str, Entity]
    tables: dict[str, Table]
    relations: dict[str, Relation]
    rules: tuple[Rule, ...]
    preambles: dict[str, tuple[str, ...]]
    doc: str = field(compare=False, default="")
