"""Worked examples show what is wanted, are true in worlds of their own, and give no fact away."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable

import pytest

from tests.compiler.augmenting.conftest import Drafted
from tests.compiler.conftest import checked
from wug import specs
from wug.compiler.augmenting.continuation import Example, preface, question
from wug.compiler.augmenting.examples import examples
from wug.compiler.diagnosis.diagnostics import Report, SpecError
from wug.compiler.draft import Draft, draft
from wug.compiler.experiment import Arm, Experiment
from wug.compiler.plan import Augment, Endpoint

SERVER = 'by endpoint "http://localhost:8000/v1" "m" { requests 9  tokens 9  style base'

_KIN = {
    r"(\w+) (?:is the parent of|brought up) (\w+)\.": ("parent", False),
    r"The parent of (\w+) is (\w+)\.": ("parent", True),
    r"(\w+) is the grandparent of (\w+)\.": ("grandparent", False),
    r"(\w+) has a sibling, (\w+)\.": ("sibling", False),
    r"(\w+) is older than (\w+)\.": ("older", False),
}


def fact(sentence: str) -> tuple[str, str, str]:
    """What a sentence of the family says."""
    for pattern, (relation, turned) in _KIN.items():
        if found := re.fullmatch(pattern, sentence):
            a, b = found.groups()
            return (relation, b, a) if turned else (relation, a, b)
    raise AssertionError(f"no sentence of the world: {sentence}")


def true(said: tuple[str, str, str], parents: set[tuple[str, str]]) -> bool:
    """Whether it follows, worked out by hand."""
    relation, a, b = said
    if relation in ("parent", "older"):
        return (a, b) in parents
    if relation == "grandparent":
        return any((a, between) in parents and (between, b) in parents for _, between in parents)
    return a != b and any((p, a) in parents and (p, b) in parents for p, _ in parents)


def made(drawn: Draft, of: int = 0) -> dict[str, tuple[Example, ...]]:
    return examples(drawn.experiment.arms[0], drawn, of)


def test_what_an_example_says_follows_and_is_not_said_already(drafted: Drafted) -> None:
    found = made(drafted(f"augment local global {SERVER}  examples 8 }}"))
    assert [len(each) for each in found.values()] == [8, 8]
    relations = {scope: set[str]() for scope in found}
    for scope, every in found.items():
        for example in every:
            told = [*example.sources, example.document]
            assert bool(example.sources) == (scope == "global")
            parents = {fact(text)[1:] for text in told}
            assert example.lines
            assert len(set(example.lines)) == len(example.lines)
            assert set(example.lines).isdisjoint(told)
            for line in example.lines:
                assert true(fact(line), parents), f"{line} of {told}"
                relations[scope].add(fact(line)[0])
    assert relations == {
        "local": {"parent", "older"},
        "global": {"parent", "older", "grandparent", "sibling"},
    }


def test_local_examples_say_it_in_other_words_turned_round_and_what_follows(drafted: Drafted) -> None:
    for example in made(drafted(f"augment local {SERVER} }}"))["local"]:
        assert [fact(line)[0] for line in example.lines] == ["parent", "parent", "older"]
        assert example.lines[1].startswith("The parent of ")


def forms(drawn: Draft, scope: str = "local") -> set[str]:
    lines = [line for example in made(drawn)[scope] for line in example.lines]
    names = {name for example in made(drawn)[scope] for name in example.names}
    return {
        re.sub(r"\w+", lambda word: "_" if word[0].casefold() in names else word[0], line) for line in lines
    }


def test_what_is_not_asked_for_is_not_shown(drafted: Drafted) -> None:
    down = {"_ is the parent of _.", "_ brought up _."}
    assert forms(drafted(f"augment local {SERVER}  rephrase only }}")) <= down
    once = forms(drafted(f"augment local {SERVER}  examples 8  without reversals }}"))
    assert once == down | {"_ is older than _."}
    assert "The parent of _ is _." in forms(drafted(f"augment local {SERVER} }}"))


def test_they_are_keyed(drafted: Drafted) -> None:
    drawn = drafted(f"augment local global {SERVER} }}")
    two = drafted(f"augment local global {SERVER}  examples 2 }}")
    assert made(drawn) == made(drawn)
    assert made(drawn)["local"] != made(drawn, 1)["local"]
    assert {scope: every[:2] for scope, every in made(drawn).items()} == made(two), (
        "a lower count keeps the first"
    )


def words(texts: Iterable[str]) -> set[str]:
    return {word.casefold() for text in texts for word in re.findall(r"\w+", text)}


@pytest.mark.parametrize("name", ["celebrities", "codebooks", "elements", "reversals", "syllogisms", "town"])
def test_no_name_of_the_experiment_is_in_them(name: str) -> None:
    """In what is sent, as it stands, no word is a name of any world of the experiment, or part of one."""
    spec = checked(specs() / "experiments" / f"{name}.experiment")
    assert isinstance(spec, Experiment)
    drawn = draft(spec, Report(), seeds=2)
    server = Endpoint("http://localhost:8000/v1", "m", 9, 9, style="base")
    augment = Augment(("local", "global"), "endpoint", endpoint=server, examples=3)
    found = examples(dataclasses.replace(spec.arms[0], augment=augment), drawn, 0)
    sent = words(preface(augment, scope, every) for scope, every in found.items())
    world = spec.world
    entities = [e for e in world.entities.values() if not e.composed and not e.numbered]
    names = words(name for e in entities for name in drawn.populated.names[e.name].ravel().tolist())
    assert len(names) >= 18
    assert sent.isdisjoint(names)
    shown = {name for every in found.values() for example in every for name in example.names}
    assert shown.isdisjoint(names)
    assert len(shown & sent) >= 6, "these are the names that stand there"


def test_a_fact_that_training_says_in_two_forms_is_shown_in_one() -> None:
    spec = checked(specs() / "experiments" / "celebrities.experiment")
    assert isinstance(spec, Experiment)
    assert len({train.form for train in spec.trains}) == 2
    server = Endpoint("http://localhost:8000/v1", "m", 9, 9, style="base")
    augment = Augment(("global",), "endpoint", endpoint=server, examples=3)
    arm = dataclasses.replace(spec.arms[0], augment=augment)
    drawn = draft(spec, Report(), seeds=1)
    held = {form: [w for w in form.wordings if w.held] for form in spec.world.relations["known_for"].forms}
    assert all(held.values())
    for example in examples(arm, drawn, 0)["global"]:
        told = [*example.sources, example.document]
        people = {name for name in example.names if any(name in text.casefold().split() for text in told)}
        assert people
        for text in example.sources:
            assert not (
                set(text.split()) & set(example.document.split()) & {n.capitalize() for n in example.names}
            )
        for line in example.lines:
            assert not re.match(r"A book|A plaque|Legend|A statue|A song|The career|Immersed|If you", line)


def test_a_text_is_examples_and_then_the_document(drafted: Drafted) -> None:
    drawn = drafted(f"augment local global {SERVER}  examples 1 }}")
    augment = drawn.experiment.arms[0].augment
    assert augment is not None
    (local,), (all,) = made(drawn).values()
    lines = preface(augment, "local", [local]).split("\n")
    assert lines[1:] == ["", f"Document: {local.document}", "What follows:", *local.lines]
    lines = preface(augment, "global", [all]).split("\n")
    world = ["", "The documents of a world:"]
    own = [*world, *all.sources, "", f"Document: {all.document}", "What follows:", *all.lines]
    assert lines[1:] == [*own, *world]
    assert question(augment, "It is so.") == "Document: It is so.\nWhat follows:\n"
    again = dataclasses.replace(augment, rephrase_only=True)
    assert question(again, "It is so.") == "Document: It is so.\nIn other words:\n"
    assert "in other words" in preface(again, "global", [all])


def test_part_of_a_document_is_what_is_shown(drafted: Drafted) -> None:
    """Where documents are asked about sentence by sentence, examples are sentences, too."""
    spec = checked(specs() / "experiments" / "town.experiment")
    assert isinstance(spec, Experiment)
    drawn = draft(spec, Report(), seeds=1)
    server = Endpoint("http://localhost:8000/v1", "m", 9, 9, style="base")
    augment = Augment(("local",), "endpoint", sentences="independent", endpoint=server, examples=3)
    arm = Arm("shown", spec.models[0].name, "none", 0, 0, None, augment, "", spec.span)
    for example in examples(arm, drawn, 0)["local"]:
        assert example.document.count(".") == 1


def test_where_nothing_can_be_shown_that_is_said(drafted: Drafted) -> None:
    drawn = drafted(f"augment local {SERVER} }}")
    world = drawn.experiment.world
    down = world.relations["parent"].form("down")
    one = dataclasses.replace(down, wordings=down.wordings[:1])
    parent = dataclasses.replace(world.relations["parent"], forms=(one,))
    alone = dataclasses.replace(world, relations={**world.relations, "parent": parent}, rules=())
    experiment = dataclasses.replace(drawn.experiment, world=alone)
    with pytest.raises(SpecError) as error:
        examples(experiment.arms[0], dataclasses.replace(drawn, experiment=experiment), 0)
    (item,) = error.value.report.items
    assert item.code == "W0504"
    assert "of 16 fresh worlds none can be one" in item.message
