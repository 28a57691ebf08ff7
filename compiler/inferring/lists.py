"""Columns that grow at their end, and lists in columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray


class Column:
    """A numpy column to which values are appended, in constant time for each of them. It may keep what it is
    given first as its own."""

    def __init__(self, dtype: DTypeLike) -> None:
        self._data: NDArray[Any] = np.empty(16, dtype)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    @property
    def values(self) -> NDArray[Any]:
        return self._data[: self._count]

    def append(self, values: NDArray[Any]) -> None:
        end = self._count + len(values)
        if not self._count and len(values) and values.dtype == self._data.dtype and values.flags.writeable:
            self._data, self._count = values, end
            return
        if end > len(self._data):
            grown = np.empty(max(end, 2 * len(self._data)), self._data.dtype)
            grown[: self._count] = self.values
            self._data = grown
        self._data[self._count : end] = values
        self._count = end


@dataclass(frozen=True)
class Lists:
    """A list of numbers for each row: `flat[start[row] : start[row] + many[row]]`."""

    flat: NDArray[np.int32]
    start: NDArray[np.int64]  # [rows]
    many: NDArray[np.int32]  # [rows]

    @classmethod
    def of(cls, columns: list[NDArray[Any]]) -> Lists:
        """Lists of one length: row i's are the i-th of each column."""
        rows, width = len(columns[0]), len(columns)
        flat = np.empty((rows, width), np.int32)
        for place, column in enumerate(columns):
            flat[:, place] = column
        return cls(flat.reshape(-1), np.arange(rows) * width, np.full(rows, width, np.int32))

    def __getitem__(self, row: int) -> list[int]:
        start = int(self.start[row])
        return self.flat[start : start + int(self.many[row])].tolist()

    def take(self, rows: NDArray[np.int64]) -> Lists:
        """The lists of some rows, one behind the other."""
        count, width = len(self.many), int(self.many.max(initial=0))
        if np.array_equal(self.start, np.arange(count) * width) and len(self.flat) == count * width:
            flat = _taken(self.flat, width, rows)  # all are of one length, in their order
            return Lists(flat, np.arange(len(rows)) * width, np.full(len(rows), width, np.int32))
        start, many = self.start[rows], self.many[rows]
        ends = np.cumsum(many, dtype=np.int64)
        place = np.arange(int(many.sum())) - np.repeat(ends - many, many)
        return Lists(self.flat[np.repeat(start, many) + place], ends - many, many)


def _taken(flat: NDArray[np.int32], width: int, rows: NDArray[np.int64]) -> NDArray[np.int32]:
    """Some rows of a table of this width. Two numbers go as one of twice the size: several times faster."""
    if width == 2:
        pairs: NDArray[np.int32] = np.ascontiguousarray(flat).view(np.int64)[rows].view(np.int32)
        return pairs
    return flat.reshape(-1, width)[rows].reshape(-1) if width else flat[:0]


def changes(columns: list[NDArray[Any]]) -> NDArray[np.bool_]:
    """Where rows differ from the row before; the first one does."""
    found = np.zeros(len(columns[0]), bool)
    found[:1] = True
    for column in columns:
        found[1:] |= column[1:] != column[:-1]
    return found


def distinct(values: NDArray[Any]) -> NDArray[Any]:
    """Numbers in order, each once: as `np.unique`, which hashes them first, and several times faster."""
    ordered = np.sort(values)
    return ordered[changes([ordered])]
