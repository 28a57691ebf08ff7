"""What each arm sees: its context, how much of each question that gives away, and whether it answers it.

A view is an arm and an item: the documents shown with the question, and how many of them the answer rests on;
whether what the arm was trained on or shown states the fact in the form that is asked for, in whatever words
(`exposed`), how often (`exposures`), or whether the very sentence stands there, in capital or small letters
(`verbatim`); whether the right answer follows from it (`answerable`), and on how many of the facts that it
states the answer rests (`depth`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from wug.compiler.asking.questions import Items
from wug.compiler.asking.retrieval import Ranking
from wug.compiler.asking.standing import standing
from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.draw import permute
from wug.compiler.experiment import Arm
from wug.compiler.facts import Facts, Ints, Rows
from wug.compiler.inferring.known import Known, closed
from wug.compiler.inferring.lists import distinct
from wug.compiler.populating.drawn import Drawn, Mask
from wug.compiler.saying.render import Texts
from wug.compiler.saying.said import Documents

Fact = tuple[str, int]
"""A relation, and a row of its closure in the full worlds."""


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
    """What documents of one world say: facts and statements, as columns with a row for each that is said."""

    def __init__(self, documents: Documents, statements: Sequence[str]) -> None:
        """`statements` are those that are asked for: others are not told apart."""
        said = documents.sentences
        self.texts = documents.text
        self.document = said.document
        self.relations = sorted(set(said.relation.tolist()))
        self.fact = said.row.astype(np.int64)
        for code, name in enumerate(self.relations):
            self.fact[said.relation == name] |= code << _ROW_BITS
        numbers = {text: number for number, text in enumerate(dict.fromkeys(statements))}
        self.asked = np.array([numbers[text] for text in statements], np.int64)
        told = [numbers.get(text, len(numbers)) for text in said.statement.tolist()]
        self.statement = np.array(told, np.int64)
        self.many = len(numbers)
        self.count = np.bincount(said.document, minlength=len(documents))
        self.first = np.cumsum(self.count) - self.count
        self.itself = np.full(len(documents), -1)
        for row in np.flatnonzero(self.count == 0).tolist():  # a given text says itself
            self.itself[row] = numbers.get(str(self.texts[row]), len(numbers))

    def seen(self, rows: Sequence[int]) -> _Seen:
        """What some of the documents say together."""
        shown = np.array(rows, np.int64)
        many = self.count[shown]
        said = np.repeat(self.first[shown] - (np.cumsum(many) - many), many) + np.arange(int(many.sum()))
        itself = self.itself[shown]
        statements = np.concatenate([self.statement[said], itself[itself >= 0]])
        texts = dict.fromkeys(self.texts[shown].tolist())
        return _Seen(distinct(self.fact[said]), statements, "\n".join(texts).casefold())

    def times(self, seen: _Seen) -> Rows:
        """How often each statement that is asked for is said [asked for]."""
        return np.bincount(seen.statements, minlength=self.many + 1)[self.asked]

    def keys(self, relation: str, rows: Rows | int) -> Rows:
        """The numbers of facts of a relation, below 0 where no document speaks of it."""
        at = self.relations.index(relation) if relation in self.relations else -1
        return np.asarray(np.int64(at) << _ROW_BITS | np.asarray(rows, np.int64))

    def telling(self, items: Sequence[tuple[Fact, ...]]) -> list[frozenset[int]]:
        """For each item the documents that tell any of the facts behind it."""
        own = [list(dict.fromkeys(int(self.keys(*fact)) for fact in behind)) for behind in items]
        order = np.argsort(self.fact, kind="stable")
        wanted = np.array([key for keys in own for key in keys], np.int64)
        low, high = (np.searchsorted(self.fact[order], wanted, side=side) for side in ("left", "right"))
        rows = [self.document[order[a:b]].tolist() for a, b in zip(low.tolist(), high.tolist(), strict=True)]
        each = iter(rows)
        return [frozenset(row for _ in keys for row in next(each)) for keys in own]


_ROW_BITS = 40
"""So many bits of a fact's number are its row; those above are its relation."""


@dataclass(frozen=True)
class _Seen:
    facts: Rows  # numbers of facts, each once and in order
    statements: Rows  # number of the statement, whenever one is said
    text: str  # in small letters


def view(
    arm: Arm,
    drawn: Drawn,
    taught: Known,
    of: int,
    documents: Documents,
    tests: tuple[Items, ...],
    asked: Sequence[Texts],
    learned: Mask,
    open: Mask,
) -> View:
    """An arm's view of world `of`: `documents` and `tests` are that world's alone, and `asked` the statement
    of each item. Its weights have `learned` some of the documents, and its context may hold those that are
    `open` to it [documents]."""
    statements = [text for each in asked for text in each.tolist()]
    reading, seed = _Reading(documents, statements), drawn.seeds[of]
    articles = documents.article
    limit = arm.articles or int(articles.max(initial=0)) + 1
    shown = np.flatnonzero(open & (articles < limit)).tolist()
    trained = reading.seen(np.flatnonzero(learned).tolist())
    contexts: list[tuple[int, ...]] = []
    if arm.context == "train":
        contexts.append(tuple(shown[place] for place in _order(seed, "context/train", len(shown)).tolist()))
    ranking = Ranking([str(documents.text[i]) for i in shown]) if arm.context == "bm25" else None
    items = [(each, item) for each in tests for item in range(len(each))]
    telling = [frozenset[int]()] * len(items)
    if arm.context != "none":
        telling = reading.telling([each.premises[item] for each, item in items])
    first = np.flatnonzero(open & (articles == 0))
    for (each, item), behind in zip(items, telling, strict=True):
        path = f"context/{arm.context}/{each.test.name}/{item}"
        if ranking is not None:
            best = ranking.first(_query(each, item), arm.documents, seed, path)
            contexts.append(_mixed([shown[place] for place in best], seed, path))
        elif arm.context == "oracle":
            contexts.append(_oracle(arm.documents, first, behind, seed, path))
    context = list(range(len(items)))
    if arm.context in ("none", "train"):
        context = [-1 if arm.context == "none" else 0] * len(items)
    told = [reading.seen(rows) for rows in contexts] or [reading.seen(())]
    sentences = [text.strip().casefold() for each in tests for text in each.statement().tolist()]
    plainly = [text.strip().casefold() for text in statements]
    count, both = len(items), [*sentences, *plainly]
    stand = standing(trained.text, both)
    if arm.context == "train":
        stand |= standing(told[0].text, both)
    elif arm.context != "none":
        for item, seen in enumerate(told[:count]):
            stand[[item, count + item]] |= standing(seen.text, [sentences[item], plainly[item]])
    verbatim, said = stand[:count], stand[count:]
    exposures = reading.times(trained)
    if arm.context == "train":
        exposures += reading.times(told[0])
    elif arm.context != "none":
        here = zip(told, reading.asked.tolist(), strict=False)
        exposures += np.array([np.count_nonzero(seen.statements == asks) for seen, asks in here], np.int64)
    within = [frozenset(rows) for rows in contexts]
    relevant = [
        len(behind & within[place]) if place >= 0 else 0
        for place, behind in zip(context, telling, strict=True)
    ]
    if arm.finetune:  # what is shown is trained as well
        told, place = [trained], np.zeros(len(items), np.int64)
    else:
        place = np.maximum(context, 0)
    facts = [seen.facts for seen in told]
    if arm.continues and not arm.finetune:  # what it learned before is known beside what it is shown
        facts = [np.union1d(trained.facts, each) for each in facts]
    answerable, depth = _answers(drawn, taught, of, tests, reading, facts, place)
    return View(
        arm=arm.name,
        contexts=tuple(contexts),
        context=tuple(context),
        exposed=tuple(((exposures > 0) | verbatim | said).tolist()),
        verbatim=tuple(verbatim.tolist()),
        exposures=tuple(exposures.tolist()),
        relevant=tuple(relevant),
        answerable=tuple(answerable.tolist()),
        depth=tuple(depth.tolist()),
    )


def _oracle(count: int, shown: Rows, behind: frozenset[int], seed: np.uint64, path: str) -> tuple[int, ...]:
    """`count` documents in drawn order, all those that the answer rests on among them."""
    drawn = shown[_order(seed, path, len(shown))]
    relevant = np.isin(drawn, list(behind))
    chosen = np.concatenate([drawn[relevant], drawn[~relevant]])
    return _mixed(chosen[: max(count, int(relevant.sum()))].tolist(), seed, path)


def _mixed(chosen: list[int], seed: np.uint64, path: str) -> tuple[int, ...]:
    """Documents in drawn order, so that no place among them tells anything."""
    return tuple(chosen[place] for place in _order(seed, path + "/order", len(chosen)).tolist())


def _order(seed: np.uint64, path: str, count: int) -> Rows:
    """The numbers below `count` in drawn order."""
    order = np.empty(count, np.int64)
    order[permute(seed, path, np.arange(count), count)] = np.arange(count)
    return order


def _query(items: Items, item: int) -> str:
    """What is searched for: the cue, or where a test has none, all that its choices say."""
    return str(items.cue[item]).strip() or " ".join(str(text) for text in items.choices[item])


# What follows from what an arm sees


def _answers(
    drawn: Drawn,
    taught: Known,
    of: int,
    tests: tuple[Items, ...],
    reading: _Reading,
    seen: list[Rows],
    place: Rows,
) -> tuple[Mask, Rows]:
    """Whether each item's answer follows from the facts that are seen with it, and from how many; item i sees
    `seen[place[i]]`.

    Proved anew for each different set of facts; where all that is trained is seen, and no more, that proof is
    there already.
    """
    numbers: dict[bytes, int] = {}
    number = np.array([numbers.setdefault(facts.tobytes(), len(numbers)) for facts in seen], np.int32)
    different = [seen[at] for at in np.unique(number, return_index=True)[1].tolist()]
    every = [np.empty(0, np.int64)]
    for name, rows in drawn.trained_facts.items():
        every.append(reading.keys(name, rows[drawn.closures[name].facts.world[rows] == of]))
    whole = np.sort(np.concatenate(every))
    known, sets = taught, np.full(len(place), of, np.int32)
    if not all(np.array_equal(facts, whole) for facts in different):
        at = np.repeat(np.arange(len(different), dtype=np.int32), [len(facts) for facts in different])
        code, row = np.divmod(np.concatenate(different), 1 << _ROW_BITS)
        facts = {
            name: Facts(at[code == number], drawn.closures[name].facts.arguments[row[code == number]])
            for number, name in enumerate(reading.relations)
        }
        known = closed(drawn, np.full(len(different), of, np.int32), facts, Report())
        sets = number[place]
    something = np.array([len(facts) > 0 for facts in seen], bool)[place]
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
