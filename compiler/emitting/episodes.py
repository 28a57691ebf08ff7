"""Episodes: what pretraining reads, and the held-out probe that says when it is enough.

An episode is a fresh little world: some facts as training states them, then questions, which are statements
that follow from those facts, in any form that is not excluded. Where a test offers statements about a pair,
the question is the test's, and what stands behind it is right there. Nothing of an evaluation world is in it:
names are of another lexicon. A probe question has an episode's facts as context and asks as the experiment's
tests do.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from wug.compiler.asking.about_pairs import Ask, asks, right_statements
from wug.compiler.asking.asked import item_number
from wug.compiler.asking.split import split
from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.draw import Words, below, draw, permute, seed_word
from wug.compiler.emitting.fresh_worlds import fresh, shown_relations
from wug.compiler.emitting.tokens import Matrix, Pieces, rows_of, stack
from wug.compiler.experiment import DEEPEST, Experiment, Learner, Test, Train, probed_tests
from wug.compiler.experiment import Episodes as Setting
from wug.compiler.facts import Ints, Rows
from wug.compiler.inferring.inference import inferences
from wug.compiler.inferring.known import taught
from wug.compiler.inferring.proofs import stated_rows
from wug.compiler.populating.drawn import Drawn
from wug.compiler.populating.sheets import Sheet, read_data
from wug.compiler.saying.articles import articles
from wug.compiler.saying.manner import Which, choose
from wug.compiler.world import Relation

DOCUMENT_ID = 1
PROBE_WORLDS = 64
BATCH = 10_000
"""Worlds drawn at once: it bounds the memory."""


@dataclass(frozen=True)
class Episodes:
    """Rows of tokens [episodes, longest], 0 behind the end; row i's questions begin at `questions[i]`."""

    tokens: NDArray[np.uint16]
    questions: NDArray[np.uint16]


@dataclass(frozen=True)
class Probe:
    """Held-out questions: context and cue [questions, T], choices [questions, 2, A], the right one, and
    which of `kinds` (relation.form) each is."""

    cue: NDArray[np.uint16]
    choices: NDArray[np.uint16]
    answer: NDArray[np.uint8]
    kind: NDArray[np.uint8]
    kinds: tuple[str, ...]


def without_episodes() -> tuple[Episodes, Probe]:
    """What there is to read for a model that is not pretrained."""
    none = np.zeros((0, 1), np.uint16)
    few = np.empty(0, np.uint8)
    return Episodes(none, np.empty(0, np.uint16)), Probe(none, np.zeros((0, 2, 1), np.uint16), few, few, ())


def compile_episodes(
    experiment: Experiment,
    learner: Learner,
    tokenizer: Tokenizer,
    report: Report,
    progress: Callable[[int], None],
) -> Episodes:
    """All episodes that a model is pretrained on, phase after phase; `progress` is told how many are done."""
    seed = learner.pretraining.seed
    pieces = Pieces(tokenizer)
    sheets = read_data(experiment.world, report)
    report.stop_if_failed()
    parts: list[Episodes] = []
    done = 0
    for number, phase in enumerate(learner.episodes.phases):
        for first in range(0, phase.episodes, BATCH):
            index = np.arange(first, min(first + BATCH, phase.episodes))
            seeds = draw(seed_word("episodes", seed), f"phase/{number}", index)
            parts.append(_batch(experiment, learner.episodes, sheets, pieces, seeds, phase.facts, report))
            done += len(index)
            progress(done)
    longest = max(part.tokens.shape[1] for part in parts)
    padded = [np.pad(part.tokens, ((0, 0), (0, longest - part.tokens.shape[1]))) for part in parts]
    return Episodes(np.concatenate(padded), np.concatenate([part.questions for part in parts]))


def _batch(
    experiment: Experiment,
    setting: Setting,
    sheets: dict[str, Sheet],
    pieces: Pieces,
    seeds: Words,
    facts: tuple[int, int],
    report: Report,
) -> Episodes:
    populated, closures = fresh(experiment, setting, sheets, seeds, facts, report)
    drawn = Drawn(experiment, seeds, populated, closures, {})
    stated, asked = _facts(drawn, setting, pieces), _questions(drawn, setting, pieces)
    tokens = stack([stated[0], asked[0]])
    row = np.concatenate([stated[1], asked[1]])
    order = np.argsort(row, kind="stable")
    laid = rows_of(tokens[order], row[order], len(seeds))
    lengths = np.bincount(stated[1], weights=(stated[0] >= 0).sum(axis=1), minlength=len(seeds))
    return Episodes(laid, lengths.astype(np.uint16))


def _facts(drawn: Drawn, setting: Setting, pieces: Pieces) -> tuple[Matrix, Rows]:
    """The stated facts of each world as training states them, shuffled: one document for each, in a trained
    form and behind a preamble, or the documents that tell of them."""
    experiment, seeds, closures = drawn.experiment, drawn.seeds, drawn.closures
    parts, rows = _told(drawn, pieces)
    for relation in shown_relations(experiment, setting):
        facts = closures[relation.name].facts
        stated = stated_rows(closures[relation.name])
        trains = _alone(experiment, relation)
        if not trains:
            continue
        key = seeds[facts.world[stated]] + stated.astype(np.uint64)
        which = below(draw(key, f"{relation.name}/train", 0), len(trains))
        for number, train in enumerate(trains):
            mine = stated[which == number]
            of, arguments = facts.world[mine], facts.arguments[mine]
            form = relation.form(train.form)
            manner = choose(form, key[which == number], f"{relation.name}/told")
            said = relation, form, of, arguments, manner
            sentences = pieces.sentences(experiment.world, drawn.populated, *said)
            preambles = pieces.encode([" " + text if text else "" for text in train.preambles])
            chosen = below(draw(key[which == number], f"{relation.name}/preamble", 0), len(train.preambles))
            parts.append(_document(preambles[chosen], sentences))
            rows.append(of)
    return _shuffled(parts, rows, seeds, "facts/order", None)


def _alone(experiment: Experiment, relation: Relation) -> list[Train]:
    """The trainings that state facts of a relation one by one."""
    return [train for train in experiment.trains if train.relation == relation.name and not train.document]


def _told(drawn: Drawn, pieces: Pieces) -> tuple[list[Matrix], list[Ints]]:
    """The documents that training tells of relations whose facts it states nowhere else.

    Each says every fact once, so that an episode stays short however long they are in training.
    """
    experiment = drawn.experiment
    trains = tuple(dataclasses.replace(train, where=()) for train in experiment.trains)
    everything = dataclasses.replace(experiment, holdouts=(), trains=trains)
    worlds = dataclasses.replace(drawn, experiment=everything)
    parts: list[Matrix] = []
    rows: list[Ints] = []
    for name in dict.fromkeys(train.document for train in trains if train.document):
        document = dataclasses.replace(experiment.world.documents[name], copies=1, sentences=None)
        mine = [train for train in trains if train.document == name][: len(document.tells)]
        if all(_alone(experiment, experiment.world.relations[train.relation]) for train in mine):
            continue
        told = articles(document, mine, worlds)
        texts = pieces.encode([f" {text}" for text in told.text.tolist()])
        parts.append(_document(np.empty((len(texts), 0), np.int32), texts))
        rows.append(told.world)
    return parts, rows


def _questions(drawn: Drawn, setting: Setting, pieces: Pieces) -> tuple[Matrix, Rows]:
    """Statements that follow: stated facts and what is derived, in every form not excluded, and what tests
    that offer statements ask for.

    A stated fact that is only turned round is left out: it is the same in another form, and whether that is
    asked is for `exclude` to say.
    """
    world, seeds, closures = drawn.experiment.world, drawn.seeds, drawn.closures
    turning = [number for number, rule in enumerate(inferences(world)) if rule.turns]
    exclude = set(setting.exclude)
    which: Which = "any" if setting.wordings == "all" else "told"
    parts: list[Matrix] = []
    rows: list[Ints] = []
    elsewhere = set(exclude)
    for ask in asks(drawn.experiment.tests, exclude):
        elsewhere |= set(ask.statements)
        for right, worlds in _about_pairs(ask, pieces, drawn, which):
            parts.append(right)
            rows.append(worlds)
    for relation in world.relations.values():
        if (relation.name, "") in exclude:
            continue
        closure = closures[relation.name]
        chosen = np.arange(len(closure.facts))
        turned = np.flatnonzero(np.isin(closure.rule, turning))
        if len(turned):
            stated = closure.rule[closure.premises.flat[closure.premises.start[turned]]] < 0
            chosen = np.delete(chosen, turned[stated])
        of, arguments = closure.facts.world[chosen], closure.facts.arguments[chosen]
        for form in relation.forms:
            if (relation.name, form.name) not in elsewhere and len(chosen):
                key = seeds[of] + chosen.astype(np.uint64)
                manner = choose(form, key, f"{relation.name}/asked", which=which)
                said = relation, form, of, arguments, manner
                sentences = pieces.sentences(world, drawn.populated, *said)
                parts.append(_document(np.empty((len(of), 0), np.int32), sentences))
                rows.append(of)
    return _shuffled(parts, rows, seeds, "questions/order", setting.questions or None)


def _about_pairs(ask: Ask, pieces: Pieces, drawn: Drawn, which: Which) -> Iterator[tuple[Matrix, Ints]]:
    """What is right to say about each pair, behind the question; and the world of each."""
    world, populated = drawn.experiment.world, drawn.populated
    for claim, of, questions in right_statements(ask, drawn):
        relation = world.relations[claim.relation]
        form = relation.form(claim.form)
        key = drawn.seeds[of] + item_number(of).astype(np.uint64)
        manner = choose(form, key, f"{relation.name}/asked", which=which)
        sentences = pieces.sentences(world, populated, relation, form, of, claim.arguments, manner)
        before = pieces.encode([f" {text}" if text else "" for text in questions.tolist()])
        yield _document(before, sentences), of


def _document(preamble: Matrix, sentences: Matrix) -> Matrix:
    mark = np.full((len(sentences), 1), DOCUMENT_ID, np.int32)
    return np.concatenate([mark, preamble, sentences], axis=1)


def _shuffled(
    parts: list[Matrix], rows: list[Ints], seeds: Words, path: str, most: int | None
) -> tuple[Matrix, Rows]:
    """Documents sorted by world, in a drawn order within each, at most so many of each world."""
    if not parts:
        return np.empty((0, 1), np.int32), np.empty(0, np.int64)
    tokens, row = stack(parts), np.concatenate(rows).astype(np.int64)
    by_row = np.argsort(row, kind="stable")
    tokens, row = tokens[by_row], row[by_row]
    counts = np.bincount(row, minlength=len(seeds))
    number = np.arange(len(row)) - (np.cumsum(counts) - counts)[row]
    place = permute(seeds[row], path, number, counts[row])
    order = np.lexsort((place, row))
    if most is not None:
        order = order[place[order] < most]
    return tokens[order], row[order]


def compile_probe(experiment: Experiment, learner: Learner, tokenizer: Tokenizer, report: Report) -> Probe:
    """The held-out probe of a model's pretraining: every test that its episodes could have taught, with the
    facts of the last phase as context and two choices each."""
    pieces, setting = Pieces(tokenizer), learner.episodes
    seeds = draw(seed_word("probe", learner.pretraining.seed), "world", np.arange(PROBE_WORLDS))
    low, high = setting.phases[-1].facts
    sheets = read_data(experiment.world, report)
    report.stop_if_failed()
    populated, closures = fresh(experiment, setting, sheets, seeds, (min(max(low, 2), high), high), report)
    probed = probed_tests(experiment.world, experiment.tests, experiment.trains, setting)
    tests = [_probed(test) for test in probed]
    trains = [dataclasses.replace(train, where=()) for train in experiment.trains]
    asked = dataclasses.replace(experiment, holdouts=(), trains=tuple(trains), tests=tuple(tests))
    worlds = Drawn(asked, seeds, populated, closures, {})
    items = split(worlds, taught(worlds, report), report, few=True)
    report.stop_if_failed()
    if not items:
        help = "raise 'facts' of the last phase, so that a fresh world has something false beside what it has"
        message = "pretraining has nothing to be probed with: its worlds are too small for any of the tests"
        report.fail("W0501", message, experiment.span, help=help)
    facts, of_fact = _facts(dataclasses.replace(worlds, experiment=experiment), setting, pieces)
    context = rows_of(facts, of_fact, len(seeds))
    cue_rows: list[list[int]] = []
    choice_rows: list[list[int]] = []
    answers: list[int] = []
    kinds: list[str] = []
    kind: list[int] = []
    for split_items in items:
        label = f"{split_items.test.relation}.{split_items.test.form}"
        if label not in kinds:
            kinds.append(label)
        for item in range(len(split_items)):
            of = int(split_items.world[item])
            shown_tokens = context[of][context[of] > 0].tolist()
            right = int(split_items.answer[item])
            wrong = int(np.argmin(split_items.accept[item]))
            offered = [str(split_items.choices[item][place]) for place in sorted((right, wrong))]
            cue, choices = _tokenised(tokenizer, str(split_items.cue[item]), offered)
            cue_rows.append([*shown_tokens, DOCUMENT_ID, *cue])
            choice_rows += choices
            answers.append(int(right > wrong))
            kind.append(kinds.index(label))
    choices_matrix = _padded(choice_rows)
    return Probe(
        cue=_padded(cue_rows),
        choices=choices_matrix.reshape(-1, 2, choices_matrix.shape[1]),
        answer=np.array(answers, np.uint8),
        kind=np.array(kind, np.uint8),
        kinds=tuple(kinds),
    )


def _probed(test: Test) -> Test:
    """A test as fresh worlds can have it: of all facts, as told in training, with one wrong choice."""
    choices = dataclasses.replace(test.choices, count=1, source="", source_kind="type")
    if choices.kind == "generate":
        choices = dataclasses.replace(choices, kind="others")
    return dataclasses.replace(
        test,
        choices=choices,
        where=(),
        depth=(1, DEEPEST),
        count=0,
        wording="told",
        ask=test.ask if test.choices.kind == "statements" else "",
        sampling=None,
        endings=(),
    )


def _tokenised(tokenizer: Tokenizer, cue: str, choices: list[str]) -> tuple[list[int], list[list[int]]]:
    """A question's cue and choices, cut where the whole texts begin to differ in tokens at the latest."""
    whole = [tokenizer.encode(cue + choice).ids for choice in choices]
    head = tokenizer.encode(cue).ids if cue else []
    shared = 0
    while shared < len(head) and all(len(ids) > shared + 1 and ids[shared] == head[shared] for ids in whole):
        shared += 1
    return head[:shared], [ids[shared:] for ids in whole]


def _padded(rows: list[list[int]]) -> NDArray[np.uint16]:
    out = np.zeros((len(rows), max((len(row) for row in rows), default=1)), np.uint16)
    for index, row in enumerate(rows):
        out[index, : len(row)] = row
    return out
