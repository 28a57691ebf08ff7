"""How much there would be, counted before it is drawn: nobody waits until memory is gone."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.experiment import Train
from wug.compiler.facts import Rows
from wug.compiler.language.source import Span
from wug.compiler.populating.drawn import Drawn
from wug.compiler.world import World

MOST_DRAWN = 20_000_000
"""The most members, and the most stated facts of a relation, in all worlds together: about 2 GB."""

MOST_SENTENCES = 2_000_000
"""The most sentences of the documents of one world, with what is added for arms in all: about 3 GB."""

_SENTENCE_BYTES = 1_500
"""What a sentence takes while documents are put together and written, text columns being as wide as their
longest text; measured."""


def check_drawn(world: World, counts: Mapping[str, int], worlds: int, report: Report) -> None:
    """Report members and populations that would not fit (W0410): so many in each of the worlds."""
    for entity in world.entities.values():
        _check(counts.get(entity.name, 0), f"members of '{entity.name}'", worlds, entity.span, report)
    for relation in world.relations.values():
        if relation.population is not None:
            count, span = relation.population.count, relation.population.span
            _check(count, f"facts of '{relation.name}'", worlds, span, report)


def _check(count: int, what: str, worlds: int, span: Span | None, report: Report) -> None:
    if count * worlds > MOST_DRAWN:
        message = f"{count * worlds:,} {what} in {worlds:,} worlds; at most {MOST_DRAWN:,} fit"
        report.add("W0410", message, span, help="lower the count, or 'seeds'")


def check_sentences(drawn: Drawn, report: Report) -> None:
    """Report documents that would not fit (W0410), before any is written."""
    experiment, worlds = drawn.experiment, len(drawn.seeds)
    told = np.zeros(worlds, np.int64)
    sizes = []
    for train in experiment.trains:
        mine = _sentences(train, drawn)
        told += mine
        sizes.append((int(mine.max(initial=0)), train.span))
    for arm in experiment.arms:
        if arm.augment and not arm.augment.sampled:
            share = 1 - arm.augment.withhold
            sizes += [(_augmenting(train, share, drawn), arm.span) for train in experiment.trains]
    total = int(told.max(initial=0)) + sum(size for size, _ in sizes[len(experiment.trains) :])
    if total > MOST_SENTENCES:
        _, span = max(sizes, key=lambda size: size[0])
        size = f"about {total * _SENTENCE_BYTES / 1e9:,.0f} GB"
        message = f"documents of {total:,} sentences are told at once, {size}; at most {MOST_SENTENCES:,} fit"
        augmented = "'seeds', " if len(sizes) > len(experiment.trains) else ""
        help = f"lower 'articles' or 'copies', {augmented}or the counts of facts"
        report.fail("W0410", message, span, help=help)


def _sentences(train: Train, drawn: Drawn) -> Rows:
    """The sentences of one `train` in each world: its facts, in every article or copy."""
    worlds = drawn.closures[train.relation].facts.world[drawn.trained_rows(train)]
    facts = np.bincount(worlds, minlength=len(drawn.seeds))
    if not train.document:
        return facts * train.articles
    document = drawn.experiment.world.documents[train.document]
    if document.sentences is None:
        return facts * document.copies
    members = drawn.populated.counts[document.subject.type]
    return np.asarray(members * document.copies * document.sentences[1] // len(document.tells), np.int64)


def _augmenting(train: Train, share: float, drawn: Drawn) -> int:
    """What an arm adds at least: the facts in every form of theirs."""
    forms = drawn.experiment.world.relations[train.relation].forms
    return int(len(drawn.trained_rows(train)) * share) * len(forms) * train.articles
