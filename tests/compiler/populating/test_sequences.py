"""Sequences: distinct, read as their members do, joined by rules exactly where every place has one thing."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from tests.compiler.conftest import Write, checked
from wug.compiler.diagnosis.diagnostics import Report, SpecError
from wug.compiler.draft import draw_world, world_seeds
from wug.compiler.draw import seed_word
from wug.compiler.facts import Closure, Populated
from wug.compiler.inferring.infer import infer
from wug.compiler.inferring.proofs import Proofs
from wug.compiler.populating.populate import populate, populate_fresh, read_data
from wug.compiler.world import World

WORLD = """wug 1

world w {{
  entity book {{ count 3 }}
  entity word {{ count 8  named nonce(syllables 3)  partition common 75%, rare 25% }}
  entity code {{ count 8 }}
  entity message {{ count {count}  sequence word  length {length} }}
  entity coded {{ sequence code }}
  relation define(w: word, c: code, b: book) {{ functional  populate permutation {{ for_each b }} }}
  relation encode(b: book, m: message, x: coded) {{ complete }}
  relation starts(m: message, w: word) {{ }}
  rule encode(b, m, join(c)) if message(m, i, w), define(w, c, b)
  rule starts(m, w) if message(m, 1, w)
}}
"""


def _world(write: Write, count: int = 30, length: str = "2..3") -> World:
    world = checked(write("w.world", WORLD.format(count=count, length=length)))
    assert isinstance(world, World)
    return world


def _names(populated: Populated, type: str, of: int) -> list[str]:
    return populated.names[type][of, : populated.counts[type][of]].tolist()


def _facts(populated: Populated, closures: dict[str, Closure], relation: str, of: int) -> list[list[int]]:
    facts = closures[relation].facts
    return facts.arguments[facts.world == of].tolist()


def _judge(populated: Populated, closures: dict[str, Closure], of: int) -> int:
    """Encode every message in every book by hand; how many there are."""
    book, word, code, message, coded = (
        _names(populated, type, of) for type in ("book", "word", "code", "message", "coded")
    )
    assert len(set(message)) == len(message)
    assert len(set(coded)) == len(coded)
    meaning = {(book[b], word[w]): code[c] for w, c, b in _facts(populated, closures, "define", of)}
    wanted = set()
    for b, m in itertools.product(book, message):
        parts = [meaning.get((b, w)) for w in m.split(" ")]
        if None not in parts:
            wanted.add((b, m, " ".join(part for part in parts if part)))
    found = {(book[b], message[m], coded[x]) for b, m, x in _facts(populated, closures, "encode", of)}
    assert found == wanted
    starts = {message[m]: word[w] for m, w in _facts(populated, closures, "starts", of)}
    assert starts == {m: m.split(" ")[0] for m in message}
    return len(wanted)


def test_joins(write: Write) -> None:
    world = _world(write)
    populated, closures = draw_world(world, world_seeds(4), Report())
    assert [_judge(populated, closures, of) for of in range(4)] == [90, 90, 90, 90]
    for of in range(4):
        assert set(_names(populated, "coded", of)) == {
            _names(populated, "coded", of)[x] for _, _, x in _facts(populated, closures, "encode", of)
        }
        lengths = [len(name.split(" ")) for name in _names(populated, "message", of)]
        assert lengths.count(2) == lengths.count(3) == 15


def test_a_permutation_for_each_book(write: Write) -> None:
    populated, closures = draw_world(_world(write), world_seeds(2), Report())
    for of in range(2):
        facts = _facts(populated, closures, "define", of)
        assert len(facts) == 24
        for book in range(3):
            pairs = [(w, c) for w, c, b in facts if b == book]
            assert sorted(w for w, _ in pairs) == sorted(c for _, c in pairs) == list(range(8))
        assert len({tuple(sorted((w, c) for w, c, b in facts if b == book)) for book in range(3)}) == 3


def test_words_without_a_code_in_a_book_are_in_no_encoding(write: Write) -> None:
    text = WORLD.format(count=30, length="2..3")
    rare = text.replace("populate permutation { for_each b }", "populate permutation")
    world = checked(write("w.world", rare))
    assert isinstance(world, World)
    populated, closures = draw_world(world, world_seeds(4), Report())
    assert 0 < sum(_judge(populated, closures, of) for of in range(4)) < 120


def test_fresh_worlds_join_too(write: Write) -> None:
    world = _world(write)
    seeds = np.array([seed_word("episodes", n) for n in range(40)], np.uint64)
    facts = {"define": np.full(40, 9)}
    populated = populate_fresh(world, seeds, facts, read_data(world, Report()), Report())
    closures = infer(world, populated, Report())
    assert sum(_judge(populated, closures, of) for of in range(40)) > 10


def test_a_proof_rests_on_what_is_stated_of_each_place(write: Write) -> None:
    world = _world(write)
    populated, closures = draw_world(world, world_seeds(1), Report())
    proofs, closure = Proofs(world, populated, closures), closures["encode"]
    messages = closures["message"].facts
    for row in range(len(closure.facts)):
        length = int((messages.arguments[:, 0] == closure.facts.arguments[row, 1]).sum())
        stated = proofs.leaves("encode", row)
        assert {name for name, _ in stated} == {"define"}
        assert closure.size[row] == length >= len(stated)


def test_a_sequence_is_in_the_last_part_of_its_members(write: Write) -> None:
    world = _world(write)
    populated, _ = draw_world(world, world_seeds(3), Report())
    assert world.entities["message"].parts == ("common", "rare")
    for of in range(3):
        part = dict(zip(_names(populated, "word", of), populated.parts["word"][of].tolist(), strict=True))
        names = _names(populated, "message", of)
        parts = populated.parts["message"][of].tolist()
        assert parts == [max(part[w] for w in name.split(" ")) for name in names]
        assert {*parts} == {0, 1}


def test_raising_the_count_keeps_the_first_sequences(write: Write) -> None:
    few, many = _world(write, count=10), _world(write, count=30)
    first, second = (populate(world, world_seeds(2), Report()).names["message"] for world in (few, many))
    assert (first == second[:, :10]).all()


def test_all_sequences_there_are(write: Write) -> None:
    world = _world(write, count=64, length="2")
    populated, _ = draw_world(world, world_seeds(1), Report())
    words = _names(populated, "word", 0)
    assert set(_names(populated, "message", 0)) == {f"{a} {b}" for a in words for b in words}
    with pytest.raises(SpecError, match="65 'message' are asked for; 64 could be drawn"):
        draw_world(_world(write, count=65, length="2"), world_seeds(1), Report())
