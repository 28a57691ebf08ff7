"""The judge reads terms, sequences, joins, parts and what is unknown; and it sees what is wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.compiler.conftest import checked
from tests.compiler.judge import parts, reading, reading_experiment
from tests.compiler.test_judge import Case
from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.draft import draft
from wug.compiler.emitting.emit import emit_seed
from wug.compiler.experiment import Experiment

WORLD = """wug 1
world little {
  entity atom { count 8  named nonce(syllables 2) }
  relation turns(a: atom, b: atom) {
    functional  complete  populate permutation  form into "{a} turns into" => " {b}."
  }
  terms expression {
    atoms atom  depth 1..2  count 24
    operator plus(x, y)  "({x} and {y})"
    operator times(x, y) "({x} with {y})"
    operator wrap(x)     "wrap {x}"
    partition seen 70%, novel 30%
  }
  relation change(e: expression, r: expression) {
    functional  complete
    rewrite plus(x, y)  => plus(change(x), change(y))
    rewrite times(x, y) => plus(times(change(x), y), times(x, change(y)))
    rewrite wrap(x)     => times(wrap(x), change(x))
    rewrite x           => turns(x)
    form is "The change of {e} is" => " {r}."
  }
  entity book { count 2  named nonce(capital) }
  entity word { count 8  partition used 75%, unused 25% }
  entity code { count 8 }
  entity message { count 20  sequence word  length 2 }
  entity coded   { sequence code }
  relation define(w: word, c: code, b: book) {
    functional  populate permutation { for_each b }  form plain "In {b}, {w} is" => " {c}."
  }
  relation encode(b: book, m: message, x: coded) {
    complete  form plain "In {b}, {m} is written" => " {x}."
  }
  rule encode(b, m, join(c)) if message(m, i, w), define(w, c, b)
  entity person { count 12 }
  relation parent(a: person, b: person) {
    complete  populate permutation  form down "{a} is the parent of" => " {b}."
  }
}"""

EXPERIMENT = """wug 1
experiment little {
  world "little.world"
  holdout strangers = 3 person
  train turns in into
  train change in is where e in seen
  train define in plain
  train encode in plain where m in used
  train parent in down
  test novel  { change in is where e in novel  choices others(2)  count 10 }
  test unused { encode in plain where m in unused  derived  choices others(2)  count 10 }
  test absent { parent in down where a in strangers  choices others(2)  unknown " nobody we know." }
  model small { layers 2  width 64  heads 2 }
  arm pretrained { }
  arm oracle     { context oracle(2) }
  arm finetune   { finetune { steps 10 } }
}"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("little")
    (folder / "little.world").write_text(WORLD)
    (folder / "little.experiment").write_text(EXPERIMENT)
    experiment = checked(folder / "little.experiment")
    assert isinstance(experiment, Experiment)
    emit_seed(draft(experiment, Report()), 0, folder)
    return folder


def test_it_is_right(folder: Path) -> None:
    case(folder).all_is_right()


def case(folder: Path) -> Case:
    return Case(folder, WORLD, EXPERIMENT, {""})


def _swap(split: str) -> Callable[[Case], Any]:
    """Another choice of the first item of a test is called right."""

    def spoil(case: Case) -> None:
        item = next(item for item in case.items if item["split"] == split)
        item["accept"] = item["accept"][1:] + item["accept"][:1]
        item["answer"] = item["accept"].index(True)

    return spoil


def _lose(relation: str) -> Callable[[Case], Any]:
    """A fact that follows is missing."""

    def spoil(case: Case) -> None:
        number = max(n for n, fact in enumerate(case.facts) if fact[0] == relation)
        del case.facts[number], case.proofs[number]
        for row in case.proofs:
            row["fact"] -= row["fact"] > number
            assert number not in row["premises"]
            row["premises"] = [premise - (premise > number) for premise in row["premises"]]

    return spoil


def _choose(split: str, relation: str, form: str) -> Callable[[Case], Any]:
    """A fact that is asked as one of another part is trained."""

    def spoil(case: Case) -> None:
        fact = next(item["fact"] for item in case.items if item["split"] == split)
        row = next(d for d in case.documents if (d["relation"], d["form"]) == (relation, form))
        case.documents.append(row | {"fact": fact})

    return spoil


@pytest.mark.parametrize(
    ("spoil", "judge"),
    [
        (_swap("novel"), Case.answer_keys),
        (_swap("unused"), Case.answer_keys),
        (_swap("absent"), Case.answer_keys),
        (_lose("change"), Case.closure_and_proofs),
        (_lose("encode"), Case.closure_and_proofs),
        (_choose("novel", "change", "is"), Case.chosen),
        (_choose("unused", "encode", "plain"), Case.chosen),
    ],
)
def test_what_is_wrong_is_seen(
    folder: Path, spoil: Callable[[Case], Any], judge: Callable[[Case], None]
) -> None:
    spoiled = case(folder)
    spoil(spoiled)
    judge(case(folder))
    with pytest.raises(AssertionError):
        judge(spoiled)


def test_a_name_that_composes_of_nothing_known_is_seen(folder: Path, tmp_path: Path) -> None:
    for name in ("items", "documents", "sentences"):
        (tmp_path / f"{name}.jsonl").write_text((folder / f"{name}.jsonl").read_text())
    for name in ("views", "contexts"):
        (tmp_path / f"{name}.parquet").write_bytes((folder / f"{name}.parquet").read_bytes())
    rows = [json.loads(line) for line in (folder / "proofs.jsonl").read_text().splitlines()]
    number = next(n for n, row in enumerate(rows) if row["relation"] == "plus")
    rows[number]["arguments"][1] = rows[number]["arguments"][2] + " and"
    (tmp_path / "proofs.jsonl").write_text("\n".join(map(json.dumps, rows)))
    with pytest.raises(AssertionError):
        case(tmp_path)


def test_a_sequence_is_where_its_last_member_is() -> None:
    world = reading.read_world(WORLD)
    used, unused = (reading_experiment.Where("m", True, [part]) for part in ("used", "unused"))
    parts.judge_parts(world, [("message", "a b", used, True), ("message", "a c", unused, True)])
    with pytest.raises(AssertionError):
        parts.judge_parts(
            world,
            [
                ("message", "a b", used, True),
                ("message", "c a", used, True),
                ("message", "b c", unused, True),
            ],
        )
