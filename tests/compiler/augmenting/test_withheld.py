"""Nothing that is about a withheld fact is said, in no relation, form, order or words."""

from __future__ import annotations

import dataclasses

import pytest

from tests.compiler.augmenting.conftest import Drafted
from tests.compiler.conftest import Write, checked
from wug import specs
from wug.compiler.augmenting.judge import Judge
from wug.compiler.augmenting.oracle import augmentation
from wug.compiler.augmenting.requests import asked_units
from wug.compiler.augmenting.withheld import trained_and_withheld, withheld
from wug.compiler.augmenting.written import Answer, written
from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.draft import Draft, draft
from wug.compiler.emitting.emit import view_columns
from wug.compiler.experiment import Experiment
from wug.compiler.plan import Augment

FAMILY = """wug 1
world family {
  entity person { count 16  named nonce(syllables 2) }
  relation parent(p: person, c: person) {
    acyclic  complete  populate forest { roots 2  children 2..3 }
    form up "The parent of {c} is" => " {p}."
    form down "{p} is the parent of" => " {c}."
  }
  relation sibling(a: person, b: person) { complete  form says "A sibling of {a} is" => " {b}." }
  rule sibling(a, b) if parent(p, a), parent(p, b), a != b
  relation grandparent(g: person, c: person) { complete  form says "A grandparent of {c} is" => " {g}." }
  rule grandparent(g, c) if parent(g, p), parent(p, c)
  relation grandchild(c: person, g: person) { complete  form says "A grandchild of {g} is" => " {c}." }
  rule grandchild(c, g) if grandparent(g, c)
  relation elder(g: person) { complete  form says "{g} is an elder." }
  rule elder(g) if grandparent(g, c)
}
"""


@pytest.fixture
def family(write: Write) -> Draft:
    write("family.world", FAMILY)
    path = write(
        "family.experiment",
        'wug 1\nexperiment family {\n  world "family.world"\n  seeds 4\n'
        "  train parent in up\n"
        "  test sibling { sibling in says  choices others(1) }\n"
        "  test grandparent { grandparent in says  choices others(1) }\n"
        "  test grandchild { grandchild in says  choices others(1) }\n"
        "  model speck { layers 1  width 16  heads 2  context 64 }\n"
        "  arm half { finetune { steps 5 }  augment local global by oracle { withhold 50% } }\n"
        "}\n",
    )
    spec = checked(path)
    assert isinstance(spec, Experiment)
    return draft(spec, Report())


def test_no_added_text_names_the_members_of_what_is_not_said(family: Draft) -> None:
    """Who is whose sibling is said both ways or not at all, and so it is with grandparents."""
    kept = lost = 0
    for of in range(4):
        documents = family.world_documents(of)
        added = documents.text[documents.set == "half"].tolist()
        for items in family.world_tests(of):
            for item, statement in enumerate(family.statements(items).tolist()):
                if statement in added:
                    kept += 1
                    continue
                lost += 1
                arguments = family.closures[items.test.relation].facts.arguments[items.row[item]]
                a, b = family.populated.names["person"][of][arguments].tolist()
                assert not [text for text in added if a in text and b in text], statement
    assert 0.4 < lost / (kept + lost) < 0.6


def test_what_one_composition_entails_is_not_withheld_beside_it(family: Draft) -> None:
    """That she has a grandchild says she is an elder: who is told the first knows the second."""
    augment = family.experiment.arms[0].augment
    assert augment is not None
    held = withheld(augment, family, family.taught).facts
    told, old = family.closures["grandparent"].facts, family.closures["elder"].facts
    saying = {
        (of, g)
        for of, (g, _), out in zip(
            told.world.tolist(), told.arguments.tolist(), held["grandparent"].tolist(), strict=True
        )
        if not out
    }
    for of, (g,), out in zip(old.world.tolist(), old.arguments.tolist(), held["elder"].tolist(), strict=True):
        assert out == ((of, g) not in saying)
    assert held["elder"].any()
    assert not held["elder"].all()


def test_a_share_of_each_trained_relation(family: Draft) -> None:
    augment = family.experiment.arms[0].augment
    assert augment is not None
    lost = trained_and_withheld(augment, family)
    facts = family.closures["parent"].facts
    for of in range(4):
        every = {row for name, row in family.trained[of]}
        parents = {int(facts.arguments[row, 0]) for row in every}
        out = {int(facts.arguments[row, 0]) for name, row in lost if facts.world[row] == of}
        assert len(out) == len(parents) // 2
        assert {row for name, row in lost if facts.world[row] == of} == {
            row for row in every if int(facts.arguments[row, 0]) in out
        }


@pytest.mark.parametrize("scopes", [("local",), ("global",), ("local", "global")])
def test_in_the_shipped_worlds_too(scopes: tuple[str, ...]) -> None:
    for name in ("kinship", "reversals"):
        spec = checked(specs() / "experiments" / f"{name}.experiment")
        assert isinstance(spec, Experiment)
        drawn = draft(spec, Report(), seeds=2)
        augment = Augment(scopes, "oracle", withhold=0.5)
        arm = dataclasses.replace(spec.arms[0], name="half", augment=augment)
        added = augmentation(arm, drawn, drawn.taught)
        held = withheld(augment, drawn, drawn.taught)
        assert len(added)
        for text, of in zip(added.text.tolist(), added.world.tolist(), strict=True):
            for world, members in held.groups:
                names = [str(drawn.populated.names[type][of, number]) for type, number in members]
                assert world != of or not all(each in text for each in names), text


def test_a_text_that_names_both_is_withheld_understood_or_not(drafted: Drafted) -> None:
    drawn = drafted("augment global by self { withhold 50%  filter none }")
    arm = drawn.experiment.arms[0]
    assert arm.augment is not None
    documents = drawn.world_documents(0)
    unit = asked_units(arm.augment, drawn, 0, documents)[0]
    held = trained_and_withheld(arm.augment, drawn)
    facts, names = drawn.closures["parent"].facts, drawn.populated.names["person"][0].tolist()
    judge = Judge(drawn, 0, arm)
    texts = []
    for name, row in drawn.trained[0]:
        a, b = (names[number] for number in facts.arguments[row])
        for text in (
            f"So {a} is the parent of {b}.",
            f"{b.upper()} knows {a}'s house",
            f"{b} is the parent of {a}.",
            f"Nobody knows {a}. Nobody knows {b}.",
        ):
            assert judge.judge(unit, text).withheld == ((name, row) in held), text
            texts.append(text)
    made = written(drawn, 0, arm, [Answer(unit, text, 0) for text in texts])
    assert sum(made.kept) == sum(not judge.judge(unit, text).withheld for text in texts) > 0
    assert len(made.documents) == sum(made.kept)


def test_all_may_be_withheld(drafted: Drafted) -> None:
    drawn = drafted("augment local global by oracle { withhold 100% }")
    assert not (drawn.documents.set == "more").any()
    drawn = drafted("augment local by oracle { withhold 100% }")
    assert not (drawn.documents.set == "more").any()
    drawn = drafted("augment global by self { withhold 100% }")
    arm = drawn.experiment.arms[0]
    assert arm.augment is not None
    assert not asked_units(arm.augment, drawn, 0, drawn.world_documents(0))
    assert not len(written(drawn, 0, arm, []).documents)


def test_what_the_oracle_adds_names_members_together_too(family: Draft) -> None:
    for of in range(4):
        _, views = view_columns(family, of)
        asked = [text for items in family.world_tests(of) for text in family.statements(items).tolist()]
        added = set(family.world_documents(of).text[family.world_documents(of).set == "half"].tolist())
        assert views["cooccurring"] == [statement in added for statement in asked]
        assert views["cooccurring"] == views["exposed"]
        assert 0 < sum(views["cooccurring"]) < len(asked)
