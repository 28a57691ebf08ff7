"""Tensors where they lie: found in a header, checked against their file, read one by one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from wug.compiler.checkpoints.bad import BadCheckpoint
from wug.compiler.record import Record

Floats = npt.NDArray[np.float32]

FLOATS = ("F64", "F32", "F16", "BF16")


class Placed(Record):
    """A tensor of a file: `size` bytes from `start` on, in a `kind` that is one of FLOATS or of GGML's.

    What is read of it is turned into what a Hugging Face file holds: of `heads` heads the rows are put back
    into their two halves, where the file has them pair by pair; and `less` is taken off.
    """

    file: Path
    kind: str
    shape: tuple[int, ...]
    start: int
    size: int
    heads: int = 0
    less: float = 0.0


def read(placed: Placed) -> Floats:
    """The numbers of a tensor, whatever it is stored as. Raises BadCheckpoint where they cannot be had."""
    try:
        raw = np.memmap(placed.file, np.uint8, "r", offset=placed.start, shape=(placed.size,))
    except (OSError, ValueError) as error:
        raise BadCheckpoint(f"{placed.file} cannot be read: {error}") from error
    found = _numbers(raw, placed)
    if placed.heads:
        pairs = found.reshape(placed.heads, -1, 2, *placed.shape[1:])
        found = pairs.swapaxes(1, 2).reshape(placed.shape)
    return found - np.float32(placed.less) if placed.less else found


def _numbers(raw: npt.NDArray[np.uint8], placed: Placed) -> Floats:
    if placed.kind == "BF16":
        return (raw.view("<u2").astype(np.uint32) << 16).view(np.float32).reshape(placed.shape)
    if placed.kind in FLOATS:
        stored = raw.view({"F64": "<f8", "F32": "<f4", "F16": "<f2"}[placed.kind])
        return stored.astype(np.float32).reshape(placed.shape)
    from gguf.constants import GGMLQuantizationType
    from gguf.quants import dequantize

    rows = raw.reshape(*placed.shape[:-1], -1)
    try:
        return dequantize(rows, GGMLQuantizationType[placed.kind]).reshape(placed.shape)
    except NotImplementedError:
        raise BadCheckpoint(f"{placed.file}: no way is known to read tensors of type {placed.kind}") from None
