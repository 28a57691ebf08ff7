"""Counts that cannot be met, found by arithmetic alone: more pairs or more names than there are."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping

from wug.compiler.checking.constraints import check_population
from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.entities import NONCE, Lexicon, Naming
from wug.compiler.world import World

LEXICON = {2: 415, 3: 15_977}
"""How many names of so many syllables there are for worlds; compiler/words/words.py draws them."""


def check_counts(world: World, counts: Mapping[str, int], report: Report) -> None:
    """Report every count that cannot be met (W0401), as far as `counts` of the entities are known."""
    for relation in world.relations.values():
        if relation.population is not None:
            check_population(world, relation, relation.population, counts, report)
    _check_names(world, counts, report)
    for entity in world.entities.values():
        parts = sum(part.count for part in entity.partition)
        if parts and entity.name in counts and parts != counts[entity.name]:
            have = counts[entity.name]
            message = f"the parts of '{entity.name}' add up to {parts:,}; there are {have:,}"
            report.add("W0401", message, entity.partition[0].span, help="or divide it by percentages")


def _check_names(world: World, counts: Mapping[str, int], report: Report) -> None:
    """Names of syllables are counted exactly; of a spelled lexicon's at most all spellings can be used, and
    how many are left is known when a world is drawn."""
    wanted: dict[str, int] = {}
    for entity in world.entities.values():
        naming = entity.naming
        if naming is None or entity.name not in counts:
            continue
        if naming.shared and counts[entity.name] > (names := naming.shared**naming.words):
            message = f"{counts[entity.name]:,} names are asked for; {naming.shared} words"
            message += f" in each of {naming.words} places make {names:,}"
            report.add("W0401", message, entity.span, help="let them share more words")
            continue
        what, most, help = _words(world, naming)
        wanted[what] = wanted.get(what, 0) + naming.lists(counts[entity.name])
        if wanted[what] > most:
            asked = wanted[what]
            message = f"{asked:,} {what} are asked for; there are {most:,}"
            report.add("W0401", message, entity.span, help=help)


def _words(world: World, naming: Naming) -> tuple[str, int, str]:
    """What the words of a naming are called, how many there can be for worlds, and what would make more."""
    lexicon = world.lexicons.get(naming.lexicon, NONCE)
    if lexicon is not NONCE or naming.letters:
        low, high = naming.letters or lexicon.letters
        help = "allow more letters" if lexicon is NONCE else "give it more onsets, nuclei, codas or letters"
        return f"words of '{lexicon.name}'", spellings(lexicon, low, high), help
    help = "use 'named nonce(syllables 3)'" if naming.syllables == 2 else "lower the count"
    return f"names of {naming.syllables} syllables", LEXICON[naming.syllables], help


def spellings(lexicon: Lexicon, low: int, high: int) -> int:
    """How many ways there are to spell a word of so many letters, good or not."""
    syllable = {0: 1}
    for each in (lexicon.onsets, lexicon.nuclei, lexicon.codas):
        syllable = _joined(syllable, Counter(len(part) for part in each), high)
    words, found = {0: 1}, 0
    for number in range(1, lexicon.syllables[1] + 1):
        words = _joined(words, syllable, high)
        if number >= lexicon.syllables[0]:
            found += sum(ways for length, ways in words.items() if low <= length <= high)
    return found


def _joined(first: Mapping[int, int], second: Mapping[int, int], most: int) -> dict[int, int]:
    """In how many ways each length is that of one of the first and one of the second."""
    found: Counter[int] = Counter()
    for a, b in itertools.product(first, second):
        if a + b <= most:
            found[a + b] += first[a] * second[b]
    return dict(found)
