"""Proofs, row by row: each is a valid step from facts that are there, and none could be smaller."""

from __future__ import annotations

from typing import Any

from tests.compiler.judge import reading, reasoning

Row = dict[str, Any]


def judge_proofs(world: reading.World, rows: list[Row], facts: list[reasoning.Fact]) -> None:
    """The facts are those that follow, each by a valid step, and each proof is a smallest one."""
    assert [row["fact"] for row in rows] == list(range(len(rows)))
    stated = [fact for fact, row in zip(facts, rows, strict=True) if not row["rule"]]
    known = reasoning.closure(world, stated)
    assert len(facts) == len(set(facts))
    assert set(facts) == set(known)
    valid = {(fact, rule, premises) for fact, rule, premises in reasoning.steps(world, facts)}
    for fact, row in zip(facts, rows, strict=True):
        assert row["size"] == known[fact], f"the proof of {fact} is not a smallest one"
        premises = tuple(facts[number] for number in row["premises"])
        if row["rule"]:
            assert (fact, row["rule"], premises) in valid
            assert row["size"] == sum(rows[number]["size"] for number in row["premises"])
        else:
            assert not premises
