"""Tellings of one fact: all wordings, and all alternatives of a wording, before any comes again."""

from __future__ import annotations

import numpy as np

from tests.compiler.conftest import Write, checked
from wug.compiler.draft import world_seeds
from wug.compiler.saying.manner import choose
from wug.compiler.world import World

WORLD = """wug 1
world small {
  entity person { count 4 }
  relation knows(a: person, b: person) {
    populate pairs { count 3 }
    form said {
      "[Surely |Perhaps |]{a} knows[ well|]" => " {b}."
      "Someone known to[ old|] {a} is" => " {b}."
      held "Who is known to {a}?" => " {b}."
    }
  }
}
"""


def test_all_ways_to_say_a_fact_come_before_any_comes_again(write: Write) -> None:
    world = checked(write("small.world", WORLD))
    assert isinstance(world, World)
    form = world.relations["knows"].form("said")
    keys = world_seeds(20)
    manner = choose(form, keys, "a", times=12)
    ways = np.column_stack([manner.wording, manner.options]).reshape(len(keys), 12, -1)
    for tellings in ways:
        first = tellings[tellings[:, 0] == 0]
        second = tellings[tellings[:, 0] == 1]
        assert len(first) == len(second) == 6
        assert len({tuple(way) for way in first.tolist()}) == 6
        assert len({tuple(way) for way in second[:2].tolist()}) == 2
    assert len({tellings.tobytes() for tellings in ways}) > 10, "each fact has an order of its own"
