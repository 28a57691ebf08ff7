"""Questions about pairs: what a test that offers every statement of a set asks, and what is right to say.

Episodes ask so, and a model that was pretrained on them is asked so when it writes. Of a pair of which "all"
and "some" follow, who has read only what a test counts as right says "all": nobody who knows the stronger
says the weaker (Grice, "Logic and conversation", 1975, the maxim of quantity).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from wug.compiler.asking.asked import item_number, question_about
from wug.compiler.asking.choices import Claim, statements, strongest
from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.draw import permute
from wug.compiler.experiment import Test
from wug.compiler.facts import Ints
from wug.compiler.inferring.known import everything
from wug.compiler.populating.drawn import Drawn
from wug.compiler.saying.render import Texts, text_of


@dataclass(frozen=True)
class Ask:
    """A way to ask about pairs: what stands before the statement (`test.ask`, nothing where it is empty), and
    the `statements` (relation, form) that can be right, or only the strongest of them."""

    test: Test
    statements: tuple[tuple[str, str], ...]

    @property
    def strongest(self) -> bool:
        return self.test.choices.accept == "strongest"


def asks(tests: Iterable[Test], exclude: Iterable[tuple[str, str]] = ()) -> tuple[Ask, ...]:
    """Every way in which tests ask about pairs, each once, without the statements that are excluded."""
    left = set(exclude)
    found: dict[object, Ask] = {}
    for test in tests:
        if test.choices.kind != "statements":
            continue
        statements = tuple(
            (relation, form)
            for relation, form in test.choices.statements
            if (relation, form) not in left and (relation, "") not in left
        )
        if statements:
            found.setdefault((test.ask, test.choices.accept, statements), Ask(test, statements))
    return tuple(found.values())


def right_statements(ask: Ask, drawn: Drawn) -> Iterator[tuple[Claim, Ints, Texts]]:
    """Of each statement, both ways over a pair, the facts that are right: the world of each, and what is
    asked before it."""
    of, both = _pairs(ask, drawn)
    if not len(of):
        return
    claims = statements(ask.statements, both)
    full = everything(drawn)
    right = np.stack([full.rows(c.relation, of, c.arguments) >= 0 for c in claims], axis=1)
    if ask.strongest:
        right = strongest(claims, of, right, drawn, Report())
    questions = questions_about(ask.test, drawn, of, both)
    for number, claim in enumerate(claims):
        mine = np.flatnonzero(right[:, number])
        if len(mine):
            yield Claim(claim.relation, claim.form, claim.arguments[mine]), of[mine], questions[mine]


def _pairs(ask: Ask, drawn: Drawn) -> tuple[Ints, Ints]:
    """The pairs that some statement is true of: world [pairs], and both members [pairs, 2]."""
    found = []
    for name in dict.fromkeys(relation for relation, _ in ask.statements):
        facts = drawn.closures[name].facts
        both = np.sort(facts.arguments[:, :2], axis=1)
        triple = np.column_stack([facts.world, both])
        found.append(triple[both[:, 0] != both[:, 1]])
    every = np.unique(np.concatenate(found), axis=0).reshape(-1, 3).astype(np.int32)
    return every[:, 0], every[:, 1:]


def questions_about(test: Test, drawn: Drawn, of: Ints, both: Ints) -> Texts:
    """What a test asks about each pair [pairs, 2], nothing where it has no words for that. Half of them,
    drawn, are turned round: their order might tell."""
    if not test.ask:
        return np.full(len(of), "")
    counts = np.bincount(of, minlength=len(drawn.seeds))
    place = permute(drawn.seeds[of], f"{test.name}/pair", item_number(of), counts[of])
    both = np.where((place % 2 == 1)[:, None], both[:, ::-1], both)
    relation = drawn.experiment.world.relations[test.relation]
    first, second = (
        text_of(drawn.experiment.world, drawn.populated, argument.type, 0, of, both[:, place])
        for place, argument in enumerate(relation.arguments)
    )
    pairs = zip(first.tolist(), second.tolist(), strict=True)
    return np.array([question_about(test, relation, pair) for pair in pairs], np.str_)
