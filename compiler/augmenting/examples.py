"""Worked examples: documents of invented worlds, and what follows from them, for a base model to go on with.

Their worlds are drawn as those of pretraining's episodes are, small and with words that no world of an
experiment is named with, so that they show what a reversal or an inference looks like and give no fact away.
A drawn world that shares a name with one of the experiment all the same is passed over.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from wug.compiler.augmenting.admissible import Inferred, admissible
from wug.compiler.augmenting.continuation import Example
from wug.compiler.augmenting.kind import KINDS
from wug.compiler.augmenting.requests import Request
from wug.compiler.augmenting.units import Unit, units
from wug.compiler.augmenting.withheld import Fact
from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.draw import draw, permute
from wug.compiler.emitting.fresh_worlds import fresh as fresh_worlds
from wug.compiler.experiment import Arm, Episodes
from wug.compiler.inferring.known import Known, taught
from wug.compiler.plan import Augment
from wug.compiler.populating.drawn import Drawn
from wug.compiler.populating.sheets import read_data
from wug.compiler.saying.documents import training_documents
from wug.compiler.saying.manner import choose
from wug.compiler.saying.render import say
from wug.compiler.saying.said import Documents

WORLDS = 16
"""So many fresh worlds are looked through for examples."""

_FACTS = (4, 8)
_MOST_LINES = 8
_WAYS = 4


@dataclass(frozen=True)
class _Line:
    """A sentence of an example: what kind of inference it is, and of which relation."""

    kind: str
    relation: str
    text: str


@dataclass(frozen=True)
class _Fresh:
    """Fresh worlds, what follows in them, and their documents."""

    worlds: Drawn
    known: Known
    documents: Documents


def examples(arm: Arm, drawn: Drawn, of: int) -> dict[str, tuple[Example, ...]]:
    """For each scope of an arm so many worked examples as it wants, for world `of`. Raises SpecError where
    fresh worlds do not hold so many."""
    augment = arm.augment
    assert augment is not None
    if not augment.examples or not drawn.experiment.trains:
        return {}
    report = Report()
    fresh = _fresh(drawn, of, report)
    taken = set(_names(drawn, range(len(drawn.seeds))))
    apart = [n for n in range(WORLDS) if taken.isdisjoint(_names(fresh.worlds, [n]))]
    found: dict[str, tuple[Example, ...]] = {}
    for scope in augment.scopes:
        seen: set[tuple[str, str]] = set()
        every = (_example(augment, scope, fresh, number, seen) for number in apart)
        chosen = tuple(itertools.islice((each for each in every if each is not None), augment.examples))
        if len(chosen) < augment.examples:
            message = (
                f"arm '{arm.name}' shows a base model {augment.examples} worked examples, and of "
                f"{WORLDS} fresh worlds {len(chosen) or 'none'} can be one: nothing can be said in the "
                f"{scope} scope but what the documents say"
            )
            help = "give a form another wording or a relation another form, or write a 'prompt' of your own"
            report.fail("W0504", message, arm.span, help=help)
        found[scope] = chosen
    return found


def _fresh(drawn: Drawn, of: int, report: Report) -> _Fresh:
    """The fresh worlds for world `of`. All their facts are trained, in one article each, and every document
    says what it has to say once."""
    experiment = drawn.experiment
    documents = {
        name: dataclasses.replace(each, copies=1, sentences=None)
        for name, each in experiment.world.documents.items()
    }
    everything = dataclasses.replace(
        experiment,
        world=dataclasses.replace(experiment.world, documents=documents),
        holdouts=(),
        trains=tuple(dataclasses.replace(each, where=(), articles=1) for each in experiment.trains),
    )
    seeds = draw(drawn.seeds[of], "augment/examples", np.arange(WORLDS))
    sheets = read_data(everything.world, report)
    whole = Episodes((), 0, ())
    populated, closures = fresh_worlds(
        everything, whole, sheets, seeds, _FACTS, report, "the search for examples"
    )
    worlds = Drawn(everything, seeds, populated, closures, {})
    return _Fresh(worlds, taught(worlds, report), training_documents(worlds))


def _names(drawn: Drawn, worlds: Iterable[int]) -> dict[str, None]:
    """What tells the members of some worlds from those of others, in small letters: of invented names every
    word, of those of a table the whole. Numbers are the same everywhere, and what is composed is made of
    these."""
    found: dict[str, None] = {}
    for entity in drawn.experiment.world.entities.values():
        if entity.composed or entity.numbered:
            continue
        for of in worlds:
            count = int(drawn.populated.counts[entity.name][of])
            for name in drawn.populated.names[entity.name][of, :count].tolist():
                words = [name] if entity.data is not None else name.split()
                found.update((word.casefold(), None) for word in words)
    return found


def _example(
    augment: Augment, scope: str, fresh: _Fresh, of: int, seen: set[tuple[str, str]]
) -> Example | None:
    """The document of fresh world `of` that shows the most kinds of inference which are not `seen` yet, and
    then are; none where nothing can be said of any."""
    documents = fresh.documents.take(np.flatnonzero(fresh.documents.world == of))
    shown = _shown(fresh.worlds, of, documents)
    said, statements = documents.said(), documents.sentences.statement
    told = {row: {str(statements[s]) for s in said[row]} for row in shown}
    whole = dataclasses.replace(augment, withhold=0.0, documents=0)
    found = [unit for unit in units(whole, fresh.worlds, documents) if unit.document in told]
    found.sort(key=lambda unit: shown.index(unit.document))
    asked = [Request(scope, unit, (), ()) for unit in found]
    best: tuple[Unit, str, list[_Line]] | None = None
    most = -1
    inferred_by = admissible(augment, asked, fresh.worlds, fresh.known, of, documents.take(np.array(shown)))
    for unit, inferred in zip(found, inferred_by, strict=True):
        text = str(documents.text[unit.document])[unit.start : unit.end]
        heard = set().union(*told.values()) if scope == "global" else told[unit.document]
        lines = _lines(unit, text, inferred, heard, fresh.worlds, of)
        new = len({(line.kind, line.relation) for line in lines} - seen)
        if lines and new > most:
            best, most = (unit, text, lines), new
    if best is None:
        return None
    unit, text, lines = best
    seen |= {(line.kind, line.relation) for line in lines}
    others = [str(documents.text[row]) for row in shown if row != unit.document and scope == "global"]
    names = tuple(_names(fresh.worlds, [of]))
    return Example(text, tuple(others), tuple(line.text for line in lines), names)


def _shown(worlds: Drawn, of: int, documents: Documents) -> list[int]:
    """The documents of a world in drawn order, without those that only say again what others have said: where
    training states a fact in two forms, an example with both would leave nothing to say."""
    order = permute(worlds.seeds[of], "augment/sources", np.arange(len(documents)), len(documents))
    said, sentences = documents.said(), documents.sentences
    heard: set[Fact] = set()
    kept = []
    for row in np.argsort(order).tolist():
        facts = {(str(sentences.relation[s]), int(sentences.row[s])) for s in said[row]}
        if not facts <= heard:
            kept.append(row)
            heard |= facts
    return kept


def _lines(
    unit: Unit,
    text: str,
    inferred: Sequence[Inferred],
    heard: set[str],
    worlds: Drawn,
    of: int,
) -> list[_Line]:
    """What an example says of a unit that reads as `text`: its facts in other words, and what follows and is
    not among the statements `heard`. Some of each kind, in drawn order."""
    own = dict(unit.facts)
    by_kind: dict[str, list[_Line]] = {kind: [] for kind in KINDS}
    said: set[str] = set()
    order = permute(worlds.seeds[of], "augment/lines", np.arange(len(inferred)), len(inferred))
    for place in np.argsort(order).tolist():
        each = inferred[place]
        if each.statement in said:
            continue
        again = own.get(each.fact) == each.form
        if not again and (each.statement in heard or (each.fact in unit.shown and each.fact not in own)):
            continue
        line = next((way for way in _ways(each, worlds, of) if way not in text), "")
        if line:
            said.add(each.statement)
            by_kind[each.kind].append(_Line(each.kind, each.fact[0], line))
    turns = itertools.chain.from_iterable(itertools.zip_longest(*by_kind.values()))
    chosen = list(itertools.islice(filter(None, turns), _MOST_LINES))
    return sorted(chosen, key=lambda line: KINDS.index(line.kind))


def _ways(said: Inferred, worlds: Drawn, of: int) -> list[str]:
    """A statement as training may word it, in a few drawn ways: wordings that are held out are not shown."""
    name, row = said.fact
    relation = worlds.experiment.world.relations[name]
    form, facts = relation.form(said.form), worlds.closures[name].facts
    key = worlds.seeds[[of]] + np.array([row], np.uint64)
    manner = choose(form, key, f"augment/{name}", _WAYS)
    rows = np.full(_WAYS, row)
    where = facts.world[rows], facts.arguments[rows]
    texts = say(worlds.experiment.world, worlds.populated, relation, form, *where, manner)
    return list(dict.fromkeys(texts.tolist()))
