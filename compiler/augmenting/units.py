"""Units: what a teacher is asked about, a training document or a sentence of one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from wug.compiler.augmenting.withheld import asked
from wug.compiler.plan import Augment
from wug.compiler.populating.drawn import Drawn
from wug.compiler.saying.said import Documents

Fact = tuple[str, int]
"""A relation, and a row of its closure in the full worlds."""


@dataclass(frozen=True)
class Unit:
    """Part of a training document, from `start` to `end`. What is asked about are the facts of its last
    sentence, `facts`, each with the form that says it; `shown` are all that the part states."""

    document: int  # row among the world's documents
    start: int
    end: int
    facts: tuple[tuple[Fact, str], ...]
    shown: frozenset[Fact]


def units(augment: Augment, drawn: Drawn, documents: Documents) -> list[Unit]:
    """The units of one world's `documents`: the first article of each statement, or copy of each document,
    that says nothing that is withheld. Sentences are shown whole documents at a time, each alone
    (independent), or each with those before it (cumulative)."""
    said = documents.sentences
    withheld = _withheld(augment, drawn)
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
            found.append(_unit(row, 0, len(str(documents.text[row])), facts, facts))
            continue
        before: list[tuple[Fact, str]] = []
        for (start, end), stated in told.items():
            before = [*before, *stated]
            alone = augment.sentences == "independent"
            found.append(_unit(row, start if alone else 0, end, stated, stated if alone else before))
    return found


def _unit(row: int, start: int, end: int, facts: list[tuple[Fact, str]], all: list[tuple[Fact, str]]) -> Unit:
    return Unit(row, start, end, tuple(facts), frozenset(fact for fact, _ in all))


def _withheld(augment: Augment, drawn: Drawn) -> set[Fact]:
    """Trained facts that nothing is asked about."""
    if not augment.withhold:
        return set()
    found: set[Fact] = set()
    for name in {train.relation for train in drawn.experiment.trains}:
        rows = np.unique([row for each in drawn.trained for of, row in each if of == name]).astype(np.int64)
        kept = asked(augment, drawn.experiment.world.relations[name], rows, drawn)
        found |= {(name, row) for row in rows[~kept].tolist()}
    return found


def stated(documents: Documents) -> frozenset[str]:
    """The statements that the training documents of one world make."""
    training = documents.set[documents.sentences.document] == "train"
    return frozenset(documents.sentences.statement[training].tolist())
