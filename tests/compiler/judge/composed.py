"""What the names of terms and sequences say by themselves: facts that nothing states."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from tests.compiler.judge import terms

if TYPE_CHECKING:
    from tests.compiler.judge.reading import World
    from tests.compiler.judge.reasoning import Fact


def composed(world: World, texts: Mapping[str, set[str]]) -> set[Fact]:
    """All facts of what these names are composed of. Of types that are drawn, all members are there."""
    found: set[Fact] = set()
    for type, term in world.terms.items():
        spoken = terms.Spoken(term.operators)
        for text in texts[type]:
            tree = read(spoken, text)
            whole = [terms.said(spoken, part) for part in terms.parts(tree)]
            assert set(whole) <= texts[type], f"a part of {text} is no member"
            if len(tree) == 1:
                found.add((f"{type}.{term.atoms}", (text, text)))
            else:
                operands = [terms.said(spoken, part) for part in tree[1:] if isinstance(part, tuple)]
                found.add((str(tree[0]), (text, *operands)))
    for type, sequence in world.sequences.items():
        lengths = []
        for text in texts[type]:
            members = split(world, type, text)
            assert set(members) <= texts[sequence.of], f"{text} is composed of others"
            found |= {(type, (text, str(place), member)) for place, member in enumerate(members, start=1)}
            lengths.append(len(members))
        if sequence.count is not None:
            shortest, longest = sequence.lengths
            counts = [lengths.count(length) for length in range(shortest, longest + 1)]
            assert sum(counts) == len(lengths) == sequence.count
            assert max(counts) - min(counts) <= 1, "as many of each length"
    return found


def read(spoken: terms.Spoken, text: str) -> terms.Tree:
    """The one term that a text says."""
    trees = terms.readings(spoken, text)
    assert len(trees) == 1, f"{len(trees)} ways to read {text}"
    return trees[0]


def split(world: World, type: str, text: str) -> list[str]:
    """The members that a sequence names."""
    words, each = text.split(" "), world.invented[world.sequences[type].of].count(" ") + 1
    return [" ".join(words[start : start + each]) for start in range(0, len(words), each)]
