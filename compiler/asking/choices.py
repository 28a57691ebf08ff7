"""Right and wrong choices: what each offers and states, before they are shuffled.

A choice of an item states a fact. The right ones follow from what is trained; every wrong one is false in the
full world, or, where all statements of a set are offered, does not follow from it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.draw import permute
from wug.compiler.experiment import Test
from wug.compiler.facts import Facts, Ints, Rows
from wug.compiler.forms import answered
from wug.compiler.inferring.known import closed, everything
from wug.compiler.populating.drawn import Drawn, Mask
from wug.compiler.saying.render import describe
from wug.compiler.world import Relation


@dataclass(frozen=True)
class Claim:
    """What one choice states of every item: a fact of this relation, said in this form."""

    relation: str
    form: str
    arguments: Ints  # [items, arity]


def others(
    test: Test,
    relation: Relation,
    drawn: Drawn,
    of: Ints,
    arguments: Ints,
    number: Rows,
) -> tuple[list[Ints], Rows]:
    """Other values in the asked place, drawn until enough of them make the fact false: the arguments of the
    false facts, one array [items, arity] for each wrong choice; and how many of them each item has."""
    known, wanted = everything(drawn), test.choices.count
    answers = test.choices.source_kind == "answers"
    pool = _answers(of, arguments[:, test.varied], drawn) if answers else candidates(test, relation, drawn)
    limits = pool.count[of]
    chosen = np.full((len(of), wanted), -1, np.int32)
    have = np.zeros(len(of), np.int64)
    for attempt in range(int(limits.max(initial=0))):
        short = np.flatnonzero((have < wanted) & (attempt < limits))
        if not len(short):
            break
        key = drawn.seeds[of[short]] + number[short].astype(np.uint64)
        place = np.full(len(short), attempt, np.int64)
        ticket = permute(key, f"{test.name}/others", place, limits[short])
        candidate = pool.number[pool.first[of[short]] + ticket]
        given = arguments[short].copy()
        given[:, test.varied] = candidate
        good = known.false(relation.name, of[short], given)
        good &= ~of_the_question(relation, test.varied, arguments[short], candidate)
        good &= (chosen[short] != candidate[:, None]).all(axis=1)
        good &= _of_the_scene(test, relation, drawn, of[short], arguments[short], candidate)
        taken = short[good]
        chosen[taken, have[taken]] = candidate[good]
        have[taken] += 1
    wrong = []
    for column in range(wanted):
        given = arguments.copy()
        given[:, test.varied] = chosen[:, column]
        wrong.append(given)
    return wrong, have


def instead(
    test: Test, relation: Relation, drawn: Drawn, of: Ints, arguments: Ints
) -> tuple[list[Ints], Mask]:
    """What other relations give in the asked place, as `others`; and which items [items] all of them give a
    false fact."""
    rest = [place for place in range(arguments.shape[1]) if place != test.varied]
    wrong, good = [], np.ones(len(of), bool)
    for name in test.choices.instead:
        facts = drawn.closures[name].facts
        told = np.column_stack([facts.world, facts.arguments[:, rest]])
        asked = np.column_stack([of, arguments[:, rest]])
        _, question = np.unique(np.concatenate([told, asked]), axis=0, return_inverse=True)
        question = question.reshape(-1)
        value = np.full(int(question.max(initial=-1)) + 1, -1, np.int32)
        value[question[: len(told)]] = facts.arguments[:, test.varied]
        given = arguments.copy()
        given[:, test.varied] = value[question[len(told) :]]
        good &= given[:, test.varied] >= 0
        good[good] = everything(drawn).false(relation.name, of[good], given[good])
        good &= ~of_the_question(relation, test.varied, arguments, given[:, test.varied])
        wrong.append(given)
    return wrong, good


def too_few(
    test: Test, relation: Relation, drawn: Drawn, of: Ints, arguments: Ints, have: Rows, report: Report
) -> None:
    """Report a test of which some items have too few wrong choices (W0503), and one that has fewest."""
    least, wanted = int(np.argmin(have)), test.choices.count
    fact = describe(
        drawn.experiment.world, drawn.populated, relation, int(of[least]), arguments[least].astype(np.int32)
    )
    found = f"only {int(have[least])}" if have[least] else "no"
    choices = "choice" if have[least] == 1 else "choices"
    message = f"test '{test.name}' finds {found} false {choices} beside {fact}, not {wanted}"
    report.add("W0503", message, test.span, help=_more_choices(test, relation, drawn))


def _more_choices(test: Test, relation: Relation, drawn: Drawn) -> str:
    """What gives a test more that is false."""
    type = relation.arguments[test.varied].type
    ways = ["lower others(n)"] if test.choices.kind != "verdict" and test.choices.count > 1 else []
    if test.choices.source_kind not in ("", "type"):
        ways += ["take them from elsewhere"]
    elif "complete" not in relation.traits:
        ways += [f"declare '{relation.name}' complete, functional or injective"]
    else:
        types = [*drawn.experiment.world.entities, *drawn.experiment.world.tables]
        ways += [f"have more '{type}'" if type in types else "have more values"]
        ways += ["ask about fewer facts with 'where'"]
    return ", or ".join([", ".join(ways[:-1]), ways[-1]] if len(ways) > 1 else ways)


def contradiction(
    test: Test, relation: Relation, drawn: Drawn, of: Ints, arguments: Ints, report: Report
) -> list[Ints] | None:
    """The same facts with the converse word, all of them false, or none."""
    table = drawn.experiment.world.tables[relation.arguments[test.varied].type]
    mirror = np.array(table.mirror, np.int32)
    turned = arguments.copy()
    turned[:, test.varied] = mirror[turned[:, test.varied]]
    if bool(everything(drawn).false(relation.name, of, turned).all()):
        return [turned]
    help = f"declare '{relation.name}' asymmetric"
    message = f"the contradiction of a fact of '{relation.name}' is not provably false"
    report.add("W0503", message, test.span, help=help)
    return None


def of_the_question(relation: Relation, varied: int, arguments: Ints, candidate: Ints) -> Mask:
    """Candidates that the question names already: nobody would take them for the answer."""
    named = np.zeros(len(candidate), bool)
    for place, argument in enumerate(relation.arguments):
        if place != varied and argument.type == relation.arguments[varied].type:
            named |= arguments[:, place] == candidate
    return named


def _of_the_scene(
    test: Test, relation: Relation, drawn: Drawn, of: Ints, arguments: Ints, candidate: Ints
) -> Mask:
    """Candidates of the answer's own scene: nobody would take a member of another one for the answer."""
    entity = drawn.experiment.world.entities.get(relation.arguments[test.varied].type)
    if entity is None or entity.scene in ("", entity.name):
        return np.ones(len(candidate), bool)
    scene = drawn.populated.scene[entity.name]
    return np.asarray(scene[of, candidate] == scene[of, arguments[:, test.varied]])


# Where other values come from


@dataclass(frozen=True)
class Pool:
    """What may stand in one argument, world after world: `count[w]` numbers from `first[w]` on."""

    number: Ints
    first: Rows  # [worlds]
    count: Rows  # [worlds]


def _pool(of: Ints, number: Ints, worlds: int) -> Pool:
    """A pool of these (world, number), sorted and each once."""
    distinct: Ints = np.unique(np.stack([of, number], axis=1), axis=0).astype(np.int32)
    count = np.bincount(distinct[:, 0], minlength=worlds)
    return Pool(distinct[:, 1], np.cumsum(count) - count, count)


def _answers(of: Ints, answer: Ints, drawn: Drawn) -> Pool:
    """The answers of a test's own items, each as often as it is one."""
    order = np.lexsort((answer, of))
    count = np.bincount(of, minlength=drawn.populated.worlds)
    return Pool(answer[order], np.cumsum(count) - count, count)


def candidates(test: Test, relation: Relation, drawn: Drawn) -> Pool:
    """What the wrong choices of a test are drawn from."""
    type, worlds = relation.arguments[test.varied].type, drawn.populated.worlds
    kind, source = test.choices.source_kind, test.choices.source
    if kind == "part":
        of, number = np.nonzero(drawn.members(type, source))
        return _pool(of.astype(np.int32), number.astype(np.int32), worlds)
    if kind == "relation":
        return _values_of(relation, source, test.varied, type, drawn)
    if kind == "targets":
        return _targets(type, drawn)
    if type in drawn.populated.values:
        facts = drawn.closures[relation.name].facts
        return _pool(facts.world, facts.arguments[:, test.varied], worlds)
    world = drawn.experiment.world
    table = np.full(worlds, len(world.tables[type].rows)) if type in world.tables else None
    count = drawn.populated.counts[type] if table is None else table
    every: Ints = np.concatenate([np.arange(each, dtype=np.int32) for each in count])
    return Pool(every, np.cumsum(count) - count, count)


def _values_of(relation: Relation, source: str, varied: int, type: str, drawn: Drawn) -> Pool:
    """What stands in a relation, in the same place if it is the test's own, else wherever the type does."""
    facts, other = drawn.closures[source].facts, drawn.experiment.world.relations[source]
    places = [place for place, argument in enumerate(other.arguments) if argument.type == type]
    if source == relation.name:
        places = [varied]
    of = np.concatenate([facts.world for _ in places])
    return _pool(of, np.concatenate([facts.arguments[:, p] for p in places]), drawn.populated.worlds)


def _targets(type: str, drawn: Drawn) -> Pool:
    """What training texts answer: the arguments of this type that stand behind a '=>'."""
    of, number = [np.empty(0, np.int32)], [np.empty(0, np.int32)]
    for train in drawn.experiment.trains:
        relation = drawn.experiment.world.relations[train.relation]
        rows, facts = drawn.trained_rows(train), drawn.closures[train.relation].facts
        for place in answered(relation.form(train.form).first):
            if relation.arguments[place].type == type:
                of.append(facts.world[rows])
                number.append(facts.arguments[rows, place])
    return _pool(np.concatenate(of), np.concatenate(number), drawn.populated.worlds)


# Statements


def pairs(test: Test, drawn: Drawn) -> tuple[Ints, Ints]:
    """The pairs that some statement of the set is about: world [pairs], and both members [pairs, 2].

    For derived facts those pairs of which nothing is stated.
    """
    about: list[Ints] = []
    told: list[Ints] = []
    world = drawn.experiment.world
    for name in dict.fromkeys(relation for relation, _ in test.choices.statements):
        facts, closure = drawn.closures[name].facts, drawn.closures[name]
        rows = np.flatnonzero(drawn.chosen(world.relations[name], np.arange(len(facts)), test.where))
        of, both = facts.world[rows], np.sort(facts.arguments[rows, :2], axis=1)
        triple = np.column_stack([of, both])[both[:, 0] != both[:, 1]]
        stated = closure.rule[rows][both[:, 0] != both[:, 1]] < 0
        about.append(triple if test.facts == "derived" else triple[stated])
        told.append(triple[stated])
    found = np.unique(np.concatenate(about), axis=0)
    if test.facts == "derived":
        stated_pairs = {tuple(row) for row in np.concatenate(told).tolist()}
        found = found[[tuple(row) not in stated_pairs for row in found.tolist()]]
    found = found.reshape(-1, 3).astype(np.int32)
    return found[:, 0], found[:, 1:]


def statements(offered: Iterable[tuple[str, str]], both: Ints) -> list[Claim]:
    """Every statement (relation, form) of a set, both ways over each pair."""
    return [Claim(relation, form, given) for relation, form in offered for given in (both, both[:, ::-1])]


def strongest(claims: list[Claim], of: Ints, hold: Mask, drawn: Drawn, report: Report) -> Mask:
    """Of the statements that hold [items, claims], those that no other one entails without being entailed."""
    item, claim = np.nonzero(hold)
    sets = np.arange(len(item), dtype=np.int32)
    parts: dict[str, list[Facts]] = {}
    for number, made in enumerate(claims):
        mine = claim == number
        parts.setdefault(made.relation, []).append(Facts(sets[mine], made.arguments[item[mine]]))
    alone = {
        name: Facts(np.concatenate([f.world for f in facts]), np.concatenate([f.arguments for f in facts]))
        for name, facts in parts.items()
    }
    known = closed(drawn, of[item], alone, report)
    entails = np.zeros((*hold.shape, len(claims)), bool)
    for number, other in enumerate(claims):
        entails[item, claim, number] = known.rows(other.relation, sets, other.arguments[item]) >= 0
    beaten = np.zeros(hold.shape, bool)
    for first in range(len(claims)):
        for second in range(len(claims)):
            stronger = entails[:, first, second] & ~entails[:, second, first]
            beaten[:, second] |= hold[:, first] & stronger
    return hold & ~beaten
