"""Checked populations: how the facts of a relation are laid out."""

from __future__ import annotations

from dataclasses import field

from wug.compiler.language.source import Span
from wug.compiler.record import Record


class Population(Record):
    """How facts are drawn: the method and its settings; ranges are (low, high), 0 is "not said".

    With `partners` of pairs, each first entity has so many partners and each partner is in one fact; else
    the pairs lie around a circle, so that each entity is first and second equally often. An `upward` forest
    has the child first; with `couples`, the name of the relation that says their sex, two have children
    together. A permutation is drawn `for_each` member of the argument at that place. `spread` says how an
    attribute is distributed: uniform, weighted, zipf or evenly.
    """

    method: str
    span: Span = field(compare=False)
    count: int = 0
    partners: int = 0
    roots: int = 1
    children: tuple[int, int] = (0, 3)
    depth: int = 0
    parents: tuple[int, int] = (1, 1)
    upward: bool = False
    couples: str = ""
    length: int = 0
    width: int = 0
    degree: tuple[int, int] = (0, 0)
    directed: bool = False
    each: tuple[int, int] = (1, 1)
    spread: str = "uniform"
    weights: tuple[int, ...] = ()
    exponent: str = ""
    between: Between | None = None
    of: str = ""
    along: str = ""
    share: int = 0
    columns: tuple[tuple[str, str], ...] = ()
    empty: bool = False
    scene: str = ""
    for_each: int = 0

    @property
    def together(self) -> int:
        """How many have children together."""
        return 2 if self.couples else 1


class Between(Record):
    """Values from `low` in `count` steps of `step`, as keys of their type."""

    low: int
    step: int
    count: int
