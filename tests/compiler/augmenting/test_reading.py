"""A text is read as models write: listed, bold, quoted, several sentences a line, a capital letter first."""

from __future__ import annotations

import pytest

from tests.compiler.augmenting.conftest import Drafted
from tests.compiler.augmenting.test_judge import asked, parents
from tests.compiler.conftest import Write, checked
from wug.compiler.augmenting.judge import Judge
from wug.compiler.augmenting.written import Answer, written
from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.draft import Draft, draft
from wug.compiler.experiment import Experiment

DRESSED = (
    "{0}",
    "{1}",
    "1) {0}",
    "(2) {0}",
    "3. **{1}**",
    "- “{1}”",
    "> *{0}*",
    "## {1}\n",
    '"{1}"',
    "a) __{0}__ ",
    "* {2}",
)


def said(drawn: Draft) -> tuple[str, str, str]:
    """A reversal of a trained fact, one of another, and a sentence that is false."""
    (a, up), (b, _), *_ = parents(drawn).items()
    other = parents(drawn)[b]
    return f"The parent of {a} is {up}.", f"The parent of {b} is {other}.", f"The parent of {up} is {a}."


@pytest.mark.parametrize("dress", DRESSED)
def test_what_dresses_a_sentence_is_no_part_of_it(drafted: Drafted, dress: str) -> None:
    drawn = drafted("augment local by self")
    unit = asked(drawn)[0].unit
    true, _, false = said(drawn)
    judge = Judge(drawn, 0, drawn.experiment.arms[0])

    def dressed(sentence: str) -> str:
        return dress.format(sentence, sentence[0].swapcase() + sentence[1:], sentence.removesuffix("."))

    judged = judge.judge(unit, dressed(true))
    assert (judged.verdict, judged.statements) == ("entailed_new", (true,))
    assert judge.judge(unit, dressed(false)).verdict == "contradicting"
    made = written(drawn, 0, drawn.experiment.arms[0], [Answer(unit, dressed(true), 0)])
    assert sum(made.view.exposed) == 1
    assert made.documents.text.tolist() == [dressed(true)], "it is trained as it was written"
    sentences = made.documents.sentences
    inside = dressed(true)[int(sentences.start[0]) : int(sentences.end[0])]
    assert true[1:-1] in inside


def test_several_sentences_are_judged_one_by_one(drafted: Drafted) -> None:
    drawn = drafted("augment local by self { filter none }")
    unit = asked(drawn)[0].unit
    one, other, false = said(drawn)
    child, parent = next(iter(parents(drawn).items()))
    stated = f"{parent} is the parent of {child}."
    open = f"{child} is older than {parent}."
    judge = Judge(drawn, 0, drawn.experiment.arms[0])
    for text, verdict, statements in (
        (f"{one} {other}", "entailed_new", (one, other)),
        (f"{one}\n2. {other}", "entailed_new", (one, other)),
        (f"{stated} {one}", "entailed_new", (stated, one)),
        (f"{stated} {stated}", "entailed_stated", (stated, stated)),
        (f"{one} {false} {other}", "contradicting", (one, other)),
        (f"{one} Who knows? {other}", "not_understood", (one, other)),
        (f"Who knows? {false}", "contradicting", ()),
        (f"{stated} {open} Who knows?", "contradicting", (stated,)),
    ):
        judged = judge.judge(unit, text)
        assert (judged.verdict, judged.statements) == (verdict, statements), text
    made = written(drawn, 0, drawn.experiment.arms[0], [Answer(unit, f"{one} Who knows? {other}", 0)])
    spans = made.documents.sentences
    text = str(made.documents.text[0])
    assert [text[a:b] for a, b in zip(spans.start, spans.end, strict=True)] == [one, other]
    assert spans.answer.tolist() == spans.start.tolist()
    assert sum(made.view.exposed) == 2


def test_what_stands_in_a_text_is_exposed_though_nobody_understands_it(drafted: Drafted) -> None:
    drawn = drafted("augment local by self")
    unit = asked(drawn)[0].unit
    true, _, _ = said(drawn)
    item = next(
        i for i, sentence in enumerate(drawn.world_tests(0)[0].statement().tolist()) if sentence == true
    )
    for text, exposed in (
        (f"As everybody knows, {true.lower()}", True),
        (f"It is not so that {true} They say", True),
        (f"So{true}", False),
        (f"So {true.removesuffix('.')} too.", False),
    ):
        made = written(drawn, 0, drawn.experiment.arms[0], [Answer(unit, text, 0)])
        assert made.judged[0].verdict == "not_understood", text
        assert made.view.verbatim[item] == made.view.exposed[item] == exposed, text


def test_plurals_and_possessives_name_a_member(write: Write) -> None:
    write(
        "zoo.world",
        "wug 1\nworld zoo {\n  entity kind { count 8 }\n"
        "  relation eats(a: kind, b: kind) {\n    complete  populate forest { roots 2  children 1..2 }\n"
        '    form does "{a.plural} eat" => " {b.plural}."\n'
        '    form fed "{b.possessive} worst foe is" => " a {a}."\n  }\n}\n',
    )
    path = write(
        "zoo.experiment",
        'wug 1\nexperiment zoo {\n  world "zoo.world"\n  seeds 1\n  train eats in does\n'
        "  test fed { eats in fed  choices others(1) }\n"
        "  model speck { layers 1  width 16  heads 2  context 64 }\n"
        "  arm more { finetune { steps 5 }  augment local by self }\n"
        "  arm oracle { finetune { steps 5 }  augment local by oracle { withhold 50% } }\n}\n",
    )
    spec = checked(path)
    assert isinstance(spec, Experiment)
    drawn = draft(spec, Report())
    unit = asked(drawn)[0].unit
    text = str(drawn.world_documents(0).text[unit.document])
    first, _, second = text.removesuffix(".").split(" ")
    for words, together in (
        (f"{first} and {second} met", True),
        (f"{first}'s and {second}", True),
        (f"{first} met", False),
        (f"x{first} and {second}", False),
    ):
        made = written(drawn, 0, spec.arms[0], [Answer(unit, words, 0)])
        assert sum(made.cooccurring) == together, words
