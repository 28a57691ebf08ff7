"""Families: couples of two sexes with children, never of brothers and sisters; born level by level."""

from __future__ import annotations

from collections import Counter, defaultdict

from hypothesis import assume, given
from hypothesis import strategies as st

from tests.compiler.test_populations import drawn, facts_of, read
from wug.compiler.data.typed import key_of
from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.draft import draw_world, world_seeds
from wug.compiler.populating.levels import level_sizes

TABLE = 'table sex(word) { "woman" "man" }'


@given(st.integers(6, 80), st.integers(2, 20), st.integers(0, 2), st.integers(0, 3), st.integers(1, 4))
def test_couples(count: int, roots: int, low: int, more: int, depth: int) -> None:
    children = (low, max(1, low + more))
    assume(roots < count)
    assume(sum(level_sizes(count, roots, children, depth, together=2)) == count)
    body = f"""entity e {{ count {count} }} {TABLE}
      relation is(p: e, s: sex) {{ functional  populate attribute {{ evenly }} }}
      relation r(p: e, c: e) {{ acyclic  populate forest {{
        roots {roots}  children {children[0]}..{children[1]}  depth {depth}  couples is }} }}"""
    populated, _ = draw_world(read(body), world_seeds(3), Report())
    for facts, sexes in zip(facts_of(populated, "r"), facts_of(populated, "is"), strict=True):
        sex = dict(sexes)
        above = defaultdict(set)
        for parent, child in facts:
            above[child].add(parent)
        partner: dict[int, set[int]] = defaultdict(set)
        for mother, father in above.values():
            assert {sex[mother], sex[father]} == {0, 1}
            partner[mother].add(father)
            partner[father].add(mother)
            assert not above.get(mother) or above[mother] != above.get(father), "brother and sister"
        assert all(len(of) == 1 for of in partner.values())
        assert max(Counter(map(frozenset, above.values())).values(), default=0) <= children[1]


def test_most_people_of_a_large_town_have_parents() -> None:
    body = f"""entity e {{ count 400 }} {TABLE}
      relation is(p: e, s: sex) {{ functional  populate attribute {{ uniform }} }}
      relation r(p: e, c: e) {{ populate forest {{ roots 100  children 0..4  depth 3  couples is }} }}"""
    for facts in drawn(body):
        assert len({child for _, child in facts}) > 270


def test_children_are_born_a_generation_later() -> None:
    body = """entity e { count 120 }
      relation r(p: e, c: e) { populate forest { roots 8  children 1..4  depth 3 } }
      relation born(p: e, d: date) {
        functional  populate attribute { between 1900-01-01..1999-12-31  along r } }"""
    populated, _ = draw_world(read(body), world_seeds(3), Report())
    days = [key_of("date", text) or 0 for text in populated.values["date"].texts.tolist()]
    for parents, births in zip(facts_of(populated, "r"), facts_of(populated, "born"), strict=True):
        born = {person: days[day] for person, day in births}
        assert len(born) == 120
        years = [(born[child] - born[parent]) / 365.25 for parent, child in parents]
        assert 16 < min(years) < max(years) < 34
        assert len(set(births)) == 120
