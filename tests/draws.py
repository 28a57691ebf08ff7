"""Choices, made by whoever draws: by a key, or by hypothesis, so that one generator serves both.

What `Keyed` draws depends on its key and on how many choices were made before, and is the same everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import Protocol, TypeVar

from hypothesis import strategies as st

T = TypeVar("T")


class Draws(Protocol):
    """What a generator may ask for."""

    def whole(self, low: int, high: int) -> int:
        """A whole number from `low` to `high`, both of them possible."""

    def one(self, of: Sequence[T]) -> T:
        """One of several things."""

    def some(self, of: Sequence[T], most: int, unique: bool = False) -> list[T]:
        """Up to `most` of several things, perhaps none; `unique` takes none twice."""

    def yes(self) -> bool:
        """One of two things, equally often."""


class Keyed:
    """Choices that follow from a key alone."""

    def __init__(self, *key: object) -> None:
        self.key = "/".join(map(str, key)).encode()
        self.block = 0
        self.bits = b""

    def whole(self, low: int, high: int) -> int:
        if len(self.bits) < 8:
            self.block += 1
            self.bits = blake2b(self.key + b"#%d" % self.block).digest()
        word, self.bits = int.from_bytes(self.bits[:8], "little"), self.bits[8:]
        return low + (word * (high - low + 1) >> 64)

    def one(self, of: Sequence[T]) -> T:
        return of[self.whole(0, len(of) - 1)]

    def some(self, of: Sequence[T], most: int, unique: bool = False) -> list[T]:
        left, taken = list(of), []
        for _ in range(self.whole(0, most)):
            place = self.whole(0, len(left) - 1)
            taken.append(left.pop(place) if unique else left[place])
        return taken

    def yes(self) -> bool:
        return bool(self.whole(0, 1))


class Examples:
    """Choices of hypothesis, which it makes smaller where a test fails."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw

    def whole(self, low: int, high: int) -> int:
        return self.draw(st.integers(low, high))

    def one(self, of: Sequence[T]) -> T:
        return self.draw(st.sampled_from(of))

    def some(self, of: Sequence[T], most: int, unique: bool = False) -> list[T]:
        return self.draw(st.lists(st.sampled_from(of), max_size=most, unique=unique))

    def yes(self) -> bool:
        return self.draw(st.booleans())
