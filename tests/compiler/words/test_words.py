"""Nonsense names of syllables: far apart, and never the same in pretraining and in what is tested."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from tests.compiler.judge.words import edits
from wug.compiler.words.words import SYLLABLES, spell, syllable_lexicon


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
    reserved, free = syllable_lexicon(syllables, True), syllable_lexicon(syllables, False)
    assert not np.intersect1d(reserved, free).size
    total = len(reserved) + len(free)
    assert 0.2 < len(reserved) / total < 0.3
    assert total == 40**syllables - (3 if syllables == 3 else 0)
