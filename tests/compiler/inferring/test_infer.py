"""Inference: what the judge does not look at, which is what it costs, what it refuses, how it is told."""

from __future__ import annotations

import time
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.compiler.conftest import Write, checked
from wug.compiler.checking.world import check_world
from wug.compiler.diagnosis.diagnostics import Report, SpecError
from wug.compiler.draft import draw_world, world_seeds
from wug.compiler.draw import draw, seed_word
from wug.compiler.facts import Closure, Populated
from wug.compiler.inferring import infer as inference
from wug.compiler.inferring.cycles import find_cycle
from wug.compiler.inferring.lists import Column, Lists
from wug.compiler.inferring.proofs import Proofs
from wug.compiler.inferring.runs import Runs, sort_keys
from wug.compiler.language.parse import parse_world
from wug.compiler.language.resolve import WorldFiles
from wug.compiler.language.source import Source
from wug.compiler.populating.populate import populate_fresh
from wug.compiler.populating.sheets import read_data
from wug.compiler.world import World


def world(declarations: str) -> World:
    report = Report()
    source = Source(Path("w.world"), "w.world", f"wug 1\nworld w {{\n{declarations}\n}}\n")
    made = check_world(WorldFiles((parse_world(source, report),), Path()), report)
    assert not report.items, report.items
    return made


def drawn(declarations: str) -> tuple[World, Populated, dict[str, Closure]]:
    made = world(declarations)
    populated, closures = draw_world(made, world_seeds(1), Report())
    return made, populated, closures


def told(declarations: str, relation: str) -> list[str]:
    """The proofs of a relation's facts."""
    made, populated, closures = drawn(declarations)
    proofs = Proofs(made, populated, closures)
    return [proofs.text(relation, row) for row in range(len(closures[relation].facts))]


FAMILY = """
  entity person { count 4 }
  relation parent(a: person, b: person) { complete  populate chain }
"""
CHAIN = """
  entity person {{ count {count}  named nonce(syllables 3) }}
  relation parent(a: person, b: person) {{ {traits}  populate chain }}
"""
BY_RULE = """
  relation ancestor(a: person, b: person) { }
  rule ancestor(a, b) if parent(a, b)
  rule ancestor(a, c) if parent(a, b), ancestor(b, c)
"""


def test_what_is_denied_and_counted_is_told() -> None:
    names = drawn(FAMILY)[1].names["person"][0].tolist()
    denied = """
      relation inner(a: person) { complete }
      rule inner(b) if parent(a, b), parent(b, c)
      relation last(a: person) { }
      rule last(b) if parent(a, b), not inner(b)
    """
    a, b = names[2], names[3]
    assert told(FAMILY + denied, "last") == [
        f"last({b}) by rule last from [parent({a}, {b}) is stated, and inner({b}) does not hold]"
    ]
    counted = """
      relation older(a: person, n: integer) { functional }
      rule older(b, count(a)) if parent(a, b)
      relation all(n: integer) { }
      rule all(count(b)) if older(b, n), parent(a, b)
    """
    made, populated, closures = drawn(
        FAMILY.replace("chain", "forest") + counted.replace("{ functional", "{ complete")
    )
    assert sorted(Proofs(made, populated, closures).leaves("all", 0)) == [("parent", row) for row in range(3)]
    assert closures["all"].size.tolist() == [6], "each of three is counted with two facts"


@pytest.mark.parametrize(("traits", "rules", "facts"), [("", BY_RULE, 600), ("transitive acyclic", "", 600)])
def test_a_long_chain_costs_what_it_gives(traits: str, rules: str, facts: int) -> None:
    start = time.process_time()
    _, _, closures = drawn(CHAIN.format(count=facts, traits=traits) + rules)
    largest = closures["ancestor" if rules else "parent"]
    assert len(largest.facts) == facts * (facts - 1) // 2
    assert largest.size.max() == facts - 1
    assert time.process_time() - start < 10, "a fact that is sorted anew in each round costs minutes"


def test_too_many_facts_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inference, "MOST_FACTS", 1000)
    with pytest.raises(SpecError) as error:
        drawn(CHAIN.format(count=100, traits="") + BY_RULE)
    assert error.value.report.items[0].code == "W0409"
    assert "more than 1,000 facts follow, and rule ancestor gives more" in str(error.value)
    with pytest.raises(SpecError) as error:
        drawn(CHAIN.format(count=100, traits="transitive acyclic"))
    (told,) = error.value.report.items
    assert told.code == "W0409"
    assert told.span is not None, "a trait is told where the relation is"


def test_the_leaves_of_a_proof_do_not_overflow() -> None:
    """Each relation takes the one before it twice, so that a proof doubles with every step."""
    steps = "\n".join(
        f"relation r{i}(a: person) {{ }} rule r{i}(a) if r{i - 1}(a), r{i - 1}(a)" for i in range(1, 80)
    )
    _, _, closures = drawn(f"{FAMILY} relation r0(a: person) {{ }} rule r0(a) if parent(a, b)\n{steps}")
    assert closures["r79"].size.tolist() == [2**31 - 1] * 3


def test_real_members_and_values_are_named_in_rules(write: Write) -> None:
    write(
        "peaks.csv", "name,metres,seen\nK2,8611,1856-09-10\nElbrus,5642,1813-04-08\nDenali,6190,1794-05-06\n"
    )
    made = checked(
        write(
            "peaks.world",
            'wug 1\nworld peaks {\n  entity peak from "peaks.csv" { named name }\n'
            "  relation height(p: peak, metres: integer) { complete  populate rows }\n"
            "  relation first(p: peak, seen: date) { complete  populate rows }\n"
            "  relation high(p: peak) { complete }\n  relation early(p: peak) { }\n"
            "  relation lower(a: peak, b: peak) { }\n  relation count_high(n: integer) { }\n"
            "  rule high(p) if height(p, m), m >= 6190\n"
            "  rule early(p) if first(p, d), d < 1800-01-01\n"
            '  rule lower(p, "K2") if height("K2", m), height(p, n), n < m, p != "Denali"\n'
            "  rule count_high(count(p)) if high(p)\n}\n",
        )
    )
    assert isinstance(made, World)
    populated, closures = draw_world(made, world_seeds(1), Report())
    names = populated.names["peak"][0]

    def facts(relation: str) -> list[list[str]]:
        return [names[row].tolist() for row in closures[relation].facts.arguments]

    assert facts("high") == [["K2"], ["Denali"]]
    assert facts("early") == [["Denali"]]
    assert facts("lower") == [["Elbrus", "K2"]]
    integers = populated.values["integer"].texts
    assert integers[closures["count_high"].facts.arguments[0, 0]] == "2"
    seeds = draw(seed_word("fresh", 0), "world", np.arange(5))
    sizes = {name: np.full(5, 2) for name in ("height", "first")}
    drawn_fresh = populate_fresh(made, seeds, sizes, read_data(made, Report()), Report())
    fresh = inference.infer(made, drawn_fresh, Report())
    assert not len(fresh["lower"].facts), "there is no K2 in a fresh world"


@given(st.lists(st.lists(st.integers(0, 30), max_size=20), max_size=12), st.sampled_from([31, 10**12, 2**62]))
def test_an_index_finds_all_that_was_added(batches: list[list[int]], domain: int) -> None:
    runs, wanted, row = Runs(domain), defaultdict(list), 0
    for batch in batches:
        keys = np.array(batch, np.int64)
        runs.add(keys, row + np.arange(len(keys)))
        for key in batch:
            wanted[key].append(row)
            row += 1
    asked = np.arange(31)
    found = defaultdict(list)
    for place, at in zip(*runs.pairs(asked), strict=True):
        found[int(asked[place])].append(int(at))
    assert {key: sorted(rows) for key, rows in found.items()} == dict(wanted)
    assert runs.any(asked).tolist() == [key in wanted for key in range(31)]
    assert all(at in wanted[key] if key in wanted else at == -1 for key, at in enumerate(runs.find(asked)))


@given(
    st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), max_size=14), st.sampled_from(["", "a", "b"])
)
def test_cycles(pairs: list[tuple[int, int]], single: str) -> None:
    if single:  # at most one edge of each node, or one into each
        pairs = list({pair[single == "b"]: pair for pair in pairs}.values())
    start, end = (np.array([pair[side] for pair in pairs], np.int64) for side in (0, 1))
    reached = set(pairs)
    while more := {(a, d) for a, b in reached for c, d in reached if b == c} - reached:
        reached |= more
    found = find_cycle(start, end)
    assert (found is None) == all(a != b for a, b in reached)
    if found is not None:
        (a, b), (c, d) = (pairs[edge] for edge in found)
        assert b == c
        assert (d, a) in reached or d == a, "both are on one cycle"


def test_a_long_chain_is_seen_to_be_without_a_cycle() -> None:
    count = 100_000
    assert find_cycle(np.arange(count), np.arange(1, count + 1)) is None
    assert find_cycle(np.arange(count), np.arange(1, count + 1) % count) is not None


@given(st.lists(st.integers(0, 9)), st.sampled_from([10, 2**62]))
def test_keys_are_sorted_in_their_order(keys: list[int], domain: int) -> None:
    ordered, place = sort_keys(np.array(keys, np.int64), domain)
    assert ordered.tolist() == sorted(keys)
    assert place.tolist() == sorted(range(len(keys)), key=keys.__getitem__)


@given(st.lists(st.lists(st.integers(0, 99), max_size=4), min_size=1, max_size=9), st.data())
def test_lists_are_taken(lists: list[list[int]], data: st.DataObject) -> None:
    flat, start, many = Column(np.int32), Column(np.int64), Column(np.int32)
    for each in lists:
        start.append(np.array([len(flat)]))
        flat.append(np.array(each, np.int32))
        many.append(np.array([len(each)]))
    whole = Lists(flat.values, start.values, many.values)
    rows = data.draw(st.lists(st.integers(0, len(lists) - 1), max_size=12))
    some = whole.take(np.array(rows, np.int64))
    assert [some[row] for row in range(len(rows))] == [lists[row] for row in rows]
