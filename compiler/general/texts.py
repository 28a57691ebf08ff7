"""The general text that came with the package: prose, and stories with questions."""

from __future__ import annotations

from pathlib import Path

from wug.compiler.record import Record

_FOLDER = Path(__file__).parent


class Question(Record):
    """What is asked about a story: how the cue goes on, rightly and wrongly."""

    cue: str
    right: str
    wrong: str


class Story(Record):
    """A text, and questions that only somebody who has read it can answer."""

    text: str
    questions: tuple[Question, ...]


def prose() -> tuple[str, ...]:
    """Paragraphs of general text."""
    return _paragraphs("prose.txt")


def replayed() -> tuple[str, ...]:
    """Other paragraphs of general text, for training: what is measured is none of it."""
    return _paragraphs("replay.txt")


def stories() -> tuple[Story, ...]:
    """Stories with their questions."""
    found = []
    for paragraph in _paragraphs("stories.txt"):
        text, *lines = paragraph.split("\n")
        found.append(Story(text, tuple(map(_question, lines))))
    return tuple(found)


def _question(line: str) -> Question:
    cue, choices = line.split(" => ")
    right, wrong = choices.split(" | ")
    return Question(cue, f" {right}.", f" {wrong}.")


def _paragraphs(name: str) -> tuple[str, ...]:
    return tuple((_FOLDER / name).read_text(encoding="utf-8").strip().split("\n\n"))
