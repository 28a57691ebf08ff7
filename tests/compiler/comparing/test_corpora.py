"""Corpora side by side, counted."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as parquet

from wug.compiler.comparing.corpora import Moved, compare_corpora


def corpus(folder: Path, *seeds: tuple[list[str], list[tuple[str, str, list[str]]]]) -> Path:
    for number, (texts, items) in enumerate(seeds):
        own = folder / f"seed-{number}"
        own.mkdir(parents=True)
        parquet.write_table(
            pa.table({"set": ["train"] * len(texts), "text": texts}), own / "documents.parquet"
        )
        columns = {
            "split": [split for split, _, _ in items],
            "cue": [cue for _, cue, _ in items],
            "choices": [choices for _, _, choices in items],
            "accept": [[True, False]] * len(items),
        }
        parquet.write_table(pa.table(columns), own / "items.parquet")
    return folder


def test_what_leaves_and_what_enters(tmp_path: Path) -> None:
    item = ("trained", "A are", ["x", "y"])
    before = corpus(tmp_path / "a", (["one", "one", "two"], [item, ("reversal", "B are", ["x", "y"])]))
    after = corpus(
        tmp_path / "b", (["two", "one", "three", "three"], [item, ("trained", "A are", ["y", "x"])]), ([], [])
    )
    found = compare_corpora(before, after)
    assert found.seeds == 1, "only one side has the second world"
    assert found.documents == {"train": Moved(3, 4, 1, 2)}
    assert found.questions == {"trained": Moved(1, 2, 0, 1), "reversal": Moved(1, 0, 1, 0)}
    same = compare_corpora(after, after)
    assert all((each.left, each.entered) == (0, 0) for each in same.documents.values())
