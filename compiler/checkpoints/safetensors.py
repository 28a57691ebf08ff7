"""The header of a safetensors file, checked by hand before a byte of a tensor is read.

Eight bytes say how long the header is, the header is JSON, and the tensors follow without gaps.
"""

from __future__ import annotations

import json
import os
from math import prod
from pathlib import Path
from typing import Any

from wug.compiler.checkpoints.bad import BadCheckpoint
from wug.compiler.checkpoints.placed import Placed
from wug.compiler.regular import open_regular

MOST_HEADER = 100 * 2**20
"""As many bytes as the format allows a header."""

_BYTES = {
    **dict.fromkeys(("BOOL", "U8", "I8", "F8_E4M3", "F8_E5M2"), 1),
    **dict.fromkeys(("U16", "I16", "F16", "BF16"), 2),
    **dict.fromkeys(("U32", "I32", "F32"), 4),
    **dict.fromkeys(("U64", "I64", "F64"), 8),
}


def read_header(path: Path) -> dict[str, Placed]:
    """Where each tensor of a file lies, by name. Raises BadCheckpoint."""
    try:
        with open_regular(path) as file:
            whole = os.fstat(file.fileno()).st_size
            length = int.from_bytes(file.read(8), "little")
            if whole < 8 or not 2 <= length <= min(MOST_HEADER, whole - 8):
                raise BadCheckpoint(
                    f"{path} is no safetensors file, or was cut off: its header should be {length:,} bytes "
                    f"long, the file is {whole:,}"
                )
            header = file.read(length)
    except OSError as error:
        raise BadCheckpoint(f"{path} cannot be read: {error.strerror}") from error
    try:
        said = json.loads(header.decode(), object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise BadCheckpoint(f"the header of {path} cannot be read: {error}") from error
    if not isinstance(said, dict):
        raise BadCheckpoint(f"the header of {path} is no table of tensors")
    said.pop("__metadata__", None)
    found = {name: _placed(path, name, entry, 8 + length, whole) for name, entry in said.items()}
    at = 8 + length
    for name, placed in sorted(found.items(), key=lambda each: (each[1].start, each[1].size)):
        if placed.start != at:
            raise BadCheckpoint(f"{path}: tensor '{name}' does not begin where the one before it ends")
        at += placed.size
    if at != whole:
        raise BadCheckpoint(f"{path} should be {at:,} bytes long, and is {whole:,}")
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name stands in it twice")
    return found


def _placed(path: Path, name: str, entry: Any, first: int, whole: int) -> Placed:
    """A tensor's entry, if its type, its shape and its place fit one another and the file."""
    try:
        kind, shape, (start, end) = entry["dtype"], entry["shape"], entry["data_offsets"]
        whole_numbers = all(type(each) is int and 0 <= each < 2**62 for each in (*shape, start, end))
        known = isinstance(kind, str) and kind in _BYTES
    except (TypeError, KeyError, ValueError):
        whole_numbers = known = False
    if not (whole_numbers and known):
        raise BadCheckpoint(f"{path}: what is said of tensor '{name[:80]}' cannot be understood")
    if len(shape) > 8 or not start <= end <= whole - first or end - start != prod(shape) * _BYTES[kind]:
        raise BadCheckpoint(
            f"{path}: tensor '{name[:80]}' should hold {shape} numbers of {kind}, and has bytes {start:,} to "
            f"{end:,} of {whole - first:,}"
        )
    return Placed(path, kind, tuple(shape), first + start, end - start)
