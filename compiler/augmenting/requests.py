"""Requests: what a teacher is asked, of one document at a time, with nothing or all else before it.

A model that was pretrained on the world's own episodes is asked as they ask: it goes on from the beginning of
a sentence that names members of the document; or, where a test offers statements about two of them, it
answers what the test asks, because the beginning of a statement says already which one it is. Which sentences
are begun depends on the relations that can follow from those the document tells of, and never on what follows
in this world: no question gives an answer away.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from wug.compiler.asking.about_pairs import asks, questions_about
from wug.compiler.augmenting.continuation import question
from wug.compiler.augmenting.instruction import instruction
from wug.compiler.augmenting.kind import is_reversal
from wug.compiler.augmenting.units import Unit, units
from wug.compiler.draw import permute
from wug.compiler.experiment import Arm
from wug.compiler.forms import Form, Piece, slots
from wug.compiler.inferring.inference import inferences
from wug.compiler.plan import Augment
from wug.compiler.populating.drawn import Drawn
from wug.compiler.saying.render import fill
from wug.compiler.saying.said import Documents
from wug.compiler.world import Relation, World

Lengths = Callable[[Sequence[str]], list[int]]
"""How many tokens each of some texts has."""

NO_PREFACES: Mapping[str, str] = MappingProxyType({})

_MOST_CUES = 64
"""So many beginnings of one form about one unit, at most."""


@dataclass(frozen=True)
class Request:
    """What is asked about a unit: `sources` are the documents that stand before it, in the order shown,
    `prompts` the beginnings of sentences that the teacher goes on from, one at a time, and `questions` what
    it answers; they themselves are no part of what it writes."""

    scope: str
    unit: Unit
    sources: tuple[int, ...]
    prompts: tuple[str, ...]
    questions: tuple[str, ...] = ()


def requests(
    arm: Arm,
    drawn: Drawn,
    of: int,
    documents: Documents,
    lengths: Lengths,
    prefaces: Mapping[str, str] = NO_PREFACES,
) -> list[Request]:
    """All that an arm's teacher is asked in world `of`, whose documents these are, scope by scope. The oracle
    knows what to say and is given no prompts. `prefaces` are what stands before the requests of a scope."""
    augment = arm.augment
    assert augment is not None
    asked = asked_units(augment, drawn, of, documents)
    before = None
    if "global" in augment.scopes:
        before = _Sources(
            augment, drawn.experiment.room(arm), drawn, of, documents, lengths, prefaces.get("global", "")
        )
    found = []
    for scope in augment.scopes:
        for unit in asked:
            text = str(documents.text[unit.document])[unit.start : unit.end]
            prompts = _prompts(augment, scope, unit, text, drawn, of)
            questions = _questions(augment, unit, drawn, of) if augment.teacher == "self" else ()
            put = (*prompts, *questions)
            sources = before.of(unit, put) if before is not None and scope == "global" else ()
            found.append(Request(scope, unit, sources, prompts, questions))
    return found


def asked_units(augment: Augment, drawn: Drawn, of: int, documents: Documents) -> list[Unit]:
    """The units of world `of` that are asked about, in each scope: request n is about unit n modulo their
    number."""
    asked = units(augment, drawn, documents)
    if augment.documents and len(asked) > augment.documents:
        order = permute(drawn.seeds[of], "augment/documents", np.arange(augment.documents), len(asked))
        asked = [asked[place] for place in np.sort(order)]
    return asked


class _Sources:
    """Which documents stand before a unit: the others of the training set, one article of each statement.

    Where the model that writes, whose context is `room`, cannot see them all, those that name a member which
    the unit's document names come first, then the rest, both in drawn order, until the next one does not fit.
    They are shown in drawn order.
    """

    def __init__(
        self,
        augment: Augment,
        room: int,
        drawn: Drawn,
        of: int,
        documents: Documents,
        lengths: Lengths,
        preface: str,
    ) -> None:
        first = np.flatnonzero((documents.set == "train") & (documents.article == 0))
        order = permute(drawn.seeds[of], "augment/sources", np.arange(len(first)), len(first))
        self.rows: list[int] = first[np.argsort(order)].tolist()
        self.lengths = roughly if augment.endpoint is not None else lengths
        self.size = dict(zip(self.rows, self.lengths(documents.text[self.rows].tolist()), strict=True))
        self.named = _named(drawn, documents)
        self.room = room - augment.max_tokens
        self.room -= self.lengths([preface])[0] if preface else 0

    def of(self, unit: Unit, prompts: Sequence[str]) -> tuple[int, ...]:
        mine = self.named[unit.document]
        others = [row for row in self.rows if row != unit.document]
        others.sort(key=lambda row: mine.isdisjoint(self.named[row]))
        left = self.room - self.size[unit.document] - max(self.lengths(prompts), default=0) - 3
        chosen = set()
        for row in others:
            left -= self.size[row] + 1  # each stands behind a <doc>
            if left < 0:
                break
            chosen.add(row)
        return tuple(row for row in self.rows if row in chosen)


def roughly(texts: Sequence[str]) -> list[int]:
    """The tokens of texts under a tokenizer that is not here: one for two bytes is more than most make."""
    return [len(text.encode()) // 2 + 1 for text in texts]


def _named(drawn: Drawn, documents: Documents) -> list[frozenset[tuple[str, int]]]:
    """The members of entities that each document names: type and number."""
    world, said = drawn.experiment.world, documents.sentences
    found = []
    for sentences in documents.said():
        members = set()
        for s in sentences:
            name = str(said.relation[s])
            numbers = drawn.closures[name].facts.arguments[said.row[s]].tolist()
            types = [argument.type for argument in world.relations[name].arguments]
            members |= {pair for pair in zip(types, numbers, strict=True) if pair[0] in world.entities}
        found.append(frozenset(members))
    return found


# Beginnings of sentences


def beginning(form: Form) -> tuple[Piece, ...]:
    """What a sentence of a form begins with, to be gone on from: its cue, or, where it has none, all up to
    the first slot."""
    if form.answer < len(form.pieces):
        return form.pieces[: form.answer]
    first = next(place for place, piece in enumerate(form.pieces) if list(slots([piece])))
    return form.pieces[: first + 1]


def _prompts(augment: Augment, scope: str, unit: Unit, text: str, drawn: Drawn, of: int) -> tuple[str, ...]:
    """What a teacher is asked about a unit, which reads as `text`: of a server, in words; of a model that was
    pretrained on the world's episodes, to go on from the beginning of each sentence about its members."""
    if augment.teacher == "oracle":
        return ()
    if augment.teacher == "endpoint":
        return (question(augment, text) if augment.examples else instruction(augment, scope, text),)
    world = drawn.experiment.world
    found: dict[str, None] = {}
    told = {relation: form for (relation, _), form in unit.facts}
    can = _reachable(world, told, alone=scope == "local" and len(unit.shown) == 1)
    asked = {
        statement
        for ask in asks(drawn.experiment.tests)
        if ask.test.ask or _free(augment)
        for statement in ask.statements
    }
    for name, relation in world.relations.items():
        if name not in can or relation.built_in:
            continue
        for form in relation.forms:
            if (name, form.name) in asked:
                continue  # a question asks for it, or nothing in particular does
            own = world.relations[name].form(told[name]) if name in told else None
            if own is None and augment.rephrase_only:
                continue
            turned = own is not None and is_reversal(own, form)
            if turned and (augment.rephrase_only or not augment.reversals):
                continue
            found.update(dict.fromkeys(_beginnings(relation, form, unit, drawn, of)))
    return tuple(found)


def _questions(augment: Augment, unit: Unit, drawn: Drawn, of: int) -> tuple[str, ...]:
    """What tests that offer statements ask, about the pairs of members that the unit names: those of which it
    states something alone where other words are all that is wanted, and without them where nothing is to be
    turned round. Of a test that asks in no words there is one question, an empty one: what follows?"""
    found: dict[str, None] = {}
    for ask in asks(drawn.experiment.tests):
        if not ask.test.ask and _free(augment):
            found[""] = None
        relations = {relation for relation, _ in ask.statements}
        type = drawn.experiment.world.relations[ask.test.relation].arguments[0].type
        told = {frozenset(numbers) for name, numbers in _numbers(unit, drawn) if name in relations}
        pairs = [
            pair
            for pair in itertools.combinations(sorted(_named_in(unit, drawn).get(type, ())), 2)
            if (frozenset(pair) in told or not augment.rephrase_only)
            and (frozenset(pair) not in told or augment.rephrase_only or augment.reversals)
        ]
        if ask.test.ask and pairs:
            both = np.array(pairs, np.int32)
            asked = questions_about(ask.test, drawn, np.full(len(both), of, np.int32), both)
            found.update(dict.fromkeys(asked.tolist()))
    return tuple(found)


def _free(augment: Augment) -> bool:
    """Whether a text may be of any kind, so that nothing need be begun."""
    return augment.reversals and not augment.rephrase_only


def _numbers(unit: Unit, drawn: Drawn) -> Iterator[tuple[str, list[int]]]:
    """What is asked about: each fact's relation and arguments."""
    for (name, row), _ in unit.facts:
        yield name, drawn.closures[name].facts.arguments[row].tolist()


def _named_in(unit: Unit, drawn: Drawn) -> dict[str, dict[int, None]]:
    """The members and cells that a unit names, by type, in the order in which it does."""
    named: dict[str, dict[int, None]] = {}
    for name, numbers in _numbers(unit, drawn):
        for argument, number in zip(drawn.experiment.world.relations[name].arguments, numbers, strict=True):
            named.setdefault(argument.type, {})[number] = None
    return named


def _reachable(world: World, told: Iterable[str], alone: bool) -> set[str]:
    """The relations that may follow from facts of some relations; `alone`, from a single fact."""
    known = set(told)
    while True:
        more = {
            rule.head
            for rule in inferences(world)
            if {name for name, _ in rule.body.holds} <= known
            and not (alone and (len(rule.body.holds) > 1 or rule.body.absent or rule.counted is not None))
        }
        if more <= known:
            return known
        known |= more


def _beginnings(relation: Relation, form: Form, unit: Unit, drawn: Drawn, of: int) -> list[str]:
    """The beginnings of one form, its slots filled with members and cells that the unit names."""
    world, pieces = drawn.experiment.world, beginning(form)
    named = _named_in(unit, drawn)
    places = list(dict.fromkeys(slot.argument for slot in slots(pieces)))
    types = [relation.arguments[place].type for place in places]
    values = itertools.product(*(named.get(type, ()) for type in types))
    chosen = [
        each
        for each in itertools.islice(values, _MOST_CUES)
        if len(set(zip(types, each, strict=True))) == len(each)  # nobody is asked about with himself
    ]
    arguments = np.zeros((len(chosen), len(relation.arguments)), np.int32)
    if places and chosen:
        arguments[:, places] = chosen
    texts = fill(world, drawn.populated, relation, pieces, np.full(len(chosen), of, np.int32), arguments)
    return [str(text).rstrip() for text in texts.tolist()]
