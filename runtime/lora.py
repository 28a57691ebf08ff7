"""LoRA: a matrix of a layer with a low-rank adapter beside it. Hu et al., arXiv 2106.09685."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

from wug.compiler.lora import Lora


class LoraLinear(nnx.Linear):
    """x W + scale * (x A) B. The product of A and B is never made, nor is a gradient as large as W."""

    def __init__(self, read: int, out: int, lora: Lora, *, rngs: nnx.Rngs, **how: Any):
        super().__init__(read, out, rngs=rngs, **how)
        self.lora_a = nnx.Param(drawn(rngs.params(), (read, lora.rank)))
        self.lora_b = nnx.Param(jnp.zeros((lora.rank, out)))
        self.scale = lora.scale

    def __call__(self, inputs: jax.Array, out_sharding: Any = None) -> jax.Array:
        beside = inputs @ self.lora_a[...] @ self.lora_b[...]
        return super().__call__(inputs, out_sharding) + self.scale * beside


def drawn(key: jax.Array, shape: Sequence[int]) -> jax.Array:
    """A matrix A [..., in, rank] to begin with: uniform, as in the paper's own code."""
    return jax.random.uniform(key, shape, minval=-1, maxval=1) * shape[-2] ** -0.5
