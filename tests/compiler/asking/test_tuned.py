"""Which tests arms can be tuned on, in which words; and what an arm inherits of what is tried."""

from __future__ import annotations

from typing import Any

import pytest

from tests.compiler.conftest import Write, checked
from wug.compiler.asking.tuned import tuned_on
from wug.compiler.experiment import Arm, Experiment
from wug.compiler.plan import Finetuning, Tune

WORLD = """wug 1
world small {
  entity town { count 8 }
  entity river { count 8 }
  relation lies(t: town, r: river) {
    functional
    populate attribute { uniform }
    form says { "{t} lies on" => " {r}."  HELD }
    form back "On {r} lies" => " {t}."
  }
  relation wet(t: town) { form is "{t} is wet." }
  rule wet(t) if lies(t, r)
}
"""
EXPERIMENT = """wug 1
experiment small {
  world "small.world"
  train lies in says
  TESTS
  model speck { layers 1  width 32  heads 2 }
  ARMS
}
"""
TESTS = """
  test trained { lies in says  choices others(2)  count 5 }
  test again   { lies in says  choices others(2) }
  test back    { lies in back  choices others(2) }
  test said    { lies in says  generate }
  test true    { lies in says  choices verdict("Yes." "No.")  ask "{statement} True?" }
"""


def read(write: Write, held: str = "", arms: str = "arm a { finetune { tune { steps 1 2 } } }") -> Experiment:
    write("small.world", WORLD.replace("HELD", held))
    text = EXPERIMENT.replace("TESTS", TESTS).replace("ARMS", arms)
    spec = checked(write("small.experiment", text))
    assert isinstance(spec, Experiment)
    return spec


@pytest.mark.parametrize(
    ("held", "wording"),
    [
        ("", "told"),
        ('held "The river of {t} is" => " {r}."', "held"),
        ('held "Of {t} on {r}, the river is" => " {r}."', "told"),
    ],
    ids=["none is held", "one is held", "the one that is held gives the answer away"],
)
def test_tests_of_values_in_a_trained_form_are_put_in_held_words(
    write: Write, held: str, wording: str
) -> None:
    tests = tuned_on(read(write, held)).tests
    assert [test.name for test in tests] == ["trained", "again"]
    assert [test.wording for test in tests] == [wording, wording]
    assert [test.count for test in tests] == [5, 0]


def arm(write: Write, name: str, arms: str) -> Arm:
    return next(arm for arm in read(write, arms=arms).arms if arm.name == name)


BASE = "arm base { finetune { batch 4  tune { learning_rate 1e-3 1e-2  steps 10 20  worlds 3 } } }\n"


@pytest.mark.parametrize(
    ("own", "finetune", "tune"),
    [
        ("", {}, ((1e-3, 1e-2), (10, 20), 3)),
        ("finetune { batch 8 }", {"batch": 8}, ((1e-3, 1e-2), (10, 20), 3)),
        ("finetune { steps 5 }", {"steps": 5}, ((1e-3, 1e-2), (), 3)),
        ("finetune { learning_rate 0.1 }", {"learning_rate": 0.1}, ((), (10, 20), 3)),
        ("finetune { match base }", {"match": "base"}, ((1e-3, 1e-2), (), 3)),
        ("finetune { tune { steps 7 } }", {}, ((), (7,), 1)),
        ("finetune { learning_rate 0.1  steps 5 }", {"learning_rate": 0.1, "steps": 5}, None),
    ],
)
def test_what_is_settled_takes_the_place_of_what_is_tried(
    write: Write, own: str, finetune: dict[str, Any], tune: tuple[Any, ...] | None
) -> None:
    made = arm(write, "own", BASE + f"arm own {{ like base  {own} }}")
    assert made.finetune == Finetuning(**{"batch": 4, **finetune})
    assert made.tune == (Tune("own", *tune) if tune is not None else None)


def test_what_is_tried_takes_the_place_of_what_is_settled(write: Write) -> None:
    base = "arm base { finetune { learning_rate 0.1  match other } }\narm other { finetune { steps 5 } }\n"
    made = arm(
        write, "own", base + "arm own { like base  finetune { tune { learning_rate 1e-3  steps 7 } } }"
    )
    assert made.finetune == Finetuning()
    assert made.tune == Tune("own", (1e-3,), (7,))
    kept = arm(write, "own", base + "arm own { like base  finetune { tune { learning_rate 1e-3 } } }")
    assert kept.finetune == Finetuning(match="other")
