"""Fresh worlds for pretraining: what the judge finds contradictory is never shown."""

from __future__ import annotations

import numpy as np
import pytest

from tests.compiler.conftest import Write, checked
from tests.compiler.judge import reading, reasoning
from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.draw import draw, seed_word
from wug.compiler.emitting import fresh_worlds
from wug.compiler.emitting.fresh_worlds import fresh
from wug.compiler.emitting.proof_table import FactNumbers, proof_table
from wug.compiler.experiment import Experiment
from wug.compiler.inferring.constraints import contradictory

WORLD = """wug 1
world guests {
  entity guest { count 8 }
  relation likes(a: guest, b: guest) {
    populate graph { degree 1..3  directed }
    form plain "{a} likes" => " {b}."
  }
  relation fears(a: guest, b: guest) {
    populate graph { degree 1..3  directed }
    form plain "{a} fears" => " {b}."
  }
  relation avoids(a: guest, b: guest) { TRAITS  form plain "{a} avoids" => " {b}." }
  rule avoids(a, c) if fears(a, b), likes(b, c)
  never likes(a, b), fears(a, b)
  never avoids(a, b), likes(b, a), a != b
}
"""
EXPERIMENT = """wug 1
experiment guests {
  world "guests.world"
  train likes in plain
  train fears in plain
  test liked { likes in plain  choices statements(likes fears)  stated  accept any }
  model speck { layers 1  width 32  heads 2  context 200  pretrain { facts 2..6  steps 4  batch 4 } }
  arm finetune { finetune { steps 10 } }
}
"""
WORLDS = 60


def guests(write: Write, traits: str = "") -> Experiment:
    write("guests.world", WORLD.replace("TRAITS", traits))
    path = write("guests.experiment", EXPERIMENT)
    spec = checked(path)
    assert isinstance(spec, Experiment)
    return spec


def judged(experiment: Experiment, facts: tuple[int, int]) -> tuple[list[set[tuple[str, str]]], list[bool]]:
    """What the judge says of each fresh world that is drawn, and what the compiler says of it."""
    seeds = draw(seed_word("episodes", 0), "phase/0", np.arange(WORLDS))
    populated, closures = fresh(experiment, experiment.models[0].episodes, {}, seeds, facts, Report())
    read = reading.read_world(experiment.span.source.path.with_suffix(".world").read_text())
    found = []
    for of in range(WORLDS):
        table = proof_table(experiment.world, populated, closures, FactNumbers(closures, of))
        rows = [(row["relation"], tuple(row["arguments"])) for row in table.to_pylist()]
        known: dict[reasoning.Fact, int] = dict.fromkeys(rows, 1)
        found.append(reasoning.violated(read, known))
    return found, contradictory(experiment.world, populated, closures, Report()).tolist()


@pytest.mark.parametrize(
    "traits", ["irreflexive", "functional", "acyclic", "asymmetric  injective", "acyclic  transitive"]
)
def test_no_fresh_world_is_contradictory(write: Write, traits: str, monkeypatch: pytest.MonkeyPatch) -> None:
    experiment = guests(write, traits)
    found, said = judged(experiment, (2, 6))
    assert not any(found)
    assert not any(said)
    monkeypatch.setattr(fresh_worlds, "contradictory", lambda *_: np.zeros(WORLDS, bool))
    unchecked, said = judged(experiment, (2, 6))
    assert {name for bad in unchecked for name, _ in bad} == {"never", "avoids"}, "some are drawn again"
    assert said == [bool(bad) for bad in unchecked], "world for world"


def test_sizes_stay(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    experiment = guests(write, "functional")
    seeds = draw(seed_word("episodes", 0), "phase/0", np.arange(WORLDS))

    def sizes() -> list[int]:
        populated, _ = fresh(experiment, experiment.models[0].episodes, {}, seeds, (2, 6), Report())
        of = np.concatenate([facts.world for facts in populated.facts.values()])
        return np.bincount(of, minlength=WORLDS).tolist()

    drawn = sizes()
    monkeypatch.setattr(fresh_worlds, "contradictory", lambda *_: np.zeros(WORLDS, bool))
    assert drawn == sizes(), "a world that is drawn again has as many facts"
