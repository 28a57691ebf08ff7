"""Shortcuts: what would answer questions without understanding, from the words of some documents alone.

`frequency` takes the choice whose own words (those that not all choices hold) stand in most documents.
`co-occurrence` takes the one whose own words stand with the other words of the question most, a word counting
the more the rarer it is (inverse document frequency, Spärck Jones 1972). `overlap` takes the one with which
the question shares most words with some one sentence (Jaccard 1912).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

NAMES = ("frequency", "co-occurrence", "overlap")

Shares = NDArray[np.float64]
Seen = NDArray[np.bool_]

_WORD = re.compile(r"\w+")
_SENTENCE = re.compile(r"(?<=[.?!])\s+")


def words_of(text: str) -> frozenset[str]:
    """The different words of a text, as if it had no capitals."""
    return frozenset(_WORD.findall(text.casefold()))


def own_words(questions: Sequence[str]) -> tuple[list[frozenset[str]], frozenset[str]]:
    """The words of each question with its choice that not all of them hold, and those that all of them do."""
    words = [words_of(question) for question in questions]
    common = frozenset.intersection(*words)
    return [one - common for one in words], common


class Index:
    """Where the words of some documents stand, in documents and in sentences."""

    def __init__(self, documents: Sequence[str]) -> None:
        parts = [_SENTENCE.split(text) for text in documents]
        self.count = len(documents)
        self.document_of = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
        sentences = [words_of(sentence) for part in parts for sentence in part]
        self.length = np.array([len(words) for words in sentences], np.float64)
        self.in_documents = _places(map(words_of, documents))
        self.in_sentences = _places(sentences)

    def shares(self, questions: Sequence[str], seen: Seen) -> dict[str, Shares]:
        """How much of its answer each shortcut gives to each choice, from the documents that are seen.

        `questions` are those of one item, each with its choice; of k that are level each gets 1/k.
        """
        own, common = own_words(questions)
        holding = [self._with(words, seen) for words in own]
        rarity = {word: self._rarity(word, seen) for word in common}
        weight = [
            sum(rarity[word] * float((mine & self._mask(word)).sum()) for word in sorted(common))
            for mine in holding
        ]
        return {
            "frequency": _level(np.array([mine.sum() for mine in holding], np.float64)),
            "co-occurrence": _level(np.round(np.array(weight, np.float64), 9)),
            "overlap": _level(self._overlap(own, common, seen)),
        }

    def _mask(self, word: str) -> Seen:
        mask = np.zeros(self.count, bool)
        mask[self.in_documents.get(word, _NOWHERE)] = True
        return mask

    def _with(self, words: frozenset[str], seen: Seen) -> Seen:
        """The documents seen that hold all of these words; none for no words."""
        mask = seen.copy() if words else np.zeros(self.count, bool)
        for word in words:
            mask &= self._mask(word)
        return mask

    def _rarity(self, word: str, seen: Seen) -> float:
        holding = int(seen[self.in_documents.get(word, _NOWHERE)].sum())
        return float(np.log(max(1, int(seen.sum())) / max(holding, 1)))

    def _overlap(self, own: list[frozenset[str]], common: frozenset[str], seen: Seen) -> Shares:
        read = seen[self.document_of]
        if not read.any():
            return np.zeros(len(own))
        shared = self._counts(common)
        best = []
        for words in own:
            both = shared + self._counts(words)
            union = self.length + len(words) + len(common) - both
            best.append(float((both / np.maximum(union, 1))[read].max()))
        return np.round(np.array(best), 9)

    def _counts(self, words: frozenset[str]) -> Shares:
        """How many of these words each sentence holds."""
        counts = np.zeros(len(self.length))
        for word in words:
            counts[self.in_sentences.get(word, _NOWHERE)] += 1
        return counts


_NOWHERE = np.empty(0, np.int64)


def _places(texts: Iterable[frozenset[str]]) -> dict[str, NDArray[np.int64]]:
    found: dict[str, list[int]] = {}
    for place, words in enumerate(texts):
        for word in words:
            found.setdefault(word, []).append(place)
    return {word: np.array(places, np.int64) for word, places in found.items()}


def _level(values: NDArray[np.floating]) -> Shares:
    top = values == values.max()
    return np.asarray(top / top.sum(), np.float64)
