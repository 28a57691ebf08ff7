"""Measures: other ways to say which choice a model prefers than the log-likelihood of the whole of it.

`normalised` divides it by the characters of the choice, so that long ones are at no disadvantage: acc_norm of
lm-evaluation-harness (Gao et al.). `corrected` takes from it what the choice has without context and cue,
so that a text that is probable anyway is at no advantage: its acc_mutual_info, the PMI of Holtzman et al.,
arXiv 2104.08315.

Letters in names: Q questions, an item's choices each one, U texts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from wug.runtime.corpus import Ints, World

Floats = npt.NDArray[np.floating]
MEASURES = ("normalised", "corrected")


@dataclass(frozen=True)
class Bare:
    """Choices without context and cue, <doc> in front: those of items that have the same choices once.

    A choice is the tokens that it is in its question: a tokenizer may cut it otherwise where it stands alone.
    """

    tokens: tuple[Ints, ...]
    set_U: Ints  # which set of choices a text belongs to
    place_Q: Ints  # which of the texts is a question's


def bare(world: World) -> Bare:
    """The choices of a world without context and cue."""
    items, questions = world.items, world.questions
    begun: dict[tuple[bytes, ...], int] = {}
    texts: list[Ints] = []
    set_U: list[int] = []
    place_Q: list[int] = []
    for first, choices in zip(items.first_question_N.tolist(), items.choices_N.tolist(), strict=True):
        own = [
            np.append(world.documents.marks.opening, questions.tokens[row][questions.start_Q[row] :]).astype(
                np.int32
            )
            for row in range(first, first + choices)
        ]
        named = tuple(text.tobytes() for text in own)
        if named not in begun:
            set_U += [len(begun)] * choices
            begun[named] = len(texts)
            texts += own
        place_Q += range(begun[named], begun[named] + choices)
    return Bare(tuple(texts), np.array(set_U, np.int32), np.array(place_Q, np.int32))


def characters(world: World) -> Ints:
    """How many characters each choice has, without the space that parts it from the cue [Q]."""
    cues = [world.items.cue[item] for item in world.questions.item_Q]
    told = [text[len(cue) :].strip() for text, cue in zip(world.questions.text, cues, strict=True)]
    return np.array([max(1, len(text)) for text in told], np.int32)


def measured(world: World, told_Q: Floats, bare_Q: Floats) -> dict[str, Floats]:
    """What each choice has by each measure, given its log-likelihood with context and cue and without."""
    return {"normalised": told_Q / characters(world), "corrected": told_Q - bare_Q}
