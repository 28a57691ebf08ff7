"""Learning: the loss, the optimiser, and a chunk of steps as one program.

Letters in names: S seeds (one model each), C steps of a chunk, B rows, T tokens, V vocabulary.
"""

from __future__ import annotations

from functools import lru_cache, partial
from typing import Any

import jax
import jax.numpy as jnp
import optax
from flax import nnx

from wug.compiler.plan import Model
from wug.runtime.corpus import PAD
from wug.runtime.model import Decoder

Tree = dict[str, Any]

CLIP = 1.0  # the largest norm of a gradient
BETAS = (0.9, 0.98)


@lru_cache(maxsize=8)
def structure(model: Model, vocabulary: int) -> tuple[nnx.GraphDef[Decoder], Tree]:
    """A decoder without its weights, and its weights' shapes as a plain dict."""
    decoder = nnx.eval_shape(lambda: Decoder(model, vocabulary, rngs=nnx.Rngs(0)))
    graph, state = nnx.split(decoder)
    return graph, nnx.to_pure_dict(state)


def initial_parameters(model: Model, vocabulary: int, seed: int) -> Tree:
    """Fresh weights as a plain dict, the same for the same seed."""

    @jax.jit
    def build(key: jax.Array) -> Tree:
        return nnx.to_pure_dict(nnx.state(Decoder(model, vocabulary, rngs=nnx.Rngs(key))))

    return build(jax.random.key(seed))


def loss(graph: nnx.GraphDef[Decoder], parameters: Tree, tokens_BT: jax.Array) -> jax.Array:
    """Mean negative log-likelihood, in nats, over every token but the first of a row and padding."""
    logits_BTV = nnx.merge(graph, parameters)(tokens_BT[:, :-1])
    target_BT = tokens_BT[:, 1:]
    loss_BT = optax.softmax_cross_entropy_with_integer_labels(logits_BTV, target_BT)
    told_BT = target_BT != PAD
    return jnp.sum(loss_BT * told_BT) / jnp.maximum(jnp.sum(told_BT), 1)


def optimiser(weight_decay: float | jax.Array) -> optax.GradientTransformation:
    """AdamW (Loshchilov and Hutter, arXiv 1711.05101) up to the learning rate, which `step` applies.

    Norms and convolutions are not decayed.
    """

    def decayed(parameters: Tree) -> Tree:
        names = {"kernel", "embedding"}
        return jax.tree_util.tree_map_with_path(lambda path, _: path[-1].key in names, parameters)

    return optax.chain(
        optax.clip_by_global_norm(CLIP),
        optax.scale_by_adam(*BETAS),
        optax.add_decayed_weights(weight_decay, mask=decayed),
    )


def fresh_state(parameters: Tree) -> Tree:
    """What training carries from step to step: `parameters` and the optimiser's arrays, a plain dict."""
    moments = jax.tree.leaves(optimiser(0.0).init(parameters))
    return {"parameters": parameters, "moments": {f"{n:03}": leaf for n, leaf in enumerate(moments)}}


def _steps(
    graph: nnx.GraphDef[Decoder],
    state: Tree,
    tokens_CBT: jax.Array,
    rate_C: jax.Array,
    weight_decay: jax.Array,
) -> tuple[Tree, jax.Array]:
    transform = optimiser(weight_decay)
    parameters = state["parameters"]
    form = jax.tree.structure(transform.init(parameters))

    def step(carry: tuple[Tree, Any], given: tuple[jax.Array, jax.Array]) -> tuple[tuple[Tree, Any], Any]:
        parameters, moments = carry
        tokens_BT, rate = given
        value, gradient = jax.value_and_grad(partial(loss, graph))(parameters, tokens_BT)
        update, moments = transform.update(gradient, moments, parameters)
        parameters = jax.tree.map(lambda weight, change: weight - rate * change, parameters, update)
        return (parameters, moments), value

    moments = jax.tree.unflatten(form, [state["moments"][name] for name in sorted(state["moments"])])
    (parameters, moments), loss_C = jax.lax.scan(step, (parameters, moments), (tokens_CBT, rate_C))
    leaves = jax.tree.leaves(moments)
    return {
        "parameters": parameters,
        "moments": {f"{n:03}": leaf for n, leaf in enumerate(leaves)},
    }, loss_C


@partial(jax.jit, static_argnums=0, donate_argnums=1)
def steps(
    graph: nnx.GraphDef[Decoder],
    state: Tree,
    tokens_CBT: jax.Array,
    rate_C: jax.Array,
    weight_decay: jax.Array,
) -> tuple[Tree, jax.Array]:
    """Train one model for C steps. `state` is donated. Returns the new state and the losses [C]."""
    return _steps(graph, state, tokens_CBT, rate_C, weight_decay)


@partial(jax.jit, static_argnums=0, donate_argnums=1)
def steps_of_seeds(
    graph: nnx.GraphDef[Decoder],
    state_S: Tree,
    tokens_SCBT: jax.Array,
    rate_C: jax.Array,
    weight_decay: jax.Array,
) -> tuple[Tree, jax.Array]:
    """Train S models at once, each on its own rows; as `steps` for each of them, to rounding."""
    return jax.vmap(partial(_steps, graph), in_axes=(0, 0, None, None))(
        state_S, tokens_SCBT, rate_C, weight_decay
    )
