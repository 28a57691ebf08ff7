"""Terms and rewritings: an independent reader and rewriter agree with every fact; parts go by operators."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.compiler.conftest import Write, checked
from tests.compiler.judge import terms as judge
from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.draft import draft, draw_world, world_seeds
from wug.compiler.draw import seed_word
from wug.compiler.experiment import Experiment
from wug.compiler.facts import Closure, Populated
from wug.compiler.inferring.infer import infer
from wug.compiler.inferring.proofs import Proofs
from wug.compiler.populating.populate import populate, populate_fresh, read_data
from wug.compiler.world import World

WORLD = """wug 1

world w {{
  entity leaf {{ count {leaves}  named nonce(syllables 2) }}
  relation base(a: leaf, b: leaf) {{
    functional  populate pairs {{ count {leaves} }}  form turn "{{a}} turns into {{b}}."
  }}
  relation other(a: leaf, b: leaf) {{ functional  populate pairs {{ count {leaves} }} }}
  terms expression {{
    atoms leaf  depth {depth}  count {count}
    {operators}
    partition seen 60%, novel 40%
  }}
  relation derive(e: expression, r: expression) {{
    functional  complete
    {rewritings}
    form forward "The change of {{e}} is" => " {{r}}."
  }}
}}
"""
OPERATORS = """operator plus(x, y) "the sum of {x} and {y}"
    operator times(x, y) "({x} by {y})"
    operator wrap(x) "the wug of {x}" """
REWRITINGS = """rewrite plus(x, y) => plus(derive(x), derive(y))
    rewrite times(x, y) => plus(times(derive(x), y), times(x, derive(y)))
    rewrite wrap(x) => times(derive(x), wrap(x))
    rewrite x => wrap(base(other(x)))"""
SPOKEN = {"plus": ("the sum of ", " and ", ""), "times": ("(", " by ", ")"), "wrap": ("the wug of ", "")}
RULES: dict[str, judge.Right] = {
    "plus": ("plus", ("derive", 0), ("derive", 1)),
    "times": ("plus", ("times", ("derive", 0), 1), ("times", 0, ("derive", 1))),
    "wrap": ("times", ("derive", 0), ("wrap", 0)),
    "": ("wrap", ("base", ("other", 0))),
}


def _world(write: Write, **changes: object) -> World:
    values = {"leaves": 9, "depth": "1..2", "count": 40, "operators": OPERATORS, "rewritings": REWRITINGS}
    world = checked(write("w.world", WORLD.format(**(values | changes))))
    assert isinstance(world, World)
    return world


@dataclass(frozen=True)
class _Read:
    """One world as it reads: its terms, what relations between atoms hold of, and what `derive` gives."""

    terms: list[judge.Tree]
    drawn: int
    base: dict[str, dict[str, str]]
    derived: dict[judge.Tree, judge.Tree]


def _read(
    world: World, populated: Populated, closures: dict[str, Closure], spoken: judge.Spoken, of: int
) -> _Read:
    names = populated.names["expression"][of, : populated.counts["expression"][of]].tolist()
    atoms = populated.names["leaf"][of].tolist()
    trees = []
    for name in names:
        (tree,) = judge.readings(spoken, name)
        trees.append(tree)

    def facts(relation: str) -> list[list[int]]:
        held = closures[relation].facts
        return held.arguments[held.world == of].tolist()

    base = {name: {atoms[a]: atoms[b] for a, b in facts(name)} for name in ("base", "other")}
    derived = {trees[e]: trees[r] for e, r in facts("derive")}
    assert len(derived) == len(facts("derive"))
    return _Read(trees, world.entities["expression"].count, base, derived)


def _agree(read: _Read, rules: dict[str, judge.Right], whole: bool) -> None:
    """Every fact is what rewriting gives, and of members nothing that it gives is missing."""
    members = set(read.terms)
    assert len(members) == len(read.terms)
    assert all(part in members for tree in read.terms for part in judge.parts(tree))
    for tree in read.terms:
        made = judge.rewritten({"derive": rules}, read.base, "derive", tree)
        known = read.derived.get(tree)
        assert known == (made if made in members else None)
    if whole:
        assert all(tree in read.derived for tree in read.terms[: read.drawn])


def test_rewritings(write: Write) -> None:
    world = _world(write)
    populated, closures = draw_world(world, world_seeds(3), Report())
    for of in range(3):
        read = _read(world, populated, closures, judge.Spoken(SPOKEN), of)
        _agree(read, RULES, whole=True)
        depths = [judge.depth(tree) for tree in read.terms[:40]]
        assert (depths.count(1), depths.count(2)) == (20, 20)


def test_fresh_worlds_are_rewritten_too(write: Write) -> None:
    world = _world(write)
    seeds = np.array([seed_word("episodes", n) for n in range(20)], np.uint64)
    facts = {name: np.full(20, 4) for name in ("base", "other")}
    populated = populate_fresh(world, seeds, facts, read_data(world, Report()), Report())
    closures = infer(world, populated, Report())
    for of in range(20):
        read = _read(world, populated, closures, judge.Spoken(SPOKEN), of)
        _agree(read, RULES, whole=False)
        assert read.derived


def test_proofs_name_the_steps_and_rest_on_stated_facts(write: Write) -> None:
    world = _world(write)
    populated, closures = draw_world(world, world_seeds(1), Report())
    closure = closures["derive"]
    proofs = Proofs(world, populated, closures)
    for row in range(len(closure.facts)):
        stated = proofs.leaves("derive", row)
        assert {name for name, _ in stated} <= {"base", "other"}
        assert len(stated) <= closure.size[row]
        assert " by rewriting " in proofs.text("derive", row)
    name = populated.names["expression"][0, closure.facts.arguments[-1, 0]]
    assert name in proofs.text("derive", len(closure.facts) - 1)


def test_parts_go_by_the_operators_that_are_used(write: Write) -> None:
    world = _world(write, count=120)
    populated, closures = draw_world(world, world_seeds(4), Report())
    held = set()
    for of in range(4):
        read = _read(world, populated, closures, judge.Spoken(SPOKEN), of)
        part: dict[frozenset[str], int] = {}
        for tree, number in zip(read.terms, populated.parts["expression"][of].tolist(), strict=False):
            assert part.setdefault(judge.operators(tree), number) == number
        assert all(part[used] == 0 for used in part if len(used) <= 1)
        assert sorted(part.values()).count(1) == 3
        held.add(frozenset(used for used in part if part[used] == 1))
    assert len(held) > 1, "each seed holds out combinations of its own"


def test_raising_the_count_keeps_the_first_terms(write: Write) -> None:
    few, many = _world(write, count=20), _world(write, count=30)
    first, second = (populate(world, world_seeds(2), Report()).names["expression"] for world in (few, many))
    assert (first[:, :20] == second[:, :20]).all()


# Random signatures


@st.composite
def _signatures(draw: st.DrawFn) -> tuple[dict[str, tuple[str, ...]], dict[str, judge.Right]]:
    """Operators that read unambiguously, and rewritings that end."""
    spoken: dict[str, tuple[str, ...]] = {}
    for name in ("plus", "wrap", "mix")[: draw(st.integers(1, 3))]:
        arity = draw(st.integers(1, 3 if name == "mix" else 2))
        between = tuple(f" {word} " for word in ("and", "with")[: arity - 1])
        prefix = draw(st.booleans())
        spoken[name] = (f"the {name} of ", *between, "") if prefix else (f"{name}(", *between, ")")
    arities = {name: len(texts) - 1 for name, texts in spoken.items()}

    def right(operands: int, room: int) -> judge.Right:
        kind = draw(st.integers(0, 2 if room else 1))
        operand = draw(st.integers(0, operands - 1))
        if kind == 0:
            return operand
        if kind == 1:
            return ("derive", operand)
        name = draw(st.sampled_from(sorted(arities)))
        return (name, *(right(operands, room - 1) for _ in range(arities[name])))

    rules: dict[str, judge.Right] = {name: right(arity, 1) for name, arity in arities.items()}
    rules[""] = draw(
        st.sampled_from([0, ("base", 0), ("other", ("base", 0)), ("plus", *[0] * arities["plus"])])
    )
    return spoken, rules


def _written(right: judge.Right, variables: str) -> str:
    if isinstance(right, int):
        return variables[right]
    operands = [_written(part, variables) for part in right[1:] if not isinstance(part, str)]
    return f"{right[0]}({', '.join(operands)})"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("terms")
    (path / "wug.lock").touch()
    return path


@given(_signatures(), st.sampled_from(["1", "0..2", "2"]))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_signature(
    folder: Path, signature: tuple[dict[str, tuple[str, ...]], dict[str, judge.Right]], depth: str
) -> None:
    spoken, rules = signature
    operators, rewritings = [], []
    for name, texts in spoken.items():
        variables = "xyz"[: len(texts) - 1]
        text = "".join(f"{said}{{{each}}}" for said, each in zip(texts, variables, strict=False)) + texts[-1]
        operators.append(f'operator {name}({", ".join(variables)}) "{text}"')
        rewritings.append(f"rewrite {name}({', '.join(variables)}) => {_written(rules[name], variables)}")
    rewritings.append(f"rewrite x => {_written(rules[''], 'x')}")
    text = WORLD.format(
        leaves=7, depth=depth, count=7, operators="\n".join(operators), rewritings="\n".join(rewritings)
    )
    path = folder / "w.world"
    path.write_text(text)
    world = checked(path)
    assert isinstance(world, World)
    populated, closures = draw_world(world, world_seeds(2), Report())
    for of in range(2):
        _agree(_read(world, populated, closures, judge.Spoken(spoken), of), rules, whole=True)


def test_what_a_term_is_made_of_is_known_whatever_is_trained(write: Write) -> None:
    _world(write, count=40)
    spec = """wug 1
experiment changes {
  world "w.world"
  seeds 2
  train base in turn
  train derive in forward where e in seen
  test novel { derive in forward where e in novel  choices others(1) }
  model speck { layers 1  width 32  heads 2  context 2000 }
  arm learnt { finetune { steps 5 } }
  arm shown  { context oracle(3) }
}
"""
    experiment = checked(write("changes.experiment", spec))
    assert isinstance(experiment, Experiment)
    drawn = draft(experiment, Report())
    assert len(drawn.tests[0]) > 4
    for of in range(2):
        for arm in range(2):
            view = drawn.view(arm, of)
            assert all(view.answerable), "it follows from what is trained of its parts"
            assert min(view.depth) >= 1
