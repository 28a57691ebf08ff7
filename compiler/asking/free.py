"""Free answers: what a model may say in words of its own, and be right.

Right is every text with which the question becomes a sentence that holds: in any form, wording and
alternative of an option. A question is asked only where every such text says a fact of which its test asks
just this.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator, Sequence

from wug.compiler.facts import Closure, Facts, Populated
from wug.compiler.forms import Wording
from wug.compiler.plan import Sampling
from wug.compiler.saying.manner import flat
from wug.compiler.saying.render import Texts, fill
from wug.compiler.world import Relation, World

Answers = dict[str, set[tuple[str, str, int]]]
"""The texts that answer a question, in order, and what each says: relation, form and row of a fact."""


def answering(
    world: World, populated: Populated, closures: dict[str, Closure], of: Sequence[int], cues: Sequence[str]
) -> list[Answers]:
    """All that answers each question: `cues[i]` in the world (or set of facts) `of[i]`."""
    asked: dict[int, dict[str, Answers]] = {}
    for number, cue in zip(of, cues, strict=True):
        asked.setdefault(number, {})[cue] = {}
    lengths = {number: sorted({len(cue) for cue in own}) for number, own in asked.items()}
    for relation in world.relations.values():
        facts = closures[relation.name].facts
        wordings = [(form.name, wording) for form in relation.forms for wording in form.wordings]
        for form, wording in wordings if len(facts) else ():
            if not _may_begin(wording, cues):
                continue
            for said in _ways(world, populated, relation, wording, facts):
                pairs = zip(facts.world.tolist(), said.tolist(), strict=True)
                for row, (number, text) in enumerate(pairs):
                    for length in lengths.get(number, ()):
                        found = asked[number].get(text[:length])
                        if found is not None and _goes_on(text, length):
                            found.setdefault(text[length:], set()).add((relation.name, form, row))
    return [dict(sorted(asked[number][cue].items())) for number, cue in zip(of, cues, strict=True)]


def all_asked(answers: Answers, relation: str, form: str, rows: set[int]) -> bool:
    """Whether every text says one of these facts, and one that answers this question in this form."""
    here = {
        row
        for facts in answers.values()
        for name, said, row in facts
        if (name, said) == (relation, form) and row in rows
    }
    return all(any(name == relation and row in here for name, _, row in facts) for facts in answers.values())


def _ways(
    world: World, populated: Populated, relation: Relation, wording: Wording, facts: Facts
) -> Iterator[Texts]:
    """All facts in a wording, in every way to choose among its options."""
    for options in itertools.product(*(range(len(option.alternatives)) for option in wording.options)):
        pieces = flat(wording.pieces, options)
        yield fill(world, populated, relation, pieces, facts.world, facts.arguments)


def _may_begin(wording: Wording, cues: Sequence[str]) -> bool:
    """Whether a sentence in this wording may begin as one of these questions does."""
    first = wording.pieces[0]
    if not isinstance(first, str):
        return True
    return any(cue.startswith(first) or first.startswith(cue) for cue in cues)


def _goes_on(text: str, length: int) -> bool:
    """Whether a text goes on behind a cue, and not in the midst of a word."""
    rest = text[length:]
    return bool(rest.strip()) and not (text[length - 1 : length].isalnum() and rest[0].isalnum())


# Judging


def plain(text: str, endings: Sequence[str]) -> str:
    """A text without the spaces around it and the final punctuation of its form: nothing else is forgiven."""
    text = text.strip()
    for ending in sorted(endings, key=len, reverse=True):
        if text.endswith(ending):
            return text.removesuffix(ending).rstrip()
    return text


def exact(text: str, accepted: Sequence[str], endings: Sequence[str]) -> bool:
    """Whether a text is one of the accepted ones."""
    return plain(text, endings) in {plain(each, endings) for each in accepted}


def stopped(sampling: Sampling, endings: Sequence[str], accepted: Sequence[Sequence[str]]) -> Sampling:
    """The sampling of a test: a text stops at the ending of its form.

    Where right answers hold an ending themselves, as 12.50 does, it stops where a space follows it, and
    where they hold that too, only where the model ends the document.
    """
    texts = {plain(text, endings) for each in accepted for text in each}
    stops = []
    for ending in endings:
        able = [stop for stop in (ending, f"{ending} ") if not any(stop in text for text in texts)]
        stops += able[:1]
    return dataclasses.replace(sampling, stop=tuple(stops))


def best_free(accepted: Sequence[Sequence[str]], endings: Sequence[str]) -> tuple[float, str, float]:
    """The text that is right most often: how often, the text itself, and how often a text would be right that
    is taken at random from all that are right somewhere."""
    counts: dict[str, int] = {}
    for each in accepted:
        for text in sorted({plain(text, endings) for text in each}):
            counts[text] = counts.get(text, 0) + 1
    text = max(counts, key=lambda text: counts[text])
    return counts[text] / len(accepted), text, sum(counts.values()) / len(counts) / len(accepted)
