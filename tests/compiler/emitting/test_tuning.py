"""The worlds that arms are tuned on: apart from those of the tests, and asked for what is trained alone."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

import wug.compiler.compile
from tests.compiler.conftest import Write, checked
from wug.compiler.asking.tuned import tuned_on
from wug.compiler.compile import Compiled, compile_experiment
from wug.compiler.diagnosis.diagnostics import Report, SpecError
from wug.compiler.draft import world_seeds
from wug.compiler.emitting.files import Row, read_rows
from wug.compiler.emitting.tuning import SEEDS
from wug.compiler.experiment import Experiment
from wug.compiler.identity import corpus_key
from wug.compiler.plan import Tune
from wug.compiler.store import Store
from wug.progress import Silent

WORLD = """wug 1
world small {
  entity creature { count 8  named nonce(syllables 2)  partition one 4, other 4 }
  table feature(word, opposite) { "taller" <-> "shorter"  "louder" <-> "quieter" }
  relation exceeds(a: creature, b: creature, on: feature) {
    asymmetric  converse on
    populate pairs { count 8 }
    form forward { "{a} are" => " {on.word} than {b}."  HELD }
    form reverse "{b} are" => " {on.opposite} than {a}."
  }
  preamble said { "Did you know that"  "They say that" }
}
"""
EXPERIMENT = """wug 1
experiment small {
  world "small.world"
  seeds 2
  train exceeds in forward where a in one { articles 2  preamble said }
  train exceeds in reverse where a in other
  test forward { exceeds in forward  choices contradiction }
  test reverse { exceeds in reverse where a in one  choices contradiction }
  test few     { exceeds in forward  choices contradiction  count 2 }
  test true    { exceeds in forward  choices verdict("True." "False.")  ask "{statement} True or false?" }
  model speck { layers 1  width 32  heads 2  context 300  pretrain { facts 1..4  steps 4  batch 4 } }
  arm icl       { context train }
  arm finetune  { finetune { tune { learning_rate 1e-3 1e-2  worlds 3 } } }
  arm augmented { like finetune  augment local by oracle  context oracle(2) }
  arm other     { finetune { steps 4 } }
  arm longer    { finetune { match other  tune { learning_rate 1e-3 } } }
}
"""


def read(write: Write, held: str = "", world: str = WORLD, experiment: str = EXPERIMENT) -> Experiment:
    write("small.world", world.replace("HELD", held))
    spec = checked(write("small.experiment", experiment))
    assert isinstance(spec, Experiment)
    return spec


def made(experiment: Experiment, folder: Path) -> tuple[Compiled, Path]:
    """The experiment compiled, and the worlds that its arms are tuned on."""
    compiled = compile_experiment(experiment, Store(folder / "build"), Silent(), Report())
    assert compiled.plan.tuning is not None
    return compiled, folder / "build" / "small" / "tuning" / compiled.plan.tuning.key


def rows(folder: Path, table: str, seeds: int) -> list[tuple[int, Row]]:
    return [(n, row) for n in range(seeds) for row in read_rows(folder / f"seed-{n}" / f"{table}.parquet")]


def says(row: Row) -> str:
    return str(row["cue"] + row["choices"][row["answer"]])


@pytest.mark.parametrize("held", ["", 'held "As is known, {a} are" => " {on.word} than {b}."'])
def test_only_what_training_states_in_that_form_is_asked_in_worlds_apart(
    write: Write, tmp_path: Path, held: str
) -> None:
    compiled, tuning = made(read(write, held), tmp_path)
    trained = {(n, row["text"]) for n, row in rows(tuning, "documents", 3) if row["set"] == "train"}
    stated = {(n, row["fact"], row["form"]) for n, row in rows(tuning, "sentences", 3)}
    asked = rows(tuning, "items", 3)
    assert {row["split"] for _, row in asked} == {"forward", "few"}
    assert {n for n, _ in asked} == {0, 1, 2}
    for n, row in asked:
        assert (n, row["fact"], row["form"]) in stated
        text = says(row).removeprefix("As is known, ")
        assert says(row).startswith("As is known") == bool(held)
        assert any((n, f"{before} {text}") in trained for before in ("Did you know that", "They say that"))
        assert (n, says(row)) not in trained, "asked without the preamble, or in words that are held"
    of_tests = {says(row) for _, row in rows(compiled.path, "items", 2)}
    assert not of_tests & {says(row) for _, row in asked}
    assert not np.isin(world_seeds(100, SEEDS), world_seeds(1000)).any()
    assert (tuning / "tokenizer.json").read_bytes() == (compiled.path / "tokenizer.json").read_bytes()


def test_the_arms_are_those_that_are_tuned_and_what_they_match_and_see_nothing(
    write: Write, tmp_path: Path
) -> None:
    experiment = read(write)
    compiled, tuning = made(experiment, tmp_path)
    assert compiled.plan.tuning.arms == (
        Tune("finetune", (1e-3, 1e-2), (), 3),
        Tune("augmented", (1e-3, 1e-2), (), 3),
        Tune("longer", (1e-3,), (), 1),
    )
    assert [split.name for split in compiled.plan.tuning.splits] == ["forward", "few"]
    views = rows(tuning, "views", 3)
    assert {row["arm"] for _, row in views} == {"finetune", "augmented", "longer", "other"}
    assert all(row["exposed"] and row["context_docs"] == 0 for _, row in views)
    assert {row["set"] for _, row in rows(tuning, "documents", 3)} == {"train", "augmented"}
    could = [test.name for test in tuned_on(experiment).tests]
    assert could == ["forward", "reverse", "few"], (
        "but nobody of whom the second asks is trained in that form"
    )


def test_more_seeds_and_other_candidates_leave_these_worlds_as_they_are(write: Write, tmp_path: Path) -> None:
    _, before = made(read(write), tmp_path)
    changed = EXPERIMENT.replace("seeds 2", "seeds 3").replace("1e-3 1e-2", "1e-3 5e-3")
    _, after = made(read(write, experiment=changed), tmp_path)
    for table in ("documents", "items"):
        assert rows(before, table, 3) == rows(after, table, 3)
    other = EXPERIMENT.replace("1e-3 1e-2", "1e-3 5e-3")
    assert made(read(write, experiment=other), tmp_path)[1] == before


def test_without_tune_nothing_is_new(write: Write, tmp_path: Path) -> None:
    tuned = read(write)
    plain = "\n".join(line for line in EXPERIMENT.splitlines() if "arm longer" not in line)
    plain = plain.replace("tune { learning_rate 1e-3 1e-2  worlds 3 }", "steps 10")
    experiment = read(write, experiment=plain)
    compiled = compile_experiment(experiment, Store(tmp_path / "build"), Silent(), Report())
    assert compiled.plan.tuning is None
    assert "tuning" not in compiled.plan.to_json()
    assert '"tune"' not in json.dumps(compiled.plan.to_json())
    assert not (tmp_path / "build" / "small" / "tuning").exists()
    arms = tuple(dataclasses.replace(arm, tune=None) for arm in tuned.arms)
    assert corpus_key(tuned) == corpus_key(dataclasses.replace(tuned, arms=arms))


def test_what_reads_as_a_question_of_a_test_is_left_out(write: Write, tmp_path: Path) -> None:
    """In a world that is always the same all is, unless tests ask for less or a wording is held for it."""
    write("a.csv", "name,place\n" + "".join(f"zum{c}ix,{c}\n" for c in "abcdefgh"))
    world = """wug 1
    world small {
      entity town from "a.csv" { named name }
      relation lies(t: town, place: text) {
        functional  injective  complete
        populate rows
        form says { "{t} lies at" => " {place}."  HELD }
      }
    }"""
    experiment = """wug 1
    experiment small {
      world "small.world"
      train lies in says
      test trained { lies in says  choices others(2)  COUNT }
      model speck { layers 1  width 32  heads 2 }
      arm plain { finetune { tune { steps 1 2  worlds 4 } } }
    }"""
    build = Store(tmp_path / "build")
    with pytest.raises(SpecError, match=r"of 32 questions about .* 32 read as questions"):
        compile_experiment(read(write, "", world, experiment.replace("COUNT", "")), build, Silent(), Report())
    few = read(write, "", world, experiment.replace("COUNT", "count 2"))
    compiled, tuning = made(few, tmp_path)
    of_tests = {says(row) for _, row in rows(compiled.path, "items", 1)}
    assert len(of_tests) == 2
    asked = [says(row) for _, row in rows(tuning, "items", 4)]
    assert 4 <= len(asked) <= 8
    assert not of_tests & set(asked)
    held = read(write, 'held "Where {t} lies is" => " {place}."', world, experiment.replace("COUNT", ""))
    compiled, tuning = made(held, tmp_path)
    assert len(rows(tuning, "items", 4)) == 32


def test_a_fault_of_these_worlds_says_that_it_is_theirs(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def faulty(experiment: Experiment, corpus: Path, report: Report) -> None:
        report.fail("W0501", "no fact follows there", experiment.span)

    monkeypatch.setattr(wug.compiler.compile, "tuning_draft", faulty)
    with pytest.raises(SpecError) as error:
        made(read(write), tmp_path)
    (item,) = error.value.report.items
    assert [note.text for note in item.notes] == [
        "so it is in the worlds that arms are tuned on, which are drawn apart from those of the tests"
    ]
