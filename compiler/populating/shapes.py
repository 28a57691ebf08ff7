"""Shapes of terms: how operators are nested, whatever the atoms are; and what rewritings do to a shape.

Everything about a term but its atoms is decided by its shape, so that the terms of one shape, in all worlds,
are columns of atoms and are rewritten together.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from wug.compiler.draw import path_word, permute
from wug.compiler.entities import Terms
from wug.compiler.rules import Applied, Called, Composed, Rewriting

MOST = 200
"""The most shapes of one depth that terms are drawn of: of more a keyed sample."""


@dataclass(frozen=True)
class Shape:
    """An operator over shapes, or an atom (-1)."""

    operator: int = -1
    parts: tuple[Shape, ...] = ()

    @cached_property
    def atoms(self) -> int:
        return sum(part.atoms for part in self.parts) if self.parts else 1

    @cached_property
    def depth(self) -> int:
        return 1 + max(part.depth for part in self.parts) if self.parts else 0

    @cached_property
    def operators(self) -> frozenset[int]:
        return frozenset({self.operator}.union(*(part.operators for part in self.parts)) - {-1})

    def spans(self) -> list[tuple[Shape, slice]]:
        """Its parts and which of its atoms are theirs."""
        ends = list(itertools.accumulate((part.atoms for part in self.parts), initial=0))
        return [(part, slice(*ends[i : i + 2])) for i, part in enumerate(self.parts)]

    def all(self) -> list[Shape]:
        """It and all its parts."""
        return [self, *(each for part in self.parts for each in part.all())]

    def text(self, terms: Terms, atoms: Sequence[str]) -> str:
        """How a term of this shape reads."""
        if not self.parts:
            return atoms[0]
        said = [part.text(terms, atoms[span]) for part, span in self.spans()]
        return "".join(p if isinstance(p, str) else said[p] for p in terms.operators[self.operator].pieces)

    def pieces(self, terms: Terms) -> list[str | int]:
        """How terms of this shape read, with the numbers of their atoms where these are said."""
        marks = [f"\0{atom}\0" for atom in range(self.atoms)]
        parts = self.text(terms, marks).split("\0")
        return [int(part) if place % 2 else part for place, part in enumerate(parts) if place % 2 or part]


ATOM = Shape()


def shapes(terms: Terms, name: str) -> list[list[Shape]]:
    """The shapes that terms are drawn of, by depth, the lowest first."""
    low, high = terms.depth
    found: dict[int, list[Shape]] = {depth: [] for depth in range(low, high + 1)}
    for depth in found:
        total = _count(terms, depth)
        for first in range(0, total, MOST):
            index = np.arange(first, min(total, first + MOST), dtype=np.int64)
            for number in permute(path_word("terms"), f"{name}/shapes/{depth}", index, total).tolist():
                shape = _shape(terms, depth, number)
                if shape.depth == depth and len(found[depth]) < MOST:
                    found[depth].append(shape)
            if len(found[depth]) == MOST:
                break
    return list(found.values())


def _count(terms: Terms, depth: int) -> int:
    """How many shapes are at most so deep."""
    return 1 + sum(_count(terms, depth - 1) ** each.arity for each in terms.operators) if depth else 1


def _shape(terms: Terms, depth: int, number: int) -> Shape:
    """The shape of a number below `_count`."""
    if number == 0:
        return ATOM
    number -= 1
    base = _count(terms, depth - 1)
    for place, operator in enumerate(terms.operators):
        if number < base**operator.arity:
            parts = [_shape(terms, depth - 1, number // base**i % base) for i in range(operator.arity)]
            return Shape(place, tuple(parts))
        number -= base**operator.arity
    raise ValueError("no shape has this number")


@dataclass(frozen=True)
class Result:
    """What rewriting makes of a shape: another shape, and each of its atoms as an atom of the first one to
    which relations are applied, the innermost first."""

    shape: Shape
    atoms: tuple[tuple[int, tuple[str, ...]], ...]


@dataclass
class Rewriter:
    """Rewrites shapes by the rewritings of a world."""

    rewritings: Mapping[tuple[str, int], Rewriting]
    _done: dict[tuple[str, Shape], Result] = field(default_factory=dict)

    @staticmethod
    def of(rewritings: Sequence[Rewriting]) -> Rewriter:
        return Rewriter({(each.relation, each.operator): each for each in rewritings})

    def rewrite(self, relation: str, shape: Shape) -> Result:
        """What a relation gives for terms of a shape. The parts are rewritten before the whole."""
        if (relation, shape) not in self._done:
            written = self.rewritings[relation, shape.operator]
            self._done[relation, shape] = self._result(written.result, shape)
        return self._done[relation, shape]

    def _result(self, composed: Composed, shape: Shape) -> Result:
        if isinstance(composed, int):
            part, span = shape.spans()[composed] if shape.parts else (ATOM, slice(0, 1))
            return Result(part, tuple((atom, ()) for atom in range(span.start, span.stop)))
        if isinstance(composed, Applied):
            parts = [self._result(operand, shape) for operand in composed.operands]
            atoms = tuple(atom for part in parts for atom in part.atoms)
            return Result(Shape(composed.operator, tuple(part.shape for part in parts)), atoms)
        return self._applied(composed, shape)

    def _applied(self, called: Called, shape: Shape) -> Result:
        inner = self._result(called.of, shape)
        if (called.relation, -1) in self.rewritings:
            outer = self.rewrite(called.relation, inner.shape)
            atoms = tuple(
                (inner.atoms[atom][0], inner.atoms[atom][1] + applied) for atom, applied in outer.atoms
            )
            return Result(outer.shape, atoms)
        ((atom, applied),) = inner.atoms
        return Result(ATOM, ((atom, (*applied, called.relation)),))
