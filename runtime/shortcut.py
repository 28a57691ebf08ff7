"""Shortcuts: what would answer the questions without understanding, and how far the model agrees with it.

`frequency` takes the choice whose own words (those the other choices lack) were seen most often in what the
arm was trained on and shown. `co-occurrence` takes the one whose own words were seen most with the other
words of the question, a word counting the more the rarer it is (inverse document frequency, Spärck Jones
1972).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from wug.runtime.corpus import DOC, PAD, Ints, World

NAMES = ("frequency", "co-occurrence")


@dataclass(frozen=True)
class Shortcut:
    """The answers of one shortcut in one world, aligned as `score.Answers`."""

    credit_N: npt.NDArray[np.float64]
    share_Q: npt.NDArray[np.float64]


def shortcuts(world: World, arm: str, trained: bool) -> dict[str, Shortcut]:
    """Each shortcut's answers from the documents that this arm trains on (if it does) and is shown."""
    vocabulary = 1 + max(
        int(world.documents.tokens_DT.max(initial=0)),
        max((int(tokens.max()) for tokens in world.questions.tokens), default=0),
    )
    holds_DV = np.zeros((len(world.documents.doc_id_D), vocabulary), np.bool_)
    np.put_along_axis(holds_DV, world.documents.tokens_DT, True, axis=1)
    holds_DV[:, [PAD, DOC]] = False
    items, questions, view = world.items, world.questions, world.views[arm]
    learned = world.documents.seen_by(arm) if trained else np.empty(0, np.int32)
    counts = {name: np.zeros(len(questions.item_Q)) for name in NAMES}
    for item, (first, choices) in enumerate(zip(items.first_question_N, items.choices_N, strict=True)):
        context = view.context_N[item]
        shown = view.contexts[context] if context >= 0 else np.empty(0, np.int32)
        seen = np.concatenate([learned, shown])
        own, others = own_words(questions.tokens[first : first + choices])
        for choice, words in enumerate(own):
            with_words = holds_DV[seen][:, words].all(axis=1) if words else np.zeros(len(seen), np.bool_)
            counts["frequency"][first + choice] = with_words.sum()
            counts["co-occurrence"][first + choice] = _weight(holds_DV[seen], with_words, others)
    return {name: _answers(world, count_Q) for name, count_Q in counts.items()}


def own_words(questions: tuple[Ints, ...]) -> tuple[list[list[int]], list[int]]:
    """The words of each choice that not all of an item's choices hold, and those that all of them share."""
    words = [set(tokens.tolist()) - {DOC, PAD} for tokens in questions]
    common = set.intersection(*words)
    return [sorted(one - common) for one in words], sorted(common)


def _weight(holds_DV: npt.NDArray[np.bool_], with_words: npt.NDArray[np.bool_], others: list[int]) -> float:
    if not others or not len(holds_DV):
        return 0.0
    documents = holds_DV[:, others].sum(axis=0)
    rarity = np.log(len(holds_DV) / np.maximum(documents, 1))
    return round(float((holds_DV[with_words][:, others].sum(axis=0) * rarity).sum()), 9)


def _answers(world: World, count_Q: npt.NDArray[np.float64]) -> Shortcut:
    items = world.items
    share_Q, credit_N = np.zeros(len(count_Q)), np.zeros(len(items.item_id_N))
    for item, (first, choices) in enumerate(zip(items.first_question_N, items.choices_N, strict=True)):
        count_K = count_Q[first : first + choices]
        top_K = count_K == count_K.max()
        share_Q[first : first + choices] = top_K / top_K.sum()
        credit_N[item] = share_Q[first : first + choices] @ items.accept_Q[first : first + choices]
    return Shortcut(credit_N, share_Q)
