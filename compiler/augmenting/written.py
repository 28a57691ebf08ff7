"""What a teacher wrote, as documents of an arm: judged, filtered, and what they expose of the tests."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from wug.compiler.asking.arms import View, view
from wug.compiler.augmenting.judge import Judge, Judged, kept
from wug.compiler.augmenting.units import Unit
from wug.compiler.draft import Draft
from wug.compiler.experiment import Arm
from wug.compiler.saying.render import text_of
from wug.compiler.saying.said import Documents, Sentences, joined


@dataclass(frozen=True)
class Answer:
    """A text that was written about a unit: `begun` letters of it were the prompt's. One that is `too_long`
    for the model that learns is judged, and not trained."""

    unit: Unit
    text: str
    begun: int
    too_long: bool = False


@dataclass(frozen=True)
class Written:
    """All that was written for an arm about one world. `documents` are those that are trained; `view` is what
    the arm then knows of each item, and `cooccurring` whether some document names all that an item is about,
    understood or not."""

    judged: tuple[Judged, ...]
    kept: tuple[bool, ...]
    documents: Documents
    view: View
    cooccurring: tuple[bool, ...]


def written(drawn: Draft, of: int, arm: Arm, answers: Sequence[Answer]) -> Written:
    """Judge what was written for an arm about world `of`, and make documents of what its filter keeps."""
    augment = arm.augment
    assert augment is not None
    judge = Judge(drawn, of, arm)
    judged = tuple(judge.judge(answer.unit, answer.text) for answer in answers)
    keep = tuple(
        kept(each, augment.filter) and not answer.too_long
        for each, answer in zip(judged, answers, strict=True)
    )
    chosen = [(answer, each) for answer, each, good in zip(answers, judged, keep, strict=True) if good]
    documents = _documents(arm.name, of, chosen)
    tests = drawn.world_tests(of)
    asked = [drawn.statements(items) for items in tests]
    whole = joined([drawn.world_documents(of), documents])
    seen = view(arm, drawn, drawn.taught, of, whole, tests, asked)
    return Written(judged, keep, documents, seen, _cooccurring(drawn, of, documents))


def _documents(arm: str, of: int, chosen: Sequence[tuple[Answer, Judged]]) -> Documents:
    said = [
        (row, fact, statement, answer, judged)
        for row, (answer, judged) in enumerate(chosen)
        for fact, statement in zip(judged.said, judged.statements, strict=True)
    ]
    sentences = Sentences(
        document=np.array([row for row, *_ in said], np.int64),
        relation=np.array([fact[0] for _, fact, *_ in said], np.str_),
        row=np.array([fact[1] for _, fact, *_ in said], np.int64),
        form=np.array([judged.form for *_, judged in said], np.str_),
        wording=np.array([judged.wording for *_, judged in said], np.int32),
        start=np.zeros(len(said), np.int32),
        answer=np.array([answer.begun for *_, answer, _ in said], np.int32),
        end=np.array([len(answer.text) for *_, answer, _ in said], np.int32),
        statement=np.array([statement for _, _, statement, *_ in said], np.str_),
    )
    article: dict[str, int] = {}
    numbers = []
    for answer, _ in chosen:
        numbers.append(article.get(answer.text, 0))
        article[answer.text] = numbers[-1] + 1
    return Documents(
        set=np.full(len(chosen), arm),
        world=np.full(len(chosen), of, np.int32),
        source=np.array([judged.said[0][0] if judged.said else "" for _, judged in chosen], np.str_),
        article=np.array(numbers, np.int32),
        text=np.array([answer.text for answer, _ in chosen], np.str_),
        answer=np.full(len(chosen), -1, np.int32),
        sentences=sentences,
    )


def _cooccurring(drawn: Draft, of: int, documents: Documents) -> tuple[bool, ...]:
    """For each item of a world, whether some document names every entity that its fact is about."""
    world, populated = drawn.experiment.world, drawn.populated
    words: dict[str, set[int]] = {}
    texts = list(dict.fromkeys(documents.text.tolist()))
    found: list[bool] = []
    for items in drawn.world_tests(of):
        for item in range(len(items)):
            if items.given or items.row[item] < 0:
                found.append(False)
                continue
            relation = world.relations[str(items.relation[item])]
            numbers = drawn.closures[relation.name].facts.arguments[items.row[item]]
            holding: set[int] | None = None
            for argument, number in zip(relation.arguments, numbers.tolist(), strict=True):
                if argument.type not in world.entities:
                    continue
                where = np.array([of], np.int32), np.array([number], np.int32)
                name = str(text_of(world, populated, argument.type, 0, *where)[0])
                if name not in words:
                    pattern = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)", re.IGNORECASE)
                    words[name] = {place for place, text in enumerate(texts) if pattern.search(text)}
                holding = words[name] if holding is None else holding & words[name]
            found.append(bool(holding))
    return tuple(found)
