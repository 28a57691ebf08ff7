"""What is written of a world in two versions, beside what is written of any: its old version, what became of
each fact, which documents arms read of which version, and what of that is asked.

The old version lies in a folder of its own below the new one, as if it were compiled by itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from wug.compiler.draft import Draft
from wug.compiler.emitting.emit import emit_seed, write_table
from wug.compiler.facts import Rows
from wug.compiler.populating.drawn import Drawn
from wug.compiler.saying.render import text_of
from wug.compiler.updating.versions import BEFORE, CHANGED, REMOVED, STATES

CHANGES = pa.schema(
    [
        ("relation", pa.string()),
        ("arguments", pa.list_(pa.string())),
        ("change", pa.string()),
        ("before", pa.list_(pa.string())),
    ]
)
PARTS = pa.schema([("arm", pa.string()), ("version", pa.string()), ("doc_id", pa.int32())])
ASKED = pa.schema([("item_id", pa.int32()), ("change", pa.string()), ("old", pa.list_(pa.string()))])


def emit_updated(draft: Draft, of: int, folder: Path) -> None:
    """The old version of one world, and the tables of what changed; nothing where it has one version."""
    if draft.before is None:
        return
    (folder / BEFORE).mkdir()
    emit_seed(draft.before, of, folder / BEFORE)
    for name, (schema, columns) in update_columns(draft, of).items():
        write_table(folder, name, columns, schema)


def update_columns(draft: Draft, of: int) -> dict[str, tuple[pa.Schema, dict[str, list[Any]]]]:
    """The tables of what changed in one world, by name."""
    return {
        "changes": (CHANGES, _changes(draft, of)),
        "parts": (PARTS, _parts(draft, of)),
        "asked": (ASKED, _asked(draft, of)),
    }


def change_lines(draft: Draft) -> list[str]:
    """What became of the facts of the first world, by relation, for its card; nothing of one version."""
    if draft.before is None:
        return []
    columns = _changes(draft, 0)
    counts = Counter(zip(columns["relation"], columns["change"], strict=True))
    told: dict[str, list[str]] = {}
    for name, change in sorted(counts, key=lambda pair: (pair[0], (*STATES, REMOVED).index(pair[1]))):
        told.setdefault(name, []).append(f"{counts[name, change]:,} {change}")
    return [f"- `{name}`: {', '.join(states)}" for name, states in told.items()]


def _changes(draft: Draft, of: int) -> dict[str, list[Any]]:
    """Each fact of the new version and what it was before, then those of the old one that are no more."""
    changes = draft.changes
    assert changes is not None
    assert draft.before is not None
    columns: dict[str, list[Any]] = {field.name: [] for field in CHANGES}
    for name, closure in draft.closures.items():
        place = changes.place(name)
        rows = np.flatnonzero(closure.facts.world == of)
        states = changes.states(name, place)[rows].tolist()
        told = _told(draft, name, rows)
        then = changes.instead(name, place)[rows] if place >= 0 else np.full(len(rows), -1)
        before = iter(_told(draft.before, name, then[then >= 0]) if (then >= 0).any() else [])
        for state, arguments, row in zip(states, told, then.tolist(), strict=True):
            was = next(before) if row >= 0 else []
            _add(columns, name, arguments, state, was if state == CHANGED else [])
    for name, closure in draft.before.closures.items():
        gone = np.flatnonzero((closure.facts.world == of) & (changes.replaced(name) < 0))
        for arguments in _told(draft.before, name, gone):
            _add(columns, name, [], REMOVED, arguments)
    return columns


def _add(
    columns: Mapping[str, list[Any]], name: str, arguments: list[str], state: str, was: list[str]
) -> None:
    for column, value in zip(CHANGES.names, (name, arguments, state, was), strict=True):
        columns[column].append(value)


def _told(drawn: Drawn, name: str, rows: Rows) -> list[list[str]]:
    """The arguments of facts, as they read."""
    relation, facts = drawn.experiment.world.relations[name], drawn.closures[name].facts
    of, arguments = facts.world[rows], facts.arguments[rows]
    texts = [
        text_of(drawn.experiment.world, drawn.populated, a.type, 0, of, arguments[:, place]).tolist()
        for place, a in enumerate(relation.arguments)
    ]
    return [list(row) for row in zip(*texts, strict=True)]


def _parts(draft: Draft, of: int) -> dict[str, list[Any]]:
    """The documents of each arm that does not read all of the new version."""
    assert draft.before is not None
    columns: dict[str, list[Any]] = {field.name: [] for field in PARTS}
    for arm in draft.experiment.arms:
        if arm.part == "all":
            continue
        version = "old" if arm.part == "old" else "new"
        told = draft.told_before(of) if arm.part == "old" else draft.world_documents(of)
        rows = np.flatnonzero(draft.read(arm, told)).tolist()
        columns["arm"] += [arm.name] * len(rows)
        columns["version"] += [version] * len(rows)
        columns["doc_id"] += rows
    return columns


def _asked(draft: Draft, of: int) -> dict[str, list[Any]]:
    columns: dict[str, list[Any]] = {field.name: [] for field in ASKED}
    for items in draft.world_tests(of):
        count = len(items)
        columns["item_id"] += range(len(columns["item_id"]), len(columns["item_id"]) + count)
        columns["change"] += items.change.tolist() if items.change is not None else [""] * count
        columns["old"] += [list(texts) for texts in items.old] or [[]] * count
    return columns
