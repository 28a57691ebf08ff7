"""Packing: short documents share a row, where none sees another.

A batch is as wide as the longest document of all, and most of it is padding where others are short: one long
article among a thousand sentences makes each sentence cost as much as it. So the documents of a step are laid
into few rows, and a mask keeps them apart (`Decoder`): each is learned as if it were alone in a row, and no
wording of a fact is ever read beside another.

Letters in names: S seeds, C steps, B documents a step, R rows a step, T tokens.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from wug.runtime.corpus import PAD

Tokens = npt.NDArray[np.int32]
Weights = npt.NDArray[np.float32]

# Few shapes, few compilations: a step has one of these numbers of rows, or as many as it has documents.
_ROWS = np.array([1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256])


def packed(tokens_SCBT: Tokens, weight_SCBT: Weights) -> tuple[Tokens, Weights, Tokens | None]:
    """Documents in rows: tokens [S, C, R, T], what each but the first of a row counts [S, C, R, T - 1], and
    which document of its row each token belongs to, from 1 on, 0 for padding.

    `tokens` and what they count are given one document a row. Where that takes no more rows than packing
    would, they are returned as they are, with no documents.
    """
    seeds, count, batch, width = tokens_SCBT.shape
    length_NB = np.count_nonzero(tokens_SCBT != PAD, axis=-1).reshape(-1, batch)
    layout = [_laid(length_B.tolist(), width) for length_B in length_NB]
    needed = max(max(row for row, _, _ in places) + 1 for places in layout)
    rows = int(_ROWS[np.searchsorted(_ROWS, needed)]) if needed <= _ROWS[-1] else batch
    if rows >= batch:
        return tokens_SCBT, weight_SCBT, None
    tokens_NRT = np.full((len(layout), rows, width), PAD, np.int32)
    weight_NRT = np.zeros((len(layout), rows, width - 1), np.float32)
    document_NRT = np.zeros((len(layout), rows, width), np.int32)
    given_NBT, counted_NBT = tokens_SCBT.reshape(-1, batch, width), weight_SCBT.reshape(-1, batch, width - 1)
    for step, places in enumerate(layout):
        for document, (row, first, number) in enumerate(places):
            length = length_NB[step, document]
            if not length:  # a row of padding
                continue
            inside = slice(first, first + length)
            tokens_NRT[step, row, inside] = given_NBT[step, document, :length]
            document_NRT[step, row, inside] = number
            # nothing before a document predicts its first token
            weight_NRT[step, row, first : first + length - 1] = counted_NBT[step, document, : length - 1]
    shape = seeds, count, rows
    return (
        tokens_NRT.reshape(*shape, width),
        weight_NRT.reshape(*shape, width - 1),
        document_NRT.reshape(*shape, width),
    )


def _laid(lengths: list[int], width: int) -> list[tuple[int, int, int]]:
    """Where each document lies: its row, its first column, and its number in that row, from 1 on.

    The longest are laid first, each into the first row that has room: at most 11/9 of the fewest rows, and
    one more (Johnson, 1973).
    """
    places = [(0, 0, 0)] * len(lengths)
    taken: list[int] = []
    held: list[int] = []
    for document in sorted(range(len(lengths)), key=lambda at: (-lengths[at], at)):
        room = (row for row, used in enumerate(taken) if used + lengths[document] <= width)
        row = next(room, len(taken))
        if row == len(taken):
            taken.append(0)
            held.append(0)
        held[row] += 1
        places[document] = row, taken[row], held[row]
        taken[row] += lengths[document]
    return places
