"""What each arm sees: its context, how much of each question that gives away, and whether it answers it.

A view is an arm and an item: the documents shown with the question, and how many of them the answer rests on;
whether what the arm was trained on or shown states the fact in the form that is asked for, in whatever words
(`exposed`), how often (`exposures`), or whether the very sentence stands there, in capital or small letters
(`verbatim`); whether the right answer follows from it (`answerable`), and on how many of the facts that it
states the answer rests (`depth`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from wug.compiler.asking.questions import Items
from wug.compiler.asking.retrieval import Ranking
from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.draw import permute
from wug.compiler.experiment import Arm
from wug.compiler.facts import Ints, Rows
from wug.compiler.inferring.known import Known, closed, columns_of
from wug.compiler.populating.drawn import Drawn, Mask
from wug.compiler.saying.render import Texts
from wug.compiler.saying.said import Documents

Fact = tuple[str, int]
"""A relation, and a row of its closure in the full worlds."""

_INSIDE = re.compile(r"\w\w")


@dataclass(frozen=True)
class View:
    """One row per item of one world: `context` is an index into `contexts`, -1 for none."""

    arm: str
    contexts: tuple[tuple[int, ...], ...]  # rows of the world's documents, in the order shown
    context: tuple[int, ...]
    exposed: tuple[bool, ...]
    verbatim: tuple[bool, ...]
    exposures: tuple[int, ...]
    relevant: tuple[int, ...]
    answerable: tuple[bool, ...]
    depth: tuple[int, ...]


class _Reading:
    """What documents of one world say: facts, statements and sentences, document by document."""

    def __init__(self, documents: Documents) -> None:
        said = documents.sentences
        self.documents = documents
        pairs = list(zip(said.relation.tolist(), said.row.tolist(), strict=True))
        statements = said.statement.tolist()
        rows = documents.said()
        self.facts = [frozenset(pairs[s] for s in own) for own in rows]
        self.statements = [Counter(statements[s] for s in own) for own in rows]
        self.texts = documents.text.tolist()
        for row, own in enumerate(rows):
            if not own:  # a given text says itself
                self.statements[row] = Counter([self.texts[row]])

    def seen(self, rows: Iterable[int]) -> _Seen:
        facts: set[Fact] = set()
        texts: dict[str, None] = {}
        statements: Counter[str] = Counter()
        for row in rows:
            facts |= self.facts[row]
            texts[self.texts[row]] = None
            statements.update(self.statements[row])
        return _Seen(frozenset(facts), statements, "\n".join(texts).casefold())


@dataclass(frozen=True)
class _Seen:
    facts: frozenset[Fact]
    statements: Counter[str]
    text: str  # in small letters

    def stands(self, sentence: str) -> bool:
        """Whether a sentence stands anywhere in the text, in small letters, from one border of words to
        another; understood or not."""
        at = self.text.find(sentence) if sentence else -1
        while at >= 0:
            end = at + len(sentence)
            before, behind = self.text[at - 1 : at + 1], self.text[end - 1 : end + 1]
            if not _INSIDE.fullmatch(before) and not _INSIDE.fullmatch(behind):
                return True
            at = self.text.find(sentence, at + 1)
        return False


def view(
    arm: Arm,
    drawn: Drawn,
    taught: Known,
    of: int,
    documents: Documents,
    tests: tuple[Items, ...],
    asked: Sequence[Texts],
) -> View:
    """An arm's view of world `of`: `documents` and `tests` are that world's alone, and `asked` the statement
    of each item."""
    reading, seed = _Reading(documents), drawn.seeds[of]
    sets, articles = documents.set.tolist(), documents.article
    training = [i for i, name in enumerate(sets) if name == "train"]
    limit = arm.articles or max((int(a) for a in articles), default=0) + 1
    shown = [i for i in training if articles[i] < limit]
    trained = reading.seen(i for i, name in enumerate(sets) if arm.finetune and name in ("train", arm.name))
    contexts: list[tuple[int, ...]] = []
    if arm.context == "train":
        order = permute(seed, "context/train", np.arange(len(shown)), len(shown))
        contexts.append(tuple(shown[place] for place in np.argsort(order)))
    ranking = Ranking([str(documents.text[i]) for i in shown]) if arm.context == "bm25" else None
    told = {-1: reading.seen(()), **{place: reading.seen(rows) for place, rows in enumerate(contexts)}}
    context, verbatim, standing, exposures, relevant = [], [], [], [], []
    facts: list[frozenset[Fact]] = []
    for items, statement_of in zip(tests, asked, strict=True):
        sentences = items.statement().tolist()
        for item, statement in enumerate(statement_of.tolist()):
            behind = set(items.premises[item])
            path = f"context/{arm.context}/{items.test.name}/{item}"
            if ranking is not None:
                best = ranking.first(_query(items, item), arm.documents, seed, path)
                contexts.append(_mixed([shown[place] for place in best], seed, path))
            if arm.context == "oracle":
                first = [i for i in shown if articles[i] == 0]
                contexts.append(_oracle(arm.documents, first, reading.facts, behind, seed, path))
            if arm.context in ("oracle", "bm25"):
                told[len(contexts) - 1] = reading.seen(contexts[-1])
            place = -1 if arm.context == "none" else 0 if arm.context == "train" else len(contexts) - 1
            seen = told[place]
            context.append(place)
            sentence = sentences[item].strip().casefold()
            verbatim.append(trained.stands(sentence) or seen.stands(sentence))
            plainly = statement.strip().casefold()
            standing.append(verbatim[-1] or trained.stands(plainly) or seen.stands(plainly))
            exposures.append(trained.statements[statement] + seen.statements[statement])
            rows = contexts[place] if place >= 0 else ()
            relevant.append(sum(not behind.isdisjoint(reading.facts[i]) for i in rows))
            facts.append(trained.facts | seen.facts)
    answerable, depth = _answers(drawn, taught, of, tests, facts)
    return View(
        arm=arm.name,
        contexts=tuple(contexts),
        context=tuple(context),
        exposed=tuple(bool(n) or said for n, said in zip(exposures, standing, strict=True)),
        verbatim=tuple(verbatim),
        exposures=tuple(exposures),
        relevant=tuple(relevant),
        answerable=tuple(answerable.tolist()),
        depth=tuple(depth.tolist()),
    )


def _oracle(
    count: int,
    shown: list[int],
    keys: list[frozenset[Fact]],
    behind: set[Fact],
    seed: np.uint64,
    path: str,
) -> tuple[int, ...]:
    """`count` documents in drawn order, all those that the answer rests on among them."""
    order = np.argsort(permute(seed, path, np.arange(len(shown)), len(shown)))
    drawn = [shown[place] for place in order]
    relevant = [i for i in drawn if not behind.isdisjoint(keys[i])]
    chosen = relevant + [i for i in drawn if behind.isdisjoint(keys[i])]
    return _mixed(chosen[: max(count, len(relevant))], seed, path)


def _mixed(chosen: list[int], seed: np.uint64, path: str) -> tuple[int, ...]:
    """Documents in drawn order, so that no place among them tells anything."""
    last = np.argsort(permute(seed, path + "/order", np.arange(len(chosen)), len(chosen)))
    return tuple(chosen[place] for place in last)


def _query(items: Items, item: int) -> str:
    """What is searched for: the cue, or where a test has none, all that its choices say."""
    return str(items.cue[item]).strip() or " ".join(str(text) for text in items.choices[item])


# What follows from what an arm sees


def _answers(
    drawn: Drawn, taught: Known, of: int, tests: tuple[Items, ...], facts: list[frozenset[Fact]]
) -> tuple[Mask, Rows]:
    """Whether each item's answer follows from the facts that are seen with it, and from how many.

    Proved anew for each different set of facts; where all that is trained is seen, and no more, that proof is
    there already.
    """
    numbers = {seen: number for number, seen in enumerate(dict.fromkeys(facts))}
    whole = drawn.trained[of]
    known, sets = taught, np.full(len(facts), of, np.int32)
    if any(seen != whole for seen in numbers):
        known = closed(drawn, np.full(len(numbers), of, np.int32), columns_of(drawn, list(numbers)), Report())
        sets = np.array([numbers[seen] for seen in facts], np.int32)
    something = np.array([bool(seen) for seen in facts], bool)
    answers, depths, first = [np.empty(0, bool)], [np.empty(0, np.int64)], 0
    for items in tests:
        mine = slice(first, first + len(items))
        answerable, depth = proved(items, drawn, known, sets[mine])
        none = ~something[mine] & (items.test.choices.kind not in ("unknown", "given"))
        answers.append(answerable & ~none)
        depths.append(np.where(none, 0, depth))
        first += len(items)
    return np.concatenate(answers), np.concatenate(depths)


def proved(items: Items, drawn: Drawn, known: Known, sets: Ints) -> tuple[Mask, Rows]:
    """Which items' right answers follow from sets of facts, one for each item, and nothing that is offered as
    wrong does; and on how many facts each answer rests at least, 0 where that is not so."""
    kind = items.test.choices.kind
    if items.given:  # no facts are behind it: that its key is right is the user's word
        return np.ones(len(items), bool), np.zeros(len(items), np.int64)
    size = [known.size(claim.relation, sets, claim.arguments) for claim in items.claims]
    if kind == "unknown":
        relation = drawn.experiment.world.relations[items.test.relation]
        told = known.about(relation, sets, items.claims[0].arguments, items.test.varied)
        return ~told, np.zeros(len(items), np.int64)
    if kind == "verdict":
        claim = items.claims[0]
        true = items.claim[np.arange(len(items)), items.answer] >= 0
        false = known.false(claim.relation, sets, claim.arguments)
        return np.where(true, size[0] > 0, false), np.where(true, size[0], 0)
    chosen = np.take_along_axis(np.stack(size, axis=1), items.claim.astype(np.int64), axis=1)
    right = items.accept & (chosen > 0)
    depth = np.where(right, chosen, np.iinfo(np.int64).max).min(axis=1)
    answerable = np.asarray(right.any(axis=1))
    if kind != "statements":
        answerable = np.asarray(answerable & ~(~items.accept & (chosen > 0)).any(axis=1))
    return answerable, np.where(answerable, depth, 0)
