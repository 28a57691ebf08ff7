"""What each arm sees: its context, and how much of each question that gives away.

A view is an arm and an item: the documents shown with the question, how many of them the answer rests on, and
whether what the arm was trained on or shown states the fact in the form that is asked for, in whatever words
(`exposed`), or in the very sentence (`verbatim`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from wug.compiler.draw import permute
from wug.compiler.experiment import Arm
from wug.compiler.render import Texts
from wug.compiler.said import Documents
from wug.compiler.split import Items


@dataclass(frozen=True)
class View:
    """One row per item of one world: `context` is an index into `contexts`, -1 for none."""

    arm: str
    contexts: tuple[tuple[int, ...], ...]  # rows of the world's documents, in the order shown
    context: tuple[int, ...]
    exposed: tuple[bool, ...]
    verbatim: tuple[bool, ...]
    relevant: tuple[int, ...]


def view(
    arm: Arm, documents: Documents, tests: tuple[Items, ...], asked: Sequence[Texts], seed: np.uint64
) -> View:
    """An arm's view of one world: `documents` and `tests` are that world's alone, and `asked` the statement
    of each item."""
    said = documents.said()
    sentences = documents.sentences
    statements = sentences.statement.tolist()
    words = [
        documents.text[d][start:end]
        for d, start, end in zip(sentences.document, sentences.start, sentences.end, strict=True)
    ]
    facts = list(zip(sentences.relation.tolist(), sentences.row.tolist(), strict=True))
    keys = [frozenset(facts[s] for s in rows) for rows in said]
    sets = documents.set.tolist()
    training = [i for i, name in enumerate(sets) if name == "train"]
    limit = arm.articles or max((int(a) for a in documents.article), default=0) + 1
    shown = [i for i in training if documents.article[i] < limit]
    trained = [i for i, name in enumerate(sets) if arm.finetune and name in ("train", arm.name)]
    known = {statements[s] for i in trained for s in said[i]}
    known_words = {words[s] for i in trained for s in said[i]}
    contexts: list[tuple[int, ...]] = []
    if arm.context == "train":
        order = permute(seed, "context/train", np.arange(len(shown)), len(shown))
        contexts.append(tuple(shown[place] for place in np.argsort(order)))
    told = {place: _told(rows, said, statements, words) for place, rows in enumerate(contexts)}
    context, exposed, verbatim, relevant = [], [], [], []
    for items, statement_of in zip(tests, asked, strict=True):
        sentence_of = items.statement().tolist()
        for item, statement in enumerate(statement_of.tolist()):
            behind = set(items.premises[item])
            if arm.context == "oracle":
                path = f"context/oracle/{items.test.name}/{item}"
                first = [i for i in shown if documents.article[i] == 0]
                contexts.append(_oracle(arm.documents, first, keys, behind, seed, path))
                told = {len(contexts) - 1: _told(contexts[-1], said, statements, words)}
            place = -1 if arm.context == "none" else 0 if arm.context == "train" else len(contexts) - 1
            shown_statements, shown_words = told.get(place, (set(), set()))
            context.append(place)
            stated = sentence_of[item] in known_words or sentence_of[item] in shown_words
            verbatim.append(stated)
            exposed.append(stated or statement in known or statement in shown_statements)
            rows = contexts[place] if place >= 0 else ()
            relevant.append(sum(not behind.isdisjoint(keys[i]) for i in rows))
    return View(arm.name, tuple(contexts), tuple(context), tuple(exposed), tuple(verbatim), tuple(relevant))


def _told(
    rows: tuple[int, ...], said: list[range], statements: list[str], words: list[str]
) -> tuple[set[str], set[str]]:
    """The statements and the very sentences of some documents."""
    own = [s for i in rows for s in said[i]]
    return {statements[s] for s in own}, {words[s] for s in own}


def _oracle(
    count: int,
    shown: list[int],
    keys: list[frozenset[tuple[str, int]]],
    behind: set[tuple[str, int]],
    seed: np.uint64,
    path: str,
) -> tuple[int, ...]:
    """`count` documents in drawn order, all those that the answer rests on among them."""
    order = np.argsort(permute(seed, path, np.arange(len(shown)), len(shown)))
    drawn = [shown[place] for place in order]
    relevant = [i for i in drawn if not behind.isdisjoint(keys[i])]
    chosen = relevant + [i for i in drawn if behind.isdisjoint(keys[i])]
    chosen = chosen[: max(count, len(relevant))]
    last = np.argsort(permute(seed, path + "/order", np.arange(len(chosen)), len(chosen)))
    return tuple(chosen[place] for place in last)
