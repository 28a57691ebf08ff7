"""Small random worlds: facts, proofs and contradictions that the compiler finds are those of the judge."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import event, given, settings

from tests.compiler.judge import reading, reasoning
from tests.compiler.judge.proofs import judge_proofs
from tests.compiler.random_worlds import worlds
from wug.compiler.checking.world import check_world
from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.draft import world_seeds
from wug.compiler.emitting.emit import FactNumbers, proof_columns
from wug.compiler.facts import Closure, Populated
from wug.compiler.inferring.constraints import check_constraints, contradictory
from wug.compiler.inferring.infer import infer
from wug.compiler.inferring.truth import is_false
from wug.compiler.language.parse import parse_world
from wug.compiler.language.resolve import WorldFiles
from wug.compiler.language.source import Source
from wug.compiler.populating.populate import populate
from wug.compiler.world import World


@settings(max_examples=100)
@given(worlds())
def test_random_world(text: str) -> None:
    judge_random_world(text)


@settings(max_examples=60)
@given(worlds(layered=True))
def test_random_world_with_layers(text: str) -> None:
    judge_random_world(text)


@pytest.mark.slow
@settings(max_examples=2000)
@given(worlds())
def test_many_random_worlds(text: str) -> None:
    judge_random_world(text)


@pytest.mark.slow
@settings(max_examples=3000)
@given(worlds(layered=True))
def test_many_random_worlds_with_layers(text: str) -> None:
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
    assert len(read.rules) == len(world.rules)
    assert len(read.nevers) == len(world.nevers)
    bad: set[tuple[str, str]] = set()
    wrong = contradictory(world, populated, closures, report)
    for of in range(2):
        columns = proof_columns(world, populated, closures, FactNumbers(closures, of))
        rows = [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]
        facts: list[reasoning.Fact] = [(row["relation"], tuple(row["arguments"])) for row in rows]
        judge_proofs(read, rows, facts)
        violated = reasoning.violated(read, dict.fromkeys(facts, 1))
        assert wrong[of] == bool(violated), violated
        bad |= violated
        judge_truth(world, populated, closures, of, read, dict.fromkeys(facts, 1))
    check_constraints(world, populated, closures, report)
    said = [re.match(r"'(\w+)' is declared (\w+)", item.message) for item in report.items]
    nevers = {never.span.start: str(number) for number, never in enumerate(world.nevers)}
    met = [item.span for item in report.items if item.message.startswith("what is declared never to be")]
    broken = {("never", nevers[span.start]) for span in met if span}
    assert {match.groups() for match in said if match} | broken == bad
    event("contradictory" if bad else "sound")


def judge_truth(
    world: World,
    populated: Populated,
    closures: dict[str, Closure],
    of: int,
    read: reading.World,
    known: dict[reasoning.Fact, int],
) -> None:
    """Every fact that could be is entailed, false or unknown for both."""
    for relation in world.relations.values():
        things = [texts(world, populated, of, argument.type) for argument in relation.arguments]
        grid = np.indices([len(names) for names in things]).reshape(len(things), -1).T.astype(np.int32)
        where = np.full(len(grid), of, np.int32)
        false = is_false(world, populated, relation, closures, where, grid)
        for arguments, answer in zip(grid.tolist(), false.tolist(), strict=True):
            words = tuple(names[number] for names, number in zip(things, arguments, strict=True))
            assert answer == reasoning.is_false(read, known, (relation.name, words)), (relation.name, words)


def texts(world: World, populated: Populated, of: int, type: str) -> list[str]:
    """What a type's things are called."""
    if type in world.tables:
        return [row[0] for row in world.tables[type].rows]
    named = populated.values[type].texts if type in populated.values else populated.names[type][of]
    return list(named.tolist())


def parsed(text: str, report: Report) -> Any:
    source = Source(Path("drawn.world"), "drawn.world", text)
    return check_world(WorldFiles((parse_world(source, report),), Path()), report)
