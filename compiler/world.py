"""A checked world: every name resolved, every type known, nothing drawn yet.

Frozen and free of numpy, so that `wug check` starts in no time. Equality is meaning: spans do not count.
"""

from __future__ import annotations

from dataclasses import field
from pathlib import Path

from wug.compiler.entities import Argument, Data, Entity, Lexicon, Table
from wug.compiler.forms import Form, Piece
from wug.compiler.language.source import Span
from wug.compiler.populations import Population
from wug.compiler.record import Record
from wug.compiler.rules import Constant, Never, Rewriting, Rule


class Relation(Record):
    """A relation with its traits. They speak of the first two arguments, for each value of the others.

    `converse` is the argument whose table row turns into its mirror when the first two change places. A
    `built_in` relation says what a member is composed of: its name says so, too, so such a fact is never
    stated, and a proof does not grow by it.
    """

    name: str
    arguments: tuple[Argument, ...]
    traits: frozenset[str]
    converse: int | None
    population: Population | None
    forms: tuple[Form, ...]
    span: Span = field(compare=False)
    built_in: bool = False

    def form(self, name: str) -> Form:
        return next(form for form in self.forms if form.name == name)


IN_SCENE = -1
"""In place of an argument: the scene that the members of a fact belong to."""


class Tell(Record):
    """What a document says: the facts of a relation in a form, about the member at `subject`.

    In place of an argument that is IN_SCENE: all facts of one scene.
    """

    relation: str
    form: str
    subject: int


class Document(Record):
    """Paragraphs about one member of an entity, in `copies` versions: every told fact about it, in so many
    `sentences` (low, high) or, where that is none, each once.

    `questions` and `pronouns` are shares of the sentences in millionths: those that are put as a question and
    its answer, and those that say `pronoun` instead of the member's name. The title of a scene may also name
    its `members`, types that come behind the subject.
    """

    name: str
    subject: Argument
    copies: int
    sentences: tuple[int, int] | None
    tells: tuple[Tell, ...]
    questions: int
    pronoun: str
    pronouns: int
    title: tuple[Piece, ...]
    span: Span = field(compare=False)
    members: tuple[str, ...] = ()


class CaseFact(Record):
    """A fact of a case. A term is a variable, by its number among those of its type, or a constant: the row
    of a table, or a value's text."""

    relation: str
    terms: tuple[int | str, ...]
    variables: tuple[bool, ...]


class Scene(Record):
    """Small worlds within the world: in each, one of the cases is stated of its members."""

    name: str
    cases: tuple[tuple[CaseFact, ...], ...]


class Given(Record):
    """Texts of the user's own without facts: each row of `data` begins as its column of names says and goes
    on with `completion`; `choices` is a column of lists, "" where there is none."""

    name: str
    data: Data
    completion: str
    choices: str
    span: Span = field(compare=False)


class World(Record):
    """All declarations by name, in the order of the files."""

    name: str
    entities: dict[str, Entity]
    tables: dict[str, Table]
    relations: dict[str, Relation]
    rules: tuple[Rule, ...]
    preambles: dict[str, tuple[str, ...]]
    doc: str = field(compare=False, default="")
    lexicons: dict[str, Lexicon] = field(default_factory=dict)
    documents: dict[str, Document] = field(default_factory=dict)
    scenes: dict[str, Scene] = field(default_factory=dict)
    nevers: tuple[Never, ...] = ()
    rewritings: tuple[Rewriting, ...] = ()
    given: dict[str, Given] = field(default_factory=dict)

    def files(self) -> list[tuple[str, Path]]:
        """The files that its values, names and texts come from, each with what it is for: tables of the
        user's own, tokenizers that names are equal under."""
        found: list[tuple[str, Path]] = []
        for entity in self.entities.values():
            tokens = entity.naming.tokens if entity.naming else None
            found += [(entity.name, each.path) for each in (entity.data, tokens) if each is not None]
        return [*found, *((given.name, given.data.path) for given in self.given.values())]

    def composes(self, relation: str) -> bool:
        """Whether a relation's facts are composed by rules: by rewriting, or by joining sequences."""
        rewritten = any(each.relation == relation for each in self.rewritings)
        return rewritten or any(r.joins and r.head.relation == relation for r in self.rules)

    def forests(self, entity: str) -> list[Relation]:
        """The relations that lay the members of an entity out in trees."""
        return [
            relation
            for relation in self.relations.values()
            if relation.population is not None
            and relation.population.method == "forest"
            and relation.arguments[0].type == entity
        ]


def rule_constants(world: World, type: str) -> tuple[str, ...]:
    """The constants of a value type that rules name, each once: they are values of every world."""
    found: dict[str, None] = {}
    bodies = [rule.body for rule in world.rules] + [never.body for never in world.nevers]
    for body in bodies:
        terms = [term for literal in (*body.holds, *body.absent) for term in literal.terms]
        terms += [term for each in body.comparisons for term in (each.left, each.right)]
        found.update((t.text, None) for t in terms if isinstance(t, Constant) and t.type == type)
    for rule in world.rules:
        found.update((t.text, None) for t in rule.head.terms if isinstance(t, Constant) and t.type == type)
    return tuple(found)


def counted_types(world: World) -> frozenset[str]:
    """The types of what rules count."""
    return frozenset(
        argument.type
        for rule in world.rules
        for literal in rule.body.holds
        for term, argument in zip(literal.terms, world.relations[literal.relation].arguments, strict=True)
        if term == rule.counts
    )
