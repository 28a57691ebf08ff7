"""Whether sentences stand in a text, word for word, understood or not: many of them, in a text of any length.

A sentence stands there from one border of words to another. So the words that it is made of are words of the
text, and it is looked for only where the rarest of them stands.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Places = NDArray[np.int64]
Hashes = NDArray[np.uint64]

PIECE = 1 << 22
"""Bytes of a text that are cut into words at once."""

SMALL = 1 << 24
"""Up to so many letters in all, each sentence is looked for in the whole text."""

_WORD = re.compile(r"\w")
_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_LETTER = np.zeros(256, bool)
_LETTER[[ord(letter) for letter in "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"]] = True


def standing(text: str, sentences: Sequence[str]) -> NDArray[np.bool_]:
    """Which sentences stand in a text [sentences]; no empty one does. Capitals count."""
    raw, sought = text.encode(), [sentence.encode() for sentence in sentences]
    found = np.zeros(len(sentences), bool)
    anchored: dict[int, tuple[Places, int]] = {}
    if len(raw) * len(sought) > SMALL:
        anchored = _anchors(raw, sought)
    for number, sentence in enumerate(sought):
        if sentence and number in anchored:
            starts, within = anchored[number]
            found[number] = any(_stands_at(raw, sentence, start - within) for start in starts.tolist())
        elif sentence:
            found[number] = _stands(raw, sentence)
    return found


def _stands(raw: bytes, sentence: bytes) -> bool:
    at = raw.find(sentence)
    while at >= 0:
        if _stands_at(raw, sentence, at):
            return True
        at = raw.find(sentence, at + 1)
    return False


def _stands_at(raw: bytes, sentence: bytes, at: int) -> bool:
    """Whether a sentence stands at a place, and begins and ends no word in its midst."""
    end = at + len(sentence)
    if at < 0 or raw[at:end] != sentence:
        return False
    return not _inside(raw[max(0, at - 4) : at], sentence[:4]) and not _inside(
        sentence[-4:], raw[end : end + 4]
    )


def _inside(before: bytes, behind: bytes) -> bool:
    """Whether one word goes on from the end of a text to the beginning of another."""
    last, first = before.decode(errors="ignore")[-1:], behind.decode(errors="ignore")[:1]
    return bool(_WORD.match(last) and _WORD.match(first))


def _anchors(raw: bytes, sentences: Sequence[bytes]) -> dict[int, tuple[Places, int]]:
    """For each sentence that has a word, where its rarest one begins in the text, and where in the sentence.

    Words are runs of letters and digits of ASCII, known by a hash: two that have the same are looked at in
    vain and no more.
    """
    own_starts, own = _words(b"\n".join(sentences))
    if not len(own):
        return {}
    begins = np.cumsum([0, *(len(sentence) + 1 for sentence in sentences)])
    sentence_of = np.searchsorted(begins, own_starts, side="right") - 1
    wanted = np.unique(own)
    starts, words = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    at = 0
    while at < len(raw):
        end = _cut(raw, at + PIECE)
        begun, hashes = _words(raw[at:end])
        place = np.minimum(np.searchsorted(wanted, hashes), len(wanted) - 1)
        kept = wanted[place] == hashes
        starts.append(begun[kept] + at)
        words.append(place[kept])
        at = end
    word = np.concatenate(words)
    order = np.argsort(word, kind="stable")
    ordered = np.concatenate(starts)[order]
    many = np.bincount(word, minlength=len(wanted))
    first = np.cumsum(many) - many
    number = np.searchsorted(wanted, own)
    best = np.lexsort((own_starts, many[number], sentence_of))
    best = best[np.unique(sentence_of[best], return_index=True)[1]]
    found = {}
    for each in best.tolist():
        of, rarest = int(sentence_of[each]), int(number[each])
        places = ordered[first[rarest] : first[rarest] + many[rarest]]
        found[of] = places, int(own_starts[each] - begins[of])
    return found


def _cut(raw: bytes, at: int) -> int:
    """The first place from `at` on where no word is cut in two."""
    while at < len(raw) and _LETTER[raw[at]]:
        at += 1
    return min(at, len(raw))


def _words(raw: bytes) -> tuple[Places, Hashes]:
    """Where each word begins, and its hash."""
    letters = np.frombuffer(raw, np.uint8)
    inside = np.zeros(len(letters) + 2, bool)
    inside[1:-1] = _LETTER[letters]
    starts, ends = np.flatnonzero(inside[1:] & ~inside[:-1]), np.flatnonzero(~inside[1:] & inside[:-1])
    if not len(starts):
        return starts, np.empty(0, np.uint64)
    sizes = ends - starts
    powers = np.cumprod(np.full(int(sizes.max()), _FACTOR))
    first = np.cumsum(sizes) - sizes
    place = np.arange(int(sizes.sum())) - np.repeat(first, sizes)
    values = letters[inside[1:-1]].astype(np.uint64) * powers[place]
    return starts, np.add.reduceat(values, first) ^ (sizes.astype(np.uint64) << np.uint64(56))
