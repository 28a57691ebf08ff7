"""What tests that offer statements ask, and which are right: against what is true of each pair."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tests.compiler.conftest import checked
from wug import specs
from wug.compiler.asking.about_pairs import asks, questions_about, right_statements
from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.draft import Draft, draft
from wug.compiler.experiment import Experiment

Statement = tuple[str, str, str]


@pytest.fixture(scope="module")
def syllogisms() -> Draft:
    spec = checked(specs() / "experiments" / "syllogisms.experiment")
    assert isinstance(spec, Experiment)
    conclusion, premises = spec.tests
    tests = dataclasses.replace(conclusion, ask="What follows of {a} and {b}?"), premises
    return draft(dataclasses.replace(spec, tests=tests), Report(), seeds=2)


def said(drawn: Draft, of: int) -> dict[frozenset[str], set[Statement]]:
    """What is true of each pair of kinds in a world: relation and both names."""
    names = drawn.populated.names["kind"][of]
    found: dict[frozenset[str], set[Statement]] = {}
    for relation in ("all", "some", "no"):
        facts = drawn.closures[relation].facts
        for a, b in facts.arguments[facts.world == of].tolist():
            pair = str(names[a]), str(names[b])
            found.setdefault(frozenset(pair), set()).add((relation, *pair))
    return found


def test_the_strongest_of_what_is_true_of_each_pair_is_right(syllogisms: Draft) -> None:
    (premises, conclusion) = sorted(
        asks(syllogisms.experiment.tests), key=lambda ask: ask.test.name, reverse=True
    )
    assert (premises.test.ask, conclusion.test.ask) == ("", "What follows of {a} and {b}?")
    for ask in (premises, conclusion):
        for of in (0, 1):
            right: dict[frozenset[str], set[Statement]] = {}
            names = syllogisms.populated.names["kind"][of]
            for claim, worlds, questions in right_statements(ask, syllogisms):
                rows = zip(claim.arguments.tolist(), worlds.tolist(), questions.tolist(), strict=True)
                for (a, b), world, question in rows:
                    if world != of:
                        continue
                    pair = str(names[a]), str(names[b])
                    right.setdefault(frozenset(pair), set()).add((claim.relation, *pair))
                    assert question in {
                        ask.test.ask.format(a=first, b=second) for first, second in (pair, pair[::-1])
                    }
            true = said(syllogisms, of)
            assert right.keys() == true.keys()
            for pair, statements in true.items():
                alls = {each for each in statements if each[0] == "all"}
                assert right[pair] == (alls or statements), "some is said where all cannot be"


def test_half_of_the_pairs_are_named_the_other_way_round(syllogisms: Draft) -> None:
    ask = next(ask for ask in asks(syllogisms.experiment.tests) if ask.test.ask)
    both = np.array([[0, 1], [0, 2], [1, 2], [3, 4], [3, 5], [4, 5]], np.int32)
    asked = questions_about(ask.test, syllogisms, np.zeros(6, np.int32), both).tolist()
    names = syllogisms.populated.names["kind"][0]
    as_given = [f"What follows of {names[a]} and {names[b]}?" for a, b in both.tolist()]
    assert sum(one == other for one, other in zip(asked, as_given, strict=True)) == 3


def test_what_is_excluded_is_not_asked(syllogisms: Draft) -> None:
    tests = syllogisms.experiment.tests
    (without,) = {ask.statements for ask in asks(tests, [("some", ""), ("no", "plain")])}
    assert without == (("all", "plain"),)
    assert asks(tests, [("some", ""), ("no", ""), ("all", "")]) == ()
