"""A loss in chunks is the loss of all at once, and so is its gradient."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from wug.runtime import cross_entropy as module
from wug.runtime.cross_entropy import cross_entropy

B, T, D, V = 3, 5, 4, 11


def test_chunks_tell_what_all_at_once_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    """15 tokens in chunks of 4: the last has room for one more, which counts nothing."""
    random = np.random.default_rng(0)
    x_BTD, matrix_DV = random.normal(size=(B, T, D)), random.normal(size=(D, V))
    target_BT, weight_BT = random.integers(V, size=(B, T)), random.random((B, T))
    largest = []

    def total(matrix_DV: jax.Array, x_BTD: jax.Array) -> jax.Array:
        def unembed(x_ND: jax.Array) -> jax.Array:
            largest.append(x_ND.size // D * V)
            return x_ND @ matrix_DV

        return cross_entropy(unembed, V, x_BTD, jnp.asarray(target_BT), jnp.asarray(weight_BT, jnp.float32))

    given = jnp.asarray(matrix_DV, jnp.float32), jnp.asarray(x_BTD, jnp.float32)
    whole = jax.jit(jax.value_and_grad(total, argnums=(0, 1)))(*given)
    assert max(largest) == B * T * V
    largest.clear()
    monkeypatch.setattr(module, "AT_ONCE", B * T * V - 1)
    monkeypatch.setattr(module, "CHUNK", 4 * V + 3)
    chunked = jax.jit(jax.value_and_grad(total, argnums=(0, 1)))(*given)
    assert max(largest) == 4 * V
    for left, right in zip(*map(jax.tree.leaves, (whole, chunked)), strict=True):
        np.testing.assert_allclose(left, right, rtol=1e-5, atol=1e-5)
    logits_BTV = x_BTD @ matrix_DV
    told_BTV = logits_BTV - np.log(np.exp(logits_BTV).sum(axis=-1, keepdims=True))
    told_BT = np.take_along_axis(told_BTV, target_BT[..., None], axis=-1)[..., 0]
    np.testing.assert_allclose(chunked[0], -(told_BT * weight_BT).sum(), rtol=1e-5)
