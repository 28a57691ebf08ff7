"""Families: forests in which two members of a level, of different sexes, have their children together.

Level by level, the members that can be parents stand in the order of the families they come from, and each of
the one sex goes with the one who stands half a round further among the other: so partners come from families
that are apart, and brothers and sisters are never partners. Whoever finds no place below a couple has no
parents there: somebody who has moved in.
"""

from __future__ import annotations

import numpy as np

from wug.compiler.draw import Words, draw, permute
from wug.compiler.facts import Facts, Rows
from wug.compiler.populating.plot import Laid, Mask, Plot

_LAST = np.uint64(2**64 - 1)


def lay_couples(plot: Plot, bounds: Rows, sex: Facts) -> Laid:
    """Two facts for each child; `bounds` [worlds, levels + 1] are the first members of the levels."""
    node = plot.nodes()
    shape = (len(bounds), node.shape[1])
    second = _second_sex(plot, sex, shape)
    family = np.full(shape, -1, np.int64)
    parents = np.zeros((*shape, 2), np.int64)
    for level in range(1, bounds.shape[1] - 1):
        start, end = bounds[:, level - 1, None], bounds[:, level, None]
        couples, count = _couples(plot, (node >= start) & (node < end), second, family)
        here = (node >= end) & (node < bounds[:, level + 1, None])
        of = _places(plot, level, np.where(here, node - end, 0), bounds[:, level + 1, None] - end, count)
        placed = here & (of >= 0)
        chosen = np.take_along_axis(couples, np.maximum(of, 0)[:, :, None], axis=1)
        parents = np.where(placed[:, :, None], chosen, parents)
        family = np.where(placed, level * shape[1] + of, family)
    children = np.broadcast_to(node[:, :, None], parents.shape)
    kept = np.broadcast_to((family >= 0)[:, :, None], parents.shape)
    flat = (shape[0], -1)
    return Laid(parents.reshape(flat), children.reshape(flat), kept.reshape(flat))


def _second_sex(plot: Plot, sex: Facts, shape: tuple[int, int]) -> Mask:
    """Who is of the second row's sex; where a small fresh world does not say it, every other one."""
    found = np.broadcast_to(plot.nodes() % 2 == 1, shape).copy()
    found[sex.world, sex.arguments[:, 0]] = sex.arguments[:, 1] == 1
    return found


def _couples(plot: Plot, able: Mask, second: Mask, family: Rows) -> tuple[Rows, Rows]:
    """The partners [worlds, couples, 2] among those who are able to be, and how many couples [worlds, 1]."""
    node = plot.nodes()
    own = draw(plot.seeds, plot.path("newcomer"), node)
    order = np.where(family >= 0, draw(plot.seeds, plot.path("family"), np.maximum(family, 0)), own)
    one, ones = _sorted(order, able & ~second)
    other, others = _sorted(order, able & second)
    further = (node + others // 2) % np.maximum(others, 1)
    partner = np.take_along_axis(other, further, axis=1)
    related = np.take_along_axis(family, one, axis=1) == np.take_along_axis(family, partner, axis=1)
    strangers = ~related | (np.take_along_axis(family, one, axis=1) < 0)
    kept = (node < np.minimum(ones, others)) & strangers
    first = np.argsort(~kept, axis=1, kind="stable")
    pairs = np.stack([one, partner], axis=2)
    return np.take_along_axis(pairs, first[:, :, None], axis=1), kept.sum(axis=1, keepdims=True)


def _sorted(order: Words, chosen: Mask) -> tuple[Rows, Rows]:
    """The chosen members of each world by their order, the others behind them, and how many are chosen."""
    by = np.argsort(np.where(chosen, order, _LAST), axis=1, kind="stable")
    return by, chosen.sum(axis=1, keepdims=True)


def _places(plot: Plot, level: int, rank: Rows, size: Rows, couples: Rows) -> Rows:
    """The couple of each child of a level, -1 where there is no place: first the least number of children for
    each couple, then drawn places of those that are left."""
    low, high = plot.population.children
    sure = np.where(size >= low * couples, low * couples, 0)
    each = np.where(sure > 0, high - low, high)
    places = each * couples
    drawn = (rank >= sure) & (rank - sure < places)
    key = draw(plot.seeds, plot.path("level"), level)
    place = permute(key, "place", np.where(drawn, rank - sure, 0), np.maximum(places, 1))
    return np.where(rank < sure, rank // max(low, 1), np.where(drawn, place // np.maximum(each, 1), -1))
