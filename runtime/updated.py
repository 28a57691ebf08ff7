"""What is compiled of a world in two versions: the documents of the old one, and which answers are stale.

Letters in names: N items, Q questions (one per item and choice).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as parquet

from wug.compiler.updating.versions import BEFORE, OLD

Columns = dict[str, list[Any]]


@dataclass(frozen=True)
class Updated:
    """What became of the facts that items are about: kept, changed or added (empty for given questions).
    `old` are the answers of each item that were right before, and `stale_Q` marks them among the choices."""

    change_N: npt.NDArray[np.str_]
    old: tuple[tuple[str, ...], ...]
    stale_Q: npt.NDArray[np.bool_]


def add_old(folder: Path, texts: Columns, said: Columns) -> dict[str, npt.NDArray[np.int32]]:
    """Lay the documents of the old version, if there is one, below those of the new one. Returned are the
    rows of each arm that does not read all of the new version."""
    if not (folder / BEFORE).is_dir():
        return {}
    shift = len(texts["doc_id"])
    old, sentences = (
        parquet.read_table(folder / BEFORE / f"{name}.parquet").to_pydict()
        for name in ("documents", "sentences")
    )
    old["set"] = [OLD if name == "train" else name for name in old["set"]]
    for table, more in ((texts, old), (said, sentences)):
        more["doc_id"] = [number + shift for number in more["doc_id"]]
        for name in table:
            table[name] += more[name]
    parts: dict[str, list[int]] = {}
    for row in parquet.read_table(folder / "parts.parquet").to_pylist():
        parts.setdefault(row["arm"], []).append(row["doc_id"] + shift * (row["version"] == "old"))
    return {arm: np.array(rows, np.int32) for arm, rows in parts.items()}


def read_updated(folder: Path, choices: list[list[str]]) -> Updated | None:
    """What became of the items of a world, whose `choices` these are; none of a world in one version."""
    if not (path := folder / "asked.parquet").exists():
        return None
    rows = parquet.read_table(path).to_pydict()
    stale = [text in old for texts, old in zip(choices, rows["old"], strict=True) for text in texts]
    return Updated(
        np.array(rows["change"], np.str_), tuple(map(tuple, rows["old"])), np.array(stale, np.bool_)
    )
