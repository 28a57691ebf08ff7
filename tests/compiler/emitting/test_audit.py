"""The audit: what was compiled is clean, and whatever is changed in it is found by what it says."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet
import pytest
from tokenizers import Tokenizer

from tests.compiler.conftest import checked
from wug.compiler.canonical import file_digest
from wug.compiler.compile import compile_experiment
from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.emitting.audit import Audit, audit
from wug.compiler.experiment import Experiment
from wug.compiler.store import EnvironmentFailure, Store
from wug.progress import Silent

WORLD = """wug 1
world kin {
  entity person { count 14 }
  entity job { count 5 }
  relation parent(a: person, b: person) {
    complete  populate forest { roots 2  children 1..2 }
    form down {
      "{a} is the parent of" => " {b}."
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
  preamble said { ""  "People say that" }
  given lines from "lines.jsonl" { prompt "prompt"  completion "completion" }
}
"""
LINES = [("Ann Ash is", " a pilot."), ("Bob Birch is", " a baker."), ("Cy Cedar is", " a miner.")]
EXPERIMENT = """wug 1
experiment kin {
  world "kin.world"
  seeds 2
  holdout strangers = 2 person { keep parent }
  train parent in down { articles 2  preamble said }
  train does in says
  train lines
  test own       { lines  choices others(1) }
  test trained   { parent in down  choices others(2) }
  test rephrased { parent in down  wording held  choices others(2) from targets }
  test reversal  { parent in up  choices others(1)  ask "Question: {cue}? Answer:" }
  test far       { ancestor in down  depth 2..3  count 4  choices others(1) }
  test verdict   { parent in down  choices verdict(" Yes." " No.")  ask "Is it so? {statement}" }
  test absent    { does in says where p in strangers  choices others(1)  unknown " nobody knows." }
  test kin {
    ancestor in down  derived  choices statements(parent ancestor)  accept any
    ask "Of {b} and {a}, what?"
  }
  test said      { parent in down  generate }
  model speck { layers 1  width 32  heads 2  context 2000  pretrain { facts 1..3  steps 4  batch 4 } }
  arm pretrained { }
  arm icl        { context train }
  arm near       { context oracle(3) }
  arm augmented  { finetune { steps 1 }  augment local by oracle }
}
"""

Table = list[dict[str, Any]]


class Corpus:
    """A compiled experiment that may be changed, with hashes that fit."""

    def __init__(self, folder: Path, text: str = EXPERIMENT) -> None:
        (folder / "wug.lock").touch()
        (folder / "kin.world").write_text(WORLD)
        rows = (json.dumps({"prompt": prompt, "completion": answer}) + "\n" for prompt, answer in LINES)
        (folder / "lines.jsonl").write_text("".join(rows))
        (folder / "kin.experiment").write_text(text)
        experiment = checked(folder / "kin.experiment")
        assert isinstance(experiment, Experiment)
        self.experiment = experiment
        store = Store(folder / "build")
        compiled = compile_experiment(experiment, store, Silent(), Report())
        self.path = compiled.path
        self.episodes = store.path("kin/episodes", compiled.plan.models[0].pretraining_key)

    def audit(self, path: Path | None = None) -> Audit:
        return audit(self.experiment, path or self.path, [self.episodes], Report())

    def changed(self, folder: Path, name: str, change: Callable[[Table], None]) -> Audit:
        """What an audit says of a copy in which one table is another."""
        shutil.copytree(self.path, folder / "copy")
        file = folder / "copy" / "seed-1" / f"{name}.parquet"
        table = parquet.read_table(file)
        rows = table.to_pylist()
        change(rows)
        parquet.write_table(pa.Table.from_pylist(rows, schema=table.schema), file)
        lines = file.with_suffix(".jsonl")
        if lines.exists():
            lines.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
        list_anew(folder / "copy")
        return self.audit(folder / "copy")


def list_anew(folder: Path) -> None:
    """Make the hashes of a manifest those of its files."""
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"] = {each: file_digest(folder / each) for each in manifest["files"]}
    (folder / "manifest.json").write_text(json.dumps(manifest))


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    return Corpus(tmp_path_factory.mktemp("audited"))


def test_what_was_compiled_is_clean(corpus: Corpus) -> None:
    found = corpus.audit()
    assert not found.faults
    assert [split["split"] for split in found.splits] == [
        test.name for test in (*corpus.experiment.tests, *corpus.experiment.given_tests)
    ]
    trained, reversal = found.splits[0], found.splits[2]
    assert trained["overlap"] > 0.9
    assert "overlap" in trained["answered_by"]
    assert reversal["depths"] == {"1": reversal["items"]}
    assert [each["type"] for each in found.names] == ["person", "job"]
    assert all(sum(each["tokens"].values()) == each["names"] > 4 for each in found.names)
    assert json.loads(json.dumps(found.to_json()))["faults"] == []


COMPOSED = """wug 1
world changes {
  entity atom { count 8 }
  relation turns(a: atom, b: atom) { functional  populate permutation  form into "{a} turns into" => " {b}." }
  terms expression {
    atoms atom  depth 1..2  count 12
    operator plus(x, y) "({x} and {y})"
  }
  relation change(e: expression, r: expression) {
    functional  complete
    rewrite plus(x, y) => plus(change(x), change(y))
    rewrite x => turns(x)
    form told "{e} becomes" => " {r}."
  }
}
"""


def test_an_atom_is_a_term_by_the_same_name(tmp_path: Path) -> None:
    (tmp_path / "wug.lock").touch()
    (tmp_path / "changes.world").write_text(COMPOSED)
    (tmp_path / "changes.experiment").write_text("""wug 1
experiment changes {
  world "changes.world"
  train turns in into
  test change { change in told  choices others(1) }
  model speck { layers 1  width 32  heads 2  context 600  pretrain { facts 1..3  steps 4  batch 4 } }
  arm pretrained { }
}
""")
    experiment = checked(tmp_path / "changes.experiment")
    assert isinstance(experiment, Experiment)
    store = Store(tmp_path / "build")
    compiled = compile_experiment(experiment, store, Silent(), Report())
    episodes = store.path("changes/episodes", compiled.plan.models[0].pretraining_key)
    found = audit(experiment, compiled.path, [episodes], Report())
    assert not found.faults
    assert all(int(tokens) > 1 for each in found.names for tokens in each["tokens"])


def first(rows: Table, split: str) -> dict[str, Any]:
    return next(row for row in rows if row["split"] == split)


def flip_the_key(rows: Table) -> None:
    item = first(rows, "trained")
    item["answer"] = (item["answer"] + 1) % 3
    item["accept"] = [place == item["answer"] for place in range(3)]


def flip_a_verdict(rows: Table) -> None:
    item = first(rows, "verdict")
    item["answer"] = 1 - item["answer"]
    item["accept"] = item["accept"][::-1]


def know_the_unknown(rows: Table) -> None:
    item = first(rows, "absent")
    item["answer"] = 1 - item["answer"]
    item["accept"] = item["accept"][::-1]


def answer_with_what_is_not_offered(rows: Table) -> None:
    first(rows, "trained")["answer"] = 3
    first(rows, "own")["answer"] = -1


def mark_too_few_choices(rows: Table) -> None:
    item = first(rows, "own")
    item["accept"] = item["accept"][:-1]


def accept_too_much(rows: Table) -> None:
    item = next(row for row in rows if row["split"] == "kin" and not all(row["accept"]))
    item["accept"] = [True] * len(item["accept"])


def accept_a_wrong_text(rows: Table) -> None:
    mine = [row for row in rows if row["split"] == "said"]
    mine[0]["accepted"].append(mine[1]["accepted"][0])


def forget_a_right_text(rows: Table) -> None:
    item = next(row for row in rows if len(row["accepted"]) > 1)
    item["accepted"] = item["choices"]


def flip_a_given_key(rows: Table) -> None:
    item = first(rows, "own")
    item["answer"] = 1 - item["answer"]
    item["accept"] = item["accept"][::-1]


def reword_a_given_text(rows: Table) -> None:
    row = next(row for row in rows if row["source"] == "lines")
    row["text"] = row["text"].replace(" is", " was")


def two_right_ones(rows: Table) -> None:
    item = first(rows, "far")
    item["accept"] = [True, True]


def a_true_distractor(rows: Table) -> None:
    """A parent of two: the other child is as right as the one that is asked for."""
    mine = [row for row in rows if row["split"] == "trained"]
    one, other = next((a, b) for a in mine for b in mine if a["cue"] == b["cue"] and a["fact"] != b["fact"])
    one["choices"][(one["answer"] + 1) % 3] = other["choices"][other["answer"]]


def the_same_choice_twice(rows: Table) -> None:
    item = first(rows, "reversal")
    item["choices"] = [item["choices"][1 - item["answer"]].upper()] * 2


def reword_a_question(rows: Table) -> None:
    first(rows, "far")["cue"] += " probably"


def ask_about_another(rows: Table) -> None:
    mine = [row for row in rows if row["split"] == "reversal"]
    mine[0]["fact"] = mine[1]["fact"]


def claim_another_depth(rows: Table) -> None:
    first(rows, "far")["depth"] += 5


def drop_an_item(rows: Table) -> None:
    rows.remove(first(rows, "far"))


def reword_a_document(rows: Table) -> None:
    rows[0]["text"] = rows[0]["text"].replace("is the parent of", "is a parent of")


def say_another_fact(rows: Table) -> None:
    rows[0]["text"], rows[5]["text"] = rows[5]["text"], rows[0]["text"]


def lose_a_document(rows: Table) -> None:
    del rows[-1]


def cut_elsewhere(rows: Table) -> None:
    next(row for row in rows if row["source"] == "lines")["answer"] += 1


def cut_a_fact(rows: Table) -> None:
    next(row for row in rows if row["source"] == "does")["answer"] = 3


def another_premise(rows: Table) -> None:
    row = next(row for row in rows if len(row["premises"]) == 2)
    row["premises"] = row["premises"][::-1]


def another_argument(rows: Table) -> None:
    rows[0]["arguments"] = rows[0]["arguments"][::-1]


def unexpose(rows: Table) -> None:
    row = next(row for row in rows if row["exposed"])
    row["exposed"] = False


def answer_all(rows: Table) -> None:
    row = next(row for row in rows if not row["answerable"])
    row["answerable"] = True


def show_less(rows: Table) -> None:
    rows[0]["doc_ids"] = rows[0]["doc_ids"][1:]


def admit_a_falsehood(rows: Table) -> None:
    rows[0]["statement"] = "Nobody follows."


def ask_what_gives_it_away(rows: Table) -> None:
    rows[0]["shown"] += " So it is."


CHANGES: list[tuple[str, Callable[[Table], None], str]] = [
    ("items", flip_the_key, "key"),
    ("items", flip_a_verdict, "key"),
    ("items", know_the_unknown, "key"),
    ("items", answer_with_what_is_not_offered, "key"),
    ("items", mark_too_few_choices, "key"),
    ("items", accept_too_much, "key"),
    ("items", two_right_ones, "key"),
    ("items", accept_a_wrong_text, "key"),
    ("items", forget_a_right_text, "key"),
    ("items", flip_a_given_key, "key"),
    ("documents", reword_a_given_text, "unreadable"),
    ("items", a_true_distractor, "key"),
    ("items", the_same_choice_twice, "ambiguous"),
    ("items", reword_a_question, "unreadable"),
    ("items", ask_about_another, "items"),
    ("items", claim_another_depth, "depth"),
    ("items", drop_an_item, "items"),
    ("documents", reword_a_document, "unreadable"),
    ("documents", say_another_fact, "sentences"),
    ("documents", lose_a_document, "documents"),
    ("documents", cut_elsewhere, "unreadable"),
    ("documents", cut_a_fact, "sentences"),
    ("proofs", another_premise, "proofs"),
    ("proofs", another_argument, "proofs"),
    ("views", unexpose, "views"),
    ("views", answer_all, "views"),
    ("contexts", show_less, "views"),
    ("admissible", admit_a_falsehood, "augmentation"),
    ("requests", ask_what_gives_it_away, "augmentation"),
]


@pytest.mark.parametrize(("table", "change", "kind"), CHANGES, ids=[c.__name__ for _, c, _ in CHANGES])
def test_every_change_is_found(
    table: str, change: Callable[[Table], None], kind: str, corpus: Corpus, tmp_path: Path
) -> None:
    found = corpus.changed(tmp_path, table, change)
    assert kind in {fault.kind for fault in found.faults}, found.faults
    assert {fault.seed for fault in found.faults} == {1}


def test_worked_examples_that_give_a_fact_away_are_found(tmp_path: Path) -> None:
    (tmp_path / "base").mkdir()
    server = 'endpoint "http://localhost:1/v1" "m" { requests 9  tokens 9  style base  context 9000 }'
    text = EXPERIMENT.replace("augment local by oracle", f"augment local global by {server}")
    corpus = Corpus(tmp_path / "base", text)
    assert not corpus.audit().faults
    trained = parquet.read_table(corpus.path / "seed-1" / "documents.parquet").to_pylist()[0]["text"]

    def give_away(rows: Table) -> None:
        rows[1]["text"] = rows[1]["text"].replace("What follows:", f"What follows:\n{trained}", 1)

    found = corpus.changed(tmp_path, "examples", give_away)
    assert [(fault.kind, fault.seed) for fault in found.faults] == [("augmentation", 1)] * 2
    assert "examples.parquet" in found.faults[0].message


@pytest.mark.parametrize("what", ["reversal", "held", "false"])
def test_a_leaked_sentence_is_found(what: str, corpus: Corpus, tmp_path: Path) -> None:
    """A document more, listed as it should be, that says what training must not say."""
    seed = corpus.path / "seed-1"
    items = parquet.read_table(seed / "items.parquet").to_pylist()
    proofs = parquet.read_table(seed / "proofs.parquet").to_pylist()
    if what == "reversal":
        item = first(items, "reversal")
        cue = item["cue"].removeprefix("Question: ").removesuffix("? Answer:")
        leaked, fact, form = cue + item["choices"][item["answer"]], item["fact"], "up"
    elif what == "false":
        item = first(items, "trained")
        leaked, fact, form = item["cue"] + item["choices"][(item["answer"] + 1) % 3], item["fact"], "down"
    else:
        who = first(items, "absent")["cue"].split()[0]
        row = next(row for row in proofs if row["relation"] == "does" and row["arguments"][0] == who)
        leaked, fact, form = f"{who} works as {row['arguments'][1]}.", row["fact"], "says"

    def leak(rows: Table) -> None:
        rows.append({**rows[0], "doc_id": len(rows), "text": leaked})

    sentences = parquet.read_table(seed / "sentences.parquet").to_pylist()
    count = len(parquet.read_table(seed / "documents.parquet"))
    more = {**sentences[0], "doc_id": count, "fact": fact, "form": form, "start": 0, "end": len(leaked)}
    copy = tmp_path / "listed"
    shutil.copytree(corpus.path, copy)
    schema = parquet.read_table(seed / "sentences.parquet").schema
    listed = pa.Table.from_pylist([*sentences, more], schema=schema)
    parquet.write_table(listed, copy / "seed-1" / "sentences.parquet")
    (copy / "seed-1" / "sentences.jsonl").write_text(
        "".join(json.dumps(row) + "\n" for row in [*sentences, more])
    )
    before, corpus.path = corpus.path, copy
    try:
        found = corpus.changed(tmp_path, "documents", leak)
    finally:
        corpus.path = before
    kinds = {fault.kind for fault in found.faults}
    assert "leak" in kinds, found.faults
    if what == "held":
        assert any("held out" in fault.message for fault in found.faults)
        assert "key" in kinds, "and what was not known is known"
    if what == "false":
        assert "false" in kinds


def test_a_file_that_is_not_as_it_was_compiled(corpus: Corpus, tmp_path: Path) -> None:
    shutil.copytree(corpus.path, tmp_path / "copy")
    with (tmp_path / "copy" / "tokenizer.json").open("a") as file:
        file.write("\n")
    (tmp_path / "copy" / "README.md").unlink()
    found = corpus.audit(tmp_path / "copy")
    assert [fault.message for fault in found.faults] == [
        "README.md is missing",
        "tokenizer.json is not as it was compiled",
    ]


def flip_a_key_of_the_probe(corpora: Path, episodes: Path) -> None:
    answers = np.load(episodes / "probe_answer.npy")
    np.save(episodes / "probe_answer.npy", 1 - answers)


def cut_a_table(corpora: Path, episodes: Path) -> None:
    os.truncate(corpora / "seed-0" / "items.parquet", 100)


def lose_a_world(corpora: Path, episodes: Path) -> None:
    shutil.rmtree(corpora / "seed-1")


def add_a_world(corpora: Path, episodes: Path) -> None:
    shutil.copytree(corpora / "seed-1", corpora / "seed-2")


def scribble(corpora: Path, episodes: Path) -> None:
    (corpora / "manifest.json").write_text("{")
    (episodes / "episodes.npy").write_text("scribble")


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (flip_a_key_of_the_probe, "probe_answer.npy of the episodes is not as it was compiled"),
        (cut_a_table, "seed-0/items.parquet is not as it was compiled"),
        (lose_a_world, "seed-1/items.jsonl is missing"),
        (add_a_world, "seed-2/items.jsonl is no file that was compiled"),
        (scribble, "manifest.json cannot be read"),
    ],
)
def test_damage_is_a_fault_and_no_bug(
    damage: Callable[[Path, Path], None], message: str, corpus: Corpus, tmp_path: Path
) -> None:
    shutil.copytree(corpus.path, tmp_path / "corpora")
    shutil.copytree(corpus.episodes, tmp_path / "episodes")
    damage(tmp_path / "corpora", tmp_path / "episodes")
    found = audit(corpus.experiment, tmp_path / "corpora", [tmp_path / "episodes"], Report())
    assert {fault.kind for fault in found.faults} == {"damage"}
    assert message in [fault.message for fault in found.faults]


def test_the_episodes_of_every_model_are_audited(corpus: Corpus, tmp_path: Path) -> None:
    shutil.copytree(corpus.episodes, tmp_path / "second")
    flip_a_key_of_the_probe(tmp_path, tmp_path / "second")
    found = audit(corpus.experiment, corpus.path, [corpus.episodes, tmp_path / "second"], Report())
    assert [fault.message for fault in found.faults] == [
        "probe_answer.npy of the episodes is not as it was compiled"
    ]


@pytest.mark.parametrize("text", ["{", "[]", "{}"])
def test_a_manifest_that_cannot_be_read_is_no_bug(text: str, tmp_path: Path) -> None:
    """What is damaged is made anew; but of an entry of before there were digests nobody can tell."""
    corpus = Corpus(tmp_path)
    manifest = corpus.path / "manifest.json"
    whole = manifest.read_bytes()
    manifest.write_text(text)
    with pytest.warns(UserWarning, match="it is made anew"):
        compile_experiment(corpus.experiment, Store(tmp_path / "build"), Silent(), Report())
    assert manifest.read_bytes() == whole
    corpus.path.with_name(f"{corpus.path.name}.digests").unlink()
    manifest.write_text(text)
    with pytest.raises(EnvironmentFailure, match=r"manifest\.json is damaged: run 'wug clean'"):
        compile_experiment(corpus.experiment, Store(tmp_path / "build"), Silent(), Report())


def test_a_name_that_pretraining_has_read(corpus: Corpus, tmp_path: Path) -> None:
    """A whole word is found, inflected or not; a longer word that begins with it is another word."""
    tokenizer = Tokenizer.from_file(str(corpus.path / "tokenizer.json"))
    items = parquet.read_table(corpus.path / "seed-0" / "items.parquet").to_pylist()
    name, other = (first(items, split)["cluster"] for split in ("trained", "absent"))
    episodes = np.load(corpus.episodes / "episodes.npy")
    before, corpus.episodes = corpus.episodes, tmp_path / "episodes"
    shutil.copytree(before, corpus.episodes)
    try:
        for text, found in ((f"{other}bap works as", False), (f"{name} works as", True)):
            ids = tokenizer.encode(text).ids
            changed = episodes.copy()
            changed[0, : len(ids)] = ids
            np.save(corpus.episodes / "episodes.npy", changed)
            list_anew(corpus.episodes)
            faults = corpus.audit().faults
            assert {fault.kind for fault in faults} == ({"pretraining"} if found else set()), faults
            assert all(f"'{name}'" in fault.message for fault in faults)
    finally:
        corpus.episodes = before
