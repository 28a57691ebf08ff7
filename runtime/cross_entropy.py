"""Cross-entropy where the vocabulary is large: the logits of a few tokens at a time.

The logits of a batch are as many as its tokens times the vocabulary, and on the way back they are there twice
over: of 16 rows of 512 tokens and 49,152 words 1.6 GB, far more than all that the layers keep. Where there
would be too many, tokens go through the unembedding in chunks, and each chunk is computed again on the way
back. Equal to all at once, to rounding.

Letters in names: B rows, T tokens of a row, N tokens of a chunk, D width, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
import optax

from wug.runtime.mesh import shared_out

AT_ONCE = 2**26  # logits, 256 MiB: more of them are made in chunks
CHUNK = 2**24  # logits of a chunk


def cross_entropy(
    unembed: Callable[[jax.Array], jax.Array],
    vocabulary: int,
    x_BTD: jax.Array,
    target_BT: jax.Array,
    weight_BT: jax.Array,
) -> jax.Array:
    """The weighted sum of the negative log-likelihoods, in nats, of targets [B, T], given what the last layer
    leaves [B, T, D], of which `unembed` makes logits [..., V]."""

    def told(x_ND: jax.Array, target_N: jax.Array, weight_N: jax.Array) -> jax.Array:
        loss_N = optax.softmax_cross_entropy_with_integer_labels(unembed(x_ND), target_N)
        return jnp.sum(loss_N * weight_N)

    tokens = target_BT.size
    if tokens * vocabulary <= AT_ONCE:
        return told(x_BTD, target_BT, weight_BT)
    chunk = min(tokens, max(1, CHUNK // vocabulary))

    def divided(of_BT: jax.Array) -> jax.Array:
        flat = of_BT.reshape(tokens, *of_BT.shape[2:])
        whole = jnp.pad(flat, ((0, -tokens % chunk), *((0, 0),) * (flat.ndim - 1)))
        return shared_out(whole.reshape(-1, chunk, *flat.shape[1:]), axis=1)

    def add(total: jax.Array, given: tuple[jax.Array, ...]) -> tuple[jax.Array, None]:
        return total + told(*given), None

    chunks = tuple(map(divided, (x_BTD, target_BT, weight_BT)))
    total, _ = jax.lax.scan(jax.checkpoint(add, prevent_cse=False), jnp.zeros(()), chunks)
    return total
