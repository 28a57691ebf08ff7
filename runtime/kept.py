"""What is kept of unfinished work: pieces in a file, of which a killed process leaves the whole ones.

Answers and texts come piece by piece, each on its own, and their order does not matter. A piece is a line of
the file with a digest in front. It is there once its line is: a line that a kill cut short, or in which a
byte is another, is no piece, and what it held is made again.
"""

from __future__ import annotations

import json
from pathlib import Path
from types import TracebackType
from typing import Any

from wug.progress import Progress
from wug.runtime.keys import canonical, digest


class Kept:
    """The pieces of one entry by name, JSON values. Use as a context manager."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._pieces: dict[str, Any] = {}
        lines = path.read_bytes().split(b"\n") if path.exists() else []
        for line in lines:
            told, _, said = line.partition(b" ")
            if told == digest(said).encode():
                name, value = json.loads(said)
                self._pieces[name] = value
        self.damaged = sum(map(bool, lines)) - len(self._pieces)
        self._file = path.open("ab")
        if lines and lines[-1]:
            self._file.write(b"\n")  # the next piece is no part of a line that was cut short

    def __enter__(self) -> Kept:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def __len__(self) -> int:
        return len(self._pieces)

    def get(self, name: str) -> Any:
        """The piece of that name, None where there is none."""
        return self._pieces.get(name)

    def put(self, pieces: dict[str, Any]) -> None:
        """Keep pieces, which are in the file when this returns: no kill of the process takes them away."""
        for name, value in pieces.items():
            said = canonical([name, value])
            self._file.write(digest(said).encode() + b" " + said + b"\n")
        self._file.flush()
        self._pieces |= pieces


def tell_kept(progress: Progress, kept: Kept, what: str, unit: str) -> None:
    """Say that unfinished work goes on, and what of it is lost."""
    if kept.damaged:
        progress.warn(f"{what}: {kept.damaged:,} lines of {kept.path} are damaged: they are made again")
    if len(kept):
        progress.note(f"{what} goes on from {len(kept):,} {unit}")
