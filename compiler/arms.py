"""What each arm sees: its context, and how much of each question that gives away.

A view is an arm and an item: the documents shown with the question, how many of them the answer rests on, and
whether the very sentence that is asked for was stated in what the arm was trained on or shown (`exposed`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from wug.compiler.documents import Documents
from wug.compiler.draw import permute
from wug.compiler.experiment import Arm
from wug.compiler.split import Items


@dataclass(frozen=True)
class View:
    """One row per item of one world: `context` is an index into `contexts`, -1 for none."""

    arm: str
    contexts: tuple[tuple[int, ...], ...]  # rows of the world's documents, in the order shown
    context: tuple[int, ...]
    exposed: tuple[bool, ...]
    relevant: tuple[int, ...]


def view(arm: Arm, documents: Documents, tests: tuple[Items, ...], seed: np.uint64) -> View:
    """An arm's view of one world: `documents` and `tests` are that world's alone."""
    statements = documents.statement.tolist()
    sets = documents.set.tolist()
    keys = list(zip(documents.relation.tolist(), documents.row.tolist(), strict=True))
    training = [i for i, name in enumerate(sets) if name == "train"]
    limit = arm.articles or max((int(a) for a in documents.article), default=0) + 1
    shown = [i for i in training if documents.article[i] < limit]
    trained = {statements[i] for i, name in enumerate(sets) if arm.finetune and name in ("train", arm.name)}
    contexts: list[tuple[int, ...]] = []
    if arm.context == "train":
        order = permute(seed, "context/train", np.arange(len(shown)), len(shown))
        contexts.append(tuple(shown[place] for place in np.argsort(order)))
    context, exposed, relevant = [], [], []
    for items in tests:
        asked = items.statement().tolist()
        for item, statement in enumerate(asked):
            behind = set(items.premises[item])
            if arm.context == "oracle":
                path = f"context/oracle/{items.test.name}/{item}"
                contexts.append(
                    _oracle(
                        arm.documents,
                        [i for i in shown if documents.article[i] == 0],
                        keys,
                        behind,
                        seed,
                        path,
                    )
                )
            place = -1 if arm.context == "none" else 0 if arm.context == "train" else len(contexts) - 1
            rows = contexts[place] if place >= 0 else ()
            context.append(place)
            exposed.append(statement in trained or any(statements[i] == statement for i in rows))
            relevant.append(sum(keys[i] in behind for i in rows))
    return View(arm.name, tuple(contexts), tuple(context), tuple(exposed), tuple(relevant))


def _oracle(
    count: int,
    shown: list[int],
    keys: list[tuple[str, int]],
    behind: set[tuple[str, int]],
    seed: np.uint64,
    path: str,
) -> tuple[int, ...]:
    """`count` documents in drawn order, all those that the answer rests on among them."""
    order = np.argsort(permute(seed, path, np.arange(len(shown)), len(shown)))
    drawn = [shown[place] for place in order]
    chosen = [i for i in drawn if keys[i] in behind] + [i for i in drawn if keys[i] not in behind]
    chosen = chosen[: max(count, sum(keys[i] in behind for i in drawn))]
    last = np.argsort(permute(seed, path + "/order", np.arange(len(chosen)), len(chosen)))
    return tuple(chosen[place] for place in last)
