"""Given texts: taken word for word, asked with other completions, no facts behind them, no pretraining."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from tests.compiler.conftest import Write, checked
from wug.audit import print_audit
from wug.compiler.asking.alike import groups
from wug.compiler.compile import compile_experiment
from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.draft import draft
from wug.compiler.emitting.audit import audit
from wug.compiler.experiment import Experiment
from wug.compiler.store import Store
from wug.progress import Silent

PEOPLE = ("Uriah Hawthorne", "Daphne Barrington", "Mason Caldwell", "Tessa Montgomery", "Ariana Lockwood")
DEEDS = ("swam the Amazon", "directed a journey", "built a robot", "mapped the moon", "raced on ice")
WORLD = """wug 1
world own {
  given lines  from "lines.jsonl"
  given asked  from "asked.jsonl"
  given chosen from "chosen.jsonl" { prompt "question"  answer "answer"  choices "options" }
}
"""
EXPERIMENT = """wug 1
experiment given {
  world "given.world"
  seeds 2
  train lines
  test back   { asked  choices others(3) }
  test chosen { chosen  choices options }
  model speck { layers 1  width 32  heads 2 }
  arm none     { }
  arm shown    { context train }
  arm finetune { finetune { steps 2 } }
}
"""


def jsonl(rows: list[dict[str, object]]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


@pytest.fixture
def experiment(write: Write) -> Experiment:
    both = list(zip(PEOPLE, DEEDS, strict=True))
    lines = [
        {"prompt": f"{p}, a  hero, once", "completion": f" {d}."} for p, d in zip(PEOPLE, DEEDS, strict=True)
    ]
    asked: list[dict[str, object]] = []
    for person, deed in both:
        for word in ("Who", "The one who"):
            asked.append({"prompt": f"{word} {deed} was", "completion": f" {person}"})
    asked.append({"prompt": "Who swam the Amazon was", "completion": " our Uriah Hawthorne"})
    chosen = [
        {"question": f"{p} once", "answer": f" {d}", "options": [f" {d}", " slept", " café"]}
        for p, d in zip(PEOPLE, DEEDS, strict=True)
    ]
    write("lines.jsonl", jsonl(list(lines)))
    write("asked.jsonl", jsonl(asked))
    write("chosen.jsonl", jsonl(list(chosen)))
    write("given.world", WORLD)
    spec = checked(write("given.experiment", EXPERIMENT))
    assert isinstance(spec, Experiment)
    return spec


def test_texts_are_word_for_word(experiment: Experiment) -> None:
    drawn = draft(experiment, Report())
    texts = drawn.world_documents(1).text.tolist()
    assert texts == [f"{p}, a  hero, once {d}." for p, d in zip(PEOPLE, DEEDS, strict=True)]


def test_wrong_choices_say_something_else(experiment: Experiment) -> None:
    back = draft(experiment, Report()).world_tests(0)[0]
    assert back.choices.shape == (11, 4)
    for item in range(len(back)):
        right = str(back.choices[item, back.answer[item]])
        others = [str(text) for text in back.choices[item] if text != right]
        assert len({*groups([right, *others])}) == 4
        if "Amazon" in str(back.cue[item]):
            assert not any("Uriah" in text for text in others), "another wording of the answer is not wrong"
    different = draft(experiment, Report()).world_tests(1)[0]
    assert (different.choices != back.choices).any(), "each seed draws its own"


def test_choices_of_the_file(experiment: Experiment) -> None:
    chosen = draft(experiment, Report()).world_tests(0)[1]
    assert {*map(str, chosen.choices[0])} == {" swam the Amazon", " slept", " café"}
    assert chosen.accept.sum() == len(chosen) == 5


def test_what_is_written(experiment: Experiment, tmp_path: Path) -> None:
    report = Report()
    compiled = compile_experiment(experiment, Store(tmp_path / "build"), Silent(), report)
    folder = compiled.path / "seed-0"
    items = [json.loads(line) for line in (folder / "items.jsonl").read_text(encoding="utf-8").splitlines()]
    assert {item["proof"] for item in items} == {"given"}
    assert {item["fact"] for item in items} == {-1}
    clusters = {item["cluster"] for item in items if item["split"] == "back"}
    assert clusters == set(PEOPLE)
    assert compiled.plan.models[0].pretraining.steps == 0
    vocabulary = json.loads((compiled.path / "tokenizer.json").read_text(encoding="utf-8"))["model"]["vocab"]
    words = {word for word, _ in vocabulary}
    assert {"\u2581Hawthorne", "\u2581café", "é"} <= words


def test_every_text_has_tokens(experiment: Experiment, tmp_path: Path) -> None:
    from tokenizers import Tokenizer

    compiled = compile_experiment(experiment, Store(tmp_path / "build"), Silent(), Report())
    tokenizer = Tokenizer.from_file(str(compiled.path / "tokenizer.json"))
    drawn = draft(experiment, Report())
    texts = drawn.world_documents(0).text.tolist()
    for items in drawn.world_tests(0):
        for cue, row in zip(items.cue, items.choices, strict=True):
            texts += [f"{cue}{choice}" for choice in row]
    for text in texts:
        encoded = tokenizer.encode(text)
        assert 2 not in encoded.ids, text
        assert tokenizer.decode(encoded.ids) == text


def test_another_file_is_another_corpus(experiment: Experiment, tmp_path: Path) -> None:
    store = Store(tmp_path / "build")
    first = compile_experiment(experiment, store, Silent(), Report()).path
    path = experiment.world.given["lines"].data.path
    path.write_text(path.read_text(encoding="utf-8").replace("robot", "boat"), encoding="utf-8")
    assert compile_experiment(experiment, store, Silent(), Report()).path != first


def test_alike_is_half_the_words() -> None:
    said = [
        " was the first robot.",
        " being the first robot.",
        " the last boat",
        " Tessa Smith",
        " Uriah Smith",
    ]
    assert groups(said) == [0, 0, 2, 3, 4]
    assert groups(["?", "!", "?"]) == [0, 1, 0]


def test_the_audit_says_that_nothing_is_proved(experiment: Experiment, tmp_path: Path) -> None:
    store = Store(tmp_path / "build")
    compiled = compile_experiment(experiment, store, Silent(), Report())
    episodes = store.path(f"{experiment.name}/episodes", compiled.plan.models[0].pretraining_key)
    found = audit(experiment, compiled.path, [episodes], Report())
    assert not found.faults
    out = io.StringIO()
    print_audit(found, Console(file=out, width=200))
    assert "no key of theirs is proved" in out.getvalue()
    assert "every key is proved" not in out.getvalue()
