"""Bodies met by facts: joins of columns, with each condition taken as soon as its variables are bound."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wug.compiler.facts import Ints, Rows
from wug.compiler.inferring.extent import Extent
from wug.compiler.inferring.inference import Conditions, Inference

Mask = NDArray[np.bool_]

_COMPARE = {
    "=": np.equal,
    "!=": np.not_equal,
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
}


@dataclass(frozen=True)
class Match:
    """Ways to meet a body, as far as it has been met: row i is in world `world[i]`, binds each variable v to
    `columns[v][i]`, and rests on row `rows[p][i]` of the relation in place p."""

    world: Ints
    columns: dict[int, Ints]
    rows: dict[int, Rows]

    def __len__(self) -> int:
        return len(self.world)

    def take(self, kept: Mask | Rows) -> Match:
        return Match(
            self.world[kept],
            {variable: column[kept] for variable, column in self.columns.items()},
            {place: rows[kept] for place, rows in self.rows.items()},
        )

    def where(self, kept: Mask) -> Match:
        return self if bool(kept.all()) else self.take(kept)


def begin(
    place: int,
    terms: tuple[int, ...],
    rows: Rows,
    world: Ints,
    columns: list[Ints],
    constants: dict[int, int],
) -> Match:
    """A body of which one place is met by some facts, given by their columns."""
    known = {variable: np.full(len(world), number, np.int32) for variable, number in constants.items()}
    return bound(Match(world, known, {place: rows}), terms, columns)


def extend(
    match: Match,
    place: int,
    terms: tuple[int, ...],
    extent: Extent,
    steps: bool = False,
    before: int | None = None,
    needed: frozenset[int] | None = None,
) -> Match:
    """The ways in which a further place can be met: by steps only, or by rows before a certain one only.
    Of the variables those in `needed` are kept, or all. Raises TooMany."""
    shared = tuple(index for index, term in enumerate(terms) if term in match.columns)
    columns = [match.columns[terms[index]] for index in shared]
    left, right = extent.pairs(shared, match.world, columns, steps)
    if before is not None:
        old = right < before
        left, right = left[old], right[old]
    kept = {v: column for v, column in match.columns.items() if needed is None or v in needed}
    longer = Match(match.world, kept, match.rows).take(left)
    longer.rows[place] = right
    fresh = [
        index
        for index, term in enumerate(terms)
        if index not in shared and (needed is None or term in needed or terms.count(term) > 1)
    ]
    others = [extent.columns[index].values[right] for index in fresh]
    return bound(longer, tuple(terms[index] for index in fresh), others)


def bound(match: Match, terms: tuple[int, ...], columns: list[Ints]) -> Match:
    """Bind a place's variables; only rows where repeated variables agree remain."""
    kept = np.ones(len(match), bool)
    for term, column in zip(terms, columns, strict=True):
        if term not in match.columns:
            match.columns[term] = column
        elif match.columns[term] is not column:
            kept &= match.columns[term] == column
    return match.where(kept)


def head_columns(rule: Inference, match: Match) -> list[Ints]:
    """The arguments of the facts that a rule without a count gives."""
    columns = [match.columns[term] for term in rule.head_terms]
    if rule.mirror is not None:
        place, mirror = rule.mirror
        columns[place] = np.array(mirror, np.int32)[columns[place]]
    return columns


def solve(
    match: Match,
    body: Conditions,
    extents: Mapping[str, Extent],
    wanted: frozenset[int],
    steps: bool = False,
    before: Mapping[int, int] | None = None,
) -> Match:
    """Meet all other places of a body, keeping the variables in `wanted`; what is `before` is said by place.
    With `steps` the first place takes steps only. Raises TooMany."""
    left = [place for place in range(len(body.holds)) if place not in match.rows]
    filters = Filters(body, extents)
    match = filters.apply(match)
    while left:
        if not len(match):
            return match
        place = max(left, key=lambda p: (sum(t in match.columns for t in body.holds[p][1]), -p))
        left.remove(place)
        relation, terms = body.holds[place]
        limit = before.get(place) if before else None
        needed = wanted | filters.needed() | {term for p in left for term in body.holds[p][1]}
        match = extend(match, place, terms, extents[relation], steps and place == 0, limit, needed)
        match = filters.apply(match)
    return match


class Filters:
    """The conditions of a body that bind nothing, each taken once."""

    def __init__(self, body: Conditions, extents: Mapping[str, Extent]) -> None:
        self._absent = list(body.absent)
        self._comparisons = list(body.comparisons)
        self._extents = extents

    def needed(self) -> set[int]:
        """The variables of the conditions not yet taken."""
        terms = {term for _, terms in self._absent for term in terms}
        return terms | {term for left, _, right in self._comparisons for term in (left, right)}

    def apply(self, match: Match) -> Match:
        """Take the conditions whose variables are all bound."""
        for comparison in list(self._comparisons):
            left, op, right = comparison
            if left in match.columns and right in match.columns:
                self._comparisons.remove(comparison)
                match = match.where(_COMPARE[op](match.columns[left], match.columns[right]))
        for atom in list(self._absent):
            relation, terms = atom
            if all(term in match.columns for term in terms):
                self._absent.remove(atom)
                row = self._extents[relation].find(match.world, [match.columns[t] for t in terms])
                match = match.where(row < 0)
        return match
