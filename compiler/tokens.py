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

from wug.compiler.facts import Ints, Populated
from wug.compiler.render import text_of
from wug.compiler.world import Option, Piece, Relation, World

Matrix = NDArray[np.int32]
"""Rows of token ids, -1 where there is none: gaps may stand anywhere and are closed at the end."""


class Pieces:
    """Tokenises pieces of sentences, each distinct one once."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        spec = json.loads(tokenizer.to_str())
        spec["pre_tokenizer"]["prepend_scheme"] = "never"
        self.tokenizer = Tokenizer.from_str(json.dumps(spec))

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
        pieces: Sequence[Piece],
        of: Ints,
        arguments: Ints,
        at_start: bool = True,
    ) -> Matrix:
        """The tokens of a form filled with arguments [rows, arity]; `at_start` puts a space in front."""
        parts: list[Matrix] = []
        space = at_start
        flat = [each for p in pieces for each in (p.alternatives[0] if isinstance(p, Option) else (p,))]
        for piece in flat:
            if isinstance(piece, str):
                lead = " " if space and not piece.startswith(" ") else ""
                ids = self.encode([lead + piece.rstrip(" ")]) if piece.strip() else np.empty((1, 0), np.int32)
                parts.append(np.repeat(ids, len(of), axis=0))
                space = piece.endswith(" ")
                continue
            type = relation.arguments[piece.argument].type
            number = arguments[:, piece.argument]
            parts.append(self._slot(world, populated, type, piece.column, of, number, " " if space else ""))
            space = False
        return np.concatenate(parts, axis=1)

    def _slot(
        self, world: World, populated: Populated, type: str, column: int, of: Ints, number: Ints, lead: str
    ) -> Matrix:
        if type in world.tables:
            cells = [lead + row[column] for row in world.tables[type].rows]
            return self.encode(cells)[number]
        distinct, inverse = np.unique(
            text_of(world, populated, type, column, of, number), return_inverse=True
        )
        return self.encode([lead + str(text) for text in distinct])[inverse.reshape(-1)]


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
