"""Nonsense names: unique, far apart, and never the same in pretraining and in what is tested."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wug.compiler.words import SYLLABLES, draw_names, lexicon, spell


def edits(first: str, second: str) -> int:
    """Levenshtein's distance, by the book."""
    row = list(range(len(second) + 1))
    for i, a in enumerate(first, start=1):
        previous, row[0] = row[0], i
        for j, b in enumerate(second, start=1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (a != b))
    return row[-1]


def test_syllables_are_two_edits_apart() -> None:
    assert len(set(SYLLABLES)) == 40
    assert all(len(syllable) == 3 for syllable in SYLLABLES)
    assert min(edits(a, b) for a, b in itertools.combinations(SYLLABLES, 2)) == 2


def test_names_are_two_edits_apart() -> None:
    """Every name of two syllables against every other that differs in few letters."""
    names = spell(np.arange(len(SYLLABLES) ** 2), 2)
    assert len(set(names)) == 1600
    letters = np.array([list(name) for name in names])
    for row, name in enumerate(names):
        near = np.flatnonzero((letters != letters[row]).sum(axis=1) <= 2)
        assert all(edits(name, names[other]) >= 2 for other in near if other != row)
    shifted = {name[1:] for name in names} & {name[:-1] for name in names}
    for middle in shifted:  # an insertion and a deletion make two edits, never one
        assert not [name for name in names if middle == name]


@pytest.mark.parametrize("syllables", [2, 3])
def test_reserved_and_free_names_are_disjoint(syllables: int) -> None:
    reserved, free = lexicon(syllables, True), lexicon(syllables, False)
    assert not np.intersect1d(reserved, free).size
    total = len(reserved) + len(free)
    assert 0.2 < len(reserved) / total < 0.3
    assert total == 40**syllables - (3 if syllables == 3 else 0)


@given(st.integers(0, 2**64 - 1), st.integers(1, 60), st.integers(1, 60), st.sampled_from([2, 3]))
def test_drawn_names_are_distinct_and_the_first_ones_stay(
    seed: int, count: int, more: int, syllables: int
) -> None:
    seeds = np.array([seed, seed ^ 1], np.uint64)
    few = draw_names(seeds, "creature/names", count, syllables, reserved=True)
    many = draw_names(seeds, "creature/names", count + more, syllables, reserved=True)
    assert (many[:, :count] == few).all()
    for world in many:
        assert len(set(spell(world, syllables))) == count + more
        assert np.isin(world, lexicon(syllables, True)).all()


@given(st.integers(0, 2**64 - 1), st.integers(1, 150), st.integers(1, 150))
def test_types_that_share_a_lexicon_share_no_name(seed: int, first: int, second: int) -> None:
    seeds = np.array([seed, seed ^ 1], np.uint64)
    taken = draw_names(seeds, "creature/names", first, 2, reserved=True)
    others = draw_names(seeds, "person/names", second, 2, reserved=True, taken=taken)
    assert others.shape == (2, second)
    for world in range(2):
        assert len(set(others[world].tolist()) | set(taken[world].tolist())) == first + second


def test_a_lexicon_that_is_too_small() -> None:
    with pytest.raises(ValueError, match="500 names of 2 syllables"):
        draw_names(np.array([1], np.uint64), "creature/names", 500, 2, reserved=True)
