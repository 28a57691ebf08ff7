"""Whom a text names: members and values, by their names or in any way in which the world's forms say them.

No sentence need be understood for that: a text that names two members together tells a model that they belong
together, whatever else it says.
"""

from __future__ import annotations

import re
from collections import Counter

import numpy as np

from wug.compiler.facts import Populated, Rows
from wug.compiler.forms import Slot, slots
from wug.compiler.populating.drawn import Drawn
from wug.compiler.saying.render import slot_text
from wug.compiler.world import World

Member = tuple[str, int]
"""A type, and the number of a member, cell or value of it."""

_TOKEN = re.compile(r"\w+|[^\w\s]")


class Naming:
    """What members and values of one drawn world are called: whole words, in capital or small letters."""

    def __init__(self, world: World, populated: Populated, of: int) -> None:
        self._called: dict[str, list[tuple[tuple[str, ...], frozenset[Member]]]] = {}
        called: dict[tuple[str, ...], set[Member]] = {}
        for type, ways in _ways(world).items():
            count = _count(world, populated, type, of)
            number, where = np.arange(count, dtype=np.int32), np.full(count, of, np.int32)
            for slot in ways:
                texts = slot_text(world, populated, type, slot, where, number)
                own = [tuple(_TOKEN.findall(text.casefold())) for text in texts.tolist()]
                counts = Counter(own)
                for place, tokens in enumerate(own):
                    shared = slot.column > 0 and counts[tokens] > 1  # what rows have in common names none
                    if tokens and not shared:
                        called.setdefault(tokens, set()).add((type, place))
        for tokens, members in called.items():
            self._called.setdefault(tokens[0], []).append((tokens, frozenset(members)))

    def named(self, text: str) -> frozenset[Member]:
        """All members and values that a text names."""
        tokens = tuple(_TOKEN.findall(text.casefold()))
        found: set[Member] = set()
        for place, token in enumerate(tokens):
            for called, members in self._called.get(token, ()):
                if tokens[place : place + len(called)] == called:
                    found |= members
        return frozenset(found)


def _ways(world: World) -> dict[str, dict[Slot, None]]:
    """In which ways the members of each type are said: by the bare name, and as forms say them."""
    found: dict[str, dict[Slot, None]] = {}
    for relation in world.relations.values():
        for argument in relation.arguments:
            found.setdefault(argument.type, {Slot(0, 0): None})
        for form in relation.forms:
            for wording in form.wordings:
                for slot in slots(wording.pieces):
                    way = Slot(0, max(0, slot.column), slot.inflections)
                    found[relation.arguments[slot.argument].type][way] = None
    return found


def members_of(drawn: Drawn, relation: str, rows: Rows) -> list[frozenset[Member]]:
    """All members and values that each of some facts is about."""
    types = [argument.type for argument in drawn.experiment.world.relations[relation].arguments]
    every = drawn.closures[relation].facts.arguments[rows].tolist()
    return [frozenset(zip(types, numbers, strict=True)) for numbers in every]


def about(drawn: Drawn, relation: str, rows: Rows) -> list[frozenset[Member]]:
    """Whom each of some facts is about: where it tells two members of entities or more of one another these,
    whatever it says of them; else its values too."""
    entities = drawn.experiment.world.entities
    found = []
    for every in members_of(drawn, relation, rows):
        named = frozenset(member for member in every if member[0] in entities)
        found.append(named if len(named) > 1 else every)
    return found


def _count(world: World, populated: Populated, type: str, of: int) -> int:
    if type in world.tables:
        return len(world.tables[type].rows)
    if type in populated.values:
        return len(populated.values[type].texts)
    return int(populated.counts[type][of])
