"""What checkpoints replay: a text, cut into documents of their tokens."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from wug.compiler.canonical import canonical, digest, plain
from wug.compiler.checkpoints.checkpoint import Checkpoint
from wug.compiler.emitting.emit import write_manifest
from wug.compiler.shape import Marks

VERSION = 1
"""Raised whenever the output changes for the same text."""

PIECE = 512
"""Tokens: a longer paragraph is more than one document."""

TOKENS = "tokens.npy"


def replayed_key(paragraphs: Sequence[str], checkpoint: Checkpoint, context: int) -> str:
    """The identity of paragraphs as documents for a model that sees so many tokens."""
    said = [list(paragraphs), checkpoint.tokenizer_digest(), plain(checkpoint.shape.marks)]
    return digest(canonical(["replayed", VERSION, *said, min(context, PIECE)]))


def emit_replayed(
    paragraphs: Sequence[str], tokenizer: Tokenizer, marks: Marks, context: int, folder: Path
) -> None:
    """Write documents as tokens [documents, longest], -1 behind the end; each between its marks."""
    room = max(1, min(context, PIECE) - 2)
    rows = [
        [marks.opening, *encoding.ids[first : first + room], marks.closing]
        for encoding in tokenizer.encode_batch(list(paragraphs), add_special_tokens=False)
        for first in range(0, len(encoding.ids), room)
    ]
    tokens = np.full((len(rows), max(map(len, rows))), -1, np.int32)
    for number, row in enumerate(rows):
        tokens[number, : len(row)] = row
    np.save(folder / TOKENS, tokens, allow_pickle=False)
    counts = {"documents": len(rows), "tokens": sum(map(len, rows))}
    write_manifest(folder, {"counts": counts})
