"""Distributions in integers: cumulative weights that are the same on every machine."""

from __future__ import annotations

from decimal import Context, Decimal
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from wug.compiler.draw import Words, scaled
from wug.compiler.facts import Rows

_EXACT = 1024
_FINE = 64
_UNIT = 2**36


def cumulative(weights: tuple[int, ...], count: int) -> Rows:
    """Where the weight of each of the first `count` ends, from 0 on [count + 1]."""
    return np.concatenate([[0], np.cumsum(np.array(weights[:count], np.int64))])


@lru_cache
def zipf(exponent: str, count: int) -> Rows:
    """Cumulative weights of the ranks 1, 2, ...: one over the rank to the power of the exponent.

    Computed to 28 digits for the first ranks and for some of the others, between which they run in straight
    lines; the logarithm and exponential of the decimal library are rounded correctly everywhere.
    """
    ranks = list(range(1, min(count, _EXACT) + 1))
    while ranks[-1] < count:
        ranks.append(ranks[-1] + max(1, ranks[-1] // _FINE))
    context = Context(prec=28)
    power = Decimal(exponent)
    weight = [
        int(context.multiply(_UNIT, context.exp(context.multiply(-power, context.ln(rank)))))
        for rank in map(Decimal, ranks)
    ]
    anchor, value = np.array(ranks, np.int64), np.array(weight, np.int64)
    rank = np.arange(1, count + 1, dtype=np.int64)
    right = np.searchsorted(anchor, rank)
    left = np.maximum(right - 1, 0)
    run = np.maximum(anchor[right] - anchor[left], 1)
    line = value[left] + (value[right] - value[left]) * (rank - anchor[left]) // run
    each = np.maximum(np.where(anchor[right] == rank, value[right], line), 1)
    return np.concatenate([[0], np.cumsum(each)])


def draw_apart(bits: Words, ends: Rows, count: Rows, turns: int) -> NDArray[np.int64]:
    """Different numbers by their weights: [..., turns] out of random bits [..., turns].

    `ends` are cumulative weights, `count` [...] how many numbers there are to choose from. Each turn draws
    from the weight that those before it have left; numbers beyond `count` turns mean nothing.
    """
    chosen = np.zeros(bits.shape, np.int64)
    total = ends[count]
    taken = np.zeros(bits.shape[:-1], np.int64)
    for turn in range(turns):
        point = scaled(bits[..., turn], np.maximum(total - taken, 1))
        for earlier in np.moveaxis(np.sort(chosen[..., :turn], axis=-1), -1, 0):
            point += np.where(point >= ends[earlier], ends[earlier + 1] - ends[earlier], 0)
        found = np.searchsorted(ends, point, side="right") - 1
        chosen[..., turn] = np.minimum(found, count - 1)
        taken += ends[chosen[..., turn] + 1] - ends[chosen[..., turn]]
    return chosen
