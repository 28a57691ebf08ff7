"""Texts as models write them: lines and lists, bold and quoted, several sentences, a capital first.

What is read is each sentence by itself, as it stands or without what only dresses it. Nothing here changes
what is trained.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from wug.compiler.saying.read import Reader, Reading

_MARK = re.compile(r"\s*(?:>\s*)*(?:#+\s+|(?:[-*+•–—]|\(?(?:\d+|[A-Za-z])[.):])\s+)?")
_END = re.compile(r"[.!?…][\"'“”‘’»)\]*_`]*(?=\s)")
_EMPHASIS = re.compile(r"[*`]+|(?<!\w)_+|_+(?!\w)")
_PLAIN = str.maketrans({"‘": "'", "’": "'", "“": '"', "”": '"'})
_AROUND = "\"'«»()[] \t"

_MOST_PIECES = 4
"""So many places that look like the end of a sentence may be within one, less one."""


@dataclass(frozen=True)
class Read:
    """A sentence of a text, from `start` to `end`, and all that it may mean: nothing where it is none of the
    world's."""

    start: int
    end: int
    readings: tuple[Reading, ...]


def read(reader: Reader, text: str) -> list[Read]:
    """The sentences of a text: the whole, if that is one, else those of its lines."""
    if not text.strip():
        return []
    if whole := reader.sentence(text):
        return [Read(0, len(text), tuple(whole))]
    found: list[Read] = []
    for start, end in _lines(text):
        found += _sentences(reader, text, start, end)
    return found


def _lines(text: str) -> Iterator[tuple[int, int]]:
    """Where each line says something, behind the mark of a list."""
    at = 0
    for line in text.splitlines(keepends=True):
        mark = _MARK.match(line)
        start = at + (mark.end() if mark else 0)
        end = at + len(line.rstrip())
        if start < end:
            yield start, end
        at += len(line)


def _sentences(reader: Reader, text: str, start: int, end: int) -> list[Read]:
    ends = [match.end() for match in _END.finditer(text, start, end) if match.end() < end] + [end]
    found: list[Read] = []
    first = 0
    while first < len(ends):
        for last in range(min(len(ends), first + _MOST_PIECES), first, -1):
            readings = _meant(reader, text[start : ends[last - 1]])
            if readings or last == first + 1:
                found.append(Read(start, ends[last - 1], readings))
                first, start = last, ends[last - 1]
                while start < end and text[start].isspace():
                    start += 1
                break
    return found


def _meant(reader: Reader, sentence: str) -> tuple[Reading, ...]:
    """What a sentence may mean, as it stands or undressed, with a capital first letter or a small one, and
    where its full stop was left out."""
    plain = _EMPHASIS.sub("", sentence).translate(_PLAIN)
    bare = plain.strip(_AROUND)
    for way in dict.fromkeys((sentence, plain, bare, f"{bare}.")):
        for each in (way, way[:1].swapcase() + way[1:]):
            if found := reader.sentence(each):
                return tuple(found)
    return ()
