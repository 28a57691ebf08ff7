"""Given texts: documents and questions of the user's own, taken as they are, with no facts behind them."""

from __future__ import annotations

import numpy as np

from wug.compiler.asking.alike import groups
from wug.compiler.asking.questions import Items
from wug.compiler.data.texts import GivenTexts, read_given
from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.draw import Words, permute
from wug.compiler.experiment import Experiment, Test
from wug.compiler.saying.render import Texts
from wug.compiler.saying.said import Documents, Sentences


def given_texts(experiment: Experiment, report: Report) -> dict[str, GivenTexts]:
    """The texts of every file that the experiment trains or asks. Raises SpecError with what is wrong."""
    named = dict.fromkeys([*experiment.given, *(test.relation for test in experiment.given_tests)])
    found = {name: read_given(experiment.world.given[name], report) for name in named}
    report.stop_if_failed()
    return found


def given_documents(texts: GivenTexts, name: str, worlds: int) -> Documents:
    """Every row as a document of every world, word for word."""
    whole = np.array([a + b for a, b in zip(texts.prompts, texts.completions, strict=True)])
    count = len(whole) * worlds
    none, no_text = np.empty(0, np.int64), np.empty(0, "<U1")
    small = np.empty(0, np.int32)
    said = Sentences(none, no_text, none, no_text, small, small, small, small, no_text)
    return Documents(
        set=np.full(count, "train"),
        world=np.repeat(np.arange(worlds, dtype=np.int32), len(whole)),
        source=np.full(count, name),
        article=np.zeros(count, np.int32),
        text=np.tile(whole, worlds),
        answer=np.tile(np.char.str_len(np.array(texts.prompts)).astype(np.int32), worlds),
        sentences=said,
    )


def given_items(test: Test, texts: GivenTexts, seeds: Words, report: Report) -> Items | None:
    """Every row as a question of every world: its completion among other ones, in drawn order."""
    offered = _offered(test, texts, seeds, report)
    if offered is None:
        return None
    choices = np.concatenate(
        [_in_drawn_order(test, each, seed) for each, seed in zip(offered, seeds, strict=True)]
    )
    rows, count = len(texts.prompts), len(choices)
    accept = choices == np.tile(np.array(texts.completions), len(seeds))[:, None]
    return Items(
        test=test,
        world=np.repeat(np.arange(len(seeds), dtype=np.int32), rows),
        relation=np.full(count, test.relation),
        form=np.full(count, ""),
        row=np.full(count, -1, np.int64),
        cue=np.tile(np.array(texts.prompts), len(seeds)),
        choices=choices,
        accept=accept,
        answer=accept.argmax(axis=1).astype(np.int32),
        claim=np.full(choices.shape, -1, np.int32),
        depth=np.zeros(count, np.int64),
        premises=((),) * count,
        claims=(),
    )


def _offered(test: Test, texts: GivenTexts, seeds: Words, report: Report) -> list[Texts] | None:
    """The choices of each world [rows, choices], the right one somewhere among them."""
    if not test.choices.count:
        if len({len(row) for row in texts.options}) > 1:
            help = "bring as many choices with each question"
            message = f"test '{test.name}': its questions have different numbers of choices"
            report.add("W0503", message, test.span, help=help)
            return None
        return [np.array(texts.options)] * len(seeds)
    group = groups(texts.completions)
    right: dict[str, set[int]] = {}
    for prompt, number in zip(texts.prompts, group, strict=True):
        right.setdefault(prompt, set()).add(number)
    short = len(set(group)) - max(map(len, right.values()))
    if short < test.choices.count:
        message = f"test '{test.name}' finds only {short} other completions, not {test.choices.count}"
        help = "lower others(n), or give more questions; completions that share half their words are one"
        report.add("W0503", message, test.span, help=help)
        return None
    return [_others(test, texts, group, right, seed) for seed in seeds]


def _others(
    test: Test, texts: GivenTexts, group: list[int], right: dict[str, set[int]], seed: np.uint64
) -> Texts:
    """Each completion, and others of the file that say neither that, nor the same as one another, nor what
    any row answers to the same prompt."""
    pool = list(dict(zip(texts.completions, group, strict=True)).items())
    place = np.arange(len(pool), dtype=np.int64)
    rows = []
    for number, (prompt, completion) in enumerate(zip(texts.prompts, texts.completions, strict=True)):
        order = permute(seed + np.uint64(number), f"{test.name}/others", place, len(pool))
        taken, row = set(right[prompt]), [completion]
        for at in order.tolist():
            if len(row) > test.choices.count:
                break
            if pool[at][1] not in taken:
                taken.add(pool[at][1])
                row.append(pool[at][0])
        rows.append(row)
    return np.array(rows)


def given_clusters(items: Items) -> Texts:
    """What intervals cluster by: the answers, those that say the same as one."""
    answers = [str(text) for text in items.choices[np.arange(len(items)), items.answer]]
    group = groups(answers)
    shown = dict(zip(reversed(group), reversed(answers), strict=True))
    return np.array([shown[number].strip() for number in group])


def _in_drawn_order(test: Test, offered: Texts, seed: np.uint64) -> Texts:
    count = offered.shape[1]
    number = np.arange(len(offered), dtype=np.int64).astype(np.uint64)
    place = np.arange(count, dtype=np.int64)[None, :]
    order = permute((seed + number)[:, None], f"{test.name}/order", place, count)
    return np.take_along_axis(offered, order, axis=1)
