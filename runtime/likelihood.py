"""Likelihood: the summed log-likelihood of the end of each row, in batches of a few shapes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
from flax import nnx

from wug.runtime.corpus import PAD, Ints
from wug.runtime.cross_entropy import cross_entropy
from wug.runtime.learn import Tree, joined
from wug.runtime.mesh import as_read, whole
from wug.runtime.model import Decoder
from wug.runtime.widths import batch_of, padded


@partial(jax.jit, static_argnums=0)
def _ends(
    graph: nnx.GraphDef[Decoder], parameters: Tree, tokens_BT: jax.Array, start_B: jax.Array
) -> jax.Array:
    logits_BTV = nnx.merge(graph, parameters)(tokens_BT[:, :-1])
    target_BT = tokens_BT[:, 1:]
    chosen_BT = jnp.take_along_axis(logits_BTV, target_BT[..., None], axis=-1)[..., 0]
    told_BT = chosen_BT - jax.nn.logsumexp(logits_BTV, axis=-1)
    place_T = jnp.arange(1, tokens_BT.shape[1])
    counted_BT = (place_T >= start_B[:, None]) & (target_BT != PAD)
    return jnp.sum(told_BT * counted_BT, axis=-1)


def end_log_likelihoods(
    graph: nnx.GraphDef[Decoder],
    parameters: Tree,
    rows: Sequence[Ints],
    start_Q: Ints,
    done: Callable[[int], None] = lambda rows: None,
) -> npt.NDArray[np.float32]:
    """Sum of log p(token | all before it), in nats, over each row's tokens from `start` on [Q].

    `rows` are token ids without padding; `done` is told how many rows are through.
    """
    length_Q = np.array([len(row) for row in rows], np.int64)
    width_Q = padded(length_Q)
    result_Q = np.empty(len(rows), np.float32)
    through = 0
    for width in np.unique(width_Q):
        chosen = np.flatnonzero(width_Q == width)
        batch = batch_of(int(width))
        for first in range(0, len(chosen), batch):
            part = chosen[first : first + batch]
            tokens_BT = np.full((batch, width + 1), PAD, np.int32)  # the last column is only ever a target
            start_B = np.ones(batch, np.int32)
            for place, row in enumerate(part):
                tokens_BT[place, : length_Q[row]] = rows[row]
                start_B[place] = start_Q[row]
            result_Q[part] = whole(_ends(graph, parameters, tokens_BT, start_B))[: len(part)]
            through += len(part)
            done(through)
    return result_Q


@partial(jax.jit, static_argnums=0, static_argnames="axis")
def losses_of_seeds(
    graph: nnx.GraphDef[Decoder],
    parameters_S: Tree,
    tokens_SPBT: jax.Array,
    weight_SPBT: jax.Array,
    frozen: Tree,
    *,
    axis: int | None = None,
) -> jax.Array:
    """The mean negative log-likelihood [S], in nats, that each of S models gives the weighted tokens of its
    rows, which are read in P parts: tokens [S, P, B, T], weights [S, P, B, T - 1].

    `frozen` are weights beside those models: the same for all, or stacked along an `axis`.
    """

    def told(parameters: Tree, tokens_PBT: jax.Array, weight_PBT: jax.Array, beside: Tree) -> jax.Array:
        decoder = nnx.merge(graph, as_read(joined(beside, parameters)))

        def add(total: jax.Array, given: tuple[Any, ...]) -> tuple[jax.Array, None]:
            tokens_BT, weight_BT = given
            x_BTD, vocabulary = decoder.stream(tokens_BT[:, :-1]), decoder.embedding.num_embeddings
            return total + cross_entropy(
                decoder.unembed, vocabulary, x_BTD, tokens_BT[:, 1:], weight_BT
            ), None

        total, _ = jax.lax.scan(add, jnp.zeros(()), (tokens_PBT, weight_PBT))
        return total / jnp.sum(weight_PBT)

    return jax.vmap(told, in_axes=(0, 0, 0, axis))(parameters_S, tokens_SPBT, weight_SPBT, frozen)
