"""The judge of what a teacher wrote: every text is read back and held against what follows.

A text is entailed if it can be read as something that follows from what is trained (and is true); new, if
training does not state it in that form. Else it contradicts, if it can be read as something that is false in
the full world; is unsupported, if nothing tells; or is not understood, if it is no sentence of the world.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from wug.compiler.augmenting.admissible import kind_of
from wug.compiler.augmenting.units import Fact, Unit, stated
from wug.compiler.augmenting.withheld import withheld
from wug.compiler.draft import Draft
from wug.compiler.experiment import Arm
from wug.compiler.inferring.known import everything
from wug.compiler.saying.read import Meaning, Reader, Reading
from wug.compiler.saying.render import fill

VERDICTS = ("entailed_new", "entailed_stated", "contradicting", "unsupported", "not_understood")

_ORDER = {verdict: place for place, verdict in enumerate(VERDICTS)}


@dataclass(frozen=True)
class Judged:
    """What a text says at best: where it is entailed, `said` are its facts (rows of the full closures), in
    this form and wording. `withheld` is true where one of them is to be kept from the arm."""

    text: str
    verdict: str
    kind: str = ""
    depth: int = 0
    form: str = ""
    wording: int = 0
    said: tuple[Fact, ...] = ()
    statements: tuple[str, ...] = ()
    withheld: bool = False


class Judge:
    """Judges what was written for one arm about world `of`."""

    def __init__(self, drawn: Draft, of: int, arm: Arm) -> None:
        self.drawn, self.of, self.arm = drawn, of, arm
        self.world = drawn.experiment.world
        self.reader = Reader(self.world, drawn.populated, of)
        self.full = everything(drawn)
        self.stated = stated(drawn.world_documents(of))
        self.known: dict[str, list[Reading]] = {}
        assert arm.augment is not None
        self.held = withheld(arm.augment, drawn, drawn.taught)

    def judge(self, unit: Unit, text: str) -> Judged:
        """One text, written about one unit."""
        if text not in self.known:
            self.known[text] = self.reader.sentence(text)
        read = [self._reading(unit, text, reading) for reading in self.known[text]]
        return min(read, key=lambda judged: _ORDER[judged.verdict], default=Judged(text, "not_understood"))

    def _reading(self, unit: Unit, text: str, reading: Reading) -> Judged:
        where = np.array([self.of], np.int32)
        facts: list[Fact] = []
        depth = 1
        for meaning in reading:
            arguments = np.array([meaning.arguments], np.int32)
            size = int(self.drawn.taught.size(meaning.relation, where, arguments)[0])
            row = int(self.full.rows(meaning.relation, where, arguments)[0])
            if not size or row < 0:
                false = any(self._false(each) for each in reading)
                return Judged(text, "contradicting" if false else "unsupported")
            facts.append((meaning.relation, row))
            depth = max(depth, size)
        statements = tuple(self._statement(meaning) for meaning in reading)
        new = any(statement not in self.stated for statement in statements)
        form = reading[0].form
        kinds = [kind_of(unit, fact, form, depth, self.drawn) for fact in facts]
        return Judged(
            text,
            "entailed_new" if new else "entailed_stated",
            kinds[0],
            depth,
            form,
            reading[0].wording,
            tuple(facts),
            statements,
            any(bool(self.held[name][row]) for name, row in facts),
        )

    def _false(self, meaning: Meaning) -> bool:
        where, arguments = np.array([self.of], np.int32), np.array([meaning.arguments], np.int32)
        return bool(self.full.false(meaning.relation, where, arguments)[0])

    def _statement(self, meaning: Meaning) -> str:
        relation = self.world.relations[meaning.relation]
        where, arguments = np.array([self.of], np.int32), np.array([meaning.arguments], np.int32)
        pieces = relation.form(meaning.form).pieces
        return str(fill(self.world, self.drawn.populated, relation, pieces, where, arguments)[0])


def kept(judged: Judged, filter: str) -> bool:
    """Whether a filter lets a text into training."""
    if judged.withheld or not judged.text.strip():
        return False
    if filter == "entailed":
        return judged.verdict.startswith("entailed")
    if filter == "not_contradicting":
        return judged.verdict.startswith("entailed") or judged.verdict == "not_understood"
    return True
