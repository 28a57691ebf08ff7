"""Every population keeps to what is asked of it, whatever the sizes, or an error says why not."""

from __future__ import annotations

import contextlib
import tempfile
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.compiler.conftest import checked
from wug.compiler.diagnosis.diagnostics import Report, SpecError
from wug.compiler.draft import draw_world, world_seeds
from wug.compiler.draw import draw, scaled
from wug.compiler.facts import Populated
from wug.compiler.inferring.constraints import check_constraints
from wug.compiler.inferring.infer import infer
from wug.compiler.populating.distribution import cumulative, draw_apart, zipf
from wug.compiler.populating.levels import level_sizes
from wug.compiler.populating.populate import populate, populate_fresh
from wug.compiler.world import World

SEEDS = 3
Pairs = list[tuple[int, ...]]


def read(body: str) -> World:
    """The world with these declarations."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "wug.lock").touch()
        path = Path(folder) / "some.world"
        path.write_text(f"wug 1\nworld some {{\n{body}\n}}\n")
        world = checked(path)
    assert isinstance(world, World)
    return world


def facts_of(populated: Populated, relation: str) -> list[Pairs]:
    """The facts of a relation in each world."""
    facts = populated.facts[relation]
    return [
        [tuple(row) for row in facts.arguments[facts.world == of].tolist()] for of in range(populated.worlds)
    ]


def drawn(body: str, relation: str = "r") -> list[Pairs]:
    """The facts of each world, all traits checked; every fact is there once."""
    populated, _ = draw_world(read(body), world_seeds(SEEDS), Report())
    worlds = facts_of(populated, relation)
    for facts in worlds:
        assert len(set(facts)) == len(facts)
    return worlds


sizes = st.integers(2, 60)


@given(sizes, st.integers(1, 4), st.integers(0, 3), st.integers(1, 4), st.integers(1, 6), st.integers(1, 3))
def test_forest(count: int, roots: int, low: int, more: int, depth: int, parents: int) -> None:
    assume(roots < count)
    children = (min(low, low + more - 1), low + more - 1 or 1)
    room = sum(level_sizes(count, roots, children, depth))
    assume(room == count)
    body = f"""entity e {{ count {count} }}
      relation r(a: e, b: e) {{ acyclic  populate forest {{
        roots {roots}  children {children[0]}..{children[1]}  depth {depth}
        parents 1..{parents}  upward }} }}"""
    for facts in drawn(body):
        above = defaultdict(list)
        for child, parent in facts:
            above[child].append(parent)
        assert len(above) == count - roots, "all but the roots have parents"
        assert all(len(found) <= parents for found in above.values())
        levels: dict[int, int] = {}

        def level(node: int, levels: dict[int, int] = levels, above: dict[int, list[int]] = above) -> int:
            if node not in levels:
                levels[node] = 1 + max((level(parent) for parent in above.get(node, ())), default=-1)
            return levels[node]

        assert max(map(level, range(count))) <= depth
        if parents == 1:
            assert max(Counter(parent for _, parent in facts).values()) <= children[1]


@given(sizes, st.integers(1, 3), st.integers(0, 2), st.integers(1, 3))
def test_forest_without_a_depth(count: int, roots: int, low: int, more: int) -> None:
    assume(roots < count)
    body = f"""entity e {{ count {count} }}
      relation r(a: e, b: e) {{ injective acyclic
        populate forest {{ roots {roots}  children {low}..{low + more} }} }}"""
    for facts in drawn(body):
        assert len(facts) == count - roots
        assert max(Counter(parent for parent, _ in facts).values()) <= low + more


@given(
    sizes, st.integers(1, 200), st.sampled_from(["asymmetric", "acyclic", "functional", "acyclic injective"])
)
def test_pairs_keep_to_their_traits(count: int, wanted: int, traits: str) -> None:
    once = {"functional": count, "acyclic injective": count - 1}
    assume(wanted <= min(count * ((count - 1) // 2) if count > 2 else 1, once.get(traits, wanted)))
    body = f"""entity e {{ count {count} }}
      relation r(a: e, b: e) {{ {traits}  populate pairs {{ count {wanted} }} }}"""
    for facts in drawn(body):
        assert len({frozenset(fact) for fact in facts}) == wanted


@given(sizes, st.integers(0, 6), st.integers(0, 6), st.booleans())
def test_graph(count: int, low: int, more: int, directed: bool) -> None:
    high = low + more
    assume(1 <= high < count)
    assume(directed or not (low == high and high % 2 and count % 2))
    flag = "directed" if directed else ""
    trait = "irreflexive" if directed else "asymmetric"
    body = f"""entity e {{ count {count} }}
      relation r(a: e, b: e) {{ {trait}  populate graph {{ degree {low}..{high}  {flag} }} }}"""
    for facts in drawn(body):
        ends = [a for a, _ in facts] if directed else [end for fact in facts for end in fact]
        degrees = Counter(ends)
        assert all(low <= degrees[node] <= high for node in range(count))
        assert directed or len({frozenset(fact) for fact in facts}) == len(facts)


def test_a_regular_graph_is_not_always_the_same_one() -> None:
    worlds = drawn("entity e { count 30 }  relation r(a: e, b: e) { asymmetric populate graph { degree 3 } }")
    around = {frozenset((node, (node + 1) % 30)) for node in range(30)}
    for facts in worlds:
        assert len(around & {frozenset(fact) for fact in facts}) < 12, "the edges have swapped partners"
    assert len({tuple(sorted(facts)) for facts in worlds}) == SEEDS


@given(sizes, sizes, st.integers(0, 5), st.integers(1, 5), st.sampled_from(["", "injective"]))
def test_bipartite_by_degree(first: int, second: int, low: int, more: int, trait: str) -> None:
    high = low + more
    assume(high <= second)
    assume(not trait or first * high <= second)
    body = f"""entity a {{ count {first} }}  entity b {{ count {second} }}
      relation r(x: a, y: b) {{ {trait}  populate bipartite {{ degree {low}..{high} }} }}"""
    for facts in drawn(body):
        degrees = Counter(a for a, _ in facts)
        assert all(low <= degrees[node] <= high for node in range(first))


@given(
    sizes,
    sizes,
    st.integers(1, 100),
    st.sampled_from(["", "functional", "injective", "functional injective"]),
)
def test_bipartite_by_count(first: int, second: int, count: int, traits: str) -> None:
    bounds = {"functional": first, "injective": second}
    assume(count <= min([first * second, *(bounds[trait] for trait in traits.split())]))
    body = f"""entity a {{ count {first} }}  entity b {{ count {second} }}
      relation r(x: a, y: b) {{ {traits}  populate bipartite {{ count {count} }} }}"""
    assert [len(facts) for facts in drawn(body)] == [count] * SEEDS


@given(sizes, st.integers(1, 12))
def test_grid(count: int, width: int) -> None:
    assume(width <= count)
    body = f"""entity e {{ count {count} }}
      table way(word, back) {{ "right of" <-> "left of"  "below" <-> "above" }}
      relation r(a: e, b: e, on: way) {{ asymmetric converse on  populate grid {{ width {width} }} }}
      relation plain(a: e, b: e) {{ acyclic  populate grid {{ width {width} }} }}"""
    cells = range(count)
    right = {(i, i + 1) for i in cells if (i + 1) % width and i + 1 < count}
    below = {(i, i + width) for i in cells if i + width < count}
    for facts in drawn(body):
        turned = [(b, a, way ^ 1) if way % 2 else (a, b, way) for a, b, way in facts]
        assert sorted(turned) == sorted([(*p, 0) for p in right] + [(*p, 2) for p in below])
    for facts in drawn(body, "plain"):
        assert set(facts) == right | below


@given(sizes, st.booleans())
def test_permutation(count: int, same: bool) -> None:
    other = "a" if same else "b"
    trait = "irreflexive" if same else ""
    body = f"""entity a {{ count {count} }}  entity b {{ count {count} }}
      relation r(x: a, y: {other}) {{ functional injective {trait}  populate permutation }}"""
    for facts in drawn(body):
        assert sorted(a for a, _ in facts) == sorted(b for _, b in facts) == list(range(count))


@given(
    sizes,
    st.integers(1, 40),
    st.integers(0, 4),
    st.integers(1, 4),
    st.sampled_from(["uniform", "evenly", "zipf 1.1", "zipf 0", "weighted"]),
)
def test_attribute(first: int, second: int, low: int, more: int, spread: str) -> None:
    high = low + more
    assume(high <= second)
    spread += " 7" * second if spread == "weighted" else ""
    body = f"""entity a {{ count {first} }}  entity b {{ count {second} }}
      relation r(x: a, y: b) {{ populate attribute {{ each {low}..{high}  {spread} }} }}"""
    for facts in drawn(body):
        each = Counter(a for a, _ in facts)
        assert all(low <= each[node] <= high for node in range(first))
        if spread == "evenly" and facts:
            used = Counter(b for _, b in facts)
            times = [used[value] for value in range(second)]
            assert max(times) - min(times) <= 1


@given(sizes, st.integers(0, 30), st.sampled_from(["", "injective"]), st.sampled_from(["", "evenly"]))
def test_values_between(count: int, more: int, trait: str, spread: str) -> None:
    assume(not trait or more + 1 >= count)
    body = f"""entity e {{ count {count} }}
      relation r(x: e, n: integer) {{ functional {trait}
        populate attribute {{ between 18..{18 + more} {spread} }} }}"""
    populated, _ = draw_world(read(body), world_seeds(SEEDS), Report())
    values = populated.values["integer"]
    assert all(18 <= int(text) <= 18 + more for text in values.texts)
    assert len(populated.facts["r"]) == SEEDS * count


@pytest.mark.parametrize(
    ("type", "range_", "possible"),
    [
        ("number", "0.5..0.8", {"0.5", "0.6", "0.7", "0.8"}),
        ("money", "9..9.02", {"9.00", "9.01", "9.02"}),
        ("money", "5..7  step 0.5", {"5.00", "5.50", "6.00", "6.50", "7.00"}),
        ("date", "1999-12-30..2000-01-02", {"1999-12-30", "1999-12-31", "2000-01-01", "2000-01-02"}),
        ("integer", "10..30  step 10", {"10", "20", "30"}),
    ],
)
def test_ranges_of_values(type: str, range_: str, possible: set[str]) -> None:
    body = f"""entity e {{ count 60 }}
      relation r(x: e, v: {type}) {{ populate attribute {{ between {range_} }} }}"""
    populated = populate(read(body), world_seeds(1), Report())
    assert set(populated.values[type].texts) == possible


@given(sizes, st.integers(1, 3), st.integers(1, 100))
def test_exceptions(count: int, each: int, share: int) -> None:
    body = f"""entity e {{ count {count} }}  entity part {{ count 12 }}
      relation is_a(c: e, d: e) {{ functional  populate forest {{ upward  children 1..3 }} }}
      relation has(c: e, p: part) {{ populate attribute {{ each {each} }} }}
      relation lacks(c: e, p: part) {{ complete  populate exceptions {{ of has  share {share}% }} }}"""
    report = Report()
    with contextlib.suppress(SpecError):
        populated, _ = draw_world(read(body), world_seeds(SEEDS), report)
    if report.failed:
        assert {item.code for item in report.items} == {"W0401"}
        return
    for up, has, lacks in zip(*(facts_of(populated, name) for name in ("is_a", "has", "lacks")), strict=True):
        above, own = dict(up), set(has)
        assert len({node for node, _ in lacks}) == len(lacks) <= max(1, -(-count * share // 100))
        for node, part in lacks:
            assert (node, part) not in own
            at = node
            while at in above and (at, part) not in own:
                at = above[at]
            assert (at, part) in own, "something above it has what it lacks"


# Distributions


def test_zipf_is_as_zipf_is() -> None:
    ends = zipf("1.1", 100_000)
    weights = np.diff(ends)
    rank = np.arange(1, 100_001)
    assert np.allclose(weights / weights[0], rank**-1.1, rtol=1e-3)
    assert (np.diff(weights) <= 0).all()
    assert (zipf("1.1", 5000)[:5001] == ends[:5001]).all(), "however many there are"


def test_weights_are_kept_to() -> None:
    bits = draw(world_seeds(1)[0], "test", np.arange(40_000))
    drawn_ = draw_apart(bits[:, None], cumulative((50, 30, 20), 3), np.full(40_000, 3), 1)
    assert np.allclose(np.bincount(drawn_[:, 0]) / 40_000, [0.5, 0.3, 0.2], atol=0.01)


@given(st.lists(st.integers(1, 50), min_size=1, max_size=8), st.integers(1, 8))
def test_drawn_apart(weights: list[int], turns: int) -> None:
    assume(turns <= len(weights))
    bits = draw(world_seeds(1)[0], "apart", np.arange(50 * turns)).reshape(50, turns)
    found = draw_apart(bits, cumulative(tuple(weights), len(weights)), np.full(50, len(weights)), turns)
    assert all(len(set(row)) == turns for row in found.tolist())
    assert found.min() >= 0
    assert found.max() < len(weights)


@given(st.integers(1, 2**62), st.integers(0, 2**64 - 1))
def test_scaled(n: int, bits: int) -> None:
    assert int(scaled(np.array([bits], np.uint64), np.array([n]))[0]) == bits * n >> 64


# What a change moves


@pytest.mark.parametrize(
    "population",
    [
        "forest { children 1..3 }",
        "graph { degree 1..3  directed }",
        "attribute { each 1..3 }",
        "attribute { each 1..3  zipf 1.5 }",
        "bipartite { degree 1..3 }",
    ],
)
def test_a_raised_count_keeps_the_first_facts(population: str) -> None:
    types = "a: e, b: e" if population.startswith(("forest", "graph")) else "a: e, b: f"
    body = f"entity e {{ count %d }}  entity f {{ count 9 }}  relation r({types}) {{ populate {population} }}"
    before, after = drawn(body % 20), drawn(body % 50)
    if population.startswith("graph"):  # whom a member leads to depends on how many there are
        before, after = ([[fact[:1] for fact in facts] for facts in worlds] for worlds in (before, after))
    for small, large in zip(before, after, strict=True):
        assert large[: len(small)] == small


# Fresh worlds

EVERYTHING = """
  entity e { count 40 }  entity f { count 20 }  entity g { count 20 }  entity h { count 40 }
  table way(word, back) { "right of" <-> "left of"  "below" <-> "above" }
  relation forest(a: e, b: e) { injective acyclic  populate forest { roots 2  depth 6 } }
  relation upward(a: e, b: e) { acyclic  populate forest { roots 3  parents 1..2  upward } }
  relation chain(a: e, b: e) { functional injective acyclic  populate chain { length 5 } }
  relation pairs(a: e, b: e) { asymmetric  populate pairs { count 30 } }
  relation bipartite(a: e, b: f) { populate bipartite { count 30 } }
  relation degree(a: e, b: f) { populate bipartite { degree 1..3 } }
  relation grid(a: h, b: h, on: way) { asymmetric converse on  populate grid { width 8 } }
  relation graph(a: e, b: e) { asymmetric  populate graph { degree 3 } }
  relation leads(a: e, b: e) { irreflexive  populate graph { degree 1..2 directed } }
  relation permuted(a: f, b: g) { functional injective  populate permutation }
  relation likes(a: e, b: f) { populate attribute { each 1..3  zipf 1.1 } }
  relation owns(a: e, b: f) { populate attribute { each 1..2  evenly } }
  relation age(a: e, n: integer) { functional  populate attribute { between 18..90 } }
  relation has(a: e, b: f) { populate attribute }
  relation lacks(a: e, b: f) { complete  populate exceptions { of has  along upward  share 10% } }
"""
POPULATED = [word.split("(")[0] for word in EVERYTHING.split("relation ")[1:]]


@pytest.mark.parametrize("name", POPULATED)
@pytest.mark.parametrize("facts", [1, 3, 8, 25])
def test_a_fresh_world_has_about_so_many_facts(name: str, facts: int) -> None:
    world = read(EVERYTHING)
    seeds = draw(world_seeds(1)[0], "fresh", np.arange(20))
    populated = populate_fresh(world, seeds, {name: np.full(20, facts)}, {}, Report())
    found = np.bincount(populated.facts[name].world, minlength=20)
    assert (found <= facts).all()
    assert found.mean() >= (0.6 * facts if name != "lacks" else 0.2 * facts)


def test_fresh_worlds_keep_to_the_traits() -> None:
    world = read(EVERYTHING)
    seeds = draw(world_seeds(1)[0], "fresh", np.arange(30))
    facts = {name: np.arange(30) % 7 for name in POPULATED}
    populated = populate_fresh(world, seeds, facts, {}, Report())
    report = Report()
    check_constraints(world, populated, infer(world, populated, report), report)
    assert not report.items
