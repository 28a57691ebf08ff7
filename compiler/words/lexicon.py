"""Spelled lexicons: all words that an onset-nucleus-coda inventory gives and that keep apart.

A word is kept where it is not English and holds no English word of four letters or more, is not one edit from
a common one, does not end as an inflected word does, and is two edits or more from every other kept word;
and where its plural and its comparative are no English word and nobody else's. Among words too close to
each other the one that comes first in a keyed order stays. Shorter words are decided first, so what is kept
of a length does not depend on how much longer words may become.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from wug.compiler.draw import draw, path_word, permute
from wug.compiler.entities import Lexicon
from wug.compiler.words.english import (
    Letters,
    among,
    by_length,
    english,
    holds_english,
    pack,
    pack_texts,
    patterns_of,
    unpack,
)
from wug.compiler.words.inflect import inflect
from wug.compiler.words.words import SYLLABLES, spell

TRIED = 40_000
"""The most spellings of one length that are tried: of a larger inventory a keyed sample."""

_ENDINGS = ("s", "ed", "er", "est", "ing", "ly")
_HELD = 4


@dataclass(frozen=True)
class Words:
    """The words of a lexicon as numbers, in order; what may not be near them, and what they may become."""

    numbers: NDArray[np.int64]
    patterns: NDArray[np.int64]
    forms: NDArray[np.str_]


@cache
def words_of(lexicon: Lexicon, apart: tuple[Lexicon, ...]) -> Words:
    """All words of a lexicon that keep apart from English, from each other, from the words of the lexicons
    `apart`, which chose first, and from all names of two and three syllables."""
    earlier = [words_of(other, apart[:place]) for place, other in enumerate(apart)]
    near = [english().near_common, _syllable_names(lexicon.letters[1])]
    near += [other.patterns for other in earlier]
    forms = np.concatenate([np.empty(0, "<U1"), *(other.forms for other in earlier)])
    numbers: list[NDArray[np.int64]] = []
    for length in range(lexicon.letters[0], lexicon.letters[1] + 1):
        letters = _candidates(lexicon, length)
        if not len(letters):
            continue
        patterns = patterns_of(letters)
        for others in near:
            free = ~among(patterns, others).any(axis=1)
            letters, patterns = letters[free], patterns[free]
        kept = independent(patterns)
        letters, patterns = letters[kept], patterns[kept]
        made = forms_of(unpack(pack(letters)))
        taken = np.isin(made, forms).any(axis=1) | among(pack_texts(made[:, 1:]), english().words).any(axis=1)
        letters, patterns, made = letters[~taken], patterns[~taken], made[~taken]
        alone = independent(np.unique(made, return_inverse=True)[1].reshape(made.shape))
        numbers.append(pack(letters[alone]))
        near.append(np.sort(patterns[alone].reshape(-1)))
        forms = np.concatenate([forms, made[alone].reshape(-1)])
    start = 2 + len(earlier)
    none = np.empty(0, np.int64)
    own_forms = forms[sum(len(other.forms) for other in earlier) :]
    return Words(np.concatenate([none, *numbers]), np.sort(np.concatenate([none, *near[start:]])), own_forms)


def up_to(lexicon: Lexicon, longest: int) -> Lexicon:
    """The same lexicon without its words of more letters."""
    return replace(lexicon, letters=(lexicon.letters[0], min(longest, lexicon.letters[1])))


def forms_of(texts: NDArray[np.str_]) -> NDArray[np.str_]:
    """Words with the inflections that two of them could share [words, 3]: itself, plural, comparative.

    The superlative is shared exactly where the comparative is, and no kept word ends as a possessive.
    """
    return np.stack([texts, inflect(texts, "plural"), inflect(texts, "comparative")], axis=1)


def independent(keys: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which rows a first-come-first-kept pass keeps, where rows that share a key exclude each other.

    In each round every row that comes first in all its keys is kept, and all that share a key with it go.
    """
    order = np.argsort(keys, axis=None)
    ordered = keys.reshape(-1)[order]
    flat = np.empty(keys.size, np.int64)
    flat[order] = np.cumsum(np.concatenate([[False], ordered[1:] != ordered[:-1]])[: keys.size])
    ids = flat.reshape(keys.shape)
    first = np.empty(keys.size, np.int64)
    kept = np.zeros(len(keys), bool)
    rows = np.arange(len(keys))
    while len(rows):
        back = rows[::-1]
        first[ids[back]] = back[:, None]  # of several rows the one written last stays: the earliest
        chosen = rows[(first[ids[rows]] == rows[:, None]).all(axis=1)]
        kept[chosen] = True
        blocked = np.zeros(keys.size, bool)
        blocked[ids[chosen]] = True
        rows = rows[~blocked[ids[rows]].any(axis=1)]
    return kept


def _candidates(lexicon: Lexicon, length: int) -> Letters:
    """Words of one length that are not English nor look inflected, in the order in which they are tried."""
    letters = _spellings(lexicon, length)
    number = np.unique(pack(letters))
    order = np.argsort(draw(path_word("lexicon"), f"{lexicon.name}/order", number), kind="stable")
    number = number[order]
    for ending in _ENDINGS:
        size = 5 * len(ending)
        end = pack(by_length([ending])[0])[0]
        number = number[(number & (1 << size) - 1) != end] if length >= len(ending) else number
    letters = np.stack([number >> 5 * (length - 1 - place) & 31 for place in range(length)], axis=1)
    return letters[~holds_english(letters, _HELD)]


def _spellings(lexicon: Lexicon, length: int) -> Letters:
    """Strings of syllables with so many letters in all; of more than TRIED a keyed sample."""
    by_letters = syllables_of(lexicon)
    low, high = lexicon.syllables
    shapes = [
        shape
        for count in range(low, high + 1)
        for shape in itertools.product(sorted(by_letters), repeat=count)
        if sum(shape) == length
    ]
    sizes = [_product([len(by_letters[part]) for part in shape]) for shape in shapes]
    ends = np.cumsum(np.array(sizes, np.int64))
    total = int(ends[-1]) if shapes else 0
    index = np.arange(min(total, TRIED), dtype=np.int64)
    if total > TRIED:
        index = permute(path_word("lexicon"), f"{lexicon.name}/{length}", index, total)
    parts: list[Letters] = [np.empty((0, length), np.int64)]
    for shape, size, end in zip(shapes, sizes, ends.tolist(), strict=True):
        inside = index[(index >= end - size) & (index < end)] - (end - size)
        columns: list[Letters] = []
        for part in shape:
            columns.append(by_letters[part][inside % len(by_letters[part])])
            inside = inside // len(by_letters[part])
        parts.append(np.concatenate(columns, axis=1))
    return np.concatenate(parts)


def _product(numbers: Sequence[int]) -> int:
    total = 1
    for number in numbers:
        total *= number
    return total


def syllables_of(lexicon: Lexicon) -> dict[int, Letters]:
    """Its syllables by their number of letters."""
    triples = itertools.product(lexicon.onsets, lexicon.nuclei, lexicon.codas)
    texts = sorted({"".join(triple) for triple in triples})
    most = lexicon.letters[1]
    return {part.shape[1]: part for part in by_length([t for t in texts if len(t) <= most])}


@cache
def _syllable_names(longest: int) -> NDArray[np.int64]:
    """The patterns of all names of syllables that may be near words of up to so many letters."""
    base = len(SYLLABLES)
    names = spell(np.arange(base**2), 2) if longest >= 5 else []
    names += spell(np.arange(base**3), 3) if longest >= 8 else []
    return np.sort(
        np.concatenate([np.empty(0, np.int64), *(patterns_of(p).reshape(-1) for p in by_length(names))])
    )
