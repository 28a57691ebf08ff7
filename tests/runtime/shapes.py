"""A tiny shape that chooses all that a shape may choose, for tests of what reads models."""

from __future__ import annotations

from wug.compiler.shape import Scaling, Shape

UNLIKE = Shape(
    *("llama", 2, 32, 4, 2, 48, 0, 0, 64),
    head_width=6,
    scaling=Scaling("llama3", 8.0, original=16),
    attention_bias="all",
    normed_heads=True,
    tied=False,
    scaled=False,
)
