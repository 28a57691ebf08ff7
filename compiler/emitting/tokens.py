"""Sentences to rows of tokens, for whole columns at once.

A sentence is cut at its slots; each distinct text is tokenised once and looked up. That is the same as
tokenising the whole sentence, because no token of the vocabulary reaches over the border of a slot.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from wug.compiler.emitting.tokenizer import read_tokenizer
from wug.compiler.facts import Ints, Populated, Rows
from wug.compiler.forms import Form, Slot
from wug.compiler.saying.manner import Manner, flat
from wug.compiler.saying.render import slot_text
from wug.compiler.world import Relation, World

Matrix = NDArray[np.int32]
"""Rows of token ids, -1 where there is none: gaps may stand anywhere and are closed at the end."""


class Pieces:
    """Tokenises pieces of sentences, each distinct one once."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        spec = json.loads(tokenizer.to_str())
        spec["pre_tokenizer"]["prepend_scheme"] = "never"
        self.tokenizer = read_tokenizer(json.dumps(spec))

    def encode(self, texts: Sequence[str]) -> Matrix:
        """Token ids [texts, longest]."""
        rows = [encoding.ids for encoding in self.tokenizer.encode_batch_fast(list(texts))]
        longest = max((len(row) for row in rows), default=0)
        matrix = np.full((len(rows), longest), -1, np.int32)
        for index, row in enumerate(rows):
            matrix[index, : len(row)] = row
        return matrix

    def sentences(
        self,
        world: World,
        populated: Populated,
        relation: Relation,
        form: Form,
        of: Ints,
        arguments: Ints,
        manner: Manner,
    ) -> Matrix:
        """The tokens of facts [rows, arity] in a form, each in its words, a space in front of each."""
        said = np.column_stack([manner.wording, manner.options])
        ways, way = np.unique(said, axis=0, return_inverse=True)
        parts: list[Matrix] = []
        rows: list[Rows] = []
        for number, (wording, *options) in enumerate(ways.tolist()):
            mine = np.flatnonzero(way.reshape(-1) == number)
            pieces = flat(form.wordings[wording].pieces, options)
            parts.append(self._sentences(world, populated, relation, pieces, of[mine], arguments[mine]))
            rows.append(mine)
        if not parts:
            return np.empty((0, 0), np.int32)
        order = np.argsort(np.concatenate(rows), kind="stable")
        return stack(parts)[order]

    def _sentences(
        self,
        world: World,
        populated: Populated,
        relation: Relation,
        pieces: Sequence[str | Slot],
        of: Ints,
        arguments: Ints,
    ) -> Matrix:
        """The tokens of one wording whose options are chosen."""
        parts: list[Matrix] = []
        space = True
        for piece in pieces:
            if isinstance(piece, str):
                lead = " " if space and not piece.startswith(" ") else ""
                ids = self.encode([lead + piece.rstrip(" ")]) if piece.strip() else np.empty((1, 0), np.int32)
                parts.append(np.repeat(ids, len(of), axis=0))
                space = piece.endswith(" ")
                continue
            type = relation.arguments[piece.argument].type
            texts = slot_text(world, populated, type, piece, of, arguments[:, piece.argument])
            distinct, inverse = np.unique(texts, return_inverse=True)
            lead = " " if space else ""
            parts.append(self.encode([lead + str(text) for text in distinct])[inverse.reshape(-1)])
            space = False
        return np.concatenate(parts, axis=1)


def stack(parts: Sequence[Matrix]) -> Matrix:
    """Matrices of several widths below one another."""
    width = max(part.shape[1] for part in parts)
    return np.concatenate(
        [np.pad(part, ((0, 0), (0, width - part.shape[1])), constant_values=-1) for part in parts]
    )


def rows_of(sentences: Matrix, row: NDArray[np.int64], count: int, least: int = 0) -> NDArray[np.uint16]:
    """Lay sentences end to end into their rows, in the order in which they stand; [count, longest], 0 behind.

    `row` must be sorted.
    """
    valid = sentences >= 0
    length = valid.sum(axis=1)
    row_length = np.bincount(row, weights=length, minlength=count).astype(np.int64)
    flat_row = np.repeat(row, length)
    start = np.cumsum(row_length) - row_length
    place = np.arange(len(flat_row)) - start[flat_row]
    out = np.zeros((count, max(least, int(row_length.max(initial=0)))), np.uint16)
    out[flat_row, place] = sentences[valid]
    return out
