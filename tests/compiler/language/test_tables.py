"""The ready-made parser tables are those of the grammars, and stale ones are not used."""

from __future__ import annotations

from pathlib import Path

import pytest

from wug.compiler.language import tables


@pytest.mark.parametrize("kind", tables.KINDS)
def test_tables_are_current(kind: str) -> None:
    assert tables.ready_made(kind) is not None, "run 'make tables'"


@pytest.mark.parametrize("kind", tables.KINDS)
def test_ready_made_and_computed_parsers_agree(kind: str, root: Path) -> None:
    ready, computed = tables.parser(kind), tables.compute(kind)
    for spec in (root / "specs" / f"{kind}s").glob(f"*.{kind}"):
        text = spec.read_text()
        assert ready.parse(text) == computed.parse(text)


def test_stale_tables_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "_made_from", lambda kind: "another grammar")
    computed: list[str] = []
    monkeypatch.setattr(tables, "compute", computed.append)
    tables.parser.cache_clear()
    try:
        tables.parser("world")
    finally:
        tables.parser.cache_clear()
    assert computed == ["world"]
