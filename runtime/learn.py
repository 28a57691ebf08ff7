"""Learning: the loss, the optimiser, and a chunk of steps as one program.

Letters in names: S seeds (one model each), C steps of a chunk, B rows, T tokens, V vocabulary. Where rows
hold several documents, those of each are numbered; else there are no such numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
import optax.contrib
from flax import nnx

from wug.compiler.plan import Finetuning, Model, Pretraining
from wug.runtime.cross_entropy import cross_entropy
from wug.runtime.mesh import as_read, kept, shared_out
from wug.runtime.model import Decoder

Tree = dict[str, Any]

BETAS = (0.9, 0.98)
MUON = 4.0  # Muon's learning rate, as a multiple of Adam's
ADAPTER = ("lora_a", "lora_b")  # what an adapter calls its matrices


@lru_cache(maxsize=8)
def structure(model: Model, vocabulary: int) -> tuple[nnx.GraphDef[Decoder], Tree]:
    """A decoder without its weights, and its weights' shapes as a plain dict."""
    decoder = nnx.eval_shape(lambda: Decoder(model, vocabulary, rngs=nnx.Rngs(0)))
    graph, state = nnx.split(decoder)
    return graph, nnx.to_pure_dict(state)


def initial_parameters(model: Model, vocabulary: int, seed: int) -> Tree:
    """Fresh weights as a plain dict, the same for the same seed."""
    return _drawn(model, vocabulary, jax.random.key(seed))


@partial(jax.jit, static_argnums=(0, 1))
def _drawn(model: Model, vocabulary: int, key: jax.Array) -> Tree:
    return kept(nnx.to_pure_dict(nnx.state(Decoder(model, vocabulary, rngs=nnx.Rngs(key)))))


def loss(
    graph: nnx.GraphDef[Decoder],
    parameters: Tree,
    tokens_BT: jax.Array,
    weight_BT: jax.Array,
    document_BT: jax.Array | None = None,
) -> jax.Array:
    """Mean negative log-likelihood, in nats, of tokens [B, T], weighted: [B, T - 1], the first has none.

    Where rows hold several documents, `document` [B, T] numbers those of each.
    """
    read_BT = None if document_BT is None else document_BT[:, :-1]
    decoder = nnx.merge(graph, as_read(parameters))
    x_BTD = decoder.stream(tokens_BT[:, :-1], read_BT, training=True)
    vocabulary = decoder.embedding.num_embeddings
    total = cross_entropy(decoder.unembed, vocabulary, x_BTD, tokens_BT[:, 1:], weight_BT)
    return total / jnp.maximum(jnp.sum(weight_BT), 1e-9)


class Recipe(NamedTuple):
    """How a batch changes the weights, apart from what changes from step to step: see `Finetuning`."""

    optimizer: str = "adamw"
    clip: float = 1.0
    accumulate: int = 1
    average: float = 0.0


def recipe_of(setting: Finetuning | Pretraining) -> Recipe:
    return Recipe(setting.optimizer, setting.clip, setting.accumulate, setting.average)


def adamw(weight_decay: float | jax.Array, clip: float) -> optax.GradientTransformation:
    """AdamW (Loshchilov and Hutter, arXiv 1711.05101) at a learning rate of 1; norms are not decayed."""

    def decayed(parameters: Tree) -> Tree:
        return jax.tree_util.tree_map_with_path(
            lambda path, _: path[-1].key in ("kernel", "embedding", *ADAPTER), parameters
        )

    return optax.chain(
        optax.clip_by_global_norm(clip),
        optax.adamw(1.0, *BETAS, weight_decay=weight_decay, mask=decayed),
    )


def muon(weight_decay: float | jax.Array, clip: float) -> optax.GradientTransformation:
    """Muon (Jordan and others, 2024) for the layers' matrices, Adam at a learning rate of 1 for all else.

    It learns to answer from context in fewer steps than AdamW: docs/pretraining-log.md.
    """

    def matrices(parameters: Tree) -> Tree:
        return jax.tree_util.tree_map_with_path(
            lambda path, leaf: _LAYERED if path[-1].key in ("kernel", *ADAPTER) and leaf.ndim == 3 else None,
            parameters,
        )

    return optax.chain(
        optax.clip_by_global_norm(clip),
        optax.contrib.muon(
            MUON,
            adam_learning_rate=1.0,
            adam_b1=BETAS[0],
            adam_b2=BETAS[1],
            weight_decay=weight_decay,
            muon_weight_dimension_numbers=matrices,
        ),
    )


_LAYERED = optax.contrib.MuonDimensionNumbers(1, 2)  # a matrix for each layer: [layer, in, out]
OPTIMISERS = {"adamw": adamw, "muon": muon}


def fresh_state(parameters: Tree, recipe: Recipe) -> Tree:
    """What training carries from step to step: `parameters`, the optimiser's arrays and, where weights are
    averaged, their average; a plain dict."""
    parameters = kept(parameters)
    average = kept(jax.tree.map(jnp.zeros_like, parameters)) if recipe.average else None
    return _packed(parameters, kept(_transform(recipe, 0.0).init(parameters)), average)


def _transform(recipe: Recipe, weight_decay: float | jax.Array) -> optax.GradientTransformation:
    return OPTIMISERS[recipe.optimizer](weight_decay, recipe.clip)


def _packed(parameters: Tree, moments: Any, average: Tree | None) -> Tree:
    leaves = jax.tree.leaves(moments)
    packed = {"parameters": parameters, "moments": {f"{n:03}": leaf for n, leaf in enumerate(leaves)}}
    return packed if average is None else {**packed, "average": average}


def learned(state: Tree, recipe: Recipe, step: int) -> Tree:
    """The weights that `step` steps have made: the last ones, or their exponential moving average.

    That begins at zero, and what is missing from it so far is divided out, as in Adam (Kingma and Ba, arXiv
    1412.6980, section 3).
    """
    if not recipe.average or not step:
        return dict(state["parameters"])
    whole = 1 - recipe.average**step
    return dict(jax.tree.map(lambda average: average / whole, state["average"]))


def gradient_in_parts(
    told: Callable[..., jax.Array], parts: int, parameters: Tree, *batch: jax.Array | None
) -> tuple[jax.Array, Tree]:
    """The loss of a batch and its gradient, its rows read in so many parts, one after the other.

    `batch` are tokens and weights of rows [B, ...], and what else `told` takes of them; it gives a mean over
    all weights, so a part counts by the weights that it has. Equal to the whole batch at once, to rounding.
    """
    if parts == 1:
        return jax.value_and_grad(told)(parameters, *jax.tree.map(shared_out, batch))

    def divided(rows_B: jax.Array) -> jax.Array:
        missing = -len(rows_B) % parts
        rows_B = jnp.pad(rows_B, ((0, missing), *((0, 0),) * (rows_B.ndim - 1)))
        return shared_out(rows_B.reshape(parts, -1, *rows_B.shape[1:]), axis=1)

    parts_N = jax.tree.map(divided, batch)
    weight_N = jnp.sum(parts_N[1], axis=(1, 2))
    share_N = weight_N / jnp.maximum(jnp.sum(weight_N), 1e-9)

    def part(
        carry: tuple[jax.Array, Tree], given: tuple[Any, jax.Array]
    ) -> tuple[tuple[jax.Array, Tree], None]:
        rows, share = given
        found = jax.value_and_grad(told)(parameters, *rows)
        return jax.tree.map(lambda whole, own: whole + share * own, carry, found), None

    nothing = (jnp.zeros(()), jax.tree.map(jnp.zeros_like, parameters))
    whole, _ = jax.lax.scan(part, nothing, (parts_N, share_N))
    return whole


def joined(left: Tree, right: Tree) -> Tree:
    """All of two nested dicts that have no leaf in common."""
    both = {name: joined(left[name], right[name]) for name in left if name in right}
    return {**left, **right, **both} if left else right


def _steps(
    graph: nnx.GraphDef[Decoder],
    recipe: Recipe,
    state: Tree,
    tokens_CBT: jax.Array,
    weight_CBT: jax.Array,
    document_CBT: jax.Array | None,
    rate_C: jax.Array,
    weight_decay: jax.Array,
    frozen: Tree,
) -> tuple[Tree, jax.Array]:
    transform = _transform(recipe, weight_decay)

    def told(parameters: Tree, *batch: Any) -> jax.Array:
        return loss(graph, joined(frozen, parameters), *batch)

    def step(carry: tuple[Any, ...], given: tuple[Any, ...]) -> tuple[tuple[Any, ...], jax.Array]:
        parameters, moments, average = carry
        *batch, rate = given
        value, gradient = gradient_in_parts(told, recipe.accumulate, parameters, *batch)
        update, moments = transform.update(kept(gradient), moments, parameters)
        parameters = jax.tree.map(lambda weight, change: weight + rate * change, parameters, update)
        if recipe.average:
            mixed = partial(optax.incremental_update, step_size=1 - recipe.average)
            average = mixed(parameters, average)
        return kept((parameters, moments, average)), value

    parameters = state["parameters"]
    form = jax.tree.structure(jax.eval_shape(transform.init, parameters))
    moments = jax.tree.unflatten(form, [state["moments"][name] for name in sorted(state["moments"])])
    carry: tuple[Any, ...] = (parameters, moments, state.get("average"))
    carry, loss_C = jax.lax.scan(step, carry, (tokens_CBT, weight_CBT, document_CBT, rate_C))
    return _packed(*carry), loss_C


@partial(jax.jit, static_argnums=(0, 1), donate_argnums=2)
def steps(
    graph: nnx.GraphDef[Decoder],
    recipe: Recipe,
    state: Tree,
    tokens_CBT: jax.Array,
    weight_CBT: jax.Array,
    document_CBT: jax.Array | None,
    rate_C: jax.Array,
    weight_decay: jax.Array,
) -> tuple[Tree, jax.Array]:
    """Train one model for C steps. `state` is donated. Returns the new state and the losses [C]."""
    return _steps(graph, recipe, state, tokens_CBT, weight_CBT, document_CBT, rate_C, weight_decay, {})


@partial(jax.jit, static_argnums=(0, 1), static_argnames="axis", donate_argnums=2)
def steps_of_seeds(
    graph: nnx.GraphDef[Decoder],
    recipe: Recipe,
    state_S: Tree,
    tokens_SCBT: jax.Array,
    weight_SCBT: jax.Array,
    document_SCBT: jax.Array | None,
    rate_C: jax.Array,
    weight_decay: jax.Array,
    frozen: Tree | None = None,
    *,
    axis: int | None = None,
) -> tuple[Tree, jax.Array]:
    """Train S models at once, each on its own rows; as `steps` for each of them, to rounding.

    `frozen` are weights beside those that are trained: the same for all, or stacked along an `axis`.
    """
    return jax.vmap(partial(_steps, graph, recipe), in_axes=(0, 0, 0, 0, None, None, axis))(
        state_S, tokens_SCBT, weight_SCBT, document_SCBT, rate_C, weight_decay, frozen or {}
    )


@jax.jit
def chosen_of_seeds(better_S: jax.Array, now_S: Tree, before_S: Tree) -> Tree:
    """Of each of S models the weights of `now` where they are better, else those of `before`."""

    def chosen(now: jax.Array, before: jax.Array) -> jax.Array:
        return jnp.where(better_S.reshape(-1, *(1,) * (now.ndim - 1)), now, before)

    return kept(jax.tree.map(chosen, now_S, before_S))
