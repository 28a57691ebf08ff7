"""What a change of a spec does to its corpora: documents and questions that leave, and that enter.

Worlds are compared seed by seed, and only those that both have. A document is its text and what it is for; a
question its cue, its choices and the right ones.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pyarrow.parquet as parquet

from wug.compiler.record import Record


class Moved(Record):
    """Of one kind: how many there were and are, how many left and how many entered."""

    before: int
    after: int
    left: int
    entered: int


class Corpora(Record):
    """How two compiled experiments differ. `documents` by what they are for (train, augmented), `questions`
    by test; `seeds` are those that both have."""

    seeds: int
    documents: dict[str, Moved]
    questions: dict[str, Moved]


def compare_corpora(before: Path, after: Path) -> Corpora:
    """Compare two compiled folders."""
    names = [{each.name for each in folder.glob("seed-*")} for folder in (before, after)]
    shared = sorted(names[0] & names[1])
    documents = [_counted(folder, shared, "documents", "set", ("text",)) for folder in (before, after)]
    asked = ("cue", "choices", "accept")
    questions = [_counted(folder, shared, "items", "split", asked) for folder in (before, after)]
    return Corpora(len(shared), _moved(*documents), _moved(*questions))


def _counted(
    folder: Path, seeds: list[str], table: str, kind: str, columns: tuple[str, ...]
) -> dict[str, Counter[tuple[str, ...]]]:
    """How often each row is there, by its kind."""
    found: dict[str, Counter[tuple[str, ...]]] = {}
    for seed in seeds:
        read = parquet.read_table(folder / seed / f"{table}.parquet", columns=[kind, *columns])
        values = [map(str, read[name].to_pylist()) for name in columns]
        for name, *row in zip(read[kind].to_pylist(), *values, strict=True):
            found.setdefault(name, Counter())[(seed, *row)] += 1
    return found


def _moved(
    before: dict[str, Counter[tuple[str, ...]]], after: dict[str, Counter[tuple[str, ...]]]
) -> dict[str, Moved]:
    found = {}
    for name in dict.fromkeys([*before, *after]):
        was, now = before.get(name, Counter()), after.get(name, Counter())
        found[name] = Moved(was.total(), now.total(), (was - now).total(), (now - was).total())
    return found
