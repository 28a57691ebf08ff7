"""What kind of inference a statement is, seen from what a teacher was shown."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from wug.compiler.augmenting.withheld import Fact
from wug.compiler.forms import Form, slots
from wug.compiler.plan import Augment
from wug.compiler.populating.drawn import Drawn
from wug.compiler.saying.naming import Member, about

KINDS = ("rephrasing", "reversal", "inference", "composition")
"""The same fact in the same order, in another order; what follows from one fact, and from several."""


def is_reversal(told: Form, form: Form) -> bool:
    """Whether a form names a fact's members in another order than the one in which it was told."""
    return _order(told) != _order(form)


def wanted(augment: Augment, kind: str) -> bool:
    """Whether an arm's settings ask for statements of a kind."""
    return kind == "rephrasing" or (not augment.rephrase_only and (augment.reversals or kind != "reversal"))


class Told:
    """What somebody was told: facts, each in some forms."""

    def __init__(self, drawn: Drawn, told: Iterable[tuple[Fact, str]]) -> None:
        self.drawn = drawn
        self.forms: dict[Fact, set[str]] = {}
        for fact, form in told:
            self.forms.setdefault(fact, set()).add(form)
        self.about = {(fact[0], self._about(fact)) for fact in self.forms}

    def kind(self, fact: Fact, form: str, depth: int) -> str:
        """Rephrasing, reversal, inference or composition: what it is to state a fact that rests on so many.

        A fact that turns one that was told round (of the same relation, about the same members) is a
        reversal.
        """
        relation = self.drawn.experiment.world.relations[fact[0]]
        if fact in self.forms:
            said = relation.form(form)
            turned = all(is_reversal(relation.form(told), said) for told in self.forms[fact])
            return "reversal" if turned else "rephrasing"
        if (fact[0], self._about(fact)) in self.about:
            return "reversal"
        return "composition" if depth > 1 else "inference"

    def _about(self, fact: Fact) -> frozenset[Member]:
        return about(self.drawn, fact[0], np.array([fact[1]]))[0]


def _order(form: Form) -> list[int]:
    return list(dict.fromkeys(slot.argument for slot in slots(form.pieces)))
