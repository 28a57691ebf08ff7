"""Facts to their closure: semi-naive evaluation of positive Datalog, with a smallest proof for each fact.

Traits that entail facts are rules too: `symmetric` and `transitive`, and `converse`, which turns a table row
into its mirror when the first two arguments change places. The size of a proof is the number of stated facts
at its leaves; a fact that is found again with a smaller proof counts as new, so the proofs kept at the end
are smallest ones (Knuth, "A generalization of Dijkstra's algorithm", 1977). Joins are sorted merges of
columns, and their size is known before they are carried out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from wug.compiler.diagnostics import Report
from wug.compiler.facts import Closure, Facts, Ints, Populated, Rows, pack
from wug.compiler.source import Span
from wug.compiler.world import Relation, World

MOST_ROWS = 10_000_000
"""The most rows a join may give: about 1 GB. Above it the spec is told so before memory is taken."""


@dataclass(frozen=True)
class Inference:
    """A rule as it is applied. `mirror` maps the head's place to the table turned round there."""

    name: str
    head: str
    body: tuple[str, ...]
    head_terms: tuple[int, ...]
    body_terms: tuple[tuple[int, ...], ...]
    mirror: tuple[int, tuple[int, ...]] | None
    span: Span


def inferences(world: World) -> tuple[Inference, ...]:
    """The world's rules, those that traits stand for first."""
    found: list[Inference] = []
    for relation in world.relations.values():
        arity = len(relation.arguments)
        rest = tuple(range(2, arity))
        turned = (1, 0, *rest)
        if "symmetric" in relation.traits:
            found.append(_trait(relation, "symmetric", 1, turned, ((0, 1, *rest),)))
        if "transitive" in relation.traits:
            chain = ((0, arity, *rest), (arity, 1, *rest))
            found.append(_trait(relation, "transitive", 2, (0, 1, *rest), chain))
        if relation.converse is not None:
            table = world.tables[relation.arguments[relation.converse].type]
            mirror = (relation.converse, table.mirror)
            found.append(_trait(relation, "converse", 1, turned, ((0, 1, *rest),), mirror))
    for rule in world.rules:
        terms = [tuple(int(t) for t in literal.terms) for literal in (rule.head, *rule.body)]
        body = tuple(literal.relation for literal in rule.body)
        name = f"rule {rule.head.relation}"
        found.append(Inference(name, rule.head.relation, body, terms[0], tuple(terms[1:]), None, rule.span))
    return tuple(found)


def _trait(
    relation: Relation,
    name: str,
    premises: int,
    head: tuple[int, ...],
    body: tuple[tuple[int, ...], ...],
    mirror: tuple[int, tuple[int, ...]] | None = None,
) -> Inference:
    return Inference(
        f"{name} {relation.name}",
        relation.name,
        (relation.name,) * premises,
        head,
        body,
        mirror,
        relation.span,
    )


class _Growing:
    """The closure of one relation while it grows: rows are only ever appended or given a smaller proof."""

    def __init__(self, stated: Facts, sizes: tuple[int, ...], premises: int) -> None:
        packed = pack(stated.world, stated.arguments, sizes)
        _, first = np.unique(packed, return_index=True)
        first = np.sort(first)
        self.sizes = sizes
        self.world = stated.world[first]
        self.arguments = stated.arguments[first]
        self.rule = np.full(len(first), -1, np.int32)
        self.premises = np.full((len(first), premises), -1, np.int64)
        self.size = np.ones(len(first), np.int64)
        self.delta = np.arange(len(first), dtype=np.int64)

    def offer(self, world: Ints, arguments: Ints, rule: int, premises: Rows, size: Rows) -> Rows:
        """Take what is new or has a smaller proof; returns the rows that changed."""
        packed = pack(world, arguments, self.sizes)
        order = np.lexsort((*premises.T[::-1], size, packed))
        keep = np.ones(len(order), bool)
        keep[1:] = packed[order][1:] != packed[order][:-1]
        best = order[keep]
        packed = packed[best]
        own = pack(self.world, self.arguments, self.sizes)
        by_key = np.argsort(own, kind="stable")
        place = np.searchsorted(own[by_key], packed)
        known = np.zeros(len(packed), bool)
        inside = place < len(own)
        known[inside] = own[by_key[place[inside]]] == packed[inside]
        row = np.full(len(packed), -1, np.int64)
        row[known] = by_key[place[known]]
        smaller = known.copy()
        smaller[known] = size[best[known]] < self.size[row[known]]
        new = ~known
        row[new] = len(self.world) + np.arange(int(new.sum()))
        width = self.premises.shape[1]
        padded = np.full((len(best), width), -1, np.int64)
        padded[:, : premises.shape[1]] = premises[best]
        self.world = np.concatenate([self.world, world[best[new]]])
        self.arguments = np.concatenate([self.arguments, arguments[best[new]]])
        self.rule = np.concatenate([self.rule, np.full(int(new.sum()), rule, np.int32)])
        self.premises = np.concatenate([self.premises, padded[new]])
        self.size = np.concatenate([self.size, size[best[new]]])
        self.rule[row[smaller]] = rule
        self.premises[row[smaller]] = padded[smaller]
        self.size[row[smaller]] = size[best[smaller]]
        return row[new | smaller]


def infer(world: World, populated: Populated, report: Report) -> dict[str, Closure]:
    """Every relation's closure, in all worlds at once. Reports rules that explode (W0409)."""
    rules = inferences(world)
    longest = max((len(rule.body) for rule in rules), default=1)
    growing: dict[str, _Growing] = {}
    for relation in world.relations.values():
        sizes = tuple(domain(world, populated, argument.type) for argument in relation.arguments)
        possible = math.prod((populated.worlds, *sizes))
        if possible >= 2**63:
            message = f"'{relation.name}' could hold {possible:.0e} facts: more than can be numbered"
            help = "lower the counts, or split the relation into some of fewer arguments"
            report.fail("W0409", message, relation.span, help=help)
        growing[relation.name] = _Growing(populated.facts[relation.name], sizes, longest)
    while any(len(g.delta) for g in growing.values()):
        changed: dict[str, list[Rows]] = {name: [] for name in growing}
        for number, rule in enumerate(rules):
            for turn in range(len(rule.body)):
                rows = _apply(rule, number, turn, growing, report)
                if len(rows):
                    changed[rule.head].append(rows)
        for name, rows_list in changed.items():
            empty = np.empty(0, np.int64)
            growing[name].delta = np.unique(np.concatenate(rows_list)) if rows_list else empty
    return {
        name: Closure(Facts(g.world, g.arguments), g.rule, g.premises, g.size) for name, g in growing.items()
    }


def domain(world: World, populated: Populated, type: str) -> int:
    """How many things of a type there are at most: members in one world, rows of a table, or values."""
    if type in world.tables:
        return len(world.tables[type].rows)
    if type in populated.values:
        return len(populated.values[type])
    return int(populated.names[type].shape[1])


def _apply(rule: Inference, number: int, turn: int, growing: dict[str, _Growing], report: Report) -> Rows:
    """One rule with the changed facts in body place `turn`; returns the head's rows that changed."""
    nothing = np.empty(0, np.int64)
    start = growing[rule.body[turn]]
    if not len(start.delta):
        return nothing
    order = [turn, *(place for place in range(len(rule.body)) if place != turn)]
    rows = {turn: start.delta}
    bound: dict[int, Ints] = {}
    world = start.world[start.delta]
    keep = bind(rule.body_terms[turn], start.arguments[start.delta], bound)
    world, rows[turn] = world[keep], rows[turn][keep]
    bound = {variable: column[keep] for variable, column in bound.items()}
    for place in order[1:]:
        other = growing[rule.body[place]]
        left, right = _join(world, bound, rule.body_terms[place], other, rule, report)
        world = world[left]
        rows = {p: r[left] for p, r in rows.items()}
        bound = {variable: column[left] for variable, column in bound.items()}
        keep = bind(rule.body_terms[place], other.arguments[right], bound)
        world, rows = world[keep], {p: r[keep] for p, r in rows.items()}
        rows[place] = right[keep]
        bound = {variable: column[keep] for variable, column in bound.items()}
    if not len(world):
        return nothing
    head = np.stack([bound[term] for term in rule.head_terms], axis=1)
    if rule.mirror is not None:
        place, mirror = rule.mirror
        head[:, place] = np.array(mirror, np.int32)[head[:, place]]
    premises = np.stack([rows[place] for place in range(len(rule.body))], axis=1)
    size = sum(
        (growing[rule.body[p]].size[rows[p]] for p in range(len(rule.body))),
        start=np.zeros(len(world), np.int64),
    )
    return growing[rule.head].offer(world, head.astype(np.int32), number, premises, size)


def bind(
    terms: tuple[int, ...], arguments: Ints, bound: dict[int, Ints]
) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Bind a literal's variables to columns; returns the rows where repeated variables agree."""
    keep = np.ones(len(arguments), bool)
    for place, variable in enumerate(terms):
        if variable in bound:
            keep &= bound[variable] == arguments[:, place]
        else:
            bound[variable] = arguments[:, place]
    return keep


def _join(
    world: Ints,
    bound: dict[int, Ints],
    terms: tuple[int, ...],
    other: _Growing,
    rule: Inference,
    report: Report,
) -> tuple[Rows, Rows]:
    """Pairs of rows (left, right) that agree on the world and on all shared variables."""
    shared = [(place, variable) for place, variable in enumerate(terms) if variable in bound]
    sizes = tuple(other.sizes[place] for place, _ in shared)
    columns = [bound[variable] for _, variable in shared]
    left_arguments = np.stack(columns, axis=1) if columns else np.empty((len(world), 0), np.int32)
    right_arguments = other.arguments[:, [place for place, _ in shared]]
    left_key = pack(world, left_arguments, sizes)
    right_key = pack(other.world, right_arguments, sizes)
    order = np.argsort(right_key, kind="stable")
    sorted_key = right_key[order]
    low = np.searchsorted(sorted_key, left_key, side="left")
    high = np.searchsorted(sorted_key, left_key, side="right")
    many = high - low
    total = int(many.sum())
    if total > MOST_ROWS:
        report.fail(
            "W0409",
            f"{rule.name} would join {total:,} rows at once, about {total * 72 / 1e9:.0f} GB",
            rule.span,
            help="lower the counts, or let the rule's body share more variables",
        )
    left = np.repeat(np.arange(len(world)), many)
    offset = np.arange(total) - np.repeat(np.cumsum(many) - many, many)
    return left, order[np.repeat(low, many) + offset]
