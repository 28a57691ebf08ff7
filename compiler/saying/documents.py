"""Facts to documents: what is trained, what augmentation adds, what stands in context.

A statement is one
fact in one form, whatever the words: it is named by its sentence in the form's first wording, so that two
forms of a `converse` that read the same are one. An article of a statement is a drawn wording of it behind a
preamble; the articles of a statement take wordings and preambles in a drawn order.
"""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from wug.compiler.draw import permute
from wug.compiler.experiment import Arm, Train
from wug.compiler.facts import Rows
from wug.compiler.forms import Form
from wug.compiler.inferring.inference import Inference, constant_numbers, inferences
from wug.compiler.inferring.match import Filters, begin, head_columns
from wug.compiler.populating.drawn import Drawn
from wug.compiler.saying.articles import articles
from wug.compiler.saying.manner import choose
from wug.compiler.saying.render import Texts, answer, cue, fill, say
from wug.compiler.saying.said import Documents, Sentences, joined
from wug.compiler.world import Relation


def training_documents(drawn: Drawn) -> Documents:
    """Every trained fact in its form and articles, or in the documents that tell of it."""
    parts = []
    trains = iter(drawn.experiment.trains)
    for train in trains:
        if train.document:
            document = drawn.experiment.world.documents[train.document]
            others = itertools.islice(trains, len(document.tells) - 1)
            parts.append(articles(document, [train, *others], drawn))
            continue
        relation = drawn.experiment.world.relations[train.relation]
        rows = drawn.trained_rows(train)
        parts.append(_documents("train", train, relation, rows, relation.form(train.form), drawn))
    return joined(parts)


def augmentation(arm: Arm, drawn: Drawn) -> Documents:
    """What the closure adds for an arm: each trained fact in its other forms, and what follows from it alone.

    With a share below one, a drawn part of each relation's facts is augmented and the rest is not. A
    statement that training makes already is not added again.
    """
    world = drawn.experiment.world
    stated = training_documents(drawn)
    known = _keys(stated)
    parts = []
    for train in drawn.experiment.trains:
        relation = world.relations[train.relation]
        rows = drawn.trained_rows(train)
        rows = rows[_share(arm, rows, train, drawn)]
        for of, given in [(relation, rows), *_follows_alone(relation, rows, drawn)]:
            for form in of.forms:
                parts.append(_documents(arm.name, train, of, given, form, drawn))
    added = joined(parts)
    key = _keys(added)
    fresh = ~np.isin(key, known)
    numbered = np.char.add(np.char.add(key, "\t"), added.article.astype(str))
    _, first = np.unique(numbered, return_index=True)
    once = np.zeros(len(added), bool)
    once[first] = True
    return added.take(np.flatnonzero(fresh & once))


def _keys(documents: Documents) -> Texts:
    """The world and statement of each document that says one."""
    worlds = documents.world[documents.sentences.document].astype(str)
    return np.char.add(np.char.add(worlds, " "), documents.sentences.statement)


def _share(arm: Arm, rows: Rows, train: Train, drawn: Drawn) -> NDArray[np.bool_]:
    """Which facts of each world an arm augments: a drawn choice of first arguments, its share of them,
    rounded up, with all their facts. What is said of one fact so tells nothing of another that is left out.
    """
    facts, seeds = drawn.closures[train.relation].facts, drawn.seeds
    of, first = facts.world[rows], facts.arguments[rows, 0]
    groups, group = np.unique(np.stack([of, first], axis=1), axis=0, return_inverse=True)
    world = groups[:, 0]
    counts = np.bincount(world, minlength=len(seeds))
    number = np.arange(len(groups)) - (np.cumsum(counts) - counts)[world]
    # the path does not name the arm: two arms with one share augment the same facts
    ticket = permute(seeds[world], f"augment/{train.relation}", number, counts[world])
    return (ticket < np.ceil(counts[world] * arm.share))[group.reshape(-1)]


def _follows_alone(relation: Relation, rows: Rows, drawn: Drawn) -> list[tuple[Relation, Rows]]:
    """Facts that follow from one among `rows`, in one step or several: (relation, rows of its closure).

    What rests on others not holding, or on how many there are, does not follow from one fact alone.
    """
    world = drawn.experiment.world
    known, found, fresh = {relation.name: rows}, [], [(relation.name, rows)]
    while fresh:
        name, premises = fresh.pop(0)
        for rule in inferences(world):
            if (
                [each for each, _ in rule.body.holds] != [name]
                or rule.body.absent
                or rule.counted is not None
            ):
                continue
            given = _given(rule, name, premises, drawn)
            before = known.get(rule.head, np.empty(0, np.int64))
            given = given[~np.isin(given, before)]
            given = given[np.sort(np.unique(given, return_index=True)[1])]
            if len(given):
                known[rule.head] = np.concatenate([before, given])
                found.append((world.relations[rule.head], given))
                fresh.append((rule.head, given))
    return found


def _given(rule: Inference, relation: str, rows: Rows, drawn: Drawn) -> Rows:
    """What a rule with one premise gives of facts of that relation."""
    facts = drawn.closures[relation].facts
    constants = constant_numbers(drawn.experiment.world, drawn.populated, rule.body.constants)
    if constants is None:
        return np.empty(0, np.int64)
    columns = [facts.arguments[rows, place] for place in range(facts.arguments.shape[1])]
    match = begin(0, rule.body.holds[0][1], rows, facts.world[rows], columns, constants)
    match = Filters(rule.body, {}).apply(match)
    return drawn.closures[rule.head].extent.find(match.world, head_columns(rule, match))


def _documents(set: str, train: Train, relation: Relation, rows: Rows, form: Form, drawn: Drawn) -> Documents:
    """The articles of some facts in one form; fact by fact."""
    facts = drawn.closures[relation.name].facts
    of, arguments = facts.world[rows], facts.arguments[rows]
    given = drawn.experiment.world, drawn.populated, relation
    statement = fill(*given, form.pieces, of, arguments)
    # in the preamble's key row and lap are added, so a lap is not the next row's
    key = drawn.seeds[of] + rows.astype(np.uint64) * np.uint64(0x10001)
    manner = choose(form, key, f"{relation.name}/told", train.articles, wordings=train.wordings)
    repeated = np.repeat(np.arange(len(rows)), train.articles)
    of, arguments = of[repeated], arguments[repeated]
    article = np.tile(np.arange(train.articles, dtype=np.int64), len(rows))
    preambles = np.array(train.preambles)
    lap, within = np.divmod(article, len(preambles))
    place = permute(
        key[repeated] + lap.astype(np.uint64),
        f"{relation.name}/{form.name}/preamble",
        within,
        len(preambles),
    )
    before = preambles[place]
    before = np.char.add(before, np.where(before == "", "", " "))
    asking = say(*given, form, of, arguments, manner, cue)
    asked = say(*given, form, of, arguments, manner, answer)
    start = np.char.str_len(before).astype(np.int32)
    middle = start + np.char.str_len(asking).astype(np.int32)
    count = len(repeated)
    said = Sentences(
        document=np.arange(count, dtype=np.int64),
        relation=np.full(count, relation.name),
        row=rows[repeated],
        form=np.full(count, form.name),
        wording=manner.wording,
        start=start,
        answer=middle,
        end=middle + np.char.str_len(asked).astype(np.int32),
        statement=statement[repeated],
    )
    return Documents(
        set=np.full(count, set),
        world=of.astype(np.int32),
        source=np.full(count, relation.name),
        article=article.astype(np.int32),
        text=np.char.add(np.char.add(before, asking), asked),
        sentences=said,
    )
