"""What a teacher wrote is judged by what follows, and only what may be trained is trained."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from tests.compiler.augmenting.conftest import Drafted
from wug.compiler.augmenting.admissible import admissible
from wug.compiler.augmenting.judge import Judge
from wug.compiler.augmenting.requests import Request, requests
from wug.compiler.augmenting.units import stated
from wug.compiler.augmenting.written import Answer, written
from wug.compiler.draft import Draft


def parents(drawn: Draft, of: int = 0) -> dict[str, str]:
    """Whose parent is who, as the documents say."""
    texts = drawn.world_documents(of).text.tolist()
    found = {}
    for text in texts:
        before, _, after = text.partition(" is the parent of ")
        if after:
            found[after.removesuffix(".")] = before
        before, _, after = text.partition(" brought up ")
        if after:
            found[after.removesuffix(".")] = before
    return found


def asked(drawn: Draft) -> list[Request]:
    arm = drawn.experiment.arms[0]
    return requests(arm, drawn, 0, drawn.world_documents(0), lambda texts: [len(t.split()) for t in texts])


def true_sentences(up: dict[str, str]) -> dict[str, str]:
    """Every sentence of the family that is true, by obvious means, and what it tells."""
    found = {}
    for child, parent in up.items():
        found[f"{parent} is the parent of {child}."] = "parent"
        found[f"{parent} brought up {child}."] = "parent"
        found[f"The parent of {child} is {parent}."] = "parent"
        found[f"{parent} is older than {child}."] = "older"
        if parent in up:
            found[f"{up[parent]} is the grandparent of {child}."] = "grandparent"
    for a, b in itertools.permutations(up, 2):
        if up[a] == up[b]:
            found[f"{a} has a sibling, {b}."] = "sibling"
    return found


def test_every_sentence_gets_its_verdict(drafted: Drafted) -> None:
    drawn = drafted("augment global by self")
    judge = Judge(drawn, 0, drawn.experiment.arms[0])
    unit = asked(drawn)[0].unit
    up = parents(drawn)
    people = drawn.populated.names["person"][0].tolist()
    true = true_sentences(up)
    ways = (
        "{} is the parent of {}.",
        "{} brought up {}.",
        "The parent of {} is {}.",
        "{} is the grandparent of {}.",
        "{} has a sibling, {}.",
        "{} is older than {}.",
    )
    for way, (a, b) in itertools.product(ways, itertools.product(people, repeat=2)):
        text = way.format(a, b)
        judged = judge.judge(unit, text)
        if text in true:
            told = way in ways[:2]
            assert judged.verdict == ("entailed_stated" if told else "entailed_new"), text
        elif "older" in way:
            wrong = a == b or up.get(a) == b
            assert judged.verdict == ("contradicting" if wrong else "unsupported"), text
        else:
            assert judged.verdict == "contradicting", text
    assert judge.judge(unit, "Nobody knows.").verdict == "not_understood"
    assert judge.judge(unit, "").verdict == "not_understood"


def test_what_is_admissible_is_what_is_true_and_rests_on_the_unit(drafted: Drafted) -> None:
    drawn = drafted("augment local global by self")
    up = parents(drawn)
    every = true_sentences(up)
    made = asked(drawn)
    documents, augment = drawn.world_documents(0), drawn.experiment.arms[0].augment
    assert augment is not None
    said = stated(documents)
    told: dict[str, set[str]] = {"local": set(), "global": set()}
    admitted = admissible(augment, made, drawn, drawn.taught, 0, documents)
    for request, inferred in zip(made, admitted, strict=True):
        text = str(drawn.world_documents(0).text[request.unit.document])
        for each in inferred:
            assert each.statement in every
            told[request.scope].add(each.statement)
            assert each.stated == (each.statement in said)
            names = set(text.removesuffix(".").split())
            if request.scope == "local":
                assert each.kind in ("rephrasing", "reversal", "inference")
                assert each.depth == 1
                assert len(names & set(each.statement.removesuffix(".").replace(",", "").split())) >= 2
            elif every[each.statement] in ("grandparent", "sibling"):
                assert (each.kind, each.depth) == ("composition", 2)
    single = {
        text for text, kind in every.items() if kind in ("parent", "older") and "brought up" not in text
    }
    assert told["local"] == single
    assert told["global"] == {text for text in every if "brought up" not in text}


@pytest.mark.parametrize("filter", ["none", "entailed", "not_contradicting"])
def test_filters(drafted: Drafted, filter: str) -> None:
    drawn = drafted(f"augment local by self {{ filter {filter} }}")
    unit = asked(drawn)[0].unit
    child, parent = next(iter(parents(drawn).items()))
    texts = [
        f"The parent of {child} is {parent}.",
        f"The parent of {parent} is {child}.",
        "Nobody knows.",
        " ",
    ]
    made = written(drawn, 0, drawn.experiment.arms[0], [Answer(unit, text, 0) for text in texts])
    wanted = {
        "none": (True, True, True),
        "entailed": (True, False, False),
        "not_contradicting": (True, False, True),
    }
    assert made.kept == (*wanted[filter], False)
    assert made.documents.text.tolist() == [text for text, good in zip(texts, made.kept, strict=True) if good]
    assert set(made.documents.set.tolist()) == {"more"}


def test_what_is_written_exposes_items(drafted: Drafted) -> None:
    drawn = drafted("augment local by self")
    unit = asked(drawn)[0].unit
    child, parent = next(iter(parents(drawn).items()))
    (up, _) = drawn.world_tests(0)
    item = next(i for i, cue in enumerate(up.cue.tolist()) if child in cue)
    for text, exposed, together in (
        (f"The parent of {child} is {parent}.", True, True),
        (f"{child} and {parent} were seen together", False, True),
        (f"{child} sang", False, False),
    ):
        made = written(drawn, 0, drawn.experiment.arms[0], [Answer(unit, text, 0)])
        assert made.view.exposed[item] == exposed, text
        assert made.cooccurring[item] == together, text
        assert sum(made.view.exposed) == exposed


def test_nothing_written_is_no_crash(drafted: Drafted) -> None:
    drawn = drafted("augment local by self")
    made = written(drawn, 0, drawn.experiment.arms[0], [])
    assert not len(made.documents)
    assert not any(made.view.exposed)


def test_the_oracle_says_all_that_follows_and_a_half_of_it(drafted: Drafted) -> None:
    whole, half = (drafted(f"augment global by oracle{kept}") for kept in ("", " { withhold 50% }"))
    every = true_sentences(parents(whole))

    def added(drawn: Draft) -> set[str]:
        documents = drawn.world_documents(0)
        rows = np.flatnonzero(documents.set == "more")
        statement = documents.sentences.statement[np.isin(documents.sentences.document, rows)]
        return set(statement.tolist())

    said = stated(whole.world_documents(0))
    assert added(whole) == {text for text in every if "brought up" not in text} - said
    assert added(half) < added(whole)
    assert abs(len(added(half)) - len(added(whole)) / 2) <= 6


def test_what_is_withheld_is_said_in_no_way(drafted: Drafted) -> None:
    drawn = drafted("augment local global by self { withhold 50% }")
    up = parents(drawn)
    told = {str(drawn.world_documents(0).text[request.unit.document]) for request in asked(drawn)}
    kept = {child for child, parent in up.items() if any(parent in text and child in text for text in told)}
    assert 0 < len(kept) < len(up)
    unit = asked(drawn)[0].unit
    judge = Judge(drawn, 0, drawn.experiment.arms[0])
    for child, parent in up.items():
        for text in (f"The parent of {child} is {parent}.", f"{parent} is older than {child}."):
            assert judge.judge(unit, text).withheld == (child not in kept), text


def kinds(drawn: Draft, scope: str) -> dict[str, set[str]]:
    """What may be said in a scope, by kind."""
    arm, documents = drawn.experiment.arms[0], drawn.world_documents(0)
    assert arm.augment is not None
    made = asked(drawn)
    found: dict[str, set[str]] = {}
    admitted = admissible(arm.augment, made, drawn, drawn.taught, 0, documents)
    for request, inferred in zip(made, admitted, strict=True):
        for each in inferred if request.scope == scope else ():
            found.setdefault(each.kind, set()).add(each.statement)
    return found


@pytest.mark.parametrize("scope", ["local", "global"])
def test_only_what_is_asked_for_is_admissible(drafted: Drafted, scope: str) -> None:
    whole = kinds(drafted("augment local global by self"), scope)
    assert all(text.startswith("The parent of ") for text in whole["reversal"])
    assert len(whole["reversal"]) == len(whole["rephrasing"]) > 5
    assert set(whole) == {"rephrasing", "reversal", "inference"} | (
        {"composition"} if scope == "global" else set()
    )
    without = kinds(drafted("augment local global by self { without reversals }"), scope)
    assert without == {kind: texts for kind, texts in whole.items() if kind != "reversal"}
    only = kinds(drafted("augment local global by self { rephrase only }"), scope)
    assert only == {"rephrasing": whole["rephrasing"]}


def test_in_the_global_scope_others_are_turned_round_too(drafted: Drafted) -> None:
    drawn = drafted("augment local global by self")
    unit, other = asked(drawn)[0].unit, asked(drawn)[1].unit
    up = parents(drawn)
    text = str(drawn.world_documents(0).text[other.document])
    child = next(child for child, parent in up.items() if child in text and parent in text)
    reversal = f"The parent of {child} is {up[child]}."
    judge = Judge(drawn, 0, drawn.experiment.arms[0])
    assert judge.judge(unit, reversal, "global").kind == "reversal"
    assert judge.judge(other, reversal, "local").kind == "reversal"
