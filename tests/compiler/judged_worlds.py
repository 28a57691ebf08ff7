"""A random world, compiled and judged: facts, proofs, contradictions and what is false."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tests.compiler.judge import reading, reasoning
from tests.compiler.judge.proofs import judge_proofs
from wug.compiler.checking.world import check_world
from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.draft import world_seeds
from wug.compiler.emitting.proof_table import FactNumbers, proof_table
from wug.compiler.facts import Closure, Populated
from wug.compiler.inferring.constraints import check_constraints, contradictory
from wug.compiler.inferring.infer import infer
from wug.compiler.inferring.truth import is_false
from wug.compiler.language.parse import parse_world
from wug.compiler.language.resolve import WorldFiles
from wug.compiler.language.source import Source
from wug.compiler.populating.populate import populate
from wug.compiler.world import World

SEEDS = 2
"""Draws of each world."""


@dataclass
class Judged:
    """What a world turned out to be, and how many facts were judged in all of its draws: those that follow,
    each with its proof, and all that could be asked, for being true, false or unknown."""

    kind: str  # impossible, contradictory or sound
    facts: int = 0
    asked: int = 0


def judge_random_world(text: str) -> Judged:
    """Compile a world and compare everything with the judge. Raises AssertionError where they disagree."""
    report = Report()
    world = parsed(text, report)
    if report.failed:  # a population that cannot keep to a trait says so before anything is drawn
        assert {item.code for item in report.items} == {"W0401"}, report.items
        return Judged("impossible")
    populated = populate(world, world_seeds(SEEDS), report)
    closures = infer(world, populated, report)
    read = reading.read_world(text)
    assert len(read.rules) == len(world.rules)
    assert len(read.nevers) == len(world.nevers)
    judged = Judged("sound")
    bad: set[tuple[str, str]] = set()
    wrong = contradictory(world, populated, closures, report)
    for of in range(SEEDS):
        rows = proof_table(world, populated, closures, FactNumbers(closures, of)).to_pylist()
        facts: list[reasoning.Fact] = [(row["relation"], tuple(row["arguments"])) for row in rows]
        judge_proofs(read, rows, facts)
        violated = reasoning.violated(read, dict.fromkeys(facts, 1))
        assert wrong[of] == bool(violated), violated
        bad |= violated
        judged.facts += len(facts)
        judged.asked += judge_truth(world, populated, closures, of, read, dict.fromkeys(facts, 1))
    check_constraints(world, populated, closures, report)
    said = [re.match(r"'(\w+)' is declared (\w+)", item.message) for item in report.items]
    nevers = {never.span.start: str(number) for number, never in enumerate(world.nevers)}
    met = [item.span for item in report.items if item.message.startswith("what is declared never to be")]
    broken = {("never", nevers[span.start]) for span in met if span}
    assert {match.groups() for match in said if match} | broken == bad
    if bad:
        judged.kind = "contradictory"
    return judged


def judge_truth(
    world: World,
    populated: Populated,
    closures: dict[str, Closure],
    of: int,
    read: reading.World,
    known: dict[reasoning.Fact, int],
) -> int:
    """Every fact that could be is entailed, false or unknown for both; gives how many could be."""
    asked = 0
    for relation in world.relations.values():
        things = [texts(world, populated, of, argument.type) for argument in relation.arguments]
        grid = np.indices([len(names) for names in things]).reshape(len(things), -1).T.astype(np.int32)
        where = np.full(len(grid), of, np.int32)
        false = is_false(world, populated, relation, closures, where, grid)
        asked += len(grid)
        for arguments, answer in zip(grid.tolist(), false.tolist(), strict=True):
            words = tuple(names[number] for names, number in zip(things, arguments, strict=True))
            assert answer == reasoning.is_false(read, known, (relation.name, words)), (relation.name, words)
    return asked


def texts(world: World, populated: Populated, of: int, type: str) -> list[str]:
    """What a type's things are called."""
    if type in world.tables:
        return [row[0] for row in world.tables[type].rows]
    named = populated.values[type].texts if type in populated.values else populated.names[type][of]
    return list(named.tolist())


def parsed(text: str, report: Report) -> Any:
    source = Source(Path("drawn.world"), "drawn.world", text)
    return check_world(WorldFiles((parse_world(source, report),), Path()), report)
