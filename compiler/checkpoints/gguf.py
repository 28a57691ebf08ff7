"""The header of a GGUF file, checked by hand before a byte of a tensor is read.

Settings by key, then where each tensor lies, then the tensors. Only what they are stored as, and how it is
read, is known to the `gguf` package.
"""

from __future__ import annotations

import os
import struct
from math import prod
from pathlib import Path
from typing import Any, BinaryIO

from wug.compiler.checkpoints.bad import BadCheckpoint
from wug.compiler.checkpoints.placed import Placed
from wug.compiler.regular import open_regular

MOST_ENTRIES = 100_000
MOST_BYTES = 16 * 2**20
"""At most so many settings, or tensors, and so long a text."""

_NUMBERS = {
    0: "B",
    1: "b",
    2: "H",
    3: "h",
    4: "I",
    5: "i",
    6: "f",
    7: "?",
    10: "Q",
    11: "q",
    12: "d",
}
_TEXT, _ARRAY = 8, 9


def read_header(path: Path) -> tuple[dict[str, Any], dict[str, Placed]]:
    """The settings of a file, and where each of its tensors lies. Raises BadCheckpoint."""
    try:
        with open_regular(path) as file:
            return _Header(path, file).read()
    except OSError as error:
        raise BadCheckpoint(f"{path} cannot be read: {error.strerror}") from error


class _Header:
    """A header on its way: the file, and how much of it is left."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self.path, self.file = path, file
        self.whole = os.fstat(file.fileno()).st_size
        self.left = self.whole

    def read(self) -> tuple[dict[str, Any], dict[str, Placed]]:
        if self.left < 24 or self.bytes(4) != b"GGUF":
            raise BadCheckpoint(f"{self.path} is no GGUF file")
        version = self.number("I")
        if version not in (2, 3):
            raise BadCheckpoint(
                f"{self.path} is of GGUF version {version:,}; 2 and 3, little-endian, are read"
            )
        tensors, settings = self.count(MOST_ENTRIES, 24), self.count(MOST_ENTRIES, 12)
        said: dict[str, Any] = {}
        for _ in range(settings):
            key = self.text()
            if key in said:
                raise self.bad(f"'{key[:80]}' is said twice")
            said[key] = self.value(self.number("I"))
        told = [self.tensor() for _ in range(tensors)]
        alignment = said.get("general.alignment", 32)
        if not (isinstance(alignment, int) and 8 <= alignment <= 2**16 and alignment % 8 == 0):
            raise self.bad(f"its alignment is {alignment}")
        first = -(-(self.whole - self.left) // alignment) * alignment
        return said, self.placed(told, first, alignment)

    def tensor(self) -> tuple[str, tuple[int, ...], int, int]:
        """Name, shape (the last axis is the contiguous one), type, and place among the tensors."""
        name, axes = self.text(), self.number("I")
        if not 1 <= axes <= 4:
            raise self.bad(f"tensor '{name[:80]}' has {axes:,} axes")
        shape = tuple(self.number("Q") for _ in range(axes))[::-1]
        return name, shape, self.number("I"), self.number("Q")

    def placed(
        self, told: list[tuple[str, tuple[int, ...], int, int]], first: int, alignment: int
    ) -> dict[str, Placed]:
        from gguf.constants import GGML_QUANT_SIZES, GGMLQuantizationType

        found: dict[str, Placed] = {}
        at = 0
        for name, shape, number, start in sorted(told, key=lambda each: each[3]):
            try:
                kind = GGMLQuantizationType(number)
            except ValueError:
                raise self.bad(f"tensor '{name[:80]}' is of type {number}, which is not known") from None
            block, size = GGML_QUANT_SIZES[kind]
            if name in found:
                raise self.bad(f"tensor '{name[:80]}' stands in it twice")
            if max(shape) >= 2**40 or shape[-1] % block:
                raise self.bad(f"tensor '{name[:80]}' of {list(shape)} cannot be of type {kind.name}")
            size = prod(shape) // block * size
            if start < at or start % alignment or first + start + size > self.whole:
                raise self.bad(
                    f"tensor '{name[:80]}' should lie at {start:,} with {size:,} bytes: "
                    f"there are {max(0, self.whole - first):,}, and {at:,} are taken"
                )
            at = start + size
            found[name] = Placed(self.path, kind.name, shape, first + start, size)
        return found

    # Parts

    def bad(self, what: str) -> BadCheckpoint:
        return BadCheckpoint(f"{self.path}: {what}")

    def bytes(self, count: int) -> bytes:
        if count > self.left:
            raise self.bad("the file was cut off: its header goes on behind its end")
        self.left -= count
        return self.file.read(count)

    def number(self, form: str) -> Any:
        return struct.unpack(f"<{form}", self.bytes(struct.calcsize(f"<{form}")))[0]

    def count(self, most: int, each: int) -> int:
        """How many there are, where each takes so many bytes at least."""
        found: int = self.number("Q")
        if found > most or found * each > self.left:
            raise self.bad(f"it says to have {found:,} parts, in {self.left:,} bytes")
        return found

    def text(self) -> str:
        return self.bytes(self.count(MOST_BYTES, 1)).decode("utf-8", "replace")

    def value(self, kind: int, inside: bool = False) -> Any:
        if kind in _NUMBERS:
            return self.number(_NUMBERS[kind])
        if kind == _TEXT:
            return self.text()
        if kind != _ARRAY or inside:
            raise self.bad(f"it has a setting of type {kind}, which is not known")
        kind = self.number("I")
        if kind not in _NUMBERS:
            return [self.value(kind, inside=True) for _ in range(self.count(2**24, 8))]
        each = struct.calcsize(f"<{_NUMBERS[kind]}")
        count = self.count(2**24, each)
        return list(struct.unpack(f"<{count}{_NUMBERS[kind]}", self.bytes(count * each)))
