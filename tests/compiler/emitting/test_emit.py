"""Tables that come in parts: the same rows, a row group at a time."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as parquet
import pytest

from tests.compiler.conftest import Write, checked
from tests.compiler.small import WORLD
from wug.compiler.canonical import file_digest
from wug.compiler.compile import compile_world
from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.emitting import emit, proof_table
from wug.compiler.emitting.files import read_rows
from wug.compiler.store import Store
from wug.compiler.world import World
from wug.progress import Silent

SCHEMA = pa.schema([("number", pa.int32())])


@pytest.mark.parametrize(
    ("sizes", "groups"),
    [([], [0]), ([0, 0], [0]), ([2, 1], [3]), ([3, 5, 0, 4], [4, 4, 4]), ([9], [4, 4, 1])],
)
def test_rows_are_written_in_groups_whatever_parts_they_come_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sizes: list[int], groups: list[int]
) -> None:
    monkeypatch.setattr(emit, "ROWS", 4)
    rows = iter(range(100))
    parts = [pa.table({"number": [next(rows) for _ in range(size)]}, SCHEMA) for size in sizes]
    emit.write_parts(tmp_path, "table", parts, SCHEMA)
    file = parquet.ParquetFile(tmp_path / "table.parquet")
    assert [file.metadata.row_group(n).num_rows for n in range(file.metadata.num_row_groups)] == groups
    assert read_rows(tmp_path / "table.parquet") == read_rows(tmp_path / "table.jsonl")
    assert [row["number"] for row in read_rows(tmp_path / "table.jsonl")] == list(range(sum(sizes)))


def test_a_world_is_the_same_in_small_parts(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = checked(write("small.world", WORLD))
    assert isinstance(world, World)
    whole = compile_world(world, Store(tmp_path / "whole"), Silent(), Report())
    for module in (emit, proof_table):
        monkeypatch.setattr(module, "PART", 3)
    parts = compile_world(world, Store(tmp_path / "parts"), Silent(), Report())
    for name in ("proofs.jsonl", "statements.jsonl"):
        assert file_digest(parts / name) == file_digest(whole / name)
    assert len(read_rows(whole / "proofs.jsonl")) > 3
