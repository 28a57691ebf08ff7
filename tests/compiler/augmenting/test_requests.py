"""What a teacher is asked: nothing that gives an answer away, and no more than its model can see."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from tests.compiler.augmenting.conftest import Drafted
from tests.compiler.conftest import checked
from wug import specs
from wug.compiler.augmenting.requests import Request, asked_units, requests
from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.draft import Draft, draft
from wug.compiler.experiment import Experiment
from wug.compiler.plan import Augment


def words(texts: Sequence[str]) -> list[int]:
    return [len(text.split()) for text in texts]


def asked(drawn: Draft, of: int = 0) -> list[Request]:
    return requests(drawn.experiment.arms[0], drawn, of, drawn.world_documents(of), words)


def test_local_requests_show_a_document_and_begin_sentences_about_whom_it_names(drafted: Drafted) -> None:
    drawn = drafted("augment local by self")
    documents = drawn.world_documents(0)
    made = asked(drawn)
    assert len(made) == len({request.unit.document for request in made})
    assert len(made) == (documents.article == 0).sum()
    names = set(drawn.populated.names["person"][0].tolist())
    for request in made:
        assert request.sources == ()
        text = str(documents.text[request.unit.document])
        named = {name for name in names if name in text}
        assert len(named) == 2
        for prompt in request.prompts:
            assert {name for name in names if name in prompt} <= named
        beginnings = {
            prompt.replace(name, "_") for prompt in request.prompts for name in named if name in prompt
        }
        assert beginnings == {"_ is the parent of", "The parent of _ is", "_ is older than"}


def test_prompts_do_not_depend_on_what_is_true(drafted: Drafted) -> None:
    for request in asked(drafted("augment global by self")):
        assert len(request.prompts) == 2 * 5, "both members, every form, whether or not anything follows"


def test_a_model_may_be_shown_less_than_it_can_see(drafted: Drafted) -> None:
    all_of = asked(drafted("augment global by self"))
    fewer = asked(drafted("augment global by self { context 64 }"))
    for wide, narrow in zip(all_of, fewer, strict=True):
        assert 0 < len(narrow.sources) < len(wide.sources)


def test_global_requests_show_all_the_rest_or_as_much_as_fits(drafted: Drafted) -> None:
    drawn = drafted("augment global by self { max_tokens 8 }")
    documents = drawn.world_documents(0)
    made = asked(drawn)
    first = {
        row for row in range(len(documents)) if documents.set[row] == "train" and not documents.article[row]
    }
    room = drawn.experiment.models[0].model.context - 8
    for request in made:
        assert set(request.sources) == first - {request.unit.document}

    def long(texts: Sequence[str]) -> list[int]:
        return [4 * n for n in words(texts)]

    for request in requests(drawn.experiment.arms[0], drawn, 0, documents, long):
        shown = [*request.sources, request.unit.document]
        used = sum(long([str(documents.text[row]) for row in shown])) + len(shown) + 1
        assert used + max(long(request.prompts)) <= room
        assert len(request.sources) < len(first) - 1
        members = {str(documents.text[request.unit.document]).split()[0]}
        near = [
            row for row in first - {request.unit.document} if members & set(str(documents.text[row]).split())
        ]
        assert set(near) <= set(request.sources) or len(request.sources) <= len(near)


def test_what_a_model_can_see_is_what_counts_whoever_learns(drafted: Drafted) -> None:
    settings = "{ max_tokens 8 }"
    wide = asked(drafted(f"augment global by self {settings}"))
    narrow = asked(drafted(f"augment global by model narrow {settings}"))
    assert narrow == asked(drafted(f"model narrow  augment global by self {settings}"))
    assert wide == asked(drafted(f"model narrow  augment global by model speck {settings}"))
    assert [request.prompts for request in narrow] == [request.prompts for request in wide]
    for few, many in zip(narrow, wide, strict=True):
        assert 0 < len(few.sources) < len(many.sources)


def test_rephrase_only_and_without_reversals(drafted: Drafted) -> None:
    def beginnings(augment: str) -> set[str]:
        drawn = drafted(augment)
        names = drawn.populated.names["person"][0].tolist()
        found = set()
        for request in asked(drawn):
            for prompt in request.prompts:
                found.add(next(prompt.replace(name, "_") for name in names if name in prompt))
        return found

    assert beginnings("augment local by self { rephrase only }") == {"_ is the parent of"}
    assert beginnings("augment local by self { without reversals }") == {
        "_ is the parent of",
        "_ is older than",
    }


def test_the_oracle_is_given_no_prompts_and_a_server_one_instruction(drafted: Drafted) -> None:
    assert all(request.prompts == () for request in asked(drafted("augment local by oracle")))
    server = '"http://localhost:8000/v1" "m" { requests 9  tokens 9'
    for request in asked(drafted(f"augment global by endpoint {server} }}")):
        (prompt,) = request.prompts
        assert "together with the others" in prompt
    for request in asked(
        drafted(f'augment local by endpoint {server}  prompt "Turn round: {{document}}" }}')
    ):
        assert request.prompts[0].startswith("Turn round: ")


def test_a_base_model_goes_on_below_the_document(drafted: Drafted) -> None:
    server = '"http://localhost:8000/v1" "m" { requests 9  tokens 9  style base'
    drawn = drafted(f"augment local global by endpoint {server} }}")
    documents = drawn.world_documents(0)
    for request in asked(drawn):
        assert request.prompts == (f"Document: {documents.text[request.unit.document]}\nWhat follows:\n",)
    own = drafted(f'augment local by endpoint {server}  prompt "{{document}} So:" }}')
    assert all(request.prompts[0].endswith(" So:") for request in asked(own)), "a spec's own words stay"


def test_examples_take_room_from_the_others(drafted: Drafted) -> None:
    server = '"http://localhost:8000/v1" "m" { requests 9  tokens 9  style base  context 500  max_tokens 32 }'
    drawn = drafted(f"augment global by endpoint {server}")
    documents = drawn.world_documents(0)
    arm = drawn.experiment.arms[0]
    without = requests(arm, drawn, 0, documents, words)
    behind = requests(arm, drawn, 0, documents, words, {"global": "x" * 600})
    for one, other in zip(without, behind, strict=True):
        assert 0 < len(other.sources) < len(one.sources)
        whole = 600 + sum(len(str(documents.text[row])) for row in other.sources) + len(other.prompts[0])
        assert whole / 2 + 32 <= 500


def test_withheld_facts_and_a_limit_of_documents(drafted: Drafted) -> None:
    every = asked_units_of(drafted("augment local by self"))
    half = asked_units_of(drafted("augment local by self { withhold 50% }"))
    some = asked_units_of(drafted("augment local by self { documents 3 }"))
    assert set(half) < set(every)
    assert len(some) == 3
    assert set(some) < set(every)


def asked_units_of(drawn: Draft) -> list[int]:
    augment = drawn.experiment.arms[0].augment
    assert augment is not None
    return [unit.document for unit in asked_units(augment, drawn, 0, drawn.world_documents(0))]


def test_of_two_kinds_a_model_is_asked_what_the_test_asks_and_no_statement_is_begun() -> None:
    spec = checked(specs() / "experiments" / "syllogisms.experiment")
    assert isinstance(spec, Experiment)
    asks = (dataclasses.replace(spec.tests[0], ask="What follows of {a} and {b}?"), *spec.tests[1:])
    spec = dataclasses.replace(spec, tests=asks)
    drawn = draft(spec, Report(), seeds=1)
    documents = drawn.world_documents(0)
    names = drawn.populated.names["kind"][0].tolist()

    def questions(**settings: bool) -> list[tuple[int, set[frozenset[str]]]]:
        augment = Augment(("local", "global"), "self", **settings)
        arm = dataclasses.replace(spec.arms[-1], augment=augment)
        found = []
        for request in requests(arm, drawn, 0, documents, words):
            free = not settings
            assert ("" in request.questions) is free, "the test of premises asks in no words"
            assert not (free and request.prompts), "a statement's beginning would say which one it is"
            pairs = set()
            for question in filter(None, request.questions):
                what, first, second = question.replace("?", "").replace(" and ", " of ").split(" of ")
                assert what == "What follows"
                pairs.add(frozenset((first, second)))
            assert len(pairs) == len(request.questions) - free
            assert {name for pair in pairs for name in pair} <= set(names)
            found.append((request.unit.document, pairs))
        return found

    whole = questions()
    for document, pairs in whole:
        told = str(documents.text[document]).replace(".", "").split()
        kinds = {word for word in told if word in names}
        assert pairs == {frozenset((a, b)) for a in kinds for b in kinds if a != b}
        assert len(pairs) == 3
    assert {len(pairs) for _, pairs in questions(rephrase_only=True)} == {2}, "the pairs of the premises"
    assert {len(pairs) for _, pairs in questions(reversals=False)} == {1}, "the pair that no premise joins"


def test_a_sentence_alone_says_whom_it_is_about() -> None:
    spec = checked(specs() / "experiments" / "semantic.experiment")
    assert isinstance(spec, Experiment)
    drawn = draft(spec, Report(), seeds=1)
    documents = drawn.world_documents(0)
    names = drawn.populated.names["category"][0].tolist()
    augment = Augment(("local",), "self", sentences="independent")
    pronouns = 0
    for unit in asked_units(augment, drawn, 0, documents):
        text = str(documents.text[unit.document])[unit.start : unit.end].lower()
        (name, row), _ = unit.facts[0]
        subject = names[drawn.closures[name].facts.arguments[row, 0]]
        they = "they " in text
        assert subject in text
        assert they == (len(unit.told) > len(unit.facts)), "no more is shown than what names the subject"
        assert {fact for fact, _ in unit.facts} <= unit.shown
        pronouns += they
    assert pronouns > 10
