"""Memory: what a decoder keeps of the tokens that it has read, so that the next ones cost only themselves.

A layer keeps the keys and values of its attention and, where it has convolutions or windows, their last
inputs. Rows are padded on the right: what padding leaves behind a row's end is never attended to, and
overwritten by the tokens that come there. Layers are a list, not a scan, which would copy the memory of them
all at each token.

Letters in names: B rows, T tokens, S slots of a memory, D width, R channels that attention reads, K key-value
heads, C head width, W taps less one of a convolution, V vocabulary.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from wug.compiler.plan import Model
from wug.compiler.shape import shape_of
from wug.runtime.corpus import PAD, Ints
from wug.runtime.learn import Tree
from wug.runtime.model import Attention, Decoder, Layer, blocks_of
from wug.runtime.widths import padded

Kept = dict[str, jax.Array]
Memory = list[Kept]  # of each layer: keys and values [B, S, K, C], what its convolutions read last [B, W, D]


def empty(model: Model, rows: int, slots: int) -> Memory:
    """A memory of nothing, with room for so many tokens a row."""
    heads = jnp.zeros((rows, slots, model.kv_heads, shape_of(model).channels))

    def last(taps: int) -> jax.Array:
        return jnp.zeros((rows, max(0, taps - 1), model.width))

    kept = {
        "key": heads,
        "value": heads,
        "attention": last(model.qkv_convolution or model.convolution),
        "mlp": last(model.convolution),
    }
    return [dict(kept) for _ in range(model.layers)]


def unrolled(model: Model, parameters: Tree) -> list[Any]:
    """The weights of each layer, cut out of the stack once and not at every token; matrices whose products
    are summed up in blocks as these blocks [blocks, in, out], which else were cut out at every token, too."""
    layers = parameters["layers"]
    count = jax.tree.leaves(layers)[0].shape[0]
    blocked = bool(shape_of(model).family) and jax.default_backend() == "cpu"

    def cut(path: tuple[Any, ...], weight_L: jax.Array, at: int) -> jax.Array:
        weight = jnp.asarray(weight_L[at])
        if not blocked or path[-1].key != "kernel":
            return weight
        return weight.reshape(blocks_of(weight.shape[0]), -1, weight.shape[1])

    return [jax.tree_util.tree_map_with_path(partial(cut, at=at), layers) for at in range(count)]


def read(
    graph: nnx.GraphDef[Decoder],
    parameters: Tree,
    layers: list[Any],
    memory: Memory,
    tokens_BT: jax.Array,
    first_B: jax.Array,
    length_B: jax.Array,
) -> tuple[jax.Array, Memory]:
    """Read tokens [B, T], `length` of each row, behind the `first` tokens that its memory holds.

    Returns the logits [B, V] of what follows each row's last token, and the memory with these tokens.
    """
    decoder = nnx.merge(graph, parameters)
    layer, _ = nnx.split(decoder.layers)
    x_BTD = decoder.embed(tokens_BT)
    kept = []
    for weights, before in zip(layers, memory, strict=True):
        x_BTD, after = _layer(nnx.merge(layer, weights), before, x_BTD, first_B, length_B)
        kept.append(after)
    last_B1D = jnp.take_along_axis(x_BTD, (length_B - 1)[:, None, None], axis=1)
    return decoder.unembed(last_B1D)[:, 0], kept


def _layer(
    layer: Layer, before: Kept, x_BTD: jax.Array, first_B: jax.Array, length_B: jax.Array
) -> tuple[jax.Array, Kept]:
    after = dict(before)
    read_BTD, after["attention"] = _reading(layer.attention_reading, x_BTD, before["attention"], length_B)
    mixed_BTD, after["key"], after["value"] = _attend(layer.attention, read_BTD, before, first_B)
    x_BTD = x_BTD + mixed_BTD
    read_BTD, after["mlp"] = _reading(layer.mlp_reading, x_BTD, before["mlp"], length_B)
    return x_BTD + layer.mlp(read_BTD), after


def _reading(
    reading: nnx.Sequential, x_BTD: jax.Array, past_BWD: jax.Array, length_B: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """What a part of a layer reads, and the last inputs of its convolution or window at each row's end."""
    norm, *joining = reading.layers
    x_BTD = norm(x_BTD)
    if not joining:
        return x_BTD, past_BWD
    whole_BTD = jnp.concatenate([past_BWD, x_BTD], axis=1)
    last_BW = length_B[:, None] + jnp.arange(past_BWD.shape[1])
    return joining[0](x_BTD, past_BWD), jnp.take_along_axis(whole_BTD, last_BW[..., None], axis=1)


def _attend(
    attention: Attention, x_BTR: jax.Array, before: Kept, first_B: jax.Array
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Attention over the memory and the tokens that are read, and keys and values of both."""
    q_BTHC, k_BTKC, v_BTKC = attention.heads_of(x_BTR, first_B)
    put = jax.vmap(partial(jax.lax.dynamic_update_slice_in_dim, axis=0))
    key_BSKC = put(before["key"], k_BTKC, first_B)
    value_BSKC = put(before["value"], v_BTKC, first_B)
    place_BT1 = first_B[:, None, None] + jnp.arange(x_BTR.shape[1])[:, None]
    seen_B1TS = (jnp.arange(key_BSKC.shape[1]) <= place_BT1)[:, None]
    mixed_BTHC = jax.nn.dot_product_attention(q_BTHC, key_BSKC, value_BSKC, mask=seen_B1TS)
    return attention.joined(mixed_BTHC), key_BSKC, value_BSKC


# Contexts


@partial(jax.jit, static_argnums=(0, 1))
def _encoded(
    graph: nnx.GraphDef[Decoder],
    model: Model,
    parameters: Tree,
    layers: list[Any],
    tokens_1T: jax.Array,
    length_1: jax.Array,
) -> Memory:
    memory = empty(model, 1, tokens_1T.shape[1])
    return read(graph, parameters, layers, memory, tokens_1T, jnp.zeros(1, jnp.int32), length_1)[1]


def encoded(
    graph: nnx.GraphDef[Decoder], model: Model, parameters: Tree, layers: list[Any], tokens: Ints
) -> Memory:
    """The memory [1, S, ...] of a context. It is read alone, padded to a width that is its own."""
    if not len(tokens):
        return empty(model, 1, 0)
    tokens_1T = np.full((1, int(padded(np.array([len(tokens)]))[0])), PAD, np.int32)
    tokens_1T[0, : len(tokens)] = tokens
    return _encoded(graph, model, parameters, layers, tokens_1T, np.array([len(tokens)], np.int32))


def branched(memories: list[Memory], slots: int) -> Memory:
    """One row for each memory, with room for `slots` tokens: each goes on by itself."""

    def joined(name: str, at: int) -> jax.Array:
        rows = [memory[at][name] for memory in memories]
        if name in ("key", "value"):
            rows = [jnp.pad(row, ((0, 0), (0, slots - row.shape[1]), (0, 0), (0, 0))) for row in rows]
        # of a single row JAX makes no new array, and this memory is donated
        return jnp.concatenate(rows) if len(rows) > 1 else jnp.array(rows[0], copy=True)

    return [{name: joined(name, at) for name in memories[0][at]} for at in range(len(memories[0]))]
