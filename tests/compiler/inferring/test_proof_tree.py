"""Proofs as trees: from the claim down to what is stated, each fact proved once."""

from __future__ import annotations

from tests.compiler.asking.test_choices import KIN, KIN_TRAINS, drafted
from tests.compiler.conftest import Write, checked
from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.draft import draw_world, world_seeds
from wug.compiler.inferring.proof_tree import (
    ABOVE,
    ABSENT,
    COMPARED,
    COUNTED,
    STATED,
    aligned,
    item_tree,
    proof_tree,
)
from wug.compiler.inferring.proofs import Proofs
from wug.compiler.world import World

WORLD = """wug 1
world x {
  entity person { count 40 }
  relation next(a: person, b: person) { complete  populate chain  form f "{a} then" => " {b}." }
  relation far(a: person, b: person) { complete  form f "{a} far from" => " {b}." }
  relation both(a: person, b: person) { form f "{a} both" => " {b}." }
  relation alone(a: person, b: person) { form f "{a} alone" => " {b}." }
  rule far(a, b) if next(a, b)
  rule far(a, c) if next(a, b), far(b, c)
  rule both(a, c) if far(a, c), far(a, c)
  rule alone(a, b) if next(a, b), not far(b, a)
}
"""


def proofs(write: Write) -> Proofs:
    world = checked(write("x.world", WORLD))
    assert isinstance(world, World)
    return Proofs(world, *draw_world(world, world_seeds(1), Report()))


def row_of_size(proofs: Proofs, relation: str, size: int) -> int:
    return int((proofs.closures[relation].size == size).argmax())


def test_a_tree_goes_down_to_what_is_stated(write: Write) -> None:
    made = proofs(write)
    steps = proof_tree(made, "far", row_of_size(made, "far", 3))
    assert [step.branches for step in steps] == ["", "├─ ", "└─ ", "   ├─ ", "   └─ ", "      └─ "]
    assert [step.why for step in steps if step.fact.startswith("next")] == [STATED] * 3
    assert all("by " in step.why for step in steps if step.fact.startswith("far"))


def test_what_was_shown_is_not_shown_again(write: Write) -> None:
    made = proofs(write)
    steps = proof_tree(made, "both", row_of_size(made, "both", 2))
    first, second = (step for step in steps[1:] if step.branches in ("├─ ", "└─ "))
    assert first.fact == second.fact
    assert (first.why, second.why) == ("by rule far", ABOVE)
    assert steps[-1] is second


def test_what_does_not_hold_is_said(write: Write) -> None:
    made = proofs(write)
    steps = proof_tree(made, "alone", 0)
    assert [step.why for step in steps] == ["by rule alone", STATED, ABSENT]


def test_a_long_proof_is_cut(write: Write) -> None:
    made = proofs(write)
    steps = proof_tree(made, "far", row_of_size(made, "far", 39), most=10)
    assert len(steps) == 11
    assert steps[-1].fact == "..."
    lines = aligned(steps)
    assert len({len(fact) for fact, _ in lines}) == 1


COUNTING = """wug 1
world x {
  entity person { count 9 }
  relation next(a: person, b: person) { complete  populate chain  form f "{a} then" => " {b}." }
  relation age(a: person, n: integer) { functional  complete  populate attribute { between 5..90 } }
  relation older(a: person, b: person) { form f "{a} older" => " {b}." }
  relation size(n: integer) { complete }
  relation many(n: integer) { complete }
  rule older(a, b) if age(a, m), age(b, n), m > n, n >= 5, a != b
  rule size(count(b)) if next(a, b)
  rule many(n) if size(n), n >= 3
}
"""


def test_what_is_compared_and_counted_are_leaves(write: Write) -> None:
    world = checked(write("x.world", COUNTING))
    assert isinstance(world, World)
    made = Proofs(world, *draw_world(world, world_seeds(1), Report()))
    older = proof_tree(made, "older", 0)
    (a, m), (b, n) = (step.fact.removeprefix("age(").removesuffix(")").split(", ") for step in older[1:3])
    assert [(step.fact, step.why) for step in older[3:]] == [
        (f"{m} > {n}", COMPARED),
        (f"{n} >= 5", COMPARED),
        (f"{a} != {b}", COMPARED),
    ]
    assert [step.branches for step in older] == ["", "├─ ", "├─ ", "├─ ", "├─ ", "└─ "]
    size, *given, counted = proof_tree(made, "size", 0)
    assert size.fact == "size(8)"
    seconds = [step.fact.removesuffix(")").split(", ")[1] for step in given]
    assert (counted.fact, counted.why) == (f"8 members: {', '.join(seconds)}", COUNTED)
    assert counted.branches == "└─ "
    many = proof_tree(made, "many", 0)
    assert [step.branches for step in many[:3]] == ["", "├─ ", "│  ├─ "]
    assert many[-1].text == "└─ 8 >= 3"


def test_an_item_is_proved_from_what_is_trained(write: Write) -> None:
    asked = f"{KIN_TRAINS}  test far {{ ancestor in down  depth 2..3  count 4  choices others(1) }}\n"
    drawn = drafted(write, KIN, asked)
    (far,) = drawn.tests
    for item in range(len(far)):
        steps = item_tree(drawn, far, item)
        assert steps[0].fact.startswith("ancestor(")
        assert steps[0].why.startswith("by ")
        assert sum(step.why == STATED for step in steps) == far.depth[item]
    drawn = drafted(
        write,
        KIN,
        f"  holdout strangers = 3 person\n{KIN_TRAINS}"
        '  test absent { does in says where p in strangers  choices others(2)  unknown " nobody knows." }\n'
        "  test known { does in says where p not in strangers  choices others(2) }\n",
    )
    (step,) = item_tree(drawn, drawn.tests[0], 0)
    assert (step.fact, step.why) == ("nothing that is trained tells", "")


def test_one_that_is_counted_is_one_member(write: Write) -> None:
    world = checked(write("x.world", COUNTING.replace("count 9", "count 2")))
    assert isinstance(world, World)
    made = Proofs(world, *draw_world(world, world_seeds(1), Report()))
    counted = proof_tree(made, "size", 0)[-1]
    assert (
        counted.fact
        == f"1 member: {made.populated.names['person'][0][made.closures['next'].facts.arguments[0, 1]]}"
    )
