"""Where a test accepts the strongest statements alone, nothing weaker may be inferred beside them."""

from __future__ import annotations

import dataclasses

from tests.compiler.conftest import checked
from wug import specs
from wug.compiler.augmenting.admissible import Inferred, admissible
from wug.compiler.augmenting.oracle import augmentation
from wug.compiler.augmenting.requests import requests
from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.draft import Draft, draft
from wug.compiler.experiment import Experiment
from wug.compiler.plan import Augment


def drawn(accept: str) -> Draft:
    spec = checked(specs() / "experiments" / "syllogisms.experiment")
    assert isinstance(spec, Experiment)
    tests = tuple(
        dataclasses.replace(test, choices=dataclasses.replace(test.choices, accept=accept))
        for test in spec.tests
    )
    return draft(dataclasses.replace(spec, tests=tests), Report(), seeds=1)


def inferred(worlds: Draft) -> list[tuple[Inferred, ...]]:
    arm = dataclasses.replace(worlds.experiment.arms[-1], augment=Augment(("local", "global"), "oracle"))
    documents = worlds.world_documents(0)
    assert arm.augment is not None
    asked = requests(arm, worlds, 0, documents, lambda texts: [0 for _ in texts])
    return admissible(arm.augment, asked, worlds, worlds.taught, 0, documents)


def test_some_is_not_said_beside_all() -> None:
    strongest, any = (inferred(drawn(accept)) for accept in ("strongest", "any"))
    fewer = 0
    for few, many in zip(strongest, any, strict=True):
        said, all_said = ({each.statement for each in found} for found in (few, many))
        assert said <= all_said
        for statement in all_said - said:
            some, a, are, b = statement.rstrip(".").split()
            assert (some, are) == ("Some", "are")
            assert {f"All {a} are {b}.", f"All {b} are {a}."} & said, "nothing goes but what is weaker"
            fewer += 1
        for statement in said:
            quantity, a, _, b = statement.rstrip(".").split()
            assert quantity != "All" or not {f"Some {a} are {b}.", f"Some {b} are {a}."} & said
    assert fewer > 100


def test_the_oracle_does_not_say_it_either() -> None:
    texts = {}
    for accept in ("strongest", "any"):
        worlds = drawn(accept)
        arm = dataclasses.replace(worlds.experiment.arms[-1], augment=Augment(("local", "global"), "oracle"))
        texts[accept] = set(augmentation(arm, worlds, worlds.taught).text.tolist())
    trained = set(" ".join(drawn("any").world_documents(0).text.tolist()).split(". "))
    left = texts["any"] - texts["strongest"]
    assert texts["strongest"] < texts["any"]
    for statement in left:
        some, a, are, b = statement.rstrip(".").split()
        assert (some, are) == ("Some", "are")
        said = texts["strongest"] | {f"{each.rstrip('.')}." for each in trained}
        assert {f"All {a} are {b}.", f"All {b} are {a}."} & said
    assert len(left) > 100
