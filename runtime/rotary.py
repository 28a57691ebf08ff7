"""Rotary position embedding (Su et al., arXiv 2104.09864).

Letters in names: B rows, T tokens, H heads, C head width.
"""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np

from wug.compiler.shape import Scaling, Shape, divisors


@dataclass(frozen=True)
class Rotary:
    """How far a channel turns from one token to the next: its frequency, lowered for long contexts."""

    base: float = 10_000.0
    scaling: Scaling | None = None

    def frequencies(self, channels: int) -> jax.Array:
        """Of each pair of channels [C / 2]."""
        frequency_C = self.base ** (-jnp.arange(0, channels, 2) / channels)
        if self.scaling is None:
            return frequency_C
        return frequency_C / np.array(divisors(self.scaling, self.base, channels), np.float32)


def rotary_of(shape: Shape) -> Rotary:
    """The positions of a shape."""
    return Rotary(shape.rotary_base, shape.scaling)


def rotate(x_BTHC: jax.Array, first_B: jax.Array | int = 0, rotary: Rotary = Rotary()) -> jax.Array:
    """Turn channel c with channel c + C/2. Token t of a row stands at position `first` + t."""
    tokens, channels = x_BTHC.shape[1], x_BTHC.shape[3]
    frequency_C = rotary.frequencies(channels)
    place_BT = jnp.asarray(first_B)[..., None] + jnp.arange(tokens)
    angle_BT1C = (place_BT[..., None] * frequency_C)[..., None, :]
    sin, cos = jnp.sin(angle_BT1C), jnp.cos(angle_BT1C)
    even, odd = jnp.split(x_BTHC, 2, axis=-1)
    return jnp.concatenate([even * cos - odd * sin, odd * cos + even * sin], axis=-1)
