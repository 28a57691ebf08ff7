"""Whether sentences stand in a text, word for word, understood or not: many of them, in a text of any length.

A sentence stands there from one border of words to another. So the words that it is made of are words of the
text, one behind the other, and it is looked for only where the rarest of their runs stands.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from wug.compiler.inferring.lists import distinct

Places = NDArray[np.int64]
Hashes = NDArray[np.uint64]

PIECE = 1 << 22
"""Bytes of a text that are cut into words at once."""

SMALL = 1 << 24
"""Up to so many letters in all, each sentence is looked for in the whole text."""

RUNS = (1, 2, 4, 8)

_WORD = re.compile(r"\w")
_FACTOR = 0x9E3779B97F4A7C15
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
    """For each sentence that has a word, where its rarest run of words begins in the text, and where in the
    sentence. Runs are as long as a power of two allows, up to the last of `RUNS`.

    Words are letters and digits of ASCII, and runs are known by a hash: two that have the same are looked at
    in vain and no more.
    """
    own_starts, own = _words(b"\n".join(sentences))
    begins = np.cumsum([0, *(len(sentence) + 1 for sentence in sentences)])
    sentence_of = np.searchsorted(begins, own_starts, side="right") - 1
    many = np.bincount(sentence_of, minlength=len(sentences))[sentence_of]
    within, wanted = {}, {}
    for size, longer in zip(RUNS, (*RUNS[1:], None), strict=True):
        place = np.arange(len(own) - size + 1)
        fits = (many[place] >= size) if longer is None else (many[place] >= size) & (many[place] < longer)
        within[size] = place[fits & (sentence_of[place] == sentence_of[place + size - 1])]
        wanted[size] = distinct(_runs(own, size)[within[size]])
    told = _told(raw, wanted)
    found = {}
    for size, place in within.items():
        if not len(place):
            continue
        starts, first, often = told[size]
        number = np.searchsorted(wanted[size], _runs(own, size)[place])
        best = np.lexsort((own_starts[place], often[number], sentence_of[place]))
        best = best[np.unique(sentence_of[place[best]], return_index=True)[1]]
        for at, rarest in zip(place[best].tolist(), number[best].tolist(), strict=True):
            of = int(sentence_of[at])
            stands = starts[first[rarest] : first[rarest] + often[rarest]]
            found[of] = stands, int(own_starts[at] - begins[of])
    return found


def _told(raw: bytes, wanted: dict[int, Hashes]) -> dict[int, tuple[Places, Places, Places]]:
    """Where runs of words begin in a text, by their size: the places of one after those of another, and for
    each run that is wanted which is its first and how many there are."""
    starts: dict[int, list[Places]] = {size: [np.empty(0, np.int64)] for size in wanted}
    runs: dict[int, list[Places]] = {size: [np.empty(0, np.int64)] for size in wanted}
    begun, hashes = np.empty(0, np.int64), np.empty(0, np.uint64)
    at, seen = 0, 0
    while at < len(raw):
        end = _cut(raw, at + PIECE)
        here, words = _words(raw[at:end])
        begun, hashes = np.concatenate([begun, here + at]), np.concatenate([hashes, words])
        for size, known in wanted.items():
            first = max(0, seen - size + 1)  # those that end before were seen with the last piece
            told = _runs(hashes[first:], size)
            place = np.minimum(np.searchsorted(known, told), len(known) - 1)
            kept = np.flatnonzero(known[place] == told) if len(known) else place[:0]
            starts[size].append(begun[first + kept])
            runs[size].append(place[kept])
        seen = min(len(begun), RUNS[-1] - 1)
        begun, hashes = begun[len(begun) - seen :], hashes[len(hashes) - seen :]
        at = end
    found = {}
    for size, known in wanted.items():
        run = np.concatenate(runs[size])
        often = np.bincount(run, minlength=len(known))
        order = np.argsort(run, kind="stable")
        found[size] = np.concatenate(starts[size])[order], np.cumsum(often) - often, often
    return found


def _runs(words: Hashes, size: int) -> Hashes:
    """The hash of each run of so many words, a power of two."""
    runs, step = words, 1
    while step < size:
        factor = np.uint64(pow(_FACTOR, step, 1 << 64))
        runs = runs[: max(0, len(runs) - step)] * factor + runs[step:]
        step *= 2
    return runs


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
    powers = np.cumprod(np.full(int(sizes.max()), _FACTOR, np.uint64))
    first = np.cumsum(sizes) - sizes
    place = np.arange(int(sizes.sum())) - np.repeat(first, sizes)
    values = letters[inside[1:-1]].astype(np.uint64) * powers[place]
    return starts, np.add.reduceat(values, first) ^ (sizes.astype(np.uint64) << np.uint64(56))
