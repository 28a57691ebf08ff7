"""Small random worlds: facts, proofs and contradictions that the compiler finds are those of the judge."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import event, given, settings

from tests.compiler.judge import reading, reasoning
from tests.compiler.judge.proofs import judge_proofs
from tests.compiler.random_worlds import worlds
from wug.compiler.check_world import check_world
from wug.compiler.diagnostics import Report
from wug.compiler.draft import world_seeds
from wug.compiler.emit import FactNumbers, proof_columns
from wug.compiler.infer import infer
from wug.compiler.parse import parse_world
from wug.compiler.populate import populate
from wug.compiler.resolve import WorldFiles
from wug.compiler.source import Source
from wug.compiler.truth import check_traits


@settings(max_examples=150)
@given(worlds())
def test_random_world(text: str) -> None:
    judge_random_world(text)


@pytest.mark.slow
@settings(max_examples=2000)
@given(worlds())
def test_many_random_worlds(text: str) -> None:
    judge_random_world(text)


def judge_random_world(text: str) -> None:
    report = Report()
    world = parsed(text, report)
    if report.failed:  # a population that cannot keep to a trait says so before anything is drawn
        assert {item.code for item in report.items} == {"W0401"}, report.items
        event("impossible")
        return
    populated = populate(world, world_seeds(2), report)
    closures = infer(world, populated, report)
    read = reading.read_world(text)
    bad: set[tuple[str, str]] = set()
    for of in range(2):
        columns = proof_columns(world, populated, closures, FactNumbers(closures, of))
        rows = [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]
        facts: list[reasoning.Fact] = [(row["relation"], tuple(row["arguments"])) for row in rows]
        judge_proofs(read, rows, facts)
        bad |= reasoning.violated(read, dict.fromkeys(facts, 1))
    check_traits(world, populated, closures, report)
    said = [re.match(r"'(\w+)' is declared (\w+)", item.message) for item in report.items]
    assert {match.groups() for match in said if match} == bad
    event("contradictory" if bad else "sound")


def parsed(text: str, report: Report) -> Any:
    source = Source(Path("drawn.world"), "drawn.world", text)
    return check_world(WorldFiles((parse_world(source, report),), Path()), report)
