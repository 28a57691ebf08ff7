"""Tries: the choices of a question as one tree of tokens, and many such trees side by side in one row.

Texts that begin alike are read alike as far as they do, so a trie has each token once: of K choices behind a
cue of Q tokens there are Q + K (A - 1) to read, the last of each being only predicted. Nodes stand in the
order of a walk that finishes a branch before it begins the next. What hangs below a node is then the nodes up
to its `end`, and a node sees another one if it lies between that one and its end: tree attention (Miao et
al., SpecInfer, arXiv 2305.09781). A node's place in the text is its depth, wherever it stands in the row.

Letters in names: N nodes, R texts, B rows, T nodes of a row, P predicting nodes, M targets of one.
No JAX here.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from wug.runtime.corpus import Ints


@dataclass(frozen=True)
class Trie:
    """Some texts, each token once; roots have the parent -1. What each node predicts stands in `target`, by
    node and number, and `told` says of each text, by its number, what adds up to its likelihood."""

    token_N: Ints
    parent_N: Ints
    end_N: Ints  # behind the last node below this one
    depth_N: Ints
    target: dict[int, list[int]]
    told: dict[int, list[tuple[int, int]]]  # node, and which of its targets

    def __len__(self) -> int:
        return len(self.token_N)


def trie_of(texts: Sequence[Ints], start_R: Ints, numbers: Sequence[int]) -> Trie:
    """The trie of texts, of which the tokens from `start` (1 or more) on are to be predicted; what is told of
    each is kept by its number."""
    token: list[int] = []
    parent: list[int] = []
    end: list[int] = []
    target: dict[int, list[int]] = {}
    told: dict[int, list[tuple[int, int]]] = {}
    path: list[int] = []  # the nodes of the text before, in order
    rows = [text.tolist() for text in texts]
    for at in sorted(range(len(rows)), key=lambda row: rows[row]):
        row = rows[at]
        same = 0
        while same < min(len(path), len(row) - 1) and token[path[same]] == row[same]:
            same += 1
        del path[same:]
        for each in row[same:-1]:
            parent.append(path[-1] if path else -1)
            path.append(len(token))
            token.append(each)
            end.append(len(token))
        for node in path:
            end[node] = len(token)
        told[numbers[at]] = sums = []
        for place in range(int(start_R[at]), len(row)):
            of_node = target.setdefault(path[place - 1], [])
            if row[place] not in of_node:
                of_node.append(row[place])
            sums.append((path[place - 1], of_node.index(row[place])))
    depth = np.zeros(len(token), np.int32)
    for node, above in enumerate(parent):
        depth[node] = depth[above] + 1 if above >= 0 else 0
    token_N, parent_N, end_N = (np.array(each, np.int32) for each in (token, parent, end))
    return Trie(token_N, parent_N, end_N, depth, target, told)


def tries_of(texts: Sequence[Ints], start_R: Ints, numbers: Sequence[int], limit: int) -> list[Trie]:
    """The trie of texts, or several ones where it has more nodes than `limit`, with some texts each."""
    whole = trie_of(texts, start_R, numbers)
    if len(whole) <= limit or len(texts) == 1:
        return [whole]
    half = len(texts) // 2
    first, second = slice(0, half), slice(half, None)
    return [
        *tries_of(texts[first], start_R[first], numbers[first], limit),
        *tries_of(texts[second], start_R[second], numbers[second], limit),
    ]


@dataclass(frozen=True)
class Piece:
    """Tries, and the text before them, which is read in the same row or empty."""

    context: Ints
    tries: tuple[Trie, ...]

    def __len__(self) -> int:
        return len(self.context) + sum(map(len, self.tries))

    @property
    def predicting(self) -> int:
        """How many of its nodes predict something."""
        return sum(len(trie.target) for trie in self.tries)


def filled(pieces: Sequence[Piece], width: int) -> list[list[Piece]]:
    """Rows of pieces that take `width` nodes or fewer: the longest first, each where most room is left."""
    rows: list[list[Piece]] = []
    room: list[tuple[int, int]] = []  # less what is left in a row, and which
    for piece in sorted(pieces, key=len, reverse=True):
        if room and -room[0][0] >= len(piece):
            left, row = heapq.heappop(room)
        else:
            left, row = -width, len(rows)
            rows.append([])
        rows[row].append(piece)
        heapq.heappush(room, (left + len(piece), row))
    return rows


def shared_out(context: Ints, tries: Sequence[Trie], width: int) -> list[Piece]:
    """Pieces of at most `width` nodes, each with the context before some of the tries."""
    rows = filled([Piece(context[:0], (trie,)) for trie in tries], width - len(context))
    return [Piece(context, tuple(trie for piece in row for trie in piece.tries)) for row in rows]


@dataclass(frozen=True)
class Forest:
    """A batch of rows. Padding sees itself alone. Predicting nodes are numbered through all rows; `texts`
    have, by number, the places in `target_PM` whose log-likelihoods add up to theirs."""

    token_BT: Ints
    parent_BT: Ints  # in the same row; -1 for what comes first in a text, or behind a context read before
    end_BT: Ints
    depth_BT: Ints
    node_P: Ints
    target_PM: Ints
    texts: dict[int, list[tuple[int, int]]]


def forest(rows: Sequence[Sequence[Piece]], count: int, width: int, predicting: int, targets: int) -> Forest:
    """Rows as arrays: `count` rows of `width` nodes, room for so many predicting nodes of so many targets."""
    token_BT, depth_BT = np.zeros((count, width), np.int32), np.zeros((count, width), np.int32)
    parent_BT = np.full((count, width), -1, np.int32)
    end_BT = np.tile(np.arange(1, width + 1, dtype=np.int32), (count, 1))
    node_P, target_PM = np.zeros(predicting, np.int32), np.zeros((predicting, targets), np.int32)
    texts: dict[int, list[tuple[int, int]]] = {}
    found = 0
    for row, pieces in enumerate(rows):
        at = 0
        for piece in pieces:
            before = len(piece.context)
            trunk, last = slice(at, at + before), at + before - 1
            token_BT[row, trunk] = piece.context
            parent_BT[row, trunk] = np.arange(at - 1, last)
            depth_BT[row, trunk] = np.arange(before)
            end_BT[row, trunk] = at + len(piece)
            if before:
                parent_BT[row, at] = -1
            root = last if before else -1
            at += before
            for trie in piece.tries:
                own = slice(at, at + len(trie))
                token_BT[row, own] = trie.token_N
                parent_BT[row, own] = np.where(trie.parent_N < 0, root, trie.parent_N + at)
                depth_BT[row, own] = trie.depth_N + before
                end_BT[row, own] = trie.end_N + at
                place = {}
                for node, wanted in trie.target.items():
                    node_P[found] = row * width + at + node
                    target_PM[found, : len(wanted)] = wanted
                    place[node] = found
                    found += 1
                for number, sums in trie.told.items():
                    texts[number] = [(place[node], which) for node, which in sums]
                at += len(trie)
    return Forest(token_BT, parent_BT, end_BT, depth_BT, node_P, target_PM, texts)


def chain(tokens: Ints, first: int, width: int) -> Forest:
    """One row of tokens, one behind the other from place `first` on, that predict nothing."""
    piece = Piece(tokens, ())
    made = forest([[piece]], 1, width, 0, 1)
    made.depth_BT[:] += first
    return made
