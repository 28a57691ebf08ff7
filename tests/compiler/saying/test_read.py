"""What is said is read back: every wording, option and inflection of random worlds, and whole documents."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.compiler.conftest import Write, checked
from wug.compiler.checking.check import check
from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.draft import Draft, draft, draw_world, world_seeds
from wug.compiler.emitting.tokenizer import build_tokenizer
from wug.compiler.emitting.tokens import Pieces
from wug.compiler.experiment import Experiment
from wug.compiler.saying.check_reading import (
    ReadingCheck,
    ReadingChecks,
    check_claims,
    check_documents,
    check_statements,
)
from wug.compiler.saying.manner import choose
from wug.compiler.saying.render import say
from wug.compiler.world import World

NAMES = ("{a}", "{a.plural}", "{a.a}", "{a.the}", "{a.capital}", "{a.plural.capital}", "{a.possessive}")
CELLS = ("{t.word}", "{t.word.comparative}", "{t.word.superlative}", "{t.other}", "{t.word.capital}")
OPTIONS = ("[really]", "[quite|very]", "[so|]", "[un|]done", "[[so to speak]]", "a|b")


@st.composite
def worlds(draw: st.DrawFn) -> str:
    """A world whose forms have several wordings with options and inflections; each begins with its own word,
    so that no two of them collide."""
    lines = [
        "wug 1",
        "world drawn {",
        f"  entity thing {{ count {draw(st.integers(4, 9))} }}",
        '  table look(word, other) { "big", "large"  "small", "wee"  "brave", "bold heart" }',
        "  relation sees(a: thing, b: thing, t: look) {",
        f"    populate pairs {{ count {draw(st.integers(1, 4))} }}",
    ]
    for form in range(draw(st.integers(1, 3))):
        lines.append(f"    form f{form} {{")
        for number in range(draw(st.integers(1, 3))):
            words = [
                draw(st.sampled_from(NAMES)),
                draw(st.sampled_from(NAMES)).replace("{a", "{b"),
                draw(st.sampled_from(CELLS)),
                *draw(st.lists(st.sampled_from(OPTIONS), max_size=2)),
            ]
            words = draw(st.permutations(words))
            asked = draw(st.sampled_from(["{a}", "{b}"])) if form else "{a}"
            held = "held " if number and draw(st.booleans()) else f"{draw(st.integers(1, 5))} "
            lines.append(f'      {held}"F{form}w{number} {" and ".join(words)} asks" => " {asked}."')
        lines.append("    }")
    text = "\n".join([*lines, "  }", "}"])
    asked = iter(re.findall(r'=> " \{(\w)\}', text))
    return re.sub(r'=> " \{\w\}', lambda _: '=> " {' + next(asked) + "}", text)


@settings(max_examples=60)
@given(worlds())
def test_render_then_read(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.mktemp("drawn") / "drawn.world"
    path.write_text(re.sub(r"(form f[12] \{\n.*?\n    \})", _one_direction, text, flags=re.S))
    report = Report()
    world = check(path, "drawn.world", report)
    assert isinstance(world, World)
    assert not report.items, [item.message for item in report.items]
    populated, closures = draw_world(world, world_seeds(2), report)
    check_statements(ReadingChecks(world, populated, closures), world_seeds(2), report)
    assert not report.items, [(item.message, item.notes) for item in report.items]
    pieces = Pieces(build_tokenizer(world, ""))
    relation = world.relations["sees"]
    facts = closures["sees"].facts
    for form in relation.forms:
        rows = np.repeat(np.arange(len(facts)), 5)
        key = np.arange(len(facts)).astype(np.uint64)
        manner = choose(form, key, "test", 5, which="any")
        of, arguments = facts.world[rows], facts.arguments[rows]
        texts = say(world, populated, relation, form, of, arguments, manner)
        tokens = pieces.sentences(world, populated, relation, form, of, arguments, manner)
        unknown = 2
        for said, row in zip(texts.tolist(), tokens, strict=True):
            assert pieces.tokenizer.encode(" " + said).ids == row[row >= 0].tolist()
            assert unknown not in row
        readings = [ReadingCheck(world, populated, closures, w).reader for w in range(2)]
        for place, said in enumerate(texts.tolist()):
            ((meaning,),) = readings[of[place]].sentence(said)
            assert meaning.arguments == tuple(arguments[place].tolist())
            assert (meaning.form, meaning.wording) == (form.name, manner.wording[place])


def _one_direction(match: re.Match[str]) -> str:
    """A form whose wordings all ask for what its first one asks for."""
    asked = re.findall(r'=> " \{(\w)\}', match.group())[0]
    return re.sub(r'=> " \{\w\}', f'=> " {{{asked}}}', match.group())


WORLD = """wug 1
world cats {
  entity category { count 20 }
  entity part { count 12 }
  relation is_a(c: category, d: category) {
    complete  populate forest { roots 2  children 1..4 }
    form up   { "{c} are [a kind of|]" => " {d}."  2 "Every {c} is" => " {d.a}." }
    form down { "{d} include" => " {c*}."  "Among {d} there are" => " {c*}." }
  }
  relation has(c: category, p: part) {
    complete  populate pairs { count 40 }
    form owner { "{c} have" => " {p}."  "{c.plural.capital} [always|often] have" => " {p}." }
    form listed "What {c} have:" => " {p*}."
  }
  document article(c: category) {
    copies 3  sentences 4..20
    tell is_a in up  tell is_a in down  tell has in owner  tell has in listed
    qa 20%  pronoun "it" 50%  title "On {c.plural}."
  }
}
"""
EXPERIMENT = """wug 1
experiment cats {
  world "cats.world"
  seeds 2
  train article
  test parent { is_a in up  choices others(1) }
  model speck { layers 1  width 32  heads 2 }
  arm learnt { finetune { steps 5 } }
}
"""


@pytest.fixture
def cats(write: Write) -> Draft:
    write("cats.world", WORLD)
    experiment = checked(write("cats.experiment", EXPERIMENT))
    assert isinstance(experiment, Experiment)
    return draft(experiment, Report())


def test_documents_are_read_back(cats: Draft) -> None:
    report = Report()
    checks = ReadingChecks(cats.experiment.world, cats.populated, cats.closures)
    check_documents(checks, cats.experiment, cats.documents, cats.seeds, report)
    assert not report.items
    texts = " ".join(cats.documents.text.tolist())
    assert "Question: " in texts
    assert " It have " in texts
    assert " and " in texts


@pytest.mark.parametrize(("old", "new"), [("have", "lack"), ("Answer", "Reply"), (" It ", " They ")])
def test_what_is_not_said_so_is_not_read(cats: Draft, old: str, new: str) -> None:
    documents = cats.world_documents(0)
    reading = ReadingCheck(cats.experiment.world, cats.populated, cats.closures, 0)
    changed = [text for text in documents.text.tolist() if old in text]
    assert changed
    for text in changed:
        assert reading.reader.document("article", text)
        assert not reading.reader.document("article", text.replace(old, new, 1))


def test_a_changed_name_is_another_fact(cats: Draft) -> None:
    documents = cats.world_documents(0)
    reading = ReadingCheck(cats.experiment.world, cats.populated, cats.closures, 0)
    first, second = cats.populated.names["part"][0][:2].tolist()
    swapped = np.array([text.replace(first, second) for text in documents.text.tolist()])
    changed = np.flatnonzero(swapped != documents.text)
    bad = list(
        reading.documents(
            type(documents)(**{**vars(documents), "text": swapped}), changed.astype(np.int64), [""]
        )
    )
    assert len(bad) == len(changed) > 0


def test_a_told_fact_is_in_every_copy_and_wordings_take_turns(cats: Draft) -> None:
    documents = cats.documents
    said = documents.sentences
    for of in range(2):
        names = cats.populated.names["category"][of]
        facts = cats.closures["has"].facts
        for member in range(len(names)):
            stated = np.flatnonzero((facts.world == of) & (facts.arguments[:, 0] == member))
            mine = np.flatnonzero(
                (documents.world == of) & np.char.startswith(documents.text, f"On {names[member]}")
            )
            for document in mine:
                here = (said.document == document) & (said.relation == "has") & (said.form == "owner")
                assert set(stated.tolist()) == set(said.row[here].tolist())
            for row in stated.tolist():
                told = (said.relation == "has") & (said.form == "owner") & (said.row == row)
                turns = said.wording[told][: 2 * (told.sum() // 2)].reshape(-1, 2)
                assert (turns[:, 0] != turns[:, 1]).all()


def test_sentences_stand_where_they_are_said_to(cats: Draft) -> None:
    said = cats.documents.sentences
    for row in range(len(said)):
        text = str(cats.documents.text[said.document[row]])
        sentence, answer = text[said.start[row] : said.end[row]], text[said.answer[row] : said.end[row]]
        assert sentence.endswith(".")
        assert answer.startswith(" ")
        assert text[said.end[row] : said.end[row] + 1] in ("", " ")


def test_thousands_of_sentences_of_one_form(write: Write) -> None:
    large = WORLD.replace("count 40", "count 2000").replace("count 20 ", "count 300 ")
    world = checked(write("cats.world", large))
    assert isinstance(world, World)
    populated, closures = draw_world(world, world_seeds(1), Report())
    relation, facts = world.relations["has"], closures["has"].facts
    form = relation.form("owner")
    manner = choose(form, facts.arguments[:, 0].astype(np.uint64), "test")
    texts = say(world, populated, relation, form, facts.world, facts.arguments, manner).tolist()
    reader = ReadingCheck(world, populated, closures, 0).reader
    assert len(texts) == 2000
    for text, fact in zip(texts, facts.arguments.tolist(), strict=True):
        assert [meaning.arguments for (meaning,) in reader.sentence(text)] == [tuple(fact)]


def test_all_that_is_asked_in_words_of_ones_own_is_read_back(write: Write) -> None:
    """Two of three thousand names spell one sentence in two ways: no sample would meet them."""
    names = [*(f"Ann {number}" for number in range(3000)), "Bob lives at Eve", "Bob"]
    rows = "".join(f"{name},{'Eve lives at Rome' if name == 'Bob' else 'Rome'}\n" for name in names)
    write("people.csv", f"name,town\n{rows}")
    write(
        "towns.world",
        'wug 1\nworld towns {\n  entity person from "people.csv" { named name }\n'
        "  relation lives(p: person, town: text) {\n    functional  populate rows\n"
        '    form home "The home of {p} is" => " {town}."\n'
        '    form at "{p} lives at" => " {town}."\n  }\n}\n',
    )
    experiment = checked(
        write(
            "towns.experiment",
            'wug 1\nexperiment towns {\n  world "towns.world"\n  train lives in home\n'
            "  test home { lives in home  choices others(1) }\n"
            "  test at { lives in at  choices others(1) }\n"
            "  model speck { layers 1  width 32  heads 2 }\n  arm learnt { finetune { steps 5 } }\n}\n",
        )
    )
    assert isinstance(experiment, Experiment)
    drawn = draft(experiment, Report())
    for asked, wrong in ((("home",), False), (("home", "at"), True)):
        report = Report()
        claims = [
            (claim.relation, claim.form, 0, claim.arguments)
            for items in drawn.tests
            if items.test.name in asked
            for claim in items.claims
        ]
        checks = ReadingChecks(experiment.world, drawn.populated, drawn.closures)
        check_claims(checks, claims, report)
        assert [item.code for item in report.items] == ["W0306"] * wrong
    assert "Bob lives at Eve lives at Rome." in report.items[0].message


def test_a_space_before_the_answer_is_said_as_it_is_trained(write: Write) -> None:
    write(
        "fond.world",
        "wug 1\nworld fond {\n  entity creature { count 9 }\n"
        "  relation likes(a: creature, b: creature) {\n    complete  populate pairs { count 6 }\n"
        '    form says "{a} like\\n " => "{b}."\n  }\n}\n',
    )
    experiment = checked(
        write(
            "fond.experiment",
            'wug 1\nexperiment fond {\n  world "fond.world"\n  train likes in says\n'
            "  test asked { likes in says  choices others(1) }\n"
            "  test free { likes in says  generate }\n"
            "  model speck { layers 1  width 32  heads 2 }\n  arm learnt { finetune { steps 5 } }\n}\n",
        )
    )
    assert isinstance(experiment, Experiment)
    drawn = draft(experiment, Report())
    asked, free = drawn.tests
    assert set(asked.statement().tolist()) == set(drawn.documents.text.tolist())
    assert set(free.statement().tolist()) <= set(drawn.documents.text.tolist())


def test_a_fact_is_told_in_so_many_wordings_of_its_own(write: Write) -> None:
    wordings = "".join(f'      "{{a}} {word}" => " {{b}}."\n' for word in ("like", "love", "prize", "adore"))
    write(
        "fond.world",
        "wug 1\nworld fond {\n  entity creature { count 30 }\n"
        "  relation likes(a: creature, b: creature) {\n    complete  populate pairs { count 20 }\n"
        f'    form says {{\n{wordings}      held "{{a}} fancy" => " {{b}}."\n    }}\n  }}\n}}\n',
    )
    experiment = checked(
        write(
            "fond.experiment",
            'wug 1\nexperiment fond {\n  world "fond.world"\n'
            "  train likes in says { articles 7  wordings 2 }\n"
            "  test asked { likes in says  choices others(1)  wording held }\n"
            "  model speck { layers 1  width 32  heads 2 }\n  arm learnt { finetune { steps 5 } }\n}\n",
        )
    )
    assert isinstance(experiment, Experiment)
    drawn = draft(experiment, Report())
    said = drawn.documents.sentences
    own = [tuple(sorted(set(said.wording[said.row == row].tolist()))) for row in range(20)]
    assert all(len(each) == 2 for each in own)
    assert len(set(own)) > 1, "each fact has its own"
    counts = [np.bincount(said.wording[said.row == row]).max() for row in range(20)]
    assert set(counts) == {4}, "seven articles take two wordings in turn"
    seen = drawn.view(0, 0)
    assert all(seen.exposed), "asked in other words, the fact was stated in this form"
    assert not any(seen.verbatim)
