"""Spelled lexicons: every guarantee, judged word by word; names drawn from them."""

from __future__ import annotations

import itertools
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, pre_tokenizers

from tests.compiler.conftest import Write, checked
from tests.compiler.judge.words import edits, faults_between, faults_of_word
from wug.compiler.diagnosis.diagnostics import Report, SpecError
from wug.compiler.draft import world_seeds
from wug.compiler.emitting.tokenizer import build_tokenizer
from wug.compiler.entities import NONCE, Entity, Lexicon, Naming
from wug.compiler.language.source import Source, Span
from wug.compiler.populating.names import Namer
from wug.compiler.words.english import by_length, pack, pack_texts, patterns_of, unpack
from wug.compiler.words.lexicon import independent, up_to, words_of
from wug.compiler.words.pools import Pool, pool_of, token_histograms, token_lines
from wug.compiler.words.words import spell, syllable_lexicon
from wug.compiler.world import World

SOFT = Lexicon("soft", ("b", "d", "gl", "m", "n"), ("a", "e", "o"), ("", "n", "l", "f"), (1, 2), (4, 6))


def test_words_keep_apart() -> None:
    """The built-in lexicon with another one that chose first, and all names of two syllables."""
    first = unpack(words_of(SOFT, ()).numbers).tolist()
    second = unpack(words_of(up_to(NONCE, 5), (SOFT,)).numbers).tolist()
    syllables = spell(np.arange(40**2), 2)
    assert len(first) > 100
    assert len(second) > 6_000
    assert not faults_between([*first, *second, *syllables])
    assert not [fault for word in [*first, *second[::20]] for fault in faults_of_word(word)]


def test_pairs_by_the_book() -> None:
    words = unpack(words_of(SOFT, ()).numbers).tolist()
    assert min(edits(a, b) for a, b in itertools.combinations(words, 2)) == 2


_parts = st.lists(st.text("bdfgklmnprstvz", min_size=1, max_size=2), min_size=1, max_size=6, unique=True)
_lexicons = st.builds(
    Lexicon,
    name=st.sampled_from(["soft", "hard"]),
    onsets=_parts.map(tuple),
    nuclei=st.lists(st.sampled_from("aeiouy"), min_size=1, max_size=4, unique=True).map(tuple),
    codas=_parts.map(lambda parts: ("", *parts)),
    syllables=st.sampled_from([(1, 2), (2, 2), (1, 3)]),
    letters=st.sampled_from([(3, 5), (4, 6), (5, 7), (6, 8)]),
)


@given(_lexicons, _lexicons)
def test_any_two_lexicons_keep_apart(first: Lexicon, second: Lexicon) -> None:
    words = unpack(words_of(first, ()).numbers).tolist()
    others = unpack(words_of(second, (first,)).numbers).tolist()
    assert len({*words, *others}) == len(words) + len(others)
    assert not faults_between([*words, *others])
    assert not [fault for word in [*words[:50], *others[:50]] for fault in faults_of_word(word)]
    low, high = second.letters
    assert all(low <= len(word) <= high for word in others)


def test_longer_words_move_no_shorter_ones() -> None:
    few = words_of(up_to(NONCE, 4), ()).numbers
    assert (words_of(up_to(NONCE, 5), ()).numbers[: len(few)] == few).all()


_lower = st.text("abcdz", min_size=1, max_size=11)


@given(st.lists(_lower, min_size=1, max_size=8, unique=True))
def test_words_as_numbers(words: list[str]) -> None:
    assert unpack(pack_texts(np.array(words))).tolist() == words
    for letters in by_length(words):
        assert (pack(letters) == pack_texts(unpack(pack(letters)))).all()


@given(st.text("ab", min_size=1, max_size=5), st.text("ab", min_size=1, max_size=5))
def test_patterns_are_shared_at_one_edit_exactly(first: str, second: str) -> None:
    one, other = (set(patterns_of(by_length([word])[0])[0].tolist()) for word in (first, second))
    assert bool(one & other) == (edits(first, second) <= 1)


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), min_size=1, max_size=30))
def test_first_come_first_kept(keys: list[tuple[int, int]]) -> None:
    kept: list[bool] = []
    seen: set[int] = set()
    for row in keys:
        kept.append(not seen & set(row))
        seen |= set(row) if kept[-1] else set()
    assert independent(np.array(keys)).tolist() == kept


# Pools and names


WORLD = """wug 1

world w {{
  lexicon soft {{
    onsets "b" "d" "gl" "m" "n"  nuclei "a" "e" "o"  codas "" "n" "l" "f"  letters 4..6 {soft}
  }}
  entity thing {{ count 12  named {thing} }}
  entity place {{ count 12  named {place} }}
  relation near(a: thing, b: place) {{ populate pairs {{ count 12 }}  form plain "{{a}} is near {{b}}." }}
}}
"""


def _world(write: Write, thing: str, place: str, soft: str = "") -> World:
    world = checked(write("w.world", WORLD.format(thing=thing, place=place, soft=soft)))
    assert isinstance(world, World)
    return world


def _pool(world: World, entity: str, reserved: bool) -> Pool:
    naming = world.entities[entity].naming
    assert naming is not None
    return pool_of(world, naming, reserved, Report())


@pytest.mark.parametrize("naming", ["soft", "nonce(letters 4..6)", "nonce(syllables 2)"])
def test_a_quarter_is_for_worlds_and_made_of_pieces_that_pretraining_has_seen(
    write: Write, naming: str
) -> None:
    world = _world(write, naming, "soft")
    reserved, free = (_pool(world, "thing", which) for which in (True, False))
    assert not np.intersect1d(reserved.texts, free.texts).size
    assert 0.15 < len(reserved.texts) / (len(reserved.texts) + len(free.texts)) < 0.35
    tokenizer = build_tokenizer(world, "")
    asked, known = (
        {token for each in tokenizer.encode_batch(pool.texts.tolist()) for token in each.tokens}
        for pool in (reserved, free)
    )
    assert "<unk>" not in asked
    assert asked <= known


def test_names_of_two_words(write: Write) -> None:
    world = _world(write, "nonce(words 2 capital)", "nonce")
    namer = Namer(world, world_seeds(3), True, Report())
    things = namer.names(world.entities["thing"], 12)
    places = namer.names(world.entities["place"], 12)
    lexicon = set(spell(syllable_lexicon(2, True), 2))
    for of in range(3):
        words = [word for name in things[of] for word in name.split(" ")]
        assert all(word == word.capitalize() and word.lower() in lexicon for word in words)
        assert len({word.lower() for word in words} | set(places[of].tolist())) == 36


def test_names_that_share_their_words(write: Write) -> None:
    world = _world(write, "nonce(words 2 shared 5 capital)", "nonce")
    seeds = world_seeds(3)
    some, all_25 = (Namer(world, seeds, True, Report()).names(world.entities["thing"], n) for n in (8, 25))
    assert (all_25[:, :8] == some).all()
    namer = Namer(world, seeds, True, Report())
    things, places = (namer.names(world.entities[name], 12) for name in ("thing", "place"))
    assert (things == all_25[:, :12]).all()
    for of in range(3):
        first, second = ({name.split(" ")[place] for name in all_25[of].tolist()} for place in (0, 1))
        assert (len(set(all_25[of].tolist())), len(first), len(second)) == (25, 5, 5)
        assert not first & second
        assert not {word.lower() for word in first | second} & set(places[of].tolist())
    assert len({tuple(names) for names in all_25.tolist()}) == 3


def test_fresh_worlds_share_no_words(write: Write) -> None:
    world = _world(write, "nonce(words 2 shared 5)", "nonce")
    names = Namer(world, world_seeds(4), False, Report()).names(world.entities["thing"], 6)
    assert all(len({word for name in row for word in name.split(" ")}) == 12 for row in names.tolist())


@given(st.integers(0, 2**64 - 1), st.integers(1, 20), st.integers(1, 20))
@settings(max_examples=20)
def test_drawn_names_are_distinct_and_the_first_ones_stay(seed: int, count: int, more: int) -> None:
    world = _shared()
    seeds = np.array([seed, seed ^ 1], np.uint64)
    few, many = Namer(world, seeds, True, Report()), Namer(world, seeds, True, Report())
    thing, place = world.entities["thing"], world.entities["place"]
    some = few.names(thing, count)
    assert (many.names(thing, count + more)[:, :count] == some).all()
    others = few.names(place, more)
    for of in range(2):
        assert len({*some[of].tolist(), *others[of].tolist()}) == count + more


def _shared() -> World:

    span = Span(Source("w.world", Path(), ""), 0, 0)
    entities = {name: Entity(name, 12, Naming("soft"), None, span) for name in ("thing", "place")}
    return World("w", entities, {}, {}, (), {}, "", {"soft": SOFT})


def test_no_ending_tells_the_type() -> None:
    """Of every two types that share a lexicon, each last letter has nearly the same share."""
    world = _shared()
    namer = Namer(world, world_seeds(40), True, Report())
    things = namer.names(world.entities["thing"], 30)
    places = namer.names(world.entities["place"], 30)
    pool = Counter(text[-1] for text in _pool(world, "thing", True).texts.tolist())
    total = sum(pool.values())
    for of in range(40):
        for names in (things, places):
            endings = Counter(name[-1] for name in names[of].tolist())
            for letter, count in pool.items():
                assert abs(endings[letter] - 30 * count / total) <= 3


def test_a_lexicon_that_is_too_small(write: Write) -> None:
    world = _world(write, "soft", "soft")
    namer = Namer(world, world_seeds(1), True, Report())
    namer.names(world.entities["thing"], 12)
    with pytest.raises(SpecError) as error:
        namer.names(world.entities["place"], 500)
    message = error.value.report.items[0].message
    assert "'place' needs 500 words of those kept for worlds" in message
    assert "12 are taken by other types" in message


# Token counts


def _tokens(word: str) -> int:
    """The space in front, and letters, "gl" being one."""
    return 1 + len(word.replace("gl", "g"))


def _letters_tokenizer(write: Write) -> None:
    """A tokenizer of letters, in which "gl" is one token."""
    letters = ["a", "b", "d", "e", "f", "gl", "l", "m", "n", "o", "z", "k", "i", "u", "v", "\u2581"]
    tokenizer = Tokenizer(models.Unigram([("<unk>", -9.0)] + [(each, -1.0) for each in letters], unk_id=0))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    write("t.json", tokenizer.to_str())


@pytest.mark.parametrize("where", ["lexicon", "naming"])
def test_equal_token_counts(write: Write, where: str) -> None:
    _letters_tokenizer(write)
    equal = 'tokens equal "t.json"'
    world = (
        _world(write, "soft", "soft", equal)
        if where == "lexicon"
        else _world(write, f"soft({equal})", "soft")
    )
    pool, every = _pool(world, "thing", True), unpack(words_of(SOFT, ()).numbers).tolist()
    counts = Counter(map(_tokens, every))
    assert dict(pool.tokens) == counts
    assert {_tokens(word) for word in pool.texts.tolist()} == {counts.most_common(1)[0][0]}
    commonest = max(counts, key=lambda tokens: (counts[tokens], -tokens))
    lines = token_lines(token_histograms(world, Report()))
    assert lines[0].endswith(f"tokens; those of {commonest} are used")
    if where == "naming":
        assert not _pool(world, "place", True).tokens


def test_a_file_that_is_no_tokenizer(write: Write) -> None:
    write("t.json", "{}")
    world = _world(write, 'soft(tokens equal "t.json")', "soft")
    with pytest.raises(SpecError) as error:
        _pool(world, "thing", True)
    assert error.value.report.items[0].code == "W0403"
