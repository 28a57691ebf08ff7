"""Shortcuts: each answers as a reader of words alone would."""

from __future__ import annotations

import numpy as np
import pytest

from wug.compiler.asking.shortcut import NAMES, Index, own_words

DOCUMENTS = ["Zum bore Kel.", "People say that Zum bore Kel. Bir bore Dov.", "Dov sang to Zum.", "Dov slept."]
EVERY = np.ones(len(DOCUMENTS), bool)


def asked(cue: str, *choices: str, seen: np.ndarray = EVERY) -> dict[str, list[float]]:
    shares = Index(DOCUMENTS).shares([cue + choice for choice in choices], seen)
    return {name: shares[name].tolist() for name in NAMES}


def test_own_words_are_those_that_tell_the_choices_apart() -> None:
    own, common = own_words(("Zum bore Kel.", "Zum bore Dov."))
    assert (own, common) == ([frozenset({"kel"}), frozenset({"dov"})], frozenset({"zum", "bore"}))


@pytest.mark.parametrize(
    ("shortcut", "share"), [("frequency", [0.0, 1.0]), ("co-occurrence", [1.0, 0.0]), ("overlap", [1.0, 0.0])]
)
def test_each_has_its_own_reason(shortcut: str, share: list[float]) -> None:
    """Dov is named oftener, Kel with the words of the question, and one sentence says the whole."""
    assert asked("Zum bore", " Kel.", " Dov.")[shortcut] == share


def test_overlap_is_with_one_sentence_not_with_a_document() -> None:
    assert asked("Bir bore", " Kel.", " Dov.")["overlap"] == [0.0, 1.0]


def test_what_is_not_seen_does_not_count() -> None:
    assert asked("Zum bore", " Kel.", " Dov.", seen=~EVERY) == {name: [0.5, 0.5] for name in NAMES}
    last = np.arange(len(DOCUMENTS)) == 3
    assert asked("Zum bore", " Kel.", " Dov.", seen=last)["frequency"] == [0.0, 1.0]
