"""Tries: each beginning of a text once, and nothing seen but one's own path."""

import numpy as np
import pytest

from wug.runtime.trie import Piece, filled, forest, shared_out, trie_of, tries_of

EMPTY = np.empty(0, np.int32)


def texts_of(seed: int, count: int = 12) -> list[np.ndarray]:
    """Texts of few different tokens, so that they share beginnings, and some are the beginning of others."""
    random = np.random.default_rng(seed)
    return [random.integers(1, 3, random.integers(2, 7)).astype(np.int32) for _ in range(count)]


def path_of(parent: np.ndarray, node: int) -> list[int]:
    path = [node]
    while parent[path[0]] >= 0:
        path.insert(0, int(parent[path[0]]))
    return path


@pytest.mark.parametrize("seed", range(20))
def test_a_trie_has_each_beginning_once_and_tells_each_token_after_its_own(seed: int) -> None:
    texts = texts_of(seed)
    start = np.random.default_rng(seed).integers(1, [len(text) for text in texts]).astype(np.int32)
    trie = trie_of(texts, start, range(100, 100 + len(texts)))
    begun = {tuple(text[:length]) for text in texts for length in range(1, len(text))}
    paths = [path_of(trie.parent_N, node) for node in range(len(trie))]
    assert sorted(begun) == sorted(tuple(trie.token_N[path]) for path in paths)
    for number, (text, first) in enumerate(zip(texts, start, strict=True)):
        nodes = [node for node, _ in trie.told[100 + number]]
        assert [tuple(trie.token_N[paths[node]]) for node in nodes] == [
            tuple(text[:length]) for length in range(first, len(text))
        ]
        assert [trie.target[node][which] for node, which in trie.told[100 + number]] == text[first:].tolist()
    assert all(len(set(wanted)) == len(wanted) for wanted in trie.target.values())


@pytest.mark.parametrize("seed", range(5))
def test_in_a_row_a_node_sees_its_context_and_its_path(seed: int) -> None:
    pieces = []
    for number in range(3):
        texts = texts_of(seed + number, 4)
        trie = trie_of(texts, np.ones(4, np.int32), range(4 * number, 4 * number + 4))
        pieces.append(Piece(np.array([5, 6, 7][:number], np.int32), (trie, trie)))
    width = sum(map(len, pieces)) + 3
    predicting = 2 * sum(len(piece.tries[0].target) for piece in pieces)
    made = forest([[], pieces], 2, width, predicting, 2)
    node_T = np.arange(width)
    for row in range(2):
        seen_TT = (node_T <= node_T[:, None]) & (node_T[:, None] < made.end_BT[row])
        for node in range(width):
            path = path_of(made.parent_BT[row], node)
            assert np.flatnonzero(seen_TT[node]).tolist() == path
            assert made.depth_BT[row, node] == (len(path) - 1 if node < width - 3 and row else 0)
    assert (made.node_P >= width).all()
    for number, places in made.texts.items():
        text = [made.target_PM[place] for place in places]
        node = made.node_P[places[-1][0]] - width
        assert len(path_of(made.parent_BT[1], node)) == len(text) + number // 4


def test_a_large_question_is_split_between_its_choices() -> None:
    texts = [np.array([1, 2, number, number], np.int32) for number in range(3, 23)]
    tries = tries_of(texts, np.full(20, 2, np.int32), range(20), limit=8)
    assert all(len(trie) <= 8 for trie in tries)
    assert sorted(number for trie in tries for number in trie.told) == list(range(20))
    assert len(tries_of(texts[:1], np.full(1, 2, np.int32), range(1), limit=1)) == 1


def test_rows_are_filled_to_their_width() -> None:
    random = np.random.default_rng(0)
    pieces = [Piece(np.zeros(length, np.int32), ()) for length in random.integers(5, 30, 200)]
    rows = filled(pieces, 64)
    assert sorted(map(id, pieces)) == sorted(id(piece) for row in rows for piece in row)
    assert all(sum(map(len, row)) <= 64 for row in rows)
    assert len(rows) <= 1.1 * sum(map(len, pieces)) / 64


def test_a_context_stands_before_each_part_of_its_questions() -> None:
    texts = [np.array([1, number, 2], np.int32) for number in range(3, 13)]
    tries = [trie_of([text], np.ones(1, np.int32), [number]) for number, text in enumerate(texts)]
    pieces = shared_out(np.arange(5, dtype=np.int32), tries, 12)
    assert [len(piece) for piece in pieces] == [11, 11, 11, 7]
    assert filled([], 16) == []
