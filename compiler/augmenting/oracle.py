"""The teacher that makes no mistake: what follows from what is trained, rendered in every form."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from wug.compiler.augmenting.kind import is_reversal
from wug.compiler.augmenting.strength import Strength, ranked
from wug.compiler.augmenting.withheld import Withheld, withheld
from wug.compiler.experiment import Arm, Train
from wug.compiler.facts import Rows
from wug.compiler.forms import Form
from wug.compiler.inferring.inference import Inference, constant_numbers, inferences
from wug.compiler.inferring.known import Known, in_full
from wug.compiler.inferring.match import Filters, begin, head_columns
from wug.compiler.plan import Augment
from wug.compiler.populating.drawn import Drawn
from wug.compiler.saying.documents import statements, training_documents
from wug.compiler.saying.naming import about
from wug.compiler.saying.render import Texts
from wug.compiler.saying.said import Documents, joined
from wug.compiler.world import Relation


def augmentation(arm: Arm, drawn: Drawn, taught: Known) -> Documents:
    """What the closure adds for an arm, in as many articles as training has.

    Local: each trained fact in its other forms, and what follows from it alone. Global: all that follows from
    what is trained. Of what is withheld nothing is said, a statement that training makes already is not added
    again, and where a test accepts the strongest statements alone no weaker one is made beside them.
    """
    augment = arm.augment
    assert augment is not None
    known = _keys(training_documents(drawn))
    held = withheld(augment, drawn, taught)
    every = [
        (train, relation, rows[~held.facts[relation.name][rows]], _forms(augment, train, relation, drawn))
        for train in drawn.experiment.trains
        for relation, rows in _inferred(augment, train, held, drawn)
    ]
    if "global" in augment.scopes:
        train = min(drawn.experiment.trains, key=lambda train: train.articles)
        for relation, rows in _all_that_follows(augment, held, drawn, taught):
            every.append((train, relation, rows, list(relation.forms)))
    weaker = _weaker([(relation, rows) for _, relation, rows, _ in every], drawn)
    added = joined(
        [
            statements(
                arm.name, train, relation, rows[~np.isin(rows, weaker.get(relation.name, []))], form, drawn
            )
            for train, relation, rows, forms in every
            for form in forms
        ]
        or [training_documents(drawn).take(np.empty(0, np.int64))]
    )
    key = _keys(added)
    fresh = ~np.isin(key, known)
    numbered = np.char.add(np.char.add(key, "\t"), added.article.astype(str))
    _, first = np.unique(numbered, return_index=True)
    once = np.zeros(len(added), bool)
    once[first] = True
    return added.take(np.flatnonzero(fresh & once))


def _weaker(said: Sequence[tuple[Relation, Rows]], drawn: Drawn) -> dict[str, list[int]]:
    """By relation the facts among `said` that are weaker than another one, or than what is trained."""
    relations = ranked(drawn.experiment.tests)
    facts = {
        (relation.name, row) for relation, rows in said if relation.name in relations for row in rows.tolist()
    }
    facts |= {fact for trained in drawn.trained for fact in trained if fact[0] in relations}
    found: dict[str, list[int]] = {}
    for name, row in sorted(Strength(drawn, facts).weaker(facts)):
        found.setdefault(name, []).append(row)
    return found


def _keys(documents: Documents) -> Texts:
    """The world and statement of each document that says one; of one that says several, of each."""
    worlds = documents.world[documents.sentences.document].astype(str)
    return np.char.add(np.char.add(worlds, " "), documents.sentences.statement)


def _inferred(augment: Augment, train: Train, held: Withheld, drawn: Drawn) -> list[tuple[Relation, Rows]]:
    """The trained facts of one `train`, and what follows from each alone."""
    relation = drawn.experiment.world.relations[train.relation]
    rows = drawn.trained_rows(train)
    rows = rows[~held.facts[relation.name][rows]]
    if not len(rows):
        return []
    alone = _follows_alone(relation, rows, drawn) if "local" in augment.scopes else []
    return [(relation, rows), *((other, _not_turned(augment, other, own, drawn)) for other, own in alone)]


def _forms(augment: Augment, train: Train, relation: Relation, drawn: Drawn) -> list[Form]:
    """The forms in which something is said for a trained statement: without reversals not the other ones."""
    if augment.reversals or relation.name != train.relation:
        return list(relation.forms)
    told = relation.form(train.form)
    return [form for form in relation.forms if not is_reversal(told, form)]


def _not_turned(augment: Augment, relation: Relation, rows: Rows, drawn: Drawn) -> Rows:
    """Facts of a relation without those that turn a trained one round, where no reversal is wanted."""
    if augment.reversals:
        return rows
    facts = drawn.closures[relation.name].facts
    trained = np.array(
        sorted(row for each in drawn.trained for of, row in each if of == relation.name), np.int64
    )
    named = about(drawn, relation.name, trained)
    told = set(zip(facts.world[trained].tolist(), named, strict=True))
    mine = zip(facts.world[rows].tolist(), about(drawn, relation.name, rows), strict=True)
    turned = np.array([each in told for each in mine], bool)
    return rows[np.isin(rows, trained) | ~turned]


def _all_that_follows(
    augment: Augment, held: Withheld, drawn: Drawn, taught: Known
) -> list[tuple[Relation, Rows]]:
    """What follows from all that is trained and is no trained fact: (relation, rows of its closure)."""
    found = []
    for name, closure in taught.closures.items():
        relation = drawn.experiment.world.relations[name]
        rows = in_full(taught, drawn, name, np.arange(len(closure.facts)))
        trained = [row for each in drawn.trained for of, row in each if of == name]
        rows = np.sort(rows[(rows >= 0) & ~np.isin(rows, trained)])
        rows = _not_turned(augment, relation, rows[~held.facts[name][rows]], drawn)
        if len(rows) and relation.forms and not relation.built_in:
            found.append((relation, rows))
    return found


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
