"""A world in two versions, judged: what became of each fact, and what was right before."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.compiler.judge.case import Case
from tests.compiler.judge.reasoning import Fact

Row = dict[str, Any]


def judge_update(case: Case, folder: Path) -> None:
    """The tables of what changed, row by row, against all facts of both versions."""
    old = case.old
    assert old is not None
    rows = _rows(folder / "changes.jsonl")
    seen: set[Fact] = set()
    for row in rows:
        fact = row["relation"], tuple(row["arguments"])
        if row["change"] == "removed":
            gone = row["relation"], tuple(row["before"])
            assert gone in old.known
            assert gone not in case.known
            assert not any(_instead(case, other, gone) for other in case.known), gone
            seen.add(gone)
            continue
        assert fact in case.known
        assert row["change"] == _state(case, fact), fact
        was = [row["relation"], tuple(row["before"])] if row["before"] else None
        assert (was is not None) == (row["change"] == "changed")
        assert was is None or _instead(case, fact, (was[0], was[1]))
        seen.add(fact)
    replaced = {gone for gone in old.known if any(_instead(case, fact, gone) for fact in case.known)}
    assert seen == set(case.known) | (set(old.known) - set(case.known) - replaced)
    items, asked = case.items, _rows(folder / "asked.jsonl")
    assert [row["item_id"] for row in asked] == [item["item_id"] for item in items]
    for item, row in zip(items, asked, strict=True):
        _judge_item(case, item, row)


def _judge_item(case: Case, item: Row, row: Row) -> None:
    """The state of what is asked, and the old answers: true then, and not now."""
    assert case.old is not None
    fact, test = case.asked(item), case.experiment.tests[item["split"]]
    if row["change"] == "removed":
        assert item["fact"] < 0
        assert not any(_instead(case, other, fact) for other in case.known)
        (text,) = row["old"]
        assert fact in case.means(case.question(test, item["cue"]) + text)
        return
    assert row["change"] == _state(case, fact)
    if test.kind in ("verdict", "statements"):
        return
    for text in row["old"]:
        assert test.kind == "generate" or text in item["choices"]
        meant = set(case.means(case.question(test, item["cue"]) + text))
        assert meant & set(case.old.known)
        assert not meant & set(case.known)
    was = [gone for gone in case.old.known if _instead(case, fact, gone)]
    if row["change"] == "changed" and test.kind == "others" and _place(case, fact[0]) == _asked(case, item):
        assert bool(row["old"]) == bool(was)


def _asked(case: Case, item: Row) -> int:
    """In which argument the choices of an item differ."""
    test = case.experiment.tests[item["split"]]
    cue = case.question(test, item["cue"])
    places = set()
    for choice in item["choices"]:
        for _, arguments in case.means(cue + choice):
            right = case.asked(item)[1]
            places |= {
                place for place, pair in enumerate(zip(arguments, right, strict=True)) if len({*pair}) > 1
            }
    return min(places)


def _state(case: Case, fact: Fact) -> str:
    assert case.old is not None
    if fact in case.old.known:
        return "kept"
    return "changed" if any(_instead(case, fact, gone) for gone in case.old.known) else "added"


def _place(case: Case, relation: str) -> int:
    """The argument of which there is one value, in both versions; -1 where there may be several."""
    assert case.old is not None
    if relation not in case.old.world.relations:
        return -1
    traits = case.world.relations[relation].traits & case.old.world.relations[relation].traits
    return 1 if "functional" in traits else 0 if "injective" in traits else -1


def _instead(case: Case, fact: Fact, gone: Fact) -> bool:
    """Whether a fact has the place of one that was true, with another value."""
    place = _place(case, fact[0])
    if fact[0] != gone[0] or place < 0 or fact == gone:
        return False
    rest = [tuple(text for at, text in enumerate(each[1]) if at != place) for each in (fact, gone)]
    return rest[0] == rest[1]


def _rows(path: Path) -> list[Row]:
    return [json.loads(line) for line in path.read_text().splitlines()]
