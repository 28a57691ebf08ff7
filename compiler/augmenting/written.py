"""What a teacher wrote, as documents of an arm: judged, filtered, and what they expose of the tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from wug.compiler.asking.arms import View
from wug.compiler.augmenting.cooccurring import cooccurring
from wug.compiler.augmenting.judge import Judge, Judged, kept
from wug.compiler.augmenting.units import Unit
from wug.compiler.draft import Draft
from wug.compiler.experiment import Arm
from wug.compiler.saying.said import Documents, Sentences, joined


@dataclass(frozen=True)
class Answer:
    """A text that was written about a unit, in a scope: `begun` letters of it were the prompt's. One that is
    `too_long` for the model that learns is judged, and not trained."""

    unit: Unit
    text: str
    begun: int
    scope: str = "local"
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
    judged = tuple(judge.judge(answer.unit, answer.text, answer.scope) for answer in answers)
    keep = tuple(
        kept(each, augment.filter) and not answer.too_long
        for each, answer in zip(judged, answers, strict=True)
    )
    chosen = [(answer, each) for answer, each, good in zip(answers, judged, keep, strict=True) if good]
    documents = _documents(arm.name, of, chosen)
    seen = drawn.seen(arm, of, joined([drawn.world_documents(of), documents]))
    return Written(judged, keep, documents, seen, cooccurring(drawn, of, documents))


def _documents(arm: str, of: int, chosen: Sequence[tuple[Answer, Judged]]) -> Documents:
    said = [(row, each, answer) for row, (answer, judged) in enumerate(chosen) for each in judged.stated]
    sentences = Sentences(
        document=np.array([row for row, *_ in said], np.int64),
        relation=np.array([each.fact[0] for _, each, _ in said], np.str_),
        row=np.array([each.fact[1] for _, each, _ in said], np.int64),
        form=np.array([each.form for _, each, _ in said], np.str_),
        wording=np.array([each.wording for _, each, _ in said], np.int32),
        start=np.array([each.start for _, each, _ in said], np.int32),
        answer=np.array([min(max(a.begun, each.start), each.end) for _, each, a in said], np.int32),
        end=np.array([each.end for _, each, _ in said], np.int32),
        statement=np.array([each.statement for _, each, _ in said], np.str_),
    )
    article: dict[str, int] = {}
    numbers = []
    for answer, _ in chosen:
        numbers.append(article.get(answer.text, 0))
        article[answer.text] = numbers[-1] + 1
    # of what states something beside what does not follow all is trained, as of what states nothing
    mixed = [answer.begun if each.stated and not each.entailed else -1 for answer, each in chosen]
    return Documents(
        set=np.full(len(chosen), arm),
        world=np.full(len(chosen), of, np.int32),
        source=np.array([judged.said[0][0] if judged.said else "" for _, judged in chosen], np.str_),
        article=np.array(numbers, np.int32),
        text=np.array([answer.text for answer, _ in chosen], np.str_),
        answer=np.array(mixed, np.int32),
        sentences=sentences,
    )
