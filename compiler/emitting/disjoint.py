"""That pretraining has read nothing of what is asked: proved for the names of each world, and so for tests.

A statement holds every argument of its relation. So where one of them is of a type whose names pretraining
never uses, no episode holds the statement. Names are kept apart in one of these ways:

reserved   invented of words none of which is among those that pretraining invents names of
redrawn    those of a table of the user's own, which the fresh ones in their shape never equal
composed   of the names of another type, which are kept apart
numbered   "example 1", "example 2", ...: they are the same everywhere, and nothing is proved by them
"""

from __future__ import annotations

from typing import Any

from wug.compiler.asking.questions import Items
from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.draft import Draft
from wug.compiler.entities import Entity
from wug.compiler.words.pools import pool_of
from wug.compiler.world import World


def disjoint(drawn: Draft, report: Report) -> list[dict[str, Any]]:
    """For each seed, how its names and its items are proved to be apart from pretraining, and how many were
    compared: `names` with `against` so many words, or names of the table."""
    world = drawn.experiment.world
    read = any(model.episodes.phases for model in drawn.experiment.models)
    words = _pretraining_words(world, report) if read else frozenset[str]()
    found = []
    for of in range(len(drawn.seeds)):
        names = {type: _names(drawn, of, entity, words) for type, entity in world.entities.items()}
        tests = {}
        for items in drawn.world_tests(of):
            proof = "names" if _named_apart(world, items) else "none"
            proof = proof if read else "no episodes"
            tests[items.test.name] = {"items": len(items), "proof": proof}
        found.append({"seed": of, "names": names if read else {}, "tests": tests})
    return found


def _named_apart(world: World, items: Items) -> bool:
    """Whether each statement that items offer holds a name that no episode has."""
    if items.given:
        return False
    stated = {*items.relation.tolist(), *(claim.relation for claim in items.claims)}
    return all(any(_apart(world, a.type) for a in world.relations[name].arguments) for name in stated)


def proof_of(entity: Entity) -> str:
    """How the names of a type are kept apart from those that pretraining uses."""
    if entity.composed:
        return "composed"
    if entity.data is not None:
        return "redrawn"
    return "numbered" if entity.naming is None else "reserved"


def _apart(world: World, type: str) -> bool:
    """Whether no name of a type is in any episode."""
    if type not in world.entities:
        return False
    entity = world.entities[type]
    if entity.composed:
        return _apart(world, _made_of(entity))
    return proof_of(entity) != "numbered"


def _made_of(entity: Entity) -> str:
    if entity.terms is not None:
        return entity.terms.atoms
    assert entity.sequence is not None
    return entity.sequence.of


def _pretraining_words(world: World, report: Report) -> frozenset[str]:
    """Every word that pretraining may invent names of."""
    namings = dict.fromkeys(each.naming for each in world.entities.values() if proof_of(each) == "reserved")
    texts = [pool_of(world, naming, False, report).texts for naming in namings if naming is not None]
    return frozenset(word for each in texts for word in each.tolist())


def _names(drawn: Draft, of: int, entity: Entity, words: frozenset[str]) -> dict[str, Any]:
    """The proof of a type's names in one world. That words are reserved is not taken on trust."""
    count, proof = int(drawn.populated.counts[entity.name][of]), proof_of(entity)
    if proof == "composed":
        return {"proof": proof, "names": count, "of": _made_of(entity)}
    if proof != "reserved":
        return {"proof": proof, "names": count, "against": count if proof == "redrawn" else 0}
    names = drawn.populated.names[entity.name][of, :count].tolist()
    shared = sorted({word for name in names for word in name.split()} & words)
    assert not shared, f"pretraining may invent '{shared[0]}', a name of a world"
    return {"proof": proof, "names": count, "against": len(words)}
