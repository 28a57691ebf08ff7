"""The levels of a forest: how many nodes stand on each, found by arithmetic alone."""

from __future__ import annotations

from functools import lru_cache
from math import gcd

_PARTS = 64
"""Growth is tried in so many steps for each child."""


@lru_cache
def level_sizes(
    count: int, roots: int, children: tuple[int, int], depth: int, together: int = 1
) -> tuple[int, ...]:
    """How many nodes stand on each level, with as little growth from one to the next as the depth allows.

    Without a depth the growth is that of the mean number of children. Where not even the most children give
    room for all, the sizes add up to less than the count. So many nodes `together` have children.
    """
    low, high = children
    if not depth:
        return _grown(
            count, roots, high, max(_PARTS, _PARTS * (low + high) // 2 // together), count, together
        )
    slow, fast = max(_PARTS * low // together, 1), _PARTS * high // together
    while slow < fast:
        middle = (slow + fast) // 2
        if sum(_grown(count, roots, high, middle, depth, together)) < count:
            slow = middle + 1
        else:
            fast = middle
    return _grown(count, roots, high, fast, depth, together)


def _grown(count: int, roots: int, most: int, growth: int, depth: int, together: int) -> tuple[int, ...]:
    """Levels that grow at a rate, in parts of one, at most by the most children of each node."""
    sizes, left = [roots], count - roots
    part = gcd(growth, _PARTS)
    # The next level would have power // scale nodes: whole numbers, which get no longer than they matter.
    power, scale, times, parts = roots, 1, growth // part, _PARTS // part
    while left > 0 and len(sizes) <= depth and sizes[-1]:
        steady = times == parts or power < scale or power >= scale * count
        if not steady:
            power, scale = power * times, scale * parts
        size = min(most * (sizes[-1] // together), max(1, power // scale))
        alike = left // size if steady and size == sizes[-1] else 0
        found = [size] * min(alike, depth + 1 - len(sizes)) or [min(left, size)]
        sizes += found
        left -= sum(found)
    return tuple(sizes)
