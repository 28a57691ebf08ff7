"""Facts to documents: what is trained, and articles of any statement.

A statement is one
fact in one form, whatever the words: it is named by its sentence in the form's first wording, so that two
forms of a `converse` that read the same are one. An article of a statement is a drawn wording of it behind a
preamble; the articles of a statement take wordings and preambles in a drawn order.
"""

from __future__ import annotations

import itertools

import numpy as np

from wug.compiler.draw import permute
from wug.compiler.experiment import Train
from wug.compiler.facts import Rows
from wug.compiler.forms import Form
from wug.compiler.populating.drawn import Drawn, Mask
from wug.compiler.saying.articles import articles
from wug.compiler.saying.manner import choose
from wug.compiler.saying.render import answer, cue, fill, say
from wug.compiler.saying.said import Documents, Sentences, joined
from wug.compiler.world import Relation


def training_documents(drawn: Drawn, worlds: Mask | None = None) -> Documents:
    """Every trained fact, of all worlds or of some [worlds], in its form and articles, or in the documents
    that tell of it."""
    parts = []
    trains = iter(drawn.experiment.trains)
    for train in trains:
        if train.document:
            document = drawn.experiment.world.documents[train.document]
            others = itertools.islice(trains, len(document.tells) - 1)
            parts.append(articles(document, [train, *others], drawn, worlds))
            continue
        relation = drawn.experiment.world.relations[train.relation]
        rows = drawn.trained_rows(train, worlds)
        parts.append(statements("train", train, relation, rows, relation.form(train.form), drawn))
    return joined(parts)


def statements(set: str, train: Train, relation: Relation, rows: Rows, form: Form, drawn: Drawn) -> Documents:
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
        answer=np.full(count, -1, np.int32),
        sentences=said,
    )
