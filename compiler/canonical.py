"""Canonical values and their hashes: the identity of what a spec says, whatever its layout.

Spans, comments and doc comments are fields that do not take part in equality, and so not in a key.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from pathlib import Path
from typing import Any

from wug.compiler.record import LEAVES, spoken


def digest(data: bytes) -> str:
    """BLAKE2b, 32 hex digits, as everywhere in the store."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def file_digest(path: Path) -> str:
    """The digest of a file's bytes, read in blocks."""
    state = hashlib.blake2b(digest_size=16)
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            state.update(block)
    return state.hexdigest()


def canonical(value: Any) -> bytes:
    """JSON with sorted keys and no spaces: equal values are equal bytes. Raises ValueError for NaN."""
    text = json.dumps(
        plain(value), sort_keys=True, separators=(",", ":"), allow_nan=False, ensure_ascii=False
    )
    return text.encode()


def plain(value: Any) -> Any:
    """A frozen value as JSON would hold it: dataclasses as objects of the fields that count, sets sorted.

    The order of declarations that are known by name (dicts) is kept as a list, because names are handed out
    in that order where two types share a lexicon.
    """
    if type(value) in LEAVES:
        return value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = [field.name for field in spoken(value) if field.compare]
        return {name: plain(getattr(value, name)) for name in fields}
    if isinstance(value, dict):
        return [[key, plain(item)] for key, item in value.items()]
    if isinstance(value, frozenset | set):
        return sorted(plain(item) for item in value)
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value
