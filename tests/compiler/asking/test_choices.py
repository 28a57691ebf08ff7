"""What questions offer: each kind of choices, with the right ones right and the wrong ones wrong."""

from __future__ import annotations

import re

import numpy as np
import pytest

from tests.compiler.conftest import Write, checked
from wug.compiler.diagnosis.diagnostics import Report, SpecError
from wug.compiler.draft import Draft, draft
from wug.compiler.emitting.tokenizer import UNKNOWN, build_tokenizer
from wug.compiler.experiment import Experiment

KIN = """wug 1
world kin {
  entity person { count 14  partition old 5, young 9 }
  entity job { count 5 }
  relation parent(a: person, b: person) {
    complete  populate forest { roots 2  children 1..2 }
    form down {
      "{a} is the parent of" => " {b}."
      "{a} brought up" => " {b}."
      held "Every day {a} walked with" => " {b}."
    }
    form up "The parent of {b} is" => " {a}."
  }
  relation ancestor(a: person, b: person) {
    complete
    form down "{a} came before" => " {b}."
  }
  rule ancestor(a, b) if parent(a, b)
  rule ancestor(a, c) if parent(a, b), ancestor(b, c)
  relation does(p: person, j: job) {
    functional  populate pairs { count 14 }
    form says "{p} works as" => " {j}."
  }
}
"""
SYLLOGISMS = """wug 1
world figures {
  entity term { count 12 }
  relation all(a: term, b: term) { acyclic  populate chain { length 3 }  form says "All {a} are {b}." }
  relation some(a: term, b: term) { form says "Some {a} are {b}." }
  relation no(a: term, b: term) {
    symmetric  populate pairs { count 2  each_once }  form says "No {a} are {b}."
  }
  rule all(a, c) if all(a, b), all(b, c)
  rule some(a, b) if all(a, b)
  rule some(b, a) if all(a, b)
}
"""


def drafted(write: Write, world: str, declarations: str, arms: str = "") -> Draft:
    write("small.world", world)
    experiment = checked(
        write(
            "small.experiment",
            f'wug 1\nexperiment small {{\n  world "small.world"\n  seeds 2\n{declarations}\n'
            "  model speck { layers 1  width 32  heads 2  context 4000 }\n  arm icl { context train }\n"
            f"  arm pretrained {{ }}\n{arms}}}\n",
        )
    )
    assert isinstance(experiment, Experiment)
    return draft(experiment, Report())


KIN_TRAINS = "  train parent in down\n  train does in says\n"


def test_depth_and_count(write: Write) -> None:
    drawn = drafted(
        write, KIN, f"{KIN_TRAINS}  test far {{ ancestor in down  depth 2..3  count 4  choices others(1) }}\n"
    )
    (items,) = drawn.tests
    assert set(items.depth.tolist()) <= {2, 3}
    assert np.bincount(items.world).tolist() == [4, 4]
    assert [len(behind) for behind in items.premises] == items.depth.tolist()


def test_held_wordings_ask_what_training_never_says(write: Write) -> None:
    drawn = drafted(
        write, KIN, f"{KIN_TRAINS}  test rephrased {{ parent in down  wording held  choices others(1) }}\n"
    )
    (items,) = drawn.tests
    assert all(str(cue).startswith("Every day") for cue in items.cue)
    assert not any("Every day" in str(text) for text in drawn.documents.text)
    view = drawn.view(0, 0)
    assert all(view.exposed), "the fact is stated in this form"
    assert not any(view.verbatim), "and never in these words"


@pytest.mark.parametrize(
    ("source", "allowed"),
    [
        ("targets", lambda drawn, of: set(arguments(drawn, "parent", of, 1))),
        (
            "parent",
            lambda drawn, of: {*arguments(drawn, "parent", of, 0), *arguments(drawn, "parent", of, 1)},
        ),
        ("ancestor", lambda drawn, of: set(arguments(drawn, "ancestor", of, 1))),
        ("answers", lambda drawn, of: set(arguments(drawn, "ancestor", of, 1))),
        ("young", lambda drawn, of: set(np.flatnonzero(drawn.populated.parts["person"][of] == 1))),
    ],
)
def test_where_wrong_values_come_from(write: Write, source: str, allowed: object) -> None:
    drawn = drafted(
        write, KIN, f"{KIN_TRAINS}  test far {{ ancestor in down  choices others(2) from {source} }}\n"
    )
    (items,) = drawn.tests
    offered = [set(), set()]
    for claim in items.claims[1:]:
        for of, number in zip(items.world, claim.arguments[:, 1], strict=True):
            offered[of].add(int(number))
    for of in range(2):
        assert offered[of] <= allowed(drawn, of)  # type: ignore[operator]


def arguments(drawn: Draft, relation: str, of: int, place: int) -> list[int]:
    facts = drawn.closures[relation].facts
    return facts.arguments[facts.world == of, place].tolist()


def test_answers_that_are_often_right_are_as_often_wrong(write: Write) -> None:
    """Six of fourteen things are red: drawn like other colours, red is right in most items that offer it."""
    rows = "".join(f"t{i},{c}\n" for i, c in enumerate(["red"] * 6 + ["tan", "sky", "sea", "ash"] * 2))
    write("rows.csv", "thing,colour\n" + rows)
    world = """wug 1
world things {
  entity thing from "rows.csv" { named thing }
  relation looks(t: thing, c: text) {
    functional  complete  populate rows { c "colour" }  form says "{t} is" => " {c}."
  }
}
"""
    shares = []
    for source in ("looks", "answers"):
        test = f"  test seen {{ looks in says  choices others(1) from {source} }}\n"
        (items,) = drafted(write, world, f"  train looks in says\n{test}").tests
        red = items.choices == " red."
        shares.append((red & items.accept).sum() / red.sum())
    assert shares[0] > 0.7
    assert shares[1] < shares[0] - 0.1


MISTAKES = """wug 1
world sums {
  entity leaf { count 8  named nonce(syllables 2) }
  relation next(a: leaf, b: leaf) {
    functional  populate permutation  form says "{a} turns into" => " {b}."
  }
  terms term { atoms leaf  depth 1  count 12  operator plus(x, y) "({x} and {y})" }
  relation change(e: term, r: term) {
    functional  complete
    rewrite plus(x, y) => plus(change(x), change(y))
    rewrite x => next(x)
    form is "The change of {e} is" => " {r}."
  }
  relation turned(e: term, r: term) {
    functional
    rewrite plus(x, y) => plus(change(y), change(x))
    rewrite x => next(x)
  }
}
"""


def test_what_another_relation_gives_instead(write: Write) -> None:
    """A sum of one leaf with itself is the same turned round, and so is a leaf: neither is asked about."""
    trains = "  train next in says\n  train change in is\n"
    drawn = drafted(write, MISTAKES, f"{trains}  test sums {{ change in is  choices instead(turned) }}\n")
    (items,) = drawn.tests
    assert len(items) > 10
    for row in range(len(items)):
        a, b = items.choices[row][items.answer[row]].strip(" ().").split(" and ")
        assert a != b
        assert {*items.choices[row]} == {f" ({a} and {b}).", f" ({b} and {a})."}


def test_a_fact_is_asked_about_if_each_of_several_relations_gives_a_value_instead(write: Write) -> None:
    world = """wug 1
world work {
  entity person { count 14 }
  entity job { count 900  named nonce(syllables 3) }
  relation does(p: person, j: job) {
    functional  populate pairs { count 14 }  form says "{p} works as" => " {j}."
  }
  relation few(p: person, j: job) { functional  populate pairs { count 7 } }
  relation many(p: person, j: job) { functional  populate pairs { count 14 } }
}
"""
    test = "  test jobs { does in says  choices instead(few many) }\n"
    drawn = drafted(write, world, f"  train does in says\n{test}")
    (items,) = drawn.tests
    assert len(items)
    for item in range(len(items)):
        for name, claim in zip(("does", "few", "many"), items.claims, strict=True):
            facts = drawn.closures[name].facts
            said = (facts.world == items.world[item]) & (facts.arguments == claim.arguments[item]).all(axis=1)
            assert said.sum() == 1


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing", "unknown relation 'missing'"),
        ("next", "'next' gives no value instead of that of 'change'"),
        ("change", "test 'sums' has no items: no fact of 'change'"),
    ],
)
def test_what_can_not_stand_instead(name: str, message: str, write: Write) -> None:
    """No such relation, other arguments, and one that is never wrong."""
    trains = "  train next in says\n  train change in is\n"
    with pytest.raises((AssertionError, SpecError), match=re.escape(message)):
        drafted(write, MISTAKES, f"{trains}  test sums {{ change in is  choices instead({name}) }}\n")


def test_an_entity_may_be_called_leaf(write: Write) -> None:
    drawn = drafted(
        write,
        MISTAKES,
        "  holdout unseen = 2 leaf\n  train next in says\n"
        "  test next { next in says where a not in unseen where b not in unseen  choices others(1) }\n",
    )
    assert drawn.held["unseen"].sum(axis=1).tolist() == [2, 2]


def test_a_verdict_is_true_for_half_of_the_statements(write: Write) -> None:
    drawn = drafted(
        write,
        KIN,
        f"{KIN_TRAINS}  test plain {{ parent in down  choices others(1) }}\n"
        '  test verdict { parent in down  choices verdict(" Yes." " No.")  ask "Is it so? {statement}" }\n',
    )
    items = drawn.tests[1]
    said = zip(drawn.documents.world.tolist(), drawn.documents.text.tolist(), strict=True)
    stated = {(of, text.replace("brought up", "is the parent of")) for of, text in said}
    for item in range(len(items)):
        put = int(items.world[item]), str(items.cue[item]).removeprefix("Is it so? ")
        right = str(items.choices[item][items.answer[item]])
        assert right == (" Yes." if put in stated else " No.")
        assert items.accept[item].sum() == 1
    assert set(items.claim.ravel().tolist()) == {0, -1}
    yes = items.claim[np.arange(len(items)), items.answer] >= 0
    assert np.bincount(items.world, yes).tolist() == [6, 6]
    assert all(drawn.view(0, 0).answerable)
    assert not any(drawn.view(1, 0).answerable), "an arm that saw nothing knows nothing"


def test_what_is_not_known_is_the_right_answer(write: Write) -> None:
    drawn = drafted(
        write,
        KIN,
        f"  holdout strangers = 3 person\n{KIN_TRAINS}"
        '  test absent { does in says where p in strangers  choices others(2)  unknown " nobody knows." }\n'
        "  test known { does in says where p not in strangers  choices others(2) }\n",
    )
    absent, known = drawn.tests
    assert len(absent) == 6
    assert [claim.form for claim in absent.claims] == ["says"] * 2
    assert (absent.choices[np.arange(6), absent.answer] == " nobody knows.").all()
    assert not absent.depth.any()
    assert len(known) == 22
    for arm in (0, 1):
        assert drawn.view(arm, 0).answerable[:3] == (True,) * 3


def test_what_an_arm_that_sees_little_can_answer(write: Write) -> None:
    """The table of docs/questions.md: unknown items always, known ones only where they are told."""
    drawn = drafted(
        write,
        KIN,
        "  holdout strangers = 2 person\n  train parent in down where a not in strangers\n"
        "  test absent { parent in down where a in strangers  choices others(2)"
        '  unknown " nobody we know." }\n'
        "  test known { parent in up where a not in strangers where b not in strangers"
        "  choices others(2) }\n",
        "  arm finetune { finetune { steps 1 } }\n  arm one { context bm25(1) }\n",
    )
    absent, known = drawn.world_tests(0)
    assert len(absent)
    assert len(known)
    told: dict[str, set[tuple[bool, int]]] = {}
    for arm, each in enumerate(drawn.experiment.arms):
        view = drawn.view(arm, 0)
        pairs = list(zip(view.answerable, view.depth, strict=True))
        assert set(pairs[: len(absent)]) == {(True, 0)}
        told[each.name] = set(pairs[len(absent) :])
    assert told["icl"] == told["finetune"] == {(True, 1)}
    assert told["pretrained"] == {(False, 0)}
    assert told["one"] == {(True, 1), (False, 0)}, "what is found tells some of them"


def test_statements_the_strongest_of_which_count(write: Write) -> None:
    asked = (
        "  train all in says\n  train no in says\n"
        "  test figure { all in says  derived  choices statements(all some no)"
    )
    strongest = drafted(write, SYLLOGISMS, f"{asked} }}\n").tests[0]
    every = drafted(write, SYLLOGISMS, f"{asked}  accept any }}\n").tests[0]
    assert strongest.choices.shape[1] == 6
    for item in range(len(strongest)):
        right = [str(text) for text in strongest.choices[item][strongest.accept[item]]]
        all_right = [str(text) for text in every.choices[item][every.accept[item]]]
        if len(all_right) == 3:
            assert sorted(text.split()[0] for text in all_right) == ["All", "Some", "Some"]
            assert [text.split()[0] for text in right] == ["All"]
        else:
            assert sorted(text.split()[0] for text in all_right) == ["Some", "Some"] or right == all_right
        assert strongest.depth[item] >= 1
    assert {int(row.sum()) for row in every.accept} >= {3}
    assert every.chance().max() == 0.5


def test_derived_statements_are_about_pairs_of_which_nothing_is_stated(write: Write) -> None:
    drawn = drafted(
        write,
        SYLLOGISMS,
        "  train all in says\n  train no in says\n"
        "  test figure { all in says  derived  choices statements(all some no) }\n",
    )
    (items,) = drawn.tests
    stated = set()
    for train in drawn.experiment.trains:
        facts, rows = drawn.closures[train.relation].facts, drawn.trained_rows(train)
        both = np.sort(facts.arguments[rows], axis=1)
        stated |= {
            (of, *pair)
            for of, pair in zip(facts.world[rows].tolist(), map(tuple, both.tolist()), strict=True)
        }
    asked = zip(items.world.tolist(), items.claims[0].arguments.tolist(), strict=True)
    about = {(of, *sorted(pair)) for of, pair in asked}
    assert about
    assert not about & stated


def test_a_statement_that_is_true_and_not_taught_is_an_error(write: Write) -> None:
    world = """wug 1
world ways {
  entity term { count 3 }
  relation all(a: term, b: term) { populate chain  form says "All {a} are {b}." }
  relation near(a: term, b: term) { populate chain  form says "{a} is near {b}." }
}
"""
    asked = "  train all in says\n  test figure { all in says  choices statements(all near) }\n"
    with pytest.raises(SpecError) as caught:
        drafted(write, world, asked)
    (told,) = caught.value.report.items
    assert told.code == "W0505"
    assert re.search("a choice of test 'figure', near.*, is true and does not follow from", told.message)


def test_statements_are_asked_for_by_their_pair(write: Write) -> None:
    """In a drawn order, behind which every statement begins with a space; and every word is a token."""
    asked = (
        "  train all in says\n  train no in says\n"
        "  test figure { all in says  derived  choices statements(all some no)"
    )
    plain = drafted(write, SYLLOGISMS, f"{asked} }}\n").tests[0]
    drawn = drafted(write, SYLLOGISMS, f'{asked}  ask "What of {{a}} and {{b}}? Say:" }}\n')
    items = drawn.tests[0]
    assert not any(plain.cue)
    assert [[f" {text}" for text in row] for row in plain.choices.tolist()] == items.choices.tolist()
    assert (plain.accept == items.accept).all()
    turned = set()
    for item in range(len(items)):
        a, b = re.fullmatch("What of (\\w+) and (\\w+)\\? Say:", str(items.cue[item])).groups()
        names = drawn.populated.names["term"][items.world[item]].tolist()
        assert all(a in choice and b in choice for choice in items.choices[item].tolist())
        turned.add(names.index(a) > names.index(b))
    assert turned == {False, True}
    tokenizer = build_tokenizer(drawn.experiment.world, "", drawn.experiment.texts())
    for cue in items.cue.tolist():
        assert tokenizer.token_to_id(UNKNOWN) not in tokenizer.encode(cue).ids


def test_an_oracle_that_sees_enough_answers_and_its_depth_is_that_of_the_proof(write: Write) -> None:
    drawn = drafted(
        write,
        KIN,
        f"{KIN_TRAINS}  test far {{ ancestor in down  depth 2..4  choices others(1) }}\n",
        "  arm near { context oracle(5) }\n"
        "  arm augmented { finetune { steps 1 }  augment local by oracle }\n",
    )
    (items,) = drawn.world_tests(0)
    near, augmented = drawn.view(2, 0), drawn.view(3, 0)
    assert all(near.answerable)
    assert list(near.depth) == items.depth.tolist()
    assert all(augmented.answerable)
    assert not any(drawn.view(1, 0).answerable)


def test_two_arms_see_different_facts(write: Write) -> None:
    """An item that its context does not decide is not answerable, though training would."""
    drawn = drafted(
        write,
        KIN,
        f"{KIN_TRAINS}  test trained {{ does in says  choices others(1) }}\n",
        "  arm learned { finetune { steps 1 } }\n",
    )
    assert all(drawn.view(2, 0).answerable)
    assert drawn.view(2, 0).depth == (1,) * 14
    assert drawn.view(2, 0).exposures == (1,) * 14
    assert not any(drawn.view(1, 0).answerable)


def test_what_pretends_to_be_unknown_is_an_error(write: Write) -> None:
    with pytest.raises(SpecError) as caught:
        drafted(
            write,
            KIN,
            f"{KIN_TRAINS}  test plain {{ parent in down  choices others(1) }}\n"
            '  test absent { does in says  choices others(1)  unknown " nobody." }\n',
        )
    assert {item.code for item in caught.value.report.items} == {"W0505"}


def test_other_words_may_be_offered_in_the_place_of_the_converse(write: Write) -> None:
    """What is `others` is no contradiction, though the asked argument has a converse."""
    world = """wug 1
world small {
  entity creature { count 8 }
  table feature(word, opposite) { "taller" <-> "shorter"  "louder" <-> "quieter" }
  relation exceeds(a: creature, b: creature, on: feature) {
    asymmetric  complete  converse on  populate pairs { count 4 }
    form forward "{a} than {b} is" => " {on.word}."
  }
}
"""
    test = "  test trained { exceeds in forward  choices others(2) }\n"
    (items,) = drafted(write, world, f"  train exceeds in forward\n{test}").tests
    assert items.choices.shape[1] == 3


def test_a_verdict_that_finds_nothing_false_is_not_told_to_ask_for_less(write: Write) -> None:
    world = KIN.replace("functional  populate", "populate")
    test = 'test so { does in says  choices verdict(" Yes." " No.")  ask "So? {statement}" }'
    with pytest.raises(SpecError) as caught:
        drafted(write, world, f"{KIN_TRAINS}  test plain {{ parent in down  choices others(1) }}\n  {test}\n")
    (told,) = caught.value.report.items
    assert told.code == "W0503"
    assert told.help == "declare 'does' complete, functional or injective"
