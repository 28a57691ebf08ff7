"""How much there would be, counted before it is drawn: nobody waits until memory is gone."""

from __future__ import annotations

from collections.abc import Mapping

from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.experiment import Train
from wug.compiler.language.source import Span
from wug.compiler.populating.drawn import Drawn
from wug.compiler.world import World

MOST_DRAWN = 20_000_000
"""The most members, and the most stated facts of a relation, in all worlds together: about 2 GB."""

MOST_SENTENCES = 1_000_000
"""The most sentences of all documents together: about 3 GB, and a minute or two."""

_SENTENCE_BYTES = 3_000
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
    experiment = drawn.experiment
    sizes = [(_sentences(train, drawn), train.span) for train in experiment.trains]
    for arm in experiment.arms:
        if arm.augment and not arm.augment.sampled:
            share = 1 - arm.augment.withhold
            sizes += [(_augmenting(train, share, drawn), arm.span) for train in experiment.trains]
    total = sum(size for size, _ in sizes)
    if total > MOST_SENTENCES:
        _, span = max(sizes, key=lambda size: size[0])
        size = f"about {total * _SENTENCE_BYTES / 1e9:,.0f} GB"
        message = f"documents of {total:,} sentences are asked for, {size}; at most {MOST_SENTENCES:,} fit"
        report.fail(
            "W0410", message, span, help="lower 'articles' or 'copies', 'seeds', or the counts of facts"
        )


def _sentences(train: Train, drawn: Drawn) -> int:
    """The sentences of one `train`: its facts, in every article or copy."""
    facts = len(drawn.trained_rows(train))
    if not train.document:
        return facts * train.articles
    document = drawn.experiment.world.documents[train.document]
    if document.sentences is None:
        return facts * document.copies
    members = int(drawn.populated.counts[document.subject.type].sum())
    return members * document.copies * document.sentences[1] // len(document.tells)


def _augmenting(train: Train, share: float, drawn: Drawn) -> int:
    """What an arm adds at least: the facts in every form of theirs."""
    forms = drawn.experiment.world.relations[train.relation].forms
    return int(len(drawn.trained_rows(train)) * share) * len(forms) * train.articles
