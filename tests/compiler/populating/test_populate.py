"""Worlds are drawn by keys: what is added elsewhere moves nothing, a raised count keeps the first ones."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.compiler.conftest import Write, checked
from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.draft import draft, draw_world, world_seeds
from wug.compiler.emitting.emit import emit_seed
from wug.compiler.experiment import Experiment
from wug.compiler.facts import Populated
from wug.compiler.populating.partition import part_sizes
from wug.compiler.populating.populate import populate
from wug.compiler.world import World

WORLD = """wug 1
world small {
  entity creature { count 8 }
  entity place { count 4 }
  table feature(word, opposite) { "taller" <-> "shorter"  "louder" <-> "quieter"  "wider" <-> "narrower" }
  relation exceeds(a: creature, b: creature, on: feature) {
    asymmetric  converse on
    populate pairs { count 4 }
    form forward "{a} are" => " {on.word} than {b}."
    form reverse "{b} are" => " {on.opposite} than {a}."
  }
  relation lives(who: creature, where_: place) {
    populate pairs { count 6 }
    form says "{who} live in" => " {where_}."
  }
  relation parent(a: creature, b: creature) {
    populate forest { roots 2  children 1..2 }
    form says "{a} are the parents of" => " {b}."
  }
}
"""
MORE = """
  entity star { count 5 }
  table colour(word) { "red" "blue" }
  relation shines(s: star, c: creature, in_: colour) {
    populate pairs { count 4 }
    form says "{s} shines {in_.word} on" => " {c}."
  }
}
"""
EXPERIMENT = """wug 1
experiment small {
  world "small.world"
  seeds 2
  train exceeds in forward { articles 2 }
  test reversal { exceeds in reverse  choices contradiction }
  model speck { layers 1  width 32  heads 2 }
  arm icl       { context train }
  arm oracle    { context oracle(2) }
  arm augmented { finetune { steps 10 }  augment local by oracle { withhold 50% } }
}
"""


def world(write: Write, text: str) -> World:
    spec = checked(write("small.world", text))
    assert isinstance(spec, World)
    return spec


def drawn(write: Write, text: str) -> Populated:
    return populate(world(write, text), world_seeds(3), Report())


def test_an_unrelated_declaration_moves_nothing(write: Write) -> None:
    before = drawn(write, WORLD)
    after = drawn(write, WORLD.rstrip().removesuffix("}") + MORE)
    for name, names in before.names.items():
        assert (after.names[name] == names).all()
    for name, facts in before.facts.items():
        assert (after.facts[name].world == facts.world).all()
        assert (after.facts[name].arguments == facts.arguments).all()
    assert len(after.facts["shines"]) == 12


def test_an_unrelated_declaration_leaves_the_corpus(write: Write, tmp_path: Path) -> None:
    """Every document, item and context; facts of what was there keep their numbers."""
    found: list[dict[str, bytes]] = []
    for text in (WORLD, WORLD.rstrip().removesuffix("}") + MORE):
        world(write, text)
        experiment = checked(write("small.experiment", EXPERIMENT))
        assert isinstance(experiment, Experiment)
        whole = draft(experiment, Report())
        files = {}
        for of in range(2):
            folder = tmp_path / f"{len(found)}-{of}"
            folder.mkdir()
            emit_seed(whole, of, folder)
            for name in ("documents.jsonl", "items.jsonl", "contexts.parquet", "views.parquet"):
                files[f"{of}/{name}"] = (folder / name).read_bytes()
            proofs = [json.loads(line) for line in (folder / "proofs.jsonl").read_text().splitlines()]
            files[f"{of}/proofs"] = repr([row for row in proofs if row["relation"] != "shines"]).encode()
        found.append(files)
    assert found[0] == found[1]


def test_a_raised_count_keeps_the_first_names(write: Write) -> None:
    before = drawn(write, WORLD)
    after = drawn(write, WORLD.replace("creature { count 8 }", "creature { count 30 }"))
    assert (after.names["creature"][:, :8] == before.names["creature"]).all()
    after = drawn(write, WORLD.replace("place { count 4 }", "place { count 30 }"))
    assert (after.names["creature"] == before.names["creature"]).all()
    assert (after.names["place"][:, :4] == before.names["place"]).all()


def test_a_seed_draws_its_own_world(write: Write) -> None:
    small = world(write, WORLD)
    three, one = populate(small, world_seeds(3), Report()), populate(small, world_seeds(1), Report())
    assert (three.names["creature"][:1] == one.names["creature"]).all(), "whatever is drawn beside it"
    assert len({tuple(names) for names in three.names["creature"]}) == 3
    for name, facts in three.facts.items():
        assert (facts.arguments[facts.world == 0] == one.facts[name].arguments).all()


@pytest.mark.parametrize("count", [2, 4, 8, 10])
def test_a_mirrored_table_is_balanced(write: Write, count: int) -> None:
    """Each side of a mirrored table as often as the other, so that no answer is right by habit."""
    text = WORLD.replace("pairs { count 4 }", f"pairs {{ count {count} }}")
    facts = drawn(write, text).facts["exceeds"]
    for of in range(3):
        rows = facts.arguments[facts.world == of][:, 2]
        assert (np.bincount(rows // 2) % 2 == 0).all()
        assert (rows % 2 == 0).sum() == (rows % 2 == 1).sum()


def test_shapes(write: Write) -> None:
    text = """wug 1
world shapes {
  entity node { count 12 }
  relation next(a: node, b: node) { populate chain { length 4 } }
  relation parent(a: node, b: node) { injective  acyclic  populate forest { roots 3  children 0..2 } }
  relation pair(a: node, b: node) { asymmetric  functional  injective  populate pairs { count 6  each_once } }
  relation fan(a: node, b: node) { asymmetric  injective  populate pairs { count 8  partners 2 } }
  relation near(a: node, b: node) { asymmetric  populate pairs { count 60 } }
}
"""
    populated, _ = draw_world(world(write, text), world_seeds(4), Report())
    counts = {name: np.bincount(facts.world).tolist() for name, facts in populated.facts.items()}
    assert counts == {"next": [9] * 4, "parent": [9] * 4, "pair": [6] * 4, "fan": [8] * 4, "near": [60] * 4}
    for of in range(4):
        chain, forest, pairs, fan, near = (
            facts.arguments[facts.world == of] for facts in populated.facts.values()
        )
        starts = set(chain[:, 0]) - set(chain[:, 1])
        assert len(starts) == 3
        assert len(set(range(12)) - set(forest[:, 1])) == 3, "three roots"
        assert sorted(pairs.reshape(-1)) == list(range(12))
        assert sorted(np.bincount(fan[:, 0], minlength=12)) == [0] * 8 + [2] * 4
        assert not set(fan[:, 0]) & set(fan[:, 1])
        assert len({frozenset(pair) for pair in near.tolist()}) == 60, "no pair twice, nor turned round"


def test_a_partition_has_the_declared_sizes(write: Write) -> None:
    counted = "creature { count 8  partition tall 3, short 4, odd 1 }"
    populated = drawn(write, WORLD.replace("creature { count 8 }", counted))
    assert [np.bincount(parts).tolist() for parts in populated.parts["creature"]] == [[3, 4, 1]] * 3
    assert len({tuple(parts) for parts in populated.parts["creature"].tolist()}) == 3, "drawn for each seed"
    assert (populated.parts["place"] == -1).all()


@given(
    st.lists(st.integers(1, 1_000_000_000), min_size=1, max_size=6),
    st.lists(st.integers(0, 10_000_000), min_size=1, max_size=4),
)
def test_parts_are_as_near_to_their_shares_as_can_be(weights: list[int], counts: list[int]) -> None:
    sizes = part_sizes(weights, np.array(counts))
    assert sizes.sum(axis=1).tolist() == counts
    for row, count in zip(sizes.tolist(), counts, strict=True):
        for size, weight in zip(row, weights, strict=True):
            assert abs(Fraction(count * weight, sum(weights)) - size) < 1
