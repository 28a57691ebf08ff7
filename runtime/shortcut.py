"""Shortcuts: how often words alone would have answered what an arm was asked: compiler/asking/shortcut.py."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from wug.compiler.asking.shortcut import NAMES, Index
from wug.runtime.corpus import Ints, World


@dataclass(frozen=True)
class Shortcut:
    """The answers of one shortcut in one world, aligned as `score.Answers`."""

    credit_N: npt.NDArray[np.float64]
    share_Q: npt.NDArray[np.float64]


def shortcuts(world: World, arm: str, trained: bool) -> dict[str, Shortcut]:
    """Each shortcut's answers from the documents that this arm trains on (if it does) and is shown."""
    view = world.views[arm]
    learned = world.documents.seen_by(arm) if trained else np.empty(0, np.int32)
    nothing = np.empty(0, np.int32)
    seen = [
        np.concatenate([learned, view.contexts[context] if context >= 0 else nothing])
        for context in view.context_N
    ]
    return _shortcuts(world, seen)


def of_training(world: World) -> dict[str, Shortcut]:
    """Each shortcut's answers from all training documents, whatever an arm makes of them."""
    every = np.flatnonzero(world.documents.set_D == "train").astype(np.int32)
    return _shortcuts(world, [every] * len(world.items.item_id_N))


def _shortcuts(world: World, seen: Sequence[Ints]) -> dict[str, Shortcut]:
    items, questions = world.items, world.questions
    index = Index(world.documents.text_D)
    share = {name: np.zeros(len(questions.item_Q)) for name in NAMES}
    credit = {name: np.zeros(len(items.item_id_N)) for name in NAMES}
    for item, (first, choices) in enumerate(zip(items.first_question_N, items.choices_N, strict=True)):
        mask = np.zeros(len(world.documents.text_D), np.bool_)
        mask[seen[item]] = True
        own = slice(first, first + choices)
        for name, share_K in index.shares(questions.text[own], mask).items():
            share[name][own] = share_K
            credit[name][item] = share_K @ items.accept_Q[own]
    return {name: Shortcut(credit[name], share[name]) for name in NAMES}
