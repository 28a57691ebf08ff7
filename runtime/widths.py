"""Widths: how far rows are padded and how many make a batch. Few shapes, few compilations. No JAX here."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

# Rows are padded to the next of these widths, or to multiples of the last.
_WIDTHS = np.array([16, 32, 64, 96, 128, 192, 256, 384, 512])
TOKENS, _ROWS = 4096, 64  # at most so many tokens and rows a batch
CHUNK = 256


def padded(length_Q: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The width to which a row of each length is padded."""
    beyond_Q = -(-length_Q // _WIDTHS[-1]) * _WIDTHS[-1]
    place_Q = np.searchsorted(_WIDTHS, length_Q)
    return np.where(length_Q > _WIDTHS[-1], beyond_Q, _WIDTHS[np.minimum(place_Q, len(_WIDTHS) - 1)])


def batch_of(width: int) -> int:
    """How many rows of a width are read at once."""
    return max(1, min(_ROWS, TOKENS // width))


def roomy(tokens: int) -> int:
    """Room for so many tokens: a power of two from 64 on, or a multiple of `CHUNK`; none for none.

    Programs of smaller rows take XLA three times as long to compile on a CPU.
    """
    if tokens > CHUNK:
        return -(-tokens // CHUNK) * CHUNK
    return max(64, 1 << (tokens - 1).bit_length()) if tokens else 0
