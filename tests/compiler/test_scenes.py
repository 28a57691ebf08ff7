"""Scenes: each draws a case, its facts are of its own members, and nothing follows across."""

from __future__ import annotations

import numpy as np
import pytest

from tests.compiler.conftest import Write, checked
from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.draft import draft, draw_world, world_seeds
from wug.compiler.draw import draw
from wug.compiler.experiment import Experiment
from wug.compiler.populating.fresh_sizes import fact_weights
from wug.compiler.populating.populate import populate_fresh
from wug.compiler.world import World

SPEC = """wug 1
world syllogisms {
  table mood(word, back) { "calm" <-> "wild"  "old" <-> "new" }
  scene syllogism {
    count 12
    entity term { count 4 }
    relation all(a: term, b: term) { irreflexive }
    relation no(a: term, b: term)  { symmetric  irreflexive }
    relation feels(a: term, m: mood) { }
    relation aged(s: syllogism, a: term, n: integer) { }
    rule all(a, c) if all(a, b), all(b, c)
    rule no(a, c) if all(a, b), no(b, c)
    case { all(x, y)  all(y, z)  aged(s, x, 7) }
    case { all(x, y)  no(y, z)  aged(s, x, 12) }
    case { no(x, y)  feels(x, m)  feels(y, "wild") }
  }
  entity person { count 5 }
  relation likes(p: person, t: term) { populate attribute }
}
"""


@pytest.fixture
def world(write: Write) -> World:
    spec = checked(write("syllogisms.world", SPEC))
    assert isinstance(spec, World)
    return spec


def test_every_case_is_drawn_as_often_as_any_other(world: World) -> None:
    populated, _ = draw_world(world, world_seeds(3), Report())
    counts = {name: np.bincount(facts.world).tolist() for name, facts in populated.facts.items()}
    assert counts == {"all": [12] * 3, "no": [8] * 3, "feels": [8] * 3, "aged": [8] * 3, "likes": [5] * 3}
    assert populated.names["syllogism"][0, :2].tolist() == ["example 1", "example 2"]
    assert populated.names["term"].shape == (3, 48)


def test_all_that_follows_stays_in_its_scene(world: World) -> None:
    populated, closures = draw_world(world, world_seeds(3), Report())
    assert len(closures["all"].facts) > len(populated.facts["all"])
    for name in ("all", "no"):
        facts = closures[name].facts
        first, second = (populated.scene["term"][facts.world, facts.arguments[:, place]] for place in (0, 1))
        assert (first == second).all()
        assert (facts.arguments[:, 0] != facts.arguments[:, 1]).all(), "variables are different members"
    facts = closures["aged"].facts
    assert (populated.scene["term"][facts.world, facts.arguments[:, 1]] == facts.arguments[:, 0]).all()
    assert (populated.scene["person"] == -1).all()


def test_constants_and_rows(world: World) -> None:
    populated, _ = draw_world(world, world_seeds(3), Report())
    assert populated.values["integer"].texts.tolist() == ["7", "12"]
    rows = populated.facts["feels"].arguments[:, 1].reshape(-1, 2)
    assert (rows[:, 1] == 1).all(), "the row that is written"
    assert len(set(rows[:, 0].tolist())) > 1, "and one that is drawn"


def test_wrong_choices_are_of_the_same_scene(write: Write) -> None:
    form = 'form says "No {a} are" => " {b}."'
    write(
        "syllogisms.world",
        SPEC.replace("symmetric  irreflexive", f"complete  symmetric  irreflexive  {form}"),
    )
    path = write(
        "asked.experiment",
        """wug 1
experiment asked {
  world "syllogisms.world"
  train no in says
  test trained { no in says  choices others(2) }
  model speck { layers 1  width 32  heads 2 }
  arm pretrained { }
}
""",
    )
    experiment = checked(path)
    assert isinstance(experiment, Experiment)
    whole = draft(experiment, Report())
    scene = dict(
        zip(whole.populated.names["term"][0].tolist(), whole.populated.scene["term"][0].tolist(), strict=True)
    )
    for choices in whole.tests[0].choices.tolist():
        assert len({scene[choice.strip(" .")] for choice in choices}) == 1


@pytest.mark.parametrize("facts", [1, 5, 20])
def test_fresh_scenes_are_whole(world: World, facts: int) -> None:
    seeds = draw(world_seeds(1)[0], "fresh", np.arange(10))
    names = ["all", "no", "feels", "aged"]
    wanted = {name: np.full(10, facts) for name in names}
    populated = populate_fresh(world, seeds, wanted, {}, Report())
    stated = sum(np.bincount(populated.facts[name].world, minlength=10) for name in names)
    assert (stated >= 2).all()
    assert (abs(stated - 4 * facts) <= max(3, facts)).all()
    assert (populated.counts["term"] == 4 * populated.counts["syllogism"]).all()


def test_weights_are_those_of_the_cases(world: World) -> None:
    relations = [world.relations[name] for name in ("all", "no", "feels", "aged")]
    assert fact_weights(world, relations, {"syllogism": 12, "term": 48}) == [3, 2, 2, 2]
