"""Checked entities: where their names come from, what they are made of, what they are listed with."""

from __future__ import annotations

from dataclasses import field
from pathlib import Path

from wug.compiler.language.source import Span
from wug.compiler.record import LATER, Record

FORMATS = {"csv": "a CSV", "jsonl": "JSON lines", "parquet": "Parquet"}
"""Suffixes of data files, and what they are called."""


class Data(Record):
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


class Part(Record):
    """A part of a partition: so many members, or such a `share` of them in billionths."""

    name: str
    count: int = 0
    share: int = 0
    span: Span | None = field(compare=False, default=None)

    @property
    def weight(self) -> int:
        return self.count or self.share


class TokenFile(Record):
    """Another model's tokenizer.json, and what the spec calls it. What it holds counts, not where it lies."""

    path: Path = field(compare=False)
    written: str = field(compare=False)
    span: Span = field(compare=False)


class Lexicon(Record):
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


class Naming(Record):
    """What members of a type are called: so many words of a lexicon each.

    The `lexicon` is a declared one, all of it or its words of (low, high) `letters`; or it is nonce, the
    built-in one: words of so many `syllables`, or of `letters`. With `tokens` only words of one token count
    are used, the commonest under that tokenizer. With `shared` each word of a name is one of so many, which
    other names have too, as people share first and family names; 0 where every word is in one name only.
    """

    lexicon: str = "nonce"
    syllables: int = 2
    letters: tuple[int, int] | None = None
    words: int = 1
    capital: bool = False
    tokens: TokenFile | None = None
    shared: int = field(default=0, metadata=LATER)

    def lists(self, count: int) -> int:
        """How many words the names of `count` members take."""
        return self.words * (self.shared or count)


class Operator(Record):
    """What composes terms: `pieces` are its text, with the numbers of its operands where these are said."""

    name: str
    arity: int
    pieces: tuple[str | int, ...]


class Terms(Record):
    """Terms over the members of a type, `atoms`, of (low, high) `depth`: an atom's is 0."""

    atoms: str
    depth: tuple[int, int]
    operators: tuple[Operator, ...]

    @property
    def made_of_atom(self) -> str:
        """The built-in relation between a term that is an atom and that atom, by the type's last name."""
        return f".{self.atoms.rpartition('.')[2]}"


class Sequence(Record):
    """Sequences of members of a type, of (low, high) `length`; of no length are those that rules join."""

    of: str
    length: tuple[int, int] = (0, 0)


class Entity(Record):
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


class Table(Record):
    """An enumeration with text columns. `mirror[i]` is the row that says the opposite of row i, or -1."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    mirror: tuple[int, ...]


class Argument(Record):
    """One place of a relation. `type` names an entity or a table, or is a value type."""

    name: str
    type: str
