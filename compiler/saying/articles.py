"""Documents as paragraphs: all that is told about one member, in drawn order and drawn words.

A unit is what one sentence says: a fact or, in a form with a slot for many values, the facts of one list.
Every copy of a document says each unit about its member once, in drawn order, and then again in other words
until it has as many sentences as were drawn for it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.draw import below, draw, permute
from wug.compiler.experiment import Train
from wug.compiler.facts import Ints, Rows
from wug.compiler.forms import Form, Slot, Wording, slots
from wug.compiler.inferring.lists import changes
from wug.compiler.populating.drawn import Drawn, Mask
from wug.compiler.saying.manner import Manner, choose
from wug.compiler.saying.render import Texts, answer, cue, fill, inflected, say, scattered, slot_text, text_of
from wug.compiler.saying.said import Documents, Sentences
from wug.compiler.world import Document, Relation

QUESTION, ASKED, ANSWER = "Question: ", "?", " Answer:"
"""How a line of questions and answers is put together: QUESTION cue ASKED ANSWER answer."""

_MILLION = 1_000_000
_NAMING = {"capital", "plural", "a", "the"}
"""Inflections of a slot that a pronoun can stand for; a possessive it cannot."""


@dataclass(frozen=True)
class _Units:
    """What there is to say, ordered by world, member and tell; `facts[first[u]:first[u + 1]]` are unit u's
    rows in the closure of its relation."""

    tell: Ints
    world: Ints
    member: Ints
    first: Rows
    facts: Rows

    def __len__(self) -> int:
        return len(self.tell)

    def sizes(self) -> Rows:
        return np.diff(self.first)


@dataclass(frozen=True)
class _Said:
    """The sentences of a plan: their texts, the place in each where its answer begins, and the place of its
    wording; `plain` are those that read as the statement of the one fact that they say."""

    text: Texts
    answer: Ints
    wording: Ints
    plain: NDArray[np.bool_]


@dataclass(frozen=True)
class _Plan:
    """The sentences of all documents in order: document, unit, how often the unit was told before, style."""

    document: Rows
    unit: Rows
    telling: Rows
    asks: NDArray[np.bool_]
    says_pronoun: NDArray[np.bool_]


def articles(
    document: Document, trains: Sequence[Train], drawn: Drawn, worlds: Mask | None = None
) -> Documents:
    """The documents of a declaration, of all worlds or of some [worlds]; each tell is one of `trains`. Raises
    SpecError where one has more to tell than it has sentences."""
    units = _units(document, trains, drawn, worlds)
    first = np.flatnonzero(changes([units.world, units.member]))
    count = np.diff(first, append=len(units))
    members = np.stack([units.world[first], units.member[first]], axis=1)
    _check_room(document, members, count, drawn)
    plan = _plan(document, members, first, count, units, drawn)
    copies = np.tile(np.arange(document.copies, dtype=np.int32), len(members))
    of = np.repeat(members[:, 0], document.copies).astype(np.int32)
    member = np.repeat(members[:, 1], document.copies).astype(np.int32)
    titles = _titles(document, of, member, copies, drawn)
    said = _sentences(document, trains, units, plan, drawn)
    return _assembled(document, trains, drawn, units, plan, titles, of, copies, said)


# What there is to say


def _units(document: Document, trains: Sequence[Train], drawn: Drawn, among: Mask | None) -> _Units:
    tells, worlds, members, rows, sizes = [], [], [], [], []
    for number, (tell, train) in enumerate(zip(document.tells, trains, strict=True)):
        relation = drawn.experiment.world.relations[tell.relation]
        stated = drawn.trained_rows(train, among)
        facts = drawn.closures[tell.relation].facts
        many = _many(relation.form(tell.form), tell.subject)
        told = [facts.arguments[stated, i] for i in range(len(relation.arguments)) if i not in many]
        lead, unit = _alike([facts.world[stated], *told])
        ticket = draw(drawn.seeds[facts.world[stated]], f"{document.name}/list", stated)
        order = np.lexsort((ticket, unit))
        tells.append(np.full(len(lead), number))
        worlds.append(facts.world[stated[lead]])
        of_lead = facts.world[stated[lead]], facts.arguments[stated[lead]]
        members.append(drawn.about(relation, tell.subject, *of_lead)[1])
        rows.append(stated[order])
        sizes.append(np.bincount(unit, minlength=len(lead)))
    number_of, of, member, size = (np.concatenate(column) for column in (tells, worlds, members, sizes))
    order = np.lexsort((number_of, member, of))
    start = (np.cumsum(size) - size)[order]
    size = size[order]
    first = np.concatenate([[0], np.cumsum(size)])
    place = np.repeat(start - first[:-1], size) + np.arange(first[-1])
    facts_of = np.concatenate(rows)[place]
    return _Units(number_of[order].astype(np.int32), of[order], member[order], first, facts_of)


def _alike(columns: list[Ints]) -> tuple[Rows, Rows]:
    """Rows that are alike, in order: the first row of each kind, and the kind of each row."""
    order = np.lexsort(columns[::-1])
    begins = changes([column[order] for column in columns])
    kind = np.empty(len(order), np.int64)
    kind[order] = np.cumsum(begins) - 1
    return order[begins], kind


def _many(form: Form, subject: int) -> list[int]:
    """The arguments of which a form lists all values."""
    every = [slot for wording in form.wordings for slot in slots(wording.pieces)]
    listed = {slot.argument for slot in every if slot.many}
    return sorted(listed - {subject} - {slot.argument for slot in every if not slot.many})


def _check_room(document: Document, members: Ints, count: Rows, drawn: Drawn) -> None:
    most = document.sentences[1] if document.sentences else None
    if most is None or not len(count) or int(count.max()) <= most:
        return
    worst = int(count.argmax())
    of, member = members[[worst], 0], members[[worst], 1]
    name = text_of(drawn.experiment.world, drawn.populated, document.subject.type, -1, of, member)[0]
    message = f"document '{document.name}' takes {count[worst]} sentences to tell all of '{name}', not {most}"
    Report().fail("W0401", message, document.span, help="raise 'sentences', or tell less")


# Which sentence comes where


def _plan(document: Document, members: Ints, first: Rows, count: Rows, units: _Units, drawn: Drawn) -> _Plan:
    copies = document.copies
    about = np.repeat(np.arange(len(members)), copies)
    copy = np.tile(np.arange(copies, dtype=np.int64), len(members))
    key = draw(drawn.seeds[members[about, 0]], f"{document.name}/about", members[about, 1])
    low, high = document.sentences or (1, 1)
    length = np.maximum(low + below(draw(key, "sentences", copy), high - low + 1), count[about])
    row = np.repeat(np.arange(len(about)), length)
    place = np.arange(len(row)) - np.repeat(np.cumsum(length) - length, length)
    lap, within = np.divmod(place, count[about[row]])
    lap_key = draw(draw(key[row], "copy", copy[row]), "lap", lap)
    unit = first[about[row]] + permute(lap_key, "order", within, count[about[row]])
    order = np.argsort(unit, kind="stable")
    told = np.bincount(unit, minlength=len(units))
    telling = np.empty(len(unit), np.int64)
    telling[order] = np.arange(len(unit)) - (np.cumsum(told) - told)[unit[order]]
    style = draw(key[row], f"{document.name}/style", copy[row])
    asks = below(draw(style, "asks", place), _MILLION) < document.questions
    pronoun = below(draw(style, "pronoun", place), _MILLION) < document.pronouns
    return _Plan(row, unit, telling, asks, pronoun & (place > 0))


# Words


def pronoun_wording(wording: Wording, subject: int, pronoun: str) -> Wording | None:
    """A wording with the pronoun in place of the name that it begins with; none where that is not the
    subject, or in a form (such as a possessive) that a pronoun does not have."""
    first, *rest = wording.pieces
    if not pronoun or not isinstance(first, Slot) or first.argument != subject or first.many:
        return None
    if not set(first.inflections) <= _NAMING:
        return None
    return dataclasses.replace(wording, pieces=(pronoun[:1].upper() + pronoun[1:], *rest))


def question_wording(wording: Wording) -> Wording | None:
    """A wording put as a question and its answer; none where it has no answer."""
    if wording.answer == len(wording.pieces):
        return None
    asking, asked = wording.pieces[: wording.answer], wording.pieces[wording.answer :]
    if asking and isinstance(asking[-1], str):
        asking = (*asking[:-1], asking[-1].rstrip(" :,"))
    if not (isinstance(asked[0], str) and asked[0].startswith(" ")):
        asked = (" ", *asked)
    return dataclasses.replace(
        wording, pieces=(QUESTION, *asking, ASKED + ANSWER, *asked), answer=len(asking) + 2
    )


def styles(form: Form, document: Document, subject: int) -> tuple[tuple[Wording | None, ...], ...]:
    """The wordings of a form as they stand: plainly, as a question, and with the pronoun."""
    asking = tuple(question_wording(wording) for wording in form.wordings)
    turned = tuple(pronoun_wording(wording, subject, document.pronoun) for wording in form.wordings)
    return form.wordings, asking, turned


def _sentences(
    document: Document, trains: Sequence[Train], units: _Units, plan: _Plan, drawn: Drawn
) -> _Said:
    count = len(plan.unit)
    wording, middle, plain = np.zeros(count, np.int32), np.zeros(count, np.int32), np.zeros(count, bool)
    texts: list[tuple[Rows, Texts]] = []
    for number, tell in enumerate(document.tells):
        rows = np.flatnonzero(units.tell[plan.unit] == number)
        if not len(rows):
            continue
        relation = drawn.experiment.world.relations[tell.relation]
        form = relation.form(tell.form)
        mine = np.flatnonzero(units.tell == number)
        times = int(plan.telling[rows].max()) + 1
        lead = units.facts[units.first[mine]]
        key = draw(drawn.seeds[units.world[mine]], f"{document.name}/{number}", lead)
        every = choose(form, key, f"{document.name}/told", times, wordings=trains[number].wordings)
        manner = every.take(np.searchsorted(mine, plan.unit[rows]) * times + plan.telling[rows])
        wording[rows] = manner.wording
        plainly, asking, turned = styles(form, document, tell.subject)
        can_ask, can_turn = (np.array([w is not None for w in each]) for each in (asking, turned))
        asks = plan.asks[rows] & can_ask[manner.wording]
        turns = plan.says_pronoun[rows] & ~asks & can_turn[manner.wording]
        for style, chosen in ((plainly, ~asks & ~turns), (asking, asks), (turned, turns)):
            kept = np.flatnonzero(chosen)
            if not len(kept):
                continue
            said = tuple(w or form.wordings[place] for place, w in enumerate(style))
            spoken = dataclasses.replace(form, wordings=said)
            cues, answers = _said(relation, spoken, units, plan.unit[rows[kept]], manner.take(kept), drawn)
            middle[rows[kept]] = np.char.str_len(cues)
            texts.append((rows[kept], np.char.add(cues, answers)))
            if style is plainly:
                plain[rows[kept]] = manner.wording[kept] == _stating(form)
    return _Said(scattered(texts, count), middle, wording, plain)


def _stating(form: Form) -> int:
    """The wording that reads as the statement of a fact, by place; -1 where it may read otherwise."""
    first = form.first
    alone = not first.options and not any(slot.many for slot in slots(first.pieces))
    return form.wordings.index(first) if alone else -1


def _said(
    relation: Relation, form: Form, units: _Units, unit: Rows, manner: Manner, drawn: Drawn
) -> tuple[Texts, Texts]:
    world, populated = drawn.experiment.world, drawn.populated
    facts = drawn.closures[relation.name].facts
    lead = units.facts[units.first[unit]]
    given = facts.world[lead], facts.arguments[lead], manner
    lists = {
        slot: _listed(relation, slot, units, unit, drawn)
        for wording in form.wordings
        for slot in slots(wording.pieces)
        if slot.many
    }
    return (
        say(world, populated, relation, form, *given, cue, lists),
        say(world, populated, relation, form, *given, answer, lists),
    )


def _listed(relation: Relation, slot: Slot, units: _Units, unit: Rows, drawn: Drawn) -> Texts:
    """All values that a unit lists: "a, b and c"."""
    distinct, inverse = np.unique(unit, return_inverse=True)
    facts = drawn.closures[relation.name].facts
    type = relation.arguments[slot.argument].type
    rows = np.concatenate([units.facts[units.first[u] : units.first[u + 1]] for u in distinct.tolist()])
    texts = inflected(
        text_of(
            drawn.experiment.world,
            drawn.populated,
            type,
            slot.column,
            facts.world[rows],
            facts.arguments[rows, slot.argument],
        ),
        slot,
    ).tolist()
    ends = np.cumsum(units.sizes()[distinct]).tolist()
    lists = [enumeration(texts[start:end]) for start, end in zip([0, *ends[:-1]], ends, strict=True)]
    return np.array(lists)[inverse.reshape(-1)]


def enumeration(texts: Sequence[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    return " and ".join(filter(None, [", ".join(texts[:-1]), texts[-1]]))


def _titles(document: Document, of: Ints, member: Ints, copy: Ints, drawn: Drawn) -> Texts:
    """The title of each document, with its first alternatives."""
    about = Relation(document.name, (document.subject,), frozenset(), None, None, (), document.span)
    world, populated = drawn.experiment.world, drawn.populated
    lists = {
        slot: _cast(document, slot, of, member, copy, drawn)
        for slot in slots(document.title)
        if slot.argument
    }
    return fill(world, populated, about, document.title, of, member[:, None], None, lists)


def _cast(document: Document, slot: Slot, of: Ints, scene: Ints, copy: Ints, drawn: Drawn) -> Texts:
    """The members of each document's scene that a slot of its title lists, in drawn order."""
    entity = drawn.experiment.world.entities[document.members[slot.argument - 1]]
    many = entity.per_scene
    place: Rows = np.tile(np.arange(many, dtype=np.int64), len(of))
    each = np.repeat(np.arange(len(of)), many)
    key = draw(
        draw(drawn.seeds[of], f"{document.name}/title", scene.astype(np.int64)),
        entity.name,
        copy.astype(np.int64),
    )
    number = scene[each] * many + permute(key[each], "order", place, many)
    texts = slot_text(drawn.experiment.world, drawn.populated, entity.name, slot, of[each], number)
    rows = texts.reshape(len(of), many).tolist()
    return np.array([enumeration(row) for row in rows], np.str_)


# Together


def _assembled(
    document: Document,
    trains: Sequence[Train],
    drawn: Drawn,
    units: _Units,
    plan: _Plan,
    titles: Texts,
    of: Ints,
    copies: Ints,
    said: _Said,
) -> Documents:
    """Sentences joined to texts, and where each fact stands in them."""
    sizes = np.bincount(plan.document, minlength=len(of))
    head = np.char.str_len(titles)
    head = head + (head > 0)
    length = np.char.str_len(said.text) + 1
    ends = np.cumsum(length)
    before = np.concatenate([[0], ends])[np.cumsum(sizes) - sizes]
    start = ends - length - before[plan.document] + head[plan.document]
    middle = start + said.answer
    end = start + length - 1
    sentences = said.text.tolist()
    bounds = np.cumsum(sizes).tolist()
    texts = [
        " ".join(filter(None, [title, *sentences[low:high]]))
        for title, low, high in zip(titles.tolist(), [0, *bounds[:-1]], bounds, strict=True)
    ]
    many = units.sizes()[plan.unit]
    row = np.repeat(np.arange(len(plan.unit)), many)
    within = np.arange(len(row)) - np.repeat(np.cumsum(many) - many, many)
    fact = units.facts[units.first[plan.unit[row]] + within]
    tell = units.tell[plan.unit[row]]
    tells = document.tells
    return Documents(
        set=np.full(len(of), "train"),
        world=of,
        source=np.full(len(of), document.name),
        article=copies,
        text=np.array(texts, np.str_) if texts else np.empty(0, "<U1"),
        answer=np.full(len(of), -1, np.int32),
        sentences=Sentences(
            document=plan.document[row],
            relation=np.array([each.relation for each in tells])[tell],
            row=fact,
            form=np.array([each.form for each in tells])[tell],
            wording=said.wording[row],
            start=start[row].astype(np.int32),
            answer=middle[row].astype(np.int32),
            end=end[row].astype(np.int32),
            statement=_statements(document, drawn, tell, fact, said, row),
        ),
    )


def _statements(document: Document, drawn: Drawn, tell: Ints, fact: Rows, said: _Said, row: Rows) -> Texts:
    """The statement of each fact that is said; `row` is its sentence, which may read as that already."""
    plain = said.plain[row]
    if plain.all():
        return said.text if len(row) == len(said.text) else said.text[row]
    texts = [(np.flatnonzero(plain), said.text[row[plain]])]
    for number, each in enumerate(document.tells):
        rows = np.flatnonzero((tell == number) & ~plain)
        relation = drawn.experiment.world.relations[each.relation]
        facts = drawn.closures[each.relation].facts
        given = facts.world[fact[rows]], facts.arguments[fact[rows]]
        pieces = relation.form(each.form).pieces
        texts.append((rows, fill(drawn.experiment.world, drawn.populated, relation, pieces, *given)))
    return scattered(texts, len(tell))
