"""Documents about scenes: each tells all that holds in one, and what it says is read back as that."""

from __future__ import annotations

import numpy as np
import pytest

from tests.compiler.conftest import Write, checked
from wug.compiler.augmenting.oracle import augmentation
from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.draft import Draft, draft, draw_world, world_seeds
from wug.compiler.emitting.episodes import compile_episodes
from wug.compiler.emitting.tokenizer import build_tokenizer
from wug.compiler.experiment import Experiment
from wug.compiler.populating.drawn import drawn
from wug.compiler.saying.check_reading import ReadingCheck, ReadingChecks, check_documents
from wug.compiler.saying.documents import training_documents
from wug.compiler.words.inflect import inflect

WORLD = """wug 1
world syllogisms {
  scene syllogism {
    count 9
    entity term { count 3  named nonce(syllables 3) }
    relation all(a: term, b: term)  { irreflexive  form says "All {a} are" => " {b}." }
    relation some(a: term, b: term) { irreflexive  symmetric  form says "Some {a} are" => " {b}." }
    relation no(a: term, b: term)   { irreflexive  symmetric  form says "No {a} are" => " {b}." }
    rule some(a, b) if all(a, b)
    rule all(a, c) if all(a, b), all(b, c), a != c
    rule no(a, c) if all(a, b), no(b, c)
    case { all(x, y)  all(y, z) }
    case { all(x, y)  no(y, z) }
    document example(s: syllogism) {
      copies 3  title "Take {term.plural*}:"  tell all in says  tell no in says
    }
  }
}
"""
EXPERIMENT = """wug 1
experiment asked {
  world "syllogisms.world"
  seeds 2
  train example
  test conclusion { all in says  derived  choices statements(all some no)  accept any }
  model speck { layers 1  width 32  heads 2  pretrain { facts 4..8  steps 4  batch 16 } }
  arm augmented { finetune { steps 5 }  augment local by oracle }
}
"""


@pytest.fixture
def experiment(write: Write) -> Experiment:
    write("syllogisms.world", WORLD)
    spec = checked(write("asked.experiment", EXPERIMENT))
    assert isinstance(spec, Experiment)
    return spec


@pytest.fixture
def whole(experiment: Experiment) -> Draft:
    return draft(experiment, Report())


def test_a_document_tells_all_of_its_scene(whole: Draft) -> None:
    train = whole.documents.take(np.flatnonzero(whole.documents.set == "train"))
    assert len(train) == 2 * 9 * 3
    names = inflect(whole.populated.names["term"].reshape(-1), "plural").reshape(2, -1)
    for row, sentences in enumerate(train.said()):
        text, of = str(train.text[row]), int(train.world[row])
        title, told = text.split(": ", 1)
        members = title.removeprefix("Take ").replace(" and ", ", ").split(", ")
        (scene,) = {int(np.flatnonzero(names[of] == name)[0]) // 3 for name in members}
        assert len(set(members)) == 3
        stated = {
            (name, fact)
            for name in ("all", "no")
            for fact in np.flatnonzero(whole.populated.facts[name].world == of).tolist()
            if whole.populated.facts[name].arguments[fact, 0] // 3 == scene
        }
        assert len(stated) == len(sentences) == told.count(".") == 2
    assert len({str(text).split(":")[0] for text in train.text}) > 2 * 9, "members come in drawn order"


def test_documents_of_scenes_are_read_back(whole: Draft) -> None:
    report = Report()
    checks = ReadingChecks(whole.experiment.world, whole.populated, whole.closures)
    check_documents(checks, whole.experiment, whole.documents, whole.seeds, report)
    assert not report.items
    documents = whole.world_documents(0)
    reader = ReadingCheck(whole.experiment.world, whole.populated, whole.closures, 0).reader
    first, second = (str(documents.text[row]) for row in (0, 3))
    assert reader.document("example", first)
    mixed = first.split(". ")[0] + ". " + second.split(". ")[1]
    assert not reader.document("example", mixed), "one document is about one scene"


@pytest.mark.parametrize("where", [" where s not in unseen", ""])
def test_scenes_are_chosen_and_held_out(write: Write, where: str) -> None:
    write("syllogisms.world", WORLD)
    spec = EXPERIMENT.replace("train example", f"holdout unseen = 4 syllogism\n  train example{where}")
    experiment = checked(write("asked.experiment", spec))
    assert isinstance(experiment, Experiment)
    populated, closures = draw_world(experiment.world, world_seeds(2), Report())
    worlds = drawn(experiment, world_seeds(2), populated, closures, Report())
    documents = training_documents(worlds)
    assert len(documents) == 2 * 5 * 3
    for of in range(2):
        unseen = populated.names["term"][of].reshape(9, 3)[worlds.held["unseen"][of]].reshape(-1).tolist()
        texts = " ".join(documents.text[documents.world == of].tolist())
        assert len(unseen) == 12
        assert not any(f" {name}" in texts for name in unseen)


def test_augmentation_goes_on_from_what_it_adds(whole: Draft) -> None:
    added = augmentation(whole.experiment.arms[0], whole, whole.taught)
    texts = set(added.text.tolist())
    facts = whole.populated.facts["all"]
    names = whole.populated.names["term"]
    for of, (a, b) in zip(facts.world, facts.arguments, strict=True):
        assert f"Some {names[of, a]} are {names[of, b]}." in texts
        assert f"Some {names[of, b]} are {names[of, a]}." in texts, "what follows from all in two steps"


def test_episodes_ask_what_rules_give(experiment: Experiment) -> None:
    tokenizer = build_tokenizer(experiment.world, "", experiment.texts())
    episodes = compile_episodes(experiment, experiment.models[0], tokenizer, Report(), lambda done: None)
    rows = [
        (tokenizer.decode(row[:first].tolist()), tokenizer.decode(row[first:].tolist()))
        for row, first in zip(episodes.tokens[:50], episodes.questions, strict=False)
    ]
    assert all(told.startswith("Take ") and "<unk>" not in told for told, _ in rows), "as training tells it"
    assert any("Some" in asked and "Some" not in told for told, asked in rows)
    every = [(told.count("All"), asked.count("All")) for told, asked in rows]
    assert any(asked > told for told, asked in every), "all follows from all and all"
