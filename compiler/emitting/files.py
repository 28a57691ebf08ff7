"""The tables of one compiled world, read back as rows."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as parquet

Row = dict[str, Any]
LINES = ("documents", "sentences", "items", "proofs")
"""The tables that are written as JSON lines too."""


@dataclass(frozen=True)
class Tables:
    """Rows of the Parquet files, and which JSON lines say something else."""

    documents: list[Row]
    sentences: list[Row]
    items: list[Row]
    proofs: list[Row]
    contexts: list[Row]
    views: list[Row]
    differing: tuple[str, ...]


def read_rows(path: Path) -> list[Row]:
    """One table, Parquet or JSON lines."""
    if path.suffix == ".parquet":
        rows: list[Row] = parquet.read_table(path).to_pylist()
        return rows
    return [json.loads(line) for line in path.read_bytes().split(b"\n") if line]


def read_tables(folder: Path) -> Tables:
    """All tables of one world."""
    rows = {name: read_rows(folder / f"{name}.parquet") for name in (*LINES, "contexts", "views")}
    lines = {name: read_rows(folder / f"{name}.jsonl") for name in LINES}
    return Tables(**rows, differing=tuple(name for name in LINES if lines[name] != rows[name]))
