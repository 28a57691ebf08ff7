"""LoRA: a low-rank adapter, which is all that is trained. Hu et al., arXiv 2106.09685.

Beside a matrix W [in, out] stand A [in, rank] and B [rank, out]: x W + alpha / rank * x A B. W stays as it
was, and B begins with zeros, so that training begins with the model as it is.
"""

from __future__ import annotations

from wug.compiler.record import Record

TARGETS = ("query", "key", "value", "out", "gate", "up", "down")
"""The matrices of a layer: of attention, and of the gated MLP."""


class Lora(Record):
    """An adapter of a `rank` beside those matrices of every layer that are its `targets`."""

    rank: int = 8
    alpha: float = 16.0
    targets: tuple[str, ...] = TARGETS

    @property
    def scale(self) -> float:
        """What the product of an adapter is multiplied by."""
        return self.alpha / self.rank
