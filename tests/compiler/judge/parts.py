"""Whom `where` may mean: whether some division into parts explains all that was chosen."""

from __future__ import annotations

from collections.abc import Iterable

from tests.compiler.judge import composed, terms
from tests.compiler.judge.reading import World
from tests.compiler.judge.reading_experiment import Where

Evidence = tuple[str, str, Where, bool]
"""A type, a member of it, a `where` about it, and whether it was chosen by it."""


def judge_parts(world: World, evidence: Iterable[Evidence]) -> None:
    """All members, or all sets of operators, have a part that they can be in."""
    possible: dict[str, dict[str, set[str]]] = {}
    for type, member, where, chosen in evidence:
        parts = parts_of(world, type)
        if not set(where.parts) <= set(parts):
            continue  # a holdout
        inside = set(where.parts) if where.inside == chosen else set(parts) - set(where.parts)
        known = possible.setdefault(type, {}).setdefault(member, set(parts))
        known &= inside
        assert known, f"{member} is in no part"
    for type, members in possible.items():
        if type in world.terms:
            by_operators(world, type, members)
        elif type in world.sequences and type not in world.partitions:
            by_last(world, type, members)


def parts_of(world: World, type: str) -> list[str]:
    """The parts of a type, in order; a sequence has those of its members if it has none of its own."""
    if type in world.terms:
        return world.terms[type].parts
    if type in world.sequences and type not in world.partitions:
        return world.partitions.get(world.sequences[type].of, [])
    return world.partitions.get(type, [])


def by_operators(world: World, type: str, members: dict[str, set[str]]) -> None:
    """Terms of the same operators are in one part, those of one operator or none in the first."""
    spoken = terms.Spoken(world.terms[type].operators)
    of: dict[frozenset[str], set[str]] = {}
    for text, parts in members.items():
        operators = terms.operators(composed.read(spoken, text))
        first = {world.terms[type].parts[0]}
        of.setdefault(
            operators, set(world.terms[type].parts) if len(operators) > 1 else first
        ).intersection_update(parts)
        assert of[operators], f"{text} is not in the part of its operators"


def by_last(world: World, type: str, members: dict[str, set[str]]) -> None:
    """A sequence is in the last part that one of its members is in."""
    order = parts_of(world, type)
    last: dict[str, int] = {}
    for text, parts in members.items():
        for member in composed.split(world, type, text):
            last[member] = min(last.get(member, len(order)), max(map(order.index, parts)))
    for text, parts in members.items():
        reached = max(last[member] for member in composed.split(world, type, text))
        assert reached >= min(map(order.index, parts)), f"{text} has no member of a late enough part"
