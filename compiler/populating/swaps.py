"""Random swaps: edges of graphs change partners, so that a regular graph becomes a random one.

A swap turns a-b and c-d into a-d and c-b. Every node keeps its number of edges, and a swap that would join a
node to itself or make an edge twice is left out, so each round ends with a graph as good as it began.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from wug.compiler.draw import Words, permute
from wug.compiler.facts import Rows

ROUNDS = 6


def swap_partners(of: Rows, first: Rows, second: Rows, seeds: Words, path: str, undirected: bool) -> Rows:
    """The second ends of edges [edges] after some rounds. `of` says in which world each edge is; of an
    undirected graph both ends are of one type, and a-b is b-a."""
    size = int(max(first.max(initial=0), second.max(initial=0))) + 1
    second = second.copy()

    def key(world: Rows, a: Rows, b: Rows) -> Rows:
        low, high = (np.minimum(a, b), np.maximum(a, b)) if undirected else (a, b)
        return np.asarray((world * size + low) * size + high)

    number = np.arange(len(of), dtype=np.int64)
    start = np.searchsorted(of, of)
    place, count = number - start, np.searchsorted(of, of, side="right") - start
    order = np.empty_like(number)
    for turn in range(ROUNDS):
        order[start + permute(seeds[of], f"{path}/swap/{turn}", place, count)] = number
        left, right = order[:-1:2], order[1::2]
        same = of[left] == of[right]
        left, right = left[same], right[same]
        new = [
            key(of[left], first[left], second[right]),
            key(of[right], first[right], second[left]),
        ]
        alone = _alone(np.concatenate([*new, key(of, first, second)]))
        good = alone[: len(left)] & alone[len(left) : 2 * len(left)]
        if undirected:
            good &= (first[left] != second[right]) & (first[right] != second[left])
        left, right = left[good], right[good]
        second[left], second[right] = second[right], second[left]
    return second


def _alone(keys: Rows) -> NDArray[np.bool_]:
    """Which keys are there once."""
    order = np.argsort(keys, kind="stable")
    ascending = keys[order]
    twice = ascending[1:] == ascending[:-1]
    found = np.ones(len(keys), bool)
    found[order[1:][twice]] = False
    found[order[:-1][twice]] = False
    return found
