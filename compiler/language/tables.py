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
from pathlib import Path
from typing import Any

import lark
from lark import Lark, Token
from lark.grammar import Rule
from lark.lark import PostLex
from lark.lexer import TerminalDef
from lark.parsers.lalr_analysis import IntParseTable, Reduce, Shift
from lark.parsers.lalr_parser import LALR_Parser, _Parser

from wug import grammar

KINDS = ("world", "experiment")
_FOLDER = Path(grammar.__file__).parent


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
    ready._load(stored, postlex=_Caught(), _plugins={"LALR_Parser": _Unpacking})
    ready.lexer = ready._build_lexer()  # else Lark makes one for each text
    return ready


def ready_made(kind: str) -> dict[str, Any] | None:
    """The stored tables, none where they are not of this grammar and this Lark."""
    found = _FOLDER / f"{kind}.tables.json"
    if not found.is_file():
        return None
    stored: dict[str, Any] = json.loads(found.read_text(encoding="utf-8"))
    if stored["made_from"] != _made_from(kind):
        return None
    return stored | {"memo": dict(enumerate(stored["memo"]))}


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
    data["parser"]["parser"] = _packed(data["parser"]["parser"])
    stored = {
        "made_from": _made_from(kind),
        "data": data,
        "memo": [memo[number] for number in range(len(memo))],
    }
    return json.dumps(stored, separators=(",", ":"), sort_keys=True) + "\n"


def _made_from(kind: str) -> str:
    texts = [(_FOLDER / f"{name}.lark").read_bytes() for name in ("common", kind)]
    return hashlib.blake2b(b"\0".join([lark.__version__.encode(), *texts]), digest_size=16).hexdigest()


def _packed(table: dict[str, Any]) -> dict[str, Any]:
    """Lark's table with each state as its shifts and, for each rule it may reduce by, the tokens ahead."""
    states: list[Any] = []
    for number in range(len(table["states"])):
        shifts: list[tuple[int, int]] = []
        reductions: dict[int, list[int]] = {}
        for token, (reduces, where) in table["states"][number].items():
            if reduces:
                reductions.setdefault(where["@"], []).append(token)
            else:
                shifts.append((token, where))
        states.append((shifts, list(reductions.items())))
    tokens = [table["tokens"][number] for number in range(len(table["tokens"]))]
    return table | {"tokens": tokens, "states": states}


class _Unpacking:
    """Lark asks this for its parser: from a packed table it is there in a third of the time."""

    @staticmethod
    def deserialize(data: dict[str, Any], memo: dict[int, Any], callbacks: Any, debug: bool) -> LALR_Parser:
        tokens = data["tokens"]
        states: dict[int, dict[str, Any]] = {}
        for number, (shifts, reductions) in enumerate(data["states"]):
            steps = {tokens[token]: (Shift, following) for token, following in shifts}
            for rule, ahead in reductions:
                steps |= dict.fromkeys([tokens[token] for token in ahead], (Reduce, memo[rule]))
            states[number] = steps
        made: Any = LALR_Parser.__new__(LALR_Parser)
        made._parse_table = IntParseTable(states, data["start_states"], data["end_states"])
        made.parser = _Parser(made._parse_table, callbacks, debug)
        return made


if __name__ == "__main__":
    for each in KINDS:
        (_FOLDER / f"{each}.tables.json").write_text(serialised(each), encoding="utf-8")
