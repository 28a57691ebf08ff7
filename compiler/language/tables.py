"""Parsers, ready-made: computing LALR tables takes Lark longer than reading any spec.

The tables lie beside the grammars as JSON, with the digest of what they were made from; where that is not
what is there now, they are computed afresh, so stale tables cost time and never a wrong parse. `make tables`
writes them anew.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import lark
from lark import Lark, Token
from lark.grammar import Rule
from lark.lark import PostLex
from lark.lexer import TerminalDef

KINDS = ("world", "experiment")


class _Caught(PostLex):
    """Keeps two terminals that no rule uses: with them any text has tokens, and the parser reports."""

    always_accept = ("UNCLOSED", "STRAY")

    def process(self, stream: Iterator[Token]) -> Iterator[Token]:
        return stream


@lru_cache(maxsize=2)
def parser(kind: str) -> Lark:
    """The LALR parser of `world` or `experiment` files."""
    stored = ready_made(kind)
    if stored is None:
        return compute(kind)
    ready = Lark.__new__(Lark)
    ready._load(stored, postlex=_Caught())
    return ready


def ready_made(kind: str) -> dict[str, Any] | None:
    """The stored tables, none where they are not of this grammar and this Lark."""
    found = files("wug.grammar") / f"{kind}.tables.json"
    if not found.is_file():
        return None
    stored: dict[str, Any] = json.loads(found.read_text(encoding="utf-8"), object_pairs_hook=_with_numbers)
    return stored if stored["made_from"] == _made_from(kind) else None


def compute(kind: str) -> Lark:
    """The parser from its grammar."""
    return Lark.open_from_package(
        "wug.grammar",
        f"{kind}.lark",
        parser="lalr",
        lexer="basic",
        propagate_positions=True,
        maybe_placeholders=False,
        postlex=_Caught(),
    )


def serialised(kind: str) -> str:
    """What `<kind>.tables.json` holds."""
    data, memo = compute(kind).memo_serialize([TerminalDef, Rule])
    data["options"].update(postlex=None, import_paths=[])
    stored = {"made_from": _made_from(kind), "data": data, "memo": memo}
    return json.dumps(stored, separators=(",", ":"), sort_keys=True) + "\n"


def _made_from(kind: str) -> str:
    texts = [(files("wug.grammar") / f"{name}.lark").read_bytes() for name in ("common", kind)]
    return hashlib.blake2b(b"\0".join([lark.__version__.encode(), *texts]), digest_size=16).hexdigest()


def _with_numbers(pairs: list[tuple[str, Any]]) -> dict[Any, Any]:
    """JSON turns the numbers of parser states into texts; this turns them back."""
    return {int(key) if key.isdigit() else key: value for key, value in pairs}


if __name__ == "__main__":
    for each in KINDS:
        Path(str(files("wug.grammar") / f"{each}.tables.json")).write_text(serialised(each), encoding="utf-8")
