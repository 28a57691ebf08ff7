"""The English words that invented ones are kept apart from, and words as numbers.

A word of up to twelve letters is one 64-bit number, five bits a letter, so that sets of words are sorted
arrays. Two words are at most one edit apart exactly where they share a pattern: the word with one letter
replaced by a gap, or with a gap put in.
"""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

LONGEST = 12
"""The most letters that fit a number; a pattern may have as many, gap included."""

LETTER = 32
"""How many numbers a letter tells apart: a word of n letters is a number below LETTER ** n."""

_BITS = 5
_GAP = 31
_FILE = Path(__file__).parent / "wordlists" / "english.txt.gz"

Letters = NDArray[np.int64]
"""Words of one length as letters 1 to 26 [words, length]."""


@dataclass(frozen=True)
class English:
    """All words as numbers, and the patterns of the common ones, both in order."""

    words: NDArray[np.int64]
    near_common: NDArray[np.int64]


@cache
def english() -> English:
    """The frozen list."""
    common, others = gzip.decompress(_FILE.read_bytes()).decode("ascii").split("\n\n")
    first = common.split("\n")
    patterns = [patterns_of(letters).reshape(-1) for letters in by_length(first)]
    every = [pack(letters) for letters in by_length(first + others.split())]
    return English(np.sort(np.concatenate(every)), np.sort(np.concatenate(patterns)))


def by_length(words: list[str]) -> list[Letters]:
    """Words of letters a to z as letters, those of one length together."""
    if not words:
        return []
    lengths = np.array([len(word) for word in words])
    texts = np.array(words, dtype=f"S{max(1, int(lengths.max(initial=1)))}")
    codes = texts.view(np.uint8).reshape(len(words), -1).astype(np.int64) - (ord("a") - 1)
    return [codes[lengths == length, :length] for length in np.unique(lengths)]


def pack(letters: Letters) -> NDArray[np.int64]:
    """Words of one length as numbers; words of different lengths never share one."""
    number = np.zeros(len(letters), np.int64)
    for place in range(letters.shape[1]):
        number = number << _BITS | letters[:, place]
    return number


def pack_texts(texts: NDArray[np.str_]) -> NDArray[np.int64]:
    """Texts of any lengths as numbers, 0 where one is no word of up to twelve letters a to z."""
    width = texts.dtype.itemsize // 4
    codes = np.ascontiguousarray(texts).view(np.uint32).reshape(*texts.shape, width).astype(np.int64)
    letters = codes - (ord("a") - 1)
    number = np.zeros(texts.shape, np.int64)
    for place in range(min(width, LONGEST)):
        number = np.where(codes[..., place] > 0, number << _BITS | letters[..., place], number)
    word = (((letters > 0) & (letters <= 26)) | (codes == 0)).all(axis=-1) & ~codes[..., LONGEST:].any(
        axis=-1
    )
    return np.where(word, number, 0)


def unpack(numbers: NDArray[np.int64]) -> NDArray[np.str_]:
    """The words that these numbers stand for."""
    codes = np.zeros((len(numbers), LONGEST), np.uint32)
    for place in range(LONGEST):
        letter = numbers >> _BITS * (LONGEST - 1 - place) & _GAP
        codes[:, place] = np.where(letter > 0, letter + (ord("a") - 1), 0)
    lengths = (codes > 0).sum(axis=1)
    places = (np.arange(LONGEST)[None, :] + LONGEST - lengths[:, None]) % LONGEST  # letters to the front
    front = np.ascontiguousarray(np.take_along_axis(codes, places, axis=1))
    return front.view(f"<U{LONGEST}")[:, 0] if len(numbers) else np.empty(0, f"<U{LONGEST}")


def patterns_of(letters: Letters) -> NDArray[np.int64]:
    """The patterns of words of one length [words, patterns]: a gap for each letter, and at each place.

    A pattern with a gap put into a word of twelve letters would not fit and is left out.
    """
    length = letters.shape[1]
    whole = pack(letters)
    front = [whole >> _BITS * (length - place) for place in range(length + 1)]
    back = [whole & (1 << _BITS * (length - place)) - 1 for place in range(length + 1)]

    def with_gap(before: int, after: int) -> NDArray[np.int64]:
        behind = length - after
        return (front[before] << _BITS | _GAP) << _BITS * behind | back[after]

    columns = [with_gap(place, place + 1) for place in range(length)]
    if length < LONGEST:
        columns += [with_gap(place, place) for place in range(length + 1)]
    return np.stack(columns, axis=1)


def among(numbers: NDArray[np.int64], ordered: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which numbers are in an ordered array."""
    found = np.zeros(numbers.size, bool)
    if len(ordered):
        order = np.argsort(numbers, axis=None)  # in order they are looked up several times as fast
        asked = numbers.reshape(-1)[order]
        place = np.minimum(np.searchsorted(ordered, asked), len(ordered) - 1)
        found[order] = ordered[place] == asked
    return found.reshape(numbers.shape)


def holds_english(letters: Letters, least: int) -> NDArray[np.bool_]:
    """Which words of one length are English or hold an English word of `least` letters or more."""
    length = letters.shape[1]
    words = english().words
    whole = pack(letters)
    held = among(whole, words)
    for start in range(length):
        for end in range(start + least, length + 1):
            part = whole >> _BITS * (length - end) & (1 << _BITS * (end - start)) - 1
            held |= among(part, words)
    return held
