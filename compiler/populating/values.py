"""Values: one table for each type, in order, which all worlds share.

A fact's argument of a value type is a number in that table, so two values of a type compare as their numbers
do. `below` and `index` place a constant among them, whether or not it is there.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wug.compiler.data.typed import key_of, written

Column = NDArray[np.str_] | NDArray[np.int64]
"""Values not yet numbered: texts of the type text, keys of the others."""


@dataclass(frozen=True)
class Values:
    """The distinct values of a type in ascending order: integers and numbers by size, days by time, texts by
    their characters."""

    type: str
    texts: NDArray[np.str_]  # [values]
    keys: Column  # [values], ascending: what they are ordered by

    def __len__(self) -> int:
        return len(self.texts)

    def below(self, text: str) -> int:
        """How many values are smaller than this one. Raises ValueError where it is not of the type."""
        return int(np.searchsorted(self.keys, self._key(text)))

    def index(self, text: str) -> int:
        """The number of this value, -1 where it is not in the table. Raises ValueError as `below` does."""
        place = self.below(text)
        return place if place < len(self) and self.keys[place] == self._key(text) else -1

    def numbers(self, column: Column) -> NDArray[np.int64]:
        """A column as numbers in the table, which has all its values."""
        return np.searchsorted(self.keys, column)

    def _key(self, text: str) -> int | str:
        if self.type == "text":
            return text
        key = key_of(self.type, text)
        if key is None:
            raise ValueError(f"'{text}' is no {self.type}")
        return key


def column_of(type: str, texts: Iterable[str]) -> Column:
    """Canonical texts as a column."""
    if type == "text":
        return np.array(list(texts), np.str_)
    return np.array([key_of(type, text) for text in texts], np.int64)


def texts_of(type: str, column: Column) -> NDArray[np.str_]:
    """A column as texts, each distinct value written once."""
    if type == "text":
        return column.astype(np.str_)
    keys, number = np.unique(column, return_inverse=True)
    return np.array([written(type, int(key)) for key in keys], np.str_)[number.reshape(column.shape)]


def tabulate(type: str, columns: list[Column]) -> Values:
    """The table of all values of some columns."""
    keys = np.unique(np.concatenate([np.unique(column) for column in columns]))
    return Values(type, texts_of(type, keys), keys)
