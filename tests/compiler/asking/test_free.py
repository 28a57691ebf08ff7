"""Free answers: which questions are asked, and every text that answers one."""

from __future__ import annotations

import json

import pytest

from tests.compiler.asking.test_choices import KIN_TRAINS, drafted
from tests.compiler.conftest import Write, checked, findings
from wug.compiler.asking.free import best_free, exact, plain, stopped
from wug.compiler.asking.questions import Items, summary
from wug.compiler.compile import compile_experiment
from wug.compiler.diagnosis.diagnostics import Report, SpecError
from wug.compiler.experiment import Experiment
from wug.compiler.plan import Sampling
from wug.compiler.store import Store
from wug.progress import Silent

KIN = """wug 1
world kin {
  entity person { count 14 }
  entity town from "towns.csv" { named name }
  relation parent(a: person, b: person) {
    complete  populate forest { roots 2  children 2 }
    form down {
      "{a} is the parent of" => " {b}."
      "{a} brought up" => " [dear] {b}."
      held "Every day {a} walked with" => " {b}!"
    }
    form up "The parent of {b} is" => " {a}."
    form plain "{b} is a child of {a}."
    form list "The children of {a} are" => " {b*}."
    form glued "{a} is parent-" => "{b}."
  }
  relation ancestor(a: person, b: person) { complete  form down "{a} came before" => " {b}." }
  rule ancestor(a, b) if parent(a, b)
  rule ancestor(a, c) if parent(a, b), ancestor(b, c)
  relation grand(a: person, b: person) { complete  form up "The elder of {b} is" => " {a}." }
  rule grand(a, c) if parent(a, b), parent(b, c)
  relation does(p: person, j: town) {
    functional  populate pairs { count 14 }  form says "{p} is at" => " {j}."
  }
  relation costs(t: town, m: money) {
    functional  populate rows { m "price" }  form says "A bed in {t} costs" => " {m}."
  }
}
"""
TOWNS = "name,price\nSt. Ives,12.50\nLooe,8.00\nPar,9.50\nFowey,12.50\nBude,10.00\n"
TRAINS = KIN_TRAINS + "  train costs in says\n"


def asked(write: Write, test: str) -> Items:
    write("towns.csv", TOWNS)
    return drafted(write, KIN, f"{TRAINS}  test said {{ {test} }}\n").tests[0]


def test_each_question_is_asked_once_and_takes_every_true_answer(write: Write) -> None:
    items = asked(write, "parent in down  generate")
    questions = list(zip(items.world.tolist(), items.cue.tolist(), strict=True))
    assert len(set(questions)) == len(questions) == 12
    assert all(len(texts) == 2 for texts in items.accepted), "each has two children"
    for item, texts in enumerate(items.accepted):
        assert str(items.choices[item, 0]) in texts
        assert all(text.startswith(" ") and text.endswith(".") for text in texts)
    assert summary(items).chance == 0.0
    assert summary(items).sampling == Sampling(stop=(".",))
    assert summary(items).endings == (".",)


def test_alternatives_and_held_wordings_are_accepted_as_they_are_asked(write: Write) -> None:
    some = asked(write, "parent in down  wording any  generate { max_tokens 9 }")
    brought = [texts for cue, texts in zip(some.cue, some.accepted, strict=True) if "brought" in cue]
    assert brought
    assert all(len(texts) == 4 and sum("dear" in text for text in texts) == 2 for texts in brought)
    held = asked(write, 'parent in down  wording held  generate  ask "Question: {cue}? Answer:"')
    assert all(str(cue).startswith("Question: Every day") for cue in held.cue)
    assert all(text.endswith("!") for texts in held.accepted for text in texts)
    assert (summary(held).endings, summary(some).endings) == (("!",), (".", "!"))


def test_a_question_that_another_fact_answers_too_is_not_asked(write: Write) -> None:
    """Whoever has a grandchild has a child, who is an easier answer to the same question."""
    with pytest.raises(SpecError) as caught:
        asked(write, "ancestor in down  depth 2..9  generate")
    (found,) = caught.value.report.items
    assert (found.code, "another answer too" in found.message) == ("W0501", True)
    assert set(asked(write, "grand in up  generate").depth.tolist()) == {2}
    assert set(asked(write, "ancestor in down  generate").depth.tolist()) == {1}


COMPARED = """wug 1
world compared {
  entity creature { count 12 }
  table feature(word, opposite) { "taller" <-> "shorter"  "louder" <-> "quieter" }
  relation exceeds(a: creature, b: creature, on: feature) {
    asymmetric  converse on
    populate pairs { PAIRS }
    form forward "{a} are" => " {on.word} than {b}."
    form reverse "{b} are" => " {on.opposite} than {a}."
  }
}
"""


def test_the_converse_says_the_same(write: Write) -> None:
    """A fact that follows from one that is asked for, and reads like it, is no other answer."""
    for form in ("forward", "reverse"):
        world = COMPARED.replace("PAIRS", "count 8  partners 2")
        test = f"  train exceeds in forward\n  test said {{ exceeds in {form}  generate }}\n"
        (items,) = drafted(write, world, test).tests
        assert len(items) == (8 if form == "forward" else 16)
        assert {len(texts) for texts in items.accepted} == {2 if form == "forward" else 1}
    with pytest.raises(SpecError):
        drafted(write, COMPARED.replace("PAIRS", "count 12"), test)


def test_a_count_is_of_questions(write: Write) -> None:
    assert len(asked(write, "parent in down  count 4  generate")) == 8


def test_a_stop_is_where_no_right_answer_goes_on(write: Write) -> None:
    assert summary(asked(write, "parent in up  generate")).sampling.stop == (".",)
    assert summary(asked(write, "costs in says  generate")).sampling.stop == (". ",)
    assert summary(asked(write, "does in says  generate")).sampling.stop == ()
    assert stopped(Sampling(), ("!", "."), [(" a!",), (" b.c.",)]).stop == ("!", ". ")


def test_spaces_and_the_ending_are_forgiven_and_nothing_else() -> None:
    assert plain("  kelbix . ", (".",)) == "kelbix"
    for text in ("kelbix", " kelbix.", "kelbix. "):
        assert exact(text, (" kelbix.", " zumdov."), (".",))
    for text in ("Kelbix", "kelbix!", "kel bix", "kelbix..", "the kelbix", ""):
        assert not exact(text, (" kelbix.",), (".",))
    assert not exact("kelbix.", (" kelbix",), ())


def test_the_best_habit_says_what_is_right_most_often() -> None:
    accepted = [(" a.", " b."), (" a.",), (" c.",), (" a!",)]
    share, text, guess = best_free(accepted, (".", "!"))
    assert (share, text, guess) == (0.75, "a", pytest.approx(5 / 3 / 4))


@pytest.mark.parametrize(
    ("test", "code", "words"),
    [
        ("parent in plain  generate", "W0503", "has no '=>'"),
        ("parent in list  generate", "W0503", "answers with a list"),
        ("parent in up  generate  choices others(1)", "W0508", "offers choices and asks for a free answer"),
        ("parent in up  generate { top_k 3 }", "W0508", "draws nothing"),
        ('parent in up  generate  ask "{statement}"', "W0508", "does not put {cue} into"),
        ("parent in up  generate  accept any", "W0508", "which statements to accept"),
        ("parent in up  generate { max_token 3 }", "W0102", "unknown key 'max_token'"),
        ("parent in up  generate { max_tokens 0 }", "W0204", "must be between 1"),
        (
            "does in says  generate { max_tokens 3 }",
            "W0508",
            "lets a model say 3 tokens; the right answer 'St. Ives.'",
        ),
    ],
)
def test_what_cannot_be_asked_is_an_error(write: Write, test: str, code: str, words: str) -> None:
    write("towns.csv", TOWNS)
    write("kin.world", KIN)
    path = write(
        "kin.experiment",
        f'wug 1\nexperiment kin {{\n  world "kin.world"\n{TRAINS}  test said {{ {test} }}\n'
        "  model speck { layers 1  width 32  heads 2  pretrain { facts 4  steps 1  batch 2 } }\n"
        "  arm a { }\n}\n",
    )
    found = [item for item in findings(path, "kin.experiment", path.parent / "build") if item.code == code]
    assert any(words in item.message for item in found), found


def test_items_say_what_is_accepted_and_the_plan_how_it_is_asked(write: Write) -> None:
    write("towns.csv", TOWNS)
    write("kin.world", KIN)
    path = write(
        "kin.experiment",
        f'wug 1\nexperiment kin {{\n  world "kin.world"\n{TRAINS}'
        "  test said { parent in down  generate { max_tokens 9  temperature 0.5  top_p 0.9 } }\n"
        "  test chosen { parent in up  choices others(1) }\n"
        "  model speck { layers 1  width 32  heads 2  pretrain { facts 4  steps 1  batch 2 } }\n"
        "  arm a { }\n}\n",
    )
    store = Store(path.parent / "build")
    experiment = checked(path)
    assert isinstance(experiment, Experiment)
    compiled = compile_experiment(experiment, store, Silent(), Report())
    said, chosen = compiled.plan.splits
    assert said.sampling == Sampling(0.5, 0, 0.9, (".",), 9)
    assert (chosen.sampling, chosen.endings) == (None, ())
    lines = (compiled.path / "seed-0" / "items.jsonl").read_text().splitlines()
    for row in map(json.loads, lines):
        assert len(row["accepted"]) == (2 if row["split"] == "said" else 0)
        assert row["split"] != "said" or (len(row["choices"]), row["accept"]) == (1, [True])
    meta = store.path("kin/episodes", compiled.plan.models[0].pretraining_key) / "meta.json"
    assert json.loads(meta.read_text())["kinds"] == ["parent.down", "parent.up"], "it is probed by choices"
