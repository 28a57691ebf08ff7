"""In which words a test asks, and what it offers: cues, answers, whole statements."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from wug.compiler.asking.asked import item_number
from wug.compiler.asking.choices import Claim
from wug.compiler.experiment import Test
from wug.compiler.facts import Ints
from wug.compiler.forms import Piece, Wording, slots
from wug.compiler.populating.drawn import Drawn
from wug.compiler.saying.manner import Manner, Which, choose, plain
from wug.compiler.saying.render import Texts, say, whole


class Phrasing:
    """The words of one test."""

    def __init__(self, test: Test, drawn: Drawn) -> None:
        self.test, self.drawn = test, drawn
        self.world = drawn.experiment.world
        self.relation = self.world.relations[test.relation]

    def manner(self, of: Ints) -> Manner:
        """The words of each item: the first wording, or a drawn one."""
        form = self.relation.form(self.test.form)
        which: Which = "held" if self.test.wording == "held" else "any"
        if self.test.wording == "told":
            return plain(form, len(of))
        key = self.drawn.seeds[of] + item_number(of).astype(np.uint64)
        return choose(form, key, f"{self.test.name}/asked", which=which)

    def said(
        self, of: Ints, arguments: Ints, manner: Manner, part: Callable[[Wording], Sequence[Piece]]
    ) -> Texts:
        """Facts in the test's form, or a part of each wording."""
        form = self.relation.form(self.test.form)
        return say(self.world, self.drawn.populated, self.relation, form, of, arguments, manner, part)

    def cue(self, of: Ints, arguments: Ints, manner: Manner) -> Texts:
        """What stands before the choices, put as the test asks."""
        cue = self.said(of, arguments, manner, before(self.test.varied))
        if not self.test.ask:
            return cue
        return np.array([self.test.ask.replace("{cue}", str(text)) for text in cue])

    def stated(self, claim: Claim, of: Ints) -> Texts:
        """A claim as a sentence, in the first wording."""
        relation = self.world.relations[claim.relation]
        form = relation.form(claim.form)
        return say(
            self.world, self.drawn.populated, relation, form, of, claim.arguments, plain(form, len(of)), whole
        )


def _cut(wording: Wording, varied: int) -> int:
    """Where the choices begin: at '=>', else at the first piece in which they differ."""
    if wording.answer < len(wording.pieces):
        return wording.answer
    holds = (varied in {slot.argument for slot in slots([piece])} for piece in wording.pieces)
    return next(place for place, inside in enumerate(holds) if inside)


def before(varied: int) -> Callable[[Wording], Sequence[Piece]]:
    """What stands before the choices."""
    return lambda wording: wording.pieces[: _cut(wording, varied)]


def behind(varied: int) -> Callable[[Wording], Sequence[Piece]]:
    """The part in which the choices differ."""
    return lambda wording: wording.pieces[_cut(wording, varied) :]
