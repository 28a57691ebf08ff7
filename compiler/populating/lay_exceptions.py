"""Exceptions: drawn members of a hierarchy that lack something which a member above them has.

What stands above is found along first parents. Every pair of an ancestor and something stated of it is one
choice; a member that has the same thing by a statement of its own is no exception to it.
"""

from __future__ import annotations

import numpy as np

from wug.compiler.draw import below, draw, permute
from wug.compiler.facts import Facts, Rows
from wug.compiler.populating.plot import Laid, Mask, Plot


def lay_exceptions(plot: Plot, hierarchy: Facts, upward: bool, stated: Facts) -> Laid:
    """One exception for each chosen member, of the declared share of those that can be one."""
    worlds, most = len(plot.seeds), int(plot.counts[0].max(initial=1))
    parent = _parents(hierarchy, upward, worlds, most)
    first, count, things = _stated(stated, worlds, most)
    inherited = _inherited(parent, count)
    choice = np.where(inherited > 0, _drawn_choice(plot, inherited), 0)
    found = np.full(parent.shape, -1, np.int64)
    tried = np.zeros(parent.shape, np.int64)
    while True:  # a choice that is the member's own passes to the next one; each is tried once
        of, node = np.nonzero((found < 0) & (tried < inherited))
        if not len(of):
            break
        pick = (choice[of, node] + tried[of, node]) % inherited[of, node]
        thing = things[_place(parent, first, count, of, node, pick)]
        own = _has(first, count, things, of, node, thing)
        found[of, node] = np.where(own, -1, thing)
        tried[of, node] += 1
    able = found >= 0
    kept = able & (_rank(plot, able) < _wanted(plot, able))
    node = np.broadcast_to(np.arange(most, dtype=np.int64), kept.shape)
    return Laid(node, np.maximum(found, 0), kept)


def _drawn_choice(plot: Plot, inherited: Rows) -> Rows:
    """Which of the things above each member it lacks."""
    node = np.arange(inherited.shape[1], dtype=np.int64)[None, :]
    return below(draw(plot.seeds, plot.path("thing"), node), np.maximum(inherited, 1))


def _wanted(plot: Plot, able: Mask) -> Rows:
    """So many exceptions in each world [worlds, 1]: the share, and one at least."""
    count = able.sum(axis=1, keepdims=True)
    if plot.most is not None:
        return np.minimum(plot.most, count)
    whole = 1_000_000_000
    return np.maximum(1, (count * plot.population.share + whole // 2) // whole)


def _rank(plot: Plot, able: Mask) -> Rows:
    """A drawn order of those that can be an exception [worlds, members]."""
    count = np.maximum(able.sum(axis=1, keepdims=True), 1)
    number = np.where(able, np.cumsum(able, axis=1) - 1, 0)
    return permute(plot.seeds, plot.path("chosen"), number, count)


def _parents(hierarchy: Facts, upward: bool, worlds: int, most: int) -> Rows:
    """The first parent of each member [worlds, members], -1 of roots."""
    child, parent = hierarchy.arguments.T if upward else hierarchy.arguments.T[::-1]
    table = np.full((worlds, most), -1, np.int64)
    table[hierarchy.world[::-1], child[::-1]] = parent[::-1]  # of several the first one stays
    return table


def _stated(stated: Facts, worlds: int, most: int) -> tuple[Rows, Rows, Rows]:
    """What is stated of each member: where it begins [worlds, members], how much it is, and all of it."""
    key = stated.world.astype(np.int64) * most + stated.arguments[:, 0]
    order = np.argsort(key, kind="stable")
    count = np.bincount(key, minlength=worlds * most)
    first = np.cumsum(count) - count
    things = stated.arguments[order, 1].astype(np.int64)
    return first.reshape(worlds, most), count.reshape(worlds, most), things


def _inherited(parent: Rows, count: Rows) -> Rows:
    """How many things are stated of all members above each one."""
    total = np.zeros(parent.shape, np.int64)
    at = parent
    while bool((at >= 0).any()):
        above = np.maximum(at, 0)
        total += np.where(at >= 0, np.take_along_axis(count, above, axis=1), 0)
        at = np.where(at >= 0, np.take_along_axis(parent, above, axis=1), -1)
    return total


def _place(parent: Rows, first: Rows, count: Rows, of: Rows, node: Rows, pick: Rows) -> Rows:
    """Where among all things the pick-th above each member stands."""
    at = parent[of, node]
    left = pick.copy()
    while bool((going := left >= count[of, at]).any()):
        left = np.where(going, left - count[of, at], left)
        at = np.where(going, parent[of, at], at)
    return np.asarray(first[of, at] + left)


def _has(first: Rows, count: Rows, things: Rows, of: Rows, node: Rows, thing: Rows) -> Mask:
    """Whether a thing is stated of a member."""
    own = np.zeros(len(of), bool)
    for turn in range(int(count[of, node].max(initial=0))):
        here = turn < count[of, node]
        at = np.where(here, first[of, node] + turn, 0)
        own |= here & (things[at] == thing)
    return own
