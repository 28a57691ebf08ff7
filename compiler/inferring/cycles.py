"""Whether following a relation leads back: cycles in graphs of any size and depth."""

from __future__ import annotations

import numpy as np

from wug.compiler.facts import Rows
from wug.compiler.inferring.lists import Lists


def find_cycle(start: Rows, end: Rows) -> tuple[int, int] | None:
    """Two edges that follow each other on a cycle of the graph with edges from `start` to `end`."""
    nodes, number = np.unique(np.concatenate([start, end]), return_inverse=True)
    start, end = number[: len(start)], number[len(start) :]
    if len(np.unique(start)) == len(start):
        return _among_single(start, end, len(nodes))
    if len(np.unique(end)) == len(end):
        back = _among_single(end, start, len(nodes))
        return None if back is None else (back[1], back[0])
    left = _without_ends(start, end, len(nodes))
    if not len(left):
        return None
    _, one = np.unique(start[left], return_index=True)  # one edge of each node: still each leads to another
    first, second = _among_single(start[left[one]], end[left[one]], len(nodes)) or (0, 0)
    return int(left[one[first]]), int(left[one[second]])


def leading_back(start: Rows, end: Rows) -> Rows:
    """Edges of each part of the graph that has a cycle, and none of the others."""
    nodes, number = np.unique(np.concatenate([start, end]), return_inverse=True)
    return _without_ends(number[: len(start)], number[len(start) :], len(nodes))


def _among_single(start: Rows, end: Rows, nodes: int) -> tuple[int, int] | None:
    """Edges on a cycle where each node has one edge at most: who still goes on after as many steps as there
    are nodes has come to a cycle. The steps are doubled each time."""
    edge = np.full(nodes + 1, -1, np.int64)
    edge[start] = np.arange(len(start))
    step = np.full(nodes + 1, nodes, np.int64)  # the last node is nowhere
    step[start] = end
    for _ in range(nodes.bit_length()):
        step = step[step]
    going = np.flatnonzero(step < nodes)
    if not len(going):
        return None
    first = int(edge[step[going[0]]])
    return first, int(edge[end[first]])


def _without_ends(start: Rows, end: Rows, nodes: int) -> Rows:
    """The edges that are left when nodes that lead nowhere are taken away, again and again."""
    ahead = np.bincount(start, minlength=nodes)
    order = np.argsort(end, kind="stable")
    behind = np.bincount(end, minlength=nodes)
    into = Lists(order.astype(np.int32), np.cumsum(behind) - behind, behind.astype(np.int32))
    ends = np.flatnonzero(ahead == 0)
    while len(ends):
        sources, lost = np.unique(start[into.take(ends).flat], return_counts=True)
        ahead[sources] -= lost
        ends = sources[ahead[sources] == 0]
    return np.flatnonzero((ahead[start] > 0) & (ahead[end] > 0))
