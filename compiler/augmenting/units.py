"""Units: what a teacher is asked about, a training document or a sentence of one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from wug.compiler.augmenting.withheld import Fact, trained_and_withheld
from wug.compiler.plan import Augment
from wug.compiler.populating.drawn import Drawn
from wug.compiler.saying.naming import Member, Naming, members_of
from wug.compiler.saying.said import Documents


@dataclass(frozen=True)
class Unit:
    """Part of a training document, from `start` to `end`. What is asked about are the facts of its last
    sentence, `facts`, each with the form that says it; `told` are all that the part states."""

    document: int  # row among the world's documents
    start: int
    end: int
    facts: tuple[tuple[Fact, str], ...]
    told: tuple[tuple[Fact, str], ...]

    @cached_property
    def shown(self) -> frozenset[Fact]:
        """The facts that the part states."""
        return frozenset(fact for fact, _ in self.told)


def units(augment: Augment, drawn: Drawn, documents: Documents) -> list[Unit]:
    """The units of one world's `documents`: the first article of each statement, or copy of each document,
    that says nothing that is withheld. Sentences are shown whole documents at a time, each alone
    (independent; with those before it back to where all that it is about is named), or each with all those
    before it (cumulative)."""
    said = documents.sentences
    withheld = trained_and_withheld(augment, drawn)
    alone = _Alone(drawn, documents) if augment.sentences == "independent" else None
    found = []
    for row, sentences in enumerate(documents.said()):
        if documents.set[row] != "train" or documents.article[row] or not len(sentences):
            continue
        told: dict[tuple[int, int], list[tuple[Fact, str]]] = {}
        for s in sentences:
            fact = str(said.relation[s]), int(said.row[s])
            told.setdefault((int(said.start[s]), int(said.end[s])), []).append((fact, str(said.form[s])))
        facts = [each for stated in told.values() for each in stated]
        if any(fact in withheld for fact, _ in facts):
            continue
        if augment.sentences == "whole":
            found.append(Unit(row, 0, len(str(documents.text[row])), tuple(facts), tuple(facts)))
            continue
        places = list(told)
        for number, (place, stated) in enumerate(told.items()):
            first = alone.first(row, places[: number + 1], stated) if alone is not None else 0
            shown = [each for before in places[first : number + 1] for each in told[before]]
            start = places[first][0] if alone is not None else 0
            found.append(Unit(row, start, place[1], tuple(stated), tuple(shown)))
    return found


class _Alone:
    """Where a sentence begins that is shown by itself: a pronoun alone tells nobody whom it is about."""

    def __init__(self, drawn: Drawn, documents: Documents) -> None:
        self.drawn, self.documents = drawn, documents
        of = int(documents.world[0]) if len(documents) else 0
        self.naming = Naming(drawn.experiment.world, drawn.populated, of)

    def first(self, row: int, places: list[tuple[int, int]], stated: list[tuple[Fact, str]]) -> int:
        """The last of a document's sentences from which on all is named that the last one is about, of what
        the document names up to there."""
        text = str(self.documents.text[row])
        end = places[-1][1]
        about: set[Member] = set()
        for (name, at), _ in stated:
            about |= members_of(self.drawn, name, np.array([at]))[0]
        about &= self.naming.named(text[:end])
        ways = range(len(places) - 1, 0, -1)
        return next((n for n in ways if about <= self.naming.named(text[places[n][0] : end])), 0)


def told_in(documents: Documents) -> list[tuple[Fact, str]]:
    """The facts that the training documents of one world state, each with the form that says it."""
    said = documents.sentences
    rows = np.flatnonzero(documents.set[said.document] == "train").tolist()
    return [((str(said.relation[s]), int(said.row[s])), str(said.form[s])) for s in rows]


def stated(documents: Documents) -> frozenset[str]:
    """The statements that the training documents of one world make."""
    training = documents.set[documents.sentences.document] == "train"
    return frozenset(documents.sentences.statement[training].tolist())
