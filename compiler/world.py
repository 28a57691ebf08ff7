"""A checked world: every name resolved, every type known, nothing drawn yet.

Frozen and free of numpy, so that `wug check` starts in no time. Equality is meaning: spans do not count.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from wug.compiler.language.source import Span

FORMATS = {"csv": "a CSV", "jsonl": "JSON lines", "parquet": "Parquet"}
"""Suffixes of data files, and what they are called."""


@dataclass(frozen=True)
class Data:
    """The table behind an entity: its path, what the spec calls it, the column that names the entity, and
    the one that other tables refer to it by ("" where there is none). What it holds counts, not its place."""

    path: Path = field(compare=False)
    written: str = field(compare=False)
    name_column: str
    key: str = ""

    @property
    def format(self) -> str:
        suffix = self.path.suffix.removeprefix(".").lower()
        return suffix if suffix in FORMATS else "csv"

    @property
    def unit(self) -> str:
        """What its places are called in messages."""
        return "row" if self.format == "parquet" else "line"


@dataclass(frozen=True)
class Part:
    """A part of a partition: so many members, or such a `share` of them in billionths."""

    name: str
    count: int = 0
    share: int = 0
    span: Span | None = field(compare=False, default=None)

    @property
    def weight(self) -> int:
        return self.count or self.share


@dataclass(frozen=True)
class TokenFile:
    """Another model's tokenizer.json, and what the spec calls it. What it holds counts, not where it lies."""

    path: Path = field(compare=False)
    written: str = field(compare=False)
    span: Span = field(compare=False)


@dataclass(frozen=True)
class Lexicon:
    """How words are invented: onset, nucleus and coda make a syllable, and from `syllables[0]` to
    `syllables[1]` syllables a word of `letters[0]` to `letters[1]` letters."""

    name: str
    onsets: tuple[str, ...]
    nuclei: tuple[str, ...]
    codas: tuple[str, ...]
    syllables: tuple[int, int]
    letters: tuple[int, int]
    tokens: TokenFile | None = None
    span: Span | None = field(compare=False, default=None)


NONCE = Lexicon(
    name="nonce",
    onsets=tuple(
        "b bl br d dr f fl fr g gl gr h j k kl kr l m n p pl pr r s sn st t tr v z".split()  # noqa: SIM905
    ),
    nuclei=tuple("aeiou"),
    codas=("", *"b d f g k l m n p t v x z mp nd nk nt lt rm rn ft sk".split()),  # noqa: SIM905
    syllables=(1, 3),
    letters=(4, 9),
)
"""The lexicon of `nonce(letters 4..6)`."""


@dataclass(frozen=True)
class Naming:
    """What members of a type are called: so many words of a lexicon each.

    The `lexicon` is a declared one, all of it or its words of (low, high) `letters`; or it is nonce, the
    built-in one: words of so many `syllables`, or of `letters`. With `tokens` only words of one token count
    are used, the commonest under that tokenizer.
    """

    lexicon: str = "nonce"
    syllables: int = 2
    letters: tuple[int, int] | None = None
    words: int = 1
    capital: bool = False
    tokens: TokenFile | None = None


@dataclass(frozen=True)
class Operator:
    """What composes terms: `pieces` are its text, with the numbers of its operands where these are said."""

    name: str
    arity: int
    pieces: tuple[str | int, ...]


@dataclass(frozen=True)
class Terms:
    """Terms over the members of a type, `atoms`, of (low, high) `depth`: an atom's is 0."""

    atoms: str
    depth: tuple[int, int]
    operators: tuple[Operator, ...]

    @property
    def made_of_atom(self) -> str:
        """The built-in relation between a term that is an atom and that atom, by the type's last name."""
        return f".{self.atoms.rpartition('.')[2]}"


@dataclass(frozen=True)
class Sequence:
    """Sequences of members of a type, of (low, high) `length`; of no length are those that rules join."""

    of: str
    length: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class Entity:
    """A type of things: `count` of them with invented names, or rows of `data`, or drawn `terms`, or
    a `sequence` each. Those that rules join have no count.

    Of a type that is declared in a `scene` member i belongs to scene i // `per_scene`; a scene is a type of
    its own, with one member in each. Where `numbered` is "example", they are called example 1, example 2, ...
    """

    name: str
    count: int
    naming: Naming | None
    data: Data | None
    span: Span = field(compare=False)
    partition: tuple[Part, ...] = ()
    scene: str = ""
    per_scene: int = 0
    numbered: str = ""
    terms: Terms | None = None
    sequence: Sequence | None = None

    @property
    def composed(self) -> bool:
        """Whether its members are made of others, and so are their names."""
        return self.terms is not None or self.sequence is not None

    @property
    def parts(self) -> tuple[str, ...]:
        """The names of its parts; members know theirs by its number in this order."""
        return tuple(part.name for part in self.partition)


@dataclass(frozen=True)
class Table:
    """An enumeration with text columns. `mirror[i]` is the row that says the opposite of row i, or -1."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    mirror: tuple[int, ...]


@dataclass(frozen=True)
class Argument:
    """One place of a relation. `type` names an entity or a table, or is a value type."""

    name: str
    type: str


INFLECTIONS = (
    "plural",
    "a",
    "the",
    "capital",
    "comparative",
    "superlative",
    "possessive",
    "long",
    "ordinal",
)
"""What may stand behind a slot's argument; compiler/words/inflect.py says how each changes a text."""


@dataclass(frozen=True)
class Slot:
    """A place in a wording that is filled with an argument: its name, or a column of its table, inflected.

    `many` is written with a star: in documents it says all values that go with the same other arguments, as a
    list ("a, b and c"), elsewhere one.
    """

    argument: int
    column: int = -1
    inflections: tuple[str, ...] = ()
    many: bool = False


@dataclass(frozen=True)
class Option:
    """A part of a wording of which one alternative is said. `number` counts the options of its wording."""

    number: int
    alternatives: tuple[tuple[str | Slot, ...], ...]


Piece = str | Slot | Option


@dataclass(frozen=True)
class Wording:
    """One way to say a form. `pieces[:answer]` is the cue, `pieces[answer:]` the answer.

    A `held` wording is said in tests only, never in training, context or pretraining. Of the others one is
    drawn, by `weight`.
    """

    pieces: tuple[Piece, ...]
    answer: int
    weight: int = 1
    held: bool = False
    span: Span | None = field(compare=False, default=None)

    @property
    def options(self) -> tuple[Option, ...]:
        return tuple(piece for piece in self.pieces if isinstance(piece, Option))


@dataclass(frozen=True)
class Form:
    """One direction in which a relation is said: from what its cue names to what its answer asks for."""

    name: str
    wordings: tuple[Wording, ...]
    span: Span = field(compare=False)

    @property
    def first(self) -> Wording:
        """The first wording that is not held out: how a fact is said where nothing is drawn."""
        return next(wording for wording in self.wordings if not wording.held)

    @property
    def pieces(self) -> tuple[Piece, ...]:
        return self.first.pieces

    @property
    def answer(self) -> int:
        return self.first.answer


def slots(pieces: Iterable[Piece]) -> Iterator[Slot]:
    """All slots of some pieces, those in options too."""
    for piece in pieces:
        if isinstance(piece, Slot):
            yield piece
        elif isinstance(piece, Option):
            for alternative in piece.alternatives:
                yield from slots(alternative)


def answered(wording: Wording) -> list[int]:
    """The arguments that stand in the answer of a wording, in order and each once; none without '=>'."""
    return list(dict.fromkeys(slot.argument for slot in slots(wording.pieces[wording.answer :])))


@dataclass(frozen=True)
class Population:
    """How facts are drawn: the method and its settings; ranges are (low, high), 0 is "not said".

    With `partners` of pairs, each first entity has so many partners and each partner is in one fact; else
    the pairs lie around a circle, so that each entity is first and second equally often. An `upward` forest
    has the child first; with `couples`, the name of the relation that says their sex, two have children
    together. A permutation is drawn `for_each` member of the argument at that place. `spread` says how an
    attribute is distributed: uniform, weighted, zipf or evenly.
    """

    method: str
    span: Span = field(compare=False)
    count: int = 0
    partners: int = 0
    roots: int = 1
    children: tuple[int, int] = (0, 3)
    depth: int = 0
    parents: tuple[int, int] = (1, 1)
    upward: bool = False
    couples: str = ""
    length: int = 0
    width: int = 0
    degree: tuple[int, int] = (0, 0)
    directed: bool = False
    each: tuple[int, int] = (1, 1)
    spread: str = "uniform"
    weights: tuple[int, ...] = ()
    exponent: str = ""
    between: Between | None = None
    of: str = ""
    along: str = ""
    share: int = 0
    columns: tuple[tuple[str, str], ...] = ()
    empty: bool = False
    scene: str = ""
    for_each: int = 0

    @property
    def together(self) -> int:
        """How many have children together."""
        return 2 if self.couples else 1


@dataclass(frozen=True)
class Between:
    """Values from `low` in `count` steps of `step`, as keys of their type."""

    low: int
    step: int
    count: int


@dataclass(frozen=True)
class Relation:
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


@dataclass(frozen=True)
class Tell:
    """What a document says: the facts of a relation in a form, about the member at `subject`.

    In place of an argument that is IN_SCENE: all facts of one scene.
    """

    relation: str
    form: str
    subject: int


@dataclass(frozen=True)
class Document:
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


@dataclass(frozen=True)
class CaseFact:
    """A fact of a case. A term is a variable, by its number among those of its type, or a constant: the row
    of a table, or a value's text."""

    relation: str
    terms: tuple[int | str, ...]
    variables: tuple[bool, ...]


@dataclass(frozen=True)
class Scene:
    """Small worlds within the world: in each, one of the cases is stated of its members."""

    name: str
    cases: tuple[tuple[CaseFact, ...], ...]


@dataclass(frozen=True)
class Given:
    """Texts of the user's own without facts: each row of `data` begins as its column of names says and goes
    on with `completion`; `choices` is a column of lists, "" where there is none."""

    name: str
    data: Data
    completion: str
    choices: str
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
    lexicons: dict[str, Lexicon] = field(default_factory=dict)
    documents: dict[str, Document] = field(default_factory=dict)
    scenes: dict[str, Scene] = field(default_factory=dict)
    nevers: tuple[Never, ...] = ()
    rewritings: tuple[Rewriting, ...] = ()
    given: dict[str, Given] = field(default_factory=dict)

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
