"""Shards: parts that are compiled apart and put together are, byte for byte, what is compiled whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.compiler.conftest import Write
from tests.compiler.small import EXPERIMENT, WORLD, read
from wug.compiler import draft as drafting
from wug.compiler.canonical import file_digest
from wug.compiler.compile import compile_experiment, compile_shard
from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.sharding import Shard, parse_shard
from wug.compiler.store import Store
from wug.progress import Silent

SEEDS = 5
SPEC = EXPERIMENT.replace("seeds 2", f"seeds {SEEDS}").replace(
    "  arm augmented", "  arm oracle    { context oracle(2) }\n  arm augmented"
)


def digests(folder: Path) -> dict[str, str]:
    return {str(p.relative_to(folder)): file_digest(p) for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.fixture
def whole(write: Write, tmp_path: Path) -> dict[str, str]:
    made = compile_experiment(read(write, WORLD, SPEC), Store(tmp_path / "whole"), Silent(), Report())
    return digests(made.path)


@pytest.mark.parametrize("count", [1, 2, 3, SEEDS])
def test_parts_share_out_all_worlds_in_order(count: int) -> None:
    parts = [Shard(number, count).worlds(SEEDS) for number in range(1, count + 1)]
    assert [of for part in parts for of in part] == list(range(SEEDS))
    assert all(parts)


def test_shards_put_together_are_what_is_compiled_whole(
    write: Write, tmp_path: Path, whole: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    experiment = read(write, WORLD, SPEC)
    for number in (3, 1, 2):
        store = Store(tmp_path / "parts")  # each part is another process's
        folder = compile_shard(experiment, Shard(number, 3), store, Silent(), Report())
        own = {name: value for name, value in digests(folder).items() if name != "shard.json"}
        assert own == {name: whole[name] for name in own}
        assert {name.split("/")[0] for name in own} == {f"seed-{of}" for of in Shard(number, 3).worlds(SEEDS)}
    monkeypatch.setattr("wug.compiler.compile.emit_seed", None)  # nothing is written a second time
    together = compile_experiment(experiment, Store(tmp_path / "parts"), Silent(), Report())
    assert digests(together.path) == whole


def test_a_part_that_is_missing_or_damaged_is_not_used(
    write: Write, tmp_path: Path, whole: dict[str, str]
) -> None:
    experiment = read(write, WORLD, SPEC)
    parts = [compile_shard(experiment, Shard(n, 2), Store(tmp_path), Silent(), Report()) for n in (1, 2)]
    (parts[1] / "seed-4" / "documents.jsonl").write_text("{}\n")
    together = compile_experiment(experiment, Store(tmp_path), Silent(), Report())
    assert digests(together.path) == whole


def test_worlds_told_one_by_one_are_those_told_together(
    write: Write, tmp_path: Path, whole: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drafting, "SENTENCES", 1)
    one_by_one = compile_experiment(read(write, WORLD, SPEC), Store(tmp_path), Silent(), Report())
    assert digests(one_by_one.path) == whole


@pytest.mark.parametrize("text", ["", "1", "0/2", "3/2", "a/b", "1/2/3", "-1/2", "1/0"])
def test_what_is_no_shard_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no shard"):
        parse_shard(text)


def test_a_shard_is_written_as_a_fraction() -> None:
    assert parse_shard("2/8") == Shard(2, 8)
