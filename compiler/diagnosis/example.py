"""For every diagnostic a spec that fails with it and one that passes: what `wug explain` shows.

They lie in compiler/diagnosis/examples/CODE.txt, one archive a code: `-- NAME --` begins a file. `fails` and
`passes` are the two specs; others lie beside them, and so does the shipped world that they may name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.resources import files

_HEAD = re.compile(r"^-- (\S+)(?: in (\S+)| its last line (\d+) times)? --\n", re.MULTILINE)
SHIPPED = "hello.world"


@dataclass(frozen=True)
class File:
    """A file of an example. `note` says what its text alone does not show."""

    name: str
    text: str
    encoding: str = "utf-8"
    times: int = 1

    @property
    def note(self) -> str:
        if self.times > 1:
            return f"its last line {self.times:,} times"
        return f"saved as {self.encoding}" if self.encoding != "utf-8" else ""

    @property
    def data(self) -> bytes:
        """The bytes of the file itself."""
        last = self.text.splitlines(keepends=True)[-1:]
        return (self.text + "".join(last) * (self.times - 1)).encode(self.encoding)


@dataclass(frozen=True)
class Example:
    fails: File
    passes: File
    beside: tuple[File, ...]
    shipped: str
    """The shipped world that the two rest on, if any."""


def example(code: str) -> Example | None:
    """The example of a diagnostic, none where there is none."""
    found = files("wug.compiler.diagnosis") / "examples" / f"{code}.txt"
    if not found.is_file():
        return None
    parts = _HEAD.split(found.read_text(encoding="utf-8"))[1:]
    every = [
        File(name, text, encoding or "utf-8", int(times or 1))
        for name, encoding, times, text in zip(*(parts[place::4] for place in range(4)), strict=True)
    ]
    named = {file.name.partition(".")[0]: file for file in every}
    beside = [file for file in every if file.name.partition(".")[0] not in ("fails", "passes")]
    shipped = SHIPPED if any(f'"{SHIPPED}"' in file.text for file in every) else ""
    return Example(named["fails"], named["passes"], tuple(beside), shipped)
