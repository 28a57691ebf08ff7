"""Prefix: likelihoods of texts behind a context that is read once, as tries in rows that share its memory.

A layer keeps the keys and values of the context, and the last inputs of its convolutions or windows. Rows
behind it attend to these and, within the row, to their own path. A convolution reads along that path, too,
back into the context, so that what it joins is what stands before a token in its text.

Letters in names: B rows, T nodes of a row, S slots of a context, W taps less one of a convolution, D width, R
channels that attention reads, K key-value heads, G query heads to one of them, C head width, P predicting
nodes, M targets of one, L layers, V vocabulary.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
from flax import nnx

from wug.compiler.plan import Model
from wug.runtime.corpus import Ints
from wug.runtime.kept import Kept as Pieces
from wug.runtime.layout import Asked, Layout
from wug.runtime.learn import Tree
from wug.runtime.memory import empty
from wug.runtime.model import Attention, Convolution, Decoder, Layer, Window
from wug.runtime.trie import Forest, chain, forest
from wug.runtime.widths import CHUNK, roomy

_LOGITS = 2**24  # numbers, not bytes, of the logits that are made at once

Kept = dict[str, jax.Array]  # of all layers: keys and values [L, S, K, C], last inputs [L, W, D]
Rows = dict[str, Any]  # the arrays of a forest that a layer needs, by their names there


def nothing(model: Model, slots: int) -> Kept:
    """What is kept of no tokens, with room for some: the memory of one row, layers stacked."""
    return jax.tree.map(lambda *layers_1: jnp.concatenate(layers_1), *empty(model, 1, slots))


def remembered(graph: nnx.GraphDef[Decoder], model: Model, parameters: Tree, context: Ints) -> Kept:
    """What is kept of a context, which is read chunk by chunk."""
    slots = roomy(len(context))
    kept = nothing(model, slots)
    for first in range(0, len(context), CHUNK):
        part = context[first : first + CHUNK]
        rows = _rows(chain(part, first, min(slots, CHUNK)))
        kept = _read_on(graph, parameters, kept, rows, np.int32(first), np.int32(len(part)))
    return kept


def told(graph: nnx.GraphDef[Decoder], parameters: Tree, kept: Kept, length: int, batch: Forest) -> jax.Array:
    """Log-likelihoods [P, M], in nats, of what nodes of a batch predict behind a context of some length."""
    return _told(graph, parameters, kept, np.int32(length), _rows(batch), batch.node_P, batch.target_PM)


def _rows(batch: Forest) -> Rows:
    return {
        "token": batch.token_BT,
        "parent": batch.parent_BT,
        "end": batch.end_BT,
        "depth": batch.depth_BT,
    }


@partial(jax.jit, static_argnums=0, donate_argnums=2)
def _read_on(
    graph: nnx.GraphDef[Decoder],
    parameters: Tree,
    kept: Kept,
    rows: Rows,
    first: jax.Array,
    length: jax.Array,
) -> Kept:
    """A context of `first` tokens and the `length` ones of a row that follow it. `kept` is donated."""
    _, new = _read(nnx.merge(graph, parameters), kept, first, rows, keep=True)
    own = {name: array[:, 0] for name, array in new.items()}
    after = {
        name: jax.lax.dynamic_update_slice_in_dim(kept[name], own[name], first, axis=1)
        for name in ("key", "value")
    }
    for name in ("attention", "mlp"):
        taps = kept[name].shape[1]
        whole = jnp.concatenate([kept[name], own[name]], axis=1)
        after[name] = jax.lax.dynamic_slice_in_dim(whole, length, taps, axis=1)
    return after


@partial(jax.jit, static_argnums=0)
def _told(
    graph: nnx.GraphDef[Decoder],
    parameters: Tree,
    kept: Kept,
    length: jax.Array,
    rows: Rows,
    node_P: jax.Array,
    target_PM: jax.Array,
) -> jax.Array:
    decoder = nnx.merge(graph, parameters)
    x_BTD, _ = _read(decoder, kept, length, {**rows, "depth": rows["depth"] + length}, keep=False)
    x_PD = x_BTD.reshape(-1, x_BTD.shape[-1])[node_P]

    def of_some(given: tuple[jax.Array, jax.Array]) -> jax.Array:
        x_D, target_M = given
        logits_V = decoder.unembed(x_D)
        return logits_V[target_M] - jax.nn.logsumexp(logits_V)

    at_once = max(1, _LOGITS // decoder.embedding.num_embeddings)
    return jax.lax.map(of_some, (x_PD, target_PM), batch_size=min(at_once, len(node_P)))


def _read(decoder: Decoder, kept: Kept, length: jax.Array, rows: Rows, keep: bool) -> tuple[jax.Array, Kept]:
    """What the last layer leaves of rows [B, T, D], and, if it is kept, what a layer keeps of them
    [L, B, T, ...]."""
    layer, weights_L = nnx.split(decoder.layers)
    seen_BTT = _seen(rows["end"])
    taps = 1 + max(kept["attention"].shape[1], kept["mlp"].shape[1])
    path_BTW = _path(rows["parent"], taps)

    def through(x_BTD: jax.Array, given: tuple[Any, Kept]) -> tuple[jax.Array, Kept]:
        weights, before = given
        made = nnx.merge(layer, weights)
        x_BTD, own = _layer(made, before, length, rows["depth"], seen_BTT, path_BTW, x_BTD)
        return x_BTD, own if keep else {}

    return jax.lax.scan(through, decoder.embed(rows["token"]), (weights_L, kept))


def _seen(end_BT: jax.Array) -> jax.Array:
    """Which nodes of its row a node sees: those it hangs below, and itself [B, T, T]."""
    node_T = jnp.arange(end_BT.shape[1])
    return (node_T <= node_T[:, None]) & (node_T[:, None] < end_BT[:, None, :])


def _path(parent_BT: jax.Array, steps: int) -> jax.Array:
    """The last nodes of the path to each node, itself the last [B, T, steps]. -1 is what stands right before
    the row, -2 what stands before that."""
    path = [jnp.broadcast_to(jnp.arange(parent_BT.shape[1]), parent_BT.shape)]
    for _ in range(steps - 1):
        above = jnp.take_along_axis(parent_BT, jnp.maximum(path[-1], 0), axis=1)
        path.append(jnp.where(path[-1] >= 0, above, path[-1] - 1))
    return jnp.stack(path[::-1], axis=-1)


def _layer(
    layer: Layer,
    before: Kept,
    length: jax.Array,
    depth_BT: jax.Array,
    seen_BTT: jax.Array,
    path_BTW: jax.Array,
    x_BTD: jax.Array,
) -> tuple[jax.Array, Kept]:
    read_BTR, attended_BTD = _reading(layer.attention_reading, x_BTD, before["attention"], path_BTW)
    mixed_BTD, key_BTKC, value_BTKC = _attend(layer.attention, read_BTR, before, length, depth_BT, seen_BTT)
    x_BTD = x_BTD + mixed_BTD
    read_BTD, mapped_BTD = _reading(layer.mlp_reading, x_BTD, before["mlp"], path_BTW)
    own = {"key": key_BTKC, "value": value_BTKC, "attention": attended_BTD, "mlp": mapped_BTD}
    return x_BTD + layer.mlp(read_BTD), own


def _reading(
    reading: nnx.Sequential, x_BTD: jax.Array, past_WD: jax.Array, path_BTW: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """What a part of a layer reads of each node and those before it in its text, and its inputs."""
    norm, *joining = reading.layers
    x_BTD = norm(x_BTD)
    if not joining:
        return x_BTD, x_BTD
    rows, nodes, width = x_BTD.shape
    before = past_WD.shape[0]
    whole_BTD = jnp.concatenate([jnp.broadcast_to(past_WD, (rows, before, width)), x_BTD], axis=1)
    at_BTW = path_BTW[..., path_BTW.shape[-1] - before - 1 :] + before
    back_BTD = jnp.take_along_axis(whole_BTD, at_BTW.reshape(rows, -1)[..., None], axis=1)
    if isinstance(joining[0], Window):
        return back_BTD.reshape(rows, nodes, -1), x_BTD
    assert isinstance(joining[0], Convolution)
    back_BTWD = back_BTD.reshape(rows, nodes, -1, width)
    return x_BTD + jnp.sum(back_BTWD * joining[0].kernel_WD[...], axis=2), x_BTD


def _attend(
    attention: Attention,
    x_BTR: jax.Array,
    before: Kept,
    length: jax.Array,
    depth_BT: jax.Array,
    seen_BTT: jax.Array,
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Attention over the context and a node's own path, and the rows' keys and values."""
    rows, nodes, read = x_BTR.shape
    slots, heads, _ = before["key"].shape
    # Each node is a row of its own to what rotates them: it has a place of its own.
    q, k, v = attention.heads_of(x_BTR.reshape(-1, 1, read), depth_BT.reshape(-1))
    q_BTKGC = q.reshape(rows, nodes, heads, attention.heads // heads, -1)
    k_BTKC, v_BTKC = k.reshape(rows, nodes, heads, -1), v.reshape(rows, nodes, heads, -1)
    there = jnp.einsum("btkgc,skc->bkgts", q_BTKGC, before["key"])
    here = jnp.einsum("btkgc,bskc->bkgts", q_BTKGC, k_BTKC)
    seen = jnp.concatenate(
        [jnp.broadcast_to(jnp.arange(slots) < length, (rows, nodes, slots)), seen_BTT], axis=-1
    )
    logits = jnp.concatenate([there, here], axis=-1) * q_BTKGC.shape[-1] ** -0.5
    weight = jax.nn.softmax(jnp.where(seen[:, None, None], logits, -jnp.inf), axis=-1)
    mixed_BTKGC = jnp.einsum("bkgts,skc->btkgc", weight[..., :slots], before["value"])
    mixed_BTKGC += jnp.einsum("bkgts,bskc->btkgc", weight[..., slots:], v_BTKC)
    return attention.joined(mixed_BTKGC.reshape(rows, nodes, attention.heads, -1)), k_BTKC, v_BTKC


# Questions


def log_likelihoods(
    graph: nnx.GraphDef[Decoder],
    model: Model,
    parameters: Tree,
    asked: Asked,
    layout: Layout,
    done: Callable[[int], None] = lambda texts: None,
    kept: Pieces | None = None,
    part: str = "",
) -> npt.NDArray[np.float32]:
    """Sum of log p(token | all before it), in nats, over the tokens of each text from its start on [Q], read
    in rows of tries. `done` is told how many texts are through. What a batch tells is `kept` by its number in
    this `part` of it; a batch of which that is kept already is not read again. One that tells what is no
    number is not kept: nobody goes on from there."""
    parameters = jax.tree.map(jnp.asarray, parameters)
    result_Q = np.zeros(len(asked.tokens), np.float32)
    before, memory, through = -1, nothing(model, 0), 0
    for at, (context, rows) in enumerate(layout.batches()):
        name = f"{part}/{at}"
        known = kept.get(name) if kept is not None else None
        if known is not None:
            for number, value in known:
                result_Q[number] = value
            through += len(known)
            continue
        if context != before:
            before, memory = context, remembered(graph, model, parameters, asked.context(context))
        batch = forest(rows, layout.rows, layout.width, layout.predicting, layout.targets)
        told_PM = np.asarray(told(graph, parameters, memory, len(asked.context(context)), batch), np.float64)
        for number, places in batch.texts.items():
            result_Q[number] = sum(told_PM[place] for place in places)
        own = [[number, float(result_Q[number])] for number in batch.texts]
        if kept is not None and all(math.isfinite(value) for _, value in own):
            kept.put({name: own})
        through += len(batch.texts)
        done(through)
    return result_Q
