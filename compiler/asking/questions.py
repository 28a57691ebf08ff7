"""Items: the questions of one test in all worlds, and how well a habit answers them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from wug.compiler.asking.choices import Claim
from wug.compiler.asking.free import best_free, stopped
from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.experiment import Test
from wug.compiler.facts import Facts, Ints, Rows
from wug.compiler.plan import Split
from wug.compiler.populating.drawn import Mask
from wug.compiler.saying.render import Texts

TOLERANCE = 0.05
"""How far above chance a constant answer may be before the compiler says so."""


@dataclass(frozen=True)
class Items:
    """The items of one test in all worlds.

    An item is about one fact: `row` of the closure of `relation`, in `form`; -1 where that was removed.
    `accept` marks the right ones among its `choices`, and `answer` is the place of one of them. What the
    choices state are `claims`, in the order in which they were made; `claim` says for each choice which of
    them, -1 for none (a verdict that a statement is false, the answer that something is not known). `depth`
    counts the trained facts behind the answer, `premises` names them: (relation, row) of facts in the full
    worlds. `accepted` are all right answers where the model answers in words of its own, and nothing
    otherwise. Of a world in two versions `change` is what became of the fact, "" where nothing is to say, and
    `old` are the texts that were right before and are wrong now.
    """

    test: Test
    world: Ints  # [items]
    relation: Texts  # [items]
    form: Texts  # [items]
    row: Rows  # [items]
    cue: Texts  # [items]
    choices: Texts  # [items, choices]
    accept: Mask  # [items, choices]
    answer: Ints  # [items]
    claim: Ints  # [items, choices]
    depth: Rows  # [items]
    premises: tuple[tuple[tuple[str, int], ...], ...]
    claims: tuple[Claim, ...]
    accepted: tuple[tuple[str, ...], ...] = ()  # [items], or empty where there are choices
    change: Texts | None = None  # [items]
    old: tuple[tuple[str, ...], ...] = ()  # [items], or empty where the world has one version

    def __len__(self) -> int:
        return len(self.world)

    def take(self, rows: Rows) -> Items:
        """Some of the items, in the order of `rows`."""
        columns = {
            field.name: getattr(self, field.name)[rows]
            for field in dataclasses.fields(Items)
            if field.name not in ("test", "premises", "claims", "accepted", "change", "old")
        }
        columns["change"] = self.change[rows] if self.change is not None else None
        columns["old"] = tuple(self.old[row] for row in rows) if self.old else ()
        premises = tuple(self.premises[row] for row in rows)
        claims = tuple(dataclasses.replace(c, arguments=c.arguments[rows]) for c in self.claims)
        accepted = tuple(self.accepted[row] for row in rows) if self.accepted else ()
        return Items(test=self.test, premises=premises, claims=claims, accepted=accepted, **columns)

    def alike(self) -> list[tuple[str, str, Rows]]:
        """The items about facts of one relation in one form: (relation, form, items), in order."""
        pairs = list(zip(self.relation.tolist(), self.form.tolist(), strict=True))
        return [
            (relation, form, np.flatnonzero((self.relation == relation) & (self.form == form)))
            for relation, form in dict.fromkeys(pairs)
        ]

    @property
    def given(self) -> bool:
        """Whether these are questions of the user's own, with no facts behind them."""
        return self.test.choices.kind == "given"

    def about(self, facts: Facts, rows: Rows) -> Ints:
        """The arguments of the facts that some items of one relation are about, these being its `facts`; of
        what was removed those of the first claim, which says it."""
        row = self.row[rows]
        if (row >= 0).all():
            return facts.arguments[row]
        return self.claims[0].arguments[rows]

    def statement(self) -> Texts:
        """The question with its right answer, as it reads."""
        return np.char.add(self.cue, self.choices[np.arange(len(self)), self.answer])

    def chance(self) -> NDArray[np.float64]:
        """How often a guess is right [items]; where nothing is offered, never."""
        return np.zeros(len(self)) if self.test.sampling else np.asarray(self.accept.mean(axis=1))

    @cached_property
    def asked(self) -> Texts:
        """The part of each choice in which an item's choices differ: what a habit could prefer.

        "more bright than zumbix." and "less bright than zumbix." differ in their first words only.
        """
        return np.array([[" ".join(row) for row in _differing(choices)] for choices in self.choices.tolist()])

    @cached_property
    def constant(self) -> float:
        """The accuracy of the best habit, see `best_constant`."""
        return best_constant(self)


def summary(items: Items) -> Split:
    """Chance and the best constant answer of a test, and how a free one is said."""
    test = items.test
    split = Split(test.name, float(items.chance().mean()), items.constant)
    if test.sampling is None:
        return split
    sampling = stopped(test.sampling, test.endings, items.accepted)
    return dataclasses.replace(split, sampling=sampling, endings=test.endings)


def best_constant(items: Items) -> float:
    """The accuracy of the best habit: always preferring one answer wherever it is offered.

    Items that offer the same set of answers are one group, and a habit takes the commonest right one of the
    group's other items; what is offered only once cannot be learned by habit and counts as chance. Another
    habit prefers whatever is right most often where it is offered, as the other items tell. Of statements, a
    habit prefers all those of one relation and form; of free answers, it says always the same.
    """
    if items.test.sampling is not None:
        return best_free(items.accepted, items.test.endings)[0]
    if items.test.choices.kind == "statements":
        return _best_statement(items)[0]
    return max(_best_of_set(items), _best_preference(items))


def _best_preference(items: Items) -> float:
    """How well it does to take, of each item, the choice that is right most often in all other items.

    Leaving an item's own answer out keeps answers that are right once from counting for themselves.
    """
    asked, chance = items.asked, items.chance()
    _, number = np.unique(asked.reshape(-1), return_inverse=True)
    number = number.reshape(asked.shape)
    offered = np.bincount(number.reshape(-1))
    right = np.bincount(number.reshape(-1), weights=items.accept.reshape(-1))
    share = (right[number] - items.accept + chance[:, None]) / offered[number]
    taken = share >= share.max(axis=1, keepdims=True) - 1e-12
    return _beyond_luck(items, (taken & items.accept).sum(axis=1) / taken.sum(axis=1))


def _beyond_luck(items: Items, right: NDArray[np.float64]) -> float:
    """The share of right answers of a habit; what does no better than chance by two standard errors is luck,
    and counts as chance."""
    chance, habit = items.chance(), float(right.mean())
    guess = float(chance.mean())
    error = float(np.sqrt((chance * (1 - chance)).mean() / len(items)))
    return habit if habit > guess + 2 * error else guess


def _best_of_set(items: Items) -> float:
    """How well it does to take the commonest right answer of each set of answers offered together.

    Of a word and its mirror, or two verdicts, each is right by design in half of the items. Of other answers
    some are always right more often by luck, so an item's own answer is left out.
    """
    chance, asked = items.chance(), items.asked
    _, group = np.unique(np.sort(asked, axis=1), axis=0, return_inverse=True)
    right = np.zeros(len(items))
    luck = items.test.choices.kind == "others"
    group = group.reshape(-1)
    size = np.bincount(group)
    right = np.where(size[group] == 1, chance, right)
    order = np.argsort(group, kind="stable")
    first = np.cumsum(size) - size
    for number in np.flatnonzero(size > 1).tolist():
        mine = order[first[number] : first[number] + size[number]]
        texts, accept = asked[mine], items.accept[mine]
        _, kind = np.unique(texts.reshape(-1), return_inverse=True)
        kind = kind.reshape(texts.shape)
        often = np.bincount(kind.reshape(-1), weights=accept.reshape(-1))[kind]
        others = often - accept if luck else often
        taken = others >= others.max(axis=1, keepdims=True)
        right[mine] = (taken & accept).sum(axis=1) / taken.sum(axis=1)
    return _beyond_luck(items, right) if luck else float(right.mean())


def _best_statement(items: Items) -> tuple[float, str]:
    """How well the best kind of statements does, and which that is."""
    kinds: dict[tuple[str, str], list[int]] = {}
    for number, claim in enumerate(items.claims):
        kinds.setdefault((claim.relation, claim.form), []).append(number)
    scores = {
        kind: float((items.accept & np.isin(items.claim, mine)).sum(axis=1).mean() / len(mine))
        for kind, mine in kinds.items()
    }
    (relation, form), best = max(scores.items(), key=lambda each: each[1])
    alone = sum(name == relation for name, _ in kinds) == 1
    return best, relation if alone else f"{relation} in {form}"


def _differing(choices: Sequence[str]) -> list[list[str]]:
    rows = [choice.split() for choice in choices]
    shortest = min(len(row) for row in rows)
    end = 0
    while end < shortest and len({row[len(row) - 1 - end] for row in rows}) == 1:
        end += 1
    return [row[: len(row) - end] or [""] for row in rows]


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
    """Warn where a constant answer beats chance by more than `TOLERANCE`, and say why.

    That nothing is known is right wherever a test offers it, so such a test is not warned of. Free answers
    have no chance: they are held against a text that is drawn from all that are right somewhere, with two
    standard errors for the luck of few questions.
    """
    for split_items in items:
        if split_items.test.choices.kind == "unknown":
            continue
        chance, constant = float(split_items.chance().mean()), split_items.constant
        luck = 0.0
        if split_items.test.sampling is not None:
            chance = best_free(split_items.accepted, split_items.test.endings)[2]
            luck = 2 * (chance * (1 - chance) / len(split_items)) ** 0.5
        if constant <= chance + max(TOLERANCE, luck):
            continue
        habit, help = _habit(split_items)
        name = split_items.test.name
        message = f"a habit answers test '{name}' with {constant:.2f} (chance {chance:.2f}): {habit}"
        report.add("W0506", message, split_items.test.span, help=help)


def _habit(items: Items) -> tuple[str, str]:
    """The answer that is right most often, and what would help."""
    if items.test.choices.kind == "statements":
        help = "let each kind of statement be right equally often"
        return f"to prefer the statements of '{_best_statement(items)[1]}'", help
    if items.test.sampling is not None:
        share, text, _ = best_free(items.accepted, items.test.endings)
        help = "let every answer be right about as often"
        return f"'{text}' is right {round(share * len(items))} times of {len(items)}", help
    asked = items.asked
    texts, counts = np.unique(asked[np.arange(len(items)), items.answer], return_counts=True)
    common = int(np.argmax(counts))
    habit = f"'{texts[common].strip()}' is right {counts[common]} times of {len(items)}"
    if items.test.choices.kind == "verdict":
        return habit, "ask about an even number of facts in each world, or about more of them"
    if items.test.choices.kind == "others":
        return habit, "let every answer be right about as often, or offer others(n) from answers"
    return habit, 'let the relation draw an even number of facts over a table of \'"a" <-> "b"\' rows'


def check_distinct(items: tuple[Items, ...], report: Report) -> None:
    """Report two choices of an item that read alike (W0509): which one is meant could not be told."""
    for split_items in items:
        plain = np.array([[" ".join(str(c).casefold().split()) for c in row] for row in split_items.choices])
        ordered = np.sort(plain, axis=1)
        alike = np.argwhere(ordered[:, 1:] == ordered[:, :-1])
        if len(alike):
            item, place = alike[0]
            report.add(
                "W0509",
                f"two choices of test '{split_items.test.name}' read alike: "
                f"'{split_items.cue[item]}' is answered by '{ordered[item, place]}' twice",
                split_items.test.span,
                help="say the form so that each value reads differently",
            )
