"""The judge of what a teacher wrote: every text is read back and held against what follows.

A text is read sentence by sentence. A sentence is entailed if it can be read as something that follows from
what is trained (and is true); new, if training does not state it in that form. Else it contradicts, if it can
be read as something that is false in the full world; is unsupported, if nothing tells; or is not understood,
if it is no sentence of the world. A text contradicts if one of its sentences does; it is entailed if all are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from wug.compiler.augmenting.kind import Told
from wug.compiler.augmenting.reading import Read, read
from wug.compiler.augmenting.units import Unit, stated, told_in
from wug.compiler.augmenting.withheld import Fact, withheld
from wug.compiler.draft import Draft
from wug.compiler.experiment import Arm
from wug.compiler.inferring.known import everything
from wug.compiler.saying.naming import Naming
from wug.compiler.saying.read import Meaning, Reader, Reading
from wug.compiler.saying.render import fill

VERDICTS = ("entailed_new", "entailed_stated", "contradicting", "unsupported", "not_understood")

_ORDER = {verdict: place for place, verdict in enumerate(VERDICTS)}
_WORST = ("contradicting", "unsupported", "not_understood", "entailed_new", "entailed_stated")


@dataclass(frozen=True)
class Stated:
    """A fact (a row of the full closures) that an entailed sentence states, in which form and wording; it
    stands from `start` to `end`."""

    fact: Fact
    statement: str
    form: str
    wording: int
    kind: str
    depth: int
    start: int
    end: int


@dataclass(frozen=True)
class Judged:
    """What a text says at best: `stated` is what its entailed sentences do. `withheld` is true where it names
    all that something is about which is to be kept from the arm."""

    text: str
    verdict: str
    stated: tuple[Stated, ...] = ()
    withheld: bool = False

    @property
    def said(self) -> tuple[Fact, ...]:
        """The facts that it states."""
        return tuple(each.fact for each in self.stated)

    @property
    def statements(self) -> tuple[str, ...]:
        """What it states, in the first words of each form."""
        return tuple(each.statement for each in self.stated)

    @property
    def entailed(self) -> bool:
        """Whether all of it follows."""
        return self.verdict.startswith("entailed")

    @property
    def kind(self) -> str:
        """What kind of inference it is, or its first sentence; nothing where it does not follow."""
        return self.stated[0].kind if self.entailed else ""

    @property
    def depth(self) -> int:
        """On how many stated facts it rests at least."""
        return max((each.depth for each in self.stated), default=0) if self.entailed else 0

    @property
    def form(self) -> str:
        """The form of its first sentence."""
        return self.stated[0].form if self.entailed else ""


class Judge:
    """Judges what was written for one arm about world `of`."""

    def __init__(self, drawn: Draft, of: int, arm: Arm) -> None:
        self.drawn, self.of, self.arm = drawn, of, arm
        self.world = drawn.experiment.world
        self.reader = Reader(self.world, drawn.populated, of)
        self.naming = Naming(self.world, drawn.populated, of)
        self.full = everything(drawn)
        documents = drawn.world_documents(of)
        self.stated = stated(documents)
        self.known: dict[str, list[Read]] = {}
        self.told: dict[Unit | None, Told] = {None: Told(drawn, told_in(documents))}
        assert arm.augment is not None
        self.held = withheld(arm.augment, drawn, drawn.taught)

    def judge(self, unit: Unit, text: str, scope: str = "local") -> Judged:
        """One text, written about one unit."""
        if text not in self.known:
            self.known[text] = read(self.reader, text)
        about = unit if scope == "local" else None
        if about not in self.told:
            self.told[about] = Told(self.drawn, unit.told)
        verdict, said = _together([self._sentence(self.told[about], each) for each in self.known[text]])
        lost = any(self.held.facts[name][row] for name, row in (each.fact for each in said))
        single = not verdict.startswith("entailed")
        lost = lost or self.held.named(self.of, self.naming.named(text), single)
        return Judged(text, verdict, said, bool(lost))

    def _sentence(self, told: Told, read: Read) -> tuple[str, tuple[Stated, ...]]:
        found = [self._reading(told, reading, read) for reading in read.readings]
        return min(found, key=lambda judged: _ORDER[judged[0]], default=("not_understood", ()))

    def _reading(self, told: Told, reading: Reading, read: Read) -> tuple[str, tuple[Stated, ...]]:
        where = np.array([self.of], np.int32)
        said: list[Stated] = []
        for meaning in reading:
            arguments = np.array([meaning.arguments], np.int32)
            depth = int(self.drawn.taught.size(meaning.relation, where, arguments)[0])
            row = int(self.full.rows(meaning.relation, where, arguments)[0])
            if not depth or row < 0:
                false = any(self._false(each) for each in reading)
                return "contradicting" if false else "unsupported", ()
            fact, form = (meaning.relation, row), meaning.form
            kind = told.kind(fact, form, depth)
            statement = self._statement(meaning)
            said.append(Stated(fact, statement, form, meaning.wording, kind, depth, read.start, read.end))
        new = any(each.statement not in self.stated for each in said)
        return "entailed_new" if new else "entailed_stated", tuple(said)

    def _false(self, meaning: Meaning) -> bool:
        where, arguments = np.array([self.of], np.int32), np.array([meaning.arguments], np.int32)
        return bool(self.full.false(meaning.relation, where, arguments)[0])

    def _statement(self, meaning: Meaning) -> str:
        relation = self.world.relations[meaning.relation]
        where, arguments = np.array([self.of], np.int32), np.array([meaning.arguments], np.int32)
        pieces = relation.form(meaning.form).pieces
        return str(fill(self.world, self.drawn.populated, relation, pieces, where, arguments)[0])


def _together(sentences: Sequence[tuple[str, tuple[Stated, ...]]]) -> tuple[str, tuple[Stated, ...]]:
    """What a text of these sentences is, and all that it states."""
    verdicts = {verdict for verdict, _ in sentences}
    worst = next((verdict for verdict in _WORST if verdict in verdicts), "not_understood")
    return worst, tuple(each for _, said in sentences for each in said)


def kept(judged: Judged, filter: str) -> bool:
    """Whether a filter lets a text into training."""
    if judged.withheld or not judged.text.strip():
        return False
    if filter == "entailed":
        return judged.entailed
    if filter == "not_contradicting":
        return judged.entailed or judged.verdict == "not_understood"
    return True
