"""Yardsticks: what shows whether a model has forgotten, text that it was never trained on and questions in
context, asked of it before it is fine-tuned and after.

Of a model that is pretrained here both are of what it was pretrained on: the held-out worlds of its probe,
their facts and what is asked about them. A checkpoint gets the general text that came with the package
(compiler/general). Every seed is asked the same, so that one program measures them all. No JAX here.

Letters in names: Q questions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from tokenizers import Tokenizer

from wug.compiler.general.texts import prose, stories
from wug.compiler.shape import Marks
from wug.runtime.corpus import Ints
from wug.runtime.episodes import Probe
from wug.runtime.layout import Asked

VERSION = 1
"""Raised where other texts or questions are taken."""

WORLDS = 16
QUESTIONS = 12  # of a world, at most
PIECE = 256  # tokens: a longer text is read in pieces


@dataclass(frozen=True)
class Yardstick:
    """Texts and questions, as one list of what is read: each text, counted from its second token on, then of
    each question both choices. Which of the two is right, `right_Q` says; a guess is right half the time."""

    asked: Asked
    texts: int
    tokens: int  # that are counted in the texts
    right_Q: Ints

    @property
    def chance(self) -> float:
        return 0.5


def of_probe(probe: Probe) -> Yardstick:
    """Of the first worlds of a probe their facts with questions that are answered behind them, as pretraining
    would read them, and these questions."""
    by_world: dict[bytes, list[int]] = {}
    for question in range(len(probe.answer_Q)):
        cue = probe.rows[2 * question][: probe.start[2 * question]]
        by_world.setdefault(_facts(cue).tobytes(), []).append(question)
    contexts: list[Ints] = []
    texts: list[Ints] = []
    asked: list[tuple[int, Ints, int]] = []
    right: list[int] = []
    for questions in list(by_world.values())[:WORLDS]:
        first = 2 * questions[0]
        facts = _facts(probe.rows[first][: probe.start[first]])
        said = [facts]
        for question in questions[:: -(-len(questions) // QUESTIONS)]:
            for row in (2 * question, 2 * question + 1):
                asked.append((len(contexts), probe.rows[row][len(facts) :], probe.start[row] - len(facts)))
            right.append(int(probe.answer_Q[question]))
            said.append(probe.rows[2 * question + right[-1]][len(facts) :])
        contexts.append(facts)
        texts.append(np.concatenate(said))
    return _yardstick(texts, contexts, asked, right)


def _facts(cue: Ints) -> Ints:
    """What stands before the last document of a cue, which is the question."""
    return cue[: int(np.flatnonzero(cue == cue[0])[-1])]


def of_general_text(tokenizer: Tokenizer, marks: Marks, context: int) -> Yardstick:
    """Paragraphs of prose, and questions about stories, in the tokens of a checkpoint that sees so many of
    them. A story that is too long for it is left out."""

    def cut(text: str) -> list[int]:
        return list(tokenizer.encode(text, add_special_tokens=False).ids)

    room = min(context, PIECE) - 1
    texts = [
        np.array([marks.opening, *ids[first : first + room]], np.int32)
        for ids in map(cut, prose())
        for first in range(0, len(ids), room)
    ]
    contexts: list[Ints] = []
    asked: list[tuple[int, Ints, int]] = []
    right: list[int] = []
    for story in stories():
        shown = np.array([marks.opening, *cut(story.text)], np.int32)
        told: list[tuple[int, Ints, int]] = []
        for question in story.questions:
            cue = f" {question.cue}"
            for choice in (question.right, question.wrong):
                read = tokenizer.encode(cue + choice, add_special_tokens=False)
                start = next(place for place, (_, end) in enumerate(read.offsets) if end > len(cue))
                told.append((len(contexts), np.array(read.ids, np.int32), start))
        if len(shown) + max(len(row) for _, row, _ in told) <= context:
            contexts.append(shown)
            asked += told
            right += [0] * len(story.questions)
    return _yardstick(texts, contexts, asked, right)


def _yardstick(
    texts: list[Ints], contexts: list[Ints], asked: list[tuple[int, Ints, int]], right: list[int]
) -> Yardstick:
    """Of texts that are read alone, and rows of which two and two are the choices of a question: the context
    before, the tokens, and where the choice begins."""
    questions = len(texts) + np.repeat(np.arange(len(right)), 2)
    return Yardstick(
        Asked(
            tuple(contexts),
            np.array([-1] * len(texts) + [context for context, _, _ in asked[::2]], np.int32),
            np.concatenate([np.arange(len(texts)), questions]).astype(np.int32),
            (*texts, *(row.astype(np.int32) for _, row, _ in asked)),
            np.array([1] * len(texts) + [start for _, _, start in asked], np.int32),
        ),
        len(texts),
        sum(len(text) - 1 for text in texts),
        np.array(right, np.int32),
    )
