"""Source texts and places in them."""

from __future__ import annotations

import os
from bisect import bisect_right
from dataclasses import field
from functools import cached_property
from pathlib import Path

from wug.compiler.record import Record

LARGEST_SOURCE = 2_000_000
"""Bytes. A spec is written by hand; a larger file is data and belongs into a CSV."""


def real_path(path: Path) -> Path:
    """A path without links; where they go round in circles, as it is (`Path.resolve` raises there)."""
    return Path(os.path.realpath(path))


def neighbours(path: Path, *suffixes: str) -> list[str]:
    """The names of files beside a path that end like this; none where the folder cannot be read."""
    try:
        return sorted(p.name for p in path.parent.iterdir() if p.suffix in suffixes)
    except OSError:
        return []


class Source(Record):
    """One file's text. `name` is what is shown to a person: the path as they gave it."""

    path: Path
    name: str
    text: str = field(repr=False)

    @cached_property
    def _line_starts(self) -> list[int]:
        starts = [0]
        for index, character in enumerate(self.text):
            if character == "\n":
                starts.append(index + 1)
        return starts

    def line_and_column(self, offset: int) -> tuple[int, int]:
        """One-based line and column (in characters) of an offset."""
        line = bisect_right(self._line_starts, offset)
        return line, offset - self._line_starts[line - 1] + 1

    def begins_line(self, offset: int) -> bool:
        """Whether only space stands before an offset on its line."""
        return not self.text[self.text.rfind("\n", 0, offset) + 1 : offset].strip()

    def line(self, number: int) -> str:
        """The text of a one-based line, without its line break."""
        start = self._line_starts[number - 1]
        end = self.text.find("\n", start)
        return self.text[start : end if end >= 0 else len(self.text)].rstrip("\r")


class Span(Record):
    """Characters `start` to `end` of a source. Equality ignores it: two specs that differ only in layout
    are equal as syntax."""

    source: Source = field(compare=False)
    start: int = field(compare=False)
    end: int = field(compare=False)

    def to(self, other: Span) -> Span:
        """The span from the start of this one to the end of `other`."""
        return Span(self.source, self.start, other.end)
