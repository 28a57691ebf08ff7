"""Shape: all that decides what a decoder computes, but for its weights.

A plan's `Model` says it of a model that is trained from scratch. A model of the Llama family has further
settings; here they stand beside those of the plan, each with the value of a model from scratch. So there is
one decoder, and a `Model` is a shape in which nothing further was chosen.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import field
from functools import cache

from wug.compiler.lora import TARGETS, Lora
from wug.compiler.plan import Model
from wug.compiler.record import LATER, Record


class Scaling(Record):
    """How rotary frequencies are lowered for contexts longer than those of pretraining.

    `kind` is linear: all of them by `factor`; llama3: those that turn fewer than `low` times in `original`
    tokens by `factor`, those that turn more than `high` times not at all, and those between by a part of it;
    or listed: each by its own of the `divisors`.
    """

    kind: str
    factor: float = 1.0
    low: float = 1.0
    high: float = 4.0
    original: int = 8192
    divisors: tuple[float, ...] = ()


class Marks(Record):
    """The tokens that open and close a document, often one and the same; and one that is never said, -1 where
    there is none."""

    opening: int = 1
    closing: int = 1
    padding: int = 0

    @property
    def between(self) -> tuple[int, ...]:
        """What closes a document that another one follows, if the opening of that one does not."""
        return () if self.opening == self.closing else (self.closing,)


MARKS = Marks()
"""Those of a model that is trained from scratch, in tokens of its world."""


class Shape(Model):
    """The shape of a decoder of any origin, of a `family` where it is one that others know.

    `vocabulary` is how many tokens it has an embedding for, 0 for as many as the tokenizer has. `head_width`
    0 is the width shared out among the heads. `attention_bias` is none, inputs (query, key and value) or all
    (and what attention gives out); `mlp_bias` adds one to each matrix of the MLP, whose `activation` is silu
    or gelu (the approximate one). `normed_heads` normalises each query and key before it is rotated. Without
    `tied` the unembedding is a matrix of its own. With `scaled` an embedding is multiplied by the square root
    of the width. With `lora` an adapter stands beside its matrices.
    """

    family: str = ""
    vocabulary: int = 0
    head_width: int = 0
    rotary_base: float = 10_000.0
    scaling: Scaling | None = None
    epsilon: float = 1e-6
    attention_bias: str = "none"
    mlp_bias: bool = False
    activation: str = "silu"
    normed_heads: bool = False
    tied: bool = True
    scaled: bool = True
    marks: Marks = MARKS
    lora: Lora | None = field(default=None, metadata=LATER)

    @property
    def channels(self) -> int:
        """The width of a head."""
        return self.head_width or self.width // self.heads


def shape_of(model: Model) -> Shape:
    """The whole shape of a model."""
    return model if isinstance(model, Shape) else _shape_of(model)


@cache
def _shape_of(model: Model) -> Shape:
    return Shape(**{each.name: getattr(model, each.name) for each in model._fields})


def adapted(model: Model, lora: Lora | None) -> Model:
    """A model with an adapter beside its matrices; itself where there is none."""
    return model if lora is None else dataclasses.replace(shape_of(model), lora=lora)


def matrices(model: Model) -> dict[str, tuple[int, int]]:
    """The matrices of a layer by the names that `Lora` has for them, each as (in, out)."""
    shape = shape_of(model)
    inner, kv_width = shape.heads * shape.channels, shape.kv_heads * shape.channels
    read = shape.width * max(1, shape.qkv_convolution)
    sizes = (
        (read, inner),
        (read, kv_width),
        (read, kv_width),
        (inner, shape.width),
        (shape.width, shape.hidden),
        (shape.width, shape.hidden),
        (shape.hidden, shape.width),
    )
    return dict(zip(TARGETS, sizes, strict=True))


def divisors(scaling: Scaling | None, base: float, channels: int) -> list[float]:
    """By how much each rotary frequency is divided, the highest first [channels / 2]."""
    if scaling is None:
        return [1.0] * (channels // 2)
    if scaling.kind == "linear":
        return [scaling.factor] * (channels // 2)
    if scaling.kind == "listed":
        return list(scaling.divisors)
    found = []
    for channel in range(0, channels, 2):
        turns = scaling.original * base ** (-channel / channels) / (2 * math.pi)
        kept = (turns - scaling.low) / (scaling.high - scaling.low)
        kept = min(1.0, max(0.0, kept))
        found.append(1 / ((1 - kept) / scaling.factor + kept))
    return found
