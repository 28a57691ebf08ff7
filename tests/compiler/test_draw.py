"""Keyed draws: permutations are bijections whose beginnings stay, and numbers stay in their range."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wug.compiler.draw import below, draw, mix, permute, seed_word

WORDS = st.integers(0, 2**64 - 1)
SIZES = st.one_of(st.integers(1, 70), st.sampled_from([127, 128, 129, 255, 256, 257, 1600, 16384]))


@given(WORDS, SIZES)
def test_permute_is_a_bijection(seed: int, size: int) -> None:
    out = permute(np.uint64(seed), "path", np.arange(size), size)
    assert sorted(out.tolist()) == list(range(size))


@given(WORDS, SIZES, st.integers(0, 20_000))
def test_permute_does_not_depend_on_how_many_are_asked_for(seed: int, size: int, few: int) -> None:
    whole = permute(np.uint64(seed), "path", np.arange(size), size)
    few = few % size + 1
    assert permute(np.uint64(seed), "path", np.arange(few), size).tolist() == whole[:few].tolist()
    assert permute(np.uint64(seed), "path", np.array([few - 1]), size)[0] == whole[few - 1]


@given(st.lists(st.tuples(WORDS, st.integers(1, 40)), min_size=1, max_size=8))
def test_permute_of_many_worlds_is_that_of_each(worlds: list[tuple[int, int]]) -> None:
    """A world's permutation does not depend on which others are drawn with it, nor on their sizes."""
    seeds = np.array([seed for seed, _ in worlds], np.uint64)
    sizes = np.array([size for _, size in worlds])
    together = permute(seeds[:, None], "path", np.zeros((1, 1), np.int64), sizes[:, None])
    for row, (seed, size) in enumerate(worlds):
        assert together[row, 0] == permute(np.uint64(seed), "path", np.array([0]), size)[0]


def test_permute_refuses_what_it_cannot_send_anywhere() -> None:
    for index in (-1, 5):
        with pytest.raises(ValueError, match="from 0 to n - 1"):
            permute(np.uint64(1), "path", np.array([index]), 5)


@given(WORDS, st.integers(1, 2**32 - 1))
def test_below_is_in_range(bits: int, size: int) -> None:
    value = int(below(np.array([bits], np.uint64), size)[0])
    assert 0 <= value < size


@given(WORDS, st.integers(0, 2**31))
def test_draws_are_keyed(seed: int, index: int) -> None:
    """Another seed, path or index gives another draw, and the same ones the same draw."""
    first = draw(np.uint64(seed), "path", index)
    assert first == draw(np.uint64(seed), "path", index)
    assert first != draw(np.uint64(seed), "path/other", index)
    assert first != draw(np.uint64(seed), "path", index + 1)
    assert first != draw(np.uint64(seed ^ 1), "path", index)


def test_draws_look_uniform() -> None:
    values = below(draw(seed_word("world", 0), "path", np.arange(16_000)), 16)
    counts = np.bincount(values, minlength=16)
    assert counts.min() > 850
    assert counts.max() < 1150


def test_known_values() -> None:
    """The arithmetic is the same everywhere and for ever: a change here changes every corpus there is."""
    assert int(mix(np.array([1], np.uint64))[0]) == 6238072747940578789
    assert int(draw(seed_word("world", 0), "creature/names", 0)) == 7397260720385713298
    assert permute(seed_word("world", 0), "creature/names", np.arange(8), 8).tolist() == [
        1,
        2,
        7,
        0,
        6,
        5,
        4,
        3,
    ]
