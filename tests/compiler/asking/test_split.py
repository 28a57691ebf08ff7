"""Questions: no habit answers them, and where one would, it is said and why."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from tests.compiler.conftest import Write, checked
from wug.compiler.asking.questions import Items, best_constant, check_balance
from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.draft import draft
from wug.compiler.experiment import Choices, Experiment
from wug.compiler.experiment import Test as AskedTest
from wug.compiler.inferring.truth import is_false
from wug.compiler.language.source import Source, Span

NOWHERE = Span(Source(Path("x"), "x", "x"), 0, 1)


def items(rows: list[tuple[str, ...]], kind: str = "") -> Items:
    """One item for each row: the right choice first, then the wrong ones."""
    count = len(rows)
    asked = Choices(kind or ("contradiction" if len(rows[0]) == 2 else "others"), len(rows[0]) - 1)
    test = AskedTest("asked", "relation", "form", asked, 1, (), "stated", (1, 9), 0, "told", "", NOWHERE)
    zeros, one = np.zeros(count, np.int32), np.ones(count, np.int64)
    accept = np.zeros((count, len(rows[0])), bool)
    accept[:, 0] = True
    names = (np.full(count, name) for name in ("relation", "form"))
    claim = np.tile(np.arange(len(rows[0]), dtype=np.int32), (count, 1))
    cue, choices = np.full(count, "cue"), np.array(rows)
    columns = (*names, np.arange(count), cue, choices, accept, zeros, claim, one)
    return Items(test, zeros, *columns, premises=((),) * count, claims=())


@pytest.mark.parametrize(
    ("rows", "habit"),
    [
        ([(" more than a.", " less than a."), (" less than b.", " more than b.")], 0.5),
        ([(" more than a.", " less than a."), (" more than b.", " less than b.")], 1.0),
        ([(" more than a.", " less than a.")] * 3 + [(" less than b.", " more than b.")], 0.75),
        ([(" a.", " b."), (" c.", " d.")], 0.5),  # sets that are offered once teach no habit
        ([(" a.", " b.", " c."), (" b.", " c.", " a."), (" c.", " a.", " b.")], 1 / 3),
    ],
)
def test_best_constant(rows: list[tuple[str, ...]], habit: float) -> None:
    assert best_constant(items(rows)) == pytest.approx(habit)


def test_a_preference_is_a_habit_though_no_set_is_offered_twice() -> None:
    """Eight of ten answers are the same, each among wrong ones of its own."""
    solid = [(" solid.", f" a{i}.", f" b{i}.", f" c{i}.") for i in range(80)]
    rest = [(f" d{i}.", " solid.", f" e{i}.", f" f{i}.") for i in range(20)]
    assert best_constant(items(solid + rest)) == pytest.approx(0.8)
    names = [(f" n{i}.", *(f" n{(i + k) % 40}." for k in (7, 11, 13))) for i in range(40)]
    assert best_constant(items(names)) == pytest.approx(0.25), (
        "each name is right once, and wrong three times"
    )
    assert best_constant(items([(f" n{i}.", " x.", " y.", " z.") for i in range(40)])) > 0.9, (
        "these never are"
    )


def test_a_set_that_is_right_this_way_or_that_by_luck_is_no_habit() -> None:
    """Eight answers, each right as often, and three wrong ones drawn for each: most sets come up twice."""
    generator = np.random.default_rng(0)
    rows = []
    for number in range(240):
        wrong = generator.permutation(7)[:3]
        rows.append(tuple(f" {(number + step) % 8}." for step in (0, *(1 + wrong))))
    assert best_constant(items(rows)) == pytest.approx(0.25)


def test_a_habit_is_warned_of() -> None:
    report = Report()
    check_balance((items([(" more than a.", " less than a."), (" less than b.", " more than b.")]),), report)
    assert not report.items
    check_balance((items([(" more than a.", " less than a.")] * 2),), report)
    assert report.items[0].code == "W0506"
    assert "1.00 (chance 0.50): 'more' is right 2 times of 2" in report.items[0].message
    assert not report.failed, "a warning"


def test_verdicts_are_balanced_by_an_even_number_of_them() -> None:
    report = Report()
    verdicts = items([(" Yes.", " No."), (" No.", " Yes."), (" Yes.", " No.")], "verdict")
    check_balance((verdicts,), report)
    assert "'Yes.' is right 2 times of 3" in report.items[0].message
    assert report.items[0].help.startswith("ask about an even number of facts")


@dataclass(frozen=True)
class Spec:
    table: str
    count: int


@pytest.mark.parametrize(
    ("spec", "habit"),
    [
        (Spec('"taller" <-> "shorter"', 4), 0.5),
        (Spec('"taller" <-> "shorter"  "louder" <-> "quieter"', 6), 0.5),
        (Spec('"taller" <-> "shorter"', 3), 2 / 3),
    ],
)
def test_odd_counts_make_habits(spec: Spec, habit: float, write: Write) -> None:
    write(
        "small.world",
        "wug 1\nworld small {\n  entity creature { count 8 }\n"
        f"  table feature(word, opposite) {{ {spec.table} }}\n"
        "  relation exceeds(a: creature, b: creature, on: feature) {\n"
        f"    asymmetric  converse on  populate pairs {{ count {spec.count} }}\n"
        '    form forward "{a} are" => " {on.word} than {b}."\n  }\n}\n',
    )
    experiment = checked(
        write(
            "small.experiment",
            'wug 1\nexperiment small {\n  world "small.world"\n  train exceeds in forward\n'
            "  test trained { exceeds in forward  choices contradiction }\n"
            "  model speck { layers 1  width 32  heads 2 }\n  arm icl { context train }\n}\n",
        )
    )
    assert isinstance(experiment, Experiment)
    report = Report()
    assert best_constant(draft(experiment, report).tests[0]) == pytest.approx(habit)
    assert [item.code for item in report.items] == (["W0506"] if habit > 0.55 else [])


def test_others_are_false_and_differ(write: Write) -> None:
    write(
        "small.world",
        "wug 1\nworld small {\n  entity creature { count 6 }\n"
        "  relation parent(a: creature, b: creature) {\n"
        "    complete  populate forest { roots 2  children 1..2 }\n"
        '    form says "{a} are the parents of" => " {b}."\n  }\n'
        "  relation ancestor(a: creature, b: creature) {\n"
        '    complete  form says "{a} came before" => " {b}."\n  }\n'
        "  rule ancestor(x, y) if parent(x, y)\n  rule ancestor(x, z) if parent(x, y), ancestor(y, z)\n}\n",
    )
    experiment = checked(
        write(
            "small.experiment",
            'wug 1\nexperiment small {\n  world "small.world"\n  seeds 5\n  train parent in says\n'
            "  test derived { ancestor in says  choices others(1) }\n"
            "  model speck { layers 1  width 32  heads 2 }\n  arm icl { context train }\n}\n",
        )
    )
    assert isinstance(experiment, Experiment)
    drawn = draft(experiment, Report())
    asked = drawn.tests[0]
    relation, closure = experiment.world.relations["ancestor"], drawn.closures["ancestor"]
    names = drawn.populated.names["creature"]
    for item in range(len(asked)):
        of = int(asked.world[item])
        for place, choice in enumerate(asked.choices[item]):
            arguments = closure.facts.arguments[asked.row[item]][None, :].copy()
            arguments[0, 1] = names[of].tolist().index(choice.strip(" ."))
            worlds = np.array([of], np.int32)
            false = is_false(experiment.world, drawn.populated, relation, drawn.closures, worlds, arguments)
            assert false[0] == (place != asked.answer[item])
