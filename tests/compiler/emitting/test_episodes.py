"""What an episode asks about pairs: as the tests do, and nothing but the strongest that follows."""

from __future__ import annotations

import dataclasses
import re

import pytest

from tests.compiler.conftest import Write, checked
from wug import specs
from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.emitting.episodes import compile_episodes, compile_probe
from wug.compiler.emitting.tokenizer import build_tokenizer
from wug.compiler.experiment import Experiment

Statement = tuple[str, str, str]
SENTENCE = re.compile(r"(All|Some|No) (\w+) are (\w+)\.")
QUESTION = re.compile(r"What follows of (\w+) and (\w+)\?")


def syllogisms() -> Experiment:
    spec = checked(specs() / "experiments" / "syllogisms.experiment")
    assert isinstance(spec, Experiment)
    (model,) = spec.models
    phase = dataclasses.replace(model.episodes.phases[0], facts=(2, 6), steps=1, batch=60, episodes=60)
    episodes = dataclasses.replace(model.episodes, phases=(phase,), questions=0)
    conclusion, premises = spec.tests
    tests = dataclasses.replace(conclusion, ask="What follows of {a} and {b}?"), premises
    models = (dataclasses.replace(model, episodes=episodes),)
    return dataclasses.replace(spec, models=models, tests=tests)


def closure(facts: set[Statement]) -> set[Statement]:
    """What follows, rule by rule until nothing is new."""
    known = set(facts)
    while True:
        new = set()
        for q, a, b in known:
            new |= {("Some", a, b)} if q == "All" else {(q, b, a)}
            for p, c, d in known:
                if b == c and q in ("All", "Some") and p == "All" and a != d:
                    new.add((q, a, d))
                if b == c and q == "All" and p == "No":
                    new.add(("No", a, d))
        if new <= known:
            return known
        known |= new


def test_what_is_right_to_say_of_each_pair_stands_behind_its_question() -> None:
    spec = syllogisms()
    tokenizer = build_tokenizer(spec.world, "", spec.texts())
    made = compile_episodes(spec, spec.models[0], tokenizer, Report(), lambda done: None)
    weaker = 0
    for row, first in zip(made.tokens, made.questions, strict=True):
        told, asked = (
            tokenizer.decode(part[part > 0].tolist(), skip_special_tokens=False).split("<doc>")
            for part in (row[:first], row[first:])
        )
        follows = closure({match.groups() for text in told for match in SENTENCE.finditer(text)})
        right = {s for s in follows if s[0] != "Some" or not {("All", *s[1:]), ("All", s[2], s[1])} & follows}
        weaker += len(follows - right)
        bare, behind = set(), set()
        for text in filter(None, asked):
            (said,) = (match.groups() for match in SENTENCE.finditer(text))
            question = QUESTION.search(text)
            if question is None:
                bare.add(said)
                continue
            assert set(question.groups()) == set(said[1:])
            behind.add(said)
        assert bare == behind == right
    assert weaker > 50, "there was something to leave out"


def test_the_probe_asks_so_too() -> None:
    spec = syllogisms()
    tokenizer = build_tokenizer(spec.world, "", spec.texts())
    probe = compile_probe(spec, spec.models[0], tokenizer, Report())
    cues = [tokenizer.decode(row[row > 0].tolist(), skip_special_tokens=False) for row in probe.cue]
    asked = [cue.rsplit("<doc>", 1)[1] for cue in cues]
    behind = [text for text in asked if text]
    assert 0 < len(behind) < len(asked)
    assert all(QUESTION.fullmatch(text.strip()) for text in behind)


WORLD = """wug 1
world small {
  entity town { count 8 }
  relation near(a: town, b: town) {
    populate pairs { count 4 }
    form says {
      "{a} is near" => " {b}."
      held "{a} borders on" => " {b}."
    }
  }
}
"""


@pytest.mark.parametrize("wordings", ["told", "all"])
def test_held_wordings_are_read_where_that_is_asked_for_and_never_as_facts(
    write: Write, wordings: str
) -> None:
    write("small.world", WORLD)
    path = write(
        "small.experiment",
        'wug 1\nexperiment small {\n  world "small.world"\n  train near in says\n'
        "  test near { near in says  choices others(1) }\n  model speck {\n    layers 1  width 32  heads 2\n"
        f"    pretrain {{ facts 2..4  steps 10  batch 8  wordings {wordings} }}\n  }}\n"
        "  arm icl { context train }\n}\n",
    )
    spec = checked(path)
    assert isinstance(spec, Experiment)
    tokenizer = build_tokenizer(spec.world, "", spec.texts())
    made = compile_episodes(spec, spec.models[0], tokenizer, Report(), lambda done: None)
    told, asked = (
        " ".join(tokenizer.decode(part[part > 0].tolist()) for part in parts)
        for parts in (
            [row[:first] for row, first in zip(made.tokens, made.questions, strict=True)],
            [row[first:] for row, first in zip(made.tokens, made.questions, strict=True)],
        )
    )
    assert "is near" in told
    assert "borders on" not in told
    assert "is near" in asked
    assert ("borders on" in asked) is (wordings == "all")
