"""Batches as a pure function of (corpus, seed, step): nothing to save, nothing to restore, exact resume.

Rows are visited in epochs, each a permutation of its own, so every row is seen equally often up to one.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from wug.compiler.draw import draw, seed_word


@lru_cache(maxsize=64)
def epoch_order(corpus: str, seed: int, epoch: int, rows: int) -> npt.NDArray[np.int64]:
    """The order of one epoch, a permutation of `rows`: rows sorted by their draws, ties by row."""
    draws = draw(seed_word("batches", seed), f"{corpus}/{epoch}", np.arange(rows, dtype=np.uint64))
    return np.argsort(draws, kind="stable")


def batch_rows(
    corpus: str, seed: int, first: int, steps: int, batch: int, rows: int
) -> npt.NDArray[np.int64]:
    """Rows [steps, batch] of steps `first`, `first + 1`, ...; a batch may run on into the next epoch."""
    position = np.arange(first * batch, (first + steps) * batch, dtype=np.int64)
    epoch, place = position // rows, position % rows
    chosen = np.empty_like(position)
    for number in np.unique(epoch):
        inside = epoch == number
        chosen[inside] = epoch_order(corpus, seed, int(number), rows)[place[inside]]
    return chosen.reshape(steps, batch)
