"""The tokenizer of a world: one token per word of its forms and per syllable of its names.

Texts that come from a table of the user's own are spelled letter by letter, so that pretraining, which sees
every letter, has seen every piece. It is a unigram model in which all tokens cost the same, so a word is cut
into as few tokens as can be; spaces are part of the tokens and decoding gives the text back.
"""

from __future__ import annotations

import re
import string
from pathlib import Path

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

from wug.compiler.typed import VALUE_TYPES
from wug.compiler.words import SYLLABLES
from wug.compiler.world import Option, World

PAD, DOCUMENT, UNKNOWN = "<pad>", "<doc>", "<unk>"
"""Ids 0, 1, 2. Every document begins with <doc>; <pad> is never a target."""

_SPACE = "\u2581"
_WORD = re.compile(r"(\s?)([^\W_]+|[^\s])")


def build_tokenizer(world: World, characters: str) -> Tokenizer:
    """The tokenizer for all texts of a world, its episodes' fresh ones included.

    `characters` are those of the texts from tables of the user's own.
    """
    pieces: dict[str, None] = {}
    for relation in world.relations.values():
        for form in relation.forms:
            for wording in form.wordings:
                for index, piece in enumerate(wording.pieces):
                    options = piece.alternatives if isinstance(piece, Option) else ((piece,),)
                    for literal in [each for parts in options for each in parts if isinstance(each, str)]:
                        _add_words(pieces, literal, at_start=index == 0)
    for table in world.tables.values():
        for row in table.rows:
            for cell in row:
                _add_words(pieces, cell, at_start=True)
    for texts in world.preambles.values():
        for text in texts:
            _add_words(pieces, text, at_start=True)
    if any(entity.data is None for entity in world.entities.values()):
        for syllable in SYLLABLES:
            pieces[_SPACE + syllable] = pieces[syllable] = None
    if _spells(world):
        for letter in dict.fromkeys(string.ascii_letters + string.digits + "-." + characters):
            pieces[_SPACE + letter] = pieces[letter] = None
    pieces[_SPACE] = None
    vocabulary = [(token, 0.0) for token in (PAD, DOCUMENT, UNKNOWN)] + [(piece, -1.0) for piece in pieces]
    tokenizer = Tokenizer(models.Unigram(vocabulary, unk_id=2, byte_fallback=False))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement=_SPACE, prepend_scheme="always")
    tokenizer.decoder = decoders.Metaspace(replacement=_SPACE, prepend_scheme="always")
    tokenizer.add_special_tokens(
        [AddedToken(t, special=True, normalized=False) for t in (PAD, DOCUMENT, UNKNOWN)]
    )
    return tokenizer


def write_tokenizer(tokenizer: Tokenizer, folder: Path) -> None:
    """tokenizer.json. Written from here, because the library tells of a full disk with a bare Exception."""
    (folder / "tokenizer.json").write_text(tokenizer.to_str(pretty=True), encoding="utf-8")


def _spells(world: World) -> bool:
    from_data = any(entity.data is not None for entity in world.entities.values())
    values = any(a.type in VALUE_TYPES for r in world.relations.values() for a in r.arguments)
    return from_data or values


def _add_words(pieces: dict[str, None], text: str, at_start: bool) -> None:
    """The words and marks of a text; a word at its start stands behind a space if the text begins a slot."""
    for match in _WORD.finditer(text):
        space, word = match.groups()
        behind_space = bool(space) or (at_start and match.start() == 0)
        pieces[(_SPACE if behind_space else "") + word] = None
