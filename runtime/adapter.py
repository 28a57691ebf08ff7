"""Adapters as plain dicts: drawn, stood beside the weights of a model, or added into them.

An adapter is nested as a model's weights are, and has `lora_a` [L, in, rank] and `lora_b` [L, rank, out]
where those have `kernel` [L, in, out], for all L layers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from wug.compiler.draw import draw, seed_word
from wug.compiler.lora import Lora
from wug.compiler.plan import Model
from wug.compiler.shape import adapted
from wug.runtime.learn import ADAPTER, Tree, structure
from wug.runtime.lora import drawn


def adapter_shapes(model: Model, vocabulary: int, lora: Lora) -> Tree:
    """What the adapter of a model looks like, without its numbers."""
    _, tree = structure(adapted(model, lora), vocabulary)
    return _only(tree)


def _only(tree: Tree) -> Tree:
    """What of an adapted model is its adapter."""
    inner = {name: _only(leaf) for name, leaf in tree.items() if isinstance(leaf, dict)}
    own = {name: leaf for name, leaf in tree.items() if name in ADAPTER}
    return {name: leaf for name, leaf in inner.items() if leaf} | own


def fresh_adapter(model: Model, vocabulary: int, lora: Lora, seed: int) -> Tree:
    """An adapter that changes nothing yet: A drawn by the seed and the target's name, B zero."""

    def leaf(path: Sequence[Any], like: jax.ShapeDtypeStruct) -> jax.Array:
        target, name = path[-2].key, path[-1].key
        if name == "lora_b":
            return jnp.zeros(like.shape, like.dtype)
        bits = np.asarray(draw(seed_word("lora", seed), target, 0), "<u8").reshape(1).view("<u4")
        key_2 = jnp.asarray(bits.astype(np.uint32))
        return drawn(jax.random.wrap_key_data(key_2, impl="threefry2x32"), like.shape)

    return jax.tree_util.tree_map_with_path(leaf, adapter_shapes(model, vocabulary, lora))


def merged(weights: Tree, adapter: Tree, lora: Lora) -> Tree:
    """The weights of a model with its adapter added into them; those that have none are not copied."""
    return dict(_merged(weights, adapter, lora.scale))


def _merged(weights: Any, adapter: Tree, scale: float) -> Any:
    if "lora_a" in adapter:
        return {**weights, "kernel": _added(weights["kernel"], adapter["lora_a"], adapter["lora_b"], scale)}
    return {
        name: _merged(leaf, adapter[name], scale) if name in adapter else leaf
        for name, leaf in weights.items()
    }


@jax.jit
def _added(kernel_LIO: jax.Array, a_LIR: jax.Array, b_LRO: jax.Array, scale: float) -> jax.Array:
    return kernel_LIO + scale * jnp.matmul(a_LIR, b_LRO, precision="highest")
