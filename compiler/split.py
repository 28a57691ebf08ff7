"""Facts to questions: which facts each test asks, in which words, with which wrong choices.

Every item's answer follows from trained facts and every wrong choice is false in the full world; what cannot
be shown to be so is an error. Constant answers are measured, so that no split can be solved by habit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wug.compiler.diagnostics import Report
from wug.compiler.draw import Words, permute
from wug.compiler.drawn import Drawn
from wug.compiler.experiment import Test
from wug.compiler.facts import Closure, Ints, Populated, Rows
from wug.compiler.plan import Split
from wug.compiler.render import Texts, fill
from wug.compiler.truth import is_false, leaves, stated_rows
from wug.compiler.world import Relation, World

TOLERANCE = 0.05
"""How far above chance a constant answer may be before the compiler says so."""


@dataclass(frozen=True)
class Items:
    """The items of one test in all worlds. `answer` is the place of the right one among `choices`."""

    test: Test
    world: Ints  # [items]
    row: Rows  # [items], in the closure of the test's relation
    cue: Texts  # [items]
    choices: Texts  # [items, choices]
    answer: Ints  # [items]
    premises: tuple[tuple[tuple[str, int], ...], ...]  # the stated facts behind each answer: (relation, row)

    def __len__(self) -> int:
        return len(self.world)

    def statement(self) -> Texts:
        """The sentence that each item asks for, whole."""
        return np.char.add(self.cue, self.choices[np.arange(len(self)), self.answer])


def split(drawn: Drawn, report: Report) -> tuple[Items, ...]:
    """The items of every test, with right keys or not at all; errors go to `report`."""
    found = []
    for test in drawn.experiment.tests:
        items = _items(test, drawn, report)
        if items is not None:
            found.append(items)
    return tuple(found)


def summary(items: Items) -> Split:
    """Chance and the best constant answer of a test."""
    return Split(items.test.name, 1 / items.choices.shape[1], best_constant(items))


def best_constant(items: Items) -> float:
    """The accuracy of the best habit: always preferring one answer wherever it is offered.

    Items that offer the same set of answers are one group, and a habit takes the group's commonest right one;
    an item whose set is offered only once cannot be learned by habit and counts as chance.
    """
    chance = 1 / items.choices.shape[1]
    asked = _asked(items)
    right = asked[np.arange(len(items)), items.answer]
    _, group = np.unique(np.sort(asked, axis=1), axis=0, return_inverse=True)
    total = 0.0
    for number, size in enumerate(np.bincount(group.reshape(-1))):
        if size == 1:
            total += chance
            continue
        _, counts = np.unique(right[group.reshape(-1) == number], return_counts=True)
        total += int(counts.max())
    return total / max(1, len(items))


def _asked(items: Items) -> Texts:
    """The part of each choice in which an item's choices differ: what a habit could prefer.

    "more bright than zumbix." and "less bright than zumbix." differ in their first words only.
    """
    return np.array([[" ".join(row) for row in _differing(choices)] for choices in items.choices])


def _differing(choices: NDArray[np.str_]) -> list[list[str]]:
    rows = [str(choice).split() for choice in choices]
    shortest = min(len(row) for row in rows)
    end = 0
    while end < shortest and len({row[len(row) - 1 - end] for row in rows}) == 1:
        end += 1
    return [row[: len(row) - end] or [""] for row in rows]


def _items(test: Test, drawn: Drawn, report: Report) -> Items | None:
    world, populated = drawn.experiment.world, drawn.populated
    relation = world.relations[test.relation]
    form = relation.form(test.form)
    closure = drawn.closures[relation.name]
    rows = stated_rows(closure) if relation.population is not None else np.flatnonzero(closure.rule >= 0)
    rows = rows[drawn.chosen(relation, rows, test.where)]
    if not len(rows):
        report.add("W0501", f"test '{test.name}' has no items: no fact of '{relation.name}'", test.span)
        return None
    varied, cut = test.varied, test.cut
    of, arguments = closure.facts.world[rows], closure.facts.arguments[rows]
    wrong = _wrong(test, relation, varied, drawn, of, arguments, report)
    if wrong is None:
        return None
    cue = fill(world, populated, relation, form.pieces[:cut], of, arguments)
    offered = [
        fill(world, populated, relation, form.pieces[cut:], of, given) for given in (arguments, *wrong)
    ]
    spaced = np.char.endswith(cue, " ")
    cue = np.where(spaced, np.char.rstrip(cue), cue)
    offered = [np.where(spaced, np.char.add(" ", text), text) for text in offered]
    choices, answer = _shuffled(test, offered, drawn.seeds, of)
    premises = _premises(test, drawn, rows, report)
    return Items(test, of, rows, cue, choices, answer, premises)


def _wrong(
    test: Test,
    relation: Relation,
    varied: int,
    drawn: Drawn,
    of: Ints,
    arguments: Ints,
    report: Report,
) -> list[Ints] | None:
    """Arguments of false facts, one array [items, arity] per wrong choice."""
    if test.choices == "contradiction":
        world = drawn.experiment.world
        mirror = np.array(world.tables[relation.arguments[varied].type].mirror, np.int32)
        turned = arguments.copy()
        turned[:, varied] = mirror[turned[:, varied]]
        if bool(_false(drawn, relation, of, turned).all()):
            return [turned]
        help = f"declare '{relation.name}' asymmetric"
        message = f"the contradiction of a fact of '{relation.name}' is not provably false"
        report.add("W0503", message, test.span, help=help)
        return None
    return _others(test, relation, varied, drawn, of, arguments, report)


def _false(drawn: Drawn, relation: Relation, of: Ints, arguments: Ints) -> NDArray[np.bool_]:
    closure = drawn.closures[relation.name]
    return is_false(drawn.experiment.world, drawn.populated, relation, closure, of, arguments)


def _others(
    test: Test,
    relation: Relation,
    varied: int,
    drawn: Drawn,
    of: Ints,
    arguments: Ints,
    report: Report,
) -> list[Ints] | None:
    """Other values in the asked place, drawn until enough of them make the fact false."""
    world, populated, seeds = drawn.experiment.world, drawn.populated, drawn.seeds
    pool = candidates(world, populated, relation, varied, drawn.closures[relation.name])
    limits = pool.count[of]
    chosen = np.full((len(of), test.others), -1, np.int32)
    have = np.zeros(len(of), np.int64)
    number = _item_number(of)
    for attempt in range(int(limits.max())):
        short = np.flatnonzero((have < test.others) & (attempt < limits))
        if not len(short):
            break
        key = seeds[of[short]] + number[short].astype(np.uint64)
        place = np.full(len(short), attempt, np.int64)
        ticket = permute(key, f"{test.name}/others", place, limits[short])
        candidate = pool.number[pool.first[of[short]] + ticket]
        given = arguments[short].copy()
        given[:, varied] = candidate
        good = _false(drawn, relation, of[short], given)
        good &= ~_of_the_question(relation, varied, arguments[short], candidate)
        taken = short[good]
        chosen[taken, have[taken]] = candidate[good]
        have[taken] += 1
    if bool((have < test.others).any()):
        message = (
            f"test '{test.name}' finds only {int(have.min())} false choices for some facts, not {test.others}"
        )
        help = f"lower others(n), or declare '{relation.name}' complete, functional or injective"
        report.add("W0503", message, test.span, help=help)
        return None
    wrong = []
    for column in range(test.others):
        given = arguments.copy()
        given[:, varied] = chosen[:, column]
        wrong.append(given)
    return wrong


def _of_the_question(relation: Relation, varied: int, arguments: Ints, candidate: Ints) -> NDArray[np.bool_]:
    """Candidates that the question names already: nobody would take them for the answer."""
    named = np.zeros(len(candidate), bool)
    for place, argument in enumerate(relation.arguments):
        if place != varied and argument.type == relation.arguments[varied].type:
            named |= arguments[:, place] == candidate
    return named


@dataclass(frozen=True)
class Pool:
    """What may stand in one argument, world after world: `count[w]` numbers from `first[w]` on."""

    number: Ints
    first: Rows  # [worlds]
    count: Rows  # [worlds]


def candidates(world: World, populated: Populated, relation: Relation, varied: int, closure: Closure) -> Pool:
    """All members or rows that an argument may be; of a value type, those that occur there in that world."""
    type = relation.arguments[varied].type
    if type not in populated.values:
        rows = np.full(populated.worlds, len(world.tables[type].rows)) if type in world.tables else None
        count = populated.counts[type] if rows is None else rows
        number = np.concatenate([np.arange(each, dtype=np.int32) for each in count])
    else:
        held = np.stack([closure.facts.world, closure.facts.arguments[:, varied]], axis=1)
        distinct = np.unique(held, axis=0)
        number = distinct[:, 1]
        count = np.bincount(distinct[:, 0], minlength=populated.worlds)
    return Pool(number, np.cumsum(count) - count, count)


def _item_number(of: Ints) -> Rows:
    """0, 1, 2, ... within each world."""
    order = np.argsort(of, kind="stable")
    starts = np.searchsorted(of[order], of[order], side="left")
    number = np.empty(len(of), np.int64)
    number[order] = np.arange(len(of)) - starts
    return number


def _shuffled(test: Test, offered: list[Texts], seeds: Words, of: Ints) -> tuple[Texts, Ints]:
    """Choices in drawn order [items, choices], and where the right one, offered first, went."""
    number = _item_number(of)
    count = len(offered)
    key = (seeds[of] + number.astype(np.uint64))[:, None]
    order = permute(key, f"{test.name}/order", np.arange(count, dtype=np.int64)[None, :], count)
    stacked = np.stack(offered, axis=1)
    return np.take_along_axis(stacked, order, axis=1), np.argmin(order, axis=1).astype(np.int32)


def _premises(
    test: Test, drawn: Drawn, rows: Rows, report: Report
) -> tuple[tuple[tuple[str, int], ...], ...]:
    """The stated facts behind each item; an item that rests on an untrained fact is an error."""
    trained = {
        relation: frozenset(
            int(row)
            for train in drawn.experiment.trains
            if train.relation == relation
            for row in drawn.trained_rows(train)
        )
        for relation in {train.relation for train in drawn.experiment.trains}
    }
    found = []
    for row in rows:
        behind = tuple(leaves(drawn.experiment.world, drawn.closures, test.relation, int(row)))
        found.append(behind)
        missing = [relation for relation, at in behind if at not in trained.get(relation, ())]
        if missing:
            report.add(
                "W0505",
                f"the answers of test '{test.name}' rest on facts of '{missing[0]}', which is not trained",
                test.span,
                help=f"add: train {missing[0]} in FORM",
            )
            break
    return tuple(found)


def check_worlds(items: tuple[Items, ...], worlds: int, report: Report) -> None:
    """Every world must have items of every test: a row of results without any would say nothing."""
    for split_items in items:
        empty = np.flatnonzero(np.bincount(split_items.world, minlength=worlds) == 0)
        if len(empty):
            report.add(
                "W0501",
                f"test '{split_items.test.name}' has no items with seed {empty[0]}: "
                f"no fact of '{split_items.test.relation}' follows there",
                split_items.test.span,
                help="raise the counts of the relations that it is derived from",
            )


def check_balance(items: tuple[Items, ...], report: Report) -> None:
    """Warn where a constant answer beats chance by more than `TOLERANCE`, and say why."""
    for split_items in items:
        chance, constant = 1 / split_items.choices.shape[1], best_constant(split_items)
        if constant <= chance + TOLERANCE:
            continue
        asked = _asked(split_items)
        right = asked[np.arange(len(split_items)), split_items.answer]
        texts, counts = np.unique(right, return_counts=True)
        common = int(np.argmax(counts))
        report.add(
            "W0506",
            f"a habit answers test '{split_items.test.name}' with {constant:.2f} (chance {chance:.2f}): "
            f"'{texts[common].strip()}' is right {counts[common]} times of {len(split_items)}",
            split_items.test.span,
            help='let the relation draw an even number of facts over a table of \'"a" <-> "b"\' rows',
        )
