"""What documents say: a table of documents, and one of the facts that their sentences state."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from wug.compiler.facts import Ints, Rows
from wug.compiler.saying.render import Texts


@dataclass(frozen=True)
class Sentences:
    """What documents say, a row for each fact that is said; ordered by document and place.

    `start`, `answer` and `end` are places in the document's text: the fact is said from `start` to `end`, and
    what its cue asks for begins at `answer` (at `end` where the wording has no '=>').
    """

    document: Rows  # row of Documents
    relation: Texts
    row: Rows  # in the closure of the relation
    form: Texts
    wording: Ints  # place in the form
    start: Ints
    answer: Ints
    end: Ints
    statement: Texts

    def __len__(self) -> int:
        return len(self.document)


@dataclass(frozen=True)
class Documents:
    """One table of documents, in all worlds. `set` is train, or the name of the arm that adds it; `source`
    the relation, or the document declaration, that it comes from. `answer` is where the answer of a given
    text begins, -1 in all others."""

    set: Texts
    world: Ints
    source: Texts
    article: Ints
    text: Texts
    answer: Ints
    sentences: Sentences

    def __len__(self) -> int:
        return len(self.world)

    def take(self, rows: Rows) -> Documents:
        """Some documents, in the order of `rows`, with their sentences."""
        if np.array_equal(rows, np.arange(len(self))):
            return self
        counts = np.bincount(self.sentences.document, minlength=len(self))
        first = np.cumsum(counts) - counts
        taken = np.repeat(first[rows] - (np.cumsum(counts[rows]) - counts[rows]), counts[rows])
        kept = taken + np.arange(len(taken))
        columns = {f.name: getattr(self.sentences, f.name)[kept] for f in dataclasses.fields(Sentences)}
        columns["document"] = np.repeat(np.arange(len(rows), dtype=np.int64), counts[rows])
        own = {name: getattr(self, name)[rows] for name in _COLUMNS}
        return Documents(**own, sentences=Sentences(**columns))

    def said(self) -> list[range]:
        """For each document, the rows of `sentences` that it says."""
        counts = np.bincount(self.sentences.document, minlength=len(self))
        ends = np.cumsum(counts)
        pairs = zip((ends - counts).tolist(), ends.tolist(), strict=True)
        return [range(start, end) for start, end in pairs]


_COLUMNS = ("set", "world", "source", "article", "text", "answer")


def joined(parts: Sequence[Documents]) -> Documents:
    """All documents below one another."""
    if len(parts) == 1:
        return parts[0]
    columns = {name: np.concatenate([getattr(part, name) for part in parts]) for name in _COLUMNS}
    first = np.cumsum([0, *(len(part) for part in parts)])
    said = {
        f.name: np.concatenate([getattr(part.sentences, f.name) for part in parts])
        for f in dataclasses.fields(Sentences)
    }
    shifts = [part.sentences.document + shift for part, shift in zip(parts, first, strict=False)]
    said["document"] = np.concatenate(shifts)
    return Documents(**columns, sentences=Sentences(**said))
