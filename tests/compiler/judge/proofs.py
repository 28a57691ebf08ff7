"""Proofs, row by row: each is a valid step from facts that are there, and none could be smaller."""

from __future__ import annotations

from typing import Any

from tests.compiler.judge import reading, reasoning

Row = dict[str, Any]


def judge_proofs(world: reading.World, rows: list[Row], facts: list[reasoning.Fact]) -> None:
    """The facts are those that follow, each by a valid step, and each proof is a smallest one."""
    assert [row["fact"] for row in rows] == list(range(len(rows)))
    bare = [fact for fact, row in zip(facts, rows, strict=True) if not row["rule"]]
    stated = [fact for fact in bare if fact not in world.composed]
    known = reasoning.closure(world, stated)
    assert len(facts) == len(set(facts))
    assert set(facts) == set(known)
    steps: dict[tuple[reasoning.Fact, str], list[reasoning.Step]] = {}
    for step in reasoning.steps(world, facts):
        steps.setdefault((step.fact, step.rule), []).append(step)
    for fact, row in zip(facts, rows, strict=True):
        assert row["size"] == known[fact], f"the proof of {fact} is not a smallest one"
        premises = [facts[number] for number in row["premises"]]
        absent = {(name, tuple(arguments)) for name, *arguments in row["absent"]}
        if row["rule"]:
            assert any(rests_on(step, premises, absent) for step in steps[fact, row["rule"]]), row
            assert row["size"] == sum(rows[number]["size"] for number in row["premises"])
        else:
            assert not premises
            assert not absent


def rests_on(step: reasoning.Step, premises: list[reasoning.Fact], absent: set[reasoning.Fact]) -> bool:
    """Whether these are the premises of a step: one way for each of its needs, and just what those deny."""
    length = len(premises) // len(step.needs)
    parts = [tuple(premises[start : start + length]) for start in range(0, len(premises), length)]
    denied: set[reasoning.Fact] = set()
    if len(parts) != len(step.needs):
        return False
    for ways in step.needs:
        taken = [way for way in ways if way[0] in parts]
        if len(taken) != 1:
            return False
        denied |= set(taken[0][1])
    return denied == absent
