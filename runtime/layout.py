"""Layout: how the questions of a world are laid out in batches so that they cost least.

Questions are tries in the rows of batches. Two ways are compared, by the operations that they take, padding
included:

- grown: the context of some tries stands in their row as their trunk;
- cached: each context is read once, and rows of tries share what is kept of it.

Cached is the cheaper for many questions about a long context, grown where each question has a context of its
own or none, or where there is too little to be worth another program. The choice follows from the questions
and the model alone, so that a world is scored alike whatever was scored before. No JAX here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from wug.compiler.plan import Model
from wug.compiler.shape import shape_of
from wug.runtime.corpus import Ints
from wug.runtime.cost import pair_flops
from wug.runtime.trie import Piece, Trie, filled, shared_out, tries_of
from wug.runtime.widths import CHUNK, TOKENS, roomy

_PROGRAM = 5 * 10**9  # operations in the time that it takes to compile one: a second, of a slow core
_CALL = 10**8  # the same of a batch
_ATTENDED = 2**26  # at most so many logits of attention a batch, which are there three times: 768 MiB
_TRIE = 256  # questions of more nodes are split

Tries = dict[int, list[Trie]]  # by the context before them


@dataclass(frozen=True)
class Asked:
    """Texts to be scored: the choices of an item, cue and all, behind its context.

    `contexts` are tokens, and `context_N` says which one stands before an item, -1 for none. Tokens from
    `start_Q` (1 or more) on are counted; an item's texts stand together, and `item_Q` ascends.
    """

    contexts: tuple[Ints, ...]
    context_N: Ints
    item_Q: Ints
    tokens: tuple[Ints, ...]
    start_Q: Ints

    def context(self, number: int) -> Ints:
        """The tokens before an item; empty for -1."""
        return self.contexts[number] if number >= 0 else np.empty(0, np.int32)


@dataclass(frozen=True)
class Work:
    """What a model's operations are made of: two for each parameter of the layers and token, two for each
    of the unembedding and prediction, and some for each pair of a token and one it attends to."""

    layers: int
    unembedding: int
    pair: int
    heads: int

    def of(self, tokens: int, pairs: int, predicted: int) -> int:
        return 2 * self.layers * tokens + self.pair * pairs + 2 * self.unembedding * predicted


def work_of(model: Model, layers: int, vocabulary: int) -> Work:
    """The work of a model with so many parameters in its layers."""
    shape = shape_of(model)
    return Work(layers, (shape.vocabulary or vocabulary) * shape.width, pair_flops(model), shape.heads)


@dataclass(frozen=True)
class Layout:
    """Batches of `rows` rows of `width` nodes, of which `predicting` of up to `targets` tokens each.

    `filled` are, for each context that is read before, or for -1, the rows behind it.
    """

    operations: int
    rows: int
    width: int
    predicting: int
    targets: int
    filled: Mapping[int, list[list[Piece]]]

    def batches(self) -> Iterator[tuple[int, list[list[Piece]]]]:
        """Which context is before it, and the rows of each batch."""
        for context, rows in self.filled.items():
            for first in range(0, len(rows), self.rows):
                yield context, rows[first : first + self.rows]


def best(work: Work, asked: Asked) -> Layout:
    """The cheapest way. Of batches that cost a tenth more than the cheapest ones, the largest are taken."""
    tries = _tries(asked)
    layouts = [*_grown(work, asked, tries), *_cached(work, asked, tries)]
    least = min(layout.operations for layout in layouts)
    near = [layout for layout in layouts if layout.operations <= 1.1 * least]
    return max(near, key=lambda layout: layout.rows * layout.width)


def _grown(work: Work, asked: Asked, tries: Tries) -> Iterator[Layout]:
    longest = max(
        (len(asked.context(context)) + len(trie) for context, every in tries.items() for trie in every),
        default=0,
    )
    alone = not any(len(asked.context(context)) for context in tries)
    for width in _widths(longest):
        if alone or work.heads * width * width <= _ATTENDED:
            pieces = [
                piece
                for context, every in tries.items()
                for piece in shared_out(asked.context(context), every, width)
            ]
            yield from _in_batches(work, {-1: filled(pieces, width)}, {-1: 0}, width)


def _cached(work: Work, asked: Asked, tries: Tries) -> Iterator[Layout]:
    slots = {context: roomy(len(asked.context(context))) for context in tries}
    if not any(slots.values()):
        return
    reading = 0
    for each in filter(None, slots.values()):
        width = min(each, CHUNK)
        reading += each // width * (_CALL + work.of(width, width * (each + width), 0))
    programs = _PROGRAM * len(set(slots.values()) - {0})
    empty = np.empty(0, np.int32)
    for width in _widths(max(len(trie) for every in tries.values() for trie in every)):
        rows = {
            context: [[piece] for piece in shared_out(empty, every, width)]
            for context, every in tries.items()
        }
        for layout in _in_batches(work, rows, slots, width):
            yield replace(layout, operations=layout.operations + reading + programs)


def _tries(asked: Asked) -> Tries:
    found: Tries = {}
    edges = np.flatnonzero(np.diff(asked.item_Q, prepend=-1)).tolist()
    for first, end in pairwise([*edges, len(asked.item_Q)]):
        numbers = range(first, end)
        tries = tries_of(asked.tokens[first:end], asked.start_Q[first:end], numbers, _TRIE)
        found.setdefault(int(asked.context_N[asked.item_Q[first]]), []).extend(tries)
    return found


def _widths(longest: int) -> Iterator[int]:
    """Widths of rows that are wide enough."""
    width = roomy(max(1, longest))
    yield width
    while (width := 2 * width) <= 2 * CHUNK:
        yield width


def _in_batches(
    work: Work, rows: dict[int, list[list[Piece]]], slots: dict[int, int], width: int
) -> Iterator[Layout]:
    """Rows of a width, in batches of any size that memory allows."""
    every = [trie for each in rows.values() for row in each for piece in row for trie in piece.tries]
    targets = max((len(wanted) for trie in every for wanted in trie.target.values()), default=1)
    most = work.heads * width * (width + max(slots.values()))
    count = 1
    while True:
        layout = Layout(0, count, width, 0, 1 << (targets - 1).bit_length(), rows)
        needed = max(
            (sum(piece.predicting for row in batch for piece in row) for _, batch in layout.batches()),
            default=0,
        )
        tokens = count * width
        predicting = next(part for part in (tokens // 8, tokens // 4, tokens // 2, tokens) if part >= needed)
        operations = sum(
            -(-len(each) // count) * (_CALL + work.of(tokens, tokens * (slots[context] + width), predicting))
            for context, each in rows.items()
        )
        programs = _PROGRAM * len({slots[context] for context, each in rows.items() if each})
        yield replace(layout, operations=operations + programs, predicting=predicting)
        count *= 2
        largest = max(map(len, rows.values()))
        if count >= 2 * largest or count * width > TOKENS or count * most > _ATTENDED:
            return
