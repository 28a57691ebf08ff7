"""JSON files of an entry, indented, in the order given: the same value is the same bytes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def write_json(path: Path, value: Any) -> None:
    """Write a value. Raises ValueError for NaN, which JSON cannot say."""
    path.write_text(json.dumps(value, indent=2, allow_nan=False) + "\n", encoding="utf-8")


def read_lines(path: Path) -> list[Any]:
    """The values of a file of JSON lines. A text may hold what Python takes for the end of a line elsewhere,
    such as U+2028: only a line feed is one here."""
    return [json.loads(line) for line in path.read_bytes().split(b"\n") if line]


def read_json(path: Path) -> Any:
    """Read what `write_json` wrote."""
    return json.loads(path.read_bytes())
