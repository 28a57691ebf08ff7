"""Facts to documents: what is trained, what augmentation adds, what stands in context.

A statement is one fact said in one form. An article of it is that sentence behind a preamble; the articles of
a statement take the preambles in a drawn order.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wug.compiler.draw import permute
from wug.compiler.drawn import Drawn
from wug.compiler.experiment import Arm, Train
from wug.compiler.facts import Closure, Ints, Rows
from wug.compiler.infer import bind, inferences
from wug.compiler.render import Texts, fill
from wug.compiler.world import Form, Relation, World


@dataclass(frozen=True)
class Documents:
    """One table of documents, in all worlds. `set` is train, or the name of the arm that adds it."""

    set: Texts
    world: Ints
    relation: Texts
    row: Rows  # in the closure of the relation
    form: Texts
    article: Ints
    statement: Texts
    text: Texts

    def __len__(self) -> int:
        return len(self.world)

    def take(self, rows: Rows) -> Documents:
        return Documents(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))


def training_documents(drawn: Drawn) -> Documents:
    """Every trained fact in its form and articles."""
    parts = []
    for train in drawn.experiment.trains:
        relation = drawn.experiment.world.relations[train.relation]
        rows = drawn.trained_rows(train)
        parts.append(_documents("train", train, relation, rows, relation.form(train.form), drawn))
    return _joined(parts)


def augmentation(arm: Arm, drawn: Drawn) -> Documents:
    """What the closure adds for an arm: each trained fact in its other forms, and what follows from it alone.

    With a share below one, a drawn part of each relation's facts is augmented and the rest is not. A
    sentence that training states already is not added again.
    """
    world = drawn.experiment.world
    stated = training_documents(drawn)
    known = np.char.add(np.char.add(stated.world.astype(str), " "), stated.statement)
    parts = []
    for train in drawn.experiment.trains:
        relation = world.relations[train.relation]
        rows = drawn.trained_rows(train)
        rows = rows[_share(arm, rows, train, drawn)]
        for of, given in [(relation, rows), *_follows_alone(relation, rows, world, drawn.closures)]:
            for form in of.forms:
                parts.append(_documents(arm.name, train, of, given, form, drawn))
    added = _joined(parts)
    key = np.char.add(np.char.add(added.world.astype(str), " "), added.statement)
    fresh = ~np.isin(key, known)
    numbered = np.char.add(np.char.add(key, "\t"), added.article.astype(str))
    _, first = np.unique(numbered, return_index=True)
    once = np.zeros(len(added), bool)
    once[first] = True
    return added.take(np.flatnonzero(fresh & once))


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


def _follows_alone(
    relation: Relation, rows: Rows, world: World, closures: dict[str, Closure]
) -> list[tuple[Relation, Rows]]:
    """Facts that one premise among `rows` gives, by relation: (relation, rows of its closure)."""
    found = []
    for rule in inferences(world):
        if rule.body != (relation.name,):
            continue
        head = closures[rule.head]
        premise = closures[relation.name].facts
        bound: dict[int, Ints] = {}
        keep = bind(rule.body_terms[0], premise.arguments[rows], bound)
        bound = {variable: column[keep] for variable, column in bound.items()}
        arguments = np.stack([bound[term] for term in rule.head_terms], axis=1)
        if rule.mirror is not None:
            place, mirror = rule.mirror
            arguments[:, place] = np.array(mirror, np.int32)[arguments[:, place]]
        index = {
            key: i
            for i, key in enumerate(map(tuple, np.column_stack([head.facts.world, head.facts.arguments])))
        }
        wanted = np.column_stack([premise.world[rows[keep]], arguments])
        found.append((world.relations[rule.head], np.array([index[tuple(key)] for key in wanted], np.int64)))
    return found


def _documents(set: str, train: Train, relation: Relation, rows: Rows, form: Form, drawn: Drawn) -> Documents:
    """The articles of some facts in one form; fact by fact."""
    facts, world = drawn.closures[relation.name].facts, drawn.experiment.world
    statement = fill(world, drawn.populated, relation, form.pieces, facts.world[rows], facts.arguments[rows])
    row = np.repeat(rows, train.articles)
    of = facts.world[row]
    article = np.tile(np.arange(train.articles, dtype=np.int64), len(rows))
    preambles = np.array(train.preambles)
    lap, within = np.divmod(article, len(preambles))
    key = drawn.seeds[of] + row.astype(np.uint64) * np.uint64(0x10001) + lap.astype(np.uint64)
    chosen = preambles[permute(key, f"{relation.name}/{form.name}/preamble", within, len(preambles))]
    statement = np.repeat(statement, train.articles)
    space = np.where(chosen == "", "", " ")
    text = np.char.add(np.char.add(chosen, space), statement)
    count = len(row)
    return Documents(
        set=np.full(count, set),
        world=of.astype(np.int32),
        relation=np.full(count, relation.name),
        row=row,
        form=np.full(count, form.name),
        article=article.astype(np.int32),
        statement=statement,
        text=text,
    )


def _joined(parts: list[Documents]) -> Documents:
    columns = {}
    for name in Documents.__dataclass_fields__:
        columns[name] = np.concatenate([getattr(part, name) for part in parts])
    return Documents(**columns)
