"""The tokenizer of a world: one token per word of its forms and per syllable of its names.

Words of a spelled lexicon are made of its syllables where these are few, else of onsets with their nuclei,
and of codas, so that pretraining, which sees other words, has seen every piece.

Texts that come from a table of the user's own are spelled letter by letter, so that pretraining, which sees
every letter, has seen every piece. It is a unigram model in which all tokens cost the same, so a word is cut
into as few tokens as can be; spaces are part of the tokens and decoding gives the text back.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from pathlib import Path

import numpy as np
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

from wug.compiler.data.typed import VALUE_TYPES
from wug.compiler.entities import NONCE, Entity, Lexicon
from wug.compiler.forms import INFLECTIONS, Option, Piece, Slot, slots
from wug.compiler.saying.articles import ANSWER, ASKED, QUESTION
from wug.compiler.saying.render import inflected
from wug.compiler.words.words import SYLLABLES
from wug.compiler.world import World

PAD, DOCUMENT, UNKNOWN = "<pad>", "<doc>", "<unk>"
"""Ids 0, 1, 2. Every document begins with <doc>; <pad> is never a target. Only ids are these: a text that
holds the characters "<doc>" is cut into pieces as any other, if `read_tokenizer` read the tokenizer."""

_NEVER = -1000.0
"""What it costs to cut a word into a special token: any other way is cheaper."""

MOST_SYLLABLES = 200
"""A lexicon of more syllables is cut into smaller pieces."""

_SPACE = "\u2581"
_ADDED = {
    "plural": ("s", "es", "ies"),
    "a": (_SPACE + "a", _SPACE + "an"),
    "the": (_SPACE + "the",),
    "comparative": ("er", "ier", _SPACE + "more"),
    "superlative": ("est", "iest", _SPACE + "most"),
    "possessive": ("'s", "'"),
}
_WORD = re.compile(r"(\s?)([^\W_]+|[^\s])")


def build_tokenizer(
    world: World,
    characters: str,
    said: Sequence[str] = (),
    given: Sequence[str] = (),
    old: World | None = None,
) -> Tokenizer:
    """The tokenizer for all texts of a world, its episodes' fresh ones included, and of an `old` version.

    `characters` are those of the texts from tables of the user's own, `said` texts that stand beside those of
    the world.
    """
    pieces = _pieces(world, characters, said, given)
    if old is not None:
        pieces |= _pieces(old, characters, (), ())
    return piece_model(pieces)


def _pieces(world: World, characters: str, said: Sequence[str], given: Sequence[str]) -> dict[str, None]:
    """All that texts of a world are cut into."""
    pieces: dict[str, None] = {}
    for said_pieces, _ in _texts(world):
        _add_pieces(pieces, said_pieces)
    for document in world.documents.values():
        for pronoun in (document.pronoun, document.pronoun[:1].upper() + document.pronoun[1:]):
            _add_words(pieces, pronoun, at_start=True)
        if document.questions:
            _add_words(pieces, QUESTION + ASKED + ANSWER, at_start=True)
    if any(slot.many for said_pieces, _ in _texts(world) for slot in slots(said_pieces)):
        _add_words(pieces, ", and", at_start=False)
    for table in world.tables.values():
        for row in table.rows:
            for cell in row:
                _add_words(pieces, cell, at_start=True)
    for texts in world.preambles.values():
        for text in texts:
            _add_words(pieces, text, at_start=True)
    for text in said:
        for place, part in enumerate(re.split(r"\{[^{}]*\}", text)):
            _add_words(pieces, part, at_start=True)
            if place:  # behind what stands in a slot
                _add_words(pieces, part, at_start=False)
    for text in given:
        _add_words(pieces, text, at_start=True)
        pieces.update(dict.fromkeys(text.replace(" ", "")))
    for piece in (*name_pieces(world), *_endings(world)):
        pieces[piece] = None
    for entity in world.entities.values():
        for text in _operator_texts(entity):
            _add_words(pieces, text, at_start=True)
            _add_words(pieces, text, at_start=False)
    for said_pieces, types in _texts(world):
        for slot in slots(said_pieces):
            _add_inflected(pieces, world, types[slot.argument], slot)
        for slot in _without_space(said_pieces):
            for text in _cells(world, types[slot.argument], slot):
                _add_words(pieces, text, at_start=False)
    for entity in world.entities.values():
        _add_words(pieces, entity.numbered, at_start=True)
    if _spells(world):
        for letter in dict.fromkeys(string.ascii_letters + string.digits + "-." + characters):
            pieces[_SPACE + letter] = pieces[letter] = None
    return pieces


def _operator_texts(entity: Entity) -> list[str]:
    """What operators put around their operands, as it stands at the start of a term and inside one."""
    operators = entity.terms.operators if entity.terms else ()
    texts = [piece for operator in operators for piece in operator.pieces if isinstance(piece, str)]
    return [text for each in texts for text in (each, each.capitalize())]


def _texts(world: World) -> Iterator[tuple[Sequence[Piece], Sequence[str]]]:
    """The wordings and titles of a world, each with the types of its arguments."""
    for relation in world.relations.values():
        types = [argument.type for argument in relation.arguments]
        for form in relation.forms:
            for wording in form.wordings:
                yield wording.pieces, types
    for document in world.documents.values():
        yield document.title, [document.subject.type, *document.members]


def piece_model(pieces: Iterable[str]) -> Tokenizer:
    """The tokenizer that cuts words into as few of these pieces as can be; a space is one, too."""
    pieces = dict.fromkeys([*pieces, _SPACE])
    vocabulary = [(token, _NEVER) for token in (PAD, DOCUMENT, UNKNOWN)] + [(piece, -1.0) for piece in pieces]
    tokenizer = Tokenizer(models.Unigram(vocabulary, unk_id=2, byte_fallback=False))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement=_SPACE, prepend_scheme="always")
    tokenizer.decoder = decoders.Metaspace(replacement=_SPACE, prepend_scheme="always")
    tokenizer.add_special_tokens(
        [AddedToken(t, special=True, normalized=False) for t in (PAD, DOCUMENT, UNKNOWN)]
    )
    tokenizer.encode_special_tokens = True
    return tokenizer


def read_tokenizer(text: str) -> Tokenizer:
    """A tokenizer from its JSON, which does not tell that texts hold no special tokens."""
    tokenizer = Tokenizer.from_str(text)
    tokenizer.encode_special_tokens = True
    return tokenizer


def name_pieces(world: World) -> tuple[str, ...]:
    """What invented names of a world are cut into, at the start of a word and inside it."""
    pieces: dict[str, None] = {}
    for entity in world.entities.values():
        if (naming := entity.naming) is None:
            continue
        inside = _parts(world.lexicons.get(naming.lexicon, NONCE if naming.letters else None))
        capital = naming.capital or "capital" in _name_inflections(world)
        for piece in inside:
            pieces[_SPACE + piece] = pieces[piece] = None
        for piece in inside if capital else ():
            pieces[_SPACE + piece.capitalize()] = None
    return tuple(pieces)


def _parts(lexicon: Lexicon | None) -> Sequence[str]:
    """What words of a lexicon, or names of syllables, are made of."""
    if lexicon is None:
        return SYLLABLES
    parts = {"".join(parts) for parts in product(lexicon.onsets, lexicon.nuclei, lexicon.codas)}
    if len(parts) > MOST_SYLLABLES:
        parts = {"".join(begun) for begun in product(lexicon.onsets, lexicon.nuclei)}
        parts |= set(lexicon.codas) - {""}
    return sorted(parts)


def _name_inflections(world: World) -> set[str]:
    """The inflections in which sentences say invented names."""
    return {
        inflection
        for pieces, types in _texts(world)
        for slot in slots(pieces)
        if (entity := world.entities.get(types[slot.argument])) and entity.naming
        for inflection in slot.inflections
    }


def _endings(world: World) -> list[str]:
    """What inflections put before or behind an invented name; where they change it, its letters."""
    used = _name_inflections(world)
    found = [
        ending for inflection in INFLECTIONS if inflection in used for ending in _ADDED.get(inflection, ())
    ]
    changed = used & {"plural", "comparative", "superlative"}
    return found + [letter for letter in string.ascii_lowercase if changed]


def write_tokenizer(tokenizer: Tokenizer, folder: Path) -> None:
    """tokenizer.json. Written from here, because the library tells of a full disk with a bare Exception."""
    (folder / "tokenizer.json").write_text(tokenizer.to_str(pretty=True), encoding="utf-8")


def _spells(world: World) -> bool:
    from_data = any(entity.data is not None or entity.numbered for entity in world.entities.values())
    values = any(a.type in VALUE_TYPES for r in world.relations.values() for a in r.arguments)
    return from_data or values


def _add_pieces(pieces: dict[str, None], said: Sequence[Piece]) -> None:
    """The words of a wording; beside an option a word may stand behind a space or not."""
    before: Piece = ""
    for index, piece in enumerate(said):
        options = piece.alternatives if isinstance(piece, Option) else ((piece,),)
        for literal in [each for parts in options for each in parts if isinstance(each, str)]:
            _add_words(pieces, literal, at_start=index == 0)
            if isinstance(piece, Option) or isinstance(before, Option):
                _add_words(pieces, literal, at_start=True)
                _add_words(pieces, literal, at_start=False)
        before = piece


def _without_space(said: Sequence[Piece]) -> Iterator[Slot]:
    """The slots of a wording that may stand behind something else than a space."""
    before: Piece = " "
    for piece in said:
        options = piece.alternatives if isinstance(piece, Option) else ((piece,),)
        for parts in options:
            for earlier, each in zip((before, *parts), parts, strict=False):
                if isinstance(each, Slot) and not (isinstance(earlier, str) and earlier.endswith(" ")):
                    yield each
        before = piece


def _cells(world: World, type: str, slot: Slot) -> list[str]:
    """What a slot says of the rows of its table."""
    if type not in world.tables:
        return []
    texts: list[str] = inflected(
        np.array([row[slot.column] for row in world.tables[type].rows]), slot
    ).tolist()
    return texts


def _add_inflected(pieces: dict[str, None], world: World, type: str, slot: Slot) -> None:
    """What an inflection makes of the cells of a table, or of values."""
    if not slot.inflections or type in world.entities:
        return
    if type in world.tables:
        stems = [row[slot.column] for row in world.tables[type].rows]
    else:
        stems = [f"2026-{month:02}-01" for month in range(1, 13)] if type == "date" else ["1"]
    for stem, text in zip(stems, inflected(np.array(stems), slot).tolist(), strict=True):
        for word in text.split(" "):
            kept = next((each for each in (stem, stem.capitalize()) if each in word), "")
            front, behind = word.split(kept, 1) if kept else (word, "")
            _add_words(pieces, front, at_start=True)
            _add_words(pieces, behind, at_start=False)
            if kept and kept != stem:
                pieces[_SPACE + kept] = pieces[kept] = None


def _add_words(pieces: dict[str, None], text: str, at_start: bool) -> None:
    """The words and marks of a text; a word at its start stands behind a space if the text begins a slot."""
    for match in _WORD.finditer(text):
        space, word = match.groups()
        behind_space = bool(space) or (at_start and match.start() == 0)
        pieces[(_SPACE if behind_space else "") + word] = None
