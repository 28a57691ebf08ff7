"""Checked forms: their wordings, as pieces of text, slots and options."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import field

from wug.compiler.language.source import Span
from wug.compiler.record import Record

_PUNCTUATION = re.compile(r"[^\w\s]+$")

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


class Slot(Record):
    """A place in a wording that is filled with an argument: its name, or a column of its table, inflected.

    `many` is written with a star: in documents it says all values that go with the same other arguments, as a
    list ("a, b and c"), elsewhere one.
    """

    argument: int
    column: int = -1
    inflections: tuple[str, ...] = ()
    many: bool = False


class Option(Record):
    """A part of a wording of which one alternative is said. `number` counts the options of its wording."""

    number: int
    alternatives: tuple[tuple[str | Slot, ...], ...]


Piece = str | Slot | Option


class Wording(Record):
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


class Form(Record):
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


def ending(wording: Wording) -> list[str]:
    """The punctuation that ends a wording: of each alternative where it ends with an option, else one text,
    which is empty where it ends with a word or a slot."""
    last = wording.pieces[-1]
    ends = [parts[-1:] for parts in last.alternatives] if isinstance(last, Option) else [(last,)]
    texts = [part for parts in ends for part in (parts or ("",))]
    found = [_PUNCTUATION.search(text) if isinstance(text, str) else None for text in texts]
    return list(dict.fromkeys(match.group() if match else "" for match in found))


def answered(wording: Wording) -> list[int]:
    """The arguments that stand in the answer of a wording, in order and each once; none without '=>'."""
    return list(dict.fromkeys(slot.argument for slot in slots(wording.pieces[wording.answer :])))
