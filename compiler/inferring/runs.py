"""An index that grows: from keys to rows, in sorted runs.

What is added becomes a run; runs of like size are merged, so that there are few and each row is moved only a
logarithmic number of times. A run with about as many rows as there are keys is looked up by where each key
begins in it, another one by bisection.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Keys = NDArray[np.int64]

MOST_PAIRS = 10_000_000
"""The most pairs that one look-up may give: about 1 GB with what is made of them."""


class TooMany(Exception):
    """A look-up would give more than `MOST_PAIRS`."""

    def __init__(self, total: int) -> None:
        super().__init__(f"{total:,} rows at once")
        self.total = total


def _together(parts: list[Keys]) -> Keys:
    if len(parts) == 1:
        return parts[0]
    return np.concatenate(parts) if parts else np.empty(0, np.int64)


def sort_keys(keys: Keys, domain: int) -> tuple[Keys, Keys]:
    """Keys below `domain` in ascending order, and where each stood; equal ones keep their order."""
    bits = max(1, len(keys).bit_length())
    if domain.bit_length() + bits <= 63:  # sorting numbers is several times faster than sorting their places
        packed = keys << bits
        packed |= np.arange(len(keys))
        packed.sort()
        order = packed & ((1 << bits) - 1)
        packed >>= bits
        return packed, order
    order = np.argsort(keys, kind="stable")
    return keys[order], order


class _Run:
    """Rows sorted by their keys."""

    def __init__(self, keys: Keys, rows: Keys, domain: int) -> None:
        self.keys = keys
        self.rows = rows
        self.domain = domain
        self._begins: Keys | None = None

    def bounds(self, keys: Keys) -> tuple[Keys, Keys]:
        """Where the rows of each key begin and end."""
        if self.domain <= 4 * len(self.keys):
            if self._begins is None:
                counts = np.bincount(self.keys, minlength=self.domain)
                self._begins = np.concatenate([[0], np.cumsum(counts)])
            return self._begins[keys], self._begins[keys + 1]
        low = np.searchsorted(self.keys, keys, side="left")
        return low, np.searchsorted(self.keys, keys, side="right")

    def merged(self, other: _Run) -> _Run:
        """Both together; of equal keys the rows of this one come first."""
        place = np.searchsorted(self.keys, other.keys, side="right") + np.arange(len(other.keys))
        mine = np.ones(len(self.keys) + len(other.keys), bool)
        mine[place] = False
        keys, rows = np.empty(len(mine), np.int64), np.empty(len(mine), np.int64)
        keys[mine], keys[place] = self.keys, other.keys
        rows[mine], rows[place] = self.rows, other.rows
        return _Run(keys, rows, self.domain)


class Runs:
    """From keys, all in range(domain), to rows."""

    def __init__(self, domain: int) -> None:
        self.domain = domain
        self._runs: list[_Run] = []

    def add(self, keys: Keys, rows: Keys) -> None:
        """Add rows whose keys need not be in order."""
        ordered, order = sort_keys(keys, self.domain)
        self.add_sorted(ordered, rows[order])

    def add_sorted(self, keys: Keys, rows: Keys) -> None:
        if not len(keys):
            return
        run = _Run(keys, rows, self.domain)
        while self._runs and len(self._runs[-1].keys) <= 2 * len(run.keys):
            run = self._runs.pop().merged(run)
        self._runs.append(run)

    def pairs(self, keys: Keys) -> tuple[Keys, Keys]:
        """All (place of a key, row with that key). Raises TooMany."""
        bounds = [run.bounds(keys) for run in self._runs]
        total = sum(int((high - low).sum()) for low, high in bounds)
        if total > MOST_PAIRS:
            raise TooMany(total)
        lefts, rights = [], []
        for run, (low, high) in zip(self._runs, bounds, strict=True):
            many = high - low
            lefts.append(np.repeat(np.arange(len(keys)), many))
            place = np.repeat(low - (np.cumsum(many) - many), many)
            place += np.arange(len(place))
            rights.append(run.rows[place])
        return _together(lefts), _together(rights)

    def any(self, keys: Keys) -> NDArray[np.bool_]:
        """Which keys have rows."""
        found = np.zeros(len(keys), bool)
        for run in self._runs:
            low, high = run.bounds(keys)
            found |= high > low
        return found

    def find(self, keys: Keys) -> Keys:
        """The row of each key, of which there is one at most; -1 where there is none."""
        rows = np.full(len(keys), -1, np.int64)
        for run in self._runs:
            low, high = run.bounds(keys)
            found = np.flatnonzero(high > low)
            rows[found] = run.rows[low[found]]
        return rows
